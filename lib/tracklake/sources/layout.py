"""How a source's log files are named: which files below a folder are logs, and which of them the dates pick."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

from pyspark.sql import SparkSession

from tracklake.errors import InputMissing
from tracklake.sources.compressed import NOT_UNPACKED, UNPACKED
from tracklake.sources.files import LogFile, list_files, pick

COMPRESSED = rf"(?:\.(?:{'|'.join((*UNPACKED, *NOT_UNPACKED, 'zip', '7z'))}))?"
"""The end of a file's name that says how it is compressed, as a pattern; logs that cannot be read are refused by it,
where they would else be passed over."""


@dataclass(frozen=True)
class Layout:
    """``names`` is a pattern of the paths of logs below the folder, in which capitals count as small letters; ``shown``
    says it to a person.

    ``dated`` says whether paths tell of which dates a file is.
    """

    names: str
    shown: str
    dated: bool

    def names_a_log(self, path: str) -> bool:
        """Whether a path is that of a log."""
        return re.search(self.names, path, re.IGNORECASE) is not None

    def find(self, spark: SparkSession, folder: str, start: date | None, end: date | None) -> list[LogFile]:
        """The log files below the folder that the dates pick; InputMissing where there are none."""
        files = [file for file in list_files(spark, folder) if self.names_a_log(file.path)]
        if not files:
            raise InputMissing(f"There is no log file in {folder}: the logs of this source are {self.shown}.")
        if not self.dated:
            files = [replace(file, days=None) for file in files]
        return pick(files, folder, start, end)
