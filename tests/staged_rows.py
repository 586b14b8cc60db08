"""Staged rows for audits, written by hand: a play, two versions of a user, a session, each right as it is."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from tracklake.local_rows import local_rows
from tracklake.tables import contract

PLAY = {
    "event_id": "e1",
    "event_time": datetime(2018, 11, 1, 12),
    "event_date": date(2018, 11, 1),
    "user_key": "u1",
    "user_id": "101",
    "track_key": "t1",
    "track_id": "SO1",
    "artist_key": "a1",
    "artist_id": "AR1",
    "session_key": "s1",
    "ms_played": 100_000,
    "duration_ms": 200_000,
    "completion": 0.5,
    "is_stream": True,
    "is_skip": False,
    "level": "free",
    "source": "sparkify",
}
OLD = {
    "user_key": "a" * 32,
    "user_id": "101",
    "level": "free",
    "location": "Ghent",
    "valid_from": datetime(2018, 11, 1),
    "valid_to": datetime(2018, 11, 5),
    "is_current": False,
}
NEW = OLD | {
    "user_key": "b" * 32,
    "level": "paid",
    "valid_from": datetime(2018, 11, 5),
    "valid_to": None,
    "is_current": True,
}
SESSION = {
    "session_key": "c" * 32,
    "user_key": "u1",
    "user_id": "101",
    "started_at": datetime(2018, 11, 1, 12),
    "ended_at": datetime(2018, 11, 1, 13),
    "session_date": date(2018, 11, 1),
    "events": 5,
    "plays": 3,
    "streams": 2,
    "skips": 1,
    "tracks": 3,
    "artists": 1,
    "listening_ms": 400_000,
}


def frame(spark: SparkSession, table: str, *rows: dict[str, Any]) -> DataFrame:
    """Rows of a table, columns not given null, and any column may be."""
    fields = [T.StructField(one.name, one.dataType) for one in contract(table).schema()]
    values = [tuple(row.get(one.name) for one in fields) for row in rows]
    return local_rows(spark, values, T.StructType(fields))
