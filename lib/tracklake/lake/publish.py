"""Publishing: one commit per table on top of the base release, then the release that ties them together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from tracklake.errors import Overtaken, TracklakeError
from tracklake.lake.delta import Commit, DeltaLog
from tracklake.lake.lake import Lake
from tracklake.lake.releases import Release
from tracklake.storage import Folder
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

    @property
    def folder(self) -> str:
        """The name of that folder, with which the paths of its files begin."""
        return self.path.rpartition("/")[2]


def silent(sentence: str) -> None:
    """Says nothing of what a run waits for."""


def publish(
    lake: Lake,
    base: Release,
    staged: Mapping[str, Staged],
    inputs: Mapping[str, Collection[str]],
    release: Release,
    retention_days: int,
    waiting: Callable[[str], None] = silent,
    *,
    same_rows: bool = False,
) -> Release:
    """Commits what is staged and writes the release; its tables, built_from and time are filled in here.

    Only for rows that have been audited; ``same_rows`` says that they are in the base release already, in other
    files, so that there is nothing new for any job. ``inputs`` names the tables from which each job has built. Waits
    while another run publishes, and tells ``waiting`` so; takes back first what a dead run committed without reaching
    its release. Raises Overtaken if another run has published since ``base``: readers then see that run's release,
    whole, and nothing of this one.
    """
    with lake.claims.held_by(release.run_id, waiting):
        for table, change in staged.items():
            _check_files(table, change)
        heads = prepare(lake, base, release.run_id)
        for table in staged:
            if table not in heads:
                heads[table] = lake.log(table).create(contract(table), retention_days)
        for table in staged:
            lake.log(table).checkpoint(heads[table])
        versions = dict(heads)
        for table, change in staged.items():
            if change.commit.adds or change.commit.removes:
                versions[table] = lake.log(table).commit(heads[table], change.commit, release.run_id)
        tables = {table: versions[table] for table in {**base.tables, **staged}}
        built = {
            job: {name: tables[name] for name in names if name in tables} for job, names in inputs.items()
        }
        published = replace(
            release,
            tables=tables,
            built_from=renumbered(base.built_from, base.tables, versions if same_rows else heads) | built,
            released_at=datetime.now(UTC),
        )
        lake.ledger.append(published)
    return published


def _check_files(table: str, change: Staged) -> None:
    """Raises TracklakeError unless the files that are to come are all there, each as long as it was."""
    there = {f"{change.folder}/{file.path}": file.size for file in Folder(change.path).files()}
    if lost := [file for file in change.commit.adds if there.get(file.path) != file.size]:
        raise TracklakeError(
            f"{len(lost)} of the files staged for {table} are gone or were changed, {lost[0].path} among them: "
            "nothing of this run was published, run it again."
        )


def prepare(lake: Lake, base: Release, run_id: str) -> dict[str, int]:
    """The newest version of every table, once each holds what ``base`` says and no more.

    For the holder of the claim. Raises Overtaken if ``base`` is not the newest release any more.
    """
    newest = lake.ledger.newest()
    if newest.release != base.release:
        raise Overtaken(
            f"Release {newest.release} of the lake {lake.uri} was published, by run {newest.run_id}, while this run "
            "was at work: nothing of this run was published, run it again."
        )
    heads: dict[str, int] = {}
    for table in {**CONTRACTS, **base.tables}:
        log = lake.log(table)
        head, released = log.version(), base.tables.get(table)
        if head is None:
            if released is not None:
                raise TracklakeError(
                    f"Table {table} of release {base.release} is not in {lake.uri} any more: bring its folder back "
                    "from a copy, or begin a new lake."
                )
            continue
        if head != released and paths(log, head) != paths(log, released):
            head = log.restore(head, released or 0, run_id)
        heads[table] = head
    return heads


def paths(log: DeltaLog, version: int | None) -> set[str]:
    """The files of a version; none of no version."""
    return set() if version is None else {file.path for file in log.files(version)}


def renumbered(
    built_from: Mapping[str, Mapping[str, int]], before: Mapping[str, int], now: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """``built_from`` in which the versions in ``before`` are called by those ``now``, which hold the same rows."""
    same = {(table, version): now[table] for table, version in before.items() if table in now}
    return {
        job: {table: same.get((table, version), version) for table, version in tables.items()}
        for job, tables in built_from.items()
    }
