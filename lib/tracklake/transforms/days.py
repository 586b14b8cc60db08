"""Tracks, artists and the calendar by day."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

DAY_COUNTS = ("plays", "streams", "skips", "listeners", "listening_ms", "likes", "playlist_adds")


def track_days(streams: DataFrame, feedback: DataFrame, tracks: DataFrame) -> DataFrame:
    """fact_track_day rows: one track on one UTC day on which it was played, liked or added to a playlist.

    listeners counts distinct users, the anonymous one not among them; listening_ms sums the known ms_played.
    """
    track_ids = tracks.select("track_key", "track_id")
    return (
        _by_user(streams, feedback, "track_key")
        .groupBy("track_key", "event_date")
        .agg(*_totals())
        .join(track_ids, on="track_key", how="left")
        .select("track_key", "track_id", "event_date", *DAY_COUNTS)
    )


def artist_days(streams: DataFrame, feedback: DataFrame, artists: DataFrame) -> DataFrame:
    """fact_artist_day rows: one artist on one UTC day, counted as in ``track_days``.

    Where an artist has several versions on one day, artist_key is the last of them.
    """
    versions = artists.select("artist_key", "artist_id", "valid_from")
    return (
        _by_user(streams, feedback, "artist_key")
        .join(versions, on="artist_key", how="left")
        .groupBy("artist_id", "event_date")
        .agg(F.max_by("artist_key", "valid_from").alias("artist_key"), *_totals())
        .select("artist_key", "artist_id", "event_date", *DAY_COUNTS)
    )


def _by_user(streams: DataFrame, feedback: DataFrame, member_key: str) -> DataFrame:
    """One row per member, day and user: the plays are counted before users are told apart."""
    none = F.lit(0).cast("bigint")
    plays = streams.select(
        member_key,
        "event_date",
        "user_id",
        F.lit(1).alias("plays"),
        F.col("is_stream").cast("bigint").alias("streams"),
        F.col("is_skip").cast("bigint").alias("skips"),
        F.coalesce("ms_played", none).alias("listening_ms"),
        none.alias("likes"),
        none.alias("playlist_adds"),
    )
    kind = F.col("event_type")
    marks = feedback.where(kind.isin("like", "playlist_add")).select(
        member_key,
        "event_date",
        "user_id",
        none.alias("plays"),
        none.alias("streams"),
        none.alias("skips"),
        none.alias("listening_ms"),
        (kind == "like").cast("bigint").alias("likes"),
        (kind == "playlist_add").cast("bigint").alias("playlist_adds"),
    )
    counts = [name for name in DAY_COUNTS if name != "listeners"]
    return (
        plays.unionByName(marks)
        .groupBy(member_key, "event_date", "user_id")
        .agg(*[F.sum(name).alias(name) for name in counts])
    )


def _totals() -> list[Column]:
    listened = (F.col("plays") > 0) & F.col("user_id").isNotNull()
    listeners = F.count_distinct(F.when(listened, F.col("user_id"))).alias("listeners")
    return [listeners if name == "listeners" else F.sum(name).alias(name) for name in DAY_COUNTS]


def calendar(spark: SparkSession, first: date, last: date) -> DataFrame:
    """dim_date rows: every day of the years from that of ``first`` to that of ``last``."""
    days = F.sequence(F.lit(date(first.year, 1, 1)), F.lit(date(last.year, 12, 31)))
    day_of_week = F.weekday("date") + 1
    return (
        spark.range(1)
        .select(F.explode(days).alias("date"))
        .select(
            F.date_format("date", "yyyyMMdd").cast("int").alias("date_key"),
            "date",
            F.year("date").alias("year"),
            F.quarter("date").alias("quarter"),
            F.month("date").alias("month"),
            F.weekofyear("date").alias("week"),
            day_of_week.alias("day_of_week"),
            (day_of_week >= 6).alias("is_weekend"),
        )
    )
