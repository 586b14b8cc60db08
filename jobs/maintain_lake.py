"""Keep a lake tidy: remove what no kept release needs any more, and compact small files."""

from collections.abc import Mapping
from datetime import UTC, datetime

from tracklake import cli, summary
from tracklake.lake.cleaning import clean
from tracklake.lake.compaction import compacted, is_awaited, publish_compacted
from tracklake.lake.publish import Staged
from tracklake.run import Run


@cli.on_the_lake
def main(run: Run) -> None:
    """Removes what no kept release needs any more, and compacts small files, as a release with the same rows.

    Releases of the last `lake.retention_days` days (conf) stay readable. What a live run is about to publish is
    left alone; what dead runs left goes after three days. Runs may go on meanwhile.
    """
    run.refuse_no_lake()
    with run.steps.step("Cleaning"), run.lake.claims.held_by(run.run_id, run.steps.note) as held:
        cleaned = clean(run.lake, datetime.now(UTC), run.conf.lake.retention_days, held, run.steps.note)
    published: Mapping[str, Staged] = {}
    try:
        published = _compact(run)
    finally:
        run.steps.table("Maintenance", *summary.maintenance(published, cleaned))


def _compact(run: Run) -> Mapping[str, Staged]:
    """Publishes the small files of all tables as few; returns what it published, by table."""
    staged = {}
    for table in run.base.tables:
        if not is_awaited(run.base, table):
            with run.steps.step(f"Compacting {table}"):
                change = compacted(run.lake, run.base, table, run.run_id)
            if change:
                staged[table] = change
    if staged:
        retention_days = run.conf.lake.retention_days
        with run.steps.step("Publishing"):
            publish_compacted(run.lake, run.base, staged, run.as_release(), retention_days, run.steps.note)
    return staged


if __name__ == "__main__":
    cli.launch(main)
