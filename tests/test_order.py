"""Days in any order, in one run or job by job, give the lake of one run over all of them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from bench import star_schema
from jobs import build_dimensions, build_facts, build_marts, ingest_events, run_pipeline
from tests.conftest import SMALL_LOGS, Job
from tests.logs import write
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
