"""Compaction: many small files of a slice become one that holds the same rows, row for row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from tracklake.errors import Overtaken, TracklakeError
from tracklake.lake import staging
from tracklake.lake.delta import Commit, DataFile
from tracklake.lake.lake import Lake
from tracklake.lake.publish import Staged, publish, silent, withdraw
from tracklake.lake.releases import Release
from tracklake.tables import contract
from tracklake.transforms.keys import hash_of

SMALL = 32 * 1024**2
"""Bytes below which a file is small."""

FEWEST = 4
"""So many small files of one slice are worth a new one."""

LARGEST = 8 * SMALL
"""Bytes of small files that go into one new file; what is over waits for the next time."""


def compacted(lake: Lake, base: Release, table: str, run_id: str) -> Staged | None:
    """Stages the small files of a table's slices as one file per slice; None where there are too few.

    Raises TracklakeError if what was written is not, row for row, what was read.
    """
    small = worth_compacting(lake.files(table, base.tables[table]))
    if not small:
        return None
    of = contract(table)
    rows = lake.of_files(table, small).select(*of.names)

    path = f"{lake.path(table)}/{staging.folder(run_id)}"
    staging.write(rows.repartition(of.partition_by) if of.partition_by else rows.coalesce(1), of, path)
    read, written = _sums(rows), _sums(staging.read(lake.spark, of, path))
    if read != written or read["rows"] != sum(one.rows for one in small):
        raise TracklakeError(
            f"Compacting {table} did not give the same rows ({read['rows']:,} were read, {written['rows']:,} "
            "written): nothing was published; report it, with Spark's log."
        )
    return Staged(path, Commit(small, staging.describe(of, path)))


def publish_compacted(
    lake: Lake,
    base: Release,
    staged: Mapping[str, Staged],
    release: Release,
    retention_days: int,
    note: Callable[[str], None] = silent,
) -> Release:
    """Publishes what was compacted as a release in which for the jobs nothing has changed; returns that.

    Raises Overtaken if another run has published since ``base``; what was staged goes then.
    """
    try:
        return publish(lake, base, staged, {}, release, retention_days, note, same_rows=True)
    except Overtaken:
        withdraw(lake, base, staged)
        raise


def worth_compacting(files: Sequence[DataFile]) -> list[DataFile]:
    """The small files of all slices that have enough of them, up to LARGEST bytes a slice."""
    slices: dict[date | None, list[DataFile]] = defaultdict(list)
    for file in sorted(files, key=lambda file: file.path):
        if file.size < SMALL and sum(one.size for one in slices[file.slice]) + file.size <= LARGEST:
            slices[file.slice].append(file)
    return [file for small in slices.values() if len(small) >= FEWEST for file in small]


def is_awaited(base: Release, table: str) -> bool:
    """Whether a job has yet to build from changes of the table, which it finds by the files that came and went."""
    return any(
        versions.get(table, base.tables[table]) != base.tables[table] for versions in base.built_from.values()
    )


def _sums(rows: DataFrame) -> Row:
    """How many rows there are, and two sums of their hashes, which no order of rows changes."""
    row_hash = hash_of(rows.columns)
    return rows.agg(
        F.count(F.lit(1)).alias("rows"),
        F.sum(row_hash.cast("decimal(38, 0)")).alias("sum"),
        F.bit_xor(row_hash).alias("xor"),
    ).collect()[0]
