"""Source listenbrainz on two JSON dumps in tests/fixtures/listenbrainz and a Parquet dump written here."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tests.oracle import assert_same
from tests.oracle.sources import load
from tests.sources.conftest import FIXTURES, Arrivals, events, reasons, rows

ADA, BEN, CLEO = (f"{letter * 8}-0000-4000-8000-00000000000{letter}" for letter in "abc")
DUET, TRIO = (f"{digit * 8}-0000-4000-8000-00000000000{digit}" for digit in "12")
MSIDS = {digit: f"9{digit * 7}-0000-4000-8000-00000000000{digit}" for digit in "1234"}
BEGIN = datetime.fromtimestamp(1673000000, UTC)


def minutes(number: float) -> datetime:
    return BEGIN + timedelta(minutes=number)


def parquet_dump(folder: Path) -> None:
    """Rows as the Parquet dump has them: MusicBrainz's own names where the listen is mapped."""
    rows = [
        (minutes(0), 7, MSIDS["1"], "Ada and Ben", 5, "Both", "Pas de deux", DUET, [ADA, BEN]),
        (minutes(5), 7, MSIDS["2"], "Nobody Known", None, None, "Alone", None, None),
        (minutes(200), 9, MSIDS["4"], "Ben", 6, "Both", "Parquet Only", None, [BEN]),
    ]
    names = "listened_at user_id recording_msid artist_name artist_credit_id release_name recording_name"
    columns = [*names.split(), "recording_mbid", "artist_credit_mbids"]
    folder.mkdir(parents=True)
    table = pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows])
    table = table.set_column(0, "listened_at", table["listened_at"].cast(pa.timestamp("us", tz="UTC")))
    pq.write_table(table, folder / "0.parquet")


@pytest.fixture(scope="module")
def found(arrivals: Arrivals, tmp_path_factory: pytest.TempPathFactory) -> DataFrame:
    folder = tmp_path_factory.mktemp("listenbrainz")
    shutil.copytree(FIXTURES / "listenbrainz", folder, dirs_exist_ok=True)
    parquet_dump(folder / "listenbrainz-spark-dump-14-20230203-000003-full")
    return arrivals("listenbrainz", folder)


@pytest.fixture(scope="module")
def listens(found: DataFrame) -> DataFrame:
    return events(found).withColumn("minute", F.expr("(unix_seconds(event_time) - 1673000000) / 60")).cache()


def test_a_listen_in_several_dumps_is_one_event(found: DataFrame, listens: DataFrame) -> None:
    """The first is in all three, under another title and artist in the Parquet dump; six listens are in one only."""
    assert found.where("reason IS NULL").count() == 12
    assert rows(listens, "minute", "user_id", "track_name", "artist_name") == [
        (0.0, "7", "Duet (Live)", "Ada & Ben"),
        (5.0, "7", "Alone", "Nobody Known"),
        (10.0, "7", "Nameless Id", "Nobody Known"),
        (15.0, listens.where("minute = 15").first().user_id, "Solo", "Ada"),
        (20.0, "7", "Trio", "Ada, Ben & Cleo"),
        (25.0, "8", "Solo", "Ada"),
        (200.0, "9", "Parquet Only", "Ben"),
        (1440.0, "8", "Later", "Ben"),
    ]


def test_the_msid_tells_listens_of_one_second_apart_and_the_title_those_without(
    arrivals: Arrivals, tmp_path: Path
) -> None:
    listens = [
        (MSIDS["1"], "Same"),
        (MSIDS["1"].upper(), "Another"),
        (MSIDS["2"], "Same"),
        (None, "Same"),
        (None, "same (live)"),
        (None, "???"),
        (None, "!!!"),
        ("", "!!!"),
    ]
    records = [
        {"listened_at": 1673000000, "user_id": 7, "recording_msid": msid}
        | {"track_metadata": {"artist_name": "Ada", "track_name": title}}
        for msid, title in listens
    ]
    (tmp_path / "1.listens").write_text("\n".join(map(json.dumps, records)))
    found = arrivals("listenbrainz", tmp_path).select("event_id", "track_name").collect()
    together = {frozenset(row.track_name for row in found if row.event_id == one.event_id) for one in found}
    assert together == {
        frozenset(titles)
        for titles in (["Same", "Another"], ["Same"], ["Same", "same (live)"], ["???"], ["!!!"])
    }
    assert len({row.event_id for row in found}) == 5


def test_ids_are_musicbrainzs_else_the_dumps_else_none(listens: DataFrame) -> None:
    assert rows(listens, "track_id", "artist_id", "artist_ids") == [
        (DUET, ADA, [ADA, BEN]),
        (MSIDS["2"], None, None),
        (None, None, None),
        (MSIDS["3"], ADA, None),
        (TRIO, ADA, [ADA, CLEO, BEN]),
        (MSIDS["3"], ADA, None),
        (MSIDS["4"], BEN, None),
        (MSIDS["2"].replace("92222222", "99992222"), BEN, None),
    ]


def test_how_long_a_listen_was_heard_is_unknown_and_its_track_may_have_a_length(listens: DataFrame) -> None:
    assert rows(listens, "ms_played", "ms_played_inferred")[0] == (None, None)
    assert [length for (length,) in rows(listens, "duration_ms")][:3] == [245_000, 181_001, None]


def test_a_user_without_an_id_is_the_hash_of_the_name(found: DataFrame, listens: DataFrame) -> None:
    assert len(listens.where("minute = 15").first().user_id) == 32
    text = "\n".join(str(row) for row in found.drop("source_file").collect())
    assert "walburga" not in text
    assert "o'hara" not in text


def test_the_rest_of_a_listen_stays_in_extra(listens: DataFrame) -> None:
    extras = {row.minute: json.loads(row.extra) for row in listens.where("extra IS NOT NULL").collect()}
    assert extras[0] == {
        "additional_info": '{"music_service":"example.org"}',
        "recording_msid": MSIDS["1"],
    }
    assert extras[25] == {"mbid_mapping": '{"artists":"[{\\"artist_credit_name\\":\\"Ada\\"}]"}'}


def test_what_cannot_be_an_event_says_why(found: DataFrame) -> None:
    assert reasons(found) == ["bad_time", "no_time", "no_track", "not_json", "time_out_of_bounds"]


def test_where_a_field_says_nothing_the_next_that_may_say_it_counts(
    arrivals: Arrivals, tmp_path: Path
) -> None:
    """Players send an empty list of artists, and a length of 0, for what they do not know."""
    mapping = {"recording_mbid": DUET, "artist_mbids": [ADA, BEN]}
    sent = [{"artist_mbids": []}, {"artist_mbids": [""]}, {"artist_mbids": ""}, {"artist_mbids": [CLEO]}]
    sent += [{"duration_ms": ms, "duration": 240} for ms in (0, -1, 99_999_999_999, 5)]
    listens = [
        {"listened_at": 1673100000 + second, "user_id": 7, "recording_msid": f"m{second}"}
        | {"track_metadata": {"track_name": "Duet", "additional_info": info, "mbid_mapping": mapping}}
        for second, info in enumerate(sent)
    ]
    (tmp_path / "1.listens").write_text("\n".join(map(json.dumps, listens)))
    parquet_dump(tmp_path / "2")
    told = events(arrivals("listenbrainz", tmp_path)).where("event_time > '2023-01-07'")
    duet = (ADA, [ADA, BEN], None)
    assert rows(told, "artist_id", "artist_ids", "duration_ms") == [
        *[duet] * 3,
        (CLEO, None, None),
        *[(ADA, [ADA, BEN], 240_000)] * 3,
        (ADA, [ADA, BEN], 5),
    ]
    con = load("listenbrainz", tmp_path)
    con.execute("DELETE FROM event WHERE event_time < '2023-01-07'")
    assert_same(con, "event", told, ["event_time", "artist_id", "artist_ids", "duration_ms"])


def listen(second: int, info: object, **fields: object) -> dict[str, object]:
    track = {"track_name": "Duet", "additional_info": info, "mbid_mapping": {"artist_mbids": [BEN]}}
    return {"listened_at": 1673100000 + second, "user_id": 7, "recording_msid": f"m{second}"} | {
        "track_metadata": track | fields
    }


ODD = [
    ({"duration": "3:35"}, {"duration": "3:35"}),
    ({"duration_ms": -1, "duration": 0}, {"duration_ms": "-1"}),
    ({"artist_mbids": "[broken", "mood": "calm"}, {"artist_mbids": "[broken", "mood": "calm"}),
    ({"artist_mbids": {"x": 1}}, {"artist_mbids": '{"x":1}'}),
    ({"artist_mbids": [[ADA]]}, {"artist_mbids": f'[["{ADA}"]]'}),
    ({"artist_mbids": '{"x": 1, "y": 2}'}, {"artist_mbids": '{"x": 1, "y": 2}'}),
    ({"recording_mbid": [DUET]}, {"recording_mbid": f'["{DUET}"]'}),
    ({"artist_mbids": [None, "", "(unknown)"], "recording_mbid": ""}, None),
    ([1], [1]),
]
"""What players may send in additional_info, and what of it no column can hold."""


def test_what_is_no_length_and_no_id_is_null_and_kept_in_extra(arrivals: Arrivals, tmp_path: Path) -> None:
    listens = [listen(second, info) for second, (info, _) in enumerate(ODD)]
    mixed = {"artist_mbids": [f" {ADA.upper()}", 5, CLEO], "recording_mbid": DUET.upper()}
    listens += [listen(20, mixed), listen(21, {}, mbid_mapping={"recording_mbid": "r1"})]
    above = {"recording_msid": ["m"], "recording_mbid": {"id": DUET}, "artist_credit_mbids": {"id": BEN}}
    listens.append(listen(22, {}) | above)
    (tmp_path / "1.listens").write_text("\n".join(map(json.dumps, listens)))
    parquet_dump(tmp_path / "2")
    told = events(arrivals("listenbrainz", tmp_path)).where("event_time > '2023-01-07'")
    *odd, of_some, of_none, outside = rows(told, "track_id", "artist_id", "artist_ids", "duration_ms")
    assert odd == [(f"m{second}", BEN, None, None) for second in range(len(ODD))]
    assert (of_some, of_none) == ((DUET, ADA, [ADA, "5", CLEO], None), ("r1", None, None, None))
    assert outside == (None, BEN, None, None)

    *extras, of_some, of_none, outside = [json.loads(extra or "null") for (extra,) in rows(told, "extra")]
    infos = [extra and json.loads(extra["additional_info"]) for extra in extras]
    assert infos == [kept for _, kept in ODD]
    assert (of_some, of_none) == ({"recording_msid": "m20"}, {"recording_msid": "m21"})
    assert {name: json.loads(text) for name, text in outside.items()} == above

    con = load("listenbrainz", tmp_path)
    con.execute("DELETE FROM event WHERE event_time < '2023-01-07'")
    assert_same(con, "event", told, ["event_time", "track_id", "artist_id", "artist_ids", "duration_ms"])


def test_blanks_are_no_name_and_none_are_around_one(arrivals: Arrivals, tmp_path: Path) -> None:
    blank = {"track_name": "  ", "artist_name": "Ada"}
    named = {"track_name": " Duet ", "artist_name": " ", "release_name": "Both "}
    listens = [
        listen(0, {}, **blank),
        listen(1, {}, **named),
        listen(2, {}, **blank) | {"recording_name": "Solo"},
    ]
    (tmp_path / "1.listens").write_text("\n".join(map(json.dumps, listens)))
    found = arrivals("listenbrainz", tmp_path)
    assert reasons(found) == ["no_track"]
    names = ["track_name", "artist_name", "album_name"]
    assert rows(events(found), *names) == [("Duet", None, "Both"), ("Solo", "Ada", None)]
