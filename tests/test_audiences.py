"""Whose listeners an artist has: the funnel of large audiences, and groups from which no few listeners follow."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import combinations, combinations_with_replacement, product

import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from tracklake.local_rows import local_rows
from tracklake.transforms.artist_groups import artist_groups, told_beginning
from tracklake.transforms.days import ADDED_UP
from tracklake.transforms.periods import PERIODS, blocks_of, period_start
from tracklake.transforms.sketches import RELATIVE_ERROR, count, sketch_of
from tracklake.transforms.totals import audiences, histories, period_totals

K = 5
MONDAY = date(2025, 9, 29)
"""First day of a period of 28 days."""


def block(number: int) -> date:
    return MONDAY + number * timedelta(days=PERIODS["28_days"])


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


def test_a_history_is_52_weeks(spark: SparkSession) -> None:
    days = artist_days(spread(spark, [("a", block(0), 0, 9)]))
    found = histories(audiences(days), [block(13), block(14)])
    rows = found.select("block", count(F.col("history_sketch"))).collect()
    assert [tuple(row) for row in rows] == [(block(13), 10)]


@pytest.mark.slow
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


# Groups

Heard = dict[tuple[str, int], Iterable[int]]
"""By artist and number of the block, who listened."""


def groups(
    spark: SparkSession, heard: Heard, published: Iterable[tuple[str, int, str, str, int]] = ()
) -> dict[tuple[str, int, str, str], Row]:
    """The rows of ``artist_groups`` by artist, number of the block, kind and name; all artists may be shown.

    Cohorts are named by the number of their block. ``published`` are those and the listeners of earlier blocks.
    """
    listened = [(artist, block(n), f"u{user}") for (artist, n), users in heard.items() for user in users]
    rows = local_rows(spark, listened, "artist string, event_date date, user_id string")
    loyalty = rows.select(
        F.col("artist").alias("artist_id"),
        F.col("event_date").alias("period_start"),
        "user_id",
        F.lit(1).cast("bigint").alias("plays"),
        F.lit(1).cast("bigint").alias("streams"),
        F.lit("casual").alias("tier"),
        F.lit("Lund").alias("place"),
    )
    known = audiences(artist_days(rows))
    levels = known.select(
        "member", "member_id", F.col("period_start").alias("block"), F.lit(3).alias("level")
    )
    before = local_rows(
        spark,
        [(artist, block(n), *group) for artist, n, *group in published],
        "artist_id string, period_start date, kind string, group_name string, listeners bigint",
    )
    numbers = {str(block(n)): str(n) for _, n in heard}
    return {
        (
            row.artist_id,
            int(numbers[str(row.period_start)]),
            row.kind,
            numbers.get(row.group_name, row.group_name),
        ): row
        for row in artist_groups(loyalty, known, levels, before, K).collect()
    }


def test_a_group_that_was_published_under_a_smaller_k_is_not_told_again(spark: SparkSession) -> None:
    published = [("a", 0, "tier", "casual", K - 1), ("a", 0, "place", "Lund", K)]
    found = groups(spark, {("a", 1): range(12)}, published)
    assert found["a", 1, "tier", "casual"].previous_listeners is None
    assert found["a", 1, "place", "Lund"].previous_listeners == K


def test_an_overlap_leaves_neither_artist_few_who_do_not_share_it(spark: SparkSession) -> None:
    found = groups(
        spark,
        {
            ("a", 0): range(100),
            ("b", 0): range(50, 102),  # 50 of 52 play a: 2 do not
            ("c", 0): range(60, 120),  # 40 of 60 play a, 42 of them b
            ("d", 0): range(100),  # all play a, all of a play them
        },
    )
    also = {(artist, other) for artist, _, kind, other in found if kind == "also_plays"}
    assert also == {
        ("a", "c"),
        ("c", "a"),
        ("a", "d"),
        ("d", "a"),
        ("b", "c"),
        ("c", "b"),
        ("c", "d"),
        ("d", "c"),
    }


def test_how_many_a_cohort_began_with_does_not_tell_who_returned_there(spark: SparkSession) -> None:
    new, old = range(100, 130), range(10)
    found = groups(spark, {("a", 0): old, ("a", 1): [*old[:3], *new], ("a", 2): new[:12]})
    assert {name for _, n, kind, name in found if (n, kind) == (1, "cohort")} == {"(other)"}
    cohort = found["a", 2, "cohort", "1"]
    assert (cohort.listeners, cohort.previous_listeners) == (12, None)  # 33 listeners then: 33 - 30 = 3


def test_how_many_a_cohort_began_with_does_not_tell_who_left_the_history(spark: SparkSession) -> None:
    old, of_last, new = range(2), range(100, 110), range(200, 239)
    found = groups(
        spark,
        {
            ("a", 0): [*old, *range(50, 60)],
            ("a", 12): of_last,
            ("a", 13): [*old, *of_last, *new],
            ("a", 14): new[:20],  # block 0 is out of reach: the two of it seem to begin in block 13
        },
    )
    assert found["a", 13, "cohort", "13"].listeners == 39
    cohort = found["a", 14, "cohort", "13"]
    assert (cohort.listeners, cohort.previous_listeners) == (20, 40)  # 41 would tell of 41 - 39 = 2


def test_a_cohort_tells_in_whole_k_how_many_it_began_with(spark: SparkSession) -> None:
    first, new = range(33), range(100, 137)
    found = groups(
        spark,
        {
            ("a", 0): first,
            ("a", 1): [*first[:20], *new],
            ("a", 2): [*first[:28], *new[:20]],
        },
    )
    cohorts = {
        (n, name): (row.listeners, row.previous_listeners)
        for (_, n, kind, name), row in found.items()
        if kind == "cohort"
    }
    assert cohorts == {
        (0, "0"): (33, 33),  # all listeners of a block may be told exactly
        (1, "0"): (20, 33),
        (1, "1"): (37, None),  # 35 would not tell more than its listeners do
        (2, "0"): (28, 33),
        (2, "1"): (20, 35),
    }


def test_small_cohorts_together_do_not_tell_how_many_they_began_with(spark: SparkSession) -> None:
    found = groups(
        spark, {("a", 0): range(20), ("a", 1): range(20, 40), ("a", 2): [*range(3), *range(20, 23)]}
    )
    other = found["a", 2, "cohort", "(other)"]
    assert (other.listeners, other.previous_listeners) == (6, None)


def test_from_what_is_told_of_a_block_at_any_time_no_few_of_it_follow(spark: SparkSession) -> None:
    """Of a block's listeners, an attacker may know who is new, how many began by two later looks back, which go
    less far, and who was not in the block before: one within the other. No two of these groups, nor one of them
    and all listeners, may differ by the same 1 to k - 1 in all cases in which the numbers known would be told."""
    k, most = 3, 12
    cases = [(n, of, now) for of in range(k, most + 1) for n in range(of + 1) for now in (k, k + 1, 2 * k)]
    told = {
        (row.n, row.of, row.now): row.told
        for row in local_rows(spark, cases, "n bigint, of bigint, now bigint")
        .withColumn("told", told_beginning(F.col("n"), F.col("of"), F.col("now"), k))
        .collect()
    }
    assert {3, 6, 9} <= set(told.values())
    found: dict[tuple[object, ...], set[int]] = {}
    for of, now in product(range(k, most + 1), (k, k + 1, 2 * k)):
        for new, began, later, not_returning in combinations_with_replacement(range(of + 1), 4):
            funnel = enough(new, k) and enough(of - not_returning, k) and enough(not_returning - new, k)
            shown = {
                "new": new if funnel or (new and enough(new, k) and enough(of - new, k)) else None,
                "began": told[began, of, now],
                "later": told[later, of, now],
                "not returning": not_returning if funnel else None,
            }
            numbers = [(name, number) for name, number in shown.items() if number is not None]
            for known in (some for n in range(len(numbers) + 1) for some in combinations(numbers, n)):
                groups = (new, began, later, not_returning, of)
                for (i, small), (j, large) in combinations(enumerate(groups), 2):
                    if began >= now:
                        found.setdefault((of, now, known, i, j), set()).add(large - small)
    assert [one for one in found.items() if len(one[1]) == 1 and 0 < min(one[1]) < k] == []


def enough(count: int, k: int) -> bool:
    return count == 0 or count >= k
