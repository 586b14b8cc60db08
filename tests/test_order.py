"""Days in any order, in one run or job by job, give the lake of one run over all of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bench import star_schema
from jobs import build_dimensions, build_facts, build_marts, ingest_events, run_pipeline
from tests.conftest import SMALL_LOGS, Job
from tests.same_lake import OF_RUNS, same_lake
from tracklake.lake import Lake

pytestmark = pytest.mark.slow

DAYS = [date(2018, 12, day) for day in (28, 29, 30, 31)] + [date(2019, 1, 1)]


def test_day_by_day_from_the_middle_equals_one_run(run_job: Job, small: Lake, tmp_path: Path) -> None:
    """Days later and earlier than those that are there, and between them; backwards is the next test.

    The marts come with the last two days, one of them between the others, one before them.
    """
    for day, job in (
        (2, star_schema),
        (4, star_schema),
        (1, star_schema),
        (3, run_pipeline),
        (0, run_pipeline),
    ):
        lake = run_job(job, tmp_path / "lake", SMALL_LOGS, DAYS[day], DAYS[day])
    same_lake(lake, small)
    members = lake.read(OF_RUNS).where("metric = 'share.new_members'").select("table_name").distinct()
    assert {row.table_name for row in members.collect()} == {"dim_user", "dim_track", "dim_artist"}


def test_jobs_one_by_one_equal_the_pipeline(run_job: Job, small: Lake, tmp_path: Path) -> None:
    """The last days come first. What is pending adds up: facts are built after two ingests and two builds of the
    dimensions, marts anew where what was new, and who came back, is now told from days before."""
    lake = tmp_path / "lake"
    run_job(ingest_events, lake, SMALL_LOGS, DAYS[2], DAYS[4])
    run_job(build_dimensions, lake)
    run_job(build_facts, lake)
    run_job(build_marts, lake)
    run_job(ingest_events, lake, SMALL_LOGS, DAYS[1], DAYS[1])
    run_job(build_dimensions, lake)
    run_job(ingest_events, lake, SMALL_LOGS, DAYS[0], DAYS[0])
    run_job(build_dimensions, lake)
    run_job(build_facts, lake)
    same_lake(run_job(build_marts, lake), small)
