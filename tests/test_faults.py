"""Real processes: jobs killed at planned moments, two jobs at once, upkeep beside a job, and storage that fails."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from bench import star_schema
from jobs import ingest_events, maintain_lake
from tests.conftest import SMALL_LOGS
from tests.disks import disk
from tests.faults import reader, two_tables
from tests.faults.kill import digests, inflict, kill_group, plan, started
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
    with meeting(lakes.job, lake, first, last) as said:
        lakes.run_again(lake)
    assert "Another run published first: this one starts over from the newest release." in said()
    assert digests(lake) == digests(expected)


@contextmanager
def meeting(job: ModuleType, lake: Path, first: date, last: date) -> Iterator[Callable[[], str]]:
    """A job that has begun, and holds its breath while the block lasts; once it has ended well, what it said."""
    slow = started(job, lake, "--start", str(first), "--end", str(last))
    assert slow.stdout
    said = []
    try:
        for line in slow.stdout:
            said.append(line)
            ended = sum(one.startswith("✓") for one in said)
            if ended == 2:  # Spark is up, and the run has begun
                break
        os.killpg(slow.pid, signal.SIGSTOP)
        yield lambda: "".join(said)
        os.killpg(slow.pid, signal.SIGCONT)
        said += slow.stdout
        assert slow.wait() == 0, "".join(said)
    finally:
        kill_group(slow)


@pytest.mark.parametrize("lakes", [two_tables], indirect=True, ids=["two_tables"])
def test_upkeep_beside_a_job_harms_neither(spark: SparkSession, lakes: Lakes, tmp_path: Path) -> None:
    """A job has begun when small files become one, and what a dead run once staged goes."""
    lake, expected = tmp_path / "lake", tmp_path / "expected"
    shutil.copytree(lakes.history, lake)
    for day in (24, 25, 26, 27):
        run(spark, two_tables, lake, date(2018, 12, day), date(2018, 12, day))
    shutil.copytree(lake, expected)
    lakes.run_again(expected)
    before, release = digests(lake), max(reader.releases(lake))
    dead = lake / "dim_date" / "staged-dead" / "part-0.parquet"
    dead.parent.mkdir()
    dead.write_bytes(b"rows")
    os.utime(dead, (0, 0))

    with meeting(two_tables, lake, *RANGE) as said:
        assert cli.run_job(maintain_lake.main, ["--lake", str(lake)]) == 0
        tied = reader.releases(lake)
        assert len(DeltaTable(lake / "dim_date").file_uris()) == 1
        assert not dead.exists()
    assert "starts over from the newest release" in said()
    assert digests(lake) == digests(expected)
    for kept in (release, release + 1):
        assert {table: reader.digest(lake / table, n) for table, n in tied[kept].items()} == before


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
