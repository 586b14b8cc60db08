"""Releases: which versions of all tables belong together. The table ``_releases`` holds one row per release."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from tracklake.lake.delta import compare_and_set, overtaken, properties

_SCHEMA = pa.schema(
    [
        ("release", pa.int64()),
        ("released_at", pa.timestamp("us", tz="UTC")),
        ("run_id", pa.string()),
        ("job", pa.string()),
        ("code_version", pa.string()),
        ("tables", pa.string()),
        ("built_from", pa.string()),
        ("rows_added", pa.string()),
        ("rows_removed", pa.string()),
        ("suites", pa.string()),
        ("accepted", pa.string()),
        ("rolled_back_to", pa.int64()),
    ]
)
_JSON = ("tables", "built_from", "rows_added", "rows_removed", "suites", "accepted")


@dataclass(frozen=True)
class Release:
    """One release.

    ``tables`` gives each table's Delta version. ``built_from`` gives, for each job that builds tables from
    others, the versions of those others that it last built from. ``rows_added`` and ``rows_removed`` count, by
    table, the rows of the files that came and went; ``suites`` says how many expectations each suite met.
    ``accepted`` is empty, or says which failed expectations a person let through: ``by``, ``reason``, and
    ``expectations``. ``rolled_back_to`` is the release whose tables this one brought back, if it did.
    """

    release: int
    released_at: datetime
    run_id: str
    job: str
    code_version: str
    tables: dict[str, int]
    built_from: dict[str, dict[str, int]] = field(default_factory=dict)
    rows_added: dict[str, int] = field(default_factory=dict)
    rows_removed: dict[str, int] = field(default_factory=dict)
    suites: dict[str, int] = field(default_factory=dict)
    accepted: dict[str, Any] = field(default_factory=dict)
    rolled_back_to: int | None = None


NO_RELEASE = Release(0, datetime(1970, 1, 1, tzinfo=UTC), "", "", "", {})
"""What an empty lake is at."""


@dataclass(frozen=True)
class Ledger:
    """The table ``_releases`` at ``uri``. Each release is a version of it: who writes one second is refused."""

    uri: str

    def newest(self) -> Release:
        """The newest release, or NO_RELEASE."""
        table = self._table()
        return NO_RELEASE if table is None else self._newest(table)

    def numbered(self, number: int) -> Release | None:
        """The release of that number; None where there is none."""
        table = self._table()
        if table is None or not 0 < number <= self._newest(table).release:
            return None
        found = self._read(table, [("release", "=", number)])
        return next((release for release in found if release.release == number), None)

    def all(self) -> list[Release]:
        """Every release, oldest first."""
        table = self._table()
        return [] if table is None else self._read(table)

    def append(self, release: Release) -> None:
        """Writes the release; Overtaken if another run has released since, and nothing is written then."""
        row = {name: getattr(release, name) for name in _SCHEMA.names}
        row |= {name: json.dumps(row[name], sort_keys=True) for name in _JSON}
        if release.release == 1:
            self._create()
        table = DeltaTable(self.uri)
        if self._newest(table).release != release.release - 1:
            raise overtaken(self.uri, table.version())
        with compare_and_set(self.uri, table.version(), release.run_id):
            write_deltalake(
                table,
                pa.Table.from_pylist([row], schema=_SCHEMA),
                mode="append",
                schema_mode="merge",  # a ledger begun by an older version of the library has fewer columns
                commit_properties=properties(release.run_id),
            )

    def _create(self) -> None:
        with suppress(CommitFailedError):  # another run was quicker
            DeltaTable.create(
                self.uri,
                pa.schema(_SCHEMA),
                mode="ignore",
                name="_releases",
            )

    def _table(self) -> DeltaTable | None:
        if not DeltaTable.is_deltatable(self.uri):
            return None
        return DeltaTable(self.uri)

    def _newest(self, table: DeltaTable) -> Release:
        """The newest release, from the file that holds it: there is one for each, and to open all takes long."""
        stated = pa.table(table.get_add_actions(flatten=True))["max.release"]
        last = None if stated.null_count else pc.max(stated).as_py()
        releases = self._read(table, None if last is None else [("release", ">=", last)])
        return releases[-1] if releases else NO_RELEASE

    def _read(self, table: DeltaTable, asked: list[tuple[str, str, int]] | None = None) -> list[Release]:
        """The releases in the table's files, or in those that may hold what is asked, going by what they state."""
        rows = table.to_pyarrow_dataset(file_pruning_predicate=asked).to_table().to_pylist()
        return [_release(row) for row in sorted(rows, key=lambda row: row["release"])]


def _release(row: dict[str, Any]) -> Release:
    """The release that a row says, whatever columns the library had that wrote it."""
    known = {name: row.get(name) for name in _SCHEMA.names}
    return Release(**{**known, **{name: json.loads(known[name] or "{}") for name in _JSON}})
