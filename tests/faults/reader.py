"""A reader of a lake's folders, as anyone may write one on the deltalake package: no Spark, nothing of the library.

    python -m tests.faults.reader LAKE

Looks at every table's newest version and at every release, over and over, until its standard input ends; then
prints, as JSON, each version that it saw with a digest of its rows, and how often it looked.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import sys
from pathlib import Path

from deltalake import DeltaTable

NOT_STATED = {"ingested_at", "run_id", "source_file", "read_at"}
"""Columns that say when a row was read, by which run, and from which of the files that hold it."""

MEASURED = {"table_name", "event_date", "metric"}
"""The columns of audit_result that do not depend on when it was measured, and by which run."""

LOOKS_EVERY = 0.1  # seconds


def newest(table: Path) -> int | None:
    """The newest version of a table that anyone can open; None where there is none yet."""
    return DeltaTable(table).version() if DeltaTable.is_deltatable(str(table)) else None


def digest(table: Path, version: int) -> str:
    """A hash of the rows of a version, whatever their order."""
    rows = DeltaTable(table, version=version).to_pyarrow_table()
    named = set(rows.column_names)
    columns = sorted(named & MEASURED if table.name == "audit_result" else named - NOT_STATED)
    lines = sorted(repr(tuple(row.values())) for row in rows.select(columns).to_pylist())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def tables(lake: Path) -> list[Path]:
    """The folders of all tables of a lake."""
    return sorted(path for path in lake.iterdir() if path.is_dir() and not path.name.startswith("_"))


def releases(lake: Path) -> dict[int, dict[str, int]]:
    """The versions that each release ties together."""
    ledger = lake / "_releases"
    if not newest(ledger):
        return {}
    rows = DeltaTable(ledger).to_pyarrow_table(columns=["release", "tables"]).to_pylist()
    return {row["release"]: json.loads(row["tables"]) for row in rows}


def main(lake: Path) -> None:
    """Says so after its first look, goes on until there is no more input, then tells what it saw."""
    seen: dict[str, dict[int, str]] = {}
    tied: dict[int, dict[str, int]] = {}
    looks, enough = 0, False
    while not enough:
        tied |= releases(lake)
        named = [(table, version) for one in tied.values() for table, version in one.items()]
        heads = [(table.name, newest(table)) for table in tables(lake)]
        for table, version in named + heads:
            if version is not None and version not in seen.setdefault(table, {}):
                seen[table][version] = digest(lake / table, version)
        if not looks:
            print("looking", flush=True)
        looks += 1
        enough = bool(select.select([sys.stdin], [], [], LOOKS_EVERY)[0])
    print(json.dumps({"looks": looks, "seen": seen, "releases": tied}), flush=True)
    os._exit(0)  # threads of pyarrow and delta-rs may stand in the way of an orderly end


if __name__ == "__main__":
    main(Path(sys.argv[1]))
