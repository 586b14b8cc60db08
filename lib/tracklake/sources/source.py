"""What every source is: a name, a way to find its log files, to read them, and to read its catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class Bounds:
    """Between which moments an event may have happened, UTC, both included."""

    earliest: datetime
    latest: datetime


@dataclass(frozen=True)
class Source:
    """A log format.

    ``find(spark, folder, start, end)`` lists the log files that the dates pick. ``read(spark, files, bounds,
    id_prefix)`` gives arrivals: the columns of ``event`` but ingested_at and run_id, and ``raw_record``,
    ``reason``, ``detail``, which are null unless the record cannot become an event; track_id and artist_id may
    be null where the source gives names only. ``catalogue(spark, folder, id_prefix)`` gives the columns of
    table ``catalogue`` but run_id: no rows where the source has no catalogue.
    """

    name: str
    find: Callable[[SparkSession, str, date | None, date | None], list[str]]
    read: Callable[[SparkSession, list[str], Bounds, str], DataFrame]
    catalogue: Callable[[SparkSession, str, str], DataFrame]
