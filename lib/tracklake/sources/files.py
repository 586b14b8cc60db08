"""Log files: which there are below a folder, and which of them a range of dates picks."""

from __future__ import annotations

import os
import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tracklake.errors import InputMissing
from tracklake.places import literal, local_path

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_DAY = re.compile(r"(?<!\d)(\d{4})([-/_]?)(\d{2})\2(\d{2})(?!\d)")
_HIVE_DAY = re.compile(r"year=(\d{4})/month=(\d{1,2})/day=(\d{1,2})(?=/)")
_MONTH = re.compile(r"(?:(?<=/)(\d{4})[-/](\d{2})|year=(\d{4})/month=(\d{1,2}))(?=/)")


class NoSuchFolder(InputMissing):
    """The folder that was to be listed is not there."""


class NothingInRange(InputMissing):
    """There are log files, but none of the dates asked for."""


@dataclass(frozen=True)
class LogFile:
    """A file as it was listed: where it is, bytes, and when it was last changed (UTC).

    ``uri`` is its path as ``source_file`` has it, with what a URI may not hold escaped. ``days`` are the first
    and the last date that its path below the listed folder stands for, None where that says no date.
    """

    path: str
    uri: str
    size: int
    modified_at: datetime
    days: tuple[date, date] | None = None


def list_files(spark: SparkSession, folder: str) -> list[LogFile]:
    """All files below a folder in order, hidden and empty ones aside.

    The list comes to the driver: one short row per file. Raises NoSuchFolder, or InputMissing if links in the
    folder go round in a circle.
    """
    local = local_path(folder)
    if local:
        _refuse_circles(local)
    try:
        files = (
            spark.read.format("binaryFile")
            .option("recursiveFileLookup", "true")
            .load(literal(folder))
            .select(
                "path",
                F.col("_metadata.file_path").alias("uri"),
                F.col("_metadata.file_size").alias("size"),
                F.unix_millis("_metadata.file_modification_time").alias("modified_ms"),
            )
        )
    except AnalysisException as error:
        if error.getCondition() != "PATH_NOT_FOUND":
            raise
        raise NoSuchFolder(
            f"There is no folder {folder}: give --input the folder that holds the logs."
        ) from error
    root = str(local or folder.partition("://")[2]).rstrip("/") + "/"
    listed = [
        LogFile(
            row.path,
            row.uri,
            row.size,
            EPOCH + timedelta(milliseconds=row.modified_ms),
            days_of(row.path.partition(root)[2]),
        )
        for row in files.collect()
    ]
    return sorted(listed, key=lambda file: file.path)


def _refuse_circles(root: Path) -> None:
    """Raises InputMissing if a link below the folder leads to a folder around it: listing would not end."""
    folders = [(root, frozenset({root.resolve()}))]
    while folders:
        folder, around = folders.pop()
        try:
            entries = [entry for entry in os.scandir(folder) if entry.is_dir()]
        except OSError:  # Spark says what is wrong with a folder that it cannot read
            continue
        for entry in entries:
            place = Path(entry.path)
            real = place.resolve()
            if real in around:
                raise InputMissing(
                    f"The link {place} leads back to {real}, which it stands in: remove it from the logs."
                )
            folders.append((place, around | {real}))


def pick(files: Sequence[LogFile], folder: str, start: date | None, end: date | None) -> list[LogFile]:
    """The files of a folder that the dates pick, those without a date among them.

    Raises InputMissing where there are no files at all, NothingInRange where the dates pick none.
    """
    if not files:
        raise InputMissing(f"There is no log file in {folder} with anything in it: nothing was read.")
    chosen = [file for file in files if in_range(file.days, start, end)]
    if not chosen:
        raise NothingInRange(
            f"None of the {len(files)} log files in {folder} is of the dates {start or '...'} to {end or '...'}: "
            "choose others with --start and --end."
        )
    return chosen


def days_of(path: str) -> tuple[date, date] | None:
    """First and last date that a log file's path stands for, or None where the path says no date.

    Understood are YYYY-MM-DD (also with / or _ or nothing between), ``key=YYYY-MM-DD``,
    ``year=/month=/day=``, and a folder of a month (``YYYY/MM``, ``YYYY-MM``, ``year=/month=``).
    """
    path = f"/{path}"
    for found in reversed([*_HIVE_DAY.finditer(path), *_DAY.finditer(path)]):
        year, month, day = (int(found[1]), int(found[found.lastindex - 1]), int(found[found.lastindex]))  # type: ignore[operator,index]
        try:
            return date(year, month, day), date(year, month, day)
        except ValueError:
            continue
    for found in reversed([*_MONTH.finditer(path)]):
        year, month = int(found[1] or found[3]), int(found[2] or found[4])
        if 1 <= month <= 12 and year >= 1:
            return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    return None


def in_range(days: tuple[date, date] | None, start: date | None, end: date | None) -> bool:
    """Whether a log file of these days may hold events of the dates; a file without a date always may."""
    if days is None:
        return True
    first, last = days
    return (start is None or last >= start) and (end is None or first <= end)
