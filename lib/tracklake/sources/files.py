"""Log files: which there are below a folder, and which of them a range of dates picks."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession

from tracklake.errors import InputMissing

_DAY = re.compile(r"(?<!\d)(\d{4})([-/_]?)(\d{2})\2(\d{2})(?!\d)")
_HIVE_DAY = re.compile(r"year=(\d{4})/month=(\d{1,2})/day=(\d{1,2})(?=/)")
_MONTH = re.compile(r"(?:(?<=/)(\d{4})[-/](\d{2})|year=(\d{4})/month=(\d{1,2}))(?=/)")
_GLOB = re.compile(r"([\\{}\[\]*?])")


def literal(path: str) -> str:
    """The path with the characters escaped that Spark would read as a pattern."""
    return _GLOB.sub(r"\\\1", path)


def list_files(spark: SparkSession, folder: str) -> list[str]:
    """Paths of all files below a folder in order, hidden ones aside; InputMissing if there is no such folder.

    The list comes to the driver: one path per file.
    """
    try:
        files = (
            spark.read.format("binaryFile")
            .option("recursiveFileLookup", "true")
            .load(literal(folder))
            .select("path")
        )
        return sorted(row.path for row in files.toLocalIterator())
    except AnalysisException as error:
        if error.getCondition() != "PATH_NOT_FOUND":
            raise
        raise InputMissing(
            f"There is no folder {folder}: give --input the folder that holds the logs."
        ) from error


def days_of(path: str) -> tuple[date, date] | None:
    """First and last date that a log file's path stands for, or None where the path says no date.

    Understood are YYYY-MM-DD (also with / or _ or nothing between), ``key=YYYY-MM-DD``,
    ``year=/month=/day=``, and a folder of a month (``YYYY/MM``, ``YYYY-MM``, ``year=/month=``).
    """
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


def in_range(path: str, start: date | None, end: date | None) -> bool:
    """Whether a log file may hold events of the dates; a file whose path says no date always may."""
    days = days_of(path)
    if days is None:
        return True
    first, last = days
    return (start is None or last >= start) and (end is None or first <= end)
