"""Releases: which versions of all tables belong together. The table ``_releases`` holds one row per release."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError

from tracklake.errors import TracklakeError

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
    ]
)
_JSON = ("tables", "built_from", "rows_added", "rows_removed", "suites")


@dataclass(frozen=True)
class Release:
    """One release.

    ``tables`` gives each table's Delta version. ``built_from`` gives, for each job that builds tables from
    others, the versions of those others that it last worked up. ``rows_added`` and ``rows_removed`` count, by
    table, the rows of the files that came and went; ``suites`` says how many expectations each suite met.
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


NO_RELEASE = Release(0, datetime(1970, 1, 1, tzinfo=UTC), "", "", "", {})
"""What an empty lake is at."""


@dataclass(frozen=True)
class Ledger:
    """The table ``_releases`` at ``uri``. Release n is version n of it: who writes it second is refused."""

    uri: str
    storage_options: dict[str, str]

    def newest(self) -> Release:
        """The newest release, or NO_RELEASE."""
        rows = self._rows()
        return _release(rows[-1]) if rows else NO_RELEASE

    def all(self) -> list[Release]:
        """Every release, oldest first."""
        return [_release(row) for row in self._rows()]

    def append(self, release: Release) -> None:
        """Writes the release; TracklakeError if another run has released since, and nothing is written then."""
        row = {name: getattr(release, name) for name in _SCHEMA.names}
        row |= {name: json.dumps(row[name], sort_keys=True) for name in _JSON}
        try:
            if release.release == 1:
                self._create()
            table = DeltaTable(self.uri, version=release.release - 1, storage_options=self.storage_options)
            write_deltalake(
                table,
                pa.Table.from_pylist([row], schema=_SCHEMA),
                mode="append",
                commit_properties=CommitProperties(
                    custom_metadata={"userMetadata": release.run_id}, max_commit_retries=0
                ),
            )
        except CommitFailedError as error:
            raise TracklakeError(
                f"Another run published release {release.release} of this lake first: "
                "readers see its tables, none of this run's; run again."
            ) from error

    def _create(self) -> None:
        DeltaTable.create(
            self.uri,
            pa.schema(_SCHEMA),
            mode="ignore",
            name="_releases",
            storage_options=self.storage_options,
        )

    def _rows(self) -> list[dict[str, Any]]:
        if not DeltaTable.is_deltatable(self.uri, self.storage_options):
            return []
        rows = DeltaTable(self.uri, storage_options=self.storage_options).to_pyarrow_table().to_pylist()
        return sorted(rows, key=lambda row: row["release"])


def _release(row: dict[str, Any]) -> Release:
    return Release(**{**row, **{name: json.loads(row[name]) for name in _JSON}})
