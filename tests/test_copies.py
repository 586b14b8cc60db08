"""Copies of one event: each event_id stands in the lake once, and which of its copies that is."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from random import Random

import pytest

from jobs import ingest_events
from tests.conftest import Job
from tests.logs import record, write
from tracklake.lake import Lake

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unaudited")]


def event(event_id: str, at: str, user: str = "u", session: str = "s", **fields: object) -> str:
    """A line of a native log; ``at`` is a day of November 2018 and a time on it."""
    ids = {"event_id": event_id, "user_id": user, "session_id": session}
    return json.dumps({**ids, "event_type": "search", "event_time": f"2018-11-{at}", **fields})


class Producer:
    """Native logs of a producer that delivers at least once, a lake, and what the last run over them said."""

    def __init__(self, run_job: Job, folder: Path) -> None:
        self.logs, self.lake_at, self._run_job = folder / "logs", folder / "lake", run_job
        self.said = ""

    def delivers(self, name: str, *lines: str) -> None:
        write(self.logs, name, lines)

    def run(self, source: str = "native", logs: Path | None = None, **flags: object) -> Lake:
        """Reads what is new; returns the lake."""
        said = StringIO()
        lake = self._run_job(
            ingest_events, self.lake_at, logs or self.logs, said=said, source=source, **flags
        )
        self.said = said.getvalue()
        return lake


@pytest.fixture
def producer(run_job: Job, tmp_path: Path) -> Producer:
    return Producer(run_job, tmp_path)


def held(lake: Lake) -> dict[str, tuple[str, str, str]]:
    """Day and time, user and session of each event in the lake, by its id, which only one has."""
    rows = lake.read("event").selectExpr(
        "event_id", "date_format(event_time, 'dd HH:mm') AS at", "user_id", "session_id"
    )
    found = [tuple(row) for row in rows.collect()]
    assert len({event_id for event_id, *_ in found}) == len(found)
    return {event_id: (at, user, session) for event_id, at, user, session in found}


def test_of_several_copies_the_earliest_is_the_event(producer: Producer) -> None:
    producer.delivers(
        "2018-11-03.jsonl",
        event("between", "03T10:00"),
        event("other", "03T10:02"),
        event("between", "03T10:05"),
        event("next to", "03T11:05", session="t"),
        event("next to", "03T11:00", session="t"),
        event("of two users", "03T12:00", user="v"),
        event("of two users", "03T12:00", user="u"),
        event("of two sessions", "03T12:01", session="s"),
        event("of two sessions", "03T12:00", session="t"),
        event("of two days", "03T00:00"),
    )
    producer.delivers(
        "2018-11-04.jsonl", event("of two days", "02T23:59", user="v"), event("other", "03T10:02")
    )
    first = producer.run()
    assert "12 records read = 6 events + 6 duplicates + 0 quarantined" in producer.said
    expected = {
        "between": ("03 10:00", "u", "s"),
        "other": ("03 10:02", "u", "s"),
        "next to": ("03 11:00", "u", "t"),
        "of two users": ("03 12:00", "u", "s"),
        "of two sessions": ("03 12:00", "u", "t"),
        "of two days": ("02 23:59", "v", "s"),
    }
    assert held(first) == expected

    producer.run(reprocess=True)
    assert "12 records read = 0 events + 12 duplicates + 0 quarantined" in producer.said

    producer.delivers(
        "2018-11-05.jsonl",
        event("between", "03T09:00"),
        event("next to", "03T10:59", session="t"),
        event("of two users", "03T12:00", user="a"),
        event("of two sessions", "03T12:02", session="r"),
        event("of two days", "04T10:00"),
        event("new", "03T10:01"),
        event("new", "04T10:01"),
    )
    second = producer.run()
    assert "7 records read = 1 events + 6 duplicates + 0 quarantined" in producer.said
    assert held(second) == {**expected, "new": ("03 10:01", "u", "s")}


def test_an_id_that_another_source_brought_is_not_brought_again(producer: Producer, tmp_path: Path) -> None:
    """Events of a lake go out in the canonical form and come back; then their day is read from the old logs again."""
    pages = tmp_path / "pages"
    write(pages / "log_data", "2018-11-02.json", [record(1, 0), record(1, 1)])
    ids = sorted(held(producer.run("sparkify", pages)))
    producer.delivers(
        "2018-11-02.jsonl",
        *[event(event_id, "02T12:00", "7", "1", item_in_session=0) for event_id in ids],
        event("own", "02T12:00"),
        event("own", "02T12:00"),
    )
    producer.run()
    assert "4 records read = 1 events + 3 duplicates + 0 quarantined" in producer.said

    elsewhere = Producer(producer._run_job, tmp_path / "elsewhere")
    elsewhere.delivers("2018-11-02.jsonl", event(ids[0], "02T12:00"), event(ids[1], "04T12:00"))
    elsewhere.run()
    write(pages / "log_data", "2018-11-02.json", [record(1, 0), record(1, 1), record(1, 2), record(1, 2)])
    lake = elsewhere.run("sparkify", pages)
    assert "4 records read = 1 events + 3 duplicates + 0 quarantined" in elsewhere.said
    assert {held(lake)[event_id] for event_id in ids} == {("02 12:00", "u", "s"), ("04 12:00", "u", "s")}


SEED, WORLDS = 1, 40
TIMES = ["02T00:00", "02T00:01", "02T23:59", "03T00:00", "04T12:00"]
EARLY, *LATE = "2018-11-02/1.jsonl", "2018-11-02/0.jsonl", "2018-11-03/0.jsonl"
Copy = tuple[str, str, str, str, str]
"""Id, time, user, session and file of a copy."""


def world(number: int, chance: Random) -> list[Copy]:
    """Copies whose ids, users and sessions no other world has: ids come again within a session, beside it, and on
    other days."""

    def own(names: str) -> str:
        return f"{number}{chance.choice(names)}"

    return [
        (own("abcd"), chance.choice(TIMES), own("uv"), own("st"), chance.choice([EARLY, *LATE]))
        for _ in range(chance.randint(4, 24))
    ]


def test_whatever_copies_come_in_whatever_order_the_first_stays(producer: Producer) -> None:
    """The one that the lake has, else the least by time, file, user and session. What is read again adds nothing."""
    chance = Random(SEED)
    copies = [copy for number in range(WORLDS) for copy in world(number, chance)]
    chance.shuffle(copies)
    for files in ([EARLY], LATE):
        for file in files:
            producer.delivers(file, *[event(*copy) for *copy, in_file in copies if in_file == file])
        lake = producer.run()
    expected: dict[str, tuple[str, str, str]] = {}
    for _, at, _, user, session, event_id in sorted(
        (file != EARLY, at, file, user, session, event_id) for event_id, at, user, session, file in copies
    ):
        expected.setdefault(event_id, (at.replace("T", " "), user, session))
    assert held(lake) == expected
    producer.run(reprocess=True)
    assert f"{len(copies)} records read = 0 events + {len(copies)} duplicates" in producer.said
