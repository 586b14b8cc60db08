"""Source ``listenbrainz``: listens as in ListenBrainz's dumps, JSON lines or Parquet.

A listen is logged once half of the track or four minutes were heard: ms_played is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.sources.allowed import known
from tracklake.sources.arrivals import as_arrivals, listener, prefixed
from tracklake.sources.json_records import FIELDS, as_json, field, number_as_text, records, remainder, said
from tracklake.sources.layout import COMPRESSED, Layout
from tracklake.sources.lines import UNREADABLE, read_lines, unreadable
from tracklake.sources.numbers import SECONDS, moment, seconds_as_ms, since_1970, whole, within
from tracklake.sources.rows import form_of, parquet_rows
from tracklake.sources.sample import Sample
from tracklake.sources.source import Bounds, Source
from tracklake.sources.text import trimmed
from tracklake.tables.event import LONGEST_MS
from tracklake.transforms.keys import key

LAYOUT = Layout(
    names=rf"\.(?:(?:listens|json|jsonl|ndjson){COMPRESSED}|parquet)$",
    shown="*.listens, *.json, *.jsonl, *.ndjson (plain or compressed) or *.parquet",
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
INNER = ("track_metadata", "additional_info", "mbid_mapping")
"""The objects within a listen; what is left of each is kept under its name."""

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

_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_LIST_OR_OBJECT = r"^\s*[\[{]"
_MBIDS = rf'^\[(?:"{_UUID}"(?:,"{_UUID}")*+)?\]$'
"""A list of mbids as it always is: of such a one no id has to be looked at."""

_SUBTITLE = r"^(.+?)\s*(?:\(|\[| - ).*$"


def read(spark: SparkSession, files: list[str], bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per line or row of the files, whichever of the two forms each has."""
    parquet = [path for path in files if form_of(path)]
    lines = [path for path in files if not form_of(path)]
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
    A length or an id that is none is null and kept in extra.
    """
    listened_at = F.coalesce(field("listened_at"), field("timestamp"))
    lengths = _ms(_of("info", "duration_ms")), _seconds(_of("info", "duration"))
    recordings = (
        _of("info", "recording_mbid"),
        _of("mapping", "recording_mbid"),
        said("recording_mbid"),
    )
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
                "track_name": _name(_of("track", "track_name"), said("recording_name")),
                "artist_name": _name(_of("track", "artist_name"), said("artist_name")),
                "album_name": _name(_of("track", "release_name"), said("release_name")),
                "mbid": F.coalesce(*map(_id, recordings)),
                "msid": F.coalesce(*map(_id, _said_msids())),
                "artist_mbids": F.coalesce(*map(_ids, credited)),
                "duration_ms": F.coalesce(*[F.when(ms > 0, ms) for ms in lengths]),
            }
        )
        .withColumns(_inner())
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


def _name(*texts: Column) -> Column:
    """The first of the texts that says a name, without blanks around it."""
    return F.coalesce(*map(trimmed, texts))


def _ms(text: Column) -> Column:
    """Milliseconds up to a day, of which 0 says that the length is unknown; null where a text says none."""
    return F.when(whole(text).between(0, LONGEST_MS), whole(text))


def _seconds(text: Column) -> Column:
    """The same of a text that says seconds."""
    return seconds_as_ms(text.try_cast(SECONDS))


def _said_msids() -> tuple[Column, Column]:
    return said("recording_msid"), _of("info", "recording_msid")


def _says(text: Column) -> Column:
    """Whether a text says something."""
    return F.coalesce(known(F.trim(text)) != "", F.lit(False))


def _id(text: Column) -> Column:
    """An id, any text or number, small; null where there is none, or a list or an object."""
    return F.when(_says(text) & ~text.rlike(_LIST_OR_OBJECT), F.lower(F.trim(text)))


def _ids(text: Column) -> Column:
    """The ids of a JSON array, or of texts with commas between, as an array without repeats; null without any."""
    told = F.filter(F.transform(_listed(text), _id), lambda id_: id_.isNotNull())
    return F.when(F.size(told) > 0, F.array_distinct(told))


def _listed(text: Column) -> Column:
    """The elements of a JSON array, or the texts with commas between; null for an object, and an array that has no
    end."""
    listed = F.when(text.startswith("["), F.from_json(text, "array<string>"))
    return listed.when(~text.rlike(_LIST_OR_OBJECT), F.split(text, ","))


def _is_no_id(text: Column) -> Column:
    """Whether a text says something, and no id."""
    return _says(text) & text.rlike(_LIST_OR_OBJECT)


def _are_no_ids(text: Column) -> Column:
    """Whether a text says something that is no list of ids only."""
    is_none = F.array_contains(F.transform(_listed(text), _is_no_id), True)
    return ~text.rlike(_MBIDS) & F.coalesce(is_none, _says(text))


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


def _inner() -> dict[str, Column]:
    """JSON of what no column holds of each inner object, under the object's name."""
    ids = {"artist_mbids": _are_no_ids, "recording_mbid": _is_no_id}
    lengths = {
        "duration": lambda text: text.isNotNull() & _seconds(text).isNull(),
        "duration_ms": lambda text: text.isNotNull() & _ms(text).isNull(),
    }
    return {
        "track_metadata": _left("track", said("track_metadata"), MAPPED_OF_TRACK, {}),
        "additional_info": _left("info", _of("track", "additional_info"), MAPPED_OF_INFO, ids | lengths),
        "mbid_mapping": _left("mapping", _of("track", "mbid_mapping"), MAPPED_OF_MAPPING, ids),
    }


def _extra() -> Column:
    """JSON of what has no column of its own, and of what its column cannot hold; what is left of the inner objects
    under their names."""
    refused = {
        "artist_credit_mbids": _are_no_ids(said("artist_credit_mbids")),
        "recording_mbid": _is_no_id(said("recording_mbid")),
    }
    kept = {name: (F.col(name).isNotNull(), F.col(name)) for name in INNER}
    kept |= {name: (is_refused, field(name)) for name, is_refused in refused.items()}
    is_no_track_id = F.col("mbid").isNotNull() | F.col("msid").isNull()
    kept["recording_msid"] = (is_no_track_id, F.coalesce("msid", *_said_msids()))
    return as_json(remainder(F.col("m"), MAPPED), kept)


def _left(
    part: str, text: Column, mapped: Sequence[str], refused: Mapping[str, Callable[[Column], Column]]
) -> Column:
    """JSON of the fields of an inner object that are not ``mapped``, and of those that are ``refused``; the text if
    it is no object."""
    kept = {name: (is_refused(_of(part, name)), _of(part, name)) for name, is_refused in refused.items()}
    return F.when(F.col(part).isNull(), text).otherwise(as_json(remainder(F.col(part), mapped), kept))


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
