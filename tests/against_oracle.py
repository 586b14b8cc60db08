"""The tables of a lake held against those that DuckDB computes from the same logs."""

from __future__ import annotations

import duckdb

from tests.oracle import assert_same
from tests.same_lake import OF_RUNS
from tracklake.lake import Lake
from tracklake.tables import CONTRACTS

NOT_IN_THE_ORACLE = ("source_file", "source_profile", "quarantine", "event", "catalogue", OF_RUNS)
COMPARED = [table for table in CONTRACTS if table not in NOT_IN_THE_ORACLE]


def same_as_oracle(lake: Lake, oracle: duckdb.DuckDBPyConnection, table: str) -> None:
    columns = [name for (name, *_) in oracle.execute(f"DESCRIBE {table}").fetchall()]
    assert_same(oracle, table, lake.read(table), columns)
