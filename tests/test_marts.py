"""The marts of tracks and artists against the oracle, and their privacy."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.attacker import Shown, leaks
from tests.facts import UNKNOWN_WEEK, facts, marts
from tests.oracle import assert_same
from tracklake.errors import WrongUsage
from tracklake.local_rows import local_rows
from tracklake.report.figures import of_artist, of_market
from tracklake.transforms.periods import PERIODS, start_of, touched_blocks
from tracklake.transforms.privacy import with_small_merged
from tracklake.transforms.rates import Z

K = 3


@pytest.fixture(scope="module")
def oracle() -> duckdb.DuckDBPyConnection:
    return facts(K)


@pytest.fixture(scope="module")
def built(spark: SparkSession, oracle: duckdb.DuckDBPyConnection) -> dict[str, DataFrame]:
    return {name: frame.localCheckpoint() for name, frame in marts(spark, oracle, K).items()}


@pytest.mark.parametrize(
    "table", ["fact_audience", "mart_track_performance", "mart_artist", "mart_artist_audience"]
)
def test_three_months_equal_the_oracle(
    built: dict[str, DataFrame], oracle: duckdb.DuckDBPyConnection, table: str
) -> None:
    assert_same(oracle, table, built[table])


def test_a_report_tells_what_is_shown_and_says_what_is_not(
    spark: SparkSession, built: dict[str, DataFrame], oracle: duckdb.DuckDBPyConnection
) -> None:
    artists = spark.createDataFrame(oracle.sql("FROM dim_artist").to_arrow_table())
    tracks = spark.createDataFrame(oracle.sql("FROM dim_track").to_arrow_table())
    lake = {
        **built,
        "dim_artist": artists.withColumns({"artist_name": F.upper("artist_id"), "is_current": F.lit(True)}),
        "dim_track": tracks.withColumn("title", F.upper("track_id")),
    }

    def read(table: str) -> DataFrame:
        return lake.get(table, spark.range(0))

    figures = of_artist(read, "a20")
    assert (figures.name, figures.start, figures.has_every_day) == ("A20", date(2025, 11, 24), True)
    assert figures.now["listeners"] >= K
    assert {row["is_suppressed"] for row in figures.weeks + figures.tracks} == {False}
    assert {row["kind"] for row in figures.groups} == {"tier", "place", "cohort", "also_plays"}
    assert sum(row["hidden"] for row in figures.hidden) > 0
    market = of_market(read)
    assert market.now["artists"] == len(market.artists) > 10
    with pytest.raises(WrongUsage, match="no artist 'nobody'"):
        of_artist(read, "nobody")


def test_where_no_completion_is_known_tracks_are_not_ranked_by_it(built: dict[str, DataFrame]) -> None:
    shown = built["mart_track_performance"].where("period = 'week' AND NOT is_suppressed")
    unknown = shown.where(F.col("period_start") == UNKNOWN_WEEK)
    assert unknown.count() > 5
    assert unknown.where("coalesce(completion_rate, completion_shrunk, percentile) IS NOT NULL").isEmpty()
    assert unknown.where("skip_shrunk IS NULL").isEmpty()
    known = shown.where(F.col("period_start") != UNKNOWN_WEEK)
    assert known.where("completion_shrunk IS NULL OR percentile IS NULL").isEmpty()


# Periods


def test_a_day_touches_its_block_and_the_year_after_it() -> None:
    blocks = [date(2025, 9, 29) + timedelta(days=28 * n) for n in range(-2, 16)]
    touched = touched_blocks({date(2025, 10, 3)}, blocks)
    assert touched == {date(2025, 9, 29) + timedelta(days=28 * n) for n in range(14)}


# Privacy


def test_small_groups_are_merged_and_never_leave_a_smaller_rest(spark: SparkSession) -> None:
    groups = local_rows(
        spark,
        [
            ("a", "x", 9, 90),
            ("a", "y", 4, 40),
            ("a", "z", 1, 10),
            ("b", "x", 9, 1),
            ("b", "y", 2, 2),
            ("b", "z", 3, 3),
        ],
        "artist string, group_name string, listeners bigint, streams bigint",
    ).withColumn("began", F.lit(None).cast("bigint"))
    found = with_small_merged(groups, ["artist"], 5).orderBy("artist", "group_name").collect()
    assert [(row.artist, row.group_name, row.listeners, row.streams) for row in found] == [
        ("a", "(other)", 5, 50),
        ("a", "x", 9, 90),
        ("b", "(other)", 5, 5),
        ("b", "x", 9, 1),
    ]


def test_no_mart_shows_fewer_than_k_listeners(built: dict[str, DataFrame]) -> None:
    for table in ("mart_track_performance", "mart_artist"):
        shown = built[table].where("NOT is_suppressed")
        assert shown.where(F.col("listeners") < K).isEmpty()
        assert not shown.isEmpty()
        hidden = (
            built[table].where("is_suppressed").drop("is_suppressed", "days", "period", "period_start", "k")
        )
        figures = [name for name in hidden.columns if name not in ("track_key", "track_id", "artist_id")]
        assert hidden.where(
            F.coalesce(*[F.col(name).cast("string") for name in figures]).isNotNull()
        ).isEmpty()
    assert built["mart_artist_audience"].where(F.col("listeners") < K).isEmpty()


def shown_in(built: dict[str, DataFrame]) -> Shown:
    return {
        (member, row[0], row.period, row.period_start)
        for member, table in (("track", "mart_track_performance"), ("artist", "mart_artist"))
        for row in built[table]
        .where("NOT is_suppressed")
        .select(f"{member}_id", "period", "period_start")
        .collect()
    }


def test_subtracting_what_is_shown_leaves_no_group_of_fewer_than_k(
    built: dict[str, DataFrame], oracle: duckdb.DuckDBPyConnection
) -> None:
    shown = shown_in(built)
    assert len(shown) > 500
    assert leaks(oracle, shown, K) == 0


def test_the_attack_works_on_marts_that_only_hide_single_cells(oracle: duckdb.DuckDBPyConnection) -> None:
    shown = {
        (member, id_, period, start)
        for member, id_, period, start in oracle.execute(
            f"SELECT member, member_id, period, period_start FROM member_period WHERE listeners >= {K}"
        ).fetchall()
    }
    assert leaks(oracle, shown, K) > 10


# Of two tracks of a26, each has its listeners in a week of its own, but for one: u7 plays t26.1 in the first week, too.
CUT_BY_WEEKS = """
DELETE FROM fact_stream;
INSERT INTO fact_stream
SELECT
    'e' || who, CAST(day AS TIMESTAMP), day, key_of('u' || who), 'u' || who, key_of(track), track,
    key_at('a26', TIMESTAMP '1970-01-01'), 'a26', 200000, 60000, true, false, NULL, NULL, NULL
FROM (
    SELECT range AS who, DATE '2025-11-04' AS day, 't26.1' AS track FROM range(10, 13)
    UNION ALL SELECT range, DATE '2025-10-28', 't26.2' FROM range(20, 23)
    UNION ALL SELECT 7, DATE '2025-10-28', 't26.1'
);
DELETE FROM feedback;
DELETE FROM dim_track;
INSERT INTO dim_track SELECT DISTINCT track_key, track_id, artist_id FROM fact_stream;
"""


def shown_of(oracle: duckdb.DuckDBPyConnection) -> Shown:
    return {
        (member, *row)
        for member, table in (("track", "mart_track_performance"), ("artist", "mart_artist"))
        for row in oracle.execute(
            f"SELECT {member}_id, period, period_start FROM {table} WHERE NOT is_suppressed"
        ).fetchall()
    }


def test_an_artist_is_shown_no_finer_than_its_tracks() -> None:
    """In the second week only t26.1 has a row: the artist's week is the track's, and 28 days less it are u7's plays."""
    oracle = facts(K, CUT_BY_WEEKS)
    shown = shown_of(oracle)
    block = date(2025, 10, 27)
    assert shown == {
        ("artist", "a26", "28_days", block),
        ("track", "t26.1", "28_days", block),
        *[("track", "t26.2", kind, start_of(kind, date(2025, 10, 28))) for kind in PERIODS],
    }
    assert leaks(oracle, shown, K) == 0
    weeks = {("artist", "a26", "week", block), ("artist", "a26", "week", date(2025, 11, 3))}
    assert leaks(oracle, shown | weeks, K) > 0


ALWAYS_THERE = """
INSERT INTO fact_stream
SELECT
    'e' || who || day, CAST(day AS TIMESTAMP), day, key_of('u' || who), 'u' || who, key_of(track), track,
    key_at('a26', TIMESTAMP '1970-01-01'), 'a26', 200000, 60000, true, false, NULL, NULL, NULL
FROM
    (VALUES (DATE '2025-10-28'), (DATE '2025-11-04')) AS days(day),
    (VALUES (30, 't26.3'), (31, 't26.3'), (32, 't26.4'), (33, 't26.4')) AS heard(who, track);
INSERT INTO dim_track SELECT DISTINCT track_key, track_id, artist_id FROM fact_stream WHERE user_id IN ('u30', 'u32');
"""
"""Two tracks that are not shown, of four listeners together on each day on which the artist has any."""


def test_beside_tracks_that_are_not_shown_an_artist_may_be_finer_than_those_that_are() -> None:
    """Its week is t26.1's and theirs: no subtraction parts them."""
    oracle = facts(K, CUT_BY_WEEKS + ALWAYS_THERE)
    shown = shown_of(oracle)
    block = date(2025, 10, 27)
    days = date(2025, 10, 28), date(2025, 11, 4)
    assert shown == {
        *[("artist", "a26", kind, start_of(kind, day)) for kind in PERIODS for day in days],
        ("track", "t26.1", "28_days", block),
        *[("track", "t26.2", kind, start_of(kind, days[0])) for kind in PERIODS],
    }
    assert leaks(oracle, shown, K) == 0


# Some plays of an artist's tracks count for another one, some for an artist and no track; of many nobody knows how
# much was heard.
SHARED = """
INSERT INTO dim_track SELECT key_of('(unknown)'), '(unknown)', '(unknown)';
UPDATE fact_stream SET artist_id = 'a19', artist_key = key_at('a19', TIMESTAMP '1970-01-01')
WHERE artist_id = 'a20' AND user_id IN ('u1', 'u2', 'u3');
UPDATE fact_stream SET artist_id = 'a22', artist_key = key_at('a22', TIMESTAMP '1970-01-01')
WHERE track_id = 't23.1' AND hash(user_id) % 5 > 0;
UPDATE fact_stream SET track_id = '(unknown)', track_key = key_of('(unknown)')
WHERE artist_id IN ('a16', 'a18') AND user_id IN ('u4', 'u5');
UPDATE feedback SET artist_id = 'a12', artist_key = key_at('a12', TIMESTAMP '1970-01-01')
WHERE artist_id = 'a17' AND user_id = 'u9';
UPDATE fact_stream SET ms_played = NULL WHERE hash(event_id) % 4 > 0;
"""


@pytest.fixture(scope="module")
def shared_oracle() -> duckdb.DuckDBPyConnection:
    return facts(K, SHARED)


@pytest.fixture(scope="module")
def shared(spark: SparkSession, shared_oracle: duckdb.DuckDBPyConnection) -> dict[str, DataFrame]:
    return {name: frame.localCheckpoint() for name, frame in marts(spark, shared_oracle, K).items()}


@pytest.mark.parametrize("table", ["mart_track_performance", "mart_artist"])
def test_tracks_that_count_for_several_artists_equal_the_oracle(
    shared: dict[str, DataFrame], shared_oracle: duckdb.DuckDBPyConnection, table: str
) -> None:
    assert_same(shared_oracle, table, shared[table])


@pytest.mark.slow
def test_tracks_that_count_for_several_artists_leave_no_group_of_fewer_than_k(
    shared: dict[str, DataFrame],
    shared_oracle: duckdb.DuckDBPyConnection,
    oracle: duckdb.DuckDBPyConnection,
    built: dict[str, DataFrame],
) -> None:
    shown = shown_in(shared)
    assert len(shown) > 500
    assert leaks(shared_oracle, shown, K) == 0
    assert leaks(shared_oracle, shown_in(built), K) > 0, "as if each track were one artist's"


def test_completion_is_worth_the_plays_that_know_it(
    shared: dict[str, DataFrame], shared_oracle: duckdb.DuckDBPyConnection
) -> None:
    measured = dict(
        shared_oracle.execute(
            "SELECT (track_id, start_of('28_days', event_date)), count(ms_played + duration_ms) FROM fact_stream"
            " GROUP BY ALL"
        ).fetchall()
    )
    rows = (
        shared["mart_track_performance"].where("period = '28_days' AND completion_rate IS NOT NULL").collect()
    )
    assert len(rows) > 50
    for row in rows:
        p, n, z = row.completion_rate, measured[row.track_id, row.period_start], Z
        spread = z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
        low = max(0, (p + z * z / (2 * n) - spread) / (1 + z * z / n))
        assert row.completion_low == pytest.approx(low)


def test_the_breadth_of_a_catalogue_tells_nothing_but_what_is_shown(built: dict[str, DataFrame]) -> None:
    """It follows from the rows that are shown, and so does what is not hidden from who knows it."""
    of_tracks = (
        built["mart_track_performance"]
        .where("NOT is_suppressed AND plays > 0")
        .groupBy("artist_id", "period", "period_start")
        .agg(F.count("*").alias("n"), F.sum("streams").alias("s"), F.sum(F.col("streams") ** 2).alias("ss"))
    )
    rows = (
        built["mart_artist"]
        .where("NOT is_suppressed")
        .join(of_tracks, on=["artist_id", "period", "period_start"], how="left")
        .fillna(0, ["n", "s", "ss"])
        .select("tracks", "streams", "catalogue", "n", "s", "ss")
        .collect()
    )
    hidden = [row for row in rows if row.n < row.tracks]
    assert len(hidden) > 5
    assert len(hidden) < len(rows)
    for row in rows:
        rest = (row.streams - row.s) ** 2 / max(row.tracks - row.n, 1)
        assert row.catalogue == (pytest.approx(row.streams**2 / (row.ss + rest)) if row.streams else None)


def test_streams_spread_over_one_track_at_least_where_tracks_count_for_others(
    shared: dict[str, DataFrame], shared_oracle: duckdb.DuckDBPyConnection
) -> None:
    """Most streams of t23.1 count for a22: they are no part of what a23 comes to."""
    rows = shared["mart_artist"].where("NOT is_suppressed AND streams > 0").collect()
    assert {"a22", "a23"} <= {row.artist_id for row in rows}
    for row in rows:
        assert 1 <= row.catalogue <= row.tracks + 1  # what names no track is one more
    tracks = dict(
        shared_oracle.execute(
            "SELECT (artist_id, period, start_of(period, event_date)), count(DISTINCT nullif(track_id, '(unknown)'))"
            " FROM fact_stream, (VALUES ('day'), ('week'), ('28_days')) AS kinds(period) GROUP BY ALL"
        ).fetchall()
    )
    assert {"week", "28_days"} <= {row.period for row in rows}
    assert [row.tracks for row in rows] == [
        tracks[row.artist_id, row.period, row.period_start] for row in rows
    ]
