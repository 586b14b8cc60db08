"""Sketches of listeners: exact up to a number, close above it, the same in any order."""

from __future__ import annotations

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.transforms import sketches


@pytest.fixture(scope="module")
def many(spark: SparkSession) -> DataFrame:
    """100,000 listeners on ten days, each on two of them."""
    return spark.range(200_000).select(
        F.concat(F.lit("u"), F.pmod("id", F.lit(100_000))).alias("user_id"),
        F.pmod(F.xxhash64("id"), F.lit(10)).alias("day"),
    )


def test_merged_sketches_count_within_three_standard_errors(many: DataFrame) -> None:
    days = many.groupBy("day").agg(sketches.sketch_of(F.col("user_id")).alias("sketch"))
    [[found]] = days.agg(sketches.count(sketches.merged(F.col("sketch")))).collect()
    assert abs(found - 100_000) / 100_000 < 3 * sketches.RELATIVE_ERROR


def test_a_sketch_does_not_depend_on_the_order_of_listeners_nor_on_how_it_was_merged(
    many: DataFrame,
) -> None:
    whole = many.repartition(1).agg(sketches.sketch_of(F.col("user_id")))
    backwards = many.orderBy(F.desc("user_id")).agg(sketches.sketch_of(F.col("user_id")))
    by_day = many.groupBy("day").agg(sketches.sketch_of(F.col("user_id")).alias("sketch"))
    merged = by_day.agg(sketches.merged(F.col("sketch")))
    assert whole.collect() == backwards.collect() == merged.collect()


def test_up_to_4096_listeners_are_counted_exactly(spark: SparkSession) -> None:
    listeners = spark.range(sketches.EXACT).select(F.col("id").cast("string").alias("user_id"))
    halves = listeners.groupBy(F.col("user_id") < "5").agg(sketches.sketch_of(F.col("user_id")).alias("s"))
    assert halves.agg(sketches.count(sketches.merged(F.col("s")))).collect() == [(sketches.EXACT,)]
