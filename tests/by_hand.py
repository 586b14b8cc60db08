"""Lakes without Spark: files staged by hand, published by the library, and read as any Delta reader would."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from tracklake.lake import Lake, Release
from tracklake.lake.claims import Claims
from tracklake.lake.delta import Commit, DataFile, DeltaLog
from tracklake.lake.publish import Staged, publish, silent
from tracklake.lake.releases import Ledger
from tracklake.places import DEFAULT_FILES
from tracklake.tables import Contract, contract

DAY, NEXT_DAY = date(2018, 12, 30), date(2018, 12, 31)
TABLES = ("dim_track", "fact_track_day", "fact_artist_day")
"""One table without slices and two with."""

NO_SPARK: Any = SimpleNamespace(conf={DEFAULT_FILES: "file:///"})
"""All that is asked of a session where nothing is read by it: that paths are those of this machine."""

RETENTION_DAYS = 30
KILLED = 137


@dataclass(frozen=True)
class Work:
    """What a run by hand does: to each of TABLES it gives one row that says ``marker``, in the slice of ``day``.

    It replaces the slice, unless it ``only_adds``.
    """

    run_id: str
    marker: int
    day: date = DAY
    only_adds: bool = False


FIRST, SECOND, THIRD = Work("first", 1), Work("second", 2), Work("third", 3)


def open_lake(folder: Path) -> Lake:
    """A lake for what needs no Spark."""
    return Lake(NO_SPARK, str(folder))


def stage(lake: Lake, base: Release, work: Work) -> dict[str, Staged]:
    """Stages the run's rows, as Spark would: the tracks as a whole, the facts of one day."""
    staged = {}
    for table in TABLES:
        sliced = table != "dim_track"
        rows = _row(contract(table), work.marker)
        folder = f"{lake.path(table)}/staged-{work.run_id}"
        inside = f"staged-{work.run_id}" + (f"/event_date={work.day}" if sliced else "")
        file = Path(lake.path(table), inside, "part-0.parquet")
        file.parent.mkdir(parents=True)
        pq.write_table(rows, file)
        come = DataFile(
            f"{inside}/part-0.parquet",
            work.day if sliced else None,
            file.stat().st_size,
            0,
            1,
            '{"numRecords":1}',
        )
        version = base.tables.get(table)
        files = [] if version is None else lake.log(table).files(version)
        gone = [] if work.only_adds else [one for one in files if one.slice == come.slice]
        staged[table] = Staged(folder, Commit(gone, [come]), frozenset({work.day}) if sliced else None)
    return staged


def _row(of: Contract, marker: int) -> pa.Table:
    """One row that says ``marker`` in every column that a file of the table has."""
    values = {
        "string": pa.array([str(marker)]),
        "bigint": pa.array([marker], pa.int64()),
        "int": pa.array([marker], pa.int32()),
        "boolean": pa.array([False]),
        "double": pa.array([float(marker)]),
        "date": pa.array([DAY]),
        "timestamp": pa.array([datetime(2018, 12, 30, tzinfo=UTC)], pa.timestamp("us", "UTC")),
        "binary": pa.array([bytes([marker])]),
    }
    return pa.table({one.name: values[one.type] for one in of.columns if one.name != of.partition_by})


def release(
    lake: Lake,
    work: Work,
    base: Release | None = None,
    inputs: Mapping[str, Sequence[str]] | None = None,
    note: Callable[[str], None] = silent,
) -> Release:
    """Stages and publishes the run's rows on top of ``base``, the newest release without it."""
    base = base or lake.ledger.newest()
    ours = Release(base.release + 1, datetime.now(UTC), work.run_id, "by_hand", "0", {})
    return publish(lake, base, stage(lake, base, work), inputs or {}, ours, RETENTION_DAYS, note)


def die_before_release(lake: Lake, work: Work) -> None:
    """Commits the run's rows to each table of the newest release, and goes no further."""
    base = lake.ledger.newest()
    for table, change in stage(lake, base, work).items():
        lake.log(table).commit(base.tables[table], change.commit, work.run_id)


def heads(lake: Lake) -> dict[str, list[int]]:
    """What a reader of the tables' folders sees: the markers in the newest version of each."""
    return {table: _markers(lake.path(table), None) for table in TABLES}


def released(lake: Lake, of: Release) -> dict[str, list[int]]:
    """What a reader of a release sees: the markers of each of its tables."""
    return {table: _markers(lake.path(table), version) for table, version in of.tables.items()}


def whole(*markers: int) -> dict[str, list[int]]:
    """Every table with these markers."""
    return {table: sorted(markers) for table in TABLES}


def mixed(tracks: int, *plays: int) -> dict[str, list[int]]:
    """The tracks of one run, the days of several."""
    return {table: [tracks] if table == "dim_track" else sorted(plays) for table in TABLES}


def _markers(uri: str, version: int | None) -> list[int]:
    with suppress(FileNotFoundError):
        if not DeltaTable.is_deltatable(uri):
            return []
        rows = DeltaTable(uri, version=version).to_pyarrow_table()
        return sorted(rows["plays" if "plays" in rows.column_names else "duration_ms"].to_pylist())
    return []


def before_each_write(act: Callable[[str], Any], patch: Callable[[type, str, Any], Any] = setattr) -> None:
    """From now on ``act`` is called before everything that publishing writes, with the name of what it is."""

    def watched(owner: type, name: str) -> None:
        write = getattr(owner, name)

        def first_act(*args: Any, **kwargs: Any) -> Any:
            act(f"{owner.__name__}.{name}")
            return write(*args, **kwargs)

        patch(owner, name, first_act)

    for name in ("create", "commit", "restore", "checkpoint"):
        watched(DeltaLog, name)
    watched(Ledger, "append")
    watched(Claims, "_write")


def main(folders: Sequence[str]) -> None:
    """Publishes run SECOND to each of the lakes; on the n-th it dies, as by kill -9, before its n-th write."""
    pa.array([0])  # loads pandas, once instead of in every child
    for n, folder in enumerate(folders):
        if os.fork() == 0:  # nothing of delta-rs runs yet that would not survive it
            left = iter(range(n))
            before_each_write(
                lambda _write, left=left: None if next(left, None) is not None else os._exit(KILLED)
            )
            release(open_lake(Path(folder)), SECOND)
            os._exit(0)
        _, status = os.wait()
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
