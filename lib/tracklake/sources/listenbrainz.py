"""Source ``listenbrainz``: listens as in ListenBrainz's dumps, JSON lines or Parquet.

A listen is logged once half of the track or four minutes were heard: ms_played is unknown.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.sources.allowed import known
from tracklake.sources.arrivals import as_arrivals, listener, prefixed
from tracklake.sources.json_records import FIELDS, as_json, field, number_as_text, records, remainder, said
from tracklake.sources.layout import COMPRESSED, Layout
from tracklake.sources.lines import UNREADABLE, read_lines, unreadable
from tracklake.sources.numbers import SECONDS, moment, seconds_as_ms, since_1970, whole, within
from tracklake.sources.rows import parquet_rows
from tracklake.sources.sample import Sample
from tracklake.sources.source import Bounds, Source
from tracklake.tables.event import LONGEST_MS
from tracklake.transforms.keys import key

LAYOUT = Layout(
    names=rf"\.(?:(?:listens|json|jsonl){COMPRESSED}|parquet)$",
    shown="*.listens, *.json, *.jsonl (plain or compressed) or *.parquet",
    dated=False,
)

MAPPED = (
    "artist_credit_mbids",
    "artist_name",
    "listened_at",
    "recording_mbid",
    "recording_msid",
    "recording_name",
    "release_name",
    "timestamp",
    "track_metadata",
    "user_id",
)
"""The fields of a listen, or the columns of a Parquet dump, that have a column of their own."""

MAPPED_OF_TRACK = ("additional_info", "artist_name", "mbid_mapping", "release_name", "track_name")
MAPPED_OF_INFO = ("artist_mbids", "duration", "duration_ms", "recording_mbid", "recording_msid")
MAPPED_OF_MAPPING = ("artist_mbids", "recording_mbid")

PLACES = {
    "event_time": ("listened_at", "timestamp"),
    "user_id": ("user_id", "user_name"),
    "track_id": (
        "track_metadata.additional_info.recording_mbid",
        "track_metadata.mbid_mapping.recording_mbid",
        "recording_mbid",
        "recording_msid",
        "track_metadata.additional_info.recording_msid",
    ),
    "track_name": ("track_metadata.track_name", "recording_name"),
    "artist_ids": (
        "track_metadata.additional_info.artist_mbids",
        "track_metadata.mbid_mapping.artist_mbids",
        "artist_credit_mbids",
    ),
    "artist_name": ("track_metadata.artist_name", "artist_name"),
    "album_name": ("track_metadata.release_name", "release_name"),
    "duration_ms": (
        "track_metadata.additional_info.duration_ms",
        "track_metadata.additional_info.duration",
    ),
}
"""Where in a listen the value of a column may stand."""

_SUBTITLE = r"^(.+?)\s*(?:\(|\[| - ).*$"


def read(spark: SparkSession, files: list[str], bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per line or row of the files, whichever of the two forms each has."""
    parquet = [path for path in files if path.endswith(".parquet")]
    lines = [path for path in files if not path.endswith(".parquet")]
    forms = []
    if lines:
        forms.append(nested(records(read_lines(spark, lines, bounds.longest_line))))
    if parquet:
        forms.append(flat(parquet_rows(spark, parquet)))
    listens = forms[0] if len(forms) == 1 else forms[0].unionByName(forms[1], allowMissingColumns=True)
    return arrivals(listens, bounds, id_prefix)


def nested(listens: DataFrame) -> DataFrame:
    """Records of JSON lines with their inner objects: ``track``, ``info`` and ``mapping``."""
    return (
        listens.withColumn("track", F.from_json(field("track_metadata"), FIELDS))
        .withColumn("info", F.from_json(F.col("track")["additional_info"], FIELDS))
        .withColumn("mapping", F.from_json(F.col("track")["mbid_mapping"], FIELDS))
    )


def flat(listens: DataFrame) -> DataFrame:
    """Records of Parquet rows, which have no inner objects."""
    nothing = F.lit(None).cast(FIELDS)
    return listens.withColumns({"track": nothing, "info": nothing, "mapping": nothing})


def arrivals(listens: DataFrame, bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per listen (``m``, ``track``, ``info``, ``mapping``, ``line``, ``source_file``, ``file_size``).

    event_id is the key of the user, the second, and the msid, by which the server tells listens apart: they are the
    same in every dump that holds the listen. Names are not, nor are MusicBrainz's ids; a record without an msid is
    told by its title, written loosely. user_id is the dump's, else the key of the user's name: no table holds names.
    """
    listened_at = F.coalesce(field("listened_at"), field("timestamp"))
    lengths = whole(_of("info", "duration_ms")), seconds_as_ms(_of("info", "duration").try_cast(SECONDS))
    credited = (
        _of("info", "artist_mbids"),
        _of("mapping", "artist_mbids"),
        said("artist_credit_mbids"),
    )
    stated = (
        listens.withColumns(
            {
                "said_at": listened_at,
                "listened_at": F.coalesce(
                    since_1970(whole(listened_at)), F.date_trunc("second", moment(listened_at))
                ),
                "user": F.coalesce(F.nullif(number_as_text("user_id"), F.lit("")), key_of_name("user_name")),
                "track_name": F.coalesce(_of("track", "track_name"), said("recording_name")),
                "artist_name": F.coalesce(_of("track", "artist_name"), said("artist_name")),
                "album_name": F.coalesce(_of("track", "release_name"), said("release_name")),
                "mbid": F.lower(
                    F.coalesce(
                        _of("info", "recording_mbid"),
                        _of("mapping", "recording_mbid"),
                        said("recording_mbid"),
                    )
                ),
                "msid": F.lower(F.coalesce(said("recording_msid"), _of("info", "recording_msid"))),
                "artist_mbids": F.coalesce(*map(_ids, credited)),
                "duration_ms": F.coalesce(*[F.when(ms.between(1, LONGEST_MS), ms) for ms in lengths]),
            }
        )
        .withColumn("event_time", within(F.col("listened_at"), bounds))
        .withColumn("reason", _reason())
    )
    artist_ids = F.transform("artist_mbids", lambda mbid: prefixed(id_prefix, mbid))
    columns = {
        "event_id": key(
            F.col("user"), F.unix_seconds("listened_at"), F.coalesce("msid", loosely("track_name"))
        ),
        "event_type": F.lit("play"),
        "user_id": listener(id_prefix, F.col("user")),
        "track_id": prefixed(id_prefix, F.coalesce("mbid", "msid")),
        "artist_id": F.get(artist_ids, F.lit(0)),
        "artist_ids": F.when(F.size("artist_mbids") > 1, artist_ids),
        "extra": _extra(),
    }
    return as_arrivals(stated, SOURCE.name, columns, _REASONS, PLACES)


def key_of_name(name: str) -> Column:
    """The key of a field that names a person; null without one."""
    return F.when(said(name).isNotNull(), key(said(name)))


def loosely(title: str) -> Column:
    """A title without what stands after it in brackets or behind a dash, and of the rest the letters and digits
    only, small: as much of it as a listener's player and MusicBrainz agree on. One without any is told as it is."""
    name = F.regexp_replace(F.lower(F.col(title)), _SUBTITLE, "$1")
    return F.coalesce(F.nullif(F.regexp_replace(name, r"[^\p{L}\p{N}]", ""), F.lit("")), F.col(title))


def _of(part: str, name: str) -> Column:
    return F.nullif(F.col(part)[name], F.lit(""))


def _ids(text: Column) -> Column:
    """A JSON array of ids, or ids with commas between, as an array without repeats; null without ids."""
    listed = F.when(text.startswith("["), F.from_json(text, "array<string>")).otherwise(F.split(text, ","))
    ids = F.transform(listed, lambda id_: F.lower(F.trim(id_)))
    told = F.array_distinct(F.filter(ids, lambda id_: known(id_) != ""))
    return F.when(F.size(told) > 0, told)


_REASONS = UNREADABLE | {
    "not_json": "The line is not one JSON object.",
    "no_time": "The record has neither listened_at nor timestamp.",
    "bad_time": "listened_at is neither a number of seconds nor an ISO date and time.",
    "time_out_of_bounds": "listened_at is before the earliest or after the latest time that conf allows.",
    "no_track": "The record names no track.",
}


def _reason() -> Column:
    return (
        F.when(F.col("m").isNull(), F.coalesce(unreadable(), F.lit("not_json")))
        .when(F.col("said_at").isNull(), "no_time")
        .when(F.col("listened_at").isNull() & whole(F.col("said_at")).isNull(), "bad_time")
        .when(F.col("event_time").isNull(), "time_out_of_bounds")
        .when(F.col("track_name").isNull(), "no_track")
    )


def _extra() -> Column:
    """JSON of what has no column of its own; what is left of the inner objects under their names."""
    inner = {
        "track_metadata": as_json(remainder(F.col("track"), MAPPED_OF_TRACK), {}),
        "additional_info": as_json(remainder(F.col("info"), MAPPED_OF_INFO), {}),
        "mbid_mapping": as_json(remainder(F.col("mapping"), MAPPED_OF_MAPPING), {}),
    }
    kept = {name: (text.isNotNull(), text) for name, text in inner.items()}
    msid = F.col("mbid").isNotNull() & F.col("msid").isNotNull()
    return as_json(remainder(F.col("m"), MAPPED), {**kept, "recording_msid": (msid, F.col("msid"))})


def recognise(sample: Sample) -> str:
    """A listen's own fields, in either form."""
    for record in sample.objects():
        if isinstance(record.get("track_metadata"), dict) and {"listened_at", "timestamp"} & set(record):
            return "records have listened_at and track_metadata"
    for columns in sample.columns.values():
        if {"listened_at", "recording_name", "artist_name"} <= set(columns):
            return "Parquet files have the columns listened_at, recording_name and artist_name"
    return ""


SOURCE = Source(
    name="listenbrainz", find=LAYOUT.find, read=read, names_a_log=LAYOUT.names_a_log, recognise=recognise
)
