"""Which files a source by their names calls logs."""

from __future__ import annotations

import pytest

from tracklake.sources import source


@pytest.mark.parametrize(
    ("name", "logs", "others"),
    [
        (
            "native",
            "a.json A.JSON a.ndjson a.NDJSON.GZ a.jsonl.Zst a.PARQUET a.Avro",
            "a.xjson a.PDF a.json.BAK",
        ),
        (
            "listenbrainz",
            "1.listens 1.LISTENS.BZ2 a.ndjson a.ndjson.gz a.Json A.PARQUET",
            "a.AVRO a.json.BAK",
        ),
        ("lastfm_1k", "plays.tsv PLAYS.TSV plays.TSV.GZ", "userid-profile.tsv USERID-PROFILE.TSV plays.CSV"),
    ],
)
def test_capitals_in_an_ending_are_small_letters(name: str, logs: str, others: str) -> None:
    calls_a_log = source(name).names_a_log
    assert [file for file in f"{logs} {others}".split() if calls_a_log(f"/in/{file}")] == logs.split()


HISTORIES = (
    "endsong",
    "endsong_0",
    "endvideo_12",
    "Streaming_History_Audio_2019-2020_1",
    "StreamingHistory_music_0",
)
AGAIN = ("", " (1)", "(1)", "-1", "_1", " 2", " - Copy", " copy 2", " (1) (1)")


@pytest.mark.parametrize("history", HISTORIES)
def test_a_history_may_come_a_second_time_and_in_capitals(history: str) -> None:
    calls_a_log = source("spotify_history").names_a_log
    for again in AGAIN:
        for ending in (".json", ".JSON", ".json.gz", ".Json.GZ"):
            assert calls_a_log(f"/anna/MyData/{history}{again}{ending}")
    assert calls_a_log(f"/anna/{history.upper()}.JSON")


def test_what_is_merely_named_like_a_history_is_none() -> None:
    names = (
        "endsongs",
        "endsong_old",
        "my endsong_0",
        "Playlist (1)",
        "StreamingHistory0 of anna",
        "endsong (anna)",
    )
    assert not [name for name in names if source("spotify_history").names_a_log(f"/anna/{name}.json")]
