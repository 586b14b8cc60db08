"""How a session was listened to: completion, skips, feedback, discovery, diversity; and whether one came back."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tracklake.transforms.events import ORDER
from tracklake.transforms.exact import MILLION, mean, millionths, rounded

LOOK_BACK = timedelta(days=28)
"""A track, or an artist, is new to a listener who has not played it for so long."""

RETURN = timedelta(days=7)
"""How long after a session's start a listener may come back for it to count as a return."""

PRAISE = ("like", "save", "playlist_add", "follow")


def session_behaviour(
    sessions: DataFrame, histories: DataFrame, plays: DataFrame, feedback: DataFrame
) -> DataFrame:
    """One row per session with plays: session_satisfaction without its index.

    ``sessions`` are the fact_session rows wanted. ``histories`` has a row of session_history for each.
    ``plays`` are all fact_stream rows of those sessions and of the LOOK_BACK before each, ``feedback`` the
    fact_feedback rows of those sessions.
    """
    listened = sessions.where(F.col("plays") > 0)
    keys = listened.select("session_key")
    users = listened.select("user_id").distinct()
    known = plays.join(users, on="user_id", how="left_semi")
    heard = _ways_of_listening(_marked(known).join(keys, on="session_key", how="left_semi"))
    said = session_feedback(feedback, listened).groupBy("session_key").agg(*_said())
    rate = {
        name: rounded(F.least(F.lit(1.0), F.coalesce(name, F.lit(0)) / F.col("plays")))
        for name in ("praises", "dislikes")
    }
    return (
        listened.join(heard, on="session_key", how="inner")
        .join(said, on="session_key", how="left")
        .join(histories, on="session_key", how="inner")
        .select(
            "session_key",
            "user_id",
            "started_at",
            "session_date",
            "plays",
            "listening_ms",
            "completion",
            "skip_share",
            "skip_run_share",
            rate["praises"].alias("praise_rate"),
            rate["dislikes"].alias("dislike_rate"),
            rounded(F.log1p(F.col("plays"))).alias("length"),
            "discovery",
            "artist_discovery",
            "artist_entropy",
            "artist_concentration",
            "recent_sessions",
            "returned_1d",
            "returned_7d",
        )
    )


def session_history(sessions: DataFrame, last: date) -> DataFrame:
    """One row per session with plays: what its listener did before and after.

    ``recent_sessions`` counts those that began in the LOOK_BACK before it. ``returned_1d`` and ``returned_7d``
    say whether another began within so many days of its start. They are null for all sessions whose days are
    not over at the end of ``last``, the last day that is known, of listeners who are back already, too: else
    the newest sessions would all be successes.
    """
    began = F.unix_micros("started_at")
    of_user = Window.partitionBy("user_id").orderBy(began)
    before = of_user.rangeBetween(-_micros(LOOK_BACK), -1)
    end = F.lit(last).cast("timestamp") + F.lit(timedelta(days=1))

    def returned(within: timedelta) -> Column:
        came = F.coalesce(F.col("_next") <= F.col("started_at") + F.lit(within), F.lit(False))
        return F.when(F.col("started_at") + F.lit(within) <= end, came)

    return (
        sessions.where(F.col("plays") > 0)
        .select("session_key", "user_id", "started_at")
        .withColumns(
            {
                "_next": F.lead("started_at").over(of_user),
                "recent_sessions": F.count(F.lit(1)).over(before),
            }
        )
        .select(
            "session_key",
            "recent_sessions",
            returned(timedelta(days=1)).alias("returned_1d"),
            returned(RETURN).alias("returned_7d"),
        )
    )


def session_feedback(feedback: DataFrame, sessions: DataFrame) -> DataFrame:
    """The likes, dislikes, saves, playlist adds and follows with the session in which each was said.

    One row per feedback event that lies within one of the sessions: session_key, track_key, event_type.
    """
    days = F.sequence(F.to_date("started_at"), F.to_date("ended_at"))
    spans = sessions.select(
        "session_key", "user_id", "started_at", "ended_at", F.explode(days).alias("event_date")
    )
    return (
        feedback.where(F.col("user_id").isNotNull())
        .select("user_id", "event_date", "event_time", "track_key", "event_type")
        .join(spans, on=["user_id", "event_date"], how="inner")
        .where(F.col("event_time").between(F.col("started_at"), F.col("ended_at")))
        .select("session_key", "track_key", "event_type")
    )


def _said() -> tuple[Column, Column]:
    return (
        F.count_if(F.col("event_type").isin(*PRAISE)).alias("praises"),
        F.count_if(F.col("event_type") == "dislike").alias("dislikes"),
    )


def _marked(plays: DataFrame) -> DataFrame:
    """The plays with whether each was of a track or an artist new to its listener."""

    def is_new(member: str) -> Column:
        of_member = Window.partitionBy("user_id", member).orderBy("event_time")
        before = F.lag("event_time").over(of_member)
        return before.isNull() | (before + F.lit(LOOK_BACK) < F.col("event_time"))

    return plays.select(
        "session_key",
        *ORDER,
        "artist_id",
        "completion",
        "is_skip",
        is_new("track_key").alias("new_track"),
        is_new("artist_id").alias("new_artist"),
    )


def _ways_of_listening(plays: DataFrame) -> DataFrame:
    """One row per session of the plays; counted by session and artist first."""
    in_order = Window.partitionBy("session_key").orderBy(*ORDER)
    was_skip = F.coalesce(F.lag("is_skip").over(in_order), F.lit(False))
    by_artist = (
        plays.withColumn("skip_run", F.col("is_skip") & was_skip)
        .groupBy("session_key", "artist_id")
        .agg(
            F.count(F.lit(1)).alias("n"),
            F.count("completion").alias("known"),
            F.sum(millionths(F.col("completion"))).alias("completed"),
            *[
                F.count_if(F.col(mark)).alias(mark)
                for mark in ("is_skip", "skip_run", "new_track", "new_artist")
            ],
        )
    )
    n = F.sum("n")

    def share(mark: str) -> Column:
        return rounded(F.sum(mark) / n)

    return by_artist.groupBy("session_key").agg(
        mean(F.sum("completed"), F.sum("known")).alias("completion"),
        share("is_skip").alias("skip_share"),
        share("skip_run").alias("skip_run_share"),
        share("new_track").alias("discovery"),
        share("new_artist").alias("artist_discovery"),
        # The entropy of shares n_a / n is ln n less the mean of ln n_a over plays.
        F.greatest(
            F.lit(0.0), rounded(F.log(n) - F.sum(millionths(F.col("n") * F.log("n"))) / n / MILLION)
        ).alias("artist_entropy"),
        rounded(F.sum(F.col("n") * F.col("n")) / (n * n)).alias("artist_concentration"),
    )


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
