"""Keep a lake tidy: remove what no kept release needs any more, and compact small files."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from tracklake import cli, runs, summary
from tracklake.data_docs import outlived
from tracklake.lake.cleaning import Cleaned, Named, clean, kept, remove_folders
from tracklake.lake.compaction import compacted, is_awaited, publish_compacted
from tracklake.lake.publish import Staged
from tracklake.run import Run
from tracklake.storage import Folder


@cli.on_the_lake
def main(run: Run) -> None:
    """Removes what no kept release needs any more, and compacts small files, as a release with the same rows.

    Releases of the last `lake.retention_days` days (conf) stay readable; what the Data Docs hold of older runs goes
    once their index does not list them. What a live run is about to publish is left alone; what dead runs left goes
    after three days. Runs may go on meanwhile.
    """
    run.refuse_no_lake()
    with run.steps.step("Cleaning"):
        cleaned = _clean(run)
    published: Mapping[str, Staged] = {}
    try:
        published = _compact(run)
    finally:
        run.steps.table("Maintenance", *summary.maintenance(published, cleaned))


def _clean(run: Run) -> dict[str, Cleaned]:
    """Removes what is not kept; returns what went, by the place below the lake."""
    now, retention_days = datetime.now(UTC), run.conf.lake.retention_days
    named, docs = Named(run.lake), Folder(run.lake.path("_docs"))
    named.look_up(kept(run.lake.ledger.all(), now, retention_days))
    with run.lake.claims.held_by(run.run_id, run.steps.note) as held:
        cleaned = clean(named, now, retention_days, held, run.steps.note)
        pages = remove_folders(docs, outlived(docs.uri, now - timedelta(days=retention_days)), held)
    return cleaned | ({"_docs": pages} if pages.files else {})


def _compact(run: Run) -> Mapping[str, Staged]:
    """Publishes the small files of all tables as few; returns what it published, by table."""
    staged: dict[str, Staged] = {}
    if awaited := runs.waiting(run.lake):
        run.steps.note(
            f"Nothing is compacted while {', '.join(awaited)} may be published: its rows fit the newest release alone "
            "(publish_run settles it, the next release of any job, or the end of the retention)."
        )
        return staged
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
