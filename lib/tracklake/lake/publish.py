"""Publishing: one commit per table on top of the base release, then the release that ties them together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from tracklake.errors import Overtaken, TracklakeError, WrongUsage
from tracklake.lake.delta import Commit
from tracklake.lake.lake import Lake, not_whole
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
    """Says nothing of what a run meets."""


def publish(
    lake: Lake,
    base: Release,
    staged: Mapping[str, Staged],
    inputs: Mapping[str, Collection[str]],
    release: Release,
    retention_days: int,
    note: Callable[[str], None] = silent,
    *,
    same_rows: bool = False,
) -> Release:
    """Commits what is staged and writes the release; its tables, built_from and time are filled in here.

    Only for rows that have been audited; ``same_rows`` says that they are in the base release already, in other
    files, so that there is nothing new for any job. ``inputs`` names the tables from which each job has built. Waits
    while another run publishes; takes back first what a dead run committed without reaching its release, or somebody
    by hand. ``note`` is told whom it waits for, and what was done by hand. Raises Overtaken if another run has
    published since ``base``: readers then see that run's release, whole, and nothing of this one.
    """
    with lake.claims.held_by(release.run_id, note):
        for table, change in staged.items():
            _check_files(table, change)
        heads = prepare(lake, base, base, release.run_id, note)
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


def withdraw(lake: Lake, base: Release, staged: Mapping[str, Staged]) -> None:
    """Removes what is staged of a run that another one has overtaken: whoever starts over stages it anew.

    Where a version of its table names the files by now, they stay until the run is long dead.
    """
    for table, change in staged.items():
        log, released = lake.log(table), base.tables.get(table, 0)
        since = range(released + 1, (log.version() or released) + 1)
        named = {file.path.partition("/")[0] for version in since for file in log.files(version)}
        if change.folder not in named:
            Folder(change.path).remove()


def _check_files(table: str, change: Staged) -> None:
    """Raises TracklakeError unless the files that are to come are all there, each as long as it was."""
    there = {f"{change.folder}/{file.path}": file.size for file in Folder(change.path).files()}
    if lost := [file for file in change.commit.adds if there.get(file.path) != file.size]:
        raise TracklakeError(
            f"{len(lost)} of the files staged for {table} are gone or were changed, {lost[0].path} among them: "
            "nothing of this run was published, run it again."
        )


def prepare(
    lake: Lake, base: Release, to: Release, run_id: str, note: Callable[[str], None] = silent
) -> dict[str, int]:
    """The newest version of every table, once each holds what release ``to`` says and no more.

    For the holder of the claim. ``note`` is told what was done by hand since ``base`` and is taken back. Raises
    Overtaken if ``base`` is not the newest release any more, TracklakeError if files of it are gone, and WrongUsage if
    files of another ``to`` are; nothing is changed then.
    """
    heads = _heads(lake, base)
    differ = [
        table
        for table, head in heads.items()
        if head != to.tables.get(table) and lake.paths(table, head) != lake.paths(table, to.tables.get(table))
    ]
    for table in differ:
        _refuse_lost(lake, base, to, table, heads[table])
    for table in differ:
        if done := _by_hand(lake, base, table, heads[table]):
            note(
                f"Table {table} was changed by hand after release {base.release} ({done}): that is taken back, as only "
                "audited rows stay; docs/publishing.md says how to change a lake."
            )
        heads[table] = lake.log(table).restore(heads[table], to.tables.get(table, 0), run_id)
    return heads


def _heads(lake: Lake, base: Release) -> dict[str, int]:
    """The newest version of every table that is there."""
    newest = lake.ledger.newest()
    if newest.release != base.release:
        raise Overtaken(
            f"Release {newest.release} of the lake {lake.uri} was published, by run {newest.run_id}, while this run "
            "was at work: nothing of this run was published, run it again."
        )
    heads: dict[str, int] = {}
    for table in {**CONTRACTS, **base.tables}:
        head = lake.log(table).version()
        if head is not None:
            heads[table] = head
        elif table in base.tables:
            raise TracklakeError(
                f"Table {table} of release {base.release} is not in {lake.uri} any more: bring its folder back "
                "from a copy, or begin a new lake."
            )
    return heads


def _refuse_lost(lake: Lake, base: Release, to: Release, table: str, head: int) -> None:
    """Raises TracklakeError, or WrongUsage, if files that a table needs to be as in ``to`` again are gone."""
    if lost := lake.lost(table, to.tables.get(table), head):
        error = TracklakeError if to.release == base.release else WrongUsage
        raise error(
            f"{not_whole(lake.uri, to, table, lost)}; bring them back from a copy, take a release whose files are all "
            "there (rollback --to RELEASE), or build a new lake from the logs (run_pipeline with another --lake)."
        )


def _by_hand(lake: Lake, base: Release, table: str, head: int) -> str:
    """Which operations changed the files of a table since ``base`` that were no run's, and in which versions."""
    released = base.tables.get(table)
    if lake.paths(table, head) == lake.paths(table, released):
        return ""
    done = lake.log(table).by_hand(since=released or 0)
    return ", ".join(
        f"{operation} in version {done[operation]}" for operation in sorted(done, key=done.__getitem__)
    )


def renumbered(
    built_from: Mapping[str, Mapping[str, int]], before: Mapping[str, int], now: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """``built_from`` in which the versions in ``before`` are called by those ``now``, which hold the same rows."""
    same = {(table, version): now[table] for table, version in before.items() if table in now}
    return {
        job: {table: same.get((table, version), version) for table, version in tables.items()}
        for job, tables in built_from.items()
    }
