"""Tracks and artists of whom events and the catalogue say something else than they did, since the catalogue changed."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tracklake.changes import Changes
from tracklake.run import Run
from tracklake.transforms.keys import UNKNOWN
from tracklake.transforms.members import credited_artists, named


@dataclass(frozen=True)
class Retold:
    """Members that lost something that was said of them, and are not in the catalogue: ``tracks`` and ``artists``.

    One row each, of ``track_id`` and ``artist_id``. ``names`` is what all events now say of them, as ``named`` has it.
    """

    tracks: DataFrame
    artists: DataFrame
    names: DataFrame

    def unnamed_tracks(self) -> DataFrame:
        """The tracks that no event names any more."""
        return self.tracks.join(self.names, on="track_id", how="left_anti")

    def unnamed_artists(self) -> DataFrame:
        """The artists whom no event names any more."""
        named_now = self.names.select(F.explode(credited_artists()).alias("artist_id"))
        return self.artists.join(named_now, on="artist_id", how="left_anti")


def retold(run: Run, changes: Changes) -> Retold | None:
    """The members whose rows cannot be told from what is published and the new events: other events and songs were
    part of it that say something else now. None where there are none, as there are where the catalogue is as it was.
    """
    if not changes.any("catalogue"):
        return None
    gone, come = (
        rows.select("track_id", credited_artists().alias("credit")) for rows in changes.rows("event")
    )
    unlisted, listed = (
        rows.select("track_id", F.array("artist_id").alias("credit")) for rows in changes.rows("catalogue")
    )
    lost = run.keep("credits-lost", gone.subtract(come).unionByName(unlisted.subtract(listed)))
    if lost.isEmpty():
        return None
    catalogue = run.read("catalogue")
    tracks = lost.select("track_id").join(catalogue, on="track_id", how="left_anti")
    artists = lost.select(F.explode("credit").alias("artist_id")).join(
        catalogue, on="artist_id", how="left_anti"
    )
    tracks = run.keep("tracks-retold", tracks.where(F.col("track_id").isNotNull()).distinct())
    artists = run.keep("artists-retold", artists.where(F.col("artist_id") != UNKNOWN).distinct())
    events = run.read("event")
    credited = events.withColumn("_artist_id", F.explode(credited_artists()))
    of_artists = credited.join(
        artists.withColumnRenamed("artist_id", "_artist_id"), on="_artist_id", how="left_semi"
    )
    of_tracks = events.join(tracks, on="track_id", how="left_semi")
    return Retold(tracks, artists, run.keep("names-retold", named(of_tracks).unionByName(named(of_artists))))
