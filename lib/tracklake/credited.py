"""Events as facts tell of them: each with an artist where one is known."""

from __future__ import annotations

from pyspark.sql import DataFrame

from tracklake.run import Run
from tracklake.transforms.plays import lacks_artist, with_primary_artists


def credited(run: Run, events: DataFrame, name: str) -> DataFrame:
    """The events ``with_primary_artists`` of dim_track; as they are where none lacks an artist, which is quickly seen.

    What dim_track says of their tracks, mostly few, is kept under a name of its own, so that it may be broadcast.
    """
    lacking = events.where(lacks_artist()).select("track_id")
    if lacking.isEmpty():
        return events
    tracks = run.read("dim_track").select("track_id", "artist_id")
    of_them = tracks.join(lacking.distinct(), on="track_id", how="left_semi")
    return with_primary_artists(events, run.keep(f"{name}-primary-artists", of_them))
