"""What has changed since a job last built its tables: the reason for it to do anything, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pyspark.sql import DataFrame

from tracklake.lake.delta import DataFile
from tracklake.lake.lake import Lake
from tracklake.lake.publish import Staged


@dataclass(frozen=True)
class Changes:
    """Files of the lake's tables as a job last built from them, against those there are now, staged ones included.

    ``built_from`` and ``now`` are versions by table; ``staged`` is what the current run has staged so far.
    """

    lake: Lake
    built_from: dict[str, int]
    now: dict[str, int]
    staged: dict[str, Staged]

    def dates(self, table: str) -> set[date]:
        """The dates whose slices differ."""
        gone, come = self._files(table)
        return {file.slice for file in gone + come if file.slice is not None}

    def any(self, table: str) -> bool:
        """Whether any file of the table differs."""
        return any(self._files(table))

    def rows(self, table: str) -> tuple[DataFrame, DataFrame]:
        """Rows of the files that went, and of those that came. A row that only moved to another file is in both."""
        gone, come = self._files(table)
        return self.lake.of_files(table, gone), self.lake.of_files(table, come)

    def _files(self, table: str) -> tuple[list[DataFile], list[DataFile]]:
        before = self.lake.files(table, self.built_from.get(table))
        after = list(self.lake.files(table, self.now.get(table)))
        if staged := self.staged.get(table):
            after = staged.commit.after(after)
        old, new = {file.path for file in before}, {file.path for file in after}
        return [f for f in before if f.path not in new], [f for f in after if f.path not in old]
