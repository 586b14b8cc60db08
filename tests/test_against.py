"""What an audit compares staged rows with: what they may break, and no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from tests.staged_rows import NEW, OLD, PLAY, SESSION, frame
from tracklake.against import IN_ONE_TASK, MOST_STRETCHES, Against, stretches
from tracklake.lake import staging
from tracklake.lake.delta import Commit, DataFile, DeltaLog
from tracklake.lake.lake import Lake
from tracklake.lake.publish import Staged
from tracklake.tables import contract
from tracklake.tables.key_rules import BESIDE

THIRD = date(2018, 11, 3)


@dataclass
class Published:
    """A lake with tables, each made of the rows given."""

    spark: SparkSession
    lake: Lake
    versions: dict[str, int] = field(default_factory=dict)

    def add(self, table: str, *rows: dict[str, object]) -> list[DataFile]:
        """Publishes the rows as one more commit; returns its files."""
        path = f"{self.lake.path(table)}/{staging.folder(f'run-{self.versions.get(table, 0)}')}"
        staging.write(frame(self.spark, table, *rows), contract(table), path)
        files = staging.describe(contract(table), path)
        log = DeltaLog(self.lake.path(table))
        base = self.versions.get(table, log.create(contract(table), 30) if table not in self.versions else 0)
        self.versions[table] = log.commit(base, Commit([], files), "run")
        return files


@pytest.fixture
def published(spark: SparkSession, tmp_path: Path) -> Published:
    return Published(spark, Lake(spark, str(tmp_path / "lake")))


def play(day: int) -> dict[str, object]:
    at = datetime(2018, 11, day, 12)
    return PLAY | {"event_id": f"e{day}", "event_time": at, "event_date": at.date()}


def test_a_slice_is_compared_with_the_days_next_to_it(published: Published) -> None:
    days = {day: published.add("fact_stream", play(day)) for day in (1, 2, 3, 4, 5)}
    staged = {"fact_stream": Staged("", Commit(days[3], ()), frozenset({THIRD}))}
    beside = Against(published.lake, published.versions, staged).of("fact_stream")[BESIDE]
    assert sorted(row.event_id for row in beside.collect()) == ["e2", "e4"]


def test_a_dimension_is_compared_with_all_files_that_stay(published: Published) -> None:
    gone = published.add("dim_user", OLD)
    published.add("dim_user", NEW)
    staged = {"dim_user": Staged("", Commit(gone, ()), member="user_id")}
    against = Against(published.lake, published.versions, staged)
    assert [row.user_key for row in against.of("dim_user")[BESIDE].collect()] == [NEW["user_key"]]
    assert against.is_small("dim_user")


def test_only_sessions_that_last_into_the_dates_are_referred_to(published: Published) -> None:
    lasting = {
        "over": (datetime(2018, 11, 2, 23), datetime(2018, 11, 3, 1)),
        "for days": (datetime(2018, 11, 1, 1), datetime(2018, 11, 5)),
        "before": (datetime(2018, 11, 2, 1), datetime(2018, 11, 2, 2)),
        "after": (datetime(2018, 11, 4, 1), datetime(2018, 11, 4, 2)),
        "replaced": (datetime(2018, 11, 3, 1), datetime(2018, 11, 3, 2)),
    }
    files: list[DataFile] = []
    for key, (started, ended) in lasting.items():
        dates = {"started_at": started, "ended_at": ended, "session_date": started.date()}
        files += published.add("fact_session", SESSION | {"session_key": key} | dates)
    gone = [file for file in files if file.slice == THIRD]
    staged = {
        "fact_session": Staged("", Commit(gone, ()), frozenset({THIRD})),
        "fact_stream": Staged("", Commit((), ()), frozenset({THIRD})),
    }
    sessions = Against(published.lake, published.versions, staged).of("fact_stream")["fact_session"]
    assert sorted(row.session_key for row in sessions.collect()) == ["for days", "over"]


def test_of_dates_that_lie_far_apart_what_is_between_is_not_referred_to(published: Published) -> None:
    for day in (1, 15, 29):
        at = datetime(2018, 11, day, 12)
        moments = {"started_at": at, "ended_at": at, "session_date": at.date()}
        published.add("fact_session", SESSION | {"session_key": str(day)} | moments)
    staged = {"fact_stream": Staged("", Commit((), ()), frozenset({date(2018, 11, 1), date(2018, 11, 29)}))}
    sessions = Against(published.lake, published.versions, staged).of("fact_stream")["fact_session"]
    assert sorted(row.session_key for row in sessions.collect()) == ["1", "29"]


@given(st.sets(st.dates(date(2018, 1, 1), date(2018, 12, 31)), min_size=1))
def test_stretches_hold_all_dates_and_are_few(dates: set[date]) -> None:
    found = stretches(dates)
    held = {
        date.fromordinal(n) for first, last in found for n in range(first.toordinal(), last.toordinal() + 1)
    }
    assert held >= dates
    assert len(found) <= MOST_STRETCHES
    assert held == dates or len(found) == MOST_STRETCHES
    assert found == sorted(found)


def test_much_data_is_not_audited_in_one_task(published: Published) -> None:
    (file,) = published.add("dim_user", OLD)
    large = DataFile(file.path, None, IN_ONE_TASK, file.modified_ms, file.rows)
    staged = {"dim_user": Staged("", Commit((), [large]), member="user_id")}
    assert not Against(published.lake, published.versions, staged).is_small("dim_user")
