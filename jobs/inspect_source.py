"""Look at a folder of logs: its layout, dates, form, and what is wrong with its first records."""

from datetime import UTC, datetime

from pyspark.sql import SparkSession

from tracklake import cli
from tracklake.errors import InputMissing, WrongUsage
from tracklake.look import Look
from tracklake.sources import source
from tracklake.sources.detect import AUTO, TEXT_FILES, take_sample, told_by
from tracklake.sources.files import list_files
from tracklake.sources.inspection import RECORDS, Field, columns_of, fields_of, files_of, findings
from tracklake.sources.rows import file_rows
from tracklake.sources.sample import Sample
from tracklake.sources.source import Bounds, Source


@cli.without_lake("source", "input")
def main(look: Look) -> None:
    """Prints layout, dates, schema, source and first problems of a folder of logs; writes nothing.

    It reads a few files only, of a source that is named its logs, and at most 10,000 records of them.
    """
    folder, steps = look.folder(), look.steps
    with steps.step("Listing files") as step:
        paths = [file.path for file in list_files(look.spark, folder)]
        step.rows = len(paths)
    if not paths:
        raise InputMissing(f"There is no file in {folder}: give --input the folder that holds the logs.")
    files = files_of(folder, paths)
    steps.table("Files", ("form", "compression", "files"), files.by_ending)
    steps.table("Layout (# stands for digits)", ("folder", "files"), files.by_layout)
    if files.first:
        steps.note(f"Dates in paths: {files.first} to {files.last}; {files.undated:,} files without a date.")
    else:
        steps.note("No path says a date: a range of dates picks events, and every file is read.")

    named = source(look.source) if look.source and look.source != AUTO else None
    if named:  # of other files it would say nothing
        paths = [file.path for file in named.find(look.spark, folder, None, None)]
    with steps.step("Looking into the first files"):
        sample = take_sample(look.spark, folder, paths)
    found = named or _guessed(look, sample, folder)
    if found is None:
        _show_fields(look, sample)
        return
    looked_into = {*sample.heads, *sample.columns}
    picked = paths if named else [file.path for file in found.find(look.spark, folder, None, None)]
    logs = [path for path in picked if path in looked_into] or picked[:TEXT_FILES]
    _show_fields(look, sample.of(logs))
    with steps.step(f"Reading up to {RECORDS:,} records of {len(logs)} files") as step:
        first = findings(look.spark, found, logs, Bounds.of(look.conf.limits, datetime.now(UTC)))
        step.rows = first.read
    steps.note(f"{first.read:,} records: {first.quarantined:,} cannot become events.")
    if first.first:
        steps.note(f"Events from {first.first} to {first.last} UTC.")
    if first.problems:
        steps.table("First problems", ("reason", "detail", "file", "record"), first.problems)


def _guessed(look: Look, sample: Sample, folder: str) -> Source | None:
    """The source that the sample is known to be of; None if it is not known."""
    try:
        guess = told_by(sample, folder)
    except WrongUsage as unsure:
        look.steps.note(str(unsure))
        return None
    look.steps.note(f"Source: {guess.source.name}, because {guess.why}.")
    return guess.source


def _show_fields(look: Look, sample: Sample) -> None:
    """Prints the fields of the first records of a sample."""
    rows = [(field.name, field.types, f"{field.nulls:.1%}") for field in _fields(look.spark, sample)]
    look.steps.table("Fields of the first records", ("field", "type", "null or missing"), rows)


def _fields(spark: SparkSession, sample: Sample) -> list[Field]:
    if not sample.columns:
        return fields_of(sample)
    path = next(iter(sample.columns))
    return columns_of(file_rows(spark, path))


if __name__ == "__main__":
    cli.launch(main)
