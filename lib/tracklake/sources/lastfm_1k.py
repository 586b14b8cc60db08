"""Source ``lastfm_1k``: plays of the Last.fm 1K users data set, lines of six fields with tabs between.

The fields are userid, time, artist mbid, artist, track mbid, track; the mbids are often empty, and quotes mean nothing.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.sources.arrivals import as_arrivals, listener, prefixed
from tracklake.sources.layout import COMPRESSED, Layout
from tracklake.sources.lines import UNREADABLE, read_lines, unreadable
from tracklake.sources.numbers import moment, within
from tracklake.sources.sample import Sample
from tracklake.sources.source import Bounds, Source
from tracklake.sources.text import trimmed
from tracklake.transforms.keys import key

LAYOUT = Layout(
    names=rf"(?<!userid-profile)\.tsv{COMPRESSED}$",
    shown="*.tsv (the profiles of users aside)",
    dated=False,
)

FIELDS = ("userid", "time", "artist_mbid", "artist", "track_mbid", "track")


def read(spark: SparkSession, files: list[str], bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per line of the files that is not blank."""
    return arrivals(read_lines(spark, files, bounds.longest_line), bounds, id_prefix)


def arrivals(lines: DataFrame, bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per line (``line``, ``source_file``).

    event_id is the key of the user, the time and the two names: mbids are filled in later, names stay.
    """
    stated = (
        lines.withColumn("cells", F.split("line", "\t"))
        .withColumns({name: _cell(position) for position, name in enumerate(FIELDS)})
        .withColumn("played_at", moment(F.col("time")))
        .withColumn("event_time", within(F.col("played_at"), bounds))
        .withColumn("reason", _reason())
    )
    columns = {
        "event_id": key(F.col("userid"), F.unix_micros("played_at"), F.col("artist"), F.col("track")),
        "event_type": F.lit("play"),
        "user_id": listener(id_prefix, F.col("userid")),
        "track_id": prefixed(id_prefix, F.col("track_mbid")),
        "track_name": F.col("track"),
        "artist_id": prefixed(id_prefix, F.col("artist_mbid")),
        "artist_name": F.col("artist"),
    }
    return as_arrivals(stated, SOURCE.name, columns, _REASONS)


def _cell(position: int) -> Column:
    return trimmed(F.get("cells", F.lit(position)))


_REASONS = UNREADABLE | {
    "bad_columns": "The line has not six fields with tabs between.",
    "no_time": "The line has no time.",
    "bad_time": "The time is not an ISO date and time.",
    "time_out_of_bounds": "The time is before the earliest or after the latest that conf allows.",
    "no_track": "The line names no track.",
}


def _reason() -> Column:
    return (
        F.when(unreadable().isNotNull(), unreadable())
        .when(F.size("cells") != len(FIELDS), "bad_columns")
        .when(F.col("time").isNull(), "no_time")
        .when(F.col("played_at").isNull(), "bad_time")
        .when(F.col("event_time").isNull(), "time_out_of_bounds")
        .when(F.col("track").isNull(), "no_track")
    )


def recognise(sample: Sample) -> str:
    """Six fields with tabs between and a time in the second, in most lines that have tabs."""
    rows = [row for row in sample.rows() if len(row) > 1]
    plays = [row for row in rows if len(row) == len(FIELDS) and row[1][4:5] == "-" and "T" in row[1]]
    if len(plays) > len(rows) / 2:
        return "lines have six fields with tabs between, an ISO time in the second"
    return ""


SOURCE = Source(
    name="lastfm_1k", find=LAYOUT.find, read=read, names_a_log=LAYOUT.names_a_log, recognise=recognise
)
