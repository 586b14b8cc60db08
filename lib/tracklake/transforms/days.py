"""Tracks, artists and the calendar by day."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.transforms.plays import EARLY_SKIP_MS
from tracklake.transforms.sketches import sketch_of

ADDED_UP = (
    "plays",
    "streams",
    "skips",
    "listening_ms",
    "likes",
    "playlist_adds",
    "early_skips",
    "replays",
    "heard_ms",
    "length_ms",
    "measured_plays",
    "saves",
)
"""Columns of the days of tracks and artists whose sums over days are those of longer periods."""

MARKS = {"likes": "like", "playlist_adds": "playlist_add", "saves": "save"}
"""The feedback that the days count, by column."""

DAY_COLUMNS = (
    *ADDED_UP[:3],
    "listeners",
    *ADDED_UP[3:],
    "listeners_sketch",
)


def track_days(streams: DataFrame, feedback: DataFrame, tracks: DataFrame) -> DataFrame:
    """fact_track_day rows: one track on one UTC day on which it was played, liked, saved or added to a playlist.

    listeners counts distinct users, the anonymous one not among them; listening_ms sums the known ms_played.
    """
    track_ids = tracks.select("track_key", "track_id")
    return (
        _by_user(streams, feedback, "track_key")
        .groupBy("track_key", "event_date")
        .agg(*_totals())
        .join(track_ids, on="track_key", how="left")
        .select("track_key", "track_id", "event_date", *DAY_COLUMNS)
    )


def artist_days(streams: DataFrame, feedback: DataFrame, artists: DataFrame) -> DataFrame:
    """fact_artist_day rows: one artist on one UTC day, counted as in ``track_days``.

    Where an artist has several versions on one day, artist_key is the last of them.
    """
    versions = artists.select("artist_key", "artist_id", "valid_from")
    newest = F.max_by("artist_key", "valid_from").alias("artist_key")
    return (
        _by_user(streams, feedback, "artist_key", "track_key")
        .join(versions, on="artist_key", how="left")
        .groupBy("artist_id", "event_date", "user_id")
        .agg(newest, F.max("valid_from").alias("valid_from"), *[F.sum(name).alias(name) for name in ADDED_UP])
        .groupBy("artist_id", "event_date")
        .agg(newest, *_totals())
        .select("artist_key", "artist_id", "event_date", *DAY_COLUMNS)
    )


def _by_user(streams: DataFrame, feedback: DataFrame, *member_keys: str) -> DataFrame:
    """One row per member, day and user (and track): the plays are counted before users are told apart."""
    heard = F.col("ms_played").isNotNull() & (F.col("duration_ms") > 0)
    measured = {
        "plays": F.lit(1),
        "streams": F.col("is_stream"),
        "skips": F.col("is_skip"),
        "listening_ms": F.col("ms_played"),
        "early_skips": F.col("is_skip") & (F.col("ms_played") < EARLY_SKIP_MS),
        "heard_ms": F.when(heard, F.least("ms_played", "duration_ms")),
        "length_ms": F.when(heard, F.col("duration_ms")),
        "measured_plays": heard,
    }
    marks = {name: F.col("event_type") == kind for name, kind in MARKS.items()}
    counts = [name for name in ADDED_UP if name != "replays"]

    def counted(frame: DataFrame, figures: dict[str, Column]) -> DataFrame:
        none = F.lit(0).cast("bigint")
        columns = [F.coalesce(figures[c].cast("bigint"), none) if c in figures else none for c in counts]
        return frame.select(
            *member_keys,
            "event_date",
            "user_id",
            *[column.alias(name) for name, column in zip(counts, columns, strict=True)],
        )

    played = counted(streams, measured)
    marked = counted(feedback.where(F.col("event_type").isin(*MARKS.values())), marks)
    again = F.when(F.col("user_id").isNotNull() & (F.sum("plays") > 1), F.sum("plays") - 1).otherwise(0)
    return (
        played.unionByName(marked)
        .groupBy(*member_keys, "event_date", "user_id")
        .agg(*[F.sum(name).alias(name) for name in counts], again.alias("replays"))
    )


def _totals() -> list[Column]:
    """Of rows of which each is another user: to count them is to count listeners."""
    listener = F.when(F.col("plays") > 0, F.col("user_id"))
    of_listeners = {
        "listeners": F.count(listener),
        "listeners_sketch": sketch_of(listener),
    }
    return [of_listeners.get(name, F.sum(name)).alias(name) for name in DAY_COLUMNS]


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
