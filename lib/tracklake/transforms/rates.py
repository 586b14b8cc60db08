"""Rates that know how much they are worth: Wilson intervals, and shrinkage towards what is usual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

Z = 1.959963984540054
"""Half of a 95 % interval in standard deviations of the normal distribution."""

STRONGEST_PRIOR = 10_000.0
"""As many trials as a prior counts for at most; it has so many where rates differ no more than chance allows."""

EXACT_SUM = "decimal(38,15)"
"""Sums of fractions are taken in decimals: they come out the same whatever the order of rows."""


@dataclass(frozen=True)
class Rate:
    """The columns, or their names, that hold the successes and the trials; successes are at most the trials."""

    successes: str | Column
    trials: str | Column

    @property
    def value(self) -> Column:
        """Successes / trials, null without trials."""
        return _column(self.successes) / self._some_trials()

    def wilson(self) -> tuple[Column, Column]:
        """Lower and upper bound of the 95 % score interval (Wilson 1927, doi:10.1080/01621459.1927.10502953).

        Null without trials. Where a trial's outcome lies between 0 and 1, as completion does, the interval is
        too wide rather than too narrow.
        """
        p, n = self.value, self._some_trials()
        centre = p + Z * Z / (2 * n)
        spread = Z * F.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        scale = 1 + Z * Z / n
        return (
            F.when(n.isNotNull(), F.greatest(F.lit(0.0), (centre - spread) / scale)),
            F.when(n.isNotNull(), F.least(F.lit(1.0), (centre + spread) / scale)),
        )

    def shrunk(self, mean: Column, strength: Column) -> Column:
        """The rate once ``strength`` trials at the rate ``mean`` are added: the mean of the beta posterior.

        The mean where there are neither trials nor strength, null where the mean is.
        """
        trials = F.nullif(_column(self.trials) + strength, F.lit(0.0))
        return F.coalesce((_column(self.successes) + strength * mean) / trials, mean)

    def _some_trials(self) -> Column:
        return F.nullif(_column(self.trials).cast("double"), F.lit(0.0))


def measured(rates: Mapping[str, Rate]) -> Column:
    """What there is to say of each rate, in their order: an array of structs of rate, low, high and shrunk.

    Of the ``priors`` of the rates. One after the other in a lambda: written out they make a method that is too long
    for the JVM to compile.
    """
    given = [
        F.struct(
            _column(rate.successes).cast("double").alias("successes"),
            _column(rate.trials).cast("double").alias("trials"),
            F.col(f"{name}_mean").alias("mean"),
            F.col(f"{name}_strength").alias("strength"),
        )
        for name, rate in rates.items()
    ]

    def told(one: Column) -> Column:
        rate = Rate(one["successes"], one["trials"])
        low, high = rate.wilson()
        return F.struct(
            rate.value.alias("rate"),
            low.alias("low"),
            high.alias("high"),
            rate.shrunk(one["mean"], one["strength"]).alias("shrunk"),
        )

    return F.transform(F.array(*given), told)


def priors(frame: DataFrame, by: list[str], rates: Mapping[str, Rate]) -> DataFrame:
    """One row per ``by``: ``<rate>_mean`` and ``<rate>_strength`` of the prior of each rate, in one aggregation.

    The beta prior of a beta-binomial model, fitted by the method of moments (Kleinman 1973,
    doi:10.1080/01621459.1973.10481332, with weights n): mean p = sum(x) / sum(n); the correlation within a group
    rho = (S - p q (N - 1)) / (p q (sum(n) - sum(n^2) / sum(n) - (N - 1))), where S = sum(n (x/n - p)^2) and
    N counts the groups with trials; strength = (1 - rho) / rho, between 0 and STRONGEST_PRIOR. Without any trials
    the mean is null: nothing is known of the rate.
    """
    sums = [
        column
        for name, rate in rates.items()
        for column in (
            F.sum(_column(rate.successes).cast(EXACT_SUM)).cast("double").alias(f"{name}_x"),
            F.sum(rate.trials).cast("double").alias(f"{name}_n"),
            F.sum(_column(rate.trials) * _column(rate.trials)).cast("double").alias(f"{name}_nn"),
            F.count_if(_column(rate.trials) > 0).cast("double").alias(f"{name}_groups"),
            F.sum((_column(rate.successes) * rate.value).cast(EXACT_SUM)).cast("double").alias(f"{name}_xp"),
        )
    ]
    fitted = [column for name in rates for column in _fit(name)]
    return frame.groupBy(*by).agg(*sums).select(*by, *fitted)


def _column(given: str | Column) -> Column:
    return F.col(given) if isinstance(given, str) else given


def _fit(name: str) -> tuple[Column, Column]:
    x, n, nn, groups, xp = (F.col(f"{name}_{sum_}") for sum_ in ("x", "n", "nn", "groups", "xp"))
    p = x / F.nullif(n, F.lit(0.0))
    within = p * (1 - p)
    between = xp - n * p * p
    spread = n - nn / F.nullif(n, F.lit(0.0)) - (groups - 1)
    rho = (between - within * (groups - 1)) / F.nullif(within * spread, F.lit(0.0))
    strength = F.when(
        rho > 0, F.greatest(F.lit(0.0), F.least((1 - rho) / rho, F.lit(STRONGEST_PRIOR)))
    ).otherwise(F.lit(STRONGEST_PRIOR))
    return p.alias(f"{name}_mean"), strength.alias(f"{name}_strength")
