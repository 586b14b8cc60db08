"""build_satisfaction where there is enough past to learn from: weights, and indices by them, whatever the order."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import cast

import duckdb
import pytest
from pyspark.sql import SparkSession

from bench import star_schema
from jobs import build_satisfaction
from tests.conftest import Job
from tests.same_lake import same_lake
from tracklake.generator import generate_logs
from tracklake.lake import Lake
from tracklake.run import Run
from tracklake.tables.satisfaction_model import BEHAVIOUR
from tracklake.transforms.periods import start_of
from tracklake.transforms.return_model import fit

pytestmark = pytest.mark.slow

FIRST = start_of("28_days", date(2025, 10, 29))
SECOND = FIRST + timedelta(days=28)
LAST = FIRST + timedelta(days=41)


def main(run: Run) -> None:
    star_schema.main(run)
    build_satisfaction.main(run)


job = cast(ModuleType, SimpleNamespace(__name__="build_satisfaction", main=main))


@pytest.fixture(scope="module")
def logs(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six weeks of logs, of every third day: a block of 28 days to learn from, and half of the one that it serves."""
    folder = tmp_path_factory.mktemp("logs")
    generate_logs(spark, str(folder), days=42, users=40, seed=5, start=FIRST)
    for number, day in enumerate(sorted((folder / "log_data").glob("date=*"))):
        if number % 3:
            shutil.rmtree(day)
    return folder


@pytest.fixture(scope="module", autouse=True)
def little_is_enough() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_satisfaction, "fit", partial(fit, fewest=(40, 2)))
        yield


@pytest.fixture(scope="module")
def lake(run_job: Job, logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    return run_job(job, tmp_path_factory.mktemp("learned") / "lake", logs)


def test_what_is_known_before_a_period_gives_its_weights(lake: Lake) -> None:
    models = {row.period_start: row for row in lake.read("satisfaction_model").collect()}
    assert (models[FIRST].is_default, models[SECOND].is_default) == (True, False)
    known = lake.read("session_satisfaction").where(
        f"returned_7d IS NOT NULL AND session_date < DATE '{SECOND - timedelta(days=7)}'"
    )
    assert (models[SECOND].sessions, models[SECOND].returns) == (
        known.count(),
        known.where("returned_7d").count(),
    )


def test_every_session_has_the_index_of_its_periods_model(lake: Lake) -> None:
    con = duckdb.connect()
    for table in ("satisfaction_model", "session_satisfaction"):
        con.register(table, lake.read(table).toArrow())
    odds = " + ".join(
        f"{name}_weight * (coalesce({name}, {name}_mean) - {name}_mean) / {name}_sd" for name in BEHAVIOUR
    )
    found = con.execute(
        f"SELECT is_default, count(*), max(abs(satisfaction - 1 / (1 + exp(-(intercept + {odds}))))) < 1e-6 "
        "FROM session_satisfaction JOIN satisfaction_model "
        f"ON period_start = if(session_date < DATE '{SECOND}', DATE '{FIRST}', DATE '{SECOND}') GROUP BY ALL"
    ).fetchall()
    assert {(is_default, right) for is_default, _, right in found} == {(True, True), (False, True)}
    assert sum(count for _, count, _ in found) == lake.read("session_satisfaction").count()


@pytest.mark.usefixtures("unaudited")
def test_a_past_that_comes_later_is_learned_from(
    run_job: Job, lake: Lake, logs: Path, tmp_path: Path
) -> None:
    """The first weeks come last: models and indices of the sessions after them follow."""
    late = tmp_path / "lake"
    run_job(job, late, logs, FIRST + timedelta(days=14), LAST)
    same_lake(run_job(job, late, logs, FIRST, FIRST + timedelta(days=13)), lake)
