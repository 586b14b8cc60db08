"""The whole way, from logs to tables, against the oracle; and runs that find nothing new."""

from __future__ import annotations

import html
import shutil
from datetime import date
from io import StringIO
from pathlib import Path

import duckdb
import pytest

from jobs import build_facts, build_marts, ingest_events, report, run_pipeline
from tests.against_oracle import COMPARED, same_as_oracle
from tests.conftest import SMALL_LOGS, Job
from tests.logs import Reads
from tests.oracle import assert_same
from tests.oracle import load as oracle_of
from tests.same_lake import OF_RUNS, same_lake
from tracklake.errors import WrongUsage
from tracklake.history import PLAYS_AS_IN
from tracklake.lake import Lake


@pytest.fixture(scope="module")
def small_oracle() -> duckdb.DuckDBPyConnection:
    return oracle_of(SMALL_LOGS, k=1)


@pytest.mark.parametrize("table", COMPARED)
def test_every_table_equals_the_oracle(
    small: Lake, small_oracle: duckdb.DuckDBPyConnection, table: str
) -> None:
    same_as_oracle(small, small_oracle, table)


def test_events_equal_the_oracle(small: Lake, small_oracle: duckdb.DuckDBPyConnection) -> None:
    columns = [c for (c, *_) in small_oracle.execute("DESCRIBE event").fetchall() if c != "source_file"]
    assert_same(small_oracle, "event", small.read("event"), columns)


def test_quarantined_records_equal_the_oracle(small: Lake, small_oracle: duckdb.DuckDBPyConnection) -> None:
    """Word for word, but for the names of persons, which no table holds."""
    names = r'"(firstName|lastName)":("[^"]*"|null)'
    records = small_oracle.execute(
        "SELECT regexp_replace(raw_record, ?, ?, 'g') FROM quarantine", [names, r'"\1":"[dropped]"']
    ).fetchall()
    found = small.read("quarantine").select("raw_record").collect()
    assert sorted(row.raw_record for row in found) == sorted(record for (record,) in records)


def test_a_run_prints_that_nothing_was_lost(run_job: Job, tmp_path: Path) -> None:
    said = StringIO()
    run_job(ingest_events, tmp_path / "lake", SMALL_LOGS, said=said)
    assert "90 records read = 76 events + 4 duplicates + 10 quarantined" in said.getvalue()


def test_a_second_run_over_the_same_range_reads_nothing_and_changes_nothing(
    run_job: Job, small: Lake, tmp_path: Path
) -> None:
    folder = tmp_path / "lake"
    shutil.copytree(small.uri, folder)
    said = StringIO()
    again = run_job(run_pipeline, folder, SMALL_LOGS, said=said)
    assert "No new files: all 5 log files" in said.getvalue()
    assert again.release() == small.release()


def test_files_read_again_change_no_row(run_job: Job, small: Lake, tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    shutil.copytree(small.uri, folder)
    said = StringIO()
    again = run_job(run_pipeline, folder, SMALL_LOGS, said=said, reprocess=True)
    assert "90 records read = 0 events + 80 duplicates + 10 quarantined" in said.getvalue()
    assert again.release() == small.release()


def test_what_was_measured_is_published_with_the_rows(small: Lake) -> None:
    found = {
        (row.table_name, str(row.event_date), row.metric): (row.value, row.lower, row.severity, row.status)
        for row in small.read(OF_RUNS).collect()
    }
    plays = {
        day: value
        for (table, day, metric), (value, *_) in found.items()
        if (table, metric) == ("event", "plays")
    }
    assert sum(plays.values()) == small.read("fact_stream").count()
    for day, value in plays.items():
        for table, other in PLAYS_AS_IN.items():
            assert found[table, day, f"plays_as_in.{other}"] == (value, value, "critical", "passed")
    assert found.pop(("quarantine", "None", "share.quarantined")) == (10 / 90, None, "warning", "passed")
    assert {status for *_, severity, status in found.values() if severity == "warning"} == {"no_history"}
    assert ("event", "None", "freshness_hours") in found


def test_a_run_of_which_all_is_quarantined_warns_of_it_once(run_job: Job, tmp_path: Path) -> None:
    reads = Reads(run_job, tmp_path)
    reads.write("2018-11-02.json", '{"page": "Home"}', '{"page": "NextSong"}')
    lake = reads.run()
    assert "2 records read = 0 events + 0 duplicates + 2 quarantined" in reads.said
    assert "Warnings" in reads.said
    measured = [
        (row.table_name, row.metric, row.value, row.upper, row.status) for row in lake.read(OF_RUNS).collect()
    ]
    assert measured == [("quarantine", "share.quarantined", 1.0, 0.5, "failed")]

    before = lake.release()
    assert reads.run().release() == before
    assert reads.run(reprocess=True).release() == before


def test_a_report_is_of_the_market_or_of_one_artist(run_job: Job, small: Lake, tmp_path: Path) -> None:
    lake, file = Path(small.uri), tmp_path / "pages" / "report.html"
    run_job(report, lake, market=True, output=str(file))
    assert "Most streamed artists" in file.read_text(encoding="utf-8")
    shown = small.read("mart_artist").where("period = '28_days' AND NOT is_suppressed AND streams > 0")
    most = (
        shown.join(small.read("dim_artist").where("is_current"), on="artist_id").orderBy("streams").tail(1)[0]
    )
    run_job(report, lake, artist=most.artist_id, output=str(file))
    assert most.artist_name in html.unescape(file.read_text(encoding="utf-8"))
    for flags in ({}, {"market": True, "artist": "someone"}, {"artist": "someone"}):
        with pytest.raises(WrongUsage):
            run_job(report, lake, output=str(file), **flags)


@pytest.mark.usefixtures("unaudited")
def test_a_range_that_is_built_again_is_a_release_and_changes_no_row(
    run_job: Job, small: Lake, tmp_path: Path
) -> None:
    shutil.copytree(small.uri, tmp_path / "lake")
    for number, job in enumerate((build_facts, build_marts), small.release().release + 1):
        found = run_job(job, tmp_path / "lake", None, date(2018, 12, 30), date(2018, 12, 31))
        assert found.release().release == number
    same_lake(found, small)


def test_a_new_k_holds_for_a_range_that_is_built_again(run_job: Job, small: Lake, tmp_path: Path) -> None:
    """No artist of the logs by hand has five listeners."""
    shutil.copytree(small.uri, tmp_path / "lake")
    found = run_job(build_marts, tmp_path / "lake", None, date(2018, 12, 28), date(2019, 1, 1), privacy_k=5)
    for table in ("mart_track_performance", "mart_artist"):
        rows = found.read(table).select("k", "is_suppressed").distinct().collect()
        assert [(row.k, row.is_suppressed) for row in rows] == [(5, True)]
    assert found.read("mart_interplay").isEmpty()
