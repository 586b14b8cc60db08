"""Source spotify_history on the folder of five listeners in tests/fixtures/spotify_history."""

from __future__ import annotations

import gzip
import json
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.logs import write
from tests.sources.conftest import FIXTURES, Arrivals, events, reasons, rows
from tracklake.incoming import say_what_is_left_out
from tracklake.sources import source
from tracklake.sources.spotify_history import listener_folder, short_beside_extended

CLOCK = "date_format(event_time, 'yyyy-MM-dd HH:mm:ss') AS at"


@pytest.fixture(scope="module")
def found(arrivals: Arrivals) -> DataFrame:
    return arrivals("spotify_history")


def of(found: DataFrame, listener: str) -> DataFrame:
    """The events read from the folder of a listener."""
    return events(found).where(F.col("source_file").contains(f"/{listener}/"))


def test_a_play_starts_ms_played_before_its_ts(found: DataFrame) -> None:
    plays = of(found, "listener-a").withColumn("at", F.expr(CLOCK.rpartition(" AS ")[0]))
    shown = ("at", "event_date", "track_name", "ms_played", "reason_end", "skipped", "shuffle", "offline")
    assert [tuple(map(str, row)) for row in rows(plays, *shown)] == [
        ("2023-01-05 12:00:00", "2023-01-05", "Song 1", "200000", "trackdone", "False", "False", "False"),
        ("2023-01-05 12:03:20", "2023-01-05", "Song 2", "4000", "fwdbtn", "True", "True", "False"),
        ("2023-01-05 12:30:00", "2023-01-05", "None", "1800000", "trackdone", "False", "False", "False"),
        ("2023-01-05 13:50:00", "2023-01-05", "None", "600000", "trackdone", "False", "False", "False"),
        ("2023-01-05 14:59:29", "2023-01-05", "Song 3", "31000", "trackdone", "False", "False", "False"),
        ("2023-01-05 15:09:59", "2023-01-05", "None", "1000", "unexpected-exit", "False", "False", "False"),
        ("2023-01-05 23:58:00", "2023-01-05", "Song 1", "180000", "trackdone", "False", "False", "True"),
    ]


def test_tracks_have_spotifys_id_and_podcasts_and_audiobooks_are_no_tracks(found: DataFrame) -> None:
    plays = of(found, "listener-a")
    assert rows(plays, "track_id", "artist_name", "album_name", "context_type", "context_id") == [
        ("0000000000000000000001", "The Made Ups", "First Takes", None, None),
        ("0000000000000000000002", "The Made Ups", "First Takes", None, None),
        (None, None, None, "podcast", "ep01"),
        (None, None, None, "audiobook", "ch01"),
        (None, "The Made Ups", None, None, None),  # a file of the listener's own: no id of Spotify's
        (None, None, None, None, None),
        ("0000000000000000000001", "The Made Ups", "First Takes", None, None),
    ]
    assert {(row.event_type, row.ms_played_inferred) for row in plays.collect()} == {("play", False)}


def test_what_has_no_column_stays_in_extra_and_addresses_and_names_do_not(found: DataFrame) -> None:
    extras = [json.loads(row.extra) for row in of(found, "listener-a").orderBy("event_time").collect()]
    assert {extra["ts"][:10] for extra in extras} == {"2023-01-05", "2023-01-06"}
    assert extras[2]["episode_name"] == "On Weights"
    assert extras[4]["spotify_track_uri"] == "spotify:local:The+Made+Ups::Song+3:31"
    assert (extras[6]["mood"], extras[6]["conn_country"]) == ('{"v":1}', "ZZ")
    text = "\n".join(str(row) for row in found.drop("source_file").collect())
    for personal in ("192.0.2.17", "198.51.100.4", "walburga", "o'hara", 'ip_addr":"1'):
        assert personal not in text


def test_platforms_are_families(found: DataFrame) -> None:
    told = {(row.platform, row.country) for row in events(found).select("platform", "country").collect()}
    assert told == {("iOS", "SE"), ("Windows", None), ("Android", "DE"), (None, None)}


def test_a_listener_is_the_username_or_else_the_folder_by_its_hash(found: DataFrame) -> None:
    listeners = {
        (row.source_file.rpartition("/")[2], row.user_id) for row in events(found).distinct().collect()
    }
    of_b = {user for file, user in listeners if file.startswith("endsong")}
    assert len(of_b) == 2  # two usernames in one folder, each in old files
    assert len({user for _, user in listeners}) == 4
    assert {len(user) for _, user in listeners} == {32}


def test_the_old_form_says_0_and_1_and_a_play_in_two_of_its_files_is_one(found: DataFrame) -> None:
    plays = of(found, "two-listeners")
    assert rows(plays.where("ms_played <> 29999"), "track_name", "artist_name", "skipped", "shuffle") == [
        ("Song 2", "The Made Ups", False, False),
        ("Song 4", "Sólo Una", True, True),
    ]
    assert plays.count() == 4  # 5 records


def test_the_short_form_has_names_and_minutes_only(found: DataFrame) -> None:
    plays = of(found, "listener-c").withColumn("at", F.date_format("event_time", "HH:mm:ss"))
    assert rows(plays, "at", "track_id", "track_name", "artist_name", "context_type") == [
        ("10:01:40", None, "Song 1", "The Made Ups", None),
        ("10:04:58", None, "Song 2", "The Made Ups", None),
        ("10:59:00", None, None, None, "podcast"),
    ]


def test_the_short_form_beside_the_extended_one_is_not_read(found: DataFrame) -> None:
    assert not [row for row in found.collect() if "StreamingHistory_music_0" in row.source_file]


def test_what_cannot_be_an_event_says_why_and_a_broken_array_is_one_record(found: DataFrame) -> None:
    assert reasons(found) == [
        "bad_ms_played",
        "bad_time",
        "no_ms_played",
        "not_json",
        "not_json",
        "time_out_of_bounds",
    ]
    broken = [row for row in found.where("reason IS NOT NULL").collect() if "listener-d" in row.source_file]
    assert len(broken) == 1


@pytest.mark.parametrize(
    "text", ["{}", "[1] [2]", '[{"a":1}', "[]"], ids=["object", "two", "cut off", "none"]
)
def test_only_one_whole_array_is_taken_apart(arrivals: Arrivals, tmp_path: Path, text: str) -> None:
    (tmp_path / "endsong_0.json").write_text(text)
    assert arrivals("spotify_history", tmp_path).count() == (0 if text == "[]" else 1)


def test_a_folder_may_mix_plain_and_compressed_files(arrivals: Arrivals, tmp_path: Path) -> None:
    record = json.loads((FIXTURES / "spotify_history/listener-c/MyData/StreamingHistory0.json").read_text())
    (tmp_path / "StreamingHistory0.json").write_text("\ufeff" + json.dumps(record[:1]))
    (tmp_path / "StreamingHistory1.json.gz").write_bytes(gzip.compress(json.dumps(record[1:]).encode()))
    (tmp_path / "StreamingHistory2.json").write_text("")
    assert events(arrivals("spotify_history", tmp_path)).count() == 2


def test_the_folder_of_a_listener_is_the_nearest_that_spotify_did_not_name() -> None:
    for path in (
        "endsong_0.json",
        "MyData/Spotify Account Data/StreamingHistory0.json",
        "my_spotify_data (1)/Spotify Account Data 2/StreamingHistory0.json",
    ):
        assert listener_folder(f"/in/anna/{path}") == "/in/anna"


@pytest.mark.parametrize(
    "folder",
    [
        "MyData of anna",
        "MyData.zip of anna",
        "MyData2",
        "our MyData",
        "my_spotify_data (anna)",
        "my_spotify_data copycat",
        "my_spotify_data_anna",
        "my_spotify_dataset",
        "Spotify Account Database",
    ],
)
def test_a_name_that_is_merely_like_spotifys_is_a_listeners(folder: str) -> None:
    assert listener_folder(f"/in/{folder}/MyData/endsong_0.json") == f"/in/{folder}"


AGAIN = (" (1)", "(1)", " 2", "-1", "_1", " (1) (1)", ".zip", " (2).zip", "-1.zip", " copy", " copy 2")
AGAIN += (" - Copy", " - Copy (2)", " - Kopie", " (copy)", " Kopie 2")


def test_all_archives_of_one_name_are_one_listeners(arrivals: Arrivals, tmp_path: Path) -> None:
    """They are unpacked as my_spotify_data and my_spotify_data (1), or as others name a second one."""
    names = ("my_spotify_data", "MyData", "Spotify Extended Streaming History", "Spotify Account Data")
    folders = [f"{name}{again}" for name in names for again in ("", *AGAIN)]
    folders += ["MYDATA", "mydata", "spotify extended streaming history (1)", "My_Spotify_Data-1"]
    for folder in folders:
        (tmp_path / folder).mkdir()
        assert listener_folder(f"{tmp_path}/{folder}/endsong_0.json") == str(tmp_path)
    for folder in folders[::5]:
        plays = [{"ts": "2024-03-01T10:00:00Z", "ms_played": 0, "master_metadata_track_name": folder}]
        (tmp_path / folder / "Streaming_History_Audio_2024.json").write_text(json.dumps(plays))
    told = {(row.user_id, row.track_name) for row in arrivals("spotify_history", tmp_path).collect()}
    assert {title for _, title in told} == {*folders[::5]}
    assert len({user for user, _ in told}) == 1


def test_the_short_form_in_one_archive_is_beside_the_extended_one_in_another(
    spark: SparkSession, tmp_path: Path
) -> None:
    short = "my_spotify_data/Spotify Account Data/StreamingHistory_music_0.json"
    extended = "my_spotify_data(1)/Spotify Extended Streaming History/Streaming_History_Audio_2024_0.json"
    for path in (f"anna/{short}", f"anna/{extended}", f"ben/{short}"):
        write(tmp_path, path, ["[]"])
    left_out = [file.path for file in short_beside_extended(spark, str(tmp_path))]
    assert [path.removeprefix(f"file:{tmp_path}/") for path in left_out] == [f"anna/{short}"]


def test_a_folder_of_one_name_is_one_listeners_however_its_accents_are_written(
    spark: SparkSession, arrivals: Arrivals, tmp_path: Path
) -> None:
    """A Mac decomposes letters in names, others write what is typed."""
    plays = [{"ts": "2024-03-01T10:00:00Z", "ms_played": 0, "master_metadata_track_name": "One"}]
    for form in ("NFC", "NFD"):
        for name in ("Jürgen Müller", "Zoë %C3"):
            folder = unicodedata.normalize(form, name)
            write(tmp_path, f"{folder}/MyData/endsong_0.json", [json.dumps(plays)])
    named = [play | {"username": "Jürgen Müller"} for play in plays]
    write(tmp_path, "jm/endsong_0.json", [json.dumps(named)])
    write(tmp_path, f"{unicodedata.normalize('NFD', 'Zoë %C3')}/StreamingHistory0.json", ["[]"])
    found = arrivals("spotify_history", tmp_path)
    assert (found.count(), events(found).count()) == (5, 2)
    (tmp_path / unicodedata.normalize("NFD", "Zoë %C3") / "MyData" / "endsong_0.json").unlink()
    assert len(short_beside_extended(spark, str(tmp_path))) == 1


@pytest.mark.parametrize(
    ("beside", "is_left_out"),
    [
        ("Streaming_History_Video_2023.json", False),
        ("endvideo_0.json", False),
        ("Streaming_History_Audio_2023.json", True),
        ("Streaming_History_Audio_2023 (1).JSON", True),
        ("endsong.json", True),
        ("ENDSONG_3.json.gz", True),
    ],
)
def test_the_short_form_is_left_out_beside_music_and_not_beside_videos(
    spark: SparkSession, tmp_path: Path, beside: str, is_left_out: bool
) -> None:
    for name in ("StreamingHistory_music_0.json", "StreamingHistory_podcast_0 (1).json", beside):
        write(tmp_path, f"anna/MyData/{name}", ["[]"])
    assert len(short_beside_extended(spark, str(tmp_path))) == (2 if is_left_out else 0)


def test_a_run_says_which_files_it_leaves_out(spark: SparkSession, tmp_path: Path) -> None:
    for n in range(7):
        (tmp_path / f"StreamingHistory{n}.json").write_text("[]")
    notes: list[str] = []
    run = SimpleNamespace(
        logs=lambda: (source("spotify_history"), str(tmp_path)),
        spark=spark,
        steps=SimpleNamespace(note=notes.append),
    )
    say_what_is_left_out(run)
    assert not notes
    (tmp_path / "endsong.json").write_text("[]")
    say_what_is_left_out(run)
    (note,) = notes
    assert note.startswith("Not read: StreamingHistory0.json, StreamingHistory1.json, ")
    assert "StreamingHistory4.json and 2 more (the short form beside the extended one" in note


def test_a_file_that_came_a_second_time_is_read(arrivals: Arrivals, tmp_path: Path) -> None:
    """Its plays are others where it is of another download, and else duplicates."""
    for minute, name in enumerate(
        ("endsong_0.json", "endsong_0 (1).json", "ENDSONG_1.JSON", "endsong_2(1).json.GZ")
    ):
        plays = [
            {"ts": f"2021-03-01T10:0{minute}:00Z", "ms_played": 1000, "spotify_track_uri": "spotify:track:1"}
        ]
        write(tmp_path, name, [json.dumps(plays)])
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".GZ") else data)
    assert events(arrivals("spotify_history", tmp_path)).count() == 4


def test_the_prefix_stands_before_ids_and_leaves_event_id_alone(arrivals: Arrivals, found: DataFrame) -> None:
    prefixed = events(arrivals("spotify_history", id_prefix="sp:"))
    assert sorted(rows(prefixed, "event_id")) == sorted(rows(events(found), "event_id"))
    assert {row.user_id[:3] for row in prefixed.collect()} == {"sp:"}
    assert {row.track_id[:3] for row in prefixed.collect() if row.track_id} == {"sp:"}


def test_a_play_without_a_uri_is_told_by_its_names(arrivals: Arrivals, tmp_path: Path) -> None:
    play = {"ts": "2024-03-01T10:00:00Z", "ms_played": 0, "master_metadata_album_artist_name": "Ada"}
    plays = [play | {"master_metadata_track_name": title} for title in ("One", "Two", "Two")]
    (tmp_path / "Streaming_History_Audio_2023-2024.json").write_text(json.dumps(plays))
    found = {(row.track_name, row.event_id) for row in arrivals("spotify_history", tmp_path).collect()}
    assert sorted(title for title, _ in found) == ["One", "Two"]


def test_an_episode_or_audiobook_without_a_uri_is_told_by_its_names_and_is_no_music(
    arrivals: Arrivals, tmp_path: Path
) -> None:
    play = {"ts": "2024-03-01T10:00:00Z", "ms_played": 1000}
    said = [
        {"episode_name": "One", "episode_show_name": "Show"},
        {"episode_name": "Two", "episode_show_name": "Show"},
        {"audiobook_title": "One"},
        {"audiobook_title": "One", "audiobook_chapter_title": "Two"},
        {},
        {"spotify_track_uri": "spotify:track:1", "episode_name": "a stray name"},
    ]
    (tmp_path / "Streaming_History_Audio_2024.json").write_text(json.dumps([play | names for names in said]))
    plays = events(arrivals("spotify_history", tmp_path))
    kinds = [(row.context_type, row.track_id) for row in plays.collect()]
    assert sorted(kinds, key=str) == [
        ("audiobook", None),
        ("audiobook", None),
        ("podcast", None),
        ("podcast", None),
        (None, "1"),
        (None, None),
    ]


def test_old_downloads_are_read_whatever_the_number_of_their_files(
    arrivals: Arrivals, tmp_path: Path
) -> None:
    names = ("endsong.json", "endsong_12.json", "endvideo.json", "endvideo_0.json")
    for minute, name in enumerate((*names, "endsongs.json", "Streaming_History_Video_2023.json")):
        played = {
            "ts": f"2021-03-01T10:0{minute}:00Z",
            "ms_played": 1000,
            "spotify_track_uri": "spotify:track:1",
        }
        (tmp_path / name).write_text(json.dumps([played]))
    read = [row.source_file.rpartition("/")[2] for row in arrivals("spotify_history", tmp_path).collect()]
    assert sorted(read) == ["Streaming_History_Video_2023.json", *names]
