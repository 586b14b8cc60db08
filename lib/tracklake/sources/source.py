"""What every source is: a name, a way to find its log files, to read them, and to read its catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from pyspark.sql import DataFrame, SparkSession

from tracklake.sources.sample import Sample
from tracklake.tables import contract


@dataclass(frozen=True)
class Bounds:
    """Between which moments an event may have happened, UTC, both included."""

    earliest: datetime
    latest: datetime


def no_catalogue(spark: SparkSession, folder: str, id_prefix: str) -> DataFrame:
    """The catalogue of a source that has none."""
    return contract("catalogue").no_rows(spark).drop("run_id")


@dataclass(frozen=True)
class Source:
    """A log format.

    ``find(spark, folder, start, end)`` lists the log files that the dates pick. ``read(spark, files, bounds,
    id_prefix)`` gives arrivals: the columns of ``event`` but ingested_at and run_id, and ``raw_record``,
    ``reason``, ``detail``, which are null unless the record cannot become an event; track_id and artist_id may
    be null where the source gives names only. ``recognise(sample)`` says by what a sample of files is known to be
    of this source, in words that follow "because", or nothing. ``catalogue(spark, folder, id_prefix)`` gives the
    columns of table ``catalogue`` but run_id: no rows where the source has no catalogue.

    A source is ``dated`` if its files say in their paths of which dates they are. Of one that is not, every file is
    read, and a range of dates picks events by event_date.
    """

    name: str
    find: Callable[[SparkSession, str, date | None, date | None], list[str]]
    read: Callable[[SparkSession, list[str], Bounds, str], DataFrame]
    recognise: Callable[[Sample], str]
    catalogue: Callable[[SparkSession, str, str], DataFrame] = no_catalogue
    dated: bool = True
