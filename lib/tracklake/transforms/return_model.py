"""What in a session goes with the listener's return: logistic regression on sessions of the past.

The weights of one period are learned from sessions whose 7 days were over before it began, so nothing of the
period itself is in them. Three fits, each without one third of the listeners, are averaged; how well the index
predicts is measured on the third that the fit has not seen (cross-fitting, Chernozhukov et al. 2018).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from pyspark.ml.classification import LogisticRegression
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.linalg import Matrices
from pyspark.sql import Column, DataFrame, Row, SparkSession, Window
from pyspark.sql import functions as F

from tracklake.local_rows import local_rows
from tracklake.tables.satisfaction_model import BEHAVIOUR, CONTRACT
from tracklake.transforms.behaviour import RETURN
from tracklake.transforms.periods import start_of
from tracklake.transforms.satisfaction import SERVED

LEARNED_FROM = timedelta(days=84)
"""A model learns from sessions of so many days before its period."""

MOST_SESSIONS = 100_000
"""Learned from at most: a standard error of a weight below 0.01. Which ones are taken is settled by a hash."""

FEWEST_SESSIONS, FEWEST_OF_A_KIND = 1_000, 100
"""Below so many sessions, or so many with (or without) a return in any two thirds, the defaults serve."""

FOLDS = 3
PENALTY = 0.001
"""Half the L2 penalty's factor, as Spark's regParam: on standardised values it only settles ties."""

NO_BOUND = 1e6
"""No weight comes near it: the penalty keeps them below 40. Spark multiplies bounds by deviations, which may be 0:
an infinite bound would become no number."""

QUALITY = ("sessions", "returns", "habit_weight", "brier", "calibration_error", "auc")
"""Columns of a model on which no index depends."""

HABIT = "habit"
"""ln(1 + recent_sessions): in the fit, so that the other weights do not stand for it; not in the index."""

SIGNS = {
    "completion": 1,
    "skip_share": -1,
    "skip_run_share": -1,
    "praise_rate": 1,
    "dislike_rate": -1,
    "length": 1,
}
"""Weights that may not have the other sign: more skips never make an index of satisfaction rise."""

DEFAULTS = {
    "completion": (0.5, 0.75, 0.25),
    "skip_share": (-0.5, 0.2, 0.25),
    "skip_run_share": (-0.25, 0.08, 0.16),
    "praise_rate": (0.25, 0.05, 0.1),
    "dislike_rate": (-0.25, 0.01, 0.05),
    "length": (0.25, 2.0, 0.8),
    "discovery": (0.1, 0.6, 0.3),
    "artist_discovery": (0.0, 0.4, 0.3),
    "artist_entropy": (0.1, 1.2, 0.8),
    "artist_concentration": (0.0, 0.4, 0.3),
}
"""Weight, mean and standard deviation where too little is known; the intercept is 0: an even chance."""


def learned_from(period: date) -> set[date]:
    """The dates of sessions from which the model serving a period is learned: their 7 days are over before it."""
    last = period - RETURN - timedelta(days=1)
    return {last - timedelta(days=n) for n in range((LEARNED_FROM - RETURN).days)}


def served_by(days: Collection[date]) -> set[date]:
    """First days of the periods whose models serve sessions of these dates."""
    return {start_of(SERVED, day) for day in days}


def sample(sessions: DataFrame) -> DataFrame:
    """Up to MOST_SESSIONS of the sessions whose return is known, in one order and one partition.

    So whatever is summed over them is the same to the last digit, however the sessions were laid out.
    """
    known = F.col("returned_7d").isNotNull()
    return (
        sessions.where(known)
        .select(
            F.xxhash64("session_key").alias("_hash"),
            "session_key",
            F.pmod(F.xxhash64("user_id"), F.lit(FOLDS)).alias("fold"),
            *BEHAVIOUR,
            F.log1p(F.col("recent_sessions")).alias(HABIT),
            F.col("returned_7d").cast("int").alias("label"),
        )
        .orderBy("_hash", "session_key")
        .limit(MOST_SESSIONS)
        .coalesce(1)
    )


def fit(
    sampled: DataFrame, period: date, fewest: tuple[int, int] = (FEWEST_SESSIONS, FEWEST_OF_A_KIND)
) -> DataFrame:
    """The satisfaction_model row that serves a period, learned from a sample of earlier sessions.

    The defaults where there are fewer than ``fewest`` sessions, or sessions of one kind in any two folds.
    """
    sampled = sampled.coalesce(1)
    told = _moments(sampled)
    sessions, returns = told["sessions"], told["returns"]
    of_a_kind = min(told[f"{label} without {fold}"] for fold in range(FOLDS) for label in (0, 1))
    if sessions < fewest[0] or of_a_kind < fewest[1]:
        return default(sampled.sparkSession, period, sessions, returns)

    names = [*BEHAVIOUR, HABIT]
    means = {name: round(told[f"{name} avg"] or 0.0, 6) for name in names}
    # A value that is the same everywhere tells nothing: its weight comes out as 0 whatever it is divided by.
    sds = {name: round(told[f"{name} stddev_pop"] or 0.0, 6) or 1.0 for name in names}
    scaled = _scaled(sampled, means, sds)
    fits = [_weights(scaled.where(F.col("fold") != fold)) for fold in range(FOLDS)]
    quality = _calibration(scaled, fits).collect()[0].asDict()
    intercept, *weights = (round(sum(one) / FOLDS, 4) + 0.0 for one in zip(*fits, strict=True))
    *of_behaviour, habit = weights
    learned = {
        f"{name}_{part}": value
        for name, weight in zip(BEHAVIOUR, of_behaviour, strict=True)
        for part, value in (("weight", weight), ("mean", means[name]), ("sd", sds[name]))
    }
    counted = {"period_start": period, "sessions": sessions, "returns": returns}
    stated = {"is_default": False, "intercept": intercept, "habit_weight": habit}
    return _row(sampled.sparkSession, counted | stated | quality | learned)


def _moments(sampled: DataFrame) -> Row:
    """One row: how many sessions, returns, and of either kind without each fold; means and deviations."""
    kinds = [
        F.count_if((F.col("fold") != fold) & (F.col("label") == label)).alias(f"{label} without {fold}")
        for fold in range(FOLDS)
        for label in (0, 1)
    ]
    moments = [
        part(name).alias(f"{name} {part.__name__}")
        for name in (*BEHAVIOUR, HABIT)
        for part in (F.avg, F.stddev_pop)
    ]
    counts = (F.count("label").alias("sessions"), F.count_if(F.col("label") == 1).alias("returns"))
    return sampled.agg(*counts, *kinds, *moments).collect()[0]


def _scaled(sampled: DataFrame, means: Mapping[str, float], sds: Mapping[str, float]) -> DataFrame:
    values = [
        ((F.coalesce(F.col(name), F.lit(means[name])) - means[name]) / sds[name]).alias(name)
        for name in means
    ]
    return sampled.select("fold", "label", *values)


def _weights(scaled: DataFrame) -> list[float]:
    """Intercept and weights of one fit, in the order of BEHAVIOUR and HABIT."""
    names = [*BEHAVIOUR, HABIT]
    signs = [SIGNS.get(name, 0) for name in names]
    regression = LogisticRegression(
        regParam=PENALTY,
        elasticNetParam=0.0,
        standardization=False,
        maxIter=200,
        tol=1e-10,
        lowerBoundsOnCoefficients=Matrices.dense(1, len(names), [0.0 if s > 0 else -NO_BOUND for s in signs]),
        upperBoundsOnCoefficients=Matrices.dense(1, len(names), [0.0 if s < 0 else NO_BOUND for s in signs]),
    )
    table = VectorAssembler(inputCols=names, outputCol="features").transform(scaled)
    model = regression.fit(table.select("features", "label"))
    return [float(model.intercept), *(float(weight) for weight in model.coefficients.toArray())]


def _calibration(scaled: DataFrame, fits: Sequence[Sequence[float]]) -> DataFrame:
    """One row: Brier score, expected calibration error and area under the ROC curve of the index.

    Each listener is judged by the fit that has not seen it. Probabilities are counted in ten-thousandths, so
    that all sums are of whole numbers and at most 10,001 rows are ranked. Ties count half.
    """
    odds: Column = F.lit(0.0)
    for fold, (intercept, *weights) in enumerate(fits):
        of_fold = F.lit(intercept)
        for name, weight in zip(BEHAVIOUR, weights, strict=False):
            of_fold += F.col(name) * weight
        odds = F.when(F.col("fold") == fold, of_fold).otherwise(odds)
    p = F.round(F.lit(10_000) / (F.lit(1) + F.exp(-odds))).cast("bigint")
    below = Window.partitionBy("all").orderBy("p").rowsBetween(Window.unboundedPreceding, -1)
    everything = Window.partitionBy("all")

    def before(count: str) -> Column:
        return F.coalesce(F.sum(count).over(below), F.lit(0))

    ranked = (
        scaled.groupBy(p.alias("p"), F.lit(1).alias("all"))
        .agg(F.count_if(F.col("label") == 1).alias("ones"), F.count_if(F.col("label") == 0).alias("zeros"))
        .withColumn("n", F.col("ones") + F.col("zeros"))
        .withColumn("tenth", F.floor((before("n") * 2 + F.col("n")) * 5 / F.sum("n").over(everything)))
        .withColumn("won", F.col("ones") * (before("zeros") * 2 + F.col("zeros")))
    )
    ones, zeros, miss = F.col("ones"), F.col("zeros"), F.lit(10_000) - F.col("p")
    tenths = ranked.groupBy("tenth").agg(
        F.sum("n").alias("n"),
        F.sum("ones").alias("ones"),
        F.sum("zeros").alias("zeros"),
        F.sum("won").alias("won"),
        F.sum(ones * miss * miss + zeros * F.col("p") * F.col("p")).alias("squares"),
        F.abs(F.sum(F.col("n") * F.col("p")) - F.sum("ones") * 10_000).alias("gap"),
    )
    return tenths.agg(
        F.round(F.sum("squares") / F.sum("n") / 1e8, 6).alias("brier"),
        F.round(F.sum("gap") / F.sum("n") / 1e4, 6).alias("calibration_error"),
        F.round(F.sum("won") / F.sum("ones") / F.sum("zeros") / 2, 6).alias("auc"),
    )


def default(spark: SparkSession, period: date, sessions: int = 0, returns: int = 0) -> DataFrame:
    """The satisfaction_model row that serves a period before which too little is known."""
    stated = {
        f"{name}_{part}": value
        for name, values in DEFAULTS.items()
        for part, value in zip(("weight", "mean", "sd"), values, strict=True)
    }
    counted = {"period_start": period, "sessions": sessions, "returns": returns}
    unknown = dict.fromkeys(("habit_weight", "brier", "calibration_error", "auc"))
    return _row(spark, counted | {"is_default": True, "intercept": 0.0} | unknown | stated)


def _row(spark: SparkSession, values: Mapping[str, Any]) -> DataFrame:
    return local_rows(spark, [[values[name] for name in CONTRACT.names]], CONTRACT.schema())
