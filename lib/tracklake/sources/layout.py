"""How a source's log files are named: which files below a folder are logs, and which of them the dates pick."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from pyspark.sql import SparkSession

from tracklake.errors import InputMissing
from tracklake.sources.files import in_range, list_files

COMPRESSED = r"(?:\.(?:gz|bz2|zst|zstd|lz4|snappy|deflate))?"
"""The end of a file's name that says how it is compressed, as a pattern."""


@dataclass(frozen=True)
class Layout:
    """``names`` is a pattern of the paths of logs below the folder, ``shown`` says it to a person.

    ``dated`` says whether paths tell of which dates a file is.
    """

    names: str
    shown: str
    dated: bool

    def logs(self, paths: list[str]) -> list[str]:
        """Those of the paths that are logs."""
        pattern = re.compile(self.names)
        return [path for path in paths if pattern.search(path)]

    def find(self, spark: SparkSession, folder: str, start: date | None, end: date | None) -> list[str]:
        """The log files below the folder that the dates pick; InputMissing where there are none."""
        files = self.logs(list_files(spark, folder))
        if not files:
            raise InputMissing(f"There is no log file in {folder}: the logs of this source are {self.shown}.")
        if not self.dated:
            return files
        chosen = [path for path in files if in_range(below(folder, path), start, end)]
        if not chosen:
            raise InputMissing(
                f"None of the {len(files)} log files in {folder} is of the dates {start or '...'} to "
                f"{end or '...'}: choose others with --start and --end."
            )
        return chosen


def below(folder: str, path: str) -> str:
    """A file's path as seen from the folder, with a slash before it; Spark gives paths as URIs."""
    name = folder.rstrip("/").rpartition(":")[2].lstrip("/")
    return "/" + path.partition(f"{name}/")[2] if f"{name}/" in path else path
