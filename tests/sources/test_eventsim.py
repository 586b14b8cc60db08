"""Source sparkify on the four topics of eventsim in tests/fixtures/eventsim."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tests.sources.conftest import FIXTURES, Arrivals, events, rows


@pytest.fixture(scope="module")
def found(arrivals: Arrivals) -> DataFrame:
    return arrivals("sparkify", FIXTURES / "eventsim")


def test_what_two_topics_state_is_one_event(found: DataFrame) -> None:
    """7 pages, 2 of them stated again as songs and 2 as changes of status, and the outcome of a login."""
    assert found.where("reason IS NULL").count() == 12
    told = events(found).withColumn("at", F.expr("unix_seconds(event_time) - 1709287200"))
    told = told.withColumn("page", F.get_json_object("extra", "$.page"))
    assert sorted(rows(told, "at", "page", "event_type", "user_id", "session_id", "level")) == [
        (0, "Login", "auth", None, "55", "free"),
        (10, "Home", "page_view", "101", "55", "free"),
        (10, "auth_events", "auth", "101", "55", "free"),
        (20, "NextSong", "play", "101", "55", "free"),
        (100, "Submit Upgrade", "subscription", "101", "55", "free"),
        (110, "NextSong", "play", "101", "55", "paid"),
        (120, "Thumbs Up", "like", "101", "55", "paid"),
        (130, "Submit Downgrade", "subscription", "101", "55", "paid"),
    ]


def test_seconds_and_places_are_read_as_those_of_pages(found: DataFrame) -> None:
    plays = events(found).where("event_type = 'play'")
    assert rows(plays, "track_name", "duration_ms", "ms_played", "location", "platform") == [
        ("Hunter", 255_600, 80_000, "Springfield, IL", "macOS"),
        ("Song 1", 200_001, 10_000, "Springfield, IL", "macOS"),
    ]
    extra = json.loads(rows(plays, "extra")[0][0])
    assert (extra["zip"], extra["lat"], extra["lon"]) == ("62704", "39.8", "-89.6")
    assert not {"firstName", "lastName"} & set(extra)


def test_one_topic_alone_gives_the_same_events(arrivals: Arrivals, found: DataFrame, tmp_path: Path) -> None:
    (tmp_path / "listen_events").write_text(
        (FIXTURES / "eventsim" / "listen_events" / "2024-03-01.json").read_text()
    )
    plays = events(arrivals("sparkify", tmp_path))
    assert rows(plays, "event_id") == rows(events(found).where("event_type = 'play'"), "event_id")
