"""Rates that know how much they are worth: intervals, and shrinkage towards a prior."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tracklake.local_rows import local_rows
from tracklake.transforms.rates import Rate, priors


def test_two_of_two_do_not_beat_900_of_1000(spark: SparkSession) -> None:
    tracks = local_rows(
        spark,
        [("few", 2, 2), ("many", 900, 1000), ("poor", 200, 1000), ("fair", 500, 1000)],
        "track string, x bigint, n bigint",
    )
    rate = Rate("x", "n")
    usual = priors(tracks.withColumn("period", F.lit("day")), ["period"], {"like": rate})
    low, high = rate.wilson()
    rows = {
        row.track: row
        for row in tracks.crossJoin(usual)
        .select(
            "track",
            low.alias("low"),
            high.alias("high"),
            rate.shrunk(F.col("like_mean"), F.col("like_strength")).alias("shrunk"),
        )
        .collect()
    }
    assert rows["few"].shrunk < rows["many"].shrunk
    assert rows["few"].low < rows["many"].low
    assert (round(rows["many"].low, 4), round(rows["many"].high, 4)) == (0.8798, 0.9171)


def test_a_prior_is_recovered_from_rates_drawn_from_it(spark: SparkSession) -> None:
    chance = np.random.default_rng(7)
    rates = chance.beta(4, 16, size=3_000)
    trials = chance.integers(1, 200, size=3_000)
    rows = [(int(chance.binomial(n, p)), int(n)) for n, p in zip(trials, rates, strict=True)]
    tracks = local_rows(spark, rows, "x bigint, n bigint").withColumn("period", F.lit("day"))
    [prior] = priors(tracks, ["period"], {"like": Rate("x", "n")}).collect()
    assert prior.like_mean == pytest.approx(0.2, abs=0.01)
    assert prior.like_strength == pytest.approx(20, rel=0.15)


def test_rates_that_differ_no_more_than_by_chance_are_drawn_together(spark: SparkSession) -> None:
    tracks = local_rows(spark, [("day", 1, 2), ("day", 50, 100)], "period string, x bigint, n bigint")
    [prior] = priors(tracks, ["period"], {"like": Rate("x", "n")}).collect()
    assert (prior.like_mean, prior.like_strength) == (0.5, 10_000.0)


def test_without_trials_and_without_a_prior_a_rate_is_the_mean(spark: SparkSession) -> None:
    nothing = local_rows(spark, [(0, 0)], "x bigint, n bigint")
    low, high = Rate("x", "n").wilson()
    found = nothing.select(Rate("x", "n").shrunk(F.lit(0.25), F.lit(0.0)), low, high).collect()
    assert found == [(0.25, None, None)]


def test_a_rate_of_which_nothing_is_known_is_unknown(spark: SparkSession) -> None:
    nothing = local_rows(spark, [("day", 0, 0)], "period string, x bigint, n bigint")
    prior = priors(nothing, ["period"], {"like": Rate("x", "n")})
    shrunk = Rate("x", "n").shrunk(F.col("like_mean"), F.col("like_strength"))
    assert nothing.join(prior, on="period", how="left").select("like_mean", shrunk).collect() == [
        (None, None)
    ]
