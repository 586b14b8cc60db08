"""Tiny logs: a few records, written where the oracle reads them."""

import json
from pathlib import Path
from typing import Any

import duckdb

from . import load

NOON = 1541073600000  # 2018-11-01 12:00:00 UTC
SECOND, MINUTE, DAY = 1_000, 60_000, 86_400_000


def record(at: int = 0, page: str = "Home", **fields: Any) -> dict[str, Any]:
    """A record of user 1 on free, `at` milliseconds after noon."""
    plain = {"userId": "1", "sessionId": 7, "itemInSession": 0, "level": "free", "location": "Here"}
    return {**plain, "ts": NOON + at, "page": page, **fields}


def play(at: int, song: str, length: float | None = 200.0, **fields: Any) -> dict[str, Any]:
    return record(at, "NextSong", **{"artist": "Nobody", "song": song, "length": length, **fields})


def oracle_of(folder: Path, *lines: dict[str, Any] | str) -> duckdb.DuckDBPyConnection:
    log = folder / "log_data" / "2018" / "11" / "2018-11-01-events.json"
    log.parent.mkdir(parents=True)
    log.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
    return load(folder)


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()
