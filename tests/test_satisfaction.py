"""What a session's satisfaction is made of, and how its weights are learned."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from tracklake.local_rows import local_rows
from tracklake.tables.satisfaction_model import BEHAVIOUR
from tracklake.transforms.behaviour import session_behaviour, session_history
from tracklake.transforms.return_model import (
    DEFAULTS,
    FOLDS,
    PENALTY,
    SIGNS,
    default,
    fit,
    learned_from,
    sample,
)
from tracklake.transforms.satisfaction import dates_reached, index

NOON = datetime(2024, 1, 22, 12, tzinfo=UTC)
TODAY = NOON.date()
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

Play = tuple[str, float | None, bool]

SESSION = (
    "session_key string, user_id string, started_at timestamp, ended_at timestamp, session_date date,"
    " plays bigint, listening_ms bigint"
)
PLAY = (
    "event_id string, event_time timestamp, user_id string, session_key string, track_key string,"
    " artist_id string, completion double, is_skip boolean, item_in_session int"
)
FEEDBACK = "event_time timestamp, event_date date, user_id string, track_key string, event_type string"


def heard(*tracks: str) -> list[Play]:
    """Plays to the end; an artist is a track's first letter."""
    return [(track, 1.0, False) for track in tracks]


STORIES: dict[str, dict[datetime, list[Play]]] = {
    "skipper": {
        NOON: [("a", 1.0, False), ("b", 0.1, True), ("c", 0.1, True), ("d", 0.0, True), ("e", None, False)]
    },
    "fan": {NOON: heard("a", "a", "a", "a")},
    "explorer": {
        NOON: heard("a1"),
        NOON + 28 * DAY: heard("a1", "a2", "a1"),
        NOON + 57 * DAY: heard("a1", "a2", "a1"),
    },
    "regular": {
        NOON + 43 * DAY: heard("a"),
        NOON + 49 * DAY: heard("a"),
        NOON + 49 * DAY + 60 * MINUTE: heard("a"),
        NOON + 57 * DAY: heard("a"),
        NOON + 57 * DAY + 60 * MINUTE: heard("a"),
    },
    "eclectic": {NOON: heard("a1", "a2", "b", "c")},
}
"""The sessions of some listeners: when, and (track, completion, skip) of plays, two a minute, in the order of their
item in the session and against that of their ids. The last day known is that of NOON + 57 days."""

SAID = [
    ("fan", NOON, "like"),
    ("fan", NOON + MINUTE, "playlist_add"),
    ("fan", NOON + MINUTE, "dislike"),
    ("fan", NOON - MINUTE, "like"),
]


@pytest.fixture(scope="module")
def told(spark: SparkSession) -> dict[str, list[Row]]:
    """The sessions of each listener of STORIES as session_behaviour tells them, in order."""
    sessions, plays = [], []
    for user, visits in STORIES.items():
        for at, heard_then in visits.items():
            key = f"{user} {at}"
            sessions.append((key, user, at, at + MINUTE * len(heard_then), at.date(), len(heard_then), 0))
            plays += [
                (f"{key} {9 - n}", at + MINUTE * (n // 2), user, key, track, track[0], completion, skip, n)
                for n, (track, completion, skip) in enumerate(heard_then)
            ]
    marks = [(at, at.date(), user, "any", kind) for user, at, kind in SAID]
    visits = local_rows(spark, sessions, SESSION)
    found = session_behaviour(
        visits,
        session_history(visits, max(at for _, _, at, *_ in sessions).date()),
        local_rows(spark, plays, PLAY),
        local_rows(spark, marks, FEEDBACK),
    )
    rows = found.orderBy("started_at").collect()
    return {user: [row for row in rows if row.user_id == user] for user in STORIES}


def test_a_session_is_told_by_completion_skips_and_runs_of_skips(told: dict[str, list[Row]]) -> None:
    (session,) = told["skipper"]
    assert (session.completion, session.skip_share, session.skip_run_share) == (0.3, 0.6, 0.4)


def test_feedback_counts_in_the_session_in_which_it_is_said(told: dict[str, list[Row]]) -> None:
    (session,) = told["fan"]
    assert (session.praise_rate, session.dislike_rate) == (0.5, 0.25)


def test_a_track_is_new_again_after_more_than_28_days(told: dict[str, list[Row]]) -> None:
    first, exactly, later = told["explorer"]
    assert (first.discovery, first.artist_discovery) == (1.0, 1.0)
    assert (exactly.discovery, exactly.artist_discovery) == (0.333333, 0.0)
    assert (later.discovery, later.artist_discovery) == (0.666667, 0.333333)


def test_diversity_is_entropy_and_concentration_of_artists(told: dict[str, list[Row]]) -> None:
    (session,) = told["eclectic"]
    assert session.artist_entropy == pytest.approx(1.5 * np.log(2), abs=2e-6)
    assert session.artist_concentration == 0.375


def test_return_is_unknown_until_its_days_are_over_also_for_those_who_are_back(
    told: dict[str, list[Row]],
) -> None:
    assert [(s.returned_1d, s.returned_7d, s.recent_sessions) for s in told["regular"]] == [
        (False, True, 0),
        (True, True, 1),
        (False, False, 2),
        (None, None, 3),
        (None, None, 4),
    ]


def test_a_changed_day_reaches_7_days_back_and_28_ahead() -> None:
    day = date(2024, 3, 1)
    slices = {day + timedelta(days=n) for n in range(-40, 60)}
    reached = dates_reached({day}, slices)
    assert (min(reached), max(reached)) == (day - 7 * DAY, day + 28 * DAY)


def test_a_new_last_day_lets_the_returns_before_it_be_known() -> None:
    """Nobody listened for ten days: then the sessions before that did not come back."""
    last, new = date(2024, 3, 1), date(2024, 3, 12)
    slices = {last - timedelta(days=n) for n in range(20)} | {new}
    assert min(dates_reached({new}, slices)) == last - 7 * DAY


def test_a_model_is_learned_from_days_whose_returns_were_known_before_its_period() -> None:
    period = date(2024, 1, 22)
    days = learned_from(period)
    assert max(days) + 8 * DAY == period
    assert min(days) == period - 84 * DAY


def test_more_skips_lower_the_default_index_and_more_likes_raise_it(spark: SparkSession) -> None:
    usual = {name: mean for name, (_, mean, _) in DEFAULTS.items()}
    rows = [usual, usual | {"skip_share": 0.9}, usual | {"praise_rate": 0.5}, usual | {"completion": None}]
    columns = ", ".join(f"{name} double" for name in BEHAVIOUR)
    frame = local_rows(spark, [(TODAY, *row.values()) for row in rows], f"session_date date, {columns}")
    plain, skipping, praising, unknown = (
        r.satisfaction for r in index(frame, default(spark, TODAY)).collect()
    )
    assert skipping < plain == unknown == 0.5 < praising


@pytest.fixture(scope="module")
def past(spark: SparkSession) -> DataFrame:
    """Sessions of listeners some of whom come often, and skip more when they do."""
    chance = np.random.default_rng(5)
    rows = []
    for user in range(300):
        habit = chance.poisson(6)
        for n in range(10):
            skip = float(np.clip(chance.normal(0.1 + 0.03 * habit, 0.1), 0, 1))
            completion = float(np.clip(chance.normal(0.8 - 0.3 * skip, 0.15), 0, 1))
            others = chance.random(len(BEHAVIOUR) - 2)
            odds = -1.5 + 2.5 * completion - 1.5 * skip + 0.4 * np.log1p(habit) - 0.5 * others[1]
            back = bool(chance.random() < 1 / (1 + np.exp(-odds)))
            rows.append((f"s{user} {n}", f"u{user}", completion, skip, *map(float, others), int(habit), back))
    columns = ", ".join(f"{name} double" for name in BEHAVIOUR)
    return local_rows(
        spark,
        rows,
        f"session_key string, user_id string, {columns}, recent_sessions bigint, returned_7d boolean",
    )


@pytest.fixture(scope="module")
def model(past: DataFrame) -> Row:
    return fit(sample(past), TODAY, fewest=(500, 50)).collect()[0]


def test_weights_are_those_of_newtons_method_under_the_same_signs(past: DataFrame, model: Row) -> None:
    rows = sample(past).toPandas()
    names = [*BEHAVIOUR, "habit"]
    x = rows[names].to_numpy()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y, fold = rows["label"].to_numpy(float), rows["fold"].to_numpy()
    fits = np.array([newton(x[fold != one], y[fold != one], names) for one in range(FOLDS)])
    expected = dict(zip(["intercept", *names], fits.mean(axis=0), strict=True))
    found = {name: model[f"{name}_weight"] for name in names} | {"intercept": model["intercept"]}
    assert found == pytest.approx(expected, abs=2e-4)
    assert model.skip_share_weight < 0 < model.completion_weight
    assert not model.is_default

    p = 1 / (1 + np.exp(-(fits[fold, 0] + (x[:, :-1] * fits[fold, 1:-1]).sum(axis=1))))
    assert model.brier == pytest.approx(np.mean((p - y) ** 2), abs=1e-3)
    wins = p[y == 1][:, None] - p[y == 0][None, :]
    assert model.auc == pytest.approx(np.mean(wins > 0) + np.mean(wins == 0) / 2, abs=1e-3)
    tenths = np.array_split(np.argsort(p), 10)
    gaps = [len(part) * abs(p[part].mean() - y[part].mean()) for part in tenths]
    assert model.calibration_error == pytest.approx(sum(gaps) / len(y), abs=5e-3)


def newton(x: np.ndarray, y: np.ndarray, names: list[str]) -> np.ndarray:
    """Penalised logistic regression by Newton's method; a weight that would leave its sign stays at 0."""
    signs = np.array([0, *(SIGNS.get(name, 0) for name in names)])
    design, weights = np.column_stack([np.ones(len(y)), x]), np.zeros(x.shape[1] + 1)
    ridge = np.diag([0, *[PENALTY] * x.shape[1]])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (p - y) / len(y) + ridge @ weights
        curvature = (design * (p * (1 - p))[:, None]).T @ design / len(y) + ridge
        free = ~((signs != 0) & (weights == 0) & (signs * gradient > 0))
        weights[free] -= np.linalg.solve(curvature[np.ix_(free, free)], gradient[free])
        weights[signs * weights < 0] = 0
    return weights


def test_the_order_of_sessions_does_not_change_the_weights(past: DataFrame, model: Row) -> None:
    shuffled = past.repartition(3, F.xxhash64("session_key", F.lit("another order")))
    assert fit(sample(shuffled), TODAY, fewest=(500, 50)).collect() == [model]


def test_a_value_that_never_varies_has_no_weight(past: DataFrame) -> None:
    same = past.withColumns({"dislike_rate": F.lit(0.0), "completion": F.lit(None).cast("double")})
    model = fit(sample(same), TODAY, fewest=(500, 50)).collect()[0]
    assert not model.is_default
    assert (model.dislike_rate_weight, model.completion_weight) == (0, 0)
    assert model.skip_share_weight < 0


def test_a_value_may_vary_among_one_third_of_the_listeners_only(past: DataFrame) -> None:
    of_first = F.pmod(F.xxhash64("user_id"), F.lit(FOLDS)) == 0
    one_third = past.withColumn("discovery", F.when(of_first, F.col("discovery")).otherwise(0.5))
    model = fit(sample(one_third), TODAY, fewest=(500, 50)).collect()[0]
    assert not model.is_default
    assert model.skip_share_weight < 0 < abs(model.discovery_weight)


@pytest.mark.parametrize("fewest", [(3001, 50), (500, 2000)], ids=["of both kinds", "of a kind"])
def test_too_few_sessions_leave_the_defaults(past: DataFrame, fewest: tuple[int, int]) -> None:
    model = fit(sample(past), TODAY, fewest=fewest).collect()[0]
    assert model.is_default
    assert model.sessions == 3000
    assert model.skip_share_weight == DEFAULTS["skip_share"][0]
    assert model.brier is None
