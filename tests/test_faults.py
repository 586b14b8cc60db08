"""Real processes: jobs killed at planned moments, two jobs at once, and storage that fails."""

from __future__ import annotations

import os
import shutil
import signal
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from bench import star_schema
from jobs import ingest_events
from tests.conftest import SMALL_LOGS
from tests.disks import disk
from tests.faults import reader, two_tables
from tests.faults.kill import digests, inflict, plan, started
from tests.faults.lakes import RANGE, Lakes, lakes_of, run
from tracklake import cli
from tracklake.lake.delta import DeltaLog

pytestmark = pytest.mark.slow

Said = pytest.CaptureFixture[str]
LAST_DAY = date(2019, 1, 1)
SEED = 7
KILLS = {
    0: "before a write",
    1: "at the end of a step",
    2: "in the middle of a step",
    9: "with a suite that fails",
}
"""One kill of each kind of the ten that the seed plans first."""


@pytest.fixture(
    scope="module",
    params=[
        two_tables,
        pytest.param(ingest_events, marks=pytest.mark.faults),
        pytest.param(star_schema, marks=pytest.mark.faults),
    ],
    ids=["two_tables", "ingest_events", "star_schema"],
)
def lakes(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Lakes:
    """A lake of two days, and what a run over two more makes of it."""
    return lakes_of(spark, tmp_path_factory.mktemp("lakes"), request.param)


@pytest.mark.parametrize("number", KILLS, ids=KILLS.values())
def test_a_killed_job_leaves_nothing_that_a_reader_or_the_next_run_could_mind(
    lakes: Lakes, tmp_path: Path, number: int
) -> None:
    kill = plan(10, SEED, lakes.steps, lakes.writes)[number]
    outcome = inflict(kill, lakes, tmp_path / "lake")
    assert outcome.wrong == []
    assert outcome.died
    assert outcome.looks > 3


@pytest.mark.parametrize("same", [True, False], ids=["on one range", "on different ranges"])
def test_of_two_jobs_at_once_both_land(spark: SparkSession, lakes: Lakes, tmp_path: Path, same: bool) -> None:
    """One has begun when the other publishes; it starts over from there, and says so."""
    lake, expected = tmp_path / "lake", tmp_path / "expected"
    shutil.copytree(lakes.history, lake)
    shutil.copytree(lakes.undisturbed, expected)
    if not same:
        run(spark, lakes.job, expected, LAST_DAY, LAST_DAY)
    first, last = RANGE if same else (LAST_DAY, LAST_DAY)
    slow = started(lakes.job, lake, "--start", str(first), "--end", str(last))
    assert slow.stdout
    said: list[str] = []
    for line in slow.stdout:
        said.append(line)
        steps = [one for one in said if one.startswith("✓")]
        if line.startswith("✓") and len(steps) == 2:  # Spark is up, and the run has begun
            os.killpg(slow.pid, signal.SIGSTOP)
            lakes.run_again(lake)
            os.killpg(slow.pid, signal.SIGCONT)
    assert slow.wait() == 0, "".join(said)
    assert "Another run published first: this one starts over from the newest release." in "".join(said)
    assert digests(lake) == digests(expected)


def fails_in_one_sentence(lakes: Lakes, lake: Path, said: Said) -> str:
    """The closing sentence of a job that ends with exit code 1."""
    start, end = (str(day) for day in RANGE)
    logs = ("--source", "sparkify", "--input", str(SMALL_LOGS), "--start", start, "--end", end)
    said.readouterr()
    assert cli.run_job(lakes.job.main, ["--lake", str(lake), *logs]) == 1
    seen = said.readouterr()
    assert "Traceback" not in seen.out + seen.err
    (sentence,) = seen.err.strip().splitlines()
    return sentence


def next_run_mends(lakes: Lakes, lake: Path) -> None:
    assert digests(lake) == digests(lakes.history), "readers saw nothing of it"
    lakes.run_again(lake)
    assert digests(lake) == digests(lakes.undisturbed)
    tied = reader.releases(lake)
    assert {table.name: reader.newest(table) for table in reader.tables(lake)} == tied[max(tied)]


def test_a_commit_that_storage_refuses_ends_in_one_sentence(
    lakes: Lakes, tmp_path: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(lakes.history, lake)
    once, left = DeltaLog.commit, iter(range(1))

    def refused(log: DeltaLog, *args: object) -> int:
        if next(left, None) is None:
            raise OSError(5, "Input/output error", log.uri)
        return once(log, *args)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(DeltaLog, "commit", refused)
        assert "Input/output error" in fails_in_one_sentence(lakes, lake, capsys)
    next_run_mends(lakes, lake)


def test_a_full_disk_ends_in_one_sentence(lakes: Lakes, tmp_path: Path, capsys: Said) -> None:
    with disk(tmp_path / "disk", "64m") as small:
        lake = small.folder / "lake"
        shutil.copytree(lakes.history, lake)
        small.fill(room=40 * 1024)
        fails_in_one_sentence(lakes, lake, capsys)
        small.empty()
        next_run_mends(lakes, lake)


def test_a_read_only_lake_ends_in_one_sentence(lakes: Lakes, tmp_path: Path, capsys: Said) -> None:
    with disk(tmp_path / "disk", "64m") as small:
        lake = small.folder / "lake"
        shutil.copytree(lakes.history, lake)
        small.remount("ro")
        fails_in_one_sentence(lakes, lake, capsys)
        small.remount("rw")
        next_run_mends(lakes, lake)
