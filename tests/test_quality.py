"""The audit: what a suite finds in staged rows, and how it is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import types as T

from tracklake import resources, summary
from tracklake.errors import TracklakeError, WrongUsage
from tracklake.quality import Auditor, Failure, load_suite
from tracklake.tables import contract
from tracklake.tables.key_rules import BESIDE

PLAY = {
    "event_id": "e1",
    "event_time": datetime(2018, 11, 1, 12),
    "event_date": date(2018, 11, 1),
    "user_key": "u1",
    "user_id": "101",
    "track_key": "t1",
    "track_id": "SO1",
    "artist_key": "a1",
    "artist_id": "AR1",
    "session_key": "s1",
    "ms_played": 100_000,
    "duration_ms": 200_000,
    "completion": 0.5,
    "is_stream": True,
    "is_skip": False,
    "level": "free",
    "source": "sparkify",
}
OLD = {
    "user_key": "a" * 32,
    "user_id": "101",
    "level": "free",
    "location": "Ghent",
    "valid_from": datetime(2018, 11, 1),
    "valid_to": datetime(2018, 11, 5),
    "is_current": False,
}
NEW = OLD | {
    "user_key": "b" * 32,
    "level": "paid",
    "valid_from": datetime(2018, 11, 5),
    "valid_to": None,
    "is_current": True,
}
SESSION = {
    "session_key": "c" * 32,
    "user_key": "u1",
    "user_id": "101",
    "started_at": datetime(2018, 11, 1, 12),
    "ended_at": datetime(2018, 11, 1, 13),
    "session_date": date(2018, 11, 1),
    "events": 5,
    "plays": 3,
    "streams": 2,
    "skips": 1,
    "tracks": 3,
    "artists": 1,
    "listening_ms": 400_000,
}

Audit = Callable[..., tuple[Failure, ...]]


def frame(spark: SparkSession, table: str, *rows: dict[str, Any]) -> DataFrame:
    """Rows of a table, columns not given null, and any column may be."""
    fields = [T.StructField(one.name, one.dataType) for one in contract(table).schema()]
    values = [tuple(row.get(one.name) for one in fields) for row in rows]
    return spark.createDataFrame(values, T.StructType(fields))


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake") / "_docs"


@pytest.fixture(scope="module")
def auditor(spark: SparkSession, docs: Path) -> Auditor:
    return Auditor(spark, str(docs), "run-1")


@pytest.fixture(scope="module")
def against(spark: SparkSession) -> dict[str, DataFrame]:
    return {
        "dim_date": spark.sql("SELECT DATE '2018-11-01' AS date"),
        "dim_user": spark.sql("SELECT 'u1' AS user_key"),
        "dim_track": spark.sql("SELECT 't1' AS track_key, 'SO1' AS track_id"),
        "dim_artist": spark.sql("SELECT 'a1' AS artist_key, 'AR1' AS artist_id"),
        "fact_session": spark.sql("SELECT 's1' AS session_key"),
    }


@pytest.fixture(scope="module")
def audit(spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]) -> Audit:
    """Failures of the rows given, in the suite of the table given."""

    def failures(table: str, *rows: dict[str, Any]) -> tuple[Failure, ...]:
        return auditor.audit(table, frame(spark, table, *rows), against).failures

    return failures


def test_rows_that_keep_the_contract_pass(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]
) -> None:
    verdict = auditor.audit("fact_stream", frame(spark, "fact_stream", PLAY), against)

    assert (verdict.table, verdict.passed, verdict.rows) == ("fact_stream", True, 1)
    assert verdict.failures == ()
    assert verdict.expectations == len(load_suite("fact_stream")["expectations"])
    assert [one.name for one in spark.catalog.listTables() if one.isTemporary] == []


def test_an_empty_slice_of_a_fact_passes_and_an_empty_dimension_does_not(audit: Audit) -> None:
    assert audit("fact_stream") == ()
    assert audit("dim_user") == (Failure("expect_table_row_count_to_be_between", "", "critical", "0 rows"),)


def test_what_breaks_the_contract_is_told_with_column_count_and_rows(audit: Audit) -> None:
    failures = audit(
        "fact_stream",
        PLAY,
        PLAY,
        PLAY | {"event_id": "e2", "track_key": None},
        PLAY | {"event_id": "e3", "user_key": "u9"},
        PLAY | {"event_id": "e4", "level": "gold"},
        PLAY | {"event_id": "e5", "ms_played": -1, "completion": -1 / 200_000, "is_stream": False},
    )
    assert failures == (
        Failure(
            "expect_column_values_to_not_be_null",
            "track_key",
            "critical",
            "1 of 6 rows",
            ({"event_id": "e2", "track_key": None},),
        ),
        Failure(
            "expect_column_values_to_be_in_set",
            "level",
            "critical",
            "1 of 6 rows",
            ({"event_id": "e4", "level": "gold"},),
        ),
        Failure(
            "expect_column_values_to_be_between",
            "ms_played",
            "critical",
            "1 of 6 rows",
            ({"event_id": "e5", "ms_played": -1},),
        ),
        Failure(
            "expect_column_values_to_be_between",
            "completion",
            "critical",
            "1 of 6 rows",
            ({"event_id": "e5", "completion": -1 / 200_000},),
        ),
        Failure(
            "No two rows have the same event_id.",
            "event_id",
            "critical",
            "1 row found",
            ({"event_id": "e1", "times": 2},),
        ),
        Failure(
            "Every user_key is a user_key of dim_user.",
            "user_key",
            "critical",
            "1 row found",
            ({"user_key": "u9"},),
        ),
    )


def test_a_key_that_stays_in_the_table_beside_the_staged_rows_counts(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]
) -> None:
    beside = spark.sql("SELECT 'e1' AS event_id UNION ALL SELECT 'e0'")
    staged = frame(spark, "fact_stream", PLAY, PLAY | {"event_id": "e2"})
    (failure,) = auditor.audit("fact_stream", staged, against | {BESIDE: beside}).failures
    assert failure == Failure(
        "No two rows have the same event_id.",
        "event_id",
        "critical",
        "1 row found",
        ({"event_id": "e1", "times": 2},),
    )


def test_the_same_is_found_in_one_task_as_in_many(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]
) -> None:
    rows = frame(spark, "fact_stream", PLAY, PLAY, PLAY | {"event_id": "e3", "user_key": "u9"})
    many, one = (auditor.audit("fact_stream", rows, against, in_one_task=few) for few in (False, True))
    assert [failure.expectation for failure in many.failures] == [
        "No two rows have the same event_id.",
        "Every user_key is a user_key of dim_user.",
    ]
    assert one == many


def test_a_suite_takes_at_most_four_jobs(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]
) -> None:
    """One aggregation, one pass over the keys, one query for all other rules: none of them in two stages."""
    jobs = spark.sparkContext._jsc.sc().dagScheduler().nextJobId
    for table, rows in {"fact_stream": [PLAY], "fact_session": [SESSION], "dim_user": [OLD, NEW]}.items():
        before = jobs()
        assert auditor.audit(table, frame(spark, table, *rows), against, in_one_task=True).passed
        assert jobs() - before <= 4


def test_what_is_no_more_than_odd_passes_and_is_told(
    spark: SparkSession,
    auditor: Auditor,
    against: dict[str, DataFrame],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    suite = load_suite("fact_stream")
    for one in suite["expectations"]:
        if one.get("kwargs") == {"column": "level", "value_set": ["free", "paid"]}:
            one["severity"] = "warning"
        if one.get("description") == "The user_id of an anonymous play is null.":
            one["severity"] = "info"
    (tmp_path / "fact_stream.json").write_text(json.dumps(suite))
    monkeypatch.setattr(resources, "suites", lambda: tmp_path)
    staged = frame(spark, "fact_stream", PLAY | {"level": "gold", "user_id": "(anonymous)"})

    verdict = auditor.audit("fact_stream", staged, against)

    assert verdict.passed
    assert verdict.met == verdict.expectations - 2
    assert [one.column for one in verdict.of_severity("warning")] == ["level"]
    assert [one.column for one in verdict.of_severity("info")] == ["user_id"]
    columns, rows = summary.warnings([verdict])
    assert columns == ["table", "expectation", "column", "observed", "sample rows"]
    assert [row[:4] for row in rows] == [
        ["fact_stream", "expect_column_values_to_be_in_set", "level", "1 of 1 rows"]
    ]


def test_a_value_out_of_range_is_found(audit: Audit) -> None:
    day = {
        "date_key": 20181101,
        "date": date(2018, 11, 1),
        "year": 2018,
        "quarter": 5,
        "month": 11,
        "week": 44,
        "day_of_week": 4,
        "is_weekend": False,
    }
    failures = audit("dim_date", day)
    assert [(one.expectation, one.column) for one in failures] == [
        ("expect_column_values_to_be_between", "quarter"),
        (
            "The calendar columns are those of the date.",
            "date, year, quarter, month, week, day_of_week",
        ),
    ]
    assert failures[0].sample == ({"date_key": 20181101, "quarter": 5},)


def test_a_column_that_is_missing_is_the_only_thing_told(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]
) -> None:
    staged = frame(spark, "fact_feedback").drop("track_key")
    (failure,) = auditor.audit("fact_feedback", staged, against).failures
    assert failure.expectation == "expect_table_columns_to_match_ordered_list"
    assert "user_id, artist_key" in failure.observed


def test_a_column_of_another_type_is_found(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]
) -> None:
    staged = frame(spark, "fact_stream", PLAY).selectExpr(
        *(f"int({name}) AS {name}" if name == "ms_played" else name for name in contract("fact_stream").names)
    )
    assert auditor.audit("fact_stream", staged, against).failures == (
        Failure("expect_column_values_to_be_of_type", "ms_played", "critical", "the type is IntegerType"),
    )


def test_each_broken_rule_of_plays_is_told_with_its_rows(audit: Audit) -> None:
    broken = {
        "e2": {"event_time": datetime(2018, 11, 2)},
        "e3": {"ms_played": 29_999, "completion": 29_999 / 200_000},
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
        " or its ms_played is unknown.": ["e3"],
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


def test_every_failure_of_a_table_is_told_with_at_most_five_rows(audit: Audit) -> None:
    plays = [PLAY | {"event_id": f"e{n}", "level": "gold", "source": None} for n in range(7)]
    failures = audit("fact_stream", *plays)
    assert [(one.column, one.observed, len(one.sample)) for one in failures] == [
        ("source", "7 of 7 rows", 5),
        ("level", "7 of 7 rows", 5),
    ]


def test_a_table_without_a_suite_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resources, "suites", lambda: tmp_path)
    with pytest.raises(WrongUsage) as refused:
        load_suite("fact_stream")
    assert str(refused.value) == (
        "Table fact_stream has no suite: write expectations/fact_stream.json, or the table is not published."
    )


def test_an_audit_without_the_tables_referred_to_is_refused(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]
) -> None:
    known = {name: rows for name, rows in against.items() if name != "dim_user"}
    with pytest.raises(WrongUsage, match="needs dim_user to check its references"):
        auditor.audit("fact_stream", frame(spark, "fact_stream", PLAY), known)


def test_a_rule_that_cannot_be_checked_is_an_error_and_no_verdict(
    spark: SparkSession,
    auditor: Auditor,
    against: dict[str, DataFrame],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    suite = load_suite("dim_date")
    suite["expectations"][-1]["kwargs"]["unexpected_rows_query"] = (
        "SELECT * FROM {batch} WHERE no_such_column"
    )
    (tmp_path / "dim_date.json").write_text(json.dumps(suite))
    monkeypatch.setattr(resources, "suites", lambda: tmp_path)
    with pytest.raises(
        TracklakeError, match=r"^The audit of table dim_date stopped: .*no_such_column.*; mend"
    ):
        auditor.audit("dim_date", frame(spark, "dim_date"), against)


def test_data_docs_show_every_run_of_the_lake(
    spark: SparkSession, against: dict[str, DataFrame], tmp_path: Path
) -> None:
    docs = tmp_path / "a lake" / "_docs"
    green, red = frame(spark, "fact_stream", PLAY), frame(spark, "fact_stream", PLAY | {"level": "gold"})
    for run, staged in (("run-1", green), ("run-2", red)):
        auditor = Auditor(spark, f"file://{docs}".replace(" ", "%20"), run)
        auditor.audit("fact_stream", staged, against)
        index = Path(auditor.build_docs())

    assert index == docs / "site" / "index.html"
    pages = sorted((docs / "site" / "validations" / "fact_stream").glob("*/*/*.html"))
    assert [page.parts[-3] for page in pages] == ["run-1", "run-2"]
    assert [str(page.relative_to(index.parent)) in index.read_text() for page in pages] == [True, True]
    assert "gold" in pages[1].read_text()
    assert (docs / "site" / "expectations" / "fact_stream.html").exists()


def test_docs_of_a_lake_elsewhere_are_built_in_a_local_folder(spark: SparkSession) -> None:
    index = Path(Auditor(spark, "hdfs://nowhere:1/lake/_docs", "run-1").build_docs())
    assert index.name == "index.html"
    assert index.exists()


def test_great_expectations_is_loaded_late_and_never_phones_home() -> None:
    code = """if True:
        import os, sys
        import tracklake.quality, tracklake.data_docs
        assert "great_expectations" not in sys.modules
        tracklake.data_docs.prepare()
        assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    """
    env = {**os.environ, "PYTHONPATH": str(resources.CHECKOUT / "lib"), "GX_ANALYTICS_ENABLED": "true"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
