"""Run the pipeline over a long range of dates, a few days at a time, each part a release of its own."""

import time
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Annotated

import typer

from jobs import run_pipeline
from tracklake import cli
from tracklake.errors import InputMissing, Overtaken, TracklakeError, WrongUsage
from tracklake.run import Run
from tracklake.sources.files import NothingInRange

Days = Annotated[int, typer.Option("--days-per-run", min=1, help="How many days of logs one release takes.")]


def main(run: Run, *, days_per_run: Days = 7) -> None:
    """Runs the pipeline over a long range, a few days at a time; a second start goes on where it stopped.

    Each part is one run of run_pipeline: what it has published stays, whatever becomes of the next one, and its
    files are not read again; what time is left is said with each. A part that another run overtakes starts over, at
    most twice, the others do not. A part without log files is passed over, unless all are.
    """
    source, folder = run.logs()
    if run.start is None or run.end is None:
        raise WrongUsage("backfill goes through a range: say which with --start DATE --end DATE.")
    run.source = run.input = None  # the parts read logs, this run itself does not
    parts = [*cut(run.start, run.end, days_per_run)]
    empty, began = 0, time.monotonic()
    for done, (first, last) in enumerate(parts):
        left = (
            f", about {spoken((time.monotonic() - began) / done * (len(parts) - done))} left" if done else ""
        )
        run.steps.note(f"Part {done + 1} of {len(parts)}: {first} to {last}{left}")
        part = partial(
            Run,
            run.spark,
            run.conf,
            run.steps,
            job="backfill",
            lake=run.lake.uri,
            source=source.name,
            input=folder,
            start=first,
            end=last,
        )
        try:
            cli.carry_out(part, run_pipeline.main)
        except NothingInRange:
            empty += 1
            run.steps.note("There are no log files of these days.")
        except Overtaken as error:
            raise TracklakeError(
                f"Three times another run published before the part {first} to {last} could: what came before it is "
                "published, and the same command goes on from there."
            ) from error
    if empty == len(parts):
        raise InputMissing(
            f"There is no log file in {folder} of the dates {run.start} to {run.end}: "
            "choose others with --start and --end."
        )


def cut(start: date, end: date, days: int) -> Iterator[tuple[date, date]]:
    """First and last date of each part of a range, in order."""
    for first in range(start.toordinal(), end.toordinal() + 1, days):
        last = min(first + days - 1, end.toordinal())
        yield date.fromordinal(first), date.fromordinal(last)


def spoken(seconds: float) -> str:
    """A time to wait, in minutes or hours."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "a minute"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


if __name__ == "__main__":
    cli.launch(main)
