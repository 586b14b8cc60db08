"""Sessions: maximal runs of one user's events with no pause of more than SESSION_GAP."""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from tracklake.transforms.keys import UNKNOWN, key
from tracklake.transforms.plays import is_skip, is_stream

SESSION_GAP = timedelta(minutes=30)


def sessionize(events: DataFrame, gap: timedelta = SESSION_GAP) -> DataFrame:
    """The events with ``session_started_at``: when the session that they belong to began, UTC.

    Null for anonymous events, which belong to no session. A pause of exactly ``gap`` does not end a session.
    """
    of_user = Window.partitionBy("user_id").orderBy("event_time")
    so_far = of_user.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    pause = F.unix_micros("event_time") - F.unix_micros(F.lag("event_time").over(of_user))
    longest = int(gap / timedelta(microseconds=1))

    known = (
        events.where(F.col("user_id").isNotNull())
        .withColumn("_begins", pause.isNull() | (pause > longest))
        .withColumn("session_started_at", F.max(F.when(F.col("_begins"), F.col("event_time"))).over(so_far))
        .drop("_begins")
    )
    anonymous = events.where(F.col("user_id").isNull()).withColumn(
        "session_started_at", F.lit(None).cast("timestamp")
    )
    return known.unionByName(anonymous)


def session_facts(timeline: DataFrame) -> DataFrame:
    """fact_session rows, one per session, of a timeline (events with session_started_at and user_key).

    listening_ms is the sum of the known ms_played. user_key is the version at the session's start.
    """
    is_play = F.col("event_type") == "play"
    return (
        timeline.where(F.col("session_started_at").isNotNull())
        .groupBy("user_id", "session_started_at")
        .agg(
            F.min_by("user_key", "event_time").alias("user_key"),
            F.max("event_time").alias("ended_at"),
            F.count(F.lit(1)).alias("events"),
            F.count_if(is_play).alias("plays"),
            F.count_if(is_play & is_stream()).alias("streams"),
            F.count_if(is_play & is_skip()).alias("skips"),
            F.size(F.collect_set(F.when(is_play, F.coalesce("track_id", F.lit(UNKNOWN)))))
            .cast("bigint")
            .alias("tracks"),
            F.size(F.collect_set(F.when(is_play, F.coalesce("artist_id", F.lit(UNKNOWN)))))
            .cast("bigint")
            .alias("artists"),
            F.coalesce(F.sum(F.when(is_play, F.col("ms_played"))), F.lit(0)).alias("listening_ms"),
        )
        .select(
            key(F.col("user_id"), F.unix_micros("session_started_at")).alias("session_key"),
            "user_key",
            "user_id",
            F.col("session_started_at").alias("started_at"),
            "ended_at",
            F.to_date("session_started_at").alias("session_date"),
            "events",
            "plays",
            "streams",
            "skips",
            "tracks",
            "artists",
            "listening_ms",
        )
    )
