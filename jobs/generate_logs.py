"""Generates realistic sparkify logs."""

from typing import Annotated

import typer

from tracklake import cli
from tracklake.errors import WrongUsage
from tracklake.generator import DEFAULT_START, generate_logs
from tracklake.places import absolute
from tracklake.run import Run


def main(
    run: Run,
    *,
    days: Annotated[int, typer.Option(help="How many days, from --start (2025-10-01 without it).")] = 30,
    users: Annotated[int, typer.Option(help="How many listeners; each makes about 8 events a day.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same logs.")] = 7,
    output: Annotated[
        str, typer.Option(help="Where the logs go: a new or empty folder, or a URI.")
    ] = "generated-logs",
    dirt: Annotated[float, typer.Option(help="How much known dirt: 0 none, 1 usual, 2 twice as much.")] = 0.0,
) -> None:
    """Generates realistic sparkify logs, the same for the same seed, with a manifest of what they hold."""
    if run.end:
        raise WrongUsage(f"--end {run.end} is not for generate_logs: say the range with --start and --days.")
    folder = absolute(output, run.conf)
    with run.steps.step(f"Generating {days} days of {users:,} listeners") as step:
        manifest = generate_logs(
            run.spark,
            folder,
            days=days,
            users=users,
            seed=seed,
            start=run.start or DEFAULT_START,
            dirt=dirt,
        )
        step.rows = manifest.lines
    found = {"events": manifest.events, "sessions": manifest.sessions, "songs": manifest.songs}
    dirty = {kind: count for kind, count in manifest.dirt.items() if count}
    run.steps.table("Generated logs", ("what", "rows"), [*(found | dirty).items()])
    run.steps.note(f"The logs are in {folder}; manifest.json there counts them.")


if __name__ == "__main__":
    cli.launch(main)
