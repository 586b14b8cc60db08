"""Whose listeners an artist has: the funnel of large audiences."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from tracklake.local_rows import local_rows
from tracklake.transforms.days import ADDED_UP
from tracklake.transforms.periods import PERIODS, blocks_of, period_start
from tracklake.transforms.sketches import RELATIVE_ERROR, sketch_of
from tracklake.transforms.totals import audiences, histories, period_totals

MONDAY = date(2025, 9, 29)
"""First day of a period of 28 days."""


def artist_days(heard: DataFrame) -> DataFrame:
    """What ``member_days`` has of artists, of rows of artist, day and listener with a play each."""
    return (
        heard.groupBy(F.lit("artist").alias("member"), F.col("artist").alias("member_id"), "event_date")
        .agg(
            *[F.count(F.lit(1)).alias(name) for name in ADDED_UP],
            F.count_distinct("user_id").alias("listeners"),
            sketch_of(F.col("user_id")).alias("listeners_sketch"),
        )
        .withColumn("block", period_start("28_days", "event_date"))
    )


def spread(spark: SparkSession, spans: list[tuple[str, date, int, int]]) -> DataFrame:
    """Rows of artist, day and listener, for each listener of the spans; an artist's listeners are its own."""
    return (
        local_rows(spark, spans, "artist string, event_date date, first bigint, last bigint")
        .withColumn("listener", F.explode(F.sequence("first", "last")))
        .select("artist", "event_date", F.concat_ws("-", "artist", "listener").alias("user_id"))
    )


# The funnel


SEEDS = range(6)
"""Each story is told of so many artists, whose listeners have other ids: chance does not spare them all."""

LARGE = {
    "all are new": {0: (0, 20_000)},
    "nobody was away": {0: (0, 20_000), 7: (10_000, 30_000)},
    "hardly any lapsed": {0: (0, 12_000), 7: (100, 20_100)},
    "all are others": {0: (0, 12_000), 7: (12_000, 24_000)},
    "all were away": {0: (0, 9_000), 7: (9_000, 10_000), 14: (0, 9_000)},
}
"""By story, the day from MONDAY and which listeners there were, from one up to another."""


@pytest.fixture(scope="module")
def funnels(spark: SparkSession) -> dict[tuple[str, str, date], list[Row]]:
    """The totals of the artists of each story, kind and first day of a period."""
    spans = [
        (f"{story}/{seed}", MONDAY + timedelta(days=day), first, last - 1)
        for story, days in LARGE.items()
        for seed in SEEDS
        for day, (first, last) in days.items()
    ]
    heard = spread(spark, spans)
    days = artist_days(heard).localCheckpoint()
    held = {day for _, day, *_ in spans}
    totals = period_totals(days, histories(audiences(days), blocks_of(held)), held)
    found: dict[tuple[str, str, date], list[Row]] = {}
    for row in totals.drop("listeners_sketch").collect():
        found.setdefault((row.member_id.split("/")[0], row.period, row.period_start), []).append(row)
    assert {len(rows) for rows in found.values()} == {len(SEEDS)}
    return found


def weeks(funnels: dict[tuple[str, str, date], list[Row]], story: str, number: int) -> list[Row]:
    return funnels[story, "week", MONDAY + number * timedelta(days=7)]


def test_the_parts_of_a_large_audience_add_up_and_none_is_negative(
    funnels: dict[tuple[str, str, date], list[Row]],
) -> None:
    for row in (row for rows in funnels.values() for row in rows):
        assert row.new + row.returning + row.reactivated == row.listeners
        assert min(row.new, row.returning, row.reactivated, row.lapsed) >= 0


@pytest.mark.parametrize("period", PERIODS)
def test_in_the_first_period_of_a_lake_all_are_new(
    funnels: dict[tuple[str, str, date], list[Row]], period: str
) -> None:
    rows = funnels["all are new", period, MONDAY]
    assert [(row.new, row.returning, row.reactivated, row.lapsed) for row in rows] == [
        (row.listeners, 0, 0, 0) for row in rows
    ]


def test_where_nobody_was_away_nobody_is_reactivated(
    funnels: dict[tuple[str, str, date], list[Row]],
) -> None:
    for row in weeks(funnels, "nobody was away", 1):
        assert row.reactivated == 0
        assert row.new == pytest.approx(10_000, rel=8 * RELATIVE_ERROR)


def test_few_lapsed_of_many_are_few(funnels: dict[tuple[str, str, date], list[Row]]) -> None:
    for row in weeks(funnels, "hardly any lapsed", 1):
        assert row.lapsed == pytest.approx(100, abs=100)
        assert row.reactivated == 0


def test_where_nobody_returns_all_have_lapsed(funnels: dict[tuple[str, str, date], list[Row]]) -> None:
    for row in weeks(funnels, "all are others", 1):
        assert (row.returning, row.lapsed) == (0, row.previous_listeners)
    for row in weeks(funnels, "all were away", 2):
        assert (row.new, row.returning, row.reactivated) == (0, 0, row.listeners)


def test_of_few_listeners_beside_very_many_the_sketches_know_nothing(spark: SparkSession) -> None:
    week = timedelta(days=7)
    spans = [
        ("a", MONDAY, 0, 999_999),
        ("a", MONDAY + week, 2_000_000, 2_000_001),
        ("a", MONDAY + 2 * week, 3_000_000, 3_999_999),
    ]
    held = {day for _, day, *_ in spans}
    days = artist_days(spread(spark, spans)).localCheckpoint()
    totals = period_totals(days, histories(audiences(days), {MONDAY}), held).where("period = 'week'")
    found = totals.orderBy("period_start").select("new", "returning", "reactivated", "lapsed").collect()
    assert found[1:] == [(None,) * 4, (None,) * 4]
