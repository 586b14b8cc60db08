"""backfill: a long range in parts, and on from where it stopped."""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path

import pytest

from jobs import backfill, ingest_events, run_pipeline
from tests.by_hand import NO_SPARK
from tests.conftest import Job
from tests.logs import Reads, record
from tracklake import cli
from tracklake.errors import InputMissing, Overtaken, TracklakeError, WrongUsage
from tracklake.run import Run

pytestmark = pytest.mark.usefixtures("unaudited")


def test_a_range_is_cut_into_parts_of_so_many_days() -> None:
    parts = list(backfill.cut(date(2018, 11, 1), date(2018, 11, 8), 3))
    assert [(first.day, last.day) for first, last in parts] == [(1, 3), (4, 6), (7, 8)]
    whole = (date(9999, 12, 30), date.max)
    assert list(backfill.cut(*whole, days=9_999_999)) == [whole]


@pytest.mark.parametrize(("seconds", "words"), [(20, "a minute"), (600, "10 min"), (9_000, "2 h 30 min")])
def test_the_time_left_is_said_in_words(seconds: float, words: str) -> None:
    assert backfill.spoken(seconds) == words


def test_a_backfill_goes_on_where_it_stopped(
    run_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(run_job, tmp_path)
    for day in (0, 1, 4, 5):
        reads.write(f"2018-11-0{day + 1}.json", record(day))
    asked: list[int] = []

    def pipeline(run: Run) -> None:
        assert run.start
        asked.append(run.start.day)
        if len(asked) == 3:
            raise TracklakeError("The power failed.")
        ingest_events.main(run)

    monkeypatch.setattr(run_pipeline, "main", pipeline)
    said = StringIO()
    whole = (reads.lake_at, reads.logs, date(2018, 11, 1), date(2018, 11, 6))
    with pytest.raises(TracklakeError, match="power"):
        run_job(backfill, *whole, said, days_per_run=2)
    assert "Part 1 of 3: 2018-11-01 to 2018-11-02" in said.getvalue()
    assert "There are no log files of these days." in said.getvalue()
    assert "left" in said.getvalue()

    said = StringIO()
    lake = run_job(backfill, *whole, said, days_per_run=2)
    assert asked == [1, 3, 5, 1, 3, 5]
    assert said.getvalue().count("No new files") == 1
    assert said.getvalue().count("2 records read = 2 events") == 1
    assert [row.release for row in lake.releases().collect()] == [2, 1]
    assert lake.read("event").count() == 4


@pytest.mark.parametrize(
    ("overtaken", "code", "begun"),
    [(2, 0, [1, 1, 1, 2, 2, 2, 3, 3, 3]), (3, 1, [1, 1, 1])],
    ids=["twice", "once too often"],
)
def test_each_part_that_is_overtaken_starts_over_and_no_other_does(
    overtaken: int,
    code: int,
    begun: list[int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[int] = []

    def pipeline(run: Run) -> None:
        assert run.start
        asked.append(run.start.day)
        if asked.count(run.start.day) <= overtaken:
            raise Overtaken("Another run was quicker, run it again.")

    monkeypatch.setattr(run_pipeline, "main", pipeline)
    monkeypatch.setattr(cli, "spark_session", lambda *_: NO_SPARK)
    logs = ["--lake", str(tmp_path / "lake"), "--source", "sparkify", "--input", str(tmp_path / "logs")]
    range_of_dates = "--start 2018-11-01 --end 2018-11-03 --days-per-run 1".split()

    assert cli.run_job(backfill.main, [*logs, *range_of_dates]) == code
    assert asked == begun
    said = capsys.readouterr()
    assert said.out.count("starts over from the newest release") == 2 * len(set(begun))
    assert ("before the part 2018-11-01 to 2018-11-01 could" in said.err) == (code == 1)


def test_a_backfill_needs_a_range_with_log_files(run_job: Job, tmp_path: Path) -> None:
    reads = Reads(run_job, tmp_path)
    reads.write("2018-11-01.json", record(0))
    with pytest.raises(WrongUsage, match="--start DATE --end DATE"):
        run_job(backfill, reads.lake_at, reads.logs, days_per_run=7)
    with pytest.raises(InputMissing, match="no log file"):
        run_job(backfill, reads.lake_at, reads.logs, date(2031, 1, 1), date(2031, 1, 9), days_per_run=7)
