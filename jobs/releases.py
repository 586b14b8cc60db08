"""List the releases of a lake: when, by which run of which job, and what each changed."""

from typing import Annotated

import typer

from tracklake import cli, summary
from tracklake.errors import InputMissing
from tracklake.run import Run


@cli.on_the_lake
def main(
    run: Run, *, last: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 10
) -> None:
    """Lists the newest releases: when, by which run of which job, and which rows of which tables came and went."""
    listed = run.lake.ledger.all()[::-1]
    if not listed:
        raise InputMissing(f"There is no lake at {run.lake.uri} yet: run_pipeline makes one.")
    run.steps.table(f"Releases of {run.lake.uri}", *summary.releases(listed[:last]))
    if len(listed) > last:
        run.steps.note(f"{len(listed) - last:,} older releases: --last {len(listed)} shows them, too.")


if __name__ == "__main__":
    cli.launch(main)
