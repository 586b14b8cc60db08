"""Source sparkify on the four topics of eventsim in tests/fixtures/eventsim."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.sources.conftest import FIXTURES, Arrivals, events, reasons, rows
from tracklake.errors import InputMissing
from tracklake.sources import source
from tracklake.sources.eventsim import topic


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


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/listen_events/2024-03-01.json", "listen_events"),
        ("/auth_events", "auth_events"),
        ("/auth_events.json", "auth_events"),
        ("/2024/03/listen_events/x.json", "listen_events"),
        ("/data/page_view_events/logs/listen_events/x.json", "listen_events"),
        ("/listen_events/log_data/x.json", None),
        ("/log_data/listen_events/x.json", "listen_events"),
        ("/my_listen_events/x.json", None),
        ("/listen_events_old/x.json", None),
    ],
)
def test_a_topic_is_the_last_that_a_path_names_and_none_above_log_data(path: str, name: str | None) -> None:
    assert topic(path) == name


def test_the_input_and_its_parents_are_no_topics(
    spark: SparkSession, arrivals: Arrivals, found: DataFrame, tmp_path: Path
) -> None:
    logs = tmp_path / "page_view_events" / "logs"
    shutil.copytree(FIXTURES / "eventsim", logs)
    assert sorted(rows(events(arrivals("sparkify", logs)), "event_id")) == sorted(
        rows(events(found), "event_id")
    )
    with pytest.raises(InputMissing, match="neither log_data nor a topic of eventsim"):
        source("sparkify").find(spark, str(logs / "listen_events"), None, None)


def test_a_record_of_log_data_without_a_page_is_no_song_whatever_is_above(
    arrivals: Arrivals, tmp_path: Path
) -> None:
    songs = (FIXTURES / "eventsim" / "listen_events" / "2024-03-01.json").read_text()
    logs = tmp_path / "listen_events"
    (logs / "log_data").mkdir(parents=True)
    (logs / "log_data" / "2024-03-01.json").write_text(songs)
    assert set(reasons(arrivals("sparkify", logs))) == {"no_page"}


def test_one_topic_alone_gives_the_same_events(arrivals: Arrivals, found: DataFrame, tmp_path: Path) -> None:
    (tmp_path / "listen_events").write_text(
        (FIXTURES / "eventsim" / "listen_events" / "2024-03-01.json").read_text()
    )
    plays = events(arrivals("sparkify", tmp_path))
    assert rows(plays, "event_id") == rows(events(found).where("event_type = 'play'"), "event_id")
