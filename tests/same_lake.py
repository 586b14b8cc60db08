"""Whether two lakes hold the same rows, as delta-rs reads them: Spark would need some fifty small jobs for it."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa
from deltalake import DeltaTable

from tests.faults.reader import NOT_STATED
from tracklake.lake import Lake
from tracklake.tables import contract

OF_FIRST_ONE_READ = {"source_file": {"events", "duplicates"}}
"""Which of two files brought an event that stands in both depends on which of them was read first."""

OF_RUNS = "audit_result"
"""What each run measured: as many rows as there were runs, so no rebuild gives it."""


def same_lake(found: Lake, expected: Lake, *, at_once: bool = False) -> None:
    """The newest releases of both lakes have the same tables, and these the same rows in the same types.

    ``at_once``: both lakes were made by one run each.
    """
    tables = found.release().tables.keys()
    assert tables == expected.release().tables.keys()
    for table in sorted(tables - {OF_RUNS}):
        left_out = set() if at_once else OF_FIRST_ONE_READ.get(table, set())
        mine, theirs = rows(found, table, left_out), rows(expected, table, left_out)
        assert mine.schema == theirs.schema
        mine_counted, theirs_counted = counted(mine), counted(theirs)
        extra, missing = mine_counted - theirs_counted, theirs_counted - mine_counted
        assert not extra, (
            f"{table} has {extra.total()} rows too many: {list(extra)[:3]}; lacks {list(missing)[:3]}"
        )
        assert not missing, f"{table} lacks {missing.total()} rows: {list(missing)[:3]}"


def rows(lake: Lake, table: str, left_out: set[str]) -> pa.Table:
    """The rows of the newest release, without what differs from run to run."""
    version = lake.release().tables[table]
    columns = [name for name in contract(table).names if name not in NOT_STATED | left_out]
    return DeltaTable(lake.path(table), version=version).to_pyarrow_table(columns=columns)


def counted(rows: pa.Table) -> Counter[str]:
    """How often each row stands there."""
    return Counter(repr(tuple(row.values())) for row in rows.to_pylist())
