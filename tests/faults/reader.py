"""A reader of a lake's folders, as anyone may write one on the deltalake package: no Spark, nothing of the library.

    python -m tests.faults.reader LAKE

Looks at every table's newest version and at every release, over and over, until its standard input ends; then
prints, as JSON, each version that it saw with a digest of its rows, and how often it looked.
"""

from __future__ import annotations

import hashlib
import json
import select
import sys
import time
from pathlib import Path

from deltalake import DeltaTable

NOT_STATED = {"ingested_at", "run_id", "source_file"}
"""Columns that say when a row was read, by which run, and from which of the files that hold it."""

LOOKS_EVERY = 0.1  # seconds


def newest(table: Path) -> int | None:
    """The newest version of a table that anyone can open; None where there is none yet."""
    return DeltaTable(table).version() if DeltaTable.is_deltatable(str(table)) else None


def digest(table: Path, version: int) -> str:
    """A hash of the rows of a version, whatever their order."""
    rows = DeltaTable(table, version=version).to_pyarrow_table()
    columns = sorted(set(rows.column_names) - NOT_STATED)
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
    """Says that it begins, looks until there is no more input, then tells what it saw."""
    print("looking", flush=True)
    seen: dict[str, dict[int, str]] = {}
    tied: dict[int, dict[str, int]] = {}
    looks = 0
    while not select.select([sys.stdin], [], [], LOOKS_EVERY)[0]:
        looks += 1
        tied |= releases(lake)
        named = [(table, version) for one in tied.values() for table, version in one.items()]
        heads = [(table.name, newest(table)) for table in tables(lake)]
        for table, version in named + heads:
            if version is not None and version not in seen.setdefault(table, {}):
                seen[table][version] = digest(lake / table, version)
    print(json.dumps({"looks": looks, "seen": seen, "releases": tied, "at": time.time()}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
