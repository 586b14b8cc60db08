"""The form of events that other producers write, as a JSON Schema and as an Avro schema."""

from __future__ import annotations

from typing import Any

from tracklake.tables.contract import Column
from tracklake.tables.event import CONTRACT, PRODUCED

NEEDED = ("event_type", "event_time")
"""What every event states; all else may be missing."""

_JSON_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": ["string", "null"]},
    "bigint": {"type": ["integer", "null"]},
    "int": {"type": ["integer", "null"], "maximum": 2**31 - 1},
    "boolean": {"type": ["boolean", "null"]},
    "timestamp": {"type": ["string", "null"], "format": "date-time"},
    "array<string>": {"type": ["array", "null"], "items": {"type": "string"}},
}
_AVRO_TYPES: dict[str, Any] = {
    "string": "string",
    "bigint": "long",
    "int": "int",
    "boolean": "boolean",
    "timestamp": {"type": "long", "logicalType": "timestamp-micros"},
    "array<string>": {"type": "array", "items": "string"},
}


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one event. Further fields are allowed: they are kept in extra."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": CONTRACT.name,
        "description": CONTRACT.about,
        "type": "object",
        "properties": {name: _json_property(CONTRACT.column(name)) for name in PRODUCED},
        "required": list(NEEDED),
        "additionalProperties": True,
    }


def avro_schema() -> dict[str, Any]:
    """The Avro schema of one event; what is not needed is null unless it is given."""
    return {
        "type": "record",
        "name": CONTRACT.name,
        "namespace": "tracklake",
        "doc": CONTRACT.about,
        "fields": [_avro_field(CONTRACT.column(name)) for name in PRODUCED],
    }


def _json_property(column: Column) -> dict[str, Any]:
    form = dict(_JSON_TYPES[column.type])
    if column.name == "extra":
        form = {"type": ["object", "string", "null"]}
    elif column.name in NEEDED:
        form["type"] = form["type"][0]
    if column.values:
        form["enum"] = [*column.values] if column.name in NEEDED else [*column.values, None]
    if column.minimum is not None:
        form["minimum"] = int(column.minimum)
    if column.maximum is not None:
        form["maximum"] = int(column.maximum)
    return {**form, "description": column.about}


def _avro_field(column: Column) -> dict[str, Any]:
    kind = _AVRO_TYPES[column.type]
    if column.name in NEEDED:
        return {"name": column.name, "type": kind, "doc": column.about}
    return {"name": column.name, "type": ["null", kind], "default": None, "doc": column.about}
