"""The whole way, from logs to tables, against the oracle; and what must not matter: re-runs, order, lateness."""

from __future__ import annotations

import shutil
from datetime import date
from io import StringIO
from pathlib import Path

import duckdb
import pytest

from bench import star_schema
from jobs import build_dimensions, build_facts, build_marts, ingest_events, report, run_pipeline
from tests.conftest import SMALL_LOGS, Job
from tests.oracle import assert_same
from tests.oracle import load as oracle_of
from tests.same_lake import OF_RUNS, same_lake
from tracklake.errors import WrongUsage
from tracklake.history import PLAYS_AS_IN
from tracklake.lake import Lake
from tracklake.tables import CONTRACTS

NOT_IN_THE_ORACLE = ("source_file", "source_profile", "quarantine", "event", "catalogue", OF_RUNS)
COMPARED = [table for table in CONTRACTS if table not in NOT_IN_THE_ORACLE]


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
    assert {status for *_, severity, status in found.values() if severity == "warning"} == {"no_history"}
    assert ("event", "None", "freshness_hours") in found


DAYS = [date(2018, 12, day) for day in (28, 29, 30, 31)] + [date(2019, 1, 1)]


@pytest.mark.slow
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


def test_a_report_is_of_the_market_or_of_one_artist(run_job: Job, small: Lake, tmp_path: Path) -> None:
    lake, file = Path(small.uri), tmp_path / "pages" / "report.html"
    run_job(report, lake, market=True, output=str(file))
    assert "Most streamed artists" in file.read_text(encoding="utf-8")
    for flags in ({}, {"market": True, "artist": "someone"}, {"artist": "someone"}):
        with pytest.raises(WrongUsage):
            run_job(report, lake, output=str(file), **flags)


REAL_NUMBERS = {
    "event": "SELECT count(*), count_if(user_id IS NULL), count_if(event_type = 'play') FROM event",
    "fact_stream": "SELECT count_if(is_stream), count_if(is_skip), sum(ms_played) FROM fact_stream",
    "dim_user": "SELECT count(DISTINCT user_id), count(*) FROM dim_user WHERE user_id <> '(anonymous)'",
    "fact_session": "SELECT count(*) FROM fact_session",
}


@pytest.mark.slow
def test_the_real_logs_give_the_known_numbers(real: Lake) -> None:
    found = {}
    for table, query in REAL_NUMBERS.items():
        real.read(table).createOrReplaceTempView(table)
        found[table] = tuple(real.spark.sql(query).collect()[0])
        real.spark.catalog.dropTempView(table)
    assert found == {
        "event": (4_965, 139, 4_223),
        "fact_stream": (4_115, 108, 999_449_330),
        "dim_user": (89, 96),
        "fact_session": (597,),
    }


@pytest.mark.slow
def test_the_real_logs_equal_the_oracle(real: Lake, real_logs: Path) -> None:
    oracle = oracle_of(real_logs, k=1)
    for table in COMPARED:
        same_as_oracle(real, oracle, table)


@pytest.mark.slow
def test_blocks_of_the_real_logs_in_any_order_equal_one_run(
    run_job: Job, real: Lake, real_logs: Path, tmp_path: Path
) -> None:
    """The marts come with the last two blocks."""
    blocks = ((15, 20, star_schema), (1, 4, star_schema), (9, 14, run_pipeline), (5, 8, run_pipeline))
    for first, last, job in blocks:
        lake = run_job(job, tmp_path / "lake", real_logs, date(2018, 11, first), date(2018, 11, last))
    same_lake(lake, real)


def same_as_oracle(lake: Lake, oracle: duckdb.DuckDBPyConnection, table: str) -> None:
    columns = [name for (name, *_) in oracle.execute(f"DESCRIBE {table}").fetchall()]
    assert_same(oracle, table, lake.read(table), columns)
