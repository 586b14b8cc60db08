"""Limits that come from earlier values, and how far two distributions lie apart. Plain arithmetic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log, sqrt
from statistics import median

FEWEST_EARLIER = 4
"""Fewer earlier values than this say nothing about what is usual."""

SPREADS = 4
"""How many spreads a value may lie from the median of those before: 1 in 16,000 does so by chance, if normal."""

MOST_QUARANTINED = 0.5
"""The share of records that may be quarantined while no earlier runs say what is usual: where more than half of what
comes is unusable, that is a producer's defect."""

MAJOR_SHIFT = 0.25
"""A population stability index above this is called a major shift wherever the index is used."""

Limits = tuple[float | None, float | None]


def of_counts(earlier: Sequence[float]) -> Limits:
    """Limits of a number of rows: the spread is at least a tenth of the median, and that of chance alone."""
    middle = median(earlier)
    return _around(middle, max(deviation(earlier), 0.1 * middle, sqrt(max(middle, 1))), None)


def of_shares(earlier: Sequence[float], rows: int) -> Limits:
    """Limits of a share of so many rows: the spread is at least a hundredth, and that of chance alone."""
    middle = median(earlier)
    chance = sqrt(middle * (1 - middle) / rows) if rows else 1.0
    return _around(middle, max(deviation(earlier), 0.01, chance), 1.0)


def of_hours(earlier: Sequence[float]) -> Limits:
    """Upper limit of an age in hours: the spread is at least an hour."""
    middle = median(earlier)
    return None, middle + SPREADS * max(deviation(earlier), 1.0)


def of_drift(rows: int, earlier_rows: int, bins: int) -> Limits:
    """Upper limit of a population stability index between so many rows and earlier ones, in so many bins.

    Without any shift the index is (1/n + 1/m) times a chi-square variable with bins - 1 degrees of freedom
    (B. Yurdakul, Statistical Properties of Population Stability Index, 2018), so small slices are allowed more.
    """
    free = bins - 1
    chance = (1 / max(rows, 1) + 1 / max(earlier_rows, 1)) * (free + SPREADS * sqrt(2 * free))
    return None, max(MAJOR_SHIFT, chance)


def deviation(values: Sequence[float]) -> float:
    """The median absolute deviation, scaled to be the standard deviation of normal values."""
    middle = median(values)
    return 1.4826 * median(abs(value - middle) for value in values)


def stability_index(now: Mapping[str, int], earlier: Mapping[str, int]) -> float:
    """The population stability index of two distributions over the same bins; 0 where they are alike.

    Sum over bins of (p - q) ln(p / q). Half a row is added to each bin, so that an empty one counts and does
    not count for ever.
    """
    bins = sorted({*now, *earlier})
    total, total_earlier = (sum(counts.values()) + len(bins) / 2 for counts in (now, earlier))
    index = 0.0
    for name in bins:
        p, q = (now.get(name, 0) + 0.5) / total, (earlier.get(name, 0) + 0.5) / total_earlier
        index += (p - q) * log(p / q)
    return index


def _around(middle: float, spread: float, most: float | None) -> Limits:
    """Limits of what is never below 0, nor above ``most``. Floats, all of them: they become doubles of a table."""
    upper = middle + SPREADS * spread
    return max(0.0, middle - SPREADS * spread), upper if most is None else min(most, upper)
