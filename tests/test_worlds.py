"""Many small worlds in one lake, each of whose records comes when chance has it, equal one run over all of them."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from jobs import build_dimensions, build_facts, ingest_events
from tests.conftest import Job
from tests.logs import write
from tests.same_lake import same_lake
from tracklake.lake import Lake

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unaudited")]

SEED, WORLDS, DELIVERIES = 1, 60, 3
DAYS = [date(2018, 12, 29) + timedelta(days=n) for n in range(4)]
SONGS = [("S1", "A", "AR1", "X"), ("S2", "B", "AR1", "X"), ("S3", "C", "AR2", "X"), ("S4", "A", "AR3", "Y")]
NATIVE_TYPES = ["play"] * 3 + ["like", "page_view", "follow", "playlist_add"]
PAGES = ["NextSong"] * 3 + ["Home", "Thumbs Up", "Submit Upgrade"]


class World:
    """Listeners, tracks and artists whose ids and names no other world has."""

    def __init__(self, number: int, chance: Random) -> None:
        self.number, self.chance = number, chance
        self.days = chance.sample(DAYS, chance.choice([2, 3, 4]))
        self._taken: set[tuple[datetime, str | None]] = set()

    def own(self, name: str) -> str:
        return f"w{self.number}_{name}"

    def any(self, *names: str) -> str:
        return self.own(self.chance.choice(names))

    def stated(self, share: float, **fields: object) -> dict[str, object]:
        """The fields, or none of them."""
        return fields if self.chance.random() < share else {}

    def moment(self, user: str | None) -> datetime:
        """Around midnight, or noon, and on both sides of a session's gap; of each user another one, since records of
        one moment could be one event, of which the first to come stays."""
        minutes = self.chance.choice([0, 1, 10, 29, 30, 720, 749, 750, 751, 1409, 1410, 1425, 1439])
        start = datetime.combine(self.chance.choice(self.days), datetime.min.time(), UTC)
        at = start + timedelta(minutes=minutes, seconds=self.chance.choice([0, 0, 7, 20]))
        if (at, user) in self._taken:
            return self.moment(user)
        self._taken.add((at, user))
        return at

    def native(self, number: int) -> dict[str, object]:
        pick = self.chance.choice
        artists, user = (
            ["n1", "n2", "AR1", "AR2"],
            pick([self.own("u1"), self.own("u1"), self.own("u2"), None]),
        )
        return {
            "event_type": pick(NATIVE_TYPES),
            "event_time": self.moment(user).isoformat(),
            **({"user_id": user} if user else {}),
            **self.stated(0.7, session_id=self.any("s1", "s2")),
            **self.stated(0.5, item_in_session=number),
            **self.stated(0.6, level=pick(["free", "paid"])),
            **self.stated(0.4, location=pick("PQ")),
            **self.stated(0.35, track_id=self.any("t1", "t2", "S1")),
            **self.stated(0.75, track_name=pick("ABC"), artist_name=self.any(*"XXYZ")),
            **self.stated(0.25, artist_id=self.any(*artists)),
            **self.stated(0.15, artist_ids=[self.own(one) for one in self.chance.sample(artists, 2)]),
            **self.stated(0.8, duration_ms=pick([0, 20_000, 200_000])),
            **self.stated(0.4, ms_played=pick([500, 29_000, 100_000])),
            **self.stated(0.5, event_id=self.own(f"e{number}")),
        }

    def page(self, number: int) -> dict[str, object]:
        pick, page = self.chance.choice, self.chance.choice(PAGES)
        user = pick([self.own("u1"), self.own("u2"), ""])
        song = {"song": pick("ABC"), "artist": self.any(*"XXYZ"), "length": pick([0, 20.0, 200.0])}
        return {
            "ts": int(self.moment(user).timestamp() * 1000),
            "userId": user,
            "sessionId": self.number * 10 + pick([1, 2]),
            "itemInSession": number,
            "page": page,
            **self.stated(0.7, level=pick(["free", "paid"])),
            **self.stated(0.3, location=pick("PQ")),
            **(song if page == "NextSong" else {}),
        }

    def songs(self) -> list[dict[str, object]]:
        listed = self.chance.sample(SONGS, self.chance.choice([3, 4]))
        return [
            {"song_id": self.own(track), "title": title, "artist_id": self.own(artist), "year": 0}
            | {"artist_name": self.own(name), "duration": 200.0}
            for track, title, artist, name in listed
        ]


def test_worlds_whose_records_come_in_any_order_equal_one_run(run_job: Job, tmp_path: Path) -> None:
    """Songs come before or after the plays that name them; some records come twice, with those of two days."""
    chance = Random(SEED)
    pages, natives = tmp_path / "pages", tmp_path / "native"
    deliveries: defaultdict[tuple[int, Path], list[str]] = defaultdict(list)

    def come(folder: Path, name: str, record: dict[str, object], at: int | None = None) -> None:
        number = chance.randrange(DELIVERIES) if at is None else at
        deliveries[number, folder / name.format(number)].append(json.dumps(record))

    for world in (World(number, chance) for number in range(WORLDS)):
        for number in range(chance.randint(4, 12)):
            is_native = chance.random() < 0.7
            record = world.native(number) if is_native else world.page(number)
            for day in chance.sample(DAYS, chance.choice([1] * 9 + [2])):
                if is_native:
                    come(natives, f"date={day}/{{}}.jsonl", record)
                else:
                    come(pages / "log_data", f"{day}-{{}}.json", record)
        for song in world.songs():
            come(pages / "song_data", "{}.json", song)
    come(pages / "log_data", "2018-12-29-{}.json", World(WORLDS, chance).page(0), at=0)

    def ingested(lake: Path) -> None:
        run_job(ingest_events, lake, pages)
        run_job(ingest_events, lake, natives, source="native")

    def built(lake: Path) -> Lake:
        run_job(build_dimensions, lake)
        return run_job(build_facts, lake)

    for number in range(DELIVERIES):
        for file, lines in ((file, lines) for (at, file), lines in deliveries.items() if at == number):
            write(file.parent, file.name, lines)
        ingested(tmp_path / "lake")
        if number != 1:
            found = built(tmp_path / "lake")
    ingested(tmp_path / "at-once")
    same_lake(found, built(tmp_path / "at-once"))
