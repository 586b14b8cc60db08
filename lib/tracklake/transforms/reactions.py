"""How each play was received, and how much better or worse than such plays of the same listener are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tracklake.transforms.behaviour import PRAISE, session_feedback
from tracklake.transforms.exact import millionths
from tracklake.transforms.periods import PERIOD, period_start
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
    in_order = of_session.orderBy("event_time", "event_id")
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
            "event_time",
            "event_id",
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


def corrected(reactions: DataFrame, starts: Collection[date]) -> DataFrame:
    """The reactions, less what their cell explains, once for each period that begins on one of the days.

    A cell explains the mean, over its plays in the period, of how far a reaction lies from the mean of its
    listener: within listeners, so that cells in which the contented listen are not held against them. That is
    least squares on dummies of listeners and cells by alternating projections (Gaure 2013), the first step of
    Frisch-Waugh-Lovell; what a further pass would change is small. The reactions are all those of the periods,
    of every kind.
    """
    plays = in_periods(reactions, "session_date", starts)
    for _ in range(PASSES):
        plays = _less_cells(plays)
    return plays.select(*PERIOD, "session_key", "user_id", "track_id", "artist_id", "reaction")


def _less_cells(plays: DataFrame) -> DataFrame:
    of_user = Window.partitionBy(*PERIOD, "user_id")
    usual = F.sum("reaction").over(of_user) / F.count(F.lit(1)).over(of_user)
    cells = (
        plays.select(*PERIOD, *CELL, F.round(F.col("reaction") - usual).cast("bigint").alias("_apart"))
        .groupBy(*PERIOD, *CELL)
        .agg(F.round(F.sum("_apart") / F.count(F.lit(1))).cast("bigint").alias("_explained"))
    )
    return plays.join(F.broadcast(cells), on=[*PERIOD, *CELL], how="inner").select(
        *[name for name in plays.columns if name != "reaction"],
        (F.col("reaction") - F.col("_explained")).alias("reaction"),
    )
