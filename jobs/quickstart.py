"""Generate a small month of logs, run the pipeline on it, and say where the tables, the Data Docs and a report are."""

from pathlib import Path
from typing import Annotated

import typer

from jobs import generate_logs, report, run_pipeline
from tracklake import cli
from tracklake.errors import InputMissing, WrongUsage
from tracklake.generator import is_generated
from tracklake.lake import Release
from tracklake.look import Look
from tracklake.places import local_path
from tracklake.run import Run


@cli.on_the_lake
def main(
    run: Run,
    *,
    days: Annotated[int, typer.Option(help="How many days of logs.")] = 30,
    users: Annotated[int, typer.Option(help="How many listeners.")] = 200,
) -> None:
    """Generates a small month of logs, runs run_pipeline on it, and says where the results are.

    Not in a lake that another job began: invented listeners would be counted with those of its logs.
    """
    first = run.lake.ledger.numbered(1)
    if first and first.job != run.job:
        raise WrongUsage(
            f"{run.lake.uri} holds a lake already, which {first.job} began: give --lake a new folder, "
            "for quickstart would add invented listeners to it."
        )
    logs = f"{run.lake.uri}-logs"
    if is_generated(logs):
        run.steps.note(f"The logs of an earlier quickstart are in {logs}: they are used again.")
    else:
        generate_logs.main(
            Look(run.spark, run.conf, run.steps), days=days, users=users, output=logs, dirt=1.0
        )
    run.read_logs("sparkify", logs)
    run_pipeline.main(run)
    run.afterwards.append(lambda release: report_of_market(run, release))


def report_of_market(run: Run, release: Release) -> None:
    """Writes the report; so few listeners that nothing may be told of them are no failure."""
    try:
        report.write(run, release.release, None, beside(run.lake.uri))
    except InputMissing as nothing:
        run.steps.note(str(nothing))


def beside(lake: str) -> Path:
    """Where the report is: beside the lake, or in the working folder where the lake is not on this machine."""
    page = f"{lake}-report.html"
    return local_path(page) or Path(page.rpartition("/")[2]).absolute()


if __name__ == "__main__":
    cli.launch(main)
