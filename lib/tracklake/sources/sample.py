"""A sample of a folder: the paths of its files and the first records of a few of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Sample:
    """Paths below the folder, and of some of them the first lines (``heads``), or the columns (``columns``) if
    they are no text."""

    paths: list[str]
    heads: dict[str, list[str]]
    columns: dict[str, list[str]]

    def of(self, paths: Collection[str]) -> Sample:
        """What the sample has of these files."""
        return Sample(
            self.paths,
            {path: lines for path, lines in self.heads.items() if path in paths},
            {path: names for path, names in self.columns.items() if path in paths},
        )

    def objects(self) -> Iterator[dict[str, Any]]:
        """Every first line that is one JSON object."""
        for lines in self.heads.values():
            for line in lines:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                if isinstance(record, dict):
                    yield record

    def rows(self) -> Iterator[list[str]]:
        """The first lines cut at tabs."""
        for lines in self.heads.values():
            yield from (line.split("\t") for line in lines)
