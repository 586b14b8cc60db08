"""Publish a red run whose failed expectations a person accepts; who and why stay in the release."""

import getpass
import os
from typing import Annotated

import typer

from tracklake import cli, runs, summary
from tracklake.lake.publish import publish
from tracklake.run import Run


@cli.on_the_lake
def main(
    run: Run,
    red: Annotated[str, typer.Argument(metavar="RUN", help="The run, as its closing sentence names it.")],
    *,
    accept: Annotated[
        list[str],
        typer.Option(metavar="EXPECTATION", help="One that failed, as inspect_run names it; repeatable."),
    ],
    reason: Annotated[str, typer.Option(help="Why these rows may be published; the release keeps it.")],
) -> None:
    """Publishes a red run, once every critical expectation that it failed is accepted by name.

    Its base release must still be the newest. Who accepted what, and why, is in the release for good.
    """
    found = runs.read(run.lake, red)
    release = runs.accepted(run.lake, found, accept, _who(), reason)
    with run.steps.step("Publishing"):
        published = publish(
            run.lake,
            run.base,
            found.staged,
            found.inputs,
            release,
            run.conf.lake.retention_days,
            run.steps.note,
        )
    run.steps.table(f"Release {published.release}", *summary.releases([published]))


def _who() -> str:
    """The login name of whoever runs this; the number, where a container's user has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"user {os.getuid()}"


if __name__ == "__main__":
    cli.launch(main)
