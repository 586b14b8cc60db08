"""Days in any order, in one run or job by job, give the lake of one run over all of them."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest

from bench import star_schema
from jobs import build_dimensions, build_facts, build_marts, ingest_events, run_pipeline
from tests.conftest import SMALL_LOGS, Job
from tests.logs import record, write
from tests.same_lake import OF_RUNS, same_lake
from tracklake.lake import Lake

pytestmark = pytest.mark.slow

DAYS = [date(2018, 12, day) for day in (28, 29, 30, 31)] + [date(2019, 1, 1)]


@pytest.mark.usefixtures("unaudited")
def test_days_from_the_middle_equal_one_run(run_job: Job, small: Lake, tmp_path: Path) -> None:
    """Days later and earlier than those that are there, and between them; backwards is the next test.

    The marts come with the last two days, one of them between the others, one before them.
    """
    for first, last, job in (
        (2, 2, star_schema),
        (4, 4, star_schema),
        (3, 3, run_pipeline),
        (0, 1, run_pipeline),
    ):
        lake = run_job(job, tmp_path / "lake", SMALL_LOGS, DAYS[first], DAYS[last])
    same_lake(lake, small)
    members = lake.read(OF_RUNS).where("metric = 'share.new_members'").select("table_name").distinct()
    assert {row.table_name for row in members.collect()} == {"dim_user", "dim_track", "dim_artist"}


@pytest.mark.usefixtures("unaudited")
def test_jobs_one_by_one_equal_the_pipeline(run_job: Job, small: Lake, tmp_path: Path) -> None:
    """The last days come first. What is pending adds up: facts are built after two ingests and two builds of the
    dimensions, marts anew where what was new, and who came back, is now told from days before."""
    lake, first, then = tmp_path / "lake", StringIO(), StringIO()
    run_job(ingest_events, lake, SMALL_LOGS, DAYS[2], DAYS[4])
    run_job(build_dimensions, lake, said=first)
    run_job(build_facts, lake, said=first)
    run_job(build_marts, lake)
    run_job(ingest_events, lake, SMALL_LOGS, DAYS[1], DAYS[1])
    run_job(build_dimensions, lake, said=then)
    run_job(ingest_events, lake, SMALL_LOGS, DAYS[0], DAYS[0])
    run_job(build_dimensions, lake)
    run_job(build_facts, lake, said=then)
    same_lake(run_job(build_marts, lake, said=then), small)
    assert "follow with" not in first.getvalue(), "nothing is there yet that could be behind"
    for job in ("build_facts", "build_marts"):
        assert then.getvalue().count(f"follow with {job}") == 1


class Native:
    """Native logs, and two lakes of them: one that takes what comes step by step, one that takes all at once."""

    def __init__(self, run_job: Job, folder: Path) -> None:
        self._logs, self._folder, self._run_job = folder / "logs", folder, run_job

    def write(self, day: date, *events: dict[str, object]) -> None:
        """The file of a day, each event at noon where it says no other time."""
        noon = {"event_time": f"{day}T12:00:00Z", "user_id": "u", "session_id": str(day), "track_id": "t"}
        write(self._logs, f"date={day}/events.jsonl", [json.dumps(noon | event) for event in events])

    def taken(self, job: ModuleType) -> Lake:
        return self._run_job(job, self._folder / "lake", self._logs, source="native")

    def at_once(self, job: ModuleType) -> Lake:
        return self._run_job(job, self._folder / "at-once", self._logs, source="native")


@pytest.fixture
def native(run_job: Job, tmp_path: Path) -> Native:
    return Native(run_job, tmp_path)


HEARD = {"event_type": "play", "ms_played": 180_000, "duration_ms": 200_000}


@pytest.mark.usefixtures("unaudited")
def test_marts_follow_what_comes_to_be_known(native: Native) -> None:
    """Of listener m, in 2019, and of listener n, years later: two stories in one lake, neither on a day of the other's.

    m: A record of 15 March moves the version that began on the 20th, and gives the track, which was played in January,
    another primary artist: no event of these days changes. n: The two days that come last are told from a play ten days
    before, and from one a year before: as far back as each mart looks.
    """

    def of_m(month: int, day: int, artist: str = "b", **fields: object) -> None:
        stated = {"user_id": "m", "track_id": "m", "artist_ids": [artist]}
        native.write(date(2019, month, day), HEARD | stated | fields)

    def of_n(day: date, track: str = "t") -> None:
        said = {"user_id": "n", "track_id": track, "artist_ids": ["n"]}
        where = {"country": "SE", "platform": "ios", "context_type": "album"}
        at_one = said | {"event_time": f"{day}T13:00:00Z"}
        liked = [at_one | {"event_type": kind} for kind in ("save", "follow")]
        native.write(day, HEARD | said | where, *liked)

    first = date(2024, 1, 22)  # a block of 28 days begins
    blocks = [first + timedelta(days=28 * number) for number in (0, 13, 14)]
    again = blocks[1] + timedelta(days=10)
    of_m(1, 10, level="free", location="New York")
    of_m(3, 20, level="paid")
    of_m(3, 21)
    of_n(blocks[0])
    of_n(blocks[1], "x")
    native.taken(run_pipeline)
    of_m(3, 15, artist="a", level="free", location="Los Angeles")
    of_n(again, "x")
    of_n(blocks[2])
    found = native.taken(run_pipeline)
    same_lake(found, native.at_once(run_pipeline))

    artists = found.read("mart_track_performance").where("track_id = 'm'").select("artist_id").distinct()
    places = found.read("fact_listening").where("event_date < '2020-01-01'").select("event_date", "place")
    assert [row.artist_id for row in artists.collect()] == ["a"]
    assert {str(row.event_date): row.place for row in places.collect()} == {
        "2019-01-10": "New York",
        "2019-03-15": "Los Angeles",
        "2019-03-20": "Los Angeles",
        "2019-03-21": "Los Angeles",
    }
    sessions = found.read("session_satisfaction").collect()
    assert {row.session_date: (row.discovery, row.recent_sessions) for row in sessions}[again] == (0.0, 1)
    artists = (
        found.read("mart_artist").where("period = '28_days' AND artist_id = 'n'").orderBy("period_start")
    )
    assert [row.new_listeners for row in artists.collect()] == [1, 0, 0]  # a history is 52 weeks
    for row in found.read("fact_stream").where("user_id = 'n'").collect():
        assert (row.platform, row.country, row.context_type) == ("ios", "SE", "album")
    for row in found.read("fact_listening").where("event_date > '2020-01-01'").collect():
        assert (row.market, row.place, row.context_type) == ("SE", "SE", "album")
    of_days = found.read("mart_track_performance").where("period = 'day' AND plays > 0 AND artist_id = 'n'")
    for row in of_days.collect():
        assert (row.top_market, row.source_mix) == ("SE", '{"album":1.0}')
    feedback = found.read("fact_feedback").groupBy("event_type").count().collect()
    assert dict(map(tuple, feedback)) == {"save": 4, "follow": 4}


@pytest.mark.usefixtures("unaudited")
def test_plays_point_at_the_version_of_the_artist_that_was_valid(run_job: Job, tmp_path: Path) -> None:
    """A catalogue that was changed between two plays, both in the lake, comes to say where else the artist is."""
    logs, lake = tmp_path / "logs", tmp_path / "lake"

    def stated(place: str, day: int) -> None:
        names = {
            "song_id": "S1",
            "title": "T",
            "artist_id": "A1",
            "artist_name": "N",
            "artist_location": place,
        }
        file = write(logs / "song_data", "A/1.json", [json.dumps(names | {"duration": 200.0, "year": 0})])
        changed = datetime(2018, 11, day, tzinfo=UTC).timestamp()
        os.utime(file, (changed, changed))

    for day in (1, 5):
        line = record(day - 1, page="NextSong", song="T", artist="N", length=200.0)
        write(logs / "log_data", f"2018-11-0{day}.json", [line])
    stated("Ghent", 1)
    run_job(star_schema, lake, logs)
    stated("Lund", 3)
    found = run_job(star_schema, lake, logs)
    places = {row.artist_key: row.location for row in found.read("dim_artist").collect()}
    plays = found.read("fact_stream").collect()
    assert {row.event_date.day: places[row.artist_key] for row in plays} == {1: "Ghent", 5: "Lund"}


@pytest.mark.usefixtures("unaudited")
def test_facts_that_name_a_track_alone_follow_its_artist(native: Native) -> None:
    """Of t nobody states an artist at first, then one, then another, whom dim_track takes: what names none of them is
    the artist's of the day, on days without a new event and in a session that began on the day before, too."""

    def play(day: int, time: str = "12:00", month: int = 3, **fields: object) -> None:
        when = date(2024, month, day)
        native.write(when, HEARD | {"event_time": f"{when}T{time}:00Z"} | fields)

    def artists(of: Lake) -> dict[str, str]:
        names = of.read("dim_artist").select("artist_key", "artist_id")
        marks = of.read("fact_feedback").join(names, on="artist_key")
        plays = of.read("fact_stream").select("event_time", "artist_id")
        told = plays.unionByName(marks.select("event_time", "artist_id")).collect()
        return {f"{row.event_time:%m-%d %H}": row.artist_id for row in told}

    play(10, "23:50", month=1, track_id="other", artist_ids=["a"])
    play(11, "00:10", month=1)
    native.write(date(2024, 1, 12), {"event_type": "like"})
    unknown = artists(native.taken(star_schema))
    assert unknown == {"01-10 23": "a", "01-11 00": "(unknown)", "01-12 12": "(unknown)"}

    play(15, artist_ids=["b"])
    of_b = artists(native.taken(star_schema))
    assert of_b == {"01-10 23": "a", "01-11 00": "b", "01-12 12": "b", "03-15 12": "b"}

    play(20, artist_ids=["a"])
    found = native.taken(star_schema)
    of_a = {"01-10 23": "a", "01-11 00": "a", "01-12 12": "a", "03-15 12": "b", "03-20 12": "a"}
    assert artists(found) == of_a
    over_midnight = found.read("fact_session").where("session_date = DATE '2024-01-10'")
    assert [row.artists for row in over_midnight.collect()] == [1]
    same_lake(found, native.at_once(star_schema))
