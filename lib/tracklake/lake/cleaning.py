"""Cleaning: files go that no kept release names, and no run can still be about to publish."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from tracklake.lake.claims import Held
from tracklake.lake.lake import Lake
from tracklake.lake.publish import prepare, silent
from tracklake.lake.releases import Release
from tracklake.storage import Folder, StoredFile
from tracklake.tables import CONTRACTS

DEAD_AFTER = timedelta(days=3)
"""A run that has written nothing for so long is dead, and what it staged is nobody's."""

_OF_A_RUN = re.compile(r"^staged-(?P<run>[^/]+)/")

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Cleaned:
    """What was removed from one place: files and bytes."""

    files: int
    bytes: int


def kept(releases: list[Release], now: datetime, retention_days: int) -> list[Release]:
    """The releases that stay readable: the newest, and all that were so at any time within the retention."""
    since = now - timedelta(days=retention_days)
    followed_at = [one.released_at for one in releases[1:]]
    return [one for one, until in zip(releases, followed_at, strict=False) if until >= since] + releases[-1:]


@dataclass(frozen=True)
class Named:
    """The files of those versions of a lake's tables that have to stay readable, as far as they were looked up.

    A version never changes, and to look one up takes its time: ``look_up`` before the claim is held spares those who
    wait for it most of that.
    """

    lake: Lake
    files: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _known: set[tuple[str, int]] = field(default_factory=set)

    def look_up(self, releases: Iterable[Release], held: Held | None = None) -> None:
        """Adds what these releases name, the versions that a job last built from, and the newest of each table."""
        wanted = {
            (table, version) for table in CONTRACTS if (version := self.lake.log(table).version()) is not None
        }
        for release in releases:
            for tables in (release.tables, *release.built_from.values()):
                wanted |= {(table, version) for table, version in tables.items() if table in CONTRACTS}
        for table, version in _holding(held, sorted(wanted - self._known)):
            self.files[table] |= {file.path for file in self.lake.log(table).files(version)}
        self._known.update(wanted)


def clean(
    named: Named, now: datetime, retention_days: int, held: Held, note: Callable[[str], None] = silent
) -> dict[str, Cleaned]:
    """Removes what is not kept; returns what went, by table, and under ``_scratch`` and ``_runs``.

    Takes back first what a dead run committed, or somebody by hand, of which it tells ``note``: until then the files
    of the newest release are removed ones of its tables, which VACUUM takes once they are old. For the holder of the
    claim, which is renewed meanwhile; raises Overtaken where it is lost. Files stay that a kept release names, or one
    of the versions that a job last built from, or the newest version of a table; what a run staged stays until the run
    is dead, and with a record of it (``_runs``) for as long as a release.
    """
    lake = named.lake
    newest = lake.ledger.newest()
    prepare(lake, newest, newest, held.claim.run_id, note)
    records = Folder(lake.path("_runs"))
    of_runs = records.files()
    on_record = {
        file.path.removesuffix(".json"): file.modified_at + timedelta(days=retention_days) for file in of_runs
    }
    named.look_up(kept(lake.ledger.all(), now, retention_days), held)
    tables = {table: Folder(lake.path(table)).files() for table in _holding(held, CONTRACTS)}
    scratch = Folder(lake.path("_scratch")).files()
    last_written = _last_written(tables.values(), scratch)

    def is_over(run: str) -> bool:
        return now - last_written[run] > DEAD_AFTER and now > on_record.get(run, now - DEAD_AFTER)

    cleaned = {}
    for table, files in tables.items():
        unnamed = [
            file
            for file in files
            if (run := _run_of(file)) and file.path not in named.files[table] and is_over(run)
        ]
        cleaned[table] = _remove(Folder(lake.path(table)), unnamed, held)
    cleaned["_scratch"] = _remove(
        Folder(lake.path("_scratch")), [file for file in scratch if is_over(file.path.split("/")[0])], held
    )
    cleaned["_runs"] = _remove(
        records, [file for file in of_runs if on_record[file.path.removesuffix(".json")] < now], held
    )
    return {place: gone for place, gone in cleaned.items() if gone.files}


def remove_folders(folder: Folder, below: Mapping[str, list[StoredFile]], held: Held) -> Cleaned:
    """Removes folders, each given with the files in it; for the holder of the claim."""
    for path in _holding(held, below):
        Folder(f"{folder.uri}/{path}").remove()
    return _cleaned(file for files in below.values() for file in files)


def _holding(held: Held | None, things: Iterable[Thing]) -> Iterator[Thing]:
    """The things, and before each of them the claim, if it is held, renewed where it is time."""
    for thing in things:
        if held:
            held.keep()
        yield thing


def _last_written(tables: Iterable[list[StoredFile]], scratch: list[StoredFile]) -> dict[str, datetime]:
    """When each run last wrote anything."""
    last: dict[str, datetime] = {}
    written = [(_run_of(file), file) for files in tables for file in files]
    for run, file in written + [(file.path.split("/")[0], file) for file in scratch]:
        if run:
            last[run] = max(file.modified_at, last.get(run, file.modified_at))
    return last


def _run_of(file: StoredFile) -> str | None:
    """The run that staged a file; None of files that no run staged."""
    found = _OF_A_RUN.match(file.path)
    return found["run"] if found else None


def _remove(folder: Folder, files: list[StoredFile], held: Held) -> Cleaned:
    for file in _holding(held, files):
        folder.remove_file(file.path)
    return _cleaned(files)


def _cleaned(files: Iterable[StoredFile]) -> Cleaned:
    sizes = [file.size for file in files]
    return Cleaned(len(sizes), sum(sizes))
