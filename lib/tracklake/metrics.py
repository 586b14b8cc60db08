"""What is measured of each table's staged slices: all metrics of a table in one aggregation, one row a date."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from tracklake.tables import contract

FRESHNESS = "freshness_hours"
NEW_MEMBERS = "share.new_members"
QUARANTINED = "share.quarantined"
ALL = "true"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Metrics:
    """The metrics of one table, each named for what it is and said in SQL over the table's columns.

    ``counts`` are numbers to be summed. ``shares`` are conditions, each as a share of the
    rows that a second condition picks. ``drifts`` are columns cut into bins: the rows that count, and for each
    bin its condition; a row is in the first that holds, else in ``other``. ``moment`` is when a row happened.
    """

    counts: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    drifts: Mapping[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    moment: str | None = None


_UNDER_SECONDS = {
    f"under {upper} s": f"ms_played < {upper}000" for upper in (5, 30, 60, 120, 180, 240, 300, 480)
}
# Not by lower(): of its first text, whichever it is, Spark title-cases all of Unicode, half a second.
_FAMILIES = ("android", "iphone", "ipad", "ios", "windows", "mac", "linux", "web")

METRICS = {
    "event": Metrics(
        counts={"rows": "1", "plays": "int(event_type = 'play')"},
        shares={
            "null_share.user_id": ("user_id IS NULL", ALL),
            "null_share.track_id": ("track_id IS NULL", "event_type = 'play'"),
            "null_share.duration_ms": ("duration_ms IS NULL", "event_type = 'play'"),
        },
        moment="event_time",
    ),
    "fact_session": Metrics(counts={"rows": "1"}),
    "fact_stream": Metrics(
        counts={"plays": "1"},
        shares={
            "null_share.ms_played": ("ms_played IS NULL", ALL),
            "share.is_stream": ("is_stream", ALL),
            "share.is_skip": ("is_skip", ALL),
            "share.inferred_track": ("track_id LIKE 'inferred:%'", ALL),
        },
        drifts={
            "drift.ms_played": (ALL, {"unknown": "ms_played IS NULL"} | _UNDER_SECONDS),
            "drift.level": (
                ALL,
                {"unknown": "level IS NULL", "free": "level = 'free'", "paid": "level = 'paid'"},
            ),
            "drift.platform": (
                ALL,
                {"unknown": "platform IS NULL"}
                | {family: f"platform RLIKE '(?i){family}'" for family in _FAMILIES},
            ),
        },
    ),
    "fact_feedback": Metrics(counts={"rows": "1"}),
    "fact_track_day": Metrics(counts={"rows": "1", "plays": "plays"}),
    "fact_artist_day": Metrics(counts={"rows": "1", "plays": "plays"}),
    "fact_listening": Metrics(counts={"plays": "plays"}),
}
"""What is measured, by table. Of tables that are not here nothing is."""


@dataclass(frozen=True)
class Measured:
    """One metric of one table, and of one date where the table has slices.

    ``value`` is a number of rows, a share, or hours. A distribution has ``counts`` by bin instead. ``rows`` are
    those that a share or a distribution is of: of no rows there is neither.
    """

    table: str
    date: date | None
    metric: str
    value: float = 0.0
    rows: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurements:
    """All that was measured of a table's slices, and the newest moment in them (None where there is no row)."""

    table: str
    measured: tuple[Measured, ...]
    newest: datetime | None


def measure(table: str, staged: DataFrame | None, dates: Collection[date]) -> Measurements:
    """Every metric of the table for each of the dates; a date without a row has counts of 0, and nothing else.

    ``staged`` is None where no date has a row.
    """
    metrics = METRICS[table]
    rows = [] if staged is None else _by_slice(staged, metrics, contract(table).partition_by or "")
    found = {row["slice"]: row for row in rows}
    newest = [row["newest"] for row in rows if row["newest"] is not None]
    return Measurements(
        table,
        tuple(one for day in sorted(dates) for one in _measured(table, metrics, day, found.get(day))),
        EPOCH + timedelta(microseconds=max(newest)) if newest else None,
    )


def count_plays(table: str, frame: DataFrame) -> dict[date, int]:
    """The plays of each date in a table of METRICS that counts them."""
    plays = F.sum(F.expr(METRICS[table].counts["plays"])).alias("plays")
    slice_ = F.col(contract(table).partition_by or "").alias("slice")
    return {row["slice"]: row["plays"] for row in frame.groupBy(slice_).agg(plays).collect()}


def _by_slice(staged: DataFrame, metrics: Metrics, slice_: str) -> list[Row]:
    """One row a date: all that is counted of it."""
    binned = staged.withColumns({name: _bin(bins) for name, (_, bins) in metrics.drifts.items()})
    return binned.groupBy(F.col(slice_).alias("slice")).agg(*_aggregates(metrics)).collect()


def _aggregates(metrics: Metrics) -> list[Column]:
    counts = [F.sum(F.expr(number)).alias(name) for name, number in metrics.counts.items()]
    shares = [
        F.count_if(F.expr(condition)).alias(name)
        for metric, (part, of) in metrics.shares.items()
        for name, condition in ((metric, f"({part}) AND ({of})"), (f"{metric}/of", of))
    ]
    bins = [
        F.count_if(F.expr(of) & (F.col(f"`{metric}`") == place)).alias(f"{metric}/{name}")
        for metric, (of, conditions) in metrics.drifts.items()
        for place, name in enumerate((*conditions, "other"))
    ]
    micros = F.max(F.unix_micros(metrics.moment)) if metrics.moment else F.lit(None)
    return [*counts, *shares, *bins, micros.alias("newest")]


def _bin(conditions: Mapping[str, str]) -> Column:
    """The place of the first bin whose condition holds, that of ``other`` where none does."""
    places = [F.when(F.expr(condition), place) for place, condition in enumerate(conditions.values())]
    return F.coalesce(*places, F.lit(len(conditions)))


def _measured(table: str, metrics: Metrics, day: date, row: Row | None) -> list[Measured]:
    def of(name: str) -> int:
        return int(row[name] or 0) if row else 0

    counts = [Measured(table, day, name, float(of(name))) for name in metrics.counts]
    shares = [
        Measured(table, day, name, of(name) / of(f"{name}/of"), of(f"{name}/of"))
        for name in metrics.shares
        if of(f"{name}/of")
    ]
    drifts = []
    for name, (_, conditions) in metrics.drifts.items():
        bins = {one: of(f"{name}/{one}") for one in (*conditions, "other")}
        if rows := sum(bins.values()):
            drifts.append(Measured(table, day, name, rows=rows, counts=bins))
    return [*counts, *shares, *drifts]
