"""The logs by hand, case by case; tests/fixtures/sparkify/README.md says what each line is for."""

from datetime import date

import duckdb

from . import load
from .conftest import BY_HAND
from .tiny import rows

CHICAGO = "Chicago-Naperville-Elgin, IL-IN-WI"
HOUSTON = "Houston-The Woodlands-Sugar Land, TX"


def test_by_hand_every_line_is_an_event_a_duplicate_or_quarantined(
    by_hand: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(by_hand, "FROM counts") == [(90, 76, 4, 10)]
    assert rows(by_hand, "SELECT reason, count(*) FROM quarantine GROUP BY reason ORDER BY reason") == [
        ("duration above 24 hours", 1),
        ("no ts", 2),
        ("not JSON", 2),
        ("not an object", 2),
        ("ts after 2100", 1),
        ("ts before 2000", 1),
        ("ts is not a number", 1),
    ]


def test_by_hand_plays_end_with_the_next_event_or_with_their_length(
    by_hand: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        by_hand,
        """
        SELECT strftime(event_time, '%H:%M:%S.%g'), ms_played, duration_ms, is_stream, is_skip
        FROM fact_stream WHERE user_id = '8' AND event_date = '2018-12-28' ORDER BY event_time
        """,
    ) == [
        ("00:01:46.796", 29_999, 246_308, False, True),
        ("00:02:16.795", 30_000, 246_308, True, False),
        ("00:02:46.795", 261_642, 261_642, True, False),
        ("00:07:30.000", 20_000, 20_000, True, False),
        ("00:07:50.000", 19_000, 20_000, True, False),
        ("00:08:09.000", 18_999, 20_000, False, True),
        ("00:08:27.999", 60_000, 284_055, True, False),
        ("00:09:40.000", 100_001, 100_001, True, False),
        ("00:09:45.000", 31_001, 31_001, True, False),
        ("00:10:30.000", 100_000, 100_000, True, False),
    ]
    assert rows(
        by_hand,
        """
        SELECT user_id, track.title, ms_played, is_skip, session_key IS NULL
        FROM fact_stream JOIN dim_track AS track USING (track_id)
        WHERE coalesce(fact_stream.user_id, '(anonymous)') IN ('26', '44', '(anonymous)') ORDER BY event_time
        """,
    ) == [
        ("26", "Clocks", 60_000, False, False),
        (None, "Yellow", 12_000, True, True),
        ("26", "Clocks", 290_000, False, False),
        ("26", "Yellow", 20_000, True, False),
        ("26", "Clocks", 307_513, False, False),
        ("44", "Catalogued Twice", 180_000, False, False),
        ("44", "You Gotta Be", 246_308, False, False),
        ("44", "Feel So High", 200_000, False, False),
        ("26", "A Day", 1_800_000, False, False),
        ("26", "Clocks", 307_513, False, False),
    ]
    assert rows(
        by_hand,
        "SELECT user_id, is_skip FROM fact_stream WHERE ms_played = 0 ORDER BY user_id",
    ) == [("39", True), ("8", True)]


def test_by_hand_sessions(by_hand: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        by_hand,
        """
        SELECT user_id, started_at::VARCHAR, ended_at::VARCHAR, session_date::VARCHAR,
            events, plays, skips, tracks
        FROM fact_session WHERE user_id IN ('15', '26', '39', '44') ORDER BY user_id, started_at
        """,
    ) == [
        ("15", "2018-12-28 14:00:00", "2018-12-28 14:10:01", "2018-12-28", 7, 2, 0, 2),
        ("15", "2018-12-29 11:00:00", "2018-12-29 11:02:00", "2018-12-29", 3, 1, 0, 1),
        ("15", "2018-12-31 23:45:00", "2019-01-01 00:08:10", "2018-12-31", 4, 3, 0, 3),
        ("26", "2018-12-28 12:00:06", "2018-12-28 12:01:10", "2018-12-28", 3, 1, 0, 1),
        ("26", "2018-12-28 23:50:00", "2018-12-29 00:00:10", "2018-12-28", 4, 3, 1, 2),
        ("26", "2018-12-30 10:00:02", "2018-12-30 10:30:02", "2018-12-30", 2, 2, 0, 2),
        ("39", "2018-12-28 10:00:00", "2018-12-28 10:30:00", "2018-12-28", 2, 1, 0, 1),
        ("39", "2018-12-28 11:00:00.001", "2018-12-28 11:00:00.001", "2018-12-28", 1, 0, 0, 0),
        ("39", "2018-12-29 09:00:00", "2018-12-29 09:10:00", "2018-12-29", 3, 2, 0, 2),
        ("39", "2018-12-30 09:00:00", "2018-12-30 09:00:00", "2018-12-30", 2, 2, 1, 2),
        ("44", "2018-12-29 10:00:00", "2018-12-29 10:50:00", "2018-12-29", 4, 1, 0, 1),
        ("44", "2018-12-30 08:00:00", "2018-12-30 08:10:00", "2018-12-30", 2, 2, 0, 2),
    ]


def test_by_hand_versions_of_users(by_hand: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        by_hand,
        """
        SELECT user_id, level, location, gender, valid_from::VARCHAR, valid_to::VARCHAR, is_current
        FROM dim_user WHERE user_id NOT IN ('8', '26', '39') ORDER BY user_id, valid_from
        """,
    ) == [
        ("(anonymous)", None, None, None, "1970-01-01 00:00:00", None, True),
        ("15", "free", CHICAGO, "F", "2018-12-28 14:00:00", "2018-12-28 14:01:30", False),
        ("15", "paid", CHICAGO, "F", "2018-12-28 14:01:30", "2018-12-29 11:02:00", False),
        ("15", "free", CHICAGO, "F", "2018-12-29 11:02:00", None, True),
        ("44", "free", "Waterloo-Cedar Falls, IA", "F", "2018-12-29 10:00:00", "2018-12-30 08:00:00", False),
        ("44", "free", "Madison, WI", "F", "2018-12-30 08:00:00", None, True),
        ("52", "free", HOUSTON, "M", "2018-12-29 16:00:00", "2018-12-29 18:00:00", False),
        ("52", "paid", HOUSTON, "M", "2018-12-29 18:00:00", "2018-12-30 16:00:00", False),
        ("52", "free", HOUSTON, "M", "2018-12-30 16:00:00", None, True),
        ("71", "free", None, "M", "2018-12-29 15:00:00", "2018-12-29 15:00:30", False),
        ("71", "free", "Columbia, SC", "M", "2018-12-29 15:00:30", None, True),
    ]
    assert rows(by_hand, "SELECT DISTINCT epoch_ms(registered_at) FROM dim_user WHERE user_id = '71'") == [
        (1541085793000,)
    ]


def test_by_hand_tracks_and_artists_are_the_catalogues_or_inferred(
    by_hand: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        by_hand,
        """
        SELECT artist.artist_name, track.title, regexp_replace(track.track_id, ':.*', ''),
            regexp_replace(track.artist_id, ':.*', ''),
            track.duration_ms, track.release_year, track.is_inferred
        FROM dim_track AS track JOIN dim_artist AS artist USING (artist_id)
        WHERE track.artist_id IN (SELECT artist_id FROM catalogue)
            OR artist_name = 'Two Bearers' OR title = '(unknown)'
        ORDER BY ALL
        """,
    ) == [
        ("(unknown)", "(unknown)", "(unknown)", "(unknown)", None, None, True),
        ("Line Renaud", "Le Dernier Tango", "SOAAAAA0000000002A", "ARAAAAA1000000002A", 150_478, None, False),
        ("Lupe Fiasco", "Coolest", "SOAAAAA0000000001A", "ARAAAAA1000000001A", 211_000, 2007, False),
        ("Lupe Fiasco", "Words I Never Said", "inferred", "ARAAAAA1000000001A", 267_200, None, True),
        ("Renamed Band", "First Song", "SOAAAAA0000000005A", "ARAAAAA1000000005A", 210_000, 2001, False),
        ("Renamed Band", "Second Song", "SOAAAAA0000000006A", "ARAAAAA1000000005A", 210_000, 2003, False),
        ("Renamed Band", "Third Song", "inferred", "ARAAAAA1000000005A", 210_000, None, True),
        ("The Streamers", "Café del Mar", "SOAAAAA0000000009A", "ARAAAAA1000000009A", 200_000, 2012, False),
        ("Tiny Town", "Catalogued Twice", "SOAAAAA0000000003A", "ARAAAAA1000000003A", 200_001, 1998, False),
        ("Tiny Town", "Catalogued Twice", "SOAAAAA0000000004A", "ARAAAAA1000000004A", 201_000, 1999, False),
        ("Two Bearers", "One Of Two", "SOAAAAA0000000007A", "ARAAAAA1000000007A", 190_000, 2010, False),
        ("Two Bearers", "Somewhere Else", "inferred", "inferred", 180_000, None, True),
        ("Two Bearers", "Two Of Two", "SOAAAAA0000000008A", "ARAAAAA1000000008A", 195_000, 2011, False),
    ]
    assert rows(
        by_hand,
        "SELECT title, duration_ms FROM dim_track WHERE title IN ('Overkill', 'Creep') ORDER BY title",
    ) == [("Creep", None), ("Overkill", 100_001)]
    assert rows(
        by_hand, "SELECT count(*) FROM dim_artist WHERE artist_name IN ('Beyoncé', 'Björk', 'Motörhead')"
    ) == [(3,)]
    assert rows(by_hand, "SELECT count(*) FROM fact_stream WHERE track_id = '(unknown)'") == [(3,)]
    assert rows(
        by_hand,
        """
        SELECT artist_name FROM fact_stream JOIN dim_artist USING (artist_id)
        WHERE track_id = '(unknown)' ORDER BY event_time
        """,
    ) == [("(unknown)",), ("Des'ree",), ("(unknown)",)]


def test_by_hand_days_of_tracks(by_hand: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        by_hand,
        """
        SELECT event_date::VARCHAR, title,
            plays, streams, skips, listeners, listening_ms, likes, playlist_adds
        FROM fact_track_day JOIN dim_track USING (track_id)
        WHERE title IN ('You Gotta Be', 'Creep', 'Yellow', 'Café del Mar', 'Le Dernier Tango', 'One Of Two')
            OR title = '(unknown)'
        ORDER BY title, event_date
        """,
    ) == [
        ("2018-12-28", "(unknown)", 0, 0, 0, 0, 0, 0, 1),
        ("2018-12-29", "(unknown)", 3, 3, 0, 1, 630_000, 0, 0),
        ("2018-12-29", "Café del Mar", 2, 2, 0, 1, 400_000, 0, 0),
        ("2018-12-31", "Café del Mar", 1, 1, 0, 1, 120_000, 2, 0),
        ("2018-12-29", "Creep", 0, 0, 0, 0, 0, 1, 0),
        ("2018-12-28", "Le Dernier Tango", 1, 1, 0, 1, 150_478, 0, 1),
        ("2018-12-31", "Le Dernier Tango", 1, 1, 0, 1, 150_478, 0, 0),
        ("2019-01-01", "One Of Two", 1, 1, 0, 1, 190_000, 0, 1),
        ("2018-12-28", "Yellow", 2, 0, 2, 1, 32_000, 0, 0),
        ("2018-12-30", "Yellow", 1, 1, 0, 1, 269_000, 0, 0),
        ("2018-12-28", "You Gotta Be", 2, 2, 0, 2, 276_308, 0, 0),
        ("2018-12-30", "You Gotta Be", 3, 2, 1, 2, 492_616, 0, 0),
    ]


def test_by_hand_dates_are_whole_years(by_hand: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        by_hand,
        """
        SELECT date_key, quarter, month, week, day_of_week, is_weekend FROM dim_date
        WHERE date_key IN (20180101, 20181230, 20181231, 20190101, 20191231) ORDER BY date_key
        """,
    ) == [
        (20180101, 1, 1, 1, 1, False),
        (20181230, 4, 12, 52, 7, True),
        (20181231, 4, 12, 1, 1, False),
        (20190101, 1, 1, 1, 2, False),
        (20191231, 4, 12, 1, 2, False),
    ]
    assert rows(by_hand, "SELECT count(*) FROM dim_date") == [(730,)]


def test_a_range_reads_the_days_in_it_and_late_records_keep_their_own_date(
    by_hand: duckdb.DuckDBPyConnection,
) -> None:
    con = load(BY_HAND, start="2018-12-30", end=date(2018, 12, 30))
    assert rows(con, "SELECT read FROM counts") == [(20,)]
    assert rows(con, "SELECT DISTINCT event_date::VARCHAR FROM event ORDER BY 1") == [
        ("2018-12-29",),
        ("2018-12-30",),
    ]
