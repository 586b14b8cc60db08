"""Publishing: one commit per table on top of the base release, then the release that ties them together."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from tracklake.errors import TracklakeError
from tracklake.lake.delta import Commit
from tracklake.lake.lake import Lake
from tracklake.lake.releases import Release
from tracklake.tables import CONTRACTS, contract


@dataclass(frozen=True)
class Staged:
    """What a run will do to one table.

    ``path`` is the folder of its staged files. ``dates`` are the slices that the commit replaces; where the
    table has no slices, ``member`` is the column whose members it replaces, or None where rows are only added.
    """

    path: str
    commit: Commit
    dates: frozenset[date] | None = None
    member: str | None = None


def publish(
    lake: Lake,
    base: Release,
    staged: Mapping[str, Staged],
    worked_up: Mapping[str, Collection[str]],
    release: Release,
    retention_days: int,
) -> Release:
    """Commits what is staged and writes the release; its tables, built_from and time are filled in here.

    Only for rows that have been audited. Commits that an earlier run made without reaching its release are
    taken back first. Raises TracklakeError if another run has published since ``base``: readers then see that
    run's release, whole, and nothing of this one.
    """
    if lake.ledger.newest().release != base.release:
        raise TracklakeError(
            f"Another run published to the lake {lake.uri} while this one was at work: nothing of this run was "
            "published, run it again."
        )
    versions = _mend(lake, base, release.run_id)
    for table in staged:
        if table not in versions:
            versions[table] = lake.log(table).create(contract(table), retention_days)
    for table, change in staged.items():
        if change.commit.adds or change.commit.removes:
            versions[table] = lake.log(table).commit(versions[table], change.commit, release.run_id)
    tables = {
        table: version for table, version in versions.items() if table in base.tables or table in staged
    }
    built = {
        job: {name: tables[name] for name in names if name in tables} for job, names in worked_up.items()
    }
    published = replace(
        release, tables=tables, built_from={**base.built_from, **built}, released_at=datetime.now(UTC)
    )
    lake.ledger.append(published)
    for table in staged:
        lake.log(table).checkpoint(versions[table])
    return published


def _mend(lake: Lake, base: Release, run_id: str) -> dict[str, int]:
    """The newest version of every table, after it was made to hold what the base release says it holds."""
    versions: dict[str, int] = {}
    for table in CONTRACTS:
        newest = lake.log(table).version()
        if newest is None:
            continue
        released = base.tables.get(table, 0)
        if newest != released:
            newest = lake.log(table).restore(released, run_id)
        versions[table] = newest
    return versions
