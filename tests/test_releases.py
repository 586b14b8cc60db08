"""Releases as people meet them: listed, read as of a moment, and brought back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import SparkSession
from rich.console import Console

from bench import star_schema
from jobs import releases, rollback
from tests.by_hand import (
    FIRST,
    NEXT_DAY,
    SECOND,
    TABLES,
    THIRD,
    Work,
    die_before_release,
    heads,
    mixed,
    open_lake,
    release,
    released,
    stage,
    whole,
)
from tests.conftest import SMALL_LOGS, Job
from tests.same_lake import same_lake
from tracklake import cli, summary
from tracklake.errors import Overtaken, TracklakeError, WrongUsage
from tracklake.lake import Lake, Release
from tracklake.lake.claims import Claim
from tracklake.lake.delta import DeltaLog
from tracklake.lake.publish import publish
from tracklake.lake.releases import NO_RELEASE
from tracklake.lake.rollback import roll_back
from tracklake.progress import Steps

DAYS = [date(2018, 12, day) for day in (28, 29, 30, 31)] + [date(2019, 1, 1)]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with the releases 1 to 3, whose tables hold the markers 1, 2 and 2 with 3 on the next day."""
    lake = open_lake(tmp_path / "lake")
    release(lake, FIRST, inputs={"a_job": TABLES})
    release(lake, SECOND)
    release(lake, Work("third", 3, NEXT_DAY))
    return lake


def back(lake: Lake, to: int, note: Callable[[str], None] = print) -> Release:
    newest = lake.ledger.newest()
    by = Release(newest.release + 1, newest.released_at, f"back to {to}", "rollback", "0", {})
    return roll_back(lake, lake.ledger.all()[to - 1], by, note)


def test_rolling_back_makes_a_new_release_with_the_old_rows(lake: Lake) -> None:
    fourth = back(lake, 1)
    assert (fourth.release, fourth.rolled_back_to) == (4, 1)
    assert released(lake, lake.ledger.newest()) == heads(lake) == whole(1)
    assert (fourth.rows_added, fourth.rows_removed["fact_track_day"]) == (dict.fromkeys(TABLES, 1), 2)
    assert fourth.built_from == {"a_job": fourth.tables}, "the job has built from all there is"
    assert released(lake, lake.ledger.all()[2]) == mixed(3, 2, 3), "what was rolled back stays readable"


def test_a_day_means_its_end_and_a_time_without_a_zone_utc(lake: Lake) -> None:
    first, *_, last = lake.ledger.all()
    today = last.released_at.date()
    assert lake.release(today).release == lake.release(str(today)).release == 3
    assert lake.release(date.max).release == lake.release("9999-12-31").release == 3
    at = first.released_at
    assert [lake.release(each).release for each in (at, at.isoformat(), at.replace(tzinfo=None))] == [1, 1, 1]


def test_a_release_may_be_a_number_of_numpys(lake: Lake) -> None:
    assert lake.release(np.int64(2)).release == 2


@pytest.mark.parametrize("as_of", [True, 1.0, [1]])
def test_what_names_no_release_is_wrong_usage(lake: Lake, as_of: Any) -> None:
    with pytest.raises(WrongUsage, match="names no release: give its number, or a date or time"):
        lake.release(as_of)


def test_after_a_rollback_a_job_builds_all_anew_where_what_it_had_built_from_is_gone(tmp_path: Path) -> None:
    """The rows of release 3 are all there; those of 1, with which a_job would compare them, are not."""
    lake = open_lake(tmp_path / "lake")
    release(lake, FIRST, inputs={"a_job": TABLES, "another": ("fact_artist_day",)})
    for work in (SECOND, THIRD, Work("fourth", 4)):
        release(lake, work)
    shutil.rmtree(tmp_path / "lake" / "dim_track" / "staged-first")
    said: list[str] = []
    fifth = back(lake, 3, said.append)
    assert released(lake, fifth) == heads(lake) == whole(3)
    assert fifth.built_from == {
        "another": {"fact_artist_day": lake.ledger.all()[0].tables["fact_artist_day"]}
    }
    assert said == ["a_job will build all of its tables anew: what it had built from in dim_track is gone."]


def test_a_rollback_can_be_rolled_back(lake: Lake) -> None:
    back(lake, 1)
    back(lake, 3)
    assert released(lake, lake.ledger.newest()) == heads(lake) == mixed(3, 2, 3)
    assert released(lake, release(lake, Work("sixth", 6))) == mixed(6, 6, 3)


def test_a_rollback_to_the_newest_release_takes_back_what_a_dead_run_committed(lake: Lake) -> None:
    newest = lake.ledger.newest()
    die_before_release(lake, Work("dead", 9))
    assert heads(lake) == mixed(9, 3, 9)
    assert back(lake, 3) == lake.ledger.newest() == newest
    assert heads(lake) == released(lake, newest) == mixed(3, 2, 3)


def test_tables_that_came_later_are_gone_after_a_rollback_and_come_again(tmp_path: Path) -> None:
    lake = open_lake(tmp_path / "lake")
    ours = Release(1, NO_RELEASE.released_at, "nothing", "by_hand", "0", {})
    publish(lake, NO_RELEASE, {}, {}, ours, 30)
    release(lake, SECOND)
    assert back(lake, 1).tables == {}
    assert heads(lake) == whole()
    fourth = release(lake, THIRD)
    assert released(lake, fourth) == heads(lake) == whole(3)


def test_a_release_whose_files_are_gone_cannot_be_brought_back(lake: Lake) -> None:
    shutil.rmtree(Path(lake.path("fact_track_day"), "staged-first"))
    with pytest.raises(WrongUsage, match="1 files of table fact_track_day are gone"):
        back(lake, 1)
    assert released(lake, lake.ledger.newest()) == heads(lake) == mixed(3, 2, 3)


def test_a_release_whose_files_are_gone_is_not_read_where_the_others_are(
    lake: Lake, spark: SparkSession
) -> None:
    shutil.rmtree(Path(lake.path("fact_track_day"), "staged-first"))
    reader = Lake(spark, lake.uri)
    with pytest.raises(WrongUsage, match="1 files of table fact_track_day are gone"):
        reader.read("fact_track_day", as_of=1)
    assert [reader.read("fact_track_day", as_of=number).count() for number in (2, 3)] == [1, 2]
    assert reader.read("dim_track", as_of=1).count() == 1


def test_where_vacuum_took_files_of_the_newest_release_an_older_one_can_be_brought_back(lake: Lake) -> None:
    table = DeltaTable(lake.path("fact_track_day"))
    table.delete("plays = 3")
    table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    for run in (lambda: release(lake, Work("fourth", 4)), lambda: back(lake, 3)):
        with pytest.raises(
            TracklakeError, match=r"Release 3 of .* 1 files of table fact_track_day are gone"
        ) as told:
            run()
        assert told.value.exit_code == 1
    fourth = back(lake, 2)
    assert released(lake, fourth) == heads(lake) == whole(2)
    assert fourth.rows_removed == {"dim_track": 1, "fact_track_day": 1, "fact_artist_day": 1}
    assert released(lake, release(lake, Work("fifth", 5, NEXT_DAY))) == heads(lake) == mixed(5, 2, 5)


def test_a_rollback_whose_claim_was_taken_over_makes_no_release(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has the claim now may be maintenance, which removes files of releases that were to be kept no longer."""
    restore = DeltaLog.restore

    def slowly(self: DeltaLog, base: int, version: int, run_id: str) -> int:
        claimed, by = lake.claims.newest()
        if by.run_id == run_id:
            lake.claims._write(claimed, Claim("maintenance", "another machine", 1))
        return restore(self, base, version, run_id)

    monkeypatch.setattr(DeltaLog, "restore", slowly)
    with pytest.raises(Overtaken, match="took too long"):
        back(lake, 1)
    assert released(lake, lake.ledger.newest()) == mixed(3, 2, 3)


def test_a_run_that_began_before_a_rollback_is_refused(lake: Lake) -> None:
    base = lake.ledger.newest()
    back(lake, 2)
    with pytest.raises(Overtaken):
        release(lake, Work("late", 9), base)
    assert heads(lake) == whole(2)


def test_a_ledger_of_an_older_library_is_read_and_goes_on(lake: Lake) -> None:
    """It lacks the columns that came later."""
    ledger = Path(lake.ledger.uri)
    rows = DeltaTable(ledger).to_pyarrow_table().drop_columns(["accepted", "rolled_back_to"])
    shutil.rmtree(ledger)
    DeltaTable.create(ledger, rows.schema)
    for n in range(rows.num_rows):
        write_deltalake(ledger, rows.sort_by("release").slice(n, 1), mode="append")
    assert released(lake, lake.ledger.newest()) == mixed(3, 2, 3)
    assert back(lake, 2).rolled_back_to == lake.ledger.newest().rolled_back_to == 2
    assert [one.release for one in lake.ledger.all()] == [1, 2, 3, 4]


def test_the_list_says_when_what_and_by_whom(lake: Lake) -> None:
    back(lake, 1)
    said = StringIO()
    Steps(Console(file=said, width=160)).table("Releases", *summary.releases(lake.ledger.all()[::-1]))
    for words in (
        "rollback",
        "release 1 brought back",
        "fact_track_day +1 -2",
        "by_hand",
        "third",
        "dim_track +1 -1",
    ):
        assert words in said.getvalue()


def test_the_list_names_tables_that_only_lost_rows(lake: Lake) -> None:
    _, ((*_, changed, _),) = summary.releases([back(lake, 2)])
    assert changed == "dim_track +1 -1\nfact_track_day +0 -1\nfact_artist_day +0 -1"


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("99", "has no release 99"),
        ("0", "has no release 0"),
        ("soon", "names no release"),
        ("1999-01-01", "no release"),
    ],
)
@pytest.mark.usefixtures("spark")
def test_a_wrong_release_is_refused(
    lake: Lake, capsys: pytest.CaptureFixture[str], to: str, words: str
) -> None:
    assert cli.run_job(rollback.main, ["--lake", lake.uri, "--to", to]) == 2
    assert words in capsys.readouterr().err
    assert lake.ledger.newest().release == 3


@pytest.mark.usefixtures("spark")
def test_the_jobs_list_and_roll_back(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run_job(rollback.main, ["--lake", lake.uri, "--to", "2"]) == 0
    assert cli.run_job(releases.main, ["--lake", lake.uri, "--last", "2"]) == 0
    said = capsys.readouterr().out
    assert "release 2 brought back" in said
    assert "2 older releases: --last 4 shows them" in said
    assert heads(lake) == whole(2)


def test_a_job_without_logs_takes_no_flags_of_logs(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run_job(rollback.main, ["--help"]) == 0
    said = capsys.readouterr().out
    assert "--to RELEASE" in said
    assert "--source" not in said
    assert cli.run_job(releases.main, ["--start", "2018-11-01"]) == 2


@pytest.mark.usefixtures("spark")
def test_an_empty_lake_has_no_releases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for job, flags in ((releases, []), (rollback, ["--to", "1"]), (rollback, ["--to", "2026-01-31"])):
        assert cli.run_job(job.main, ["--lake", str(tmp_path / "lake"), *flags]) == 4
        assert "There is no lake at" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.usefixtures("unaudited")
def test_a_run_after_a_rollback_equals_one_that_never_had_what_was_rolled_back(
    run_job: Job, tmp_path: Path
) -> None:
    with_it, without = tmp_path / "with", tmp_path / "without"
    run_job(star_schema, with_it, SMALL_LOGS, DAYS[0], DAYS[1])
    shutil.copytree(with_it, without)
    run_job(star_schema, with_it, SMALL_LOGS, DAYS[2], DAYS[3])
    run_job(rollback, with_it, to="1")
    same_lake(
        run_job(star_schema, with_it, SMALL_LOGS, DAYS[4], DAYS[4]),
        run_job(star_schema, without, SMALL_LOGS, DAYS[4], DAYS[4]),
    )


def test_a_release_stays_readable_however_long_ago_its_tables_were_written(
    lake: Lake, spark: SparkSession
) -> None:
    """Delta by itself refuses them from the day on which removed files may go, whether any was."""
    for commit in Path(lake.uri).glob("*/_delta_log/*.json"):
        os.utime(commit, times=(0, 0))
    reader = Lake(spark, lake.uri)
    for table in TABLES:
        for version in {one.tables[table] for one in lake.ledger.all()}:
            rows = DeltaTable(lake.path(table), version=version).count()
            assert reader.at_version(table, version).count() == rows > 0


def test_a_ledger_that_somebody_compacted_goes_on(lake: Lake) -> None:
    DeltaTable(lake.ledger.uri).optimize.compact()
    assert lake.ledger.newest().release == 3
    assert back(lake, 2).release == lake.ledger.newest().release == 4
    with pytest.raises(Overtaken):
        lake.ledger.append(lake.ledger.newest())


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are opened to read rows of a table."""
    files: list[str] = []
    dataset = DeltaTable.to_pyarrow_dataset

    def counted(self: DeltaTable, **asked: Any) -> Any:
        found = dataset(self, **asked)
        files.extend(found.files)
        return found

    monkeypatch.setattr(DeltaTable, "to_pyarrow_dataset", counted)
    return files


def test_the_newest_release_is_told_from_one_file_however_many_there_are(
    lake: Lake, opened: list[str]
) -> None:
    assert lake.ledger.newest().release == 3
    assert len(opened) == 1
    opened.clear()
    assert len(lake.ledger.all()) == len(opened) == 3


def test_a_release_of_a_number_is_told_from_its_file(lake: Lake, opened: list[str]) -> None:
    assert lake.release(2) == lake.ledger.all()[1]
    opened.clear()
    assert lake.release("2").release == 2
    assert len(opened) == 2  # of the newest one, and its own
    for none in (0, -1, 4, 10**30):
        assert lake.ledger.numbered(none) is None


def test_after_compaction_by_hand_that_is_one_file_too(lake: Lake, opened: list[str]) -> None:
    DeltaTable(lake.ledger.uri).optimize.compact()
    for n in (4, 5):
        release(lake, Work(f"run-{n}", n))
    opened.clear()
    assert lake.ledger.newest().release == 5
    assert len(opened) == 1


def test_a_release_whose_file_does_not_state_what_it_holds_is_found(lake: Lake) -> None:
    *_, last = sorted(Path(lake.ledger.uri, "_delta_log").glob("*.json"))
    actions = [json.loads(line) for line in last.read_text().splitlines()]
    for action in actions:
        action.get("add", {}).pop("stats", None)
    last.write_text("\n".join(json.dumps(action) for action in actions))
    assert lake.ledger.newest() == lake.ledger.all()[-1]
    assert lake.ledger.newest().release == 3


def test_a_ledger_that_was_written_anew_in_one_commit_goes_on(lake: Lake) -> None:
    rows = DeltaTable(lake.ledger.uri).to_pyarrow_table()
    shutil.rmtree(lake.ledger.uri)
    write_deltalake(lake.ledger.uri, rows)
    assert lake.ledger.newest().release == 3
    assert released(lake, release(lake, Work("fourth", 4))) == mixed(4, 4, 3)


def test_a_table_that_was_rolled_back_to_nothing_is_in_no_later_release_until_it_is_built(
    tmp_path: Path,
) -> None:
    """Read from such a release it would be empty, where a sentence has to say which job builds it."""
    lake = open_lake(tmp_path / "lake")
    publish(lake, NO_RELEASE, {}, {}, Release(1, NO_RELEASE.released_at, "nothing", "by_hand", "0", {}), 30)
    release(lake, SECOND)
    base = back(lake, 1)
    tracks = {"dim_track": stage(lake, base, THIRD)["dim_track"]}
    ours = Release(base.release + 1, base.released_at, THIRD.run_id, "by_hand", "0", {})
    assert publish(lake, base, tracks, {}, ours, 30).tables.keys() == {"dim_track"}
