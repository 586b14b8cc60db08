"""Show why a run is red: which expectation failed, on which rows of which files, and what is staged."""

from typing import Annotated

import typer

from tracklake import cli, runs, summary
from tracklake.evidence import rows_behind
from tracklake.run import Run


@cli.on_the_lake
def main(
    run: Run,
    red: Annotated[str, typer.Argument(metavar="RUN", help="The run, as its closing sentence names it.")],
) -> None:
    """Shows which expectations a red run failed, sample rows with their source file, and its staged tables.

    Says how to publish the run all the same, or that it is published, no longer fits, or has lost staged files.
    """
    found = runs.read(run.lake, red)
    fate = runs.settled(run.lake, found)
    standing = fate or f"built on release {found.base} and not published"
    run.steps.note(f"Run {found.run_id} of {found.release.job} is {standing}.")
    run.steps.table("Failed expectations", *summary.failures(found))
    if gone := runs.lost(run.lake, found):
        run.steps.note(f"Its staged files of {', '.join(gone)} are gone, some or all: run the job again.")
        return
    for name, (verdict, failure) in found.failures.items():
        rows = rows_behind(run.lake, found, verdict.table, failure)
        if rows:
            run.steps.table(name, list(rows[0]), [list(row.values()) for row in rows])
    run.steps.note("\n".join(["What is staged, to be queried in a notebook:", *summary.staged_tables(found)]))
    if not fate:
        run.steps.note(f"\n{summary.how_to_publish(run.lake, found)}")


if __name__ == "__main__":
    cli.launch(main)
