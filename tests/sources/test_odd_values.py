"""Values that a column of event does not allow: no source lets one through to a suite that would fail the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import Row
from pyspark.sql import functions as F

from tests.sources.conftest import Arrivals, broken_rules, events

NOON = 1541073600
SPARKIFY = {
    "page": "NextSong",
    "userId": "(anonymous)",
    "sessionId": "",
    "itemInSession": -1,
    "level": "gold",
} | {
    "location": "(unknown)",
    "registration": -62135600000000,
    "length": 0,
    "artist": "",
    "song": " ",
    "gender": "",
}
SPOTIFY = {
    "ts": "2023-01-05T12:03:20Z",
    "ms_played": 0,
    "spotify_track_uri": "spotify:track:",
    "skipped": "no",
} | {
    "conn_country": "(unknown)",
    "reason_end": "",
    "master_metadata_track_name": "",
    "shuffle": 2,
    "username": "(anonymous)",
}
INFO = {"recording_mbid": "(unknown)", "artist_mbids": ["(unknown)", "", None], "duration_ms": -1}
LISTEN = {"listened_at": NOON, "user_id": "(anonymous)"} | {
    "track_metadata": {"track_name": "Solo", "artist_name": "", "additional_info": INFO}
}
PLAY = ["(anonymous)", "2009-05-04T23:08:57Z", "(unknown)", "", "(unknown)", "Solo"]

LOGS = {
    "sparkify": ("log_data/2018-11-01.json", [json.dumps(SPARKIFY | {"ts": NOON * 1000})]),
    "spotify_history": ("me/Streaming_History_Audio_2023.json", [json.dumps([SPOTIFY])]),
    "listenbrainz": (
        "1.listens",
        [json.dumps(LISTEN), json.dumps(LISTEN | {"user_id": 5, "listened_at": NOON + 1})],
    ),
    "lastfm_1k": ("plays.tsv", ["\t".join(PLAY), "\t" * 5, "\t".join(PLAY[:5]) + "\t"]),
}
NULLS = {
    "sparkify": (
        "user_id",
        "session_id",
        "item_in_session",
        "level",
        "location",
        "registered_at",
        "artist_name",
        "ms_played",
    ),
    "spotify_history": ("track_id", "track_name", "country", "reason_end", "skipped", "shuffle"),
    "listenbrainz": ("track_id", "artist_id", "artist_ids", "artist_name", "duration_ms"),
    "lastfm_1k": ("user_id", "track_id", "artist_id", "artist_name"),
}


def test_how_long_was_heard_is_inferred_of_plays_only(arrivals: Arrivals) -> None:
    asking = arrivals("native").withColumns({"ms_played": F.lit(None), "ms_played_inferred": F.lit(True)})
    told = events(asking).where("duration_ms IS NOT NULL").select("event_type", "ms_played")
    assert {(row.event_type, row.ms_played is None) for row in told.collect()} == {("play", False)}
    likes = events(asking.withColumn("event_type", F.lit("like"))).where("ms_played IS NOT NULL")
    assert likes.count() == 0


@pytest.mark.parametrize("source", LOGS)
def test_what_a_column_does_not_allow_is_null(arrivals: Arrivals, tmp_path: Path, source: str) -> None:
    name, lines = LOGS[source]
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines))
    found = arrivals(source, tmp_path)
    told = events(found)
    assert broken_rules(told) == []
    for row in told.collect():
        assert {column: row[column] for column in NULLS[source]} == dict.fromkeys(NULLS[source])
    quarantined: list[Row] = found.where("reason IS NOT NULL").collect()
    # Of Last.fm a line of tabs alone is blank, and one whose last field is empty still has six.
    assert [row.reason for row in quarantined] == (["no_track"] if source == "lastfm_1k" else [])
