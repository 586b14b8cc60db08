"""What of a track's plays counts for which artist: nearly always all of them for one.

A play counts for the artist that its event names, if it names any, and a track is one artist's, that of dim_track.
Where these differ, what an artist comes to is not the sum of its tracks, but that of its parts of tracks.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tracklake.transforms import sketches
from tracklake.transforms.days import MARKS
from tracklake.transforms.keys import UNKNOWN
from tracklake.transforms.periods import PERIOD, by_period, period_start

PART = ["track_id", "artist_id"]


def parts(totals: DataFrame, shared: DataFrame, tracks: DataFrame) -> DataFrame:
    """One row per track, artist and period in which any play or mark of the track counts for the artist.

    Those of ``shared_parts``, and for all other tracks, which have one part, their ``totals``. Columns: track_id,
    artist_id, block, PERIOD, plays, streams, listeners and their sketch.
    """
    whole = (
        totals.where("member = 'track'")
        .withColumnRenamed("member_id", "track_id")
        .join(shared.select("track_id"), on="track_id", how="left_anti")
        .join(tracks.select(*PART), on="track_id", how="left")
    )
    return whole.select(shared.columns).unionByName(shared)


def shared_parts(told: DataFrame, tracks: DataFrame) -> DataFrame:
    """The ``parts`` of tracks that count for other artists than dim_track's, and of the unknown track.

    ``told`` are rows of ``told_of``.
    """
    own = tracks.select("track_id", F.col("artist_id").alias("own"))
    shared = (
        told.select(*PART)
        .distinct()
        .join(own, on="track_id", how="left")
        .where((F.col("track_id") == UNKNOWN) | ~F.col("artist_id").eqNullSafe(F.col("own")))
        .select("track_id")
    )
    sums = [F.sum(name).alias(name) for name in ("plays", "streams")]
    of_days = (
        told.join(shared, on="track_id", how="left_semi")
        .groupBy(*PART, "event_date")
        .agg(*sums, sketches.sketch_of(F.col("user_id")).alias("listeners_sketch"))
        .withColumn("block", period_start("28_days", "event_date"))
    )
    merged = sketches.merged(F.col("listeners_sketch"))
    return (
        by_period(of_days, "event_date")
        .groupBy(*PART, "block", *PERIOD)
        .agg(*sums, sketches.count(merged).alias("listeners"), merged.alias("listeners_sketch"))
    )


def told_of(listening: DataFrame, feedback: DataFrame, tracks: DataFrame, artists: DataFrame) -> DataFrame:
    """What counts for which track and artist: one row per row of fact_listening, and per one of MARKS in fact_feedback.

    ``user_id`` is null, and there are no plays and streams, where nobody listened: a mark makes no listener.
    """
    none = F.lit(0).cast("bigint")
    marks = (
        feedback.where(F.col("event_type").isin(*MARKS.values()))
        .select("track_key", "artist_key", "event_date")
        .join(tracks.select("track_key", "track_id"), on="track_key", how="left")
        .join(artists.select("artist_key", "artist_id"), on="artist_key", how="left")
        .withColumns({"user_id": F.lit(None).cast("string"), "plays": none, "streams": none})
    )
    columns = [*PART, "event_date", "user_id", "plays", "streams"]
    return listening.select(*columns).unionByName(marks.select(*columns))
