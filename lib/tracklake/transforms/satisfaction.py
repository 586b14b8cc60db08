"""The satisfaction of sessions and of users: an index of behaviour, weighted by what goes with return."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tracklake.tables.satisfaction_model import BEHAVIOUR
from tracklake.transforms.behaviour import LOOK_BACK, RETURN
from tracklake.transforms.exact import mean_of, rounded
from tracklake.transforms.periods import PERIOD, by_period, is_on, period_start

SERVED = "28_days"
"""One model serves one period of this kind, so that all sessions of a period of any kind share it."""


def index(behaviour: DataFrame, models: DataFrame) -> DataFrame:
    """session_satisfaction rows: the behaviour of sessions, and the index by the model that serves their period.

    The index is 1 / (1 + exp(-(intercept + sum of weight * (value - mean) / sd))): the modelled probability
    that the listener, if of average habit, returns within 7 days. An unknown completion counts as the mean.
    """
    odds = F.col("intercept")
    for name in BEHAVIOUR:
        mean, sd, weight = (F.col(f"{name}_{part}") for part in ("mean", "sd", "weight"))
        odds += weight * (F.coalesce(F.col(name), mean) - mean) / sd
    model = models.withColumnRenamed("period_start", "_served")
    served = period_start(SERVED, "session_date") == F.col("_served")
    return (
        behaviour.join(F.broadcast(model), on=served, how="inner")
        .withColumn("satisfaction", rounded(F.lit(1.0) / (F.lit(1.0) + F.exp(-odds))))
        .select(*behaviour.columns, "satisfaction")
    )


def user_periods(sessions: DataFrame, starts: Collection[date]) -> DataFrame:
    """mart_user_satisfaction rows of the periods, of every kind, that begin on one of the days.

    ``sessions`` are all session_satisfaction rows of those periods.
    """
    means = [
        *(name for name in BEHAVIOUR if name != "length"),
        "satisfaction",
    ]
    return (
        in_periods(sessions, "session_date", starts)
        .groupBy("user_id", *PERIOD)
        .agg(
            F.count(F.lit(1)).alias("sessions"),
            F.sum("plays").alias("plays"),
            F.sum("listening_ms").alias("listening_ms"),
            *[mean_of(F.col(name)).alias(name) for name in means],
            *[mean_of(F.col(name).cast("int")).alias(name) for name in ("returned_1d", "returned_7d")],
        )
    )


def in_periods(frame: DataFrame, day: str, starts: Collection[date]) -> DataFrame:
    """The rows with ``period`` and ``period_start``, once for each period of theirs that begins on one of the
    days."""
    return by_period(frame, day).where(is_on("period_start", starts))


def dates_reached(changed: Collection[date], slices: Collection[date]) -> set[date]:
    """The dates whose sessions may be told differently once facts of the ``changed`` dates are.

    ``slices`` are the dates of which there are sessions now. Sessions of a date depend on plays of the
    LOOK_BACK before (what is new, and how often one came), on sessions of the RETURN after, and on the last
    date of all, up to which returns are known.
    """
    reached = set(changed)
    reached |= {day for day in slices if any(day - LOOK_BACK <= one <= day + RETURN for one in changed)}
    unchanged = set(slices) - set(changed)
    if unchanged and changed and max(changed) > max(unchanged):
        reached |= {day for day in slices if day >= max(unchanged) - RETURN}
    return reached
