"""What every source is: a name, a way to find its log files, to read them, and to read its catalogue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from pyspark.sql import DataFrame, SparkSession

from tracklake.config import Limits
from tracklake.sources.files import LogFile
from tracklake.sources.lines import LONGEST_LINE
from tracklake.sources.sample import Sample


@dataclass(frozen=True)
class Bounds:
    """Between which moments an event may have happened, UTC, both included, and the bytes of the longest line."""

    earliest: datetime
    latest: datetime
    longest_line: int = LONGEST_LINE

    @classmethod
    def of(cls, limits: Limits, now: datetime) -> Self:
        """The bounds that conf sets for a run that begins now."""
        return cls(
            datetime.combine(limits.earliest_event_date, time(), UTC),
            now + timedelta(hours=limits.future_tolerance_hours),
            limits.longest_line_mb * 2**20,
        )


@dataclass(frozen=True)
class Catalogue:
    """How a source's own catalogue of songs is read.

    ``find(spark, folder)`` lists its files, none where there is no catalogue. ``read(spark, paths, bounds, id_prefix)``
    gives, one row per record, the columns of table ``catalogue`` but run_id, and ``raw_record``, ``reason`` and
    ``detail``, which are null unless the record cannot be used.
    """

    find: Callable[[SparkSession, str], list[LogFile]]
    read: Callable[[SparkSession, list[str], Bounds, str], DataFrame]


@dataclass(frozen=True)
class LeftOut:
    """Logs that a source does not read beside others: ``find(spark, folder)`` lists them, ``why`` says it in words."""

    find: Callable[[SparkSession, str], list[LogFile]]
    why: str


@dataclass(frozen=True)
class Source:
    """A log format.

    ``find(spark, folder, start, end)`` lists the log files that the dates pick. ``read(spark, paths, bounds,
    id_prefix)`` gives arrivals: the columns of ``event`` but ingested_at and run_id, ``raw_record``, ``reason``,
    ``detail``, which are null unless the record cannot become an event, and ``forms`` (see ``forms_of``); track_id
    and artist_id may be null where the source gives names only. ``names_a_log(path)`` tells whether the source would
    by its path take a file for a log; some take every JSON file. ``recognise(sample)`` says by what a sample of files
    is known to be of this source, in words that follow "because", or nothing. ``catalogue`` is None where the source
    has none, ``left_out`` where it reads all of its logs. ``own_ids`` says that event_id is the source's, so that one
    id may come with other times, users and sessions: the first one counts. Of all other sources event_id is a hash of
    the record from which these follow: copies have the same user_id, session_id, event_time and item_in_session.
    """

    name: str
    find: Callable[[SparkSession, str, date | None, date | None], list[LogFile]]
    read: Callable[[SparkSession, list[str], Bounds, str], DataFrame]
    names_a_log: Callable[[str], bool]
    recognise: Callable[[Sample], str]
    catalogue: Catalogue | None = None
    left_out: LeftOut | None = None
    own_ids: bool = False
