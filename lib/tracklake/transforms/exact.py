"""Sums that do not depend on the order of rows: fractions are counted in whole millionths.

Doubles added in another order give another last digit. Tables that are built day by day, in any order, have to
equal those built in one run, so fractions are rounded to millionths before they are added, and after.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

MILLION = 1_000_000


def millionths(value: Column) -> Column:
    """The value as a whole number of millionths, halves away from zero; null stays null."""
    return F.round(value * MILLION).cast("bigint")


def rounded(value: Column) -> Column:
    """The value to six digits behind the point."""
    return F.round(value * MILLION) / MILLION


def mean_of(value: Column) -> Column:
    """The mean of the known values of a group, to six digits; null where none is known."""
    return mean(F.sum(millionths(value)), F.count(value))


def mean(total: Column, count: Column) -> Column:
    """A total in millionths over a count, to six digits; null for a count of 0."""
    return F.round(total / F.nullif(count, F.lit(0))) / MILLION
