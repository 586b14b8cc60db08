"""How each play was received, and how much better or worse than such plays of the same listener are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tracklake.transforms.behaviour import PRAISE, session_feedback
from tracklake.transforms.events import ORDER
from tracklake.transforms.exact import millionths, nearest
from tracklake.transforms.periods import PERIOD, PERIODS, of_kind, period_start
from tracklake.transforms.satisfaction import SERVED, in_periods

CELL = ("position", "length", "time_of_day", "is_weekend")
"""What a reaction is corrected for: where in the session, how long a session, when."""

PASSES = 2


def reactions(plays: DataFrame, sessions: DataFrame, feedback: DataFrame, models: DataFrame) -> DataFrame:
    """One row per play in a session: how it was received, by the weights of satisfaction_model, and its CELL.

    ``reaction`` is in millionths of the log-odds of return: the parts of the index that say how this play was
    received (completion, skip, praise, dislike). How long the session is and what it is made of are no
    reactions, and a run of skips ties a play to its neighbours: they are left out. A play is praised (or
    disliked) if its track was in its session. ``plays`` may hold plays of other sessions, ``feedback`` too.
    """
    of_session = Window.partitionBy("session_key")
    in_order = of_session.orderBy(*ORDER)
    told = sessions.where(F.col("plays") > 0).select(
        "session_key",
        "session_date",
        F.floor(F.hour("started_at") / 6).alias("time_of_day"),
        (F.weekday("started_at") >= 5).alias("is_weekend"),
    )
    said = (
        session_feedback(feedback, sessions)
        .groupBy("session_key", "track_key")
        .agg(
            F.max(F.col("event_type").isin(*PRAISE)).alias("praised"),
            F.max(F.col("event_type") == "dislike").alias("disliked"),
        )
    )
    model = models.withColumnRenamed("period_start", "_served")
    served = period_start(SERVED, "session_date") == F.col("_served")
    return (
        plays.where(F.col("session_key").isNotNull())
        .select(
            "session_key",
            "user_id",
            *ORDER,
            "track_key",
            "track_id",
            "artist_id",
            "completion",
            "is_skip",
        )
        .join(told, on="session_key", how="inner")
        .join(said, on=["session_key", "track_key"], how="left")
        .join(F.broadcast(model), on=served, how="inner")
        .select(
            "session_key",
            "session_date",
            "user_id",
            "track_id",
            "artist_id",
            _reaction().alias("reaction"),
            _doublings(F.row_number().over(in_order)).alias("position"),
            _doublings(F.count(F.lit(1)).over(of_session)).alias("length"),
            "time_of_day",
            "is_weekend",
        )
    )


def _reaction() -> Column:
    values = {
        "completion": F.coalesce("completion", "completion_mean"),
        "skip_share": F.col("is_skip").cast("int"),
        "praise_rate": F.coalesce(F.col("praised").cast("int"), F.lit(0)),
        "dislike_rate": F.coalesce(F.col("disliked").cast("int"), F.lit(0)),
    }
    odds: Column = F.lit(0.0)
    for name, value in values.items():
        odds += F.col(f"{name}_weight") * value / F.col(f"{name}_sd")
    return millionths(odds)


def _doublings(count: Column) -> Column:
    """1, 2 to 3, 4 to 7, 8 to 15, 16 and more."""
    return F.least(F.floor(F.log2(count.cast("double"))), F.lit(4)).cast("int")


def explained(reactions: DataFrame, starts: Collection[date]) -> DataFrame:
    """One row per CELL in a period that begins on one of the days: what it explains of a reaction, in millionths.

    That is the mean, over its plays in the period, of how far a reaction lies from the mean of its listener: within
    listeners, so that cells in which the contented listen are not held against them. It is least squares on dummies
    of listeners and cells by alternating projections (Gaure 2013), the first step of Frisch-Waugh-Lovell; what
    more than PASSES would change is small. The sums of each listener by cell are all that it needs of the plays.
    The reactions are all those of the periods, of every kind.
    """
    of_days = (
        reactions.select("user_id", "session_date", *CELL, "reaction")
        .repartition("user_id")  # what follows is within listeners: no other shuffle of plays
        .groupBy("user_id", "session_date", *CELL)
        .agg(F.count(F.lit(1)).alias("plays"), F.sum("reaction").alias("total"))
    )
    sums = (
        in_periods(of_days, "session_date", starts)
        .groupBy("user_id", *PERIOD, *CELL)
        .agg(F.sum("plays").alias("plays"), F.sum("total").alias("total"))
    )
    found = _explained_further(sums.withColumn("explained", F.lit(0)))
    for _ in range(PASSES - 1):
        found = _explained_further(sums.join(F.broadcast(found), on=[*PERIOD, *CELL], how="left"))
    return found


def _explained_further(sums: DataFrame) -> DataFrame:
    of_user = Window.partitionBy("user_id", *PERIOD)
    left = F.col("total") - F.col("plays") * F.col("explained")
    usual = F.sum(left).over(of_user) / F.sum("plays").over(of_user)
    apart = nearest(left - F.col("plays") * usual).cast("bigint")
    more = nearest(F.sum("_apart") / F.sum("plays")).cast("bigint")
    return (
        sums.withColumn("_apart", apart)
        .groupBy(*PERIOD, *CELL)
        .agg((F.max("explained") + more).alias("explained"))
    )


def corrected(reactions: DataFrame, explained: DataFrame) -> DataFrame:
    """The reactions, less what their cell explains in the periods of ``explained``.

    One row per play, with ``session_key``, ``user_id``, ``session_date``, ``track_id``, ``artist_id``, and by kind of
    period, in a column of its name, the corrected reaction in millionths: null where its period is none of these.
    """
    last = F.date_add("period_start", of_kind(PERIODS) - 1)
    on_days = (
        explained.withColumn("session_date", F.explode(F.sequence("period_start", last)))
        .groupBy("session_date", *CELL)
        .agg(*[F.max(F.when(F.col("period") == kind, F.col("explained"))).alias(kind) for kind in PERIODS])
    )
    return reactions.join(F.broadcast(on_days), on=["session_date", *CELL], how="left").select(
        *("session_key", "user_id", "session_date", "track_id", "artist_id"),
        *[(F.col("reaction") - F.col(kind)).alias(kind) for kind in PERIODS],
    )
