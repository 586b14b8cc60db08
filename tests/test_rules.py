"""The rules that the suites add to their contracts: each broken one is found, and what only looks odd is not."""

from __future__ import annotations

import math
from datetime import date, datetime

import pytest
from pyspark.sql import SparkSession

from tests.conftest import Audit
from tests.staged_rows import NEW, OLD, PLAY, SESSION, frame
from tracklake.suite_files import load_suite
from tracklake.tables import CONTRACTS, contract
from tracklake.tables.key_rules import key_rule


def test_each_broken_rule_of_plays_is_told_with_its_rows(audit: Audit) -> None:
    broken = {
        "e2": {"event_time": datetime(2018, 11, 2)},
        "e3": {"ms_played": 29_999, "completion": 29_999 / 200_000},
        "e3-of-no-length": {"ms_played": 29_999, "duration_ms": 0, "completion": None},
        "e4": {"is_stream": False},
        "e5": {"completion": 0.6},
        "e6": {"completion": None},
        "e7": {"session_key": None},
        "e8": {"user_id": "(anonymous)"},
    }
    failures = audit("fact_stream", *(PLAY | {"event_id": name} | change for name, change in broken.items()))
    assert {one.expectation: [row["event_id"] for row in one.sample] for one in failures} == {
        "event_date is the UTC date of event_time.": ["e2"],
        "A stream was played for 30,000 ms, or is a shorter track played to its end,"
        " or its ms_played is unknown.": ["e3", "e3-of-no-length"],
        "A play of at least 30,000 ms is a stream.": ["e4"],
        "completion is ms_played / duration_ms, cut to 0..1.": ["e5", "e6"],
        "A play has a session exactly when it has a user.": ["e7"],
        "The user_id of an anonymous play is null.": ["e8"],
    }
    assert failures[0].column == "event_time, event_date"
    assert failures[0].sample[0] == {
        "event_id": "e2",
        "event_time": datetime(2018, 11, 2),
        "event_date": date(2018, 11, 1),
    }


def test_plays_that_look_odd_and_are_right_pass(audit: Audit) -> None:
    odd = {
        "short, played to its end": {"ms_played": 19_500, "duration_ms": 20_000, "completion": 0.975},
        "a stream and a skip": {"is_skip": True},
        "a skip": {"ms_played": 10_000, "completion": 0.05, "is_stream": False, "is_skip": True},
        "longer than the track": {"ms_played": 250_000, "completion": 1.0},
        "a track of no length": {"duration_ms": 0, "completion": None},
        "a track of unknown length": {"duration_ms": None, "completion": None},
        "listened to for an unknown time": {"ms_played": None, "completion": None},
        "anonymous": {"user_id": None, "session_key": None},
    }
    assert audit("fact_stream", *(PLAY | {"event_id": name} | change for name, change in odd.items())) == ()


def test_each_broken_rule_of_listening_is_told_with_its_track(audit: Audit) -> None:
    right = {
        "event_date": date(2018, 11, 1),
        "track_id": "SO1",
        "artist_id": "AR1",
        "user_key": "u1",
        "user_id": "10",
        "market": "SE",
        "place": "Lund",
        "context_type": "(unknown)",
        "plays": 2,
        "streams": 1,
    }
    broken = [
        right,
        right | {"market": "NO", "streams": 3},
        right | {"market": "DK", "place": "(unknown)"},
        right | {"market": "(unknown)", "place": "(unknown)"},
    ]
    failures = audit("fact_listening", *broken)
    assert {one.expectation: [row["market"] for row in one.sample] for one in failures} == {
        "Streams are at most plays.": ["NO"],
        "Where the market is known, so is the place.": ["DK"],
    }


def test_each_broken_rule_of_versions_is_told_with_its_user(audit: Audit) -> None:
    early, late = datetime(2018, 11, 4), datetime(2018, 11, 6)
    users = {
        "right": [OLD, NEW],
        "backwards": [OLD | {"valid_to": OLD["valid_from"]}],
        "current and closed": [OLD, NEW | {"is_current": False}],
        "twice current": [OLD | {"valid_to": None, "is_current": True}, NEW],
        "gap": [OLD | {"valid_to": early}, NEW],
        "overlap": [OLD | {"valid_to": late}, NEW],
        "cut in two": [OLD, NEW | {"level": "free"}],
        "(anonymous)": [OLD, NEW],
    }
    rows = [
        row | {"user_id": user, "user_key": f"{user}-{number}".ljust(32, ".")[:32]}
        for user, versions in users.items()
        for number, row in enumerate(versions)
    ]
    failures = audit("dim_user", *rows)
    assert {one.expectation: sorted({row.get("user_id", "") for row in one.sample}) for one in failures} == {
        "A version ends after it starts.": [""],
        "A version is current exactly when it is open.": [""],
        "Every user_id has exactly one current version.": [
            "backwards",
            "current and closed",
            "twice current",
        ],
        "The versions of one user_id follow each other without gap or overlap.": [
            "backwards",
            "gap",
            "overlap",
            "twice current",
        ],
        "Neighbouring versions of one user_id differ in level or location.": ["cut in two"],
        "There is at most one version of the anonymous user.": ["(anonymous)"],
    }


def test_weights_must_sum_to_one_per_track(audit: Audit) -> None:
    shares = [
        {"track_id": "SO1", "artist_id": "AR1", "position": 1, "weight": 0.7},
        {"track_id": "SO1", "artist_id": "AR1", "position": 3, "weight": 0.2},
    ]
    found = {one.expectation: one for one in audit("bridge_track_artist", *shares)}
    weights = found.pop("The weights of a track's artists sum to 1.")
    assert weights.column == "track_id, weight"
    assert weights.sample[0]["weights"] == pytest.approx(0.9)
    assert list(found) == [
        "No two rows have the same track_id and artist_id.",
        "The positions of a track's artists count from 1 without gaps.",
    ]


def test_each_broken_rule_of_sessions_is_told_with_its_session(audit: Audit) -> None:
    half_past = datetime(2018, 11, 1, 13, 30)
    soon = {"started_at": half_past, "ended_at": half_past}
    later = {"started_at": half_past.replace(second=1), "ended_at": half_past.replace(second=1)}
    changes = {
        "plays": {"events": 2},
        "streams": {"streams": 4},
        "date": {"started_at": datetime(2018, 10, 31, 23)},
        "ends": {"ended_at": datetime(2018, 11, 1, 11)},
        "silent": {"plays": 0, "streams": 0, "skips": 0, "tracks": 0, "artists": 0},
        "nobody": {"user_id": "(anonymous)"},
        "first": {"user_id": "a"},
        "soon": {"user_id": "a"} | soon,
        "early": {"user_id": "b"},
        "later": {"user_id": "b"} | later,
    }
    rows = [
        SESSION | {"session_key": name.ljust(32, "."), "user_id": name} | change
        for name, change in changes.items()
    ]
    failures = audit("fact_session", *rows)
    found = {one.expectation: [row["session_key"].rstrip(".") for row in one.sample] for one in failures}
    assert found == {
        "A session ends no earlier than it starts.": ["ends"],
        "session_date is the UTC date of started_at.": ["date"],
        "Plays are at most events.": ["plays"],
        "Streams, skips, tracks and artists are at most plays.": ["streams"],
        "Without plays there is no listening time.": ["silent"],
        "A session belongs to a known user.": ["nobody"],
        "Sessions of one user are more than 30 minutes apart.": ["first"],
    }


@pytest.mark.parametrize(
    "numbers",
    [
        {"int": 0, "bigint": 0, "double": 0.0},
        {"int": -1, "bigint": -1, "double": -1.0},
        {"int": -(2**31), "bigint": -(2**63), "double": -math.inf},
    ],
    ids=["0", "-1", "least"],
)
def test_no_rule_stops_at_a_number_that_another_rule_is_to_catch(
    spark: SparkSession, numbers: dict[str, float]
) -> None:
    """Such as by a division by 0, or a sum that is too large: the audit would end in an error, and not tell why."""
    for name, of in CONTRACTS.items():
        row = {one.name: numbers[one.type] for one in of.columns if one.type in numbers}
        frame(spark, name, row).createOrReplaceTempView("rows")
        rules = [one["kwargs"].get("unexpected_rows_query", "") for one in load_suite(name)["expectations"]]
        found = [
            f"SELECT count(*) FROM ({rule.format(batch='rows')})"
            for rule in rules
            if rule and key_rule(rule) is None
        ]
        assert len(spark.sql(" UNION ALL ".join(found)).collect()) == len(found)
    spark.catalog.dropTempView("rows")


def test_a_row_without_a_k_breaks_the_rule_that_says_so(audit: Audit) -> None:
    found = {one.expectation for one in audit("mart_interplay", {"k": 0, "listeners": 6})}
    assert "k is at least 1." in found
    assert "Listeners are told in whole k." not in found


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        ("mart_artist", "No figure tells of fewer than k listeners."),
        ("mart_track_performance", "No figure tells of fewer than k listeners."),
        ("mart_artist_audience", "No group has fewer than k listeners."),
        ("mart_interplay", "No row tells of fewer than k listeners."),
    ],
)
def test_a_mart_that_tells_of_few_listeners_is_red(audit: Audit, table: str, rule: str) -> None:
    told = {"k": 5, "is_suppressed": False, "plays": 9, "compared_listeners": 5, "kind": "tier"}
    assert rule in {one.expectation for one in audit(table, told | {"listeners": 4})}
    assert rule not in {one.expectation for one in audit(table, told | {"listeners": 5})}


@pytest.mark.parametrize("table", ["mart_artist", "mart_track_performance"])
def test_a_suppressed_row_with_any_figure_is_red(audit: Audit, table: str) -> None:
    some = {"bigint": 1, "int": 1, "double": 1.0, "string": "reach"}
    row = {"is_suppressed": True, "k": 5}
    figures = [row | {one.name: some[one.type]} for one in contract(table).columns if one.nullable]
    assert len(figures) >= 30
    found = {one.expectation: one.observed for one in audit(table, row, *figures)}
    assert found["What is suppressed has no figures."] == f"{len(figures)} rows found"


def test_a_track_whose_listeners_are_new_but_for_a_few_is_red(audit: Audit) -> None:
    rule = "Listeners who are not new are none, or no few."
    told = {"k": 5, "is_suppressed": False, "listeners": 10}
    rows = [
        told | {"track_id": f"{new} of 10", "new_listeners": new} for new in (None, 0, 4, 5, 6, 9, 10, 11)
    ]
    found = {one.expectation: one.sample for one in audit("mart_track_performance", *rows)}
    assert {row["track_id"] for row in found[rule]} == {"6 of 10", "9 of 10"}
