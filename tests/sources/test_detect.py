"""Which source a folder is told to be of, and when that is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.conftest import SMALL_LOGS
from tests.logs import write
from tests.sources.conftest import FIXTURES
from tracklake.errors import InputMissing, WrongUsage
from tracklake.sources.detect import _elements, guess, of_each_source, told_by
from tracklake.sources.sample import Sample

PAGE = {"page": "Home", "ts": 1, "itemInSession": 0}
LISTEN = {"listened_at": 1, "track_metadata": {}}
EVENT = {"event_type": "play", "event_time": "2024-01-01T00:00:00Z"}
PLAY = {"ts": "2024-01-01T00:00:00Z", "ms_played": 1}
SONG = {"ts": 1, "itemInSession": 0, "song": "Solo"}
TOPIC = "/listen_events/2018-11-01.json"


def sample(*records: dict[str, object] | str, path: str = "/a.json", columns: tuple[str, ...] = ()) -> Sample:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    return Sample([path], {path: lines}, {"/a.parquet": list(columns)} if columns else {})


@pytest.mark.parametrize(
    ("taken", "name", "why"),
    [
        (sample("garbage", PAGE), "sparkify", "page, ts and itemInSession"),
        (sample(SONG, path=TOPIC), "sparkify", "topic listen_events, and records have ts and itemInSession"),
        (sample(EVENT, path=TOPIC), "native", "event_type and event_time"),
        (sample(LISTEN, path=TOPIC), "listenbrainz", "listened_at and track_metadata"),
        (sample(LISTEN), "listenbrainz", "listened_at and track_metadata"),
        (sample(EVENT), "native", "event_type and event_time"),
        (sample(PLAY, path="/anna/endsong_0.json"), "spotify_history", "endsong_0.json"),
        (sample("u\t2009-05-04T23:08:57Z\t\tA\t\tB"), "lastfm_1k", "six fields with tabs"),
        (sample(columns=("event_time", "event_type")), "native", "columns event_type"),
        (sample(columns=("listened_at", "recording_name", "artist_name")), "listenbrainz", "Parquet"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_source_is_known_by_what_only_it_has(taken: Sample, name: str, why: str) -> None:
    found = told_by(taken, "/logs")
    assert (found.source.name, why in found.why) == (name, True)


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        (sample(PLAY), "of no source that is known, as far as 1 of 1 files tell"),
        (sample(SONG), "of no source that is known"),
        (sample(PLAY, path=TOPIC), "of no source that is known"),
        (
            sample("a,b,c"),
            "say it with --source NAME (sparkify, spotify_history, listenbrainz, lastfm_1k, native)",
        ),
        (
            sample(PAGE, EVENT),
            "as if they were of sparkify, because records have page, ts and itemInSession, and of",
        ),
    ],
    ids=["another's names", "no topic", "a topic's name alone", "nothing known", "two of them"],
)
def test_a_doubt_is_said_and_not_decided(taken: Sample, words: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        told_by(taken, "/logs")
    assert words in str(refused.value)


def test_the_first_elements_of_an_array_are_read_although_the_rest_is_cut_off() -> None:
    assert _elements('[\n {"a": 1},\n {"b": [2]},\n {"c": ') == ['{"a": 1}', '{"b": [2]}']
    assert _elements("[]") == []


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        (SMALL_LOGS, "sparkify"),
        (FIXTURES / "eventsim", "sparkify"),
        (FIXTURES / "spotify_history", "spotify_history"),
        (FIXTURES / "listenbrainz", "listenbrainz"),
        (FIXTURES / "lastfm_1k", "lastfm_1k"),
        (FIXTURES / "native", "native"),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_every_fixture_is_told_by_its_files(spark: SparkSession, folder: Path, name: str) -> None:
    assert guess(spark, str(folder)).source.name == name


ACCOUNT = ("Follow", "Identifiers", "Identity", "Inferences", "Marquee", "Payments", "Playlist1")
EXTENDED = "Spotify Extended Streaming History/Streaming_History_Audio_2024_0.json"


@pytest.mark.parametrize(
    ("folder", "log"),
    [
        ("MyData", "MyData/StreamingHistory0.json"),
        ("Spotify Account Data", "Spotify Account Data/StreamingHistory_music_0.json"),
        ("Spotify Account Data", EXTENDED),
    ],
)
def test_a_log_is_looked_into_before_other_files_of_a_download(
    spark: SparkSession, tmp_path: Path, folder: str, log: str
) -> None:
    for name in ACCOUNT:
        write(tmp_path, f"{folder}/{name}.json", [json.dumps({"note": "no play"})])
    write(tmp_path, log, [json.dumps([PLAY])])
    assert guess(spark, str(tmp_path)).source.name == "spotify_history"


def test_every_source_has_its_turn_among_the_files_that_are_looked_into() -> None:
    listens = [f"/logs/{n}.json" for n in range(8)]
    tables = [f"/logs/{n}.tsv" for n in range(8)]
    topic = ["/logs/listen_events/part-0", "/logs/listen_events/part-1"]
    plays, others = ["/logs/me/endsong_0.json"], ["/logs/CHECKSUMS", "/logs/profile.csv"]
    found = of_each_source("/logs", sorted([*listens, *tables, *topic, *plays, *others]))
    assert found[:6] == [topic[0], plays[0], listens[0], tables[0], topic[1], listens[1]]
    assert (found[-2:], len(found)) == (others, 21)
    assert of_each_source("/logs", listens) == listens


def test_what_another_source_names_its_own_leaves_room_for_other_logs() -> None:
    plays = [f"/logs/{name}/{file}" for name in "abcdefg" for file in ("Follow.json", "endsong_0.json")]
    events = [f"/logs/x/date=2024-03-31/{n}.json" for n in range(9)]
    found = of_each_source("/logs", [*plays, *events, "/logs/y/1.json"])
    assert found[:4] == ["/logs/a/endsong_0.json", events[0], "/logs/b/endsong_0.json", "/logs/y/1.json"]
    columns = [f"/logs/{name}.parquet" for name in ("a/0", "a/1", "b/0", "b/1")]
    assert of_each_source("/logs", columns)[:2] == ["/logs/a/0.parquet", "/logs/b/0.parquet"]


def test_logs_of_two_sources_are_a_doubt_however_many_files_one_has(
    spark: SparkSession, tmp_path: Path
) -> None:
    for n in range(7):
        write(tmp_path, f"a/{n}/Streaming_History_Audio_{n}.json", [json.dumps([PLAY])])
    write(tmp_path, "b/date=2024-03-31/z.jsonl", [json.dumps(EVENT)])
    with pytest.raises(WrongUsage, match=r"of spotify_history, .* and of native, "):
        guess(spark, str(tmp_path))


def test_a_folder_of_archives_is_to_be_unpacked(spark: SparkSession, tmp_path: Path) -> None:
    for name in ("me/my_spotify_data.zip", "old.tar.gz", "old.7Z", "read me.pdf"):
        write(tmp_path, name, ["PK"])
    with pytest.raises(InputMissing, match=r"archives such as me/my_spotify_data\.zip: unpack them"):
        guess(spark, str(tmp_path))
    write(tmp_path, "events.jsonl", [json.dumps(EVENT)])
    assert guess(spark, str(tmp_path)).source.name == "native"
