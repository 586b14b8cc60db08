"""The events of every source against the oracle, which reads the same files in DuckDB."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.oracle import assert_same
from tests.oracle.sources import load
from tests.sources.conftest import FIXTURES, Arrivals, events, reasons
from tests.sources.test_listenbrainz import parquet_dump

SOURCES = {"eventsim": "sparkify"}
"""The source of a fixture that has not the source's own name."""


@pytest.mark.parametrize("fixture", ["spotify_history", "listenbrainz", "lastfm_1k", "native", "eventsim"])
def test_the_events_of_a_source_equal_the_oracle(arrivals: Arrivals, tmp_path: Path, fixture: str) -> None:
    folder = tmp_path / "logs"
    shutil.copytree(FIXTURES / fixture, folder)
    if fixture == "listenbrainz":
        parquet_dump(folder / "listenbrainz-spark-dump-14-20230203-000003-full")
    con = load(fixture, folder)
    found = arrivals(SOURCES.get(fixture, fixture), folder)
    columns = [name for (name, *_) in con.execute("DESCRIBE event").fetchall()]
    assert_same(con, "event", events(found), columns)
    assert len(reasons(found)) == con.execute("SELECT count(*) FROM quarantined").fetchall()[0][0]
