"""Source ``sparkify``: JSON lines of Sparkify/eventsim logs in log_data, a catalogue of songs in song_data."""

from __future__ import annotations

from datetime import date
from functools import reduce
from operator import or_

from pyspark.errors import AnalysisException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.errors import InputMissing
from tracklake.sources.files import in_range, list_files, literal
from tracklake.sources.lines import read_lines
from tracklake.sources.source import Bounds, Source
from tracklake.sources.text import PERSONAL_FIELDS, repaired, without_persons
from tracklake.tables import contract
from tracklake.transforms.keys import key

EVENT_TYPES = {
    "NextSong": "play",
    "Thumbs Up": "like",
    "Thumbs Down": "dislike",
    "Add to Playlist": "playlist_add",
    "Login": "auth",
    "Logout": "auth",
    "Submit Upgrade": "subscription",
    "Submit Downgrade": "subscription",
}
"""event_type of a page; every other page is a page_view."""

IDENTITY = ("userId", "sessionId", "itemInSession", "ts", "page", "artist", "song")
"""The fields that identify a record: event_id is the key of their texts."""

MAPPED = (
    "artist",
    "gender",
    "itemInSession",
    "length",
    "level",
    "location",
    "registration",
    "sessionId",
    "song",
    "ts",
    "userAgent",
    "userId",
)
"""The fields that have a column of their own; whatever else a record holds goes to extra."""

LONGEST_MS = 24 * 3_600_000
"""A play cannot be of a longer track: its record is quarantined. So a late event changes plays of the day
before it at most."""

_SECONDS = "decimal(12,7)"
_YEAR_2100_MS = 4_102_444_800_000
_PLATFORMS = {
    "iOS": ("iPhone", "iPad", "iPod"),
    "Android": ("Android",),
    "Windows": ("Windows",),
    "macOS": ("Macintosh", "Mac OS X"),
    "Linux": ("Linux", "X11"),
}


def find(spark: SparkSession, folder: str, start: date | None, end: date | None) -> list[str]:
    """The log files that the dates pick; InputMissing where there are none."""
    logs = f"{folder.rstrip('/')}/log_data"
    files = list_files(spark, logs)
    if not files:
        raise InputMissing(f"There is no log file in {logs}: nothing was read.")
    chosen = [path for path in files if in_range(path.rpartition("/log_data/")[2], start, end)]
    if not chosen:
        raise InputMissing(
            f"None of the {len(files)} log files in {logs} is of the dates {start or '...'} to {end or '...'}: "
            "choose others with --start and --end."
        )
    return chosen


def read(spark: SparkSession, files: list[str], bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per line of the files that is not blank."""
    return arrivals(read_lines(spark, files), bounds, id_prefix)


def arrivals(lines: DataFrame, bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per line (``line``, ``source_file``). Names of persons are dropped here."""
    parsed = F.when(_is_one_object("line"), F.from_json("line", "map<string,string>"))
    level = F.lower(_field("level"))
    records = (
        lines.withColumn("m", parsed)
        .withColumns(
            {
                "ts": _whole(_field("ts")),
                "item": _number_as_text("itemInSession"),
                "user": _number_as_text("userId"),
                "session": _number_as_text("sessionId"),
                "length_s": _field("length").try_cast(_SECONDS),
                "registration_ms": _whole(_field("registration")),
                "level": F.when(level.isin(*contract("event").column("level").values), level),
                "song": _said("song"),
                "artist": _said("artist"),
            }
        )
        .withColumns(
            {
                "item_in_session": F.col("item").try_cast("int"),
                "duration_ms": _length_ms(F.col("length_s")),
                "track_name": repaired(F.col("song")),
                "artist_name": repaired(F.col("artist")),
                "registered_at": F.when(
                    F.col("registration_ms").between(0, _YEAR_2100_MS), F.timestamp_millis("registration_ms")
                ),
            }
        )
        .withColumn("event_time", F.when(F.col("ts").between(*_millis(bounds)), F.timestamp_millis("ts")))
        .withColumn("reason", _reason())
    )
    page, user_id = _field("page"), F.nullif("user", F.lit(""))
    values = {
        "event_id": key(*[_identity(name) for name in IDENTITY]),
        "event_type": _one_of(page, EVENT_TYPES, "page_view"),
        "event_date": F.to_date("event_time"),
        "user_id": F.concat(F.lit(id_prefix), user_id) if id_prefix else user_id,
        "session_id": F.nullif("session", F.lit("")),
        "ms_played_inferred": F.when(page == "NextSong", F.lit(True)),
        "gender": _said("gender"),
        "platform": _platform(_field("userAgent")),
        "user_agent": _field("userAgent"),
        "location": _said("location"),
        "source": F.lit(SOURCE.name),
        "extra": _extra(),
    }
    columns = [
        values.get(column.name, F.col(column.name) if column.name in records.columns else F.lit(None))
        .cast(column.spark_type)
        .alias(column.name)
        for column in contract("event").columns
        if column.name not in ("ingested_at", "run_id")
    ]
    raw = F.when(F.col("reason").isNotNull(), without_persons(F.col("line")))
    return records.select(
        *columns, raw.alias("raw_record"), "reason", _one_of(F.col("reason"), _REASONS, None).alias("detail")
    )


def _field(name: str) -> Column:
    return F.col("m")[name]


def _said(name: str) -> Column:
    return F.nullif(_field(name), F.lit(""))


def _is_one_object(line: str) -> Column:
    """Whether a line is one JSON object and nothing else, as far as brackets tell: Spark's parser takes the
    first of several values and ignores the rest of the line."""
    text = F.col(line)
    braced = text.startswith("{") & text.endswith("}")
    flat = F.instr(text, "}") == F.length(text)
    outside_of_strings = F.regexp_replace(text, r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', "")
    return braced & (flat | ~outside_of_strings.rlike(r"\}\s*\{|\}\s*[^,\}\]\s]"))


_REASONS = {
    "not_json": "The line is not one JSON object.",
    "no_page": "The record has no page: it does not say what happened.",
    "no_time": "The record has no ts.",
    "bad_time": "ts is not a number of milliseconds.",
    "time_out_of_bounds": "ts is before the earliest or after the latest time that conf allows.",
    "bad_length": "length is not a number of seconds from 0 to 86,400.",
}


def _reason() -> Column:
    return (
        F.when(F.col("m").isNull(), "not_json")
        .when(_field("page").isNull(), "no_page")
        .when(_field("ts").isNull(), "no_time")
        .when(F.col("ts").isNull(), "bad_time")
        .when(F.col("event_time").isNull(), "time_out_of_bounds")
        .when(_field("length").isNotNull() & F.col("duration_ms").isNull(), "bad_length")
    )


def _one_of(value: Column, names: dict[str, str], otherwise: str | None) -> Column:
    chosen = F.lit(otherwise)
    for name, meaning in names.items():
        chosen = F.when(value == name, meaning).otherwise(chosen)
    return chosen


def _millis(bounds: Bounds) -> tuple[Column, Column]:
    return tuple(F.lit(round(moment.timestamp() * 1000)) for moment in (bounds.earliest, bounds.latest))  # type: ignore[return-value]


def _whole(text: Column) -> Column:
    """A whole number below 2^53, however it is written (12, "12", 12.0, 1.2E1); null if it is none."""
    return text.try_cast("double").try_cast("bigint")


def _length_ms(seconds: Column) -> Column:
    """Seconds (_SECONDS) as milliseconds, rounded half up; null if they are none of a day."""
    return F.when(seconds.between(0, LONGEST_MS // 1000), F.round(seconds * 1000).cast("bigint"))


def _number_as_text(name: str) -> Column:
    """A whole number as its digits, which one producer writes as 39, another as "39" or 39.0."""
    text = _field(name)
    return F.when(text.endswith(".0"), F.regexp_replace(text, r"^(\d+)\.0$", "$1")).otherwise(text)


def _identity(name: str) -> Column:
    texts = {"ts": "ts", "userId": "user", "sessionId": "session", "itemInSession": "item"}
    return F.col(texts[name]) if name in texts else _field(name)


def _platform(user_agent: Column) -> Column:
    family = F.when(user_agent.isNotNull(), F.lit("other"))
    for name, marks in reversed(_PLATFORMS.items()):
        family = F.when(reduce(or_, [user_agent.contains(mark) for mark in marks]), name).otherwise(family)
    return family


def _extra() -> Column:
    """JSON of the fields without a column, and of those whose column does not hold what was sent."""
    rest = F.map_filter(
        "m",
        lambda name, value: value.isNotNull() & ~name.isin(*MAPPED) & ~F.lower(name).isin(*PERSONAL_FIELDS),
    )
    differs = {
        "artist": ~F.col("artist_name").eqNullSafe(F.col("artist")),
        "song": ~F.col("track_name").eqNullSafe(F.col("song")),
        "level": F.col("level").isNull() & _said("level").isNotNull(),
        "registration": F.col("registered_at").isNull() & _said("registration").isNotNull(),
    }
    raw = F.map_from_arrays(
        F.array(*[F.lit(name) for name in differs]),
        F.array(*[F.when(differ, _field(name)) for name, differ in differs.items()]),
    )
    kept = F.map_filter(raw, lambda name, value: value.isNotNull())
    whole = F.when(reduce(or_, differs.values()), F.map_concat(rest, kept)).otherwise(rest)
    return F.nullif(F.to_json(whole), F.lit("{}"))


def catalogue(spark: SparkSession, folder: str, id_prefix: str) -> DataFrame:
    """The songs of song_data: one row per song_id, no rows where there is no song_data."""
    songs = f"{folder.rstrip('/')}/song_data"
    fields = "song_id string, title string, artist_id string, artist_name string, artist_location string"
    fields += ", artist_latitude double, artist_longitude double, duration string, year string"
    try:
        lines = (
            spark.read.option("recursiveFileLookup", "true")
            .text(literal(songs))
            .select("value", "_metadata.file_path", "_metadata.file_modification_time")
        )
    except AnalysisException as error:
        if error.getCondition() != "PATH_NOT_FOUND":
            raise
        return contract("catalogue").no_rows(spark).drop("run_id")
    year = F.col("r.year").try_cast("int")
    stated = lines.select(
        F.from_json("value", fields).alias("r"), "file_path", "file_modification_time"
    ).select(
        F.lit(SOURCE.name).alias("source"),
        F.concat(F.lit(id_prefix), "r.song_id").alias("track_id"),
        repaired(F.col("r.title")).alias("title"),
        F.concat(F.lit(id_prefix), "r.artist_id").alias("artist_id"),
        repaired(F.col("r.artist_name")).alias("artist_name"),
        F.nullif(repaired(F.col("r.artist_location")), F.lit("")).alias("artist_location"),
        F.col("r.artist_latitude").alias("artist_latitude"),
        F.col("r.artist_longitude").alias("artist_longitude"),
        _length_ms(F.col("r.duration").try_cast(_SECONDS)).alias("duration_ms"),
        F.when(year > 0, year).alias("release_year"),
        F.col("file_modification_time").alias("stated_at"),
        F.col("file_path").alias("source_file"),
    )
    newest = [name for name in stated.columns if name not in ("source", "track_id")]
    return (
        stated.where(F.col("track_id").isNotNull() & F.col("artist_id").isNotNull())
        .groupBy("source", "track_id")
        .agg(F.max_by(F.struct(*newest), F.struct("stated_at", "source_file")).alias("r"))
        .select("source", "track_id", "r.*")
    )


SOURCE = Source(name="sparkify", find=find, read=read, catalogue=catalogue)
