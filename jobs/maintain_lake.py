"""Keep a lake tidy: compact small files, and remove what no kept release needs any more."""

from datetime import UTC, datetime

from tracklake import cli, summary
from tracklake.lake.cleaning import clean
from tracklake.lake.compaction import compacted, is_awaited
from tracklake.lake.publish import publish
from tracklake.run import Run


@cli.on_the_lake
def main(run: Run) -> None:
    """Compacts small files, as a release with the same rows, and removes what no kept release needs any more.

    Releases of the last `lake.retention_days` days (conf) stay readable. What a live run is about to publish is
    left alone; what dead runs left goes after three days. Runs may go on meanwhile.
    """
    run.refuse_no_lake()
    conf = run.conf.lake
    staged = {}
    for table in run.base.tables:
        if not is_awaited(run.base, table):
            with run.steps.step(f"Compacting {table}"):
                change = compacted(run.lake, run.base, table, run.run_id)
            if change:
                staged[table] = change
    if staged:
        with run.steps.step("Publishing"):
            publish(
                run.lake,
                run.base,
                staged,
                {},
                run.as_release(),
                conf.retention_days,
                run.steps.note,
                same_rows=True,
            )
    with run.steps.step("Cleaning"), run.lake.claims.held_by(run.run_id, run.steps.note) as held:
        cleaned = clean(run.lake, datetime.now(UTC), conf.retention_days, held)
    run.steps.table("Maintenance", *summary.maintenance(staged, cleaned))


if __name__ == "__main__":
    cli.launch(main)
