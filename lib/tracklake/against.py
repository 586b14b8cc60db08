"""What an audit compares the staged rows of a table with, and nothing that they cannot break."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from itertools import pairwise
from operator import or_

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.lake import Lake
from tracklake.lake.delta import DataFile
from tracklake.lake.publish import Staged
from tracklake.tables import contract
from tracklake.tables.key_rules import BESIDE

DAY = timedelta(days=1)
IN_ONE_TASK = 8_000_000
"""Bytes of Parquet, staged rows and keys together, up to which an audit is one task: shuffles would cost more."""

LASTS = {"fact_session": ("started_at", "ended_at")}
"""Tables cut by the date of a row's first moment whose rows last into later dates: both moments."""


MOST_STRETCHES = 20
"""Of how many stretches of dates one question is made."""


@dataclass(frozen=True)
class Against:
    """The tables of a lake as they will be once what is staged is published.

    ``versions`` are those of the release that the run builds on.
    """

    lake: Lake
    versions: Mapping[str, int]
    staged: Mapping[str, Staged]

    def of(self, table: str) -> dict[str, DataFrame]:
        """By name, every table that this one refers to, and under BESIDE what stays of the table itself."""
        referred = {reference.table for reference in contract(table).references}
        return {name: self._referred(name, table) for name in referred} | {
            BESIDE: self.lake.of_files(table, self._beside(table))
        }

    def is_small(self, table: str) -> bool:
        """Whether all that the table's audit reads is little enough for one task."""
        files = [*self.staged[table].commit.adds, *self._beside(table)]
        for name in {reference.table for reference in contract(table).references}:
            after = self._after(name)
            files += self._near(table, after) if name in LASTS else after
        return sum(file.size for file in files) < IN_ONE_TASK

    def _referred(self, name: str, table: str) -> DataFrame:
        dates = self.staged[table].dates
        if name in LASTS and dates:
            return self._lasting_into(name, dates)
        return self.lake.of_files(name, self._after(name))

    def _lasting_into(self, name: str, dates: Collection[date]) -> DataFrame:
        """The rows that last into these dates; Delta skips the files in which none does."""
        begins, ends = (F.col(moment) for moment in LASTS[name])
        into = in_any_stretch(
            dates, lambda first, last: (ends >= F.lit(first)) & (begins < F.lit(last + DAY))
        )
        staged = self.staged.get(name)
        rows = self.lake.of_files(name, staged.commit.adds if staged else ())
        if name in self.versions:
            staying = {file.slice for file in self._staying(name) if file.slice}
            kept = self.lake.slices(name, self.versions[name], staying)
            rows = rows.unionByName(kept.where(into))
        return rows

    def _beside(self, table: str) -> list[DataFile]:
        """The files of the table that stay and may hold a staged key.

        Of a dimension those are all. Of a table with slices they are those next to a staged one: a key that
        comes twice with another time, by a clock or a time zone that was wrong, comes near. Of a table that is
        only added to there are none: the run is part of its keys.
        """
        staying = self._staying(table)
        return staying if self.staged[table].member else self._near(table, staying)

    def _near(self, table: str, files: Collection[DataFile]) -> list[DataFile]:
        """Those of the files that are of a date staged for the table, or of one next to it."""
        near = {day + DAY * n for day in self.staged[table].dates or () for n in (-1, 0, 1)}
        return [file for file in files if file.slice in near]

    def _staying(self, table: str) -> list[DataFile]:
        files, staged = self.lake.files(table, self.versions.get(table)), self.staged.get(table)
        return staged.commit.kept(files) if staged else list(files)

    def _after(self, table: str) -> list[DataFile]:
        files, staged = self.lake.files(table, self.versions.get(table)), self.staged.get(table)
        return staged.commit.after(files) if staged else list(files)


def in_any_stretch(dates: Collection[date], condition: Callable[[date, date], Column]) -> Column:
    """Whether the condition holds of the first and last date of any stretch that the dates make."""
    return reduce(or_, [condition(first, last) for first, last in stretches(dates)])


def stretches(dates: Collection[date]) -> list[tuple[date, date]]:
    """The first and last dates of the stretches without a gap that the dates make; where these are more than
    MOST_STRETCHES, the shortest gaps count as none."""
    ordered = sorted(dates)
    gaps = [(before, after) for before, after in pairwise(ordered) if after - before > DAY]
    widest = sorted(sorted(gaps, key=lambda gap: gap[0] - gap[1])[: MOST_STRETCHES - 1])
    firsts = [ordered[0], *(after for _, after in widest)]
    lasts = [*(before for before, _ in widest), ordered[-1]]
    return list(zip(firsts, lasts, strict=True))
