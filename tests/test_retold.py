"""A catalogue that changes takes back what it gave: the dimensions are those of a lake that always had it so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs import build_dimensions, ingest_events
from tests.conftest import Job
from tests.logs import record, write
from tests.same_lake import same_lake
from tracklake.lake import Lake

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("unaudited")]


def song(track: str, artist: str, title: str, name: str) -> str:
    ids = {"song_id": track, "artist_id": artist}
    return json.dumps(ids | {"title": title, "artist_name": name, "duration": 200.0, "year": 0})


def play(day: int, title: str, name: str, **ids: object) -> str:
    said = {"event_type": "play", "event_time": f"2018-11-{day:02}T10:00:00Z", "user_id": "u"}
    names = {"track_name": title, "artist_name": name, "event_id": f"{day} {title} {name}"}
    return json.dumps(said | names | ids)


def test_what_a_changed_catalogue_takes_back_is_told_from_all_events(run_job: Job, tmp_path: Path) -> None:
    songs, natives = tmp_path / "pages" / "song_data", tmp_path / "native"

    def built(lake: str) -> Lake:
        run_job(ingest_events, tmp_path / lake, tmp_path / "pages")
        run_job(ingest_events, tmp_path / lake, natives, source="native")
        return run_job(build_dimensions, tmp_path / lake)

    write(tmp_path / "pages" / "log_data", "2018-11-02.json", [record(1)])
    write(songs, "A/1.json", [song("S1", "A1", "One", "Twins")])
    write(songs, "A/3.json", [song("S3", "A9", "Three", "Moved")])
    write(songs, "A/5.json", [song("S5", "A5", "Five", "Left")])
    write(songs, "A/7.json", [song("S7", "A7", "Seven", "Gone")])
    first = [
        play(1, "Own", "Twins", track_id="own"),
        play(1, "Stated", "Twins", artist_id="A1"),
        play(1, "Shared", "Twins", artist_ids=["A1", "z"]),
        play(1, "Own too", "Moved", track_id="own too"),
        play(1, "Names", "Moved"),
        play(1, "Five", "Left", track_id="S5", artist_id="A5"),
        play(1, "Guest", "z and A9", track_id="guest", artist_ids=["z", "A9"]),
    ]
    write(natives, "date=2018-11-01/0.jsonl", first)
    built("lake")

    write(songs, "A/2.json", [song("S2", "A2", "Two", "Twins")])
    write(songs, "A/3.json", [song("S3", "B1", "Three", "Moved")])
    write(songs, "A/5.json", [song("S5", "A6", "Five", "Come")])
    write(songs, "A/7.json", [song("S7", "B7", "Seven", "Gone")])
    write(natives, "date=2018-11-20/0.jsonl", [play(20, "Stated", "Twins"), play(20, "Shared", "Twins")])
    found = built("lake")

    tracks = {row.title: (row.artist_id, row.is_inferred) for row in found.read("dim_track").collect()}
    assert tracks["Own"][0].startswith("inferred:")
    assert (tracks["Stated"], tracks["Shared"]) == (("A1", True), ("A1", True))
    assert (tracks["Own too"], tracks["Names"], tracks["Five"]) == (("B1", True), ("B1", True), ("A6", False))
    artists = {row.artist_id: row.is_inferred for row in found.read("dim_artist").collect()}
    assert (artists["A5"], artists["A9"], artists.get("A7")) == (True, True, None)
    same_lake(found, built("at-once"))
