"""The comparison with the oracle: what is the same, and what a difference looks like."""

from pathlib import Path

import duckdb
import pandas
import pyarrow as pa
import pytest

from . import TABLES, assert_same
from .tiny import MINUTE, oracle_of, play, record


@pytest.fixture
def two_sessions(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    return oracle_of(tmp_path, play(0, "A"), record(60 * MINUTE, itemInSession=1))


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_the_same_as_itself_as_arrow_and_as_pandas(
    by_hand: duckdb.DuckDBPyConnection, table: str
) -> None:
    arrow = by_hand.sql(f"FROM {table}").to_arrow_table()
    assert_same(by_hand, table, arrow)
    assert_same(by_hand, table, arrow.to_pandas())


def test_times_with_a_zone_are_compared_as_utc(two_sessions: duckdb.DuckDBPyConnection) -> None:
    found = two_sessions.execute("SELECT user_id, started_at FROM fact_session").df()
    for zone in ("UTC", "America/New_York"):
        found["started_at"] = pandas.to_datetime(found["started_at"], utc=True).dt.tz_convert(zone)
        assert_same(two_sessions, "fact_session", found, ["user_id", "started_at"])


def test_a_difference_shows_the_rows_of_either_side(two_sessions: duckdb.DuckDBPyConnection) -> None:
    found = two_sessions.execute(
        "SELECT user_id, started_at, plays FROM fact_session ORDER BY started_at"
    ).df()
    found.loc[0, "plays"] = 17
    with pytest.raises(
        AssertionError, match=r"(?s)fact_session differs.*Only in the oracle.*Only in the table found.*17"
    ):
        assert_same(two_sessions, "fact_session", found, ["user_id", "started_at", "plays"])


def test_rows_are_counted_not_only_matched(two_sessions: duckdb.DuckDBPyConnection) -> None:
    found = two_sessions.sql("FROM fact_session").to_arrow_table()
    with pytest.raises(AssertionError, match=r"(?s)the oracle has 2 rows, the table found 4"):
        assert_same(two_sessions, "fact_session", pa.concat_tables([found, found]))


def test_a_missing_column_is_named(two_sessions: duckdb.DuckDBPyConnection) -> None:
    found = two_sessions.sql("SELECT user_id FROM fact_session").to_arrow_table()
    with pytest.raises(AssertionError, match="no column plays"):
        assert_same(two_sessions, "fact_session", found, ["user_id", "plays"])
