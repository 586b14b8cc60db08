"""The rows behind a failed expectation, looked up again: with the columns concerned, and the file they came from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.lake import Lake, Release, staging
from tracklake.quality import Failure, withheld
from tracklake.runs import RedRun
from tracklake.tables import contract
from tracklake.transforms.periods import is_on

MOST_SHOWN = 20
"""Rows that are looked up for one failure."""


def rows_behind(lake: Lake, run: RedRun, table: str, failure: Failure) -> list[dict[str, Any]]:
    """Up to MOST_SHOWN staged rows of the failure's sample: key, columns concerned and, where it is known, source_file.

    They are found by the table's key, or, where the rule tells of members or of references, by these. A fact's
    source_file is that of its event, staged by the same run or published before. What pages and messages do not show
    is withheld here, too. No rows where there is no sample, as for an expectation of the whole table.
    """
    if not failure.sample or table not in run.staged:
        return []
    of = contract(table)
    named = dict.fromkeys(
        [*of.key, *failure.columns, *(["source_file"] if "source_file" in of.names else [])]
    )
    also = ["event_date"] if "event_id" in of.names and "event_date" in of.names else []
    frame = _staged(lake, run, table).where(_any_of(failure.sample, of.key)).limit(MOST_SHOWN)
    rows = [row.asDict() for row in frame.select(*dict.fromkeys([*named, *also])).collect()]
    if table != "event" and "event_id" in of.names:
        files = _files_of_events(lake, run, rows)
        rows = [{**row, "source_file": files.get(row["event_id"])} for row in rows]
    return [withheld(row) for row in rows]


def _files_of_events(lake: Lake, run: RedRun, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Which file each event came from."""
    base = lake.ledger.numbered(run.base)
    wanted = {row["event_id"]: row["event_date"] for row in rows}
    found: dict[str, str] = {}
    for events in (_staged_events(lake, run), _published_events(lake, base)):
        missing = wanted.keys() - found.keys()
        if events is None or not missing:
            continue
        of_them = events.where(
            is_on("event_date", {wanted[one] for one in missing}) & F.col("event_id").isin(sorted(missing))
        )
        found |= {
            row.event_id: row.source_file for row in of_them.select("event_id", "source_file").collect()
        }
    return found


def _staged_events(lake: Lake, run: RedRun) -> DataFrame | None:
    return _staged(lake, run, "event") if "event" in run.staged else None


def _published_events(lake: Lake, base: Release | None) -> DataFrame | None:
    return lake.at_version("event", base.tables["event"]) if base and "event" in base.tables else None


def _staged(lake: Lake, run: RedRun, table: str) -> DataFrame:
    return staging.read(lake.spark, contract(table), run.staged[table].path)


def _any_of(sample: Sequence[Mapping[str, Any]], key: Collection[str]) -> Column:
    """Whether a row is one of these: by its key, or by all that is known of it where that is not the whole key."""
    same = []
    for known in sample:
        names = key if key and known.keys() >= set(key) else known
        same.append(reduce(Column.__and__, (F.col(name).eqNullSafe(F.lit(known[name])) for name in names)))
    return reduce(Column.__or__, same)
