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
    """The columns that hold the successes and the trials; successes are at most the trials."""

    successes: str
    trials: str

    @property
    def value(self) -> Column:
        """Successes / trials, null without trials."""
        return F.col(self.successes) / self._some_trials()

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

        The mean where there are neither trials nor strength.
        """
        trials = F.nullif(F.col(self.trials) + strength, F.lit(0.0))
        return F.coalesce((F.col(self.successes) + strength * mean) / trials, mean)

    def _some_trials(self) -> Column:
        return F.nullif(F.col(self.trials).cast("double"), F.lit(0.0))


def priors(frame: DataFrame, by: list[str], rates: Mapping[str, Rate]) -> DataFrame:
    """One row per ``by``: ``<rate>_mean`` and ``<rate>_strength`` of the prior of each rate, in one aggregation.

    The beta prior of a beta-binomial model, fitted by the method of moments (Kleinman 1973,
    doi:10.1080/01621459.1973.10481332, with weights n): mean p = sum(x) / sum(n); the correlation within a group
    rho = (S - p q (N - 1)) / (p q (sum(n) - sum(n^2) / sum(n) - (N - 1))), where S = sum(n (x/n - p)^2) and
    N counts the groups with trials; strength = (1 - rho) / rho, between 0 and STRONGEST_PRIOR.
    """
    sums = [
        column
        for name, rate in rates.items()
        for column in (
            F.sum(F.col(rate.successes).cast(EXACT_SUM)).cast("double").alias(f"{name}_x"),
            F.sum(rate.trials).cast("double").alias(f"{name}_n"),
            F.sum(F.col(rate.trials) * F.col(rate.trials)).cast("double").alias(f"{name}_nn"),
            F.count_if(F.col(rate.trials) > 0).cast("double").alias(f"{name}_groups"),
            F.sum((F.col(rate.successes) * rate.value).cast(EXACT_SUM)).cast("double").alias(f"{name}_xp"),
        )
    ]
    fitted = [column for name in rates for column in _fit(name)]
    return frame.groupBy(*by).agg(*sums).select(*by, *fitted)


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
    return F.coalesce(p, F.lit(0.0)).alias(f"{name}_mean"), strength.alias(f"{name}_strength")
