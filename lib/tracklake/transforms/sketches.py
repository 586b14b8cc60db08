"""Sketches of sets of listeners: small, mergeable, and able to say how many two sets have in common.

They are theta sketches (Dasgupta, Lang, Rhodes and Thaler 2016, A Framework for Estimating Stream Expression
Cardinalities, doi:10.4230/LIPIcs.ICDT.2016.6) as Spark has them. A set of at most ``EXACT`` listeners is counted
exactly. HyperLogLog sketches are a sixth of the size, but know no intersections and differences, and the same
listeners in another order make another sketch.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

LG_NOMINAL = 12
"""Base-2 logarithm of the number of hashes that a sketch of many listeners keeps."""

EXACT = 2**LG_NOMINAL
"""Sets of up to so many listeners are counted exactly."""

RELATIVE_ERROR = 1 / (EXACT - 1) ** 0.5
"""Relative standard error of the size of a larger set: 1.6 %."""


def sketch_of(listener: Column) -> Column:
    """Aggregate: the sketch of the distinct listeners, the same in whatever order they come; nulls do not count."""
    return F.theta_sketch_agg(listener, LG_NOMINAL)


def merged(sketch: Column) -> Column:
    """Aggregate: the sketch of all listeners in any of the sketches."""
    return F.theta_union_agg(sketch, LG_NOMINAL)


def union(one: Column, other: Column) -> Column:
    """The sketch of the listeners in either; a null one is an empty one."""
    return F.coalesce(F.theta_union(one, other, LG_NOMINAL), one, other)


def without(one: Column, other: Column) -> Column:
    """The sketch of the listeners of the one who are not in the other; a null other is an empty one."""
    return F.coalesce(F.theta_difference(one, other), one)


def count(sketch: Column) -> Column:
    """How many listeners, rounded; 0 for null."""
    return F.coalesce(F.round(F.theta_sketch_estimate(sketch)).cast("bigint"), F.lit(0).cast("bigint"))
