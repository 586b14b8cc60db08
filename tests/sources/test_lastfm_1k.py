"""Source lastfm_1k on the lines in tests/fixtures/lastfm_1k."""

from __future__ import annotations

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tests.sources.conftest import Arrivals, events, reasons, rows
from tests.sources.test_listenbrainz import ADA, DUET, TRIO


@pytest.fixture(scope="module")
def found(arrivals: Arrivals) -> DataFrame:
    return arrivals("lastfm_1k")


def test_a_line_is_a_play_whose_quotes_are_letters_and_whose_ids_may_be_empty(found: DataFrame) -> None:
    plays = events(found).withColumn("at", F.date_format("event_time", "yyyy-MM-dd HH:mm:ss"))
    shown = ("at", "user_id", "artist_id", "artist_name", "track_id", "track_name")
    assert rows(plays, *shown) == [
        ("2009-05-04 23:08:57", "user_000001", ADA, "Ada", DUET, "Solo"),
        ("2009-05-04 23:12:01", "user_000001", None, 'The "Quoted" Ones', None, '7" Version'),
        ("2009-05-05 00:00:00", "user_000002", ADA, "Ada", None, "Unlisted"),
        ("2009-05-05 00:04:00", "user_000002", None, "Sigur Rós", TRIO, "Ára bátur"),
    ]
    assert {(row.event_type, row.ms_played) for row in plays.collect()} == {("play", None)}


def test_what_cannot_be_an_event_says_why_and_profiles_are_no_plays(found: DataFrame) -> None:
    assert reasons(found) == ["bad_columns", "bad_time", "no_time", "no_track", "time_out_of_bounds"]
    assert found.count() == 10
