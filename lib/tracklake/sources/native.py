"""Source ``native``: events that another producer already writes in the canonical form.

JSON lines, Parquet or Avro, in folders ``date=YYYY-MM-DD/hour=HH``. docs/schemas holds the form as a JSON Schema and as
an Avro schema, both written from the contract of table event.
"""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.sources.allowed import allowed, known
from tracklake.sources.arrivals import as_arrivals, listener, prefixed
from tracklake.sources.json_records import (
    FIELDS,
    as_json,
    field,
    id_as_text,
    ids_as_texts,
    records,
    remainder,
    said,
)
from tracklake.sources.layout import COMPRESSED, Layout
from tracklake.sources.lines import UNREADABLE, read_lines, unreadable
from tracklake.sources.numbers import REGISTERED, moment, truth, whole, within
from tracklake.sources.rows import avro_rows, form_of, parquet_rows
from tracklake.sources.sample import Sample
from tracklake.sources.source import Bounds, Source
from tracklake.tables import Column as Contracted
from tracklake.tables import contract
from tracklake.tables.event import EVENT_TYPES, PRODUCED
from tracklake.transforms.keys import key

LAYOUT = Layout(
    names=rf"\.(?:(?:json|jsonl|ndjson){COMPRESSED}|parquet|avro)$",
    shown="*.json, *.jsonl, *.ndjson (plain or compressed), *.parquet or *.avro",
    dated=True,
)

IDENTITY = (
    "event_type",
    "event_time",
    "user_id",
    "session_id",
    "item_in_session",
    "track_id",
    "track_name",
    "artist_name",
    "context_id",
)
"""The fields that identify an event whose producer gives no event_id: event_id is the key of their texts."""

PREFIXED = ("user_id", "track_id", "artist_id")
OF_PLAYS = ("ms_played", "ms_played_inferred")
"""What only a play can have."""

_EVENT = contract("event")


def read(spark: SparkSession, files: list[str], bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per line or row of the files, whichever of the three forms each has."""
    parquet = [path for path in files if form_of(path) == "parquet"]
    avro = [path for path in files if form_of(path) == "avro"]
    lines = [path for path in files if not form_of(path)]
    forms = []
    if lines:
        forms.append(records(read_lines(spark, lines, bounds.longest_line)))
    if parquet:
        forms.append(parquet_rows(spark, parquet))
    if avro:
        forms.append(avro_rows(spark, avro))
    return arrivals(reduce(_together, forms), bounds, id_prefix)


def _together(one: DataFrame, other: DataFrame) -> DataFrame:
    return one.unionByName(other, allowMissingColumns=True)


def arrivals(events: DataFrame, bounds: Bounds, id_prefix: str) -> DataFrame:
    """Arrivals, one per record (``m``, ``line``, ``source_file``, ``file_size``).

    An optional field that cannot be read as its column's type, or breaks the contract, is null there and kept in extra.
    """
    columns = {name: _EVENT.column(name) for name in PRODUCED if name not in ("event_time", "extra")}
    stated = (
        events.withColumns({name: _value(column) for name, column in columns.items()})
        .withColumn("said_time", moment(field("event_time")))
        .withColumn("event_time", within(F.col("said_time"), bounds))
        .withColumns({name: F.when(F.col("event_type") == "play", F.col(name)) for name in OF_PLAYS})
        .withColumn("artist_id", F.coalesce("artist_id", F.get("artist_ids", F.lit(0))))
        .withColumn("artist_ids", F.array_union(F.array("artist_id"), "artist_ids"))
        .withColumn("reason", _reason())
    )
    refused = {
        name: F.col(name).isNull() & said(name).isNotNull()
        for name, column in columns.items()
        if column.type != "string" or column.values
    }
    given_id = F.col("event_id")
    values = {
        "user_id": listener(id_prefix, F.col("user_id")),
        "track_id": prefixed(id_prefix, F.col("track_id")),
        "artist_id": prefixed(id_prefix, F.col("artist_id")),
        "event_id": F.coalesce(given_id, key(F.lit(SOURCE.name), *[_identity(name) for name in IDENTITY])),
        "artist_ids": F.transform("artist_ids", lambda id_: prefixed(id_prefix, id_)),
        "ms_played_inferred": F.coalesce(
            "ms_played_inferred", F.when(F.col("ms_played").isNotNull(), F.lit(False))
        ),
        "extra": _extra(refused),
    }
    places = {name: (name,) for name in ("event_time", *columns)}
    return as_arrivals(stated, SOURCE.name, values, _REASONS, places)


def _value(column: Contracted) -> Column:
    """A field as its column's type, null where it is none or the contract does not allow it."""
    text = id_as_text(column.name) if column.name.endswith("_id") else said(column.name)
    if column.name in PREFIXED:
        return known(text)
    if column.type in ("bigint", "int"):
        return allowed(whole(text).try_cast(column.spark_type), column)
    if column.type == "boolean":
        return truth(text)
    if column.type == "timestamp":
        return within(moment(text), REGISTERED)
    if column.type == "array<string>":
        listed = F.filter(ids_as_texts(column.name), lambda id_: known(id_) != "")
        return F.when(F.size(listed) > 0, F.array_distinct(listed))
    return allowed(text, column)


def _identity(name: str) -> Column:
    return F.unix_micros("event_time") if name == "event_time" else F.col(name)


_REASONS = UNREADABLE | {
    "not_json": "The line is not one JSON object.",
    "no_event_type": "The record has no event_type: it does not say what happened.",
    "bad_event_type": f"event_type is none of {', '.join(EVENT_TYPES)}.",
    "no_time": "The record has no event_time.",
    "bad_time": "event_time is not an ISO date and time.",
    "time_out_of_bounds": "event_time is before the earliest or after the latest time that conf allows.",
}


def _reason() -> Column:
    return (
        F.when(F.col("m").isNull(), F.coalesce(unreadable(), F.lit("not_json")))
        .when(said("event_type").isNull(), "no_event_type")
        .when(F.col("event_type").isNull(), "bad_event_type")
        .when(said("event_time").isNull(), "no_time")
        .when(F.col("said_time").isNull(), "bad_time")
        .when(F.col("event_time").isNull(), "time_out_of_bounds")
    )


def _extra(refused: dict[str, Column]) -> Column:
    """What the producer put into extra, the fields that the contract does not have, and those ``refused``."""
    rest = remainder(F.col("m"), PRODUCED)
    given = F.from_json(said("extra"), FIELDS)
    kept = F.array_compact(F.array(*[F.when(is_refused, name) for name, is_refused in refused.items()]))
    taken = F.array_union(F.map_keys(rest), kept)
    more = F.map_filter(given, lambda name, _: ~F.array_contains(taken, name))
    both = F.when(given.isNull(), rest).otherwise(F.map_concat(rest, remainder(more, ())))
    unread = {"extra": (given.isNull() & said("extra").isNotNull(), said("extra"))}
    return as_json(both, {name: (is_refused, field(name)) for name, is_refused in refused.items()} | unread)


def recognise(sample: Sample) -> str:
    """The two fields that every event has."""
    needed = {"event_type", "event_time"}
    if any(needed <= set(record) for record in sample.objects()):
        return "records have event_type and event_time"
    if any(needed <= set(columns) for columns in sample.columns.values()):
        return "files have the columns event_type and event_time"
    return ""


SOURCE = Source(
    name="native",
    find=LAYOUT.find,
    read=read,
    names_a_log=LAYOUT.names_a_log,
    recognise=recognise,
    own_ids=True,
)
