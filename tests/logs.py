"""Logs for tests, written line by line, and runs of ingest_events over them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, date, datetime
from hashlib import sha256
from io import StringIO
from pathlib import Path

from jobs import ingest_events
from tests.conftest import Job
from tracklake.lake import Lake

NOON = int(datetime(2018, 11, 1, 12, tzinfo=UTC).timestamp() * 1000)
DAY_MS = 86_400_000


def record(day: int, item: int = 0, **fields: object) -> str:
    """A line of a log: an event at noon of the day, counted from 2018-11-01."""
    known = {
        "ts": NOON + day * DAY_MS + item,
        "userId": "7",
        "sessionId": 1,
        "itemInSession": item,
        "page": "Home",
    }
    return json.dumps(known | fields)


def key_of(text: str) -> str:
    """What the library makes of an id that may say who somebody is."""
    return sha256(text.encode()).hexdigest()[:32]


def write(folder: Path, name: str, lines: Iterable[str]) -> Path:
    """A file of these lines, packed if its name ends in .gz."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(f"{line}\n" for line in lines).encode()
    file.write_bytes(gzip.compress(text) if file.suffix == ".gz" else text)
    return file


class Reads:
    """A folder of logs, a lake, and what the last run over them said."""

    def __init__(self, run_job: Job, folder: Path) -> None:
        self.logs = folder / "logs"
        self.lake_at = folder / "lake {of} *"
        self._run_job = run_job
        self.said = ""

    def write(self, name: str, *lines: str) -> Path:
        return write(self.logs / "log_data", name, lines)

    def run(self, start: int | None = None, end: int | None = None, **flags: object) -> Lake:
        """Reads the days from ``start`` to ``end``, counted from 2018-11-01; returns the lake."""
        said = StringIO()
        first, last = (day and date(2018, 11, 1 + day) for day in (start, end))
        lake = self._run_job(ingest_events, self.lake_at, self.logs, first, last, said, **flags)
        self.said = said.getvalue()
        return lake


def files(lake: Lake) -> dict[str, tuple[int, ...]]:
    """records, events, duplicates, quarantined and outside_range by the name of a log file."""
    rows = lake.read("source_file").where("kind = 'log'").collect()
    numbers = ("records", "events", "duplicates", "quarantined", "outside_range")
    return {row.path.rpartition("/")[2]: tuple(row[name] for name in numbers) for row in rows}
