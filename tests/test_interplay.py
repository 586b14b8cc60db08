"""The planted truth is recovered, and every figure equals the oracle's."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas
import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.oracle import assert_same, compute, connect
from tests.planted import PERIOD_START, Planted, plant
from tracklake.local_rows import local_rows
from tracklake.tables import contract
from tracklake.transforms.behaviour import session_behaviour, session_history
from tracklake.transforms.comparison import compared
from tracklake.transforms.interplay import effects, interplay, shown, student
from tracklake.transforms.reactions import corrected, explained, reactions
from tracklake.transforms.return_model import default
from tracklake.transforms.satisfaction import index, user_periods

K = 5
ODDS_PER_COMPLETION = 0.5 / 0.25
"""By the default weights, a whole track more heard is worth so much in log-odds of return."""

DAYS = [PERIOD_START + timedelta(days=n) for n in range(28)]
LAST_DAY = DAYS[-1]
TODAY = PERIOD_START


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return plant(tmp_path_factory.mktemp("planted") / "facts")


@pytest.fixture(scope="module")
def net(spark: SparkSession, planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> DataFrame:
    """The corrected reactions of the planted period."""
    return kept(net_of(reactions_to(spark, planted), {PERIOD_START}), tmp_path_factory)


@pytest.fixture(scope="module")
def tracks(net: DataFrame, planted: Planted) -> pandas.DataFrame:
    """mart_interplay's rows of the planted tracks, and what is true of them."""
    found = interplay(effects(compared(net), K).where("period = '28_days'"), K)
    found = found.where("item_type = 'track'").toPandas()
    found["truth"] = found["item_id"].map(planted.shifts) * ODDS_PER_COMPLETION
    return found


def test_the_interval_covers_the_planted_effect_at_its_rate(tracks: pandas.DataFrame) -> None:
    """Of 60 intervals of 95 %, 3 miss on average, more than 8 in one of 200 times."""
    assert len(tracks) == 60
    covered = tracks["truth"].between(tracks["effect_low"], tracks["effect_high"])
    assert covered.sum() >= 52, tracks[~covered]


def test_effects_are_found_and_told_apart_from_none(tracks: pandas.DataFrame) -> None:
    lifting, lowering = tracks[tracks["truth"] > 0], tracks[tracks["truth"] < 0]
    assert (lifting["effect_low"] > 0).all()
    assert (lowering["effect_high"] < 0).all()
    assert set(lifting["quadrant"]) <= {"star", "hidden_gem"}
    assert set(lowering["quadrant"]) <= {"over_exposed", "fading"}


def test_tracks_that_do_nothing_are_seldom_flagged(tracks: pandas.DataFrame) -> None:
    """Of 30, one in twenty crosses zero by chance."""
    idle = tracks[tracks["truth"] == 0]
    crossed = (idle["effect_low"] > 0) | (idle["effect_high"] < 0)
    assert crossed.sum() <= 5
    assert (idle["quadrant"] != "unsure").sum() <= 5


def test_shrinking_brings_effects_nearer_to_the_truth(tracks: pandas.DataFrame) -> None:
    few = tracks.assign(error=(tracks["effect"] - tracks["truth"]).abs())
    assert (tracks["shrunk_effect"].abs() <= tracks["effect"].abs() + 0.01).all()
    assert ((tracks["shrunk_effect"] - tracks["truth"]) ** 2).mean() <= (few["error"] ** 2).mean()


def test_comparing_different_listeners_is_wrong_on_the_same_plays(
    net: DataFrame, tracks: pandas.DataFrame
) -> None:
    """Contented listeners prefer certain tracks: sessions with those look better, whatever the tracks do."""
    between = without_the_listener(net)
    naive = tracks.merge(between, on="item_id")
    missed = ~naive["truth"].between(naive["naive_low"], naive["naive_high"])
    assert missed.mean() > 0.5
    bias = (naive["naive"] - naive["truth"]).abs().mean()
    assert bias > 5 * (naive["effect"] - naive["truth"]).abs().mean()


def without_the_listener(net: DataFrame) -> pandas.DataFrame:
    """Sessions with a track against all sessions without it, of anybody: its mean difference and interval."""
    plays = net.select("session_key", "track_id", F.col("28_days").alias("reaction")).toPandas()
    sessions = plays.groupby("session_key")["reaction"].agg(["sum", "count"])
    total, plain = len(sessions), sessions["sum"] / sessions["count"]
    rows = []
    for track, own in plays.groupby("track_id"):
        held = own.set_index("session_key")["reaction"]
        of_held = sessions.loc[held.index]
        inside = (of_held["sum"] - held) / (of_held["count"] - 1)
        outside = plain.drop(held.index)
        error = np.sqrt(inside.var() / len(held) + outside.var() / (total - len(held)))
        gap = inside.mean() - outside.mean()
        rows.append((track, gap / 1e6, (gap - 1.96 * error) / 1e6, (gap + 1.96 * error) / 1e6))
    return pandas.DataFrame(rows, columns=["item_id", "naive", "naive_low", "naive_high"])


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """A few listeners, so that every period of every kind can be compared with the oracle."""
    return plant(tmp_path_factory.mktemp("few") / "facts", seed=3, users=12, sessions=42, tracks=12)


@pytest.fixture(scope="module")
def oracle(few: Planted) -> duckdb.DuckDBPyConnection:
    con = connect(K)
    con.execute("SET TimeZone = 'UTC'")
    for fact in ("fact_stream", "fact_session", "fact_feedback"):
        path = few.folder / f"{fact}.parquet"
        con.execute(f"CREATE TABLE {fact} AS SELECT * REPLACE ({utc(con, path)}) FROM read_parquet('{path}')")
    steps = ("session_behaviour", "satisfaction_model", "session_satisfaction")
    compute(con, [*steps, "mart_user_satisfaction", "mart_interplay"])
    return con


def utc(con: duckdb.DuckDBPyConnection, path: Path) -> str:
    """Times without a zone, as the oracle has them."""
    described = con.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()
    zoned = [name for name, kind, *_ in described if kind == "TIMESTAMP WITH TIME ZONE"]
    return ", ".join(f"CAST({name} AT TIME ZONE 'UTC' AS TIMESTAMP) AS {name}" for name in zoned)


@pytest.fixture(scope="module")
def sessions(spark: SparkSession, few: Planted, tmp_path_factory: pytest.TempPathFactory) -> DataFrame:
    facts = {name: fact(spark, few, name) for name in ("fact_session", "fact_stream", "fact_feedback")}
    history = session_history(facts["fact_session"], LAST_DAY)
    behaviour = session_behaviour(
        facts["fact_session"], history, facts["fact_stream"], facts["fact_feedback"]
    )
    return kept(index(behaviour, default(spark, PERIOD_START)), tmp_path_factory)


def test_sessions_equal_the_oracle(oracle: duckdb.DuckDBPyConnection, sessions: DataFrame) -> None:
    assert_same(oracle, "session_satisfaction", sessions)


def test_listeners_in_periods_equal_the_oracle(
    oracle: duckdb.DuckDBPyConnection, sessions: DataFrame
) -> None:
    assert_same(oracle, "mart_user_satisfaction", user_periods(sessions, DAYS))


def test_items_in_periods_equal_the_oracle(
    oracle: duckdb.DuckDBPyConnection, spark: SparkSession, few: Planted
) -> None:
    net = net_of(reactions_to(spark, few), DAYS).repartition(5)
    found = interplay(effects(compared(net), K), K).toPandas()
    assert_same(oracle, "mart_interplay", found)
    assert set(found["period"]) == {"day", "week", "28_days"}
    assert found["effect"].notna().any()
    assert found["listeners"].min() >= K
    assert (found["listeners"] % K == 0).all()


def test_a_track_that_is_skipped_does_not_lower_its_own_outcome(spark: SparkSession) -> None:
    """Listener u hears 'bad' once and loathes it; the rest of that session is like all the others."""
    plays = [("with", "bad", -9), ("with", "b", 1), ("without", "b", 1), ("without", "c", 1)]
    assert {item: d for item, d in differences(spark, plays).items() if item == "bad"} == {"bad": 0.0}


def test_a_session_of_nothing_but_the_item_is_no_evidence(spark: SparkSession) -> None:
    plays = [("alone", "a", 5), ("without", "b", 1)]
    assert differences(spark, plays) == {"a": None, "b": None}


def test_sessions_with_the_track_are_compared_with_the_same_listeners_others(spark: SparkSession) -> None:
    without = [("without", "b", 1), ("without", "c", 1), ("also without", "b", 2), ("also without", "c", 2)]
    assert differences(spark, [("with", "a", 0), ("with", "b", 4), *without])["a"] == 4 - (1 + 2) / 2


def test_a_session_of_one_other_track_is_no_evidence_either(spark: SparkSession) -> None:
    """No session with the track could be like it: all would say that the track lowers its sessions."""
    plays = [("with", "a", 0), ("with", "b", 1), ("without", "b", 1), ("without", "c", 1)]
    on_repeat = [("on repeat", "c", 9), ("on repeat", "c", 9)]
    assert differences(spark, plays + on_repeat)["a"] == 0


def differences(spark: SparkSession, plays: list[tuple[str, str, int]]) -> dict[str, float | None]:
    rows = [
        (name, "u", TODAY, track, "x", reaction * 1_000_000, None, None) for name, track, reaction in plays
    ]
    columns = (
        "session_key string, user_id string, session_date date, track_id string, artist_id string,"
        " day bigint, week bigint, 28_days bigint"
    )
    found = compared(local_rows(spark, rows, columns)).where("item_type = 'track'")
    return {row.item_id: row.difference for row in found.collect()}


def test_the_effect_is_that_of_least_squares_with_an_effect_for_each_listener(spark: SparkSession) -> None:
    """Against the regression written out with dummies, and its sandwich of clusters."""
    chance = np.random.default_rng(1)
    rows, with_item, y, listener = [], [], [], []
    for user in range(8):
        a, b = chance.integers(1, 6, 2)
        inside, outside = chance.normal(0.3, 1, a), chance.normal(0, 1, b)
        rows.append(
            ("day", TODAY, "track", "t", f"u{user}", int(a), int(b), float(inside.mean() - outside.mean()))
        )
        with_item += [1.0] * a + [0.0] * b
        y += [*inside, *outside]
        listener += [user] * (a + b)
    columns = (
        "period string, period_start date, item_type string, item_id string, user_id string,"
        " with_item bigint, without bigint, difference double"
    )
    row = effects(local_rows(spark, rows, columns), K).collect()[0]

    dummies = np.eye(8)[listener]
    x = np.column_stack([with_item, dummies])
    bread = np.linalg.inv(x.T @ x)
    fitted = bread @ x.T @ np.array(y)
    residual = np.array(y) - x @ fitted
    scores = dummies.T @ (x * residual[:, None])
    variance = (bread @ scores.T @ scores @ bread)[0, 0] * 8 / 7
    assert row.effect == pytest.approx(fitted[0], abs=2e-6)
    assert row.standard_error == pytest.approx(np.sqrt(variance), abs=2e-6)


def test_students_quantile_is_close_from_4_degrees_of_freedom_on(spark: SparkSession) -> None:
    known = {4: 2.7764, 9: 2.2622, 29: 2.0452, 399: 1.9659}
    frame = local_rows(spark, [(n,) for n in known], "n int")
    for n, quantile in frame.select("n", student(F.col("n"))).collect():
        assert quantile == pytest.approx(known[n], abs=0.01)


def test_nothing_is_told_of_fewer_listeners_than_k_nor_of_their_exact_number(spark: SparkSession) -> None:
    counted = [("few", 4, 4), ("enough", 5, 4), ("more", 14, 11)]
    found = shown(local_rows(spark, counted, "item_id string, listeners int, compared_listeners int"), K)
    assert [tuple(row) for row in found.collect()] == [("enough", 5, 0, K), ("more", 10, 10, K)]


def test_no_figure_adds_up_over_periods() -> None:
    """Of such a figure, that of a hidden day is that of its week less those of the days shown."""
    figures = [c.name for c in contract("mart_interplay").columns if c.type in ("bigint", "double")]
    assert set(figures) == {
        *("listeners", "compared_listeners", "k"),
        *("effect", "effect_low", "effect_high", "standard_error"),
        *("shrunk_effect", "shrunk_low", "shrunk_high"),
    }


def net_of(received: DataFrame, starts: Collection[date]) -> DataFrame:
    return corrected(received, explained(received, starts))


def reactions_to(spark: SparkSession, planted: Planted) -> DataFrame:
    return reactions(
        fact(spark, planted, "fact_stream"),
        fact(spark, planted, "fact_session"),
        fact(spark, planted, "fact_feedback"),
        default(spark, PERIOD_START),
    )


def fact(spark: SparkSession, planted: Planted, name: str) -> DataFrame:
    return spark.read.parquet(str(planted.folder / f"{name}.parquet"))


def kept(frame: DataFrame, tmp_path_factory: pytest.TempPathFactory) -> DataFrame:
    path = str(tmp_path_factory.mktemp("kept") / "frame")
    frame.write.parquet(path)
    return frame.sparkSession.read.parquet(path)
