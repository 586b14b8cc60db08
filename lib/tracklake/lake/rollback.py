"""Rolling back: an older release's tables become the newest ones again, as a new release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from tracklake.lake.lake import Lake
from tracklake.lake.publish import prepare, renumbered, silent
from tracklake.lake.releases import Release


def roll_back(lake: Lake, to: Release, by: Release, note: Callable[[str], None] = silent) -> Release:
    """Makes the tables of release ``to`` the newest, in one step; returns the release that says so.

    That is ``to`` itself where it is the newest already; what a dead run committed, or somebody by hand, is taken back
    all the same, and ``note`` is told of the latter. ``by`` names run, job and code; the rest is filled in here. Jobs
    that build tables from others then go on from what they had built from at ``to``, and where that is gone build all
    anew. Files of the newest release may be gone, those of ``to`` must be there: else raises WrongUsage, or
    TracklakeError where it is the newest. Raises Overtaken if another run publishes first. Nothing is changed then.
    """
    base = lake.ledger.newest()
    with lake.claims.held_by(by.run_id, note) as held:
        heads = prepare(lake, base, to, by.run_id, note)
        if to.release == base.release:
            return base
        come, gone = {}, {}
        for table in heads:
            was, now = (
                {file.path: file for file in lake.files(table, release.tables.get(table))}
                for release in (base, to)
            )
            come[table] = [now[path] for path in now.keys() - was.keys()]
            gone[table] = [was[path] for path in was.keys() - now.keys()]
        release = replace(
            by,
            release=base.release + 1,
            released_at=datetime.now(UTC),
            tables={table: heads[table] for table in to.tables if table in heads},
            built_from=renumbered(_readable(lake, to, note), to.tables, heads),
            rows_added={table: sum(file.rows for file in files) for table, files in come.items() if files},
            rows_removed={table: sum(file.rows for file in files) for table, files in gone.items() if files},
            rolled_back_to=to.release,
        )
        held.keep()  # whoever has taken it over may be removing files of this release
        lake.ledger.append(release)
    return release


def _readable(lake: Lake, to: Release, note: Callable[[str], None]) -> dict[str, dict[str, int]]:
    """What jobs had built from at ``to``, but for those that could not read it any more: ``note`` is told of them."""
    readable = {}
    for job, tables in to.built_from.items():
        older = {table: version for table, version in tables.items() if version != to.tables.get(table)}
        lost = [table for table, version in older.items() if lake.lost(table, version, None)]
        if lost:
            note(
                f"{job} will build all of its tables anew: what it had built from in {', '.join(lost)} is gone."
            )
        else:
            readable[job] = tables
    return readable
