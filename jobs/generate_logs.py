"""Generate realistic sparkify logs."""

from typing import Annotated

import typer

from tracklake import cli
from tracklake.errors import WrongUsage
from tracklake.generator import DEFAULT_START, generate_logs
from tracklake.look import Look
from tracklake.places import absolute, seen_from


@cli.without_lake("start")
def main(
    look: Look,
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
    if not output:
        raise WrongUsage("--output names nothing: give a folder or a URI, or leave it out.")
    folder = seen_from(look.spark, absolute(output, look.conf))
    with look.steps.step(f"Generating {days} days of {users:,} listeners") as step:
        manifest = generate_logs(
            look.spark,
            folder,
            days=days,
            users=users,
            seed=seed,
            start=look.start or DEFAULT_START,
            dirt=dirt,
        )
        step.rows = manifest.lines
    found = {"events": manifest.events, "sessions": manifest.sessions, "songs": manifest.songs}
    dirty = {kind: count for kind, count in manifest.dirt.items() if count}
    look.steps.table("Generated logs", ("what", "rows"), [*(found | dirty).items()])
    look.steps.note(f"The logs are in {folder}; manifest.json there counts them.")


if __name__ == "__main__":
    cli.launch(main)
