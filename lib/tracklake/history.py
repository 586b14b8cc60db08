"""What was measured, judged by what was measured before: the rows of table audit_result."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Protocol

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake import limits
from tracklake.local_rows import local_rows
from tracklake.metrics import FRESHNESS, NEW_MEMBERS, QUARANTINED, Measured, Measurements, count_plays
from tracklake.tables import contract
from tracklake.transforms.keys import SEPARATOR
from tracklake.transforms.periods import is_on

WEEK = timedelta(weeks=1)
MOST_EARLIER = 8
"""How many earlier values limits are made from: two months of one weekday."""

RECENT = timedelta(days=90)
"""How far back the runs lie whose results of whole tables count."""

PLAYS_AS_IN = {
    "fact_stream": "event",
    "fact_track_day": "fact_stream",
    "fact_artist_day": "fact_stream",
    "fact_listening": "fact_stream",
}
"""Tables that have as many plays on each day as another one."""

BUILT_BY = {
    "fact_stream": "build_facts",
    "fact_track_day": "build_facts",
    "fact_artist_day": "build_facts",
    "fact_listening": "build_marts",
}
"""The jobs that build these tables."""

DIMENSIONS = ("dim_user", "dim_track", "dim_artist")
"""Tables of members, whose new ones are measured."""


class Tables(Protocol):
    """What is asked of a run: its tables as they will be, and as they are, when it began, and what it has read."""

    began_at: datetime
    records_read: int
    records_quarantined: int

    def read(self, table: str, dates: Collection[date] | None = None) -> DataFrame:
        """A table as it will be once the run is published."""

    def published(self, table: str) -> DataFrame:
        """A table as it is."""

    def slices(self, table: str) -> set[date]:
        """The dates of which a table will have rows."""

    def rows(self, table: str) -> tuple[int, int]:
        """How many rows a table has, and how many it will have."""

    def builds(self, job: str) -> bool:
        """Whether the run brings up to date what a job builds."""


@dataclass(frozen=True)
class Result:
    """One metric with its limits; ``earlier`` says how many values they come from, None if from none at all."""

    measured: Measured
    value: float
    lower: float | None
    upper: float | None
    earlier: int | None
    severity: str

    @property
    def status(self) -> str:
        """passed, failed, or no_history."""
        if self.earlier is not None and self.earlier < limits.FEWEST_EARLIER:
            return "no_history"
        low = self.lower is not None and self.value < self.lower
        return "failed" if low or (self.upper is not None and self.value > self.upper) else "passed"


def results(slices: Sequence[Measurements], tables: Tables) -> list[Result]:
    """All that was measured of a run, judged; nothing where nothing was measured."""
    of_slices = (one for each in slices for one in each.measured)
    measured = [*of_slices, *_new_members(tables), *_quarantined(tables)]
    if not measured:
        return []
    dates = {each.table: {one.date for one in each.measured if one.date} for each in slices}
    every = {day for days in dates.values() for day in days}
    before = earlier_results(tables.published("audit_result"), every, tables.began_at - RECENT)
    compared = {
        table: dates.get(table, set())
        | (dates.get(other, set()) if tables.builds(BUILT_BY[table]) else set())
        for table, other in PLAYS_AS_IN.items()
    }
    return [
        *judge([*measured, *_freshness(slices, tables)], before),
        *agreements(_plays(measured, compared, tables), compared),
    ]


def _freshness(slices: Sequence[Measurements], tables: Tables) -> list[Measured]:
    """Hours from the newest event to the run, where the run brought the newest day."""
    return [
        Measured(each.table, None, FRESHNESS, (tables.began_at - each.newest) / timedelta(hours=1))
        for each in slices
        if each.newest and each.newest.date() >= max(tables.slices(each.table))
    ]


def _new_members(tables: Tables) -> list[Measured]:
    """Members (of dim_user: versions) that a dimension gains, as a share of those that it will have."""
    return [
        Measured(table, None, NEW_MEMBERS, (after - before) / after, after)
        for table in DIMENSIONS
        for before, after in [tables.rows(table)]
        if 0 < before < after
    ]


def _quarantined(tables: Tables) -> list[Measured]:
    """Records that went to quarantine, as a share of those read: also where no event came of any of them."""
    read, unusable = tables.records_read, tables.records_quarantined
    return [Measured("quarantine", None, QUARANTINED, unusable / read, read)] if read else []


def _plays(
    measured: Sequence[Measured], dates: Mapping[str, set[date]], tables: Tables
) -> dict[str, dict[date, float]]:
    """Plays by table and date: as measured, and counted on those dates that the run has not staged of a table."""
    plays: defaultdict[str, dict[date, float]] = defaultdict(dict)
    for one in measured:
        if one.metric == "plays" and one.date:
            plays[one.table][one.date] = one.value
    for table, other in PLAYS_AS_IN.items():
        for name in (table, other):
            if uncounted := dates[table] - plays[name].keys():
                plays[name] |= dict.fromkeys(uncounted, 0.0) | count_plays(name, tables.read(name, uncounted))
    return plays


def judge(measured: Sequence[Measured], before: Iterable[Measured]) -> list[Result]:
    """Each metric by what was found of it before; a value outside the limits is a warning.

    A date is compared with the same weekday of the eight weeks before it, as ``before`` or ``measured`` has it;
    a metric without a date with the last eight of ``before``, which is in the order of time.
    """
    by_date: dict[tuple[str, str, date], Measured] = {}
    by_run: defaultdict[tuple[str, str], list[Measured]] = defaultdict(list)
    for one in [*before, *(one for one in measured if one.date)]:
        if one.date:
            by_date[one.table, one.metric, one.date] = one
        else:
            by_run[one.table, one.metric].append(one)

    def earlier(one: Measured) -> list[Measured]:
        if one.date is None:
            return by_run[one.table, one.metric][-MOST_EARLIER:]
        days = [one.date - WEEK * weeks for weeks in range(1, MOST_EARLIER + 1)]
        found = [by_date.get((one.table, one.metric, day)) for day in days]
        return [each for each in found if each]

    return [_judged(one, earlier(one)) for one in measured]


def _judged(one: Measured, earlier: Sequence[Measured]) -> Result:
    if len(earlier) < limits.FEWEST_EARLIER:
        if one.metric == QUARANTINED:
            return Result(one, one.value, None, limits.MOST_QUARANTINED, None, "warning")
        return Result(one, one.value, None, None, len(earlier), "warning")
    values, value = [each.value for each in earlier], one.value
    if one.counts:
        pooled: Counter[str] = sum((Counter(each.counts) for each in earlier), Counter())
        value = limits.stability_index(one.counts, pooled)
        bounds = limits.of_drift(one.rows, pooled.total(), len(one.counts))
    elif one.metric == FRESHNESS:
        bounds = limits.of_hours(values)
    elif "share" in one.metric:
        bounds = limits.of_shares(values, one.rows)
    else:
        bounds = limits.of_counts(values)
    return Result(one, value, *bounds, len(earlier), "warning")


def agreements(
    plays: Mapping[str, Mapping[date, float]], dates: Mapping[str, Iterable[date]]
) -> list[Result]:
    """Whether the tables of PLAYS_AS_IN have as many plays on each of their ``dates`` as the other table has.

    ``plays`` are by table and date. A difference is critical.
    """
    return [
        Result(
            Measured(table, day, f"plays_as_in.{other}", found), found, expected, expected, None, "critical"
        )
        for table, other in PLAYS_AS_IN.items()
        for day in sorted(dates.get(table, ()))
        for found, expected in [(float(plays[table].get(day, 0)), float(plays[other].get(day, 0)))]
    ]


def earlier_results(published: DataFrame, dates: Iterable[date], since: datetime) -> list[Measured]:
    """What table audit_result knows for the limits of these dates, and of whole tables since a moment.

    In the order of time. Some twenty rows for each date and run of them come to the driver, no more with more
    data; Delta's statistics leave the files of other runs alone.
    """
    days = {day - WEEK * weeks for day in dates for weeks in range(1, MOST_EARLIER + 1)}
    whole = F.col("event_date").isNull() & (F.col("measured_at") >= F.lit(since))
    rows = (
        published.where(is_on("event_date", days) | whole)
        .where(~F.col("metric").startswith("plays_as_in."))
        .select("table_name", "event_date", "metric", "value", "counts", "measured_at")
    )
    return [
        Measured(
            row["table_name"],
            row["event_date"],
            row["metric"],
            row["value"],
            counts=json.loads(row["counts"] or "{}"),
        )
        for row in sorted(rows.collect(), key=lambda row: row["measured_at"])
    ]


def as_rows(spark: SparkSession, results: Sequence[Result], run_id: str, began_at: datetime) -> DataFrame:
    """The results as rows of table audit_result."""
    of = contract("audit_result")
    rows = [
        (
            _key(run_id, result.measured),
            run_id,
            result.measured.table,
            result.measured.date,
            result.measured.metric,
            result.value,
            result.lower,
            result.upper,
            result.earlier or 0,
            result.severity,
            result.status,
            json.dumps(result.measured.counts) if result.measured.counts else None,
            began_at,
        )
        for result in results
    ]
    return local_rows(spark, rows, of.schema()).coalesce(1)


def _key(run_id: str, one: Measured) -> str:
    parts = (run_id, one.table, one.date.isoformat() if one.date else "", one.metric)
    return sha256(SEPARATOR.join(parts).encode()).hexdigest()[:32]
