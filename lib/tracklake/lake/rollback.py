"""Rolling back: an older release's tables become the newest ones again, as a new release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from tracklake.errors import WrongUsage
from tracklake.lake.lake import Lake
from tracklake.lake.publish import prepare, renumbered, silent
from tracklake.lake.releases import Release
from tracklake.storage import Folder


def roll_back(lake: Lake, to: Release, by: Release, waiting: Callable[[str], None] = silent) -> Release:
    """Makes the tables of release ``to`` the newest, in one step; returns the release that says so.

    That is ``to`` itself where it is the newest already; what a dead run committed is taken back all the same.
    ``by`` names run, job and code; the rest is filled in here. Jobs that build tables from others then go on from what
    they had built from at ``to``. Raises WrongUsage if files of ``to`` have been removed, and Overtaken if another run
    publishes first; nothing is changed then.
    """
    base = lake.ledger.newest()
    with lake.claims.held_by(by.run_id, waiting) as held:
        heads = prepare(lake, base, by.run_id)
        if to.release == base.release:
            return base
        come, gone = {}, {}
        for table, head in heads.items():
            was = {file.path: file for file in lake.log(table).files(head)}
            wanted = lake.log(table).files(to.tables[table]) if table in to.tables else []
            come[table] = [file for file in wanted if file.path not in was]
            gone[table] = [was[path] for path in was.keys() - {file.path for file in wanted}]
        for table, files in come.items():
            if lost := Folder(lake.path(table)).lacks([file.path for file in files]):
                raise WrongUsage(
                    f"Release {to.release} of the lake {lake.uri} cannot be brought back: {len(lost)} files of table "
                    f"{table} were removed after its retention, {lost[0]} among them; take a newer release."
                )
        for table, head in heads.items():
            if come[table] or gone[table]:
                heads[table] = lake.log(table).restore(head, to.tables.get(table, 0), by.run_id)
        release = replace(
            by,
            release=base.release + 1,
            released_at=datetime.now(UTC),
            tables={table: heads[table] for table in to.tables if table in heads},
            built_from=renumbered(to.built_from, to.tables, heads),
            rows_added={table: sum(file.rows for file in files) for table, files in come.items() if files},
            rows_removed={table: sum(file.rows for file in files) for table, files in gone.items() if files},
            rolled_back_to=to.release,
        )
        held.keep()  # whoever has taken it over may be removing files of this release
        lake.ledger.append(release)
    return release
