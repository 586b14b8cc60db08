"""Make the tables of an older release the newest ones again, as a new release."""

from typing import Annotated

import typer

from tracklake import cli, summary
from tracklake.lake.rollback import roll_back
from tracklake.run import Run


@cli.on_the_lake
def main(
    run: Run,
    *,
    to: Annotated[
        str, typer.Option(metavar="RELEASE", help="Its number, or a date or time: the newest release then.")
    ],
) -> None:
    """Makes the tables of an older release the newest ones again, in one step and as a new release.

    Nothing is lost: the releases in between stay readable, and can be brought back in the same way.
    """
    wanted = run.lake.release(to)
    with run.steps.step(f"Bringing back release {wanted.release}"):
        release = roll_back(run.lake, wanted, run.as_release(), run.steps.note)
    if release.release == wanted.release:
        run.steps.note(f"Release {wanted.release} is the newest one already.")
        return
    run.steps.table(f"Release {release.release}", *summary.releases([release]))


if __name__ == "__main__":
    cli.launch(main)
