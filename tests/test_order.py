"""Days in any order, in one run or job by job, give the lake of one run over all of them."""

from __future__ import annotations

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bench import star_schema
from jobs import build_dimensions, build_facts, build_marts, ingest_events, run_pipeline
from tests.conftest import SMALL_LOGS, Job
from tests.logs import record, write
from tests.same_lake import OF_RUNS, same_lake
from tracklake.lake import Lake

pytestmark = pytest.mark.slow

DAYS = [date(2018, 12, day) for day in (28, 29, 30, 31)] + [date(2019, 1, 1)]


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
    lake = tmp_path / "lake"
    run_job(ingest_events, lake, SMALL_LOGS, DAYS[2], DAYS[4])
    run_job(build_dimensions, lake)
    run_job(build_facts, lake)
    run_job(build_marts, lake)
    run_job(ingest_events, lake, SMALL_LOGS, DAYS[1], DAYS[1])
    run_job(build_dimensions, lake)
    run_job(ingest_events, lake, SMALL_LOGS, DAYS[0], DAYS[0])
    run_job(build_dimensions, lake)
    run_job(build_facts, lake)
    same_lake(run_job(build_marts, lake), small)


@pytest.mark.usefixtures("unaudited")
def test_marts_follow_what_dimensions_come_to_say_of_earlier_plays(run_job: Job, tmp_path: Path) -> None:
    """A record of 15 March moves the listener's version that began on the 20th, and gives the track, which was played
    in January, another primary artist: no event of these days changes."""

    def play(day: str, artist: str = "b", **fields: object) -> None:
        stated = {"event_type": "play", "event_time": f"{day}T12:00:00Z", "user_id": "u", "session_id": day}
        track = {"track_id": "t", "artist_ids": [artist], "duration_ms": 200_000, "ms_played": 180_000}
        write(logs, f"date={day}/plays.jsonl", [json.dumps(stated | track | fields)])

    logs, lake = tmp_path / "logs", tmp_path / "lake"
    play("2024-01-10", level="free", location="New York")
    play("2024-03-20", level="paid")
    play("2024-03-21")
    run_job(run_pipeline, lake, logs, source="native")
    play("2024-03-15", artist="a", level="free", location="Los Angeles")
    found = run_job(run_pipeline, lake, logs, source="native")
    same_lake(found, run_job(run_pipeline, tmp_path / "at-once", logs, source="native"))
    artists = found.read("mart_track_performance").select("artist_id").distinct()
    places = found.read("fact_listening").select("event_date", "place")
    assert [row.artist_id for row in artists.collect()] == ["a"]
    assert {str(row.event_date): row.place for row in places.collect()} == {
        "2024-01-10": "New York",
        "2024-03-15": "Los Angeles",
        "2024-03-20": "Los Angeles",
        "2024-03-21": "Los Angeles",
    }


@pytest.mark.usefixtures("unaudited")
def test_new_days_are_told_from_those_before_them(run_job: Job, tmp_path: Path) -> None:
    """The two days that come last are told from a play ten days before, and from one a year before: as far back as
    each mart looks."""

    def play(day: date, **fields: object) -> None:
        said = {"user_id": "u", "session_id": str(day), "track_id": "t", "artist_ids": ["b"]}
        heard = {
            "event_type": "play",
            "event_time": f"{day}T12:00:00Z",
            "ms_played": 180_000,
            "duration_ms": 200_000,
        }
        where = {"country": "SE", "platform": "ios", "context_type": "album"}
        liked = [said | {"event_type": one, "event_time": f"{day}T13:00:00Z"} for one in ("save", "follow")]
        lines = [json.dumps(each) for each in (said | heard | where | fields, *liked)]
        write(logs, f"date={day}/events.jsonl", lines)

    logs, lake = tmp_path / "logs", tmp_path / "lake"
    first = date(2024, 1, 22)  # a block of 28 days begins
    blocks = [first + timedelta(days=28 * number) for number in (0, 13, 14)]
    again = blocks[1] + timedelta(days=10)
    play(blocks[0])
    play(blocks[1], track_id="x")
    run_job(run_pipeline, lake, logs, source="native")
    play(again, track_id="x")
    play(blocks[2])
    found = run_job(run_pipeline, lake, logs, source="native")
    same_lake(found, run_job(run_pipeline, tmp_path / "at-once", logs, source="native"))

    sessions = found.read("session_satisfaction").collect()
    assert {row.session_date: (row.discovery, row.recent_sessions) for row in sessions}[again] == (0.0, 1)
    artists = found.read("mart_artist").where("period = '28_days'").orderBy("period_start").collect()
    assert [row.new_listeners for row in artists] == [1, 0, 0]  # 52 weeks are the history of a block
    for row in found.read("fact_stream").collect():
        assert (row.platform, row.country, row.context_type) == ("ios", "SE", "album")
    for row in found.read("fact_listening").collect():
        assert (row.market, row.place, row.context_type) == ("SE", "SE", "album")
    for row in found.read("mart_track_performance").where("period = 'day' AND plays > 0").collect():
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
def test_facts_that_name_a_track_alone_follow_its_artist(run_job: Job, tmp_path: Path) -> None:
    """Of t nobody states an artist at first, then one, then another, whom dim_track takes: what names none of them is
    the artist's of the day, on days without a new event and in a session that began on the day before, too."""

    def write_day(day: str, *events: dict[str, object]) -> None:
        lines = [json.dumps({"user_id": "u", "session_id": day, "track_id": "t"} | event) for event in events]
        write(logs, f"date={day}/events.jsonl", lines)

    def play(time: str, **fields: object) -> dict[str, object]:
        return {
            "event_type": "play",
            "event_time": time,
            "duration_ms": 200_000,
            "ms_played": 180_000,
        } | fields

    def artists(of: Lake) -> dict[str, str]:
        names = of.read("dim_artist").select("artist_key", "artist_id")
        marks = of.read("fact_feedback").join(names, on="artist_key")
        plays = of.read("fact_stream").select("event_time", "artist_id")
        told = plays.unionByName(marks.select("event_time", "artist_id")).collect()
        return {f"{row.event_time:%m-%d %H}": row.artist_id for row in told}

    logs, lake = tmp_path / "logs", tmp_path / "lake"
    write_day("2024-01-10", play("2024-01-10T23:50:00Z", track_id="other", artist_ids=["a"]))
    write_day("2024-01-11", play("2024-01-11T00:10:00Z"))
    write_day("2024-01-12", {"event_type": "like", "event_time": "2024-01-12T12:00:00Z"})
    unknown = artists(run_job(star_schema, lake, logs, source="native"))
    assert unknown == {"01-10 23": "a", "01-11 00": "(unknown)", "01-12 12": "(unknown)"}

    write_day("2024-03-15", play("2024-03-15T12:00:00Z", artist_ids=["b"]))
    of_b = artists(run_job(star_schema, lake, logs, source="native"))
    assert of_b == {"01-10 23": "a", "01-11 00": "b", "01-12 12": "b", "03-15 12": "b"}

    write_day("2024-03-20", play("2024-03-20T12:00:00Z", artist_ids=["a"]))
    found = run_job(star_schema, lake, logs, source="native")
    of_a = {"01-10 23": "a", "01-11 00": "a", "01-12 12": "a", "03-15 12": "b", "03-20 12": "a"}
    assert artists(found) == of_a
    over_midnight = found.read("fact_session").where("session_date = DATE '2024-01-10'")
    assert [row.artists for row in over_midnight.collect()] == [1]
    same_lake(found, run_job(star_schema, tmp_path / "at-once", logs, source="native"))
