"""Sums that do not depend on the order of rows: fractions are counted in whole millionths.

Doubles added in another order give another last digit. Tables that are built day by day, in any order, have to
equal those built in one run, so fractions are rounded to millionths before they are added, and after.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

MILLION = 1_000_000


def nearest(value: Column) -> Column:
    """The nearest whole number as a double, halves away from zero; null stays null, and NaN stays NaN.

    Spark's own ``round`` of a double goes by way of its decimal text, which takes several times as long; ``rint``
    takes halves to the even number.
    """
    size = F.abs(value)
    even = F.rint(size)
    away = even + (size - even == 0.5).cast("double")
    return F.when(value < 0, F.lit(0.0) - away).otherwise(away)


def millionths(value: Column) -> Column:
    """The value as a whole number of millionths, halves away from zero; null stays null."""
    return nearest(value * MILLION).cast("bigint")


def rounded(value: Column) -> Column:
    """The value to six digits behind the point."""
    return nearest(value * MILLION) / MILLION


def mean_of(value: Column) -> Column:
    """The mean of the known values of a group, to six digits; null where none is known."""
    return mean(F.sum(millionths(value)), F.count(value))


def mean(total: Column, count: Column) -> Column:
    """A total in millionths over a count, to six digits; null for a count of 0."""
    return nearest(total / F.nullif(count, F.lit(0))) / MILLION
