"""Sessions in which a track or an artist is played, beside the same listeners' sessions without it."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from tracklake.transforms.exact import MILLION, nearest
from tracklake.transforms.keys import UNKNOWN
from tracklake.transforms.periods import PERIOD, PERIODS, period_start

ITEMS = {"track": "track_id", "artist": "artist_id"}
ITEM = ["item_type", "item_id"]

NEST = ["user_id", "item_type", "in_28_days", "in_week", "in_day", "session_key"]
"""A session lies in one day of its listener, that in one week, and that in one period of 28 days. A play is there
once as a track and once as an artist."""


def compared(plays: DataFrame) -> DataFrame:
    """One row per period, item and listener of it: their sessions with it against their others.

    ``plays`` are rows of ``reactions.corrected``. A session's satisfaction is the mean reaction of its plays; with
    the item it is that of the plays of other items (the rest), so that no item enters its own outcome. Sessions
    that hold one item only are no evidence: for it they have no rest, and for others they would be a choice of
    sessions that those with them are not (a whole album, say). ``with_item`` and ``without`` are numbers of
    sessions; ``difference``, of their mean satisfactions, is null unless there are both.
    """
    listeners = (
        _by_period(_with_habits(_with_wholes(_in_sessions(plays))))
        .where(F.col("item_id") != UNKNOWN)
        .groupBy(*PERIOD, *ITEM, "user_id")
        .agg(
            F.count("rest").alias("with_item"),
            F.sum("rest").alias("rests"),
            (F.max("sessions") - F.count("whole")).alias("without"),
            (F.max("wholes") - F.sum("whole")).alias("other_wholes"),
        )
    )
    inside = F.col("rests") / F.nullif(F.col("with_item"), F.lit(0))
    outside = F.col("other_wholes") / F.nullif(F.col("without"), F.lit(0))
    return listeners.select(
        *PERIOD,
        *ITEM,
        "user_id",
        "with_item",
        "without",
        ((inside - outside) / MILLION).alias("difference"),
    )


def _in_sessions(plays: DataFrame) -> DataFrame:
    """One row per session and item in it: the number of its plays, and by kind of period their reactions."""
    items = [
        F.struct(F.lit(kind).alias("item_type"), F.col(id_).alias("item_id")) for kind, id_ in ITEMS.items()
    ]
    starts = {f"in_{kind}": period_start(kind, "session_date") for kind in PERIODS}
    return (
        plays.repartition("user_id")  # what follows is within listeners: no other shuffle of plays
        .withColumns(starts)
        .select("user_id", *starts, "session_key", *PERIODS, F.inline(F.array(*items)))
        .groupBy(*NEST, "item_id")
        .agg(F.count(F.lit(1)).alias("plays"), *[F.sum(kind).alias(kind) for kind in PERIODS])
    )


def _with_wholes(own: DataFrame) -> DataFrame:
    """The rows, with the satisfaction of the whole session and of its rest, by kind of period.

    Both are null where the session holds nothing but the item. ``first`` is true in one row of each session.
    """
    of_session = _within("session_key")
    others = F.nullif(F.col("_plays") - F.col("plays"), F.lit(0))
    wholes = {
        f"whole_{kind}": F.when(others.isNotNull(), _mean(F.col(f"_{kind}"), F.col("_plays")))
        for kind in PERIODS
    }
    rests = {f"rest_{kind}": _mean(F.col(f"_{kind}") - F.col(kind), others) for kind in PERIODS}
    return (
        own.withColumns({f"_{name}": F.sum(name).over(of_session) for name in ("plays", *PERIODS)})
        .withColumn("first", F.row_number().over(Window.partitionBy(*NEST).orderBy("item_id")) == 1)
        .withColumns(wholes | rests)
    )


def _with_habits(own: DataFrame) -> DataFrame:
    """The rows, with the number and the satisfactions of all sessions of the listener, by kind of period."""
    habits = {}
    for kind in PERIODS:
        of_listener, whole = _within(f"in_{kind}"), F.when(F.col("first"), F.col(f"whole_{kind}"))
        habits[f"sessions_{kind}"] = F.count(whole).over(of_listener)
        habits[f"wholes_{kind}"] = F.sum(whole).over(of_listener)
    return own.withColumns(habits)


def _within(outer: str) -> WindowSpec:
    """All rows that have the columns of NEST up to this one in common. All are sorted alike, so Spark sorts once."""
    columns = [*NEST, "item_id"]
    inside = columns.index(outer) + 1
    rows = Window.partitionBy(*columns[:inside]).orderBy(*columns[inside:])
    return rows.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)


def _by_period(own: DataFrame) -> DataFrame:
    """The rows, once for each period that is asked for."""
    told = ("whole", "rest", "sessions", "wholes")
    periods = [
        F.struct(
            F.lit(kind).alias("period"),
            F.col(f"in_{kind}").alias("period_start"),
            F.col(kind).alias("reactions"),
            *[F.col(f"{name}_{kind}").alias(name) for name in told],
        )
        for kind in PERIODS
    ]
    return own.select("user_id", *ITEM, F.inline(F.array(*periods))).where(F.col("reactions").isNotNull())


def _mean(total: Column, count: Column) -> Column:
    """A mean in whole millionths."""
    return nearest(total / count).cast("bigint")
