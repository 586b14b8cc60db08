"""Write a report of one artist, or of the whole market: one HTML file to be opened in a browser."""

from pathlib import Path
from typing import Annotated

import typer
from pyspark.sql import DataFrame

from tracklake import cli
from tracklake.errors import InputMissing, WrongUsage
from tracklake.places import absolute, local_path
from tracklake.report.figures import of_artist, of_market
from tracklake.report.page import page
from tracklake.run import Run
from tracklake.tables import CONTRACTS


@cli.on_the_lake
def main(
    run: Run,
    *,
    artist: Annotated[str | None, typer.Option(help="The artist_id of an artist, as in dim_artist.")] = None,
    market: Annotated[bool, typer.Option("--market", help="All artists together.")] = False,
    output: Annotated[
        str | None, typer.Option(help="The HTML file to write; report.html without it.")
    ] = None,
) -> None:
    """Writes what the marts say of one artist or of the market as one HTML file that needs no network."""
    if market == (artist is not None):
        raise WrongUsage("A report is of one artist or of the market: give --artist ID or --market.")
    if output == "":
        raise WrongUsage("--output names nothing: give a file, or leave it out.")
    place = local_path(absolute(output or "report.html"))
    if place is None:
        raise WrongUsage(f"A report is written to a local file, and {output} is none: give --output FILE.")
    if place.is_dir():
        raise WrongUsage(
            f"{place} is a folder: give --output the file to write, such as {place / 'report.html'}."
        )
    run.refuse_no_lake()
    write(run, run.base.release, artist, place)


def write(run: Run, release: int, artist: str | None, place: Path) -> None:
    """Writes the report of an artist, or of the market if it is None, to the place."""
    if "mart_artist" not in {*run.base.tables, *run.staged}:
        raise InputMissing(f"The lake {run.lake.uri} has no marts to report of: run build_marts.")

    def read(table: str) -> DataFrame:
        return run.read(table) if table in CONTRACTS else run.spark.range(0)

    with run.steps.step("Reading the marts"):
        figures = of_market(read) if artist is None else of_artist(read, artist)
    with run.steps.step("Writing the report"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(page(figures, release, run.began_at.date()), encoding="utf-8")
    run.steps.note(f"Report:    {place}")


if __name__ == "__main__":
    cli.launch(main)
