"""Source ``sparkify``: JSON lines of Sparkify/eventsim logs, a catalogue of songs in song_data.

The logs are in log_data, or in folders of eventsim's four topics.
"""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.sources import song_data
from tracklake.sources.allowed import allowed
from tracklake.sources.arrivals import as_arrivals, listener, one_of
from tracklake.sources.eventsim import LOGIN_ENDED, as_pages, topic
from tracklake.sources.files import LogFile, NoSuchFolder, below, list_files, pick
from tracklake.sources.json_records import extra, field, number_as_text, records, said
from tracklake.sources.lines import UNREADABLE, read_lines, unreadable
from tracklake.sources.numbers import REGISTERED, SECONDS, millis, seconds_as_ms, whole
from tracklake.sources.platforms import USER_AGENTS, family
from tracklake.sources.sample import Sample
from tracklake.sources.source import Bounds, Source
from tracklake.sources.text import repaired
from tracklake.tables import contract
from tracklake.transforms.keys import key

EVENT_TYPES = {
    "NextSong": "play",
    "Thumbs Up": "like",
    "Thumbs Down": "dislike",
    "Add to Playlist": "playlist_add",
    "Login": "auth",
    "Logout": "auth",
    LOGIN_ENDED: "auth",
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

PLACES = {
    "event_type": ("page",),
    "event_time": ("ts",),
    "user_id": ("userId",),
    "session_id": ("sessionId", "sessionid"),
    "item_in_session": ("itemInSession",),
    "track_name": ("song",),
    "artist_name": ("artist",),
    "duration_ms": ("length", "duration"),
    "level": ("level",),
    "gender": ("gender",),
    "registered_at": ("registration",),
    "user_agent": ("userAgent",),
    "location": ("location", "city"),
}
"""Where in a record the value of a column may stand; eventsim's topics have names of their own."""

_EVENT = contract("event")


def find(spark: SparkSession, folder: str, start: date | None, end: date | None) -> list[LogFile]:
    """The log files that the dates pick; InputMissing where there are none."""
    logs = f"{folder.rstrip('/')}/log_data"
    try:
        files = list_files(spark, logs)
    except NoSuchFolder as missing:
        files = [file for file in list_files(spark, folder) if topic(below(folder, file.path))]
        if not files:
            raise NoSuchFolder(
                f"There is neither log_data nor a topic of eventsim in {folder}: give --input the folder that holds "
                "log_data."
            ) from missing
        logs = folder
    return pick(files, logs, start, end)


def names_a_log(path: str) -> bool:
    """Whether a path below the folder is that of a log."""
    return path.startswith("/log_data/") or topic(path) is not None


def read(spark: SparkSession, files: list[str], bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per line of the files that is not blank. Names of persons are dropped here."""
    stated = records(read_lines(spark, files, bounds.longest_line))
    return arrivals(as_pages(stated) if any(map(topic, files)) else stated, bounds, id_prefix)


def arrivals(pages: DataFrame, bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per record of a page (``m``, ``line``, ``cut``, ``source_file``, ``file_size``)."""
    stated = (
        pages.withColumns(
            {
                "ts": whole(field("ts")),
                "item": number_as_text("itemInSession"),
                "user": number_as_text("userId"),
                "session": number_as_text("sessionId"),
                "length_s": field("length").try_cast(SECONDS),
                "registration_ms": whole(field("registration")),
                "level": allowed(F.lower(field("level")), _EVENT.column("level")),
                "song": said("song"),
                "artist": said("artist"),
                "page": said("page"),
                "user_agent": said("userAgent"),
            }
        )
        .withColumns(
            {
                "item_in_session": allowed(F.col("item").try_cast("int"), _EVENT.column("item_in_session")),
                "duration_ms": seconds_as_ms(F.col("length_s")),
                "track_name": repaired(F.col("song")),
                "artist_name": repaired(F.col("artist")),
                "registered_at": F.when(
                    F.col("registration_ms").between(*millis(REGISTERED)),
                    F.timestamp_millis("registration_ms"),
                ),
            }
        )
        .withColumn("event_time", F.when(F.col("ts").between(*millis(bounds)), F.timestamp_millis("ts")))
        .withColumn("reason", _reason())
    )
    page = F.col("page")
    columns = {
        "event_id": key(*[_identity(name) for name in IDENTITY]),
        "event_type": one_of(page, EVENT_TYPES, "page_view"),
        "user_id": listener(id_prefix, F.nullif("user", F.lit(""))),
        "session_id": F.nullif("session", F.lit("")),
        "ms_played_inferred": F.when(page == "NextSong", F.lit(True)),
        "gender": said("gender"),
        "platform": family(F.col("user_agent"), USER_AGENTS),
        "location": said("location"),
        "extra": extra(MAPPED, _differs()),
    }
    return as_arrivals(stated, SOURCE.name, columns, _REASONS, PLACES)


_REASONS = UNREADABLE | {
    "not_json": "The line is not one JSON object.",
    "no_page": "The record has no page: it does not say what happened.",
    "no_time": "The record has no ts.",
    "bad_time": "ts is not a number of milliseconds.",
    "time_out_of_bounds": "ts is before the earliest or after the latest time that conf allows.",
    "bad_length": "length is not a number of seconds from 0 to 86,400.",
}


def _reason() -> Column:
    return (
        F.when(F.col("m").isNull(), F.coalesce(unreadable(), F.lit("not_json")))
        .when(F.col("page").isNull(), "no_page")
        .when(field("ts").isNull(), "no_time")
        .when(F.col("ts").isNull(), "bad_time")
        .when(F.col("event_time").isNull(), "time_out_of_bounds")
        .when(said("length").isNotNull() & F.col("duration_ms").isNull(), "bad_length")
    )


def _identity(name: str) -> Column:
    texts = {"userId": "user", "sessionId": "session", "itemInSession": "item"}
    return F.col(texts.get(name, name))


def _differs() -> dict[str, Column]:
    """Whether the column of a field does not hold what was sent."""
    return {
        "artist": ~F.col("artist_name").eqNullSafe(F.col("artist")),
        "song": ~F.col("track_name").eqNullSafe(F.col("song")),
        "itemInSession": F.col("item_in_session").isNull() & said("itemInSession").isNotNull(),
        "level": F.col("level").isNull() & said("level").isNotNull(),
        "registration": F.col("registered_at").isNull() & said("registration").isNotNull(),
    }


def recognise(sample: Sample) -> str:
    """Pages of sessions, or the names of eventsim's topics; where there is one only, with what its records hold."""
    topics = sorted({name for name in map(topic, sample.paths) if name})
    if len(topics) > 1:
        return f"there are folders {' and '.join(topics[:2])} of eventsim's topics"
    held = [set(record) for record in sample.objects()]
    if any({"page", "ts", "itemInSession"} <= names for names in held):
        return "records have page, ts and itemInSession"
    if topics and any({"ts", "itemInSession"} <= names for names in held):
        return f"there is eventsim's topic {topics[0]}, and records have ts and itemInSession"
    return ""


SOURCE = Source(
    name="sparkify",
    find=find,
    read=read,
    names_a_log=names_a_log,
    recognise=recognise,
    catalogue=song_data.CATALOGUE,
)
