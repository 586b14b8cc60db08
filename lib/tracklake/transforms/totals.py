"""What tracks and artists amount to over periods: sums of their days, and who of the listeners was there before."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tracklake.transforms import sketches
from tracklake.transforms.days import ADDED_UP
from tracklake.transforms.keys import UNKNOWN
from tracklake.transforms.periods import HISTORY_BLOCKS, PERIOD, PERIODS, by_period, of_kind, period_start

MEMBER = ("member", "member_id")
"""The columns that name a track or an artist: what it is, and its id."""


def member_days(track_days: DataFrame, artist_days: DataFrame) -> DataFrame:
    """One row per track or artist (but the unknown ones) and day, with its 28-day ``block``."""
    columns = ("event_date", *ADDED_UP, "listeners", "listeners_sketch")

    def named(days: DataFrame, member: str) -> DataFrame:
        return (
            days.where(F.col(f"{member}_id") != UNKNOWN)
            .select(F.lit(member).alias("member"), F.col(f"{member}_id").alias("member_id"), *columns)
            .withColumn("block", period_start("28_days", "event_date"))
        )

    return named(track_days, "track").unionByName(named(artist_days, "artist"))


def audiences(days: DataFrame) -> DataFrame:
    """fact_audience rows: one track or artist in one period of 28 days in which it was played."""
    sketch = sketches.merged(F.col("listeners_sketch"))
    return (
        days.where("plays > 0")
        .groupBy(*MEMBER, F.col("block").alias("period_start"))
        .agg(
            F.min("event_date").alias("first_played_on"),
            sketches.count(sketch).alias("listeners"),
            sketch.alias("listeners_sketch"),
        )
    )


def histories(audiences: DataFrame, blocks: Collection[date]) -> DataFrame:
    """One row per member and block of ``blocks``: who listened in the HISTORY_BLOCKS periods of 28 days before it.

    ``first_played_on`` is the first day of plays in those periods and the block itself.
    """
    days_before = F.date_diff("block", "period_start")
    before = F.when(F.col("block") > F.col("period_start"), F.col("listeners_sketch"))
    return (
        audiences.withColumn("block", F.explode(F.array(*[F.lit(block) for block in sorted(blocks)])))
        .where((days_before >= 0) & (days_before <= HISTORY_BLOCKS * PERIODS["28_days"]))
        .groupBy(*MEMBER, "block")
        .agg(
            F.min("first_played_on").alias("first_played_on"),
            sketches.merged(before).alias("history_sketch"),
        )
    )


def period_totals(days: DataFrame, histories: DataFrame, held: Collection[date]) -> DataFrame:
    """One row per member and period of any kind: the sums of its days, its listeners, and how they came about.

    ``days`` need the block before those of interest, too: ``previous_streams`` and the like are those of the
    period of the same kind just before, null where the member has no row in it. ``held`` are the days of which
    the lake has plays, likes, saves or playlist adds; ``days`` and ``previous_days`` count them. Of the listeners,
    those are new who did not listen in the history or earlier in the block, returning those of the period before,
    reactivated the rest; lapsed are the listeners of the period before who did not come back.
    """
    longer = [kind for kind in PERIODS if kind != "day"]
    sketch = sketches.merged(F.col("listeners_sketch"))
    of_days = days.withColumns({"period": F.lit("day"), "period_start": F.col("event_date")})
    of_longer = (
        by_period(days, "event_date", longer)
        .groupBy(*MEMBER, "block", *PERIOD)
        .agg(
            *[F.sum(name).alias(name) for name in ADDED_UP],
            sketches.count(sketch).alias("listeners"),
            sketch.alias("listeners_sketch"),
        )
    )
    summed = of_longer.unionByName(of_days.select(of_longer.columns))
    in_order = Window.partitionBy(*MEMBER, "period").orderBy("block", "period_start")  # as so_far: one sort
    length = of_kind(PERIODS)
    follows = F.date_diff("period_start", F.lag("period_start").over(in_order)) == length
    with_previous = summed.withColumns(
        {
            "previous_start": F.date_sub("period_start", length),
            **{
                f"previous_{name}": F.when(follows, F.lag(name).over(in_order))
                for name in ("streams", "listeners", "listeners_sketch")
            },
        }
    )
    so_far = (
        Window.partitionBy(*MEMBER, "period", "block")
        .orderBy("period_start")
        .rowsBetween(Window.unboundedPreceding, -1)
    )
    with_seen = with_previous.withColumn("seen_sketch", sketch.over(so_far)).join(
        histories, on=[*MEMBER, "block"], how="left"
    )
    return (
        _with_funnel(with_seen)
        .withColumns(
            {
                "days": _days_held(held, "period_start"),
                "previous_days": _days_held(held, "previous_start"),
                "previous_block": period_start("28_days", "previous_start"),
            }
        )
        .drop("history_sketch", "seen_sketch", "previous_listeners_sketch")
    )


def _with_funnel(periods: DataFrame) -> DataFrame:
    """The periods with new, returning, reactivated and lapsed; null where the sketches hold too few to part them.

    The first three share out the listeners as they share one sample of them. Each counted by itself, by samples of
    other rates, would leave a rest of errors where nobody is.
    """
    own, previous = F.col("listeners_sketch"), F.col("previous_listeners_sketch")
    strangers, known, stayed, left = (F.col(f"_{name}") for name in ("strangers", "known", "stayed", "left"))
    listeners, before = F.col("listeners"), F.coalesce("previous_listeners", F.lit(0))
    sampled = ((listeners == 0) | (strangers + known > 0)) & ((before == 0) | (left + stayed > 0))
    new = _part(listeners, strangers, strangers + known)
    not_away = _part(listeners, strangers + stayed, strangers + known)
    funnel = {
        "new": new,
        "returning": not_away - new,
        "reactivated": listeners - not_away,
        "lapsed": _part(before, left, left + stayed),
    }
    return (
        periods.withColumn("_past", sketches.union(F.col("history_sketch"), F.col("seen_sketch")))
        .withColumn("_known_sketch", F.theta_intersection(own, F.col("_past")))
        .withColumns(
            {
                "_strangers": sketches.count(sketches.without(own, F.col("_past"))),
                "_known": sketches.count(F.col("_known_sketch")),
                "_stayed": sketches.count(F.theta_intersection(F.col("_known_sketch"), previous)),
                "_left": sketches.count(sketches.without(previous, own)),
            }
        )
        .withColumns({name: F.when(sampled, part) for name, part in funnel.items()})
        .drop("_past", "_known_sketch", "_strangers", "_known", "_stayed", "_left")
    )


def _part(whole: Column, part: Column, of: Column) -> Column:
    """The whole times part / of, rounded; 0 without ``of``."""
    share = F.round(whole * part / F.nullif(of, F.lit(0).cast("bigint")))
    return F.coalesce(share.cast("bigint"), F.lit(0).cast("bigint"))


def momentum() -> Column:
    """(now - before) / (now + before), -1 to 1, of the streams per day held; null without streams in either
    period. A third says twice as many as before."""
    now = F.col("streams") / F.col("days")
    before = F.col("previous_streams") / F.nullif(F.col("previous_days"), F.lit(0))
    return (now - before) / F.nullif(now + before, F.lit(0.0))


def _days_held(held: Collection[date], start: str) -> Column:
    """How many of the days held lie in the period that begins on ``start``."""
    days = F.array(*[F.lit(day) for day in sorted(held)]).cast("array<date>")
    inside = F.filter(
        days, lambda day: (day >= F.col(start)) & (day < F.date_add(F.col(start), of_kind(PERIODS)))
    )
    return F.size(inside)
