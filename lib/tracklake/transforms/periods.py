"""Periods: the spans of days over which marts sum up. Each day lies in one period of each kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

PERIODS = {"day": 1, "week": 7, "28_days": 28}
"""Length in days of each kind of period. Weeks begin on Mondays (ISO 8601), 28 days are four whole weeks."""

PERIOD = ["period", "period_start"]
"""The columns that name a period: its kind and its first day."""

FIRST_MONDAY = date(1970, 1, 5)
"""Periods of 28 days are counted from here."""

HISTORY_BLOCKS = 13
"""Periods of 28 days (52 weeks) of history: a listener is new who was not there in them. What changes on one day
reaches the marts of so many periods after it."""


def every_day(first: date, last: date) -> list[date]:
    """All days from the first to the last, both included, in order."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def is_on(column: str, days: Collection[date]) -> Column:
    """Whether the date in a column is one of the days. In SQL: one call to the JVM; ``isin`` takes several a day."""
    among = ", ".join(f"DATE '{day}'" for day in sorted(days))
    return F.expr(f"`{column}` IN ({among})") if days else F.lit(False)


def start_of(period: str, day: date) -> date:
    """First day of the period of that kind in which a day lies. KeyError for an unknown kind."""
    return day - timedelta(days=(day - FIRST_MONDAY).days % PERIODS[period])


def starts_of(days: Collection[date]) -> set[date]:
    """First days of all periods, of every kind, in which the days lie."""
    return {start_of(period, day) for period in PERIODS for day in days}


def days_of(starts: Collection[date]) -> set[date]:
    """All days of the periods, of every kind, that begin on one of the days."""
    return {
        first + timedelta(days=n)
        for first in starts
        for period, length in PERIODS.items()
        if start_of(period, first) == first
        for n in range(length)
    }


def blocks_of(days: Collection[date]) -> set[date]:
    """First days of the 28-day periods in which the days lie."""
    return {start_of("28_days", day) for day in days}


def touched_blocks(changed: Collection[date], held: Collection[date]) -> set[date]:
    """First days of the 28-day periods whose marts follow from days that changed; ``held`` are those of the lake.

    Beside the periods in which the days lie they are those that have one of the days in their history.
    """
    reach = timedelta(days=HISTORY_BLOCKS * PERIODS["28_days"])
    first = blocks_of(changed)
    return first | {
        block for block in blocks_of(held) if any(start <= block <= start + reach for start in first)
    }


def period_start(period: str, day: str) -> Column:
    """First day of the period of that kind, for a date column."""
    since = F.date_diff(day, F.lit(FIRST_MONDAY))
    return F.date_sub(day, F.pmod(since, F.lit(PERIODS[period])))


def by_period(frame: DataFrame, day: str, kinds: Iterable[str] = tuple(PERIODS)) -> DataFrame:
    """The rows with ``period`` and ``period_start``, once for each of the kinds of period in which their day lies."""
    periods = [
        F.struct(F.lit(kind).alias("period"), period_start(kind, day).alias("period_start")) for kind in kinds
    ]
    return frame.withColumn("_in", F.explode(F.array(*periods))).select(
        *frame.columns, *[f"_in.{name}" for name in PERIOD]
    )


def of_kind(values: Mapping[str, int]) -> Column:
    """Of the values, which are by kind of period, that of the row's ``period``."""
    return F.create_map(*[F.lit(x) for pair in values.items() for x in pair])[F.col("period")]


def bits(number: Column) -> Column:
    """Aggregate: one number with a bit for each of the numbers, which are 0 to 30."""
    return F.bit_or(F.pow(F.lit(2), number).cast("int"))
