"""The transaction log of one Delta table: create it, read its state, commit files that Spark has written.

Commits are metadata only, made by delta-rs from files that are already in the table's folder, so that what was
audited is what is published, byte by byte. Every commit names the version that it builds on and is refused if
the table has moved on since (compare-and-set).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction, RemoveAction

from tracklake.errors import Overtaken
from tracklake.tables import Contract

CHECKPOINT_EVERY = 10
"""Versions between two checkpoints of a table's log."""

_NOTHING_AFTERWARDS = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


@dataclass(frozen=True)
class DataFile:
    """One Parquet file of a table: path below the table's folder, slice, size in bytes, rows, Delta statistics."""

    path: str
    slice: date | None
    size: int
    modified_ms: int
    rows: int
    stats: str = ""


@dataclass(frozen=True)
class Commit:
    """What one commit changes in a table: files that go and files that come."""

    removes: Sequence[DataFile]
    adds: Sequence[DataFile]

    def kept(self, files: Iterable[DataFile]) -> list[DataFile]:
        """Those of a table's files that the commit leaves."""
        removed = {file.path for file in self.removes}
        return [file for file in files if file.path not in removed]

    def after(self, files: Iterable[DataFile]) -> list[DataFile]:
        """A table's files once it is committed on top of these."""
        return [*self.kept(files), *self.adds]

    @property
    def rows_removed(self) -> int:
        """Rows in the files that go."""
        return sum(file.rows for file in self.removes)

    @property
    def rows_added(self) -> int:
        """Rows in the files that come."""
        return sum(file.rows for file in self.adds)


@dataclass(frozen=True)
class DeltaLog:
    """The log of the Delta table at ``uri``."""

    uri: str

    def version(self) -> int | None:
        """The newest version, or None where there is no table."""
        if not DeltaTable.is_deltatable(self.uri):
            return None
        return self._table().version()

    def create(self, contract: Contract, retention_days: int) -> int:
        """Makes the empty table that the contract promises, if there is none; returns its first version, 0.

        Its log is never cleaned up behind our back: a release names versions that have to stay readable.
        """
        fields = {field["name"]: field for field in json.loads(contract.schema().json())["fields"]}
        keep = f"interval {retention_days} days"
        with suppress(CommitFailedError):  # another run was quicker
            DeltaTable.create(
                self.uri,
                schema=Schema.from_json(json.dumps({"type": "struct", "fields": list(fields.values())})),
                mode="ignore",
                partition_by=contract.partition_by,
                name=contract.name,
                description=contract.about,
                configuration={
                    "delta.logRetentionDuration": keep,
                    "delta.deletedFileRetentionDuration": keep,
                    "delta.enableExpiredLogCleanup": "false",
                },
            )
        return 0

    def columns(self, version: int) -> set[str]:
        """The names of the columns of a version."""
        return {field.name for field in self._table(version).schema().fields}

    def files(self, version: int) -> list[DataFile]:
        """The files of a version, without their statistics."""
        table = self._table(version)
        partition_by = table.metadata().partition_columns
        of_slice = [f"partition.{name}" for name in partition_by]
        actions = pa.table(table.get_add_actions(flatten=True))  # statistics of every column are part of it
        named = ("path", "size_bytes", "modification_time", "num_records", *of_slice)
        return [
            DataFile(
                path=row["path"],
                slice=row[of_slice[0]] if of_slice else None,
                size=row["size_bytes"],
                modified_ms=row["modification_time"],
                rows=row["num_records"],
            )
            for row in actions.select(named).to_pylist()
        ]

    def by_hand(self, since: int) -> dict[str, int]:
        """The operations after version ``since`` that were no run's, and the first version that each made."""
        newest = self._table()
        done = newest.history(limit=newest.version() - since)
        return {one.get("operation", "?"): one["version"] for one in done if not one.get("userMetadata")}

    def commit(self, base: int, commit: Commit, run_id: str) -> int:
        """Adds and removes the files in one version on top of ``base``; returns the new version.

        Raises Overtaken if the table is not at ``base`` any more; nothing is changed then.
        """
        table = self._table(base)
        partition_by = table.metadata().partition_columns
        name = partition_by[0] if partition_by else None
        now = int(time.time() * 1000)
        removes = [
            RemoveAction(
                path=file.path,
                data_change=True,
                deletion_timestamp=now,
                size=file.size,
                partition_values=_partition(name, file),
            )
            for file in commit.removes
        ]
        adds = [
            AddAction(file.path, file.size, _partition(name, file), file.modified_ms, True, file.stats)
            for file in commit.adds
        ]
        with compare_and_set(self.uri, base, run_id):
            table.create_write_transaction(
                actions=[*removes, *adds],
                mode="append",
                schema=table.schema(),
                partition_by=partition_by or None,
                commit_properties=properties(run_id),
                post_commithook_properties=_NOTHING_AFTERWARDS,
            )
        return base + 1

    def restore(self, base: int, version: int, run_id: str) -> int:
        """Makes an older version's files those of the version after ``base``; returns that.

        Raises Overtaken if the table is not at ``base`` any more; nothing is changed then.
        """
        with compare_and_set(self.uri, base, run_id):
            self._table(base).restore(
                version,
                commit_properties=properties(run_id),
                post_commithook_properties=_NOTHING_AFTERWARDS,
            )
        return base + 1

    def checkpoint(self, version: int) -> None:
        """Writes a checkpoint where one is due, so that readers need not replay the whole log."""
        if version and version % CHECKPOINT_EVERY == 0:
            self._table(version).create_checkpoint()

    def _table(self, version: int | None = None) -> DeltaTable:
        return DeltaTable(self.uri, version=version)


@contextmanager
def compare_and_set(uri: str, base: int, run_id: str) -> Iterator[None]:
    """Around the one commit by which a run makes the version after ``base`` of a Delta table.

    A commit that is refused although it was written, as happens when storage loses its first answer, counts as
    made. Raises Overtaken if another run has made that version.
    """
    try:
        yield
    except CommitFailedError as error:
        newest = DeltaTable(uri).version()
        if newest <= base:
            raise
        by = DeltaTable(uri, version=base + 1).history(limit=1)[0]
        if by.get("userMetadata") != run_id:
            raise overtaken(uri, base) from error


def overtaken(uri: str, base: int) -> Overtaken:
    """What is raised where another run has changed the table at ``uri`` since version ``base``."""
    return Overtaken(
        f"{uri} was changed by another run since version {base}: nothing of this run was published, run it again."
    )


def properties(run_id: str) -> CommitProperties:
    """What every commit of a run is written with: its id as userMetadata, and no second try on a newer version."""
    return CommitProperties(custom_metadata={"userMetadata": run_id}, max_commit_retries=0)


def _partition(name: str | None, file: DataFile) -> dict[str, str | None]:
    if name is None:
        return {}
    return {name: file.slice.isoformat() if file.slice else None}
