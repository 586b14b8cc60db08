"""The oracle itself: the known numbers of the real logs, tables that fit each other, a tiny log per rule."""

import gzip
import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from . import TABLES, load, repaired
from .tiny import DAY, MINUTE, SECOND, oracle_of, play, record, rows


def test_the_known_numbers_of_the_real_logs_come_out(real: duckdb.DuckDBPyConnection) -> None:
    assert rows(real, "FROM counts") == [(4965, 4965, 0, 0)]
    assert rows(real, "SELECT count(*) FROM event WHERE user_id IS NULL") == [(139,)]
    assert rows(
        real,
        "SELECT count(*), sum(is_stream::INT), sum(is_skip::INT), sum(ms_played) FROM fact_stream",
    ) == [(4223, 4115, 108, 999_449_330)]
    assert rows(
        real, "SELECT count(DISTINCT user_id), count(*) FROM dim_user WHERE user_id <> '(anonymous)'"
    ) == [(89, 96)]
    assert rows(real, "SELECT count(*) FROM fact_session") == [(597,)]


def test_the_real_logs_name_catalogue_artists_in_14_plays_and_no_catalogue_track(
    real: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        real,
        """
        SELECT
            count(*) FILTER (artist_id NOT LIKE 'inferred:%'),
            count(*) FILTER (track_id NOT LIKE 'inferred:%')
        FROM fact_stream
        """,
    ) == [(14, 0)]


def test_the_real_logs_mojibake_is_repaired(real: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        real, "SELECT count(*) FROM fact_stream JOIN event USING (event_id) WHERE artist_name = 'Björk'"
    ) == [(17,)]
    assert rows(
        real,
        "SELECT count(*) FROM event WHERE concat(track_name, artist_name) SIMILAR TO '.*[ÃÂ][\u0080-¿].*'",
    ) == [(0,)]


@pytest.mark.parametrize("where", ["real", "by_hand"])
def test_the_tables_fit_each_other(where: str, request: pytest.FixtureRequest) -> None:
    con: duckdb.DuckDBPyConnection = request.getfixturevalue(where)
    for table, key in {
        "event": "event_id",
        "fact_stream": "event_id",
        "dim_user": "user_key",
        "dim_track": "track_key",
        "dim_artist": "artist_key",
        "fact_session": "session_key",
        "fact_feedback": "event_id",
    }.items():
        assert rows(con, f"SELECT count(*) - count(DISTINCT {key}) FROM {table}") == [(0,)], table
    for fact, key, dimension in [
        ("fact_stream", "user_key", "dim_user"),
        ("fact_stream", "track_key", "dim_track"),
        ("fact_stream", "artist_key", "dim_artist"),
        ("fact_feedback", "user_key", "dim_user"),
        ("fact_feedback", "track_key", "dim_track"),
        ("fact_feedback", "artist_key", "dim_artist"),
        ("fact_session", "user_key", "dim_user"),
        ("fact_track_day", "track_key", "dim_track"),
        ("fact_artist_day", "artist_key", "dim_artist"),
        ("dim_track", "artist_id", "dim_artist"),
    ]:
        lost = (
            f"SELECT count(*) FROM {fact} WHERE {key} IS NULL OR {key} NOT IN (SELECT {key} FROM {dimension})"
        )
        assert rows(con, lost) == [(0,)], (fact, key)
    plays = rows(con, "SELECT count(*) FROM event WHERE event_type = 'play'")
    assert rows(con, "SELECT count(*) FROM fact_stream") == plays
    assert rows(con, "SELECT sum(plays) FROM fact_track_day") == plays
    assert rows(con, "SELECT sum(plays) FROM fact_artist_day") == plays
    assert rows(con, "SELECT sum(events) FROM fact_session") == rows(
        con, "SELECT count(*) FROM event WHERE user_id IS NOT NULL"
    )
    assert rows(con, "SELECT events + duplicates + quarantined - read FROM counts") == [(0,)]


def test_the_event_id_is_the_public_formula(tmp_path: Path) -> None:
    con = oracle_of(
        tmp_path, '{"ts":1541073600000.0,"userId":39,"sessionId":139.0,"page":"Home","artist":null}'
    )
    # echo -n '39␟139␟␟1541073600000␟Home␟␟' | sha256sum, with U+001F for ␟
    assert rows(con, "SELECT event_id FROM event") == [("f2d9d3883b8646e6598a255a6a59ae83",)]


def test_an_empty_user_id_and_a_missing_one_are_one_record(tmp_path: Path) -> None:
    con = oracle_of(
        tmp_path, record(userId=""), record(userId=None), {k: v for k, v in record().items() if k != "userId"}
    )
    assert rows(con, "FROM counts") == [(3, 1, 2, 0)]


def test_two_changes_at_one_moment_make_one_version_of_the_last_state(tmp_path: Path) -> None:
    con = oracle_of(
        tmp_path,
        record(0, itemInSession=0),
        record(SECOND, itemInSession=1, level="paid"),
        record(SECOND, itemInSession=2, level="free", location="There"),
        record(2 * SECOND, itemInSession=3, level="paid", location="There"),
        record(2 * SECOND, itemInSession=4, level="free"),
    )
    assert rows(con, "SELECT level, location FROM dim_user WHERE user_id = '1' ORDER BY valid_from") == [
        ("free", "Here"),
        ("free", "There"),
        ("free", "Here"),
    ]


def test_a_fact_at_the_moment_of_a_change_points_at_the_new_version(tmp_path: Path) -> None:
    con = oracle_of(
        tmp_path,
        play(0, "A", itemInSession=0),
        play(SECOND, "B", itemInSession=1),
        play(SECOND, "C", itemInSession=2, level="paid"),
    )
    assert rows(
        con,
        """
        SELECT fact_stream.level, dim_user.level FROM fact_stream JOIN dim_user USING (user_key)
        ORDER BY event_time, fact_stream.level
        """,
    ) == [("free", "free"), ("free", "paid"), ("paid", "paid")]


def test_a_play_without_a_length_is_a_stream_of_unknown_length(tmp_path: Path) -> None:
    con = oracle_of(tmp_path, play(0, "A", length=None), record(SECOND, itemInSession=1))
    assert rows(con, "SELECT ms_played, completion, is_stream, is_skip FROM fact_stream") == [
        (None, None, True, False)
    ]


def test_sessions_part_after_30_minutes_and_one_millisecond(tmp_path: Path) -> None:
    con = oracle_of(tmp_path, record(0), record(30 * MINUTE), record(60 * MINUTE + 1))
    assert rows(con, "SELECT events FROM fact_session ORDER BY started_at") == [(2,), (1,)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"ts":1541073600000,"page":"Ho', "not JSON"),
        ('{"ts":1541073600000} and more', "not JSON"),
        ('"text"', "not an object"),
        ("[]", "not an object"),
        ('{"ts":null}', "no ts"),
        ('{"ts":true}', "ts is not a number"),
        ('{"ts":{"$date":1541073600000}}', "ts is not a number"),
        ('{"ts":946684799999}', "ts before 2000"),
        ('{"ts":4102444800001}', "ts after 2100"),
        ('{"ts":1541073600000,"length":86400.0005}', "duration above 24 hours"),
        ('{"ts":1541073600000,"length":1e15}', "duration above 24 hours"),
    ],
)
def test_what_can_not_become_an_event_is_quarantined(tmp_path: Path, line: str, reason: str) -> None:
    con = oracle_of(tmp_path, record(), line)
    assert rows(con, "SELECT raw_record, reason FROM quarantine") == [(line, reason)]
    assert rows(con, "FROM counts") == [(2, 1, 0, 1)]


def test_the_bounds_themselves_are_events(tmp_path: Path) -> None:
    con = oracle_of(tmp_path, record(ts=946684800000), record(ts=4102444800000), play(0, "A", length=86400))
    assert rows(con, "FROM counts") == [(3, 3, 0, 0)]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("BjÃ¶rk", "Björk"),
        ("BjÃ\x83Â¶rk", "Björk"),
        ("BjÃƒÂ¶rk", "Björk"),
        ("Iâ€™m", "I’m"),
        ("Motörhead", "Motörhead"),
        ("Ã", "Ã"),
        ("Café – Ã©", "Café – Ã©"),
        ("東京", "東京"),
        ("plain", "plain"),
        ("PolÃ\xadcia", "Polícia"),
        ("Ã\x80", "À"),
    ],
)
def test_mojibake_is_repaired_up_to_twice_and_right_text_is_left(raw: str, text: str) -> None:
    assert repaired(raw) == text


def test_compressed_logs_by_date_and_a_catalogue_of_json_lines_are_read(tmp_path: Path) -> None:
    listeners, plays_each = 40, 50
    for day in range(5):
        lines = [
            play(
                day * DAY + number * 3 * MINUTE,
                f"Song {number % 7}",
                userId=str(user),
                sessionId=user,
                itemInSession=number,
            )
            for user in range(listeners)
            for number in range(plays_each)
        ]
        path = tmp_path / "log_data" / f"date=2018-11-{day + 1:02}" / "part-00000.json.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
        (path.parent / ".part-00000.json.gz.crc").write_bytes(b"crc")
    catalogue = [
        {
            "song_id": f"S{n}",
            "title": f"Song {n}",
            "artist_id": "A1",
            "artist_name": "Nobody",
            "duration": 200.0,
            "year": 0,
        }
        for n in range(3)
    ]
    (tmp_path / "song_data").mkdir()
    (tmp_path / "song_data" / "part-00000.json").write_text("\n".join(map(json.dumps, catalogue)))

    con = load(tmp_path)
    assert rows(con, "SELECT events FROM counts") == [(5 * listeners * plays_each,)]
    assert rows(con, "SELECT count(*) FROM fact_session") == [(5 * listeners,)]
    assert rows(
        con, "SELECT count(*), count(*) FILTER (NOT is_inferred) FROM dim_track WHERE artist_id = 'A1'"
    ) == [(7, 3)]
    assert rows(
        load(tmp_path, "2018-11-02", "2018-11-03"), "SELECT DISTINCT event_date FROM event ORDER BY 1"
    ) == [
        (date(2018, 11, 2),),
        (date(2018, 11, 3),),
    ]


def test_no_logs_make_empty_tables_with_their_fixed_members(tmp_path: Path) -> None:
    con = load(tmp_path)
    found = {table: len(rows(con, f"FROM {table}")) for table in TABLES}
    assert {table: count for table, count in found.items() if count} == {
        "dim_user": 1,
        "dim_track": 1,
        "dim_artist": 1,
        "bridge_track_artist": 1,
    }
