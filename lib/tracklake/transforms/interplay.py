"""What tracks and artists do to the sessions in which they are played: compared within the same listeners."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.transforms.exact import MILLION, millionths, rounded
from tracklake.transforms.periods import PERIOD
from tracklake.transforms.rates import Z

SUREST = 0.0001
"""No standard error is below this: there is more that is not known than chance."""

LEAST_SPREAD = 2 / MILLION
"""What is below is the rounding of the sums: the listeners differ in nothing, and nothing is known of chance."""

OF_KIND = [*PERIOD, "item_type"]


def interplay(found: DataFrame, k: int) -> DataFrame:
    """mart_interplay rows of the periods found, which are the rows of ``effects``.

    No row tells of fewer than ``k`` listeners, and no effect is estimated from fewer.
    """
    return on_the_map(shrunk(shown(found, k)))


def effects(listeners: DataFrame, k: int) -> DataFrame:
    """One row per period and item, of rows of ``comparison.compared``: the effect with its 95 % confidence interval.

    The estimator is least squares with an effect for each listener. With a sessions with the item and b without,
    listener u weighs w = ab / (a + b), and effect = sum(w d) / sum(w) over the differences d. Its variance is
    robust to clusters, one per listener (Liang and Zeger 1986): G / (G - 1) sum(w^2 (d - effect)^2) / sum(w)^2,
    with Student's t of G - 1 degrees of freedom. No effect from fewer than ``k`` listeners, or two.
    """
    a, b, d = (F.col(name) for name in ("with_item", "without", "difference"))
    w = F.when(d.isNotNull(), a * b / (a + b))
    sums = {
        "w": w,
        "wd": w * d,
        "ww": w * w,
        "wwd": w * w * d,
        "wwdd": w * w * d * d,
    }
    effect = F.col("wd") / F.col("w")
    clusters = F.col("compared_listeners")
    spread = F.col("wwdd") - 2 * effect * F.col("wwd") + effect * effect * F.col("ww")
    freedom = F.nullif(clusters - 1, F.lit(0))
    variance = spread / (F.col("w") * F.col("w")) * clusters / freedom
    enough = (clusters >= max(k, 2)) & (spread > LEAST_SPREAD)
    return (
        listeners.groupBy(*OF_KIND, "item_id")
        .agg(
            F.count(F.lit(1)).alias("listeners"),
            F.count(d).alias("compared_listeners"),
            *[(F.sum(millionths(value)) / MILLION).alias(name) for name, value in sums.items()],
        )
        .select(
            *OF_KIND,
            "item_id",
            "listeners",
            "compared_listeners",
            F.when(enough, rounded(effect)).alias("effect"),
            F.when(enough, F.greatest(rounded(F.sqrt(variance)), F.lit(SUREST))).alias("standard_error"),
        )
        .withColumn("_margin", F.col("standard_error") * student(freedom))
        .withColumn("effect_low", rounded(F.col("effect") - F.col("_margin")))
        .withColumn("effect_high", rounded(F.col("effect") + F.col("_margin")))
        .drop("_margin")
    )


def shown(found: DataFrame, k: int) -> DataFrame:
    """The rows of ``effects`` that may be shown: of k listeners or more, who are counted in whole k.

    A day lies in a week and that in 28 days: were listeners told exactly, the difference could be one listener.
    """
    in_whole_k = {
        name: (F.floor(F.col(name) / k) * k).cast("bigint") for name in ("listeners", "compared_listeners")
    }
    return found.where(F.col("listeners") >= k).withColumns({**in_whole_k, "k": F.lit(k).cast("bigint")})


def student(freedom: Column) -> Column:
    """The two-sided 95 % quantile of Student's t, to 0.01 from 4 degrees of freedom on.

    The expansion of Cornish and Fisher in the normal quantile (Abramowitz and Stegun 26.7.5).
    """
    z = Z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    quantile: Column = F.lit(z)
    for power, term in enumerate(terms, start=1):
        quantile += F.lit(term) / F.pow(freedom, F.lit(power))
    return quantile


def shrunk(found: DataFrame) -> DataFrame:
    """The rows of ``effects`` with each effect drawn towards the mean of its period and kind of item.

    Empirical Bayes, normal prior and normal error (Morris 1983): the variance between items is that of
    DerSimonian and Laird (1986), and an effect keeps its share of the variance. So the best of a thousand
    tracks that do nothing is not taken for a finding.
    """
    precision = 1 / (F.col("standard_error") * F.col("standard_error"))
    effect = F.col("effect")
    sums = {
        "p": precision,
        "pe": precision * effect,
        "pee": precision * effect * effect,
        "pp": precision * precision,
    }
    heterogeneity = F.col("pee") - F.col("pe") * F.col("pe") / F.col("p")
    freedom = F.col("p") - F.col("pp") / F.col("p")
    prior = (
        found.where(effect.isNotNull())
        .groupBy(*OF_KIND)
        .agg(F.count(F.lit(1)).alias("n"), *[_total(value).alias(name) for name, value in sums.items()])
        .select(
            *OF_KIND,
            rounded(F.col("pe") / F.col("p")).alias("prior_mean"),
            F.when(
                F.col("n") > 1, rounded(F.greatest(F.lit(0.0), (heterogeneity - (F.col("n") - 1)) / freedom))
            )
            .otherwise(F.lit(0.0))
            .alias("prior_variance"),
        )
    )
    kept = F.col("prior_variance") / (F.col("prior_variance") + F.pow("standard_error", F.lit(2)))
    margin = F.col("standard_error") * F.sqrt(kept) * Z
    mean = F.col("prior_mean") + kept * (effect - F.col("prior_mean"))
    return (
        found.join(F.broadcast(prior), on=OF_KIND, how="left")
        .withColumn("shrunk_effect", rounded(mean))
        .withColumn("shrunk_low", rounded(mean - margin))
        .withColumn("shrunk_high", rounded(mean + margin))
        .drop("prior_mean", "prior_variance")
    )


def on_the_map(found: DataFrame) -> DataFrame:
    """The rows of ``shrunk`` with their quadrant on the map of satisfaction and exposure.

    High and low are above, and not above, the median of the items of the same kind and period: of shrunk_effect
    for satisfaction, of listeners for exposure. Unsure unless the shrunk interval lies on one side.
    """
    middles = found.groupBy(*OF_KIND).agg(
        rounded(F.median("shrunk_effect")).alias("_effect"),
        F.median("listeners").alias("_listeners"),
    )
    exposed = F.col("listeners") > F.col("_listeners")
    pleases = F.col("shrunk_low") > F.col("_effect")
    displeases = F.col("shrunk_high") < F.col("_effect")
    quadrant = (
        F.when(pleases & exposed, "star")
        .when(pleases, "hidden_gem")
        .when(displeases & exposed, "over_exposed")
        .when(displeases, "fading")
        .otherwise("unsure")
    )
    return (
        found.join(F.broadcast(middles), on=OF_KIND, how="inner")
        .withColumn("quadrant", quadrant)
        .drop("_effect", "_listeners")
    )


def _total(value: Column) -> Column:
    """A sum over items, in whole billionths: there are few of them, of any size."""
    return F.sum(value.cast("decimal(29, 9)")).cast("double")
