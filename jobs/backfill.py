"""Run the pipeline over a long range of dates, a few days at a time, each part a release of its own."""

import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated

import typer

from jobs import run_pipeline
from tracklake import cli
from tracklake.errors import InputMissing, WrongUsage
from tracklake.run import Run
from tracklake.sources.files import NothingInRange

Days = Annotated[int, typer.Option("--days-per-run", min=1, help="How many days of logs one release takes.")]


def main(run: Run, *, days_per_run: Days = 7) -> None:
    """Runs the pipeline over a long range, a few days at a time; a second start goes on where it stopped.

    Each part is one run of run_pipeline: what it has published stays, whatever becomes of the next one, and its
    files are not read again; what time is left is said with each. A part without log files is passed over;
    InputMissing if all are.
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
        with Run(
            run.spark,
            run.conf,
            run.steps,
            job="backfill",
            lake=run.lake.uri,
            source=source.name,
            input=folder,
            start=first,
            end=last,
        ) as part:
            try:
                run_pipeline.main(part)
            except NothingInRange:
                empty += 1
                run.steps.note("There are no log files of these days.")
                continue
            part.finish()
    if empty == len(parts):
        raise InputMissing(
            f"There is no log file in {folder} of the dates {run.start} to {run.end}: "
            "choose others with --start and --end."
        )


def cut(start: date, end: date, days: int) -> Iterator[tuple[date, date]]:
    """First and last date of each part of a range, in order."""
    for first in range(start.toordinal(), end.toordinal() + 1, days):
        day = date.fromordinal(first)
        yield day, min(day + timedelta(days=days - 1), end)


def spoken(seconds: float) -> str:
    """A time to wait, in minutes or hours."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "a minute"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


if __name__ == "__main__":
    cli.launch(main)
