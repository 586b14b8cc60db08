"""Log files: which there are below a folder, and which of them a range of dates picks."""

from __future__ import annotations

import os
import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tracklake.errors import InputMissing, TracklakeError
from tracklake.places import absolute, literal, local_path

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_YEAR = r"(199\d|20\d\d|2100)"
_DAY = re.compile(rf"(?<!\d){_YEAR}([-/_]?)(\d{{2}})\2(\d{{2}})(?!\d)")
_HIVE_DAY = re.compile(rf"year={_YEAR}/month=(\d{{1,2}})/day=(\d{{1,2}})(?=/)")
_MONTH = re.compile(rf"(?:(?<=/){_YEAR}[-/](\d{{2}})|year={_YEAR}/month=(\d{{1,2}}))(?=/)")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,}", re.IGNORECASE)


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
    folder go round in a circle, or a file has a name by which Spark cannot read it.
    """
    local = local_path(folder)
    if local:
        _refuse_what_cannot_be_listed(local)
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
    listed = [
        LogFile(
            row.path,
            row.uri,
            row.size,
            EPOCH + timedelta(milliseconds=row.modified_ms),
            days_of(below(folder, row.path)),
        )
        for row in files.collect()
    ]
    return sorted(listed, key=lambda file: file.path)


def _refuse_what_cannot_be_listed(root: Path) -> None:
    """Raises InputMissing for a file of a name that Spark cannot read, and if a link below the folder leads to a
    folder around it: listing would not end."""
    folders = [(root, frozenset({root.resolve()}))]
    while folders:
        folder, around = folders.pop()
        try:
            entries = [*os.scandir(folder)]
        except OSError:  # Spark says what is wrong with a folder that it cannot read
            continue
        for entry in entries:
            if not _is_folder(entry):
                _refuse_name(entry.path, root)
                continue
            place = Path(entry.path)
            real = place.resolve()
            if real in around:
                raise InputMissing(
                    f"The link {place} leads back to {real}, which it stands in: remove it from the logs."
                )
            folders.append((place, around | {real}))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether there is a folder; a link to itself is none, and Spark passes over it."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _refuse_name(path: str, root: Path) -> None:
    """Raises InputMissing if Spark would pass over a file that is not hidden, or fail on it, for what it is called."""
    shown = os.fsencode(path).decode(errors="backslashreplace")
    if shown != path:
        wrong = "is not in UTF-8"
    elif ":" in path and literal(path) != path:
        wrong = r"holds a colon and one of {}[]*?\ as well"
    else:
        return
    if not any(part.startswith(("_", ".")) for part in Path(path).relative_to(root).parts):
        raise InputMissing(f"{shown} cannot be read by this name, which {wrong}: rename it, and run again.")


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


def below(folder: str, path: str) -> str:
    """A listed file's path as seen from the folder, with a slash before it.

    Raises InputMissing where the folder is a file itself, and TracklakeError for a file that does not begin with the
    folder: of which dates it is could not be told.
    """
    root = _without_host(absolute(folder)).rstrip("/")
    seen = _without_host(path)
    if seen == root:
        raise InputMissing(f"{folder} is a file: give --input the folder that holds the logs.")
    if not seen.startswith(f"{root}/"):
        raise TracklakeError(
            f"{path} was listed below {folder}, but its path does not begin with it: give --input the folder as the "
            "storage itself names it."
        )
    return seen.removeprefix(root)


def _without_host(place: str) -> str:
    """The path of a place; Spark adds the host to a URI that names none."""
    return re.sub(r"^[\w.+-]+:(?://[^/]*)?(?=/|$)", "", place)


def days_of(path: str) -> tuple[date, date] | None:
    """First and last date that a log file's path stands for, or None where the path says no date.

    Understood are YYYY-MM-DD (also with / or _ or nothing between), ``key=YYYY-MM-DD``,
    ``year=/month=/day=``, and a folder of a month (``YYYY/MM``, ``YYYY-MM``, ``year=/month=``), of the years 1990
    to 2100. A folder ``key=`` counts most, then ``year=/month=/day=``, then another folder, then the file's own
    name, and a month least; of folders the innermost. A name with several dates stands for all from the first to
    the last.
    """
    path = "/" + _UUID.sub(".", path)
    of_names: dict[int, list[date]] = {}
    for name, day in _dates(_DAY, path):
        of_names.setdefault(name, []).append(day)
    file = path.rindex("/")
    folders = [name for name in of_names if name < file]
    keyed = [name for name in folders if "=" in path[name : path.index("/", name + 1)]]
    if keyed:
        return _span(of_names[keyed[-1]])
    if hive := [day for _, day in _dates(_HIVE_DAY, path)]:
        return hive[-1], hive[-1]
    if folders:
        return _span(of_names[folders[-1]])
    return _span(of_names[file]) if file in of_names else _month(path)


def _dates(pattern: re.Pattern[str], path: str) -> Iterator[tuple[int, date]]:
    """Each date that a pattern finds in a path and that exists, and where the name begins in which it stands."""
    for found in pattern.finditer(path):
        year, *_, month, day = found.groups()
        with suppress(ValueError):
            yield path.rfind("/", 0, found.start()), date(int(year), int(month), int(day))


def _span(days: list[date]) -> tuple[date, date]:
    return min(days), max(days)


def _month(path: str) -> tuple[date, date] | None:
    """First and last day of the innermost folder of a month, None where there is none."""
    for found in reversed([*_MONTH.finditer(path)]):
        year, month = int(found[1] or found[3]), int(found[2] or found[4])
        if 1 <= month <= 12:
            return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    return None


def in_range(days: tuple[date, date] | None, start: date | None, end: date | None) -> bool:
    """Whether a log file of these days may hold events of the dates; a file without a date always may."""
    if days is None:
        return True
    first, last = days
    return (start is None or last >= start) and (end is None or first <= end)
