"""The job: what is built in parts, the later days first, equals the oracle of everything."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from jobs import build_dimensions, build_facts, build_satisfaction, ingest_events
from tests.conftest import SMALL_LOGS, Job
from tests.oracle import assert_same
from tests.oracle import load as oracle_of

TABLES = ("satisfaction_model", "session_satisfaction", "mart_user_satisfaction", "mart_interplay")


@pytest.mark.slow
def test_days_that_come_late_change_what_depends_on_them(run_job: Job, tmp_path: Path) -> None:
    """The last days come first: what was new then, and who came back, is told anew from the days before."""
    for first, last in ((date(2018, 12, 30), date(2019, 1, 1)), (date(2018, 12, 28), date(2018, 12, 29))):
        run_job(ingest_events, tmp_path / "lake", SMALL_LOGS, first, last)
        run_job(build_dimensions, tmp_path / "lake")
        run_job(build_facts, tmp_path / "lake")
        lake = run_job(build_satisfaction, tmp_path / "lake")
    oracle = oracle_of(SMALL_LOGS, k=1)
    for table in TABLES:
        assert_same(oracle, table, lake.read(table))
