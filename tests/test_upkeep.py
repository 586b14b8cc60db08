"""Upkeep of a lake: what it may remove and what it must not, and small files that become few without a row changed."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from jobs import maintain_lake
from tests.by_hand import (
    FIRST,
    NEXT_DAY,
    SECOND,
    TABLES,
    THIRD,
    Work,
    die_before_release,
    heads,
    open_lake,
    release,
    released,
    stage,
    whole,
)
from tracklake import cli, data_docs, runs
from tracklake.errors import Overtaken, TracklakeError
from tracklake.lake import Lake, claims
from tracklake.lake.claims import Claim, Claims
from tracklake.lake.cleaning import Cleaned, Named, kept
from tracklake.lake.cleaning import clean as clean_with_claim
from tracklake.lake.compaction import (
    LARGEST,
    SMALL,
    compacted,
    is_awaited,
    publish_compacted,
    worth_compacting,
)
from tracklake.lake.delta import DataFile, DeltaLog
from tracklake.lake.publish import Staged
from tracklake.lake.releases import NO_RELEASE, Ledger, Release
from tracklake.storage import Folder

NOW = datetime.now(UTC)
RETENTION = 30


def clean(lake: Lake, now: datetime, retention_days: int) -> dict[str, Cleaned]:
    with lake.claims.held_by("maintenance", print) as held:
        return clean_with_claim(Named(lake), now, retention_days, held, print)


def days(number: float) -> datetime:
    return NOW + timedelta(days=number)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with three releases, each of which replaces all rows of the one before."""
    lake = open_lake(tmp_path / "lake")
    for work in (FIRST, SECOND, THIRD):
        release(lake, work)
    return lake


def test_a_release_is_kept_for_its_retention_from_when_it_was_followed() -> None:
    """Not from when it was made: until it was followed it was what everyone read."""
    made = [
        replace(NO_RELEASE, release=n, released_at=days(at)) for n, at in enumerate((-99, -50, -20, -1), 1)
    ]
    assert [one.release for one in kept(made, NOW, RETENTION)] == [2, 3, 4]
    assert [one.release for one in kept(made[:1], NOW, RETENTION)] == [1], "the newest stays whatever its age"
    assert kept([], NOW, RETENTION) == []


def test_within_the_retention_nothing_goes(lake: Lake) -> None:
    assert clean(lake, days(RETENTION - 1), RETENTION) == {}


def test_after_the_retention_only_the_newest_release_is_left_and_is_whole(lake: Lake) -> None:
    cleaned = clean(lake, days(RETENTION + 1), RETENTION)
    assert {place: gone.files for place, gone in cleaned.items()} == dict.fromkeys(TABLES, 2)
    assert all(gone.bytes > 0 for gone in cleaned.values())
    assert released(lake, lake.ledger.newest()) == heads(lake) == whole(3)
    assert released(lake, release(lake, Work("fourth", 4))) == whole(4)


def optimize(lake: Lake) -> None:
    """What somebody does to the tables by hand."""
    for table in TABLES:
        DeltaTable(lake.path(table)).optimize.compact()


@pytest.mark.parametrize(
    ("beside", "by_hand"),
    [(lambda lake: die_before_release(lake, Work("dead", 9)), 0), (optimize, len(TABLES))],
    ids=["a dead run", "OPTIMIZE"],
)
def test_vacuum_after_maintenance_leaves_the_newest_release(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], beside: Callable[[Lake], None], by_hand: int
) -> None:
    """Who commits beside the releases makes the newest one's files such as VACUUM removes, once they are old."""
    lake = open_lake(tmp_path / "lake")
    for work in (FIRST, replace(SECOND, only_adds=True)):
        release(lake, work)
    beside(lake)
    clean(lake, NOW, RETENTION)
    assert capsys.readouterr().out.count("changed by hand after release 2 (OPTIMIZE in version 3)") == by_hand
    assert heads(lake) == whole(1, 2)
    for table in TABLES:
        DeltaTable(lake.path(table)).vacuum(0, dry_run=False, enforce_retention_duration=False)
    assert released(lake, lake.ledger.newest()) == heads(lake) == whole(1, 2)
    assert released(lake, release(lake, THIRD)) == whole(3)


def test_what_a_job_last_built_from_stays_for_it(tmp_path: Path) -> None:
    """It compares those versions with the newest ones when it runs again, however late."""
    lake = open_lake(tmp_path / "lake")
    release(lake, FIRST, inputs={"a_job": TABLES})
    release(lake, SECOND)
    release(lake, THIRD)
    cleaned = clean(lake, days(RETENTION + 1), RETENTION)
    assert {place: gone.files for place, gone in cleaned.items()} == dict.fromkeys(TABLES, 1)
    first, *_ = lake.ledger.all()
    assert released(lake, first) == whole(1)


def grow_old(*folders: str) -> None:
    """Makes all files below the folders nine days old."""
    for file in (file for folder in folders for file in Path(folder).rglob("*.parquet")):
        os.utime(file, (days(-9).timestamp(),) * 2)


def test_what_a_live_run_has_staged_stays(lake: Lake) -> None:
    grow_old(*[f"{lake.path(table)}/staged-{run}" for table in TABLES for run in ("first", "second")])
    staged = stage(lake, lake.ledger.newest(), Work("live", 4))
    cleaned = clean(lake, days(2), 1)
    assert {place: gone.files for place, gone in cleaned.items()} == dict.fromkeys(TABLES, 2), "of 1 and 2"
    assert all(any(Path(one.path).rglob("*.parquet")) for one in staged.values())


def test_what_dead_runs_left_goes(lake: Lake) -> None:
    stage(lake, lake.ledger.newest(), Work("dead", 4))
    scratch = Path(lake.path("_scratch"), "dead", "arrivals", "part-0.parquet")
    scratch.parent.mkdir(parents=True)
    scratch.write_text("rows")
    assert clean(lake, days(2), RETENTION) == {}, "it may yet live"
    cleaned = clean(lake, days(4), RETENTION)
    assert {place: gone.files for place, gone in cleaned.items()} == dict.fromkeys([*TABLES, "_scratch"], 1)


def test_cleaning_stops_where_its_claim_was_taken_over(lake: Lake) -> None:
    with lake.claims.held_by("slow", print) as held:
        lake.claims._write(held.version, Claim("quick", "another machine", 1))
        with pytest.raises(Overtaken):
            clean_with_claim(Named(lake), days(RETENTION + 1), RETENTION, held)
    assert all(released(lake, one) == whole(one.release) for one in lake.ledger.all())


def test_what_was_looked_up_before_the_claim_is_not_looked_up_while_others_wait_for_it(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = Named(lake)
    named.look_up(lake.ledger.all())
    release(lake, Work("meanwhile", 4))
    looked_up, files = [], DeltaLog.files

    def look_up(self: DeltaLog, version: int) -> list[DataFile]:
        looked_up.append((Path(self.uri).name, version))
        return files(self, version)

    monkeypatch.setattr(DeltaLog, "files", look_up)
    with lake.claims.held_by("maintenance", print) as held:
        assert clean_with_claim(named, NOW, RETENTION, held) == {}
    newest = lake.ledger.newest()
    assert set(looked_up) == {(table, newest.tables[table]) for table in TABLES}
    assert all(released(lake, one) == whole(one.release) for one in lake.ledger.all())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that claims go by, which pass only where a test says so."""
    seconds = [0.0]
    by_hand = SimpleNamespace(monotonic=lambda: seconds[0], sleep=time.sleep)
    monkeypatch.setattr(claims, "time", by_hand)
    return seconds


def test_a_claim_is_never_old_while_files_are_named_and_removed(
    lake: Lake, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise another run takes it over, and brings back a release whose files are about to go."""
    stated, ages = [0.0], []
    step, write, files, remove = claims.LEASE * 0.6, Claims._write, DeltaLog.files, Folder.remove_file

    def state(self: Claims, base: int, claim: Claim) -> int:
        stated[0] = clock[0]
        return write(self, base, claim)

    def pass_by() -> None:
        clock[0] += step
        ages.append(clock[0] - stated[0])

    def name(self: DeltaLog, version: int) -> list[DataFile]:
        pass_by()
        return files(self, version)

    def go(self: Folder, path: str) -> None:
        pass_by()
        remove(self, path)

    monkeypatch.setattr(Claims, "_write", state)
    monkeypatch.setattr(DeltaLog, "files", name)
    monkeypatch.setattr(Folder, "remove_file", go)
    cleaned = clean(lake, days(RETENTION + 1), RETENTION)
    assert sum(gone.files for gone in cleaned.values()) == 2 * len(TABLES)
    assert len(ages) > 2 * len(TABLES)
    assert max(ages) < claims.LEASE


def test_nothing_is_removed_where_a_claim_took_too_long_to_be_renewed(
    lake: Lake, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Claims._write

    def slowly(self: Claims, base: int, claim: Claim) -> int:
        clock[0] += claims.LEASE * 0.6
        return write(self, base, claim)

    monkeypatch.setattr(Claims, "_write", slowly)
    with pytest.raises(Overtaken, match="took too long"):
        clean(lake, days(RETENTION + 1), RETENTION)
    assert all(released(lake, one) == whole(one.release) for one in lake.ledger.all())


def test_a_run_lives_while_it_writes_anything(lake: Lake) -> None:
    staged = stage(lake, lake.ledger.newest(), Work("long", 4))
    grow_old(*[one.path for one in staged.values()])
    scratch = Path(lake.path("_scratch"), "long", "part-0.parquet")
    scratch.parent.mkdir(parents=True)
    scratch.write_text("rows")
    assert clean(lake, NOW, RETENTION) == {}


def test_a_red_run_stays_for_a_look_as_long_as_a_release(lake: Lake) -> None:
    stage(lake, lake.ledger.newest(), Work("red", 4))
    Path(lake.path("_runs")).mkdir()
    Path(lake.path("_runs"), "red.json").write_text("{}")
    assert clean(lake, days(RETENTION - 1), RETENTION) == {}
    assert clean(lake, days(RETENTION + 1), RETENTION)["_runs"].files == 1


def test_a_run_may_go_red_while_files_are_removed(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(lake.path("_runs")).mkdir()
    Path(lake.path("_runs"), "old.json").write_text("{}")
    with lake.claims.held_by("maintenance", print) as held:
        record = Path(lake.path("_runs"), "red.json")
        monkeypatch.setattr(type(held), "keep", lambda self: record.write_text("{}"))
        cleaned = clean_with_claim(Named(lake), days(RETENTION + 1), RETENTION, held)
    assert cleaned["_runs"].files == 1
    assert record.exists()


def test_a_run_whose_staged_files_were_removed_publishes_nothing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests import by_hand

    def stage_and_lose(*args: object) -> object:
        staged = stage(*args)  # type: ignore[arg-type]
        shutil.rmtree(staged["fact_track_day"].path)
        return staged

    monkeypatch.setattr(by_hand, "stage", stage_and_lose)
    with pytest.raises(TracklakeError, match="1 of the files staged for fact_track_day are gone"):
        release(lake, Work("fourth", 4))
    assert released(lake, lake.ledger.newest()) == heads(lake) == whole(3)


def test_a_file_of_another_length_than_was_audited_is_not_published(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests import by_hand

    def stage_and_cut(*args: object) -> object:
        staged = stage(*args)  # type: ignore[arg-type]
        (file,) = Path(staged["dim_track"].path).rglob("*.parquet")
        file.write_bytes(file.read_bytes()[:-9])
        return staged

    monkeypatch.setattr(by_hand, "stage", stage_and_cut)
    with pytest.raises(TracklakeError, match="staged for dim_track are gone or were changed"):
        release(lake, Work("fourth", 4))
    assert heads(lake) == whole(3)


def a_file(number: int, size: int = 1) -> DataFile:
    return DataFile(f"staged-x/{number:03}", None, size, 0, 1)


def test_few_files_or_large_ones_are_left_alone() -> None:
    assert worth_compacting([a_file(n) for n in range(3)]) == []
    assert worth_compacting([a_file(n, SMALL) for n in range(9)]) == []
    assert worth_compacting([a_file(n, SMALL) for n in range(9)] + [a_file(9)]) == []
    assert len(worth_compacting([a_file(n) for n in range(4)])) == 4
    many = worth_compacting([a_file(n, SMALL - 1) for n in range(40)])
    assert LARGEST - SMALL < sum(file.size for file in many) <= LARGEST


@pytest.fixture
def scattered(tmp_path: Path) -> Lake:
    """A lake of five small files a slice, on two days."""
    lake = open_lake(tmp_path / "lake")
    for n in range(1, 6):
        release(lake, Work(f"run-{n}", n, only_adds=True), inputs={"a_job": TABLES})
    release(lake, Work("run-6", 6, NEXT_DAY, only_adds=True), inputs={"a_job": TABLES})
    return lake


@pytest.mark.usefixtures("spark")
def test_maintenance_removes_data_docs_that_are_old_and_not_listed(
    lake: Lake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_docs, "MOST_LISTED", 1)
    docs = Path(lake.path("_docs"))
    for run in ("1-old", "2-listed", "3-new"):
        for place in ("results", "site/validations"):
            page = docs / place / "event" / run / f"2026010{run[0]}T000000.000000Z" / "page"
            page.parent.mkdir(parents=True)
            page.write_text("told")
            os.utime(page, (days(1 if run == "3-new" else -RETENTION - 1).timestamp(),) * 2)
    shutil.rmtree(docs / "results" / "event" / "3-new")  # its results have yet to come
    assert cli.run_job(maintain_lake.main, ["--lake", lake.uri]) == 0
    assert re.search(r"_docs\W+0\W+0\W+2\W+8", capsys.readouterr().out)
    assert sorted(path.name for path in docs.glob("results/event/*")) == ["2-listed"]
    assert sorted(path.name for path in docs.glob("site/validations/event/*")) == ["2-listed", "3-new"]


@pytest.mark.usefixtures("spark")
def test_maintenance_compacts_nothing_while_a_red_run_may_be_published(
    scattered: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    base = scattered.ledger.newest()
    waits = replace(base, release=base.release + 1, run_id="red")
    runs.write(scattered, runs.RedRun(waits, base.release, stage(scattered, base, Work("red", 7)), {}, ()))
    assert cli.run_job(maintain_lake.main, ["--lake", scattered.uri]) == 0
    assert "Nothing is compacted while red may be published" in capsys.readouterr().out
    assert scattered.ledger.newest() == base


@pytest.mark.usefixtures("spark")
def test_maintenance_compacts_small_files_and_changes_no_row(
    scattered: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    before = heads(scattered)
    assert cli.run_job(maintain_lake.main, ["--lake", scattered.uri]) == 0
    assert "files compacted" in capsys.readouterr().out
    newest = scattered.ledger.newest()
    assert newest.release == 7
    assert released(scattered, newest) == heads(scattered) == before
    files = {table: len(scattered.log(table).files(newest.tables[table])) for table in TABLES}
    assert files == {"dim_track": 1, "fact_track_day": 2, "fact_artist_day": 2}
    assert newest.built_from == {"a_job": newest.tables}, "for jobs nothing has changed"
    assert newest.rows_added == {}

    assert cli.run_job(maintain_lake.main, ["--lake", scattered.uri]) == 0
    assert scattered.ledger.newest().release == 7, "there is nothing left to compact"


@pytest.mark.usefixtures("spark")
def test_maintenance_that_is_always_overtaken_removes_all_the_same(
    scattered: Lake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = count()

    def too_late(lake: Lake, base: Release, table: str, run_id: str) -> Staged | None:
        if table != "dim_track":
            return None
        change = compacted(lake, base, table, run_id)
        release(scattered, Work(f"beside-{next(beside)}", 7, only_adds=True), inputs={"a_job": TABLES})
        return change

    monkeypatch.setattr(maintain_lake, "compacted", too_late)
    dead = stage(scattered, scattered.ledger.newest(), Work("dead", 9))
    grow_old(*[one.path for one in dead.values()])
    assert cli.run_job(maintain_lake.main, ["--lake", scattered.uri]) == 1
    assert next(beside) == 3
    assert not [one.path for one in dead.values() if any(Path(one.path).rglob("*.parquet"))]
    assert not list(Path(scattered.path("dim_track")).glob("staged-*maintain*")), "its own copies are gone"
    (said,) = [line for line in capsys.readouterr().out.splitlines() if re.match(r"\W*dim_track\b", line)]
    assert re.findall(r"[\w,]+", said)[:4] == ["dim_track", "0", "0", "1"], (
        "nothing compacted, a file removed"
    )


def compact_by_hand(lake: Lake, base: Release) -> dict[str, Staged]:
    staged = stage(lake, base, Work("maintenance", 3))
    publish_compacted(lake, base, staged, replace(base, release=base.release + 1, run_id="maintenance"), 30)
    return staged


def test_what_was_compacted_in_vain_goes(lake: Lake) -> None:
    base = lake.ledger.newest()
    release(lake, Work("quick", 4))
    with pytest.raises(Overtaken):
        compact_by_hand(lake, base)
    assert not [table for table in TABLES if Path(lake.path(table), "staged-maintenance").exists()]
    assert released(lake, lake.ledger.newest()) == heads(lake) == whole(4)


def test_what_was_compacted_in_vain_stays_where_a_version_names_it(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads the table's folder reads it, until another run takes the version back."""

    def late(self: Ledger, release: Release) -> None:
        raise Overtaken("Another run was quicker, run it again.")

    monkeypatch.setattr(Ledger, "append", late)
    with pytest.raises(Overtaken):
        compact_by_hand(lake, lake.ledger.newest())
    assert all(Path(lake.path(table), "staged-maintenance").exists() for table in TABLES)
    assert heads(lake) == whole(3)


def test_what_a_job_has_yet_to_work_up_is_not_compacted(scattered: Lake) -> None:
    newest = release(scattered, Work("run-7", 7))
    assert all(is_awaited(newest, table) for table in TABLES)


def test_compacted_rows_that_differ_are_not_published(
    scattered: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tracklake.lake import compaction

    once = compaction.staging.write
    monkeypatch.setattr(
        compaction.staging, "write", lambda frame, of, path: once(frame.union(frame.limit(1)), of, path)
    )
    lake = Lake(spark, scattered.uri)
    with pytest.raises(TracklakeError, match="did not give the same rows"):
        compacted(lake, lake.ledger.newest(), "fact_track_day", "maintenance")
