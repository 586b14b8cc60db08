"""Rules of the transforms on rows that can be read, and on rows that nobody would think of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby
from math import copysign, inf, isnan, nan

import pytest
from chispa import assert_df_equality
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyspark.errors import ArithmeticException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.staged_rows import frame
from tracklake.local_rows import local_rows
from tracklake.sources.text import repaired, without_persons
from tracklake.tables import contract
from tracklake.transforms.days import artist_days
from tracklake.transforms.events import settle
from tracklake.transforms.exact import millionths, nearest
from tracklake.transforms.keys import key
from tracklake.transforms.plays import completion, is_skip, is_stream, with_primary_artists
from tracklake.transforms.sessions import sessionize
from tracklake.transforms.users import user_versions

NOON = datetime(2018, 11, 1, 12, tzinfo=UTC)
TOLD = (
    "user_id string, event_time timestamp, item_in_session int, event_id string,"
    " level string, gender string, location string, registered_at timestamp"
)
VERSION = "user_id string, level string, gender string, location string, registered_at timestamp, valid_from timestamp"

few_examples = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def test_a_play_is_a_stream_from_30_seconds_or_to_the_end_of_a_shorter_track(spark: SparkSession) -> None:
    plays = [
        # ms_played, duration_ms, skipped, stream, skip, completion
        (30_000, 200_000, None, True, False, 0.15),
        (29_999, 200_000, None, False, True, 0.149995),
        (19_000, 20_000, None, True, False, 0.95),
        (18_999, 20_000, None, False, True, 0.94995),
        (None, 200_000, None, True, False, None),
        (None, None, None, True, False, None),
        (60_000, None, None, True, False, None),
        (60_000, 200_000, True, True, True, 0.3),
        (250_000, 200_000, None, True, False, 1.0),
        (2_000, 0, None, False, True, None),  # a length of 0 is an unknown one
        (0, 0, None, False, True, None),
        (30_000, 0, None, True, False, None),
        (0, 1, None, True, False, 0.0),
    ]
    columns = (
        "ms_played bigint, duration_ms bigint, skipped boolean, stream boolean, skip boolean, share double"
    )
    frame = local_rows(spark, plays, columns)
    found = frame.select("ms_played", "duration_ms", "skipped", is_stream(), is_skip(), completion())
    assert [tuple(row) for row in found.collect()] == plays


def test_an_event_that_names_a_track_alone_is_the_primary_artists(spark: SparkSession) -> None:
    events = [
        # event_id, event_type, track_id, artist_id, and whose it is
        ("e1", "play", "t", None, "a"),
        ("e2", "like", "t", None, "a"),
        ("e3", "play", "t", "b", "b"),
        ("e4", "play", None, None, None),
        ("e5", "follow", None, "b", "b"),
        ("e6", "play", "nobody's", None, "(unknown)"),
        ("e7", "play", "new", None, None),
        ("e8", "impression", "t", None, None),
        ("t", "play", "t", "b", "b"),
    ]
    columns = "event_id string, event_type string, track_id string, artist_id string, whose string"
    tracks = local_rows(spark, [("t", "a"), ("nobody's", "(unknown)")], "track_id string, artist_id string")
    found = with_primary_artists(local_rows(spark, events, columns), tracks).orderBy("event_id")
    assert found.columns == ["event_id", "event_type", "track_id", "artist_id", "whose"]
    assert [row.artist_id for row in found.collect()] == [whose for *_, whose in events]


def test_a_late_event_splits_a_version(spark: SparkSession) -> None:
    in_time = [("free", 0), ("free", 10), ("free", 20)]
    late = ("paid", 5)
    assert versions(spark, in_time) == [("free", 0, None)]
    assert versions(spark, [*in_time, late]) == [("free", 0, 5), ("paid", 5, 10), ("free", 10, None)]


def test_an_event_without_a_level_changes_nothing(spark: SparkSession) -> None:
    assert versions(spark, [("free", 0), (None, 5), ("free", 9), ("paid", 12), (None, 15)]) == [
        ("free", 0, 12),
        ("paid", 12, None),
    ]


def test_a_user_without_a_level_has_a_version_of_its_own(spark: SparkSession) -> None:
    assert versions(spark, [(None, 0), (None, 1), ("free", 2)]) == [(None, 0, 2), ("free", 2, None)]


def test_of_two_levels_at_one_moment_the_later_item_counts(spark: SparkSession) -> None:
    assert versions(spark, [("free", 0), ("paid", 5), ("free", 5), ("paid", 9)]) == [
        ("free", 0, 9),
        ("paid", 9, None),
    ]


def versions(
    spark: SparkSession, events: list[tuple[str | None, float]]
) -> list[tuple[str | None, float, float | None]]:
    """(level, from, to) of one user, in minutes after noon."""
    rows = [
        ("u", minute(at), item, f"e{item}", level, None, None, None)
        for item, (level, at) in enumerate(events)
    ]
    found = user_versions(local_rows(spark, rows, TOLD), no_versions(spark)).orderBy("valid_from")
    at = (F.unix_seconds(name) - int(NOON.timestamp()) for name in ("valid_from", "valid_to"))
    return [
        (level, a / 60, b if b is None else b / 60) for level, a, b in found.select("level", *at).collect()
    ]


def no_versions(spark: SparkSession) -> DataFrame:
    return local_rows(spark, [], VERSION)


histories = st.dictionaries(
    st.sampled_from(["a", "b", "c"]),
    st.lists(
        st.tuples(
            st.integers(0, 40), st.sampled_from(["free", "paid", None]), st.sampled_from(["X", "Y", None])
        ),
        min_size=1,
        max_size=12,
    ),
    min_size=1,
)


@few_examples
@given(histories)
def test_versions_are_the_maximal_runs_of_equal_level_and_location(spark: SparkSession, history) -> None:
    rows, expected = [], []
    for user, told in history.items():
        level = location = None
        states: dict[int, tuple[str | None, str | None]] = {}
        numbered = sorted((at, item, *what) for item, (at, *what) in enumerate(told))
        for at, item, said_level, said_location in numbered:
            rows.append((user, minute(at), item, f"e{item}", said_level, None, said_location, None))
            level, location = said_level or level, said_location or location
            states[at] = (level, location)
        runs = [
            (state, next(moments)[0])
            for state, moments in groupby(states.items(), key=lambda entry: entry[1])
        ]
        ends = [begin for _, begin in runs[1:]] + [None]
        expected += [(user, *state, begin, end) for (state, begin), end in zip(runs, ends, strict=True)]

    frame = user_versions(local_rows(spark, rows, TOLD), no_versions(spark))
    at = ((F.unix_seconds(n) - int(NOON.timestamp())) / 60 for n in ("valid_from", "valid_to"))
    found = [tuple(row) for row in frame.select("user_id", "level", "location", *at).collect()]
    assert sorted(found, key=str) == sorted(
        [(u, lv, lo, float(a), b and float(b)) for u, lv, lo, a, b in expected], key=str
    )


@few_examples
@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 400)), min_size=1, max_size=60))
def test_sessions_are_runs_without_a_pause_of_more_than_30_minutes(spark: SparkSession, visits) -> None:
    rows = [(user, NOON + timedelta(minutes=at, milliseconds=at % 2)) for user, at in visits]
    expected = []
    for user in {user for user, _ in rows}:
        start = before = None
        for moment in sorted(at for who, at in rows if who == user):
            if before is None or moment - before > timedelta(minutes=30):
                start = moment
            expected.append((user, moment, start if user else None))
            before = moment
    frame = sessionize(local_rows(spark, rows, "user_id string, event_time timestamp"))
    columns = "user_id string, event_time timestamp, session_started_at timestamp"
    assert_df_equality(
        frame, local_rows(spark, expected, columns), ignore_row_order=True, ignore_nullable=True
    )


def test_keys_tell_parts_apart(spark: SparkSession) -> None:
    pairs = [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc"), ("a", "b")]
    keys = (
        local_rows(spark, pairs, "a string, b string")
        .select(key(F.col("a"), F.col("b")).alias("key"))
        .collect()
    )
    assert len({row.key for row in keys}) == len(pairs)
    assert {len(row.key) for row in keys} == {32}


@few_examples
@given(st.lists(st.text(max_size=12), min_size=1, max_size=40))
def test_text_is_repaired_once_and_twice_and_left_alone_where_it_is_right(spark: SparkSession, texts) -> None:
    once = [text.encode().decode("latin-1") for text in texts]
    twice = [text.encode().decode("latin-1") for text in once]
    rows = [
        (text, variant) for variants in (once, twice) for text, variant in zip(texts, variants, strict=True)
    ]
    told = [(text, variant) for text, variant in rows if not looks_broken(text)]
    if not told:
        return
    found = local_rows(spark, told, "text string, variant string").select("text", repaired(F.col("variant")))
    assert all(text == mended for text, mended in found.collect())


def looks_broken(text: str) -> bool:
    """Whether the text itself could be mojibake: nobody can tell then what was meant."""
    try:
        return text.encode("latin-1").decode() != text
    except UnicodeError:
        return False


def test_persons_are_struck_out_of_records_that_were_cut_off(spark: SparkSession) -> None:
    records = [
        '{"firstName":"Wal',
        '{"userId":"1","lastName": "O\\"Hara","page":"Home"}',
        '{"EMAIL":null}',
        "{}",
    ]
    frame = local_rows(spark, [(record,) for record in records], "record string")
    assert [row[0] for row in frame.select(without_persons(F.col("record"))).collect()] == [
        '{"firstName":"[dropped]"',
        '{"userId":"1","lastName": "[dropped]","page":"Home"}',
        '{"EMAIL":"[dropped]"}',
        "{}",
    ]


@few_examples
@given(st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=60))
@example([0.0, 0.5, 1.5, -0.5, -2.5, 0.49999999999999994, -0.49999999999999994, 2251799813685248.5])
def test_the_nearest_whole_number_is_that_of_decimals(spark: SparkSession, values: list[float]) -> None:
    frame = local_rows(spark, [(value,) for value in values], "value double")
    for value, found in frame.select("value", nearest(F.col("value"))).collect():
        assert found == int(Decimal(value).to_integral_value(ROUND_HALF_UP))
        assert copysign(1, found) == 1 or found < 0  # no negative zero


def test_what_is_no_number_is_rounded_to_none(spark: SparkSession) -> None:
    frame = local_rows(spark, [(nan,), (inf,)], "value double")
    assert [isnan(row[0]) or row[0] for row in frame.select(nearest(F.col("value"))).collect()] == [True, inf]
    with pytest.raises(ArithmeticException):
        frame.select(millionths(F.col("value"))).collect()


def test_a_play_ends_with_the_next_event_of_its_own_source(spark: SparkSession) -> None:
    noon = datetime(2018, 11, 1, 12)
    known = {"event_date": noon.date(), "user_id": "7", "session_id": "1", "ingested_at": noon}
    play = {"event_id": "a", "event_type": "play", "event_time": noon, "source": "sparkify"}
    asked = {"duration_ms": 200_000, "ms_played_inferred": True}
    other = {
        "event_id": "b",
        "event_type": "like",
        "event_time": noon + timedelta(seconds=5),
        "source": "native",
    }
    found = settle(frame(spark, "event", known | play | asked, known | other)).where("event_type = 'play'")
    assert [row.ms_played for row in found.collect()] == [200_000]


def test_the_artist_of_a_day_is_the_last_of_its_versions(spark: SparkSession) -> None:
    day = datetime(2018, 11, 1).date()
    known = {"event_date": day, "user_id": "u", "track_key": "t", "is_stream": True, "is_skip": False}
    streams = frame(spark, "fact_stream", *[known | {"event_id": n, "artist_key": n} for n in ("old", "new")])
    versions = [("old", "A", datetime(1970, 1, 1)), ("new", "A", datetime(2018, 11, 1, 10))]
    artists = local_rows(spark, versions, "artist_key string, artist_id string, valid_from timestamp")
    (row,) = artist_days(streams, contract("fact_feedback").no_rows(spark), artists).collect()
    assert (row.artist_key, row.plays) == ("new", 2)
