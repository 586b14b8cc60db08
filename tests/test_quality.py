"""The audit: what a suite finds in staged rows, and how it is told."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pyarrow import fs
from pyspark.sql import DataFrame, SparkSession

from tests.conftest import Audit
from tests.staged_rows import NEW, OLD, PLAY, SESSION, frame
from tracklake import data_docs, resources, summary
from tracklake.audits import Audits
from tracklake.errors import TracklakeError, WrongUsage
from tracklake.quality import Auditor, Failure, Verdict
from tracklake.suite_files import load_suite
from tracklake.tables import contract
from tracklake.tables.key_rules import BESIDE

UseSuite = Callable[[str, dict[str, Any]], None]


@pytest.fixture
def use_suite(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> UseSuite:
    """Audits a table by this suite, in place of the one in expectations/; no other table has one then."""

    def use(table: str, suite: dict[str, Any]) -> None:
        (tmp_path / f"{table}.json").write_text(json.dumps(suite))
        monkeypatch.setattr(resources, "suites", lambda: tmp_path)

    return use


def test_rows_that_keep_the_contract_pass(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]
) -> None:
    verdict = auditor.audit("fact_stream", frame(spark, "fact_stream", PLAY), against)

    assert (verdict.table, verdict.passed, verdict.rows) == ("fact_stream", True, 1)
    assert verdict.failures == ()
    assert verdict.expectations == len(load_suite("fact_stream")["expectations"])
    assert [one.name for one in spark.catalog.listTables() if one.isTemporary] == []


def test_nulls_are_looked_for_but_in_columns_whose_files_say_that_there_are_none(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]
) -> None:
    staged = frame(spark, "fact_stream", PLAY | {"platform": None, "is_stream": None, "is_skip": None})
    (skip,) = auditor.audit("fact_stream", staged, against, without_nulls={"is_stream"}).failures
    assert (skip.expectation, skip.column) == ("is_skip is never null.", "is_skip")
    assert {one.column for one in auditor.audit("fact_stream", staged, against).failures} == {
        "is_stream",
        "is_skip",
    }


def test_an_empty_slice_of_a_fact_passes_and_an_empty_dimension_does_not(audit: Audit) -> None:
    assert audit("fact_stream") == ()
    assert audit("dim_user") == (Failure("There is a row.", "", "critical", "0 rows"),)


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
            "track_key is never null.",
            "track_key",
            "critical",
            "1 of 6 rows",
            ({"event_id": "e2", "track_key": None},),
        ),
        Failure(
            "level is one of free, paid.",
            "level",
            "critical",
            "1 of 6 rows",
            ({"event_id": "e4", "level": "gold"},),
        ),
        Failure(
            "ms_played is at least 0.",
            "ms_played",
            "critical",
            "1 of 6 rows",
            ({"event_id": "e5", "ms_played": -1},),
        ),
        Failure(
            "completion is from 0 to 1.",
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


def test_a_suite_takes_at_most_three_jobs(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]
) -> None:
    """One aggregation, one query for the keys, one query for all other rules: none of them in two stages."""
    jobs = spark.sparkContext._jsc.sc().dagScheduler().nextJobId
    for table, rows in {"fact_stream": [PLAY], "fact_session": [SESSION], "dim_user": [OLD, NEW]}.items():
        before = jobs()
        assert auditor.audit(table, frame(spark, table, *rows), against, in_one_task=True).passed
        assert jobs() - before <= 3


ROWS_OVER_A_MINUTE: dict[str, Any] = {
    "type": "expect_table_row_count_to_be_between",
    "kwargs": {"row_condition": "ms_played > 60000", "condition_parser": "spark"},
}


@pytest.mark.parametrize(
    ("more", "seen"),
    [
        ({"type": "expect_column_mean_to_be_between", "kwargs": {"column": "ms_played"}}, None),
        (
            {
                "type": "expect_column_mean_to_be_between",
                "kwargs": {"column": "ms_played", "min_value": 150_000},
            },
            "the value is 100,000",
        ),
        (
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "ms_played", "min_value": 60_000, "mostly": 0.6},
            },
            None,
        ),
        (
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "ms_played", "min_value": 60_000, "mostly": 0.7},
            },
            "1 of 3 rows",
        ),
        (
            {
                "type": "expect_column_distinct_values_to_be_in_set",
                "kwargs": {"column": "level", "value_set": ["paid"]},
            },
            "the column is not as expected",
        ),
        (ROWS_OVER_A_MINUTE | {"kwargs": {**ROWS_OVER_A_MINUTE["kwargs"], "min_value": 2}}, None),
        (ROWS_OVER_A_MINUTE | {"kwargs": {**ROWS_OVER_A_MINUTE["kwargs"], "min_value": 3}}, "2 rows"),
    ],
)
def test_expectations_of_other_kinds_can_be_added_to_a_suite(
    spark: SparkSession,
    auditor: Auditor,
    against: dict[str, DataFrame],
    use_suite: UseSuite,
    more: dict[str, object],
    seen: str | None,
) -> None:
    suite = load_suite("fact_stream")
    suite["expectations"].append({**more, "severity": "critical"})
    use_suite("fact_stream", suite)
    lengths = {"e1": 170_000, "e2": 90_000, "e3": 40_000}
    plays = [
        PLAY | {"event_id": id_, "ms_played": ms, "completion": ms / 200_000} for id_, ms in lengths.items()
    ]

    verdict = auditor.audit("fact_stream", frame(spark, "fact_stream", *plays), against)

    assert [one.observed for one in verdict.failures] == ([seen] if seen else [])


@pytest.mark.parametrize(
    ("kind", "limits"),
    [
        ("expect_column_proportion_of_unique_values_to_be_between", {"max_value": 0.6}),
        ("expect_column_proportion_of_unique_values_to_be_between", {"min_value": 0.9}),
        ("expect_column_proportion_of_non_null_values_to_be_between", {"min_value": 0.6}),
        ("expect_column_values_to_not_be_null", {"mostly": 0.4}),
        ("expect_column_values_to_be_null", {"mostly": 0.6}),
        ("expect_column_values_to_be_in_set", {"value_set": ["a"], "mostly": 0.5}),
    ],
)
def test_a_column_with_nulls_is_judged_as_great_expectations_does_by_itself(
    spark: SparkSession,
    auditor: Auditor,
    against: dict[str, DataFrame],
    use_suite: UseSuite,
    kind: str,
    limits: dict[str, object],
) -> None:
    """By itself it has a pandas frame, of which nothing here counts anything."""
    import great_expectations as gx
    import pandas

    platforms = [None, None, "a", "b"]
    more = {"type": kind, "kwargs": {"column": "platform"} | limits, "severity": "critical"}
    frames = gx.get_context(mode="ephemeral").data_sources.add_pandas("frames")
    batch = (
        frames.add_dataframe_asset("plays")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": pandas.DataFrame({"platform": platforms})})
    )
    (itself,) = batch.validate(gx.ExpectationSuite("plays", expectations=[more])).results
    suite = load_suite("fact_stream")
    suite["expectations"].append(more)
    use_suite("fact_stream", suite)
    plays = [PLAY | {"event_id": f"e{n}", "platform": one} for n, one in enumerate(platforms)]

    verdict = auditor.audit("fact_stream", frame(spark, "fact_stream", *plays), against)

    assert verdict.passed == itself.success
    if not verdict.passed and "element_count" not in itself.result:
        assert verdict.failures[0].observed == f"the value is {itself.result['observed_value']:,.6g}"


def test_what_is_no_more_than_odd_passes_and_is_told(
    spark: SparkSession,
    auditor: Auditor,
    against: dict[str, DataFrame],
    use_suite: UseSuite,
) -> None:
    suite = load_suite("fact_stream")
    for one in suite["expectations"]:
        if one.get("kwargs") == {"column": "level", "value_set": ["free", "paid"]}:
            one["severity"] = "warning"
        if one.get("description") == "The user_id of an anonymous play is null.":
            one["severity"] = "info"
    use_suite("fact_stream", suite)
    staged = frame(spark, "fact_stream", PLAY | {"level": "gold", "user_id": "(anonymous)"})

    verdict = auditor.audit("fact_stream", staged, against)

    assert verdict.passed
    assert verdict.met == verdict.expectations - 2
    assert [one.column for one in verdict.of_severity("warning")] == ["level"]
    assert [one.column for one in verdict.of_severity("info")] == ["user_id"]
    columns, rows = summary.warnings([verdict])
    assert columns == ["table", "expectation", "observed", "sample rows"]
    assert rows == [
        [
            "fact_stream",
            "level is one of free, paid.",
            "1 of 1 rows",
            f"event_id {PLAY['event_id']}, level gold",
        ]
    ]


def test_a_sample_row_is_told_without_hashes_and_with_short_numbers() -> None:
    row = {"session_key": "c95acd58", "metric": "plays", "value": 1345.0, "lower": 570.5999999999999}
    failure = Failure(
        "Plays are as before.", "metric", "warning", "1 row found", (row, {"session_key": "f3"})
    )
    _, rows = summary.warnings([Verdict("fact_session", 1, 1, (failure,))])
    assert rows[0][-1] == "metric plays, value 1,345, lower 570.6\nsession_key f3"


@pytest.mark.parametrize("table", ["dim_user", "dim_artist"])
def test_a_location_is_withheld_whatever_a_rule_calls_it(audit: Audit, table: str) -> None:
    member = table.replace("dim_", "")
    same = {"user_key", "user_id", "level"}
    versions = [
        {f"{member}_key": row["user_key"], f"{member}_id": "7", "is_inferred": False}
        | {name: value for name, value in row.items() if name not in same}
        for row in (OLD, NEW)
    ]
    (failure,) = audit(table, *versions)
    assert failure.expectation.startswith("Neighbouring versions")
    (row,) = failure.sample
    assert (row["location"], row["following_location"]) == ("(withheld)", "(withheld)")
    assert "Ghent" not in str(failure)


MOST_COMMON = "expect_column_most_common_value_to_be_in_set"


def test_a_withheld_column_as_a_whole_is_told_without_its_values(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame], use_suite: UseSuite
) -> None:
    suite = load_suite("dim_user")
    suite["expectations"].append(
        {"type": MOST_COMMON, "kwargs": {"column": "location", "value_set": ["Lund"]}, "severity": "warning"}
    )
    use_suite("dim_user", suite)
    (failure,) = auditor.audit("dim_user", frame(spark, "dim_user", OLD, NEW), against).failures
    assert (failure.column, failure.observed) == ("location", "the value is (withheld)")


def test_what_spark_quotes_of_a_row_that_stops_a_rule_is_withheld(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame], use_suite: UseSuite
) -> None:
    suite = load_suite("dim_user")
    suite["expectations"][-1]["kwargs"]["unexpected_rows_query"] = (
        "SELECT * FROM {batch} WHERE CAST(location AS INT) > 5"
    )
    use_suite("dim_user", suite)
    with pytest.raises(TracklakeError) as stopped:
        auditor.audit("dim_user", frame(spark, "dim_user", OLD | {"location": "O'Fallon, MO"}), against)
    assert 'The value (withheld) of the type "STRING" cannot be cast to "INT"' in str(stopped.value)


def test_an_expectation_of_several_columns_names_them(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame], use_suite: UseSuite
) -> None:
    suite = load_suite("fact_stream")
    lengths, ids = ("ms_played", "duration_ms"), ("track_id", "artist_id")
    suite["expectations"] += [
        {
            "type": "expect_column_pair_values_to_be_equal",
            "kwargs": dict(zip(("column_A", "column_B"), lengths, strict=True)),
            "severity": "warning",
        },
        {
            "type": "expect_select_column_values_to_be_unique_within_record",
            "kwargs": {"column_list": list(ids)},
            "severity": "warning",
        },
    ]
    use_suite("fact_stream", suite)
    staged = frame(spark, "fact_stream", PLAY | {"artist_id": PLAY["track_id"]})
    failures = auditor.audit("fact_stream", staged, against).failures
    assert [(one.columns, one.observed) for one in failures] == [
        ([*lengths], "1 of 1 rows"),
        ([*ids], "1 of 1 rows"),
    ]
    assert failures[0].sample == ({"event_id": "e1", "ms_played": 100_000, "duration_ms": 200_000},)


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
        ("quarter is from 1 to 4.", "quarter"),
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
    assert failure.expectation == "The columns are those of the contract, in its order."
    assert "user_id, artist_key" in failure.observed


def test_a_column_of_another_type_is_found(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]
) -> None:
    staged = frame(spark, "fact_stream", PLAY).selectExpr(
        *(f"int({name}) AS {name}" if name == "ms_played" else name for name in contract("fact_stream").names)
    )
    assert auditor.audit("fact_stream", staged, against).failures == (
        Failure("ms_played is of type bigint.", "ms_played", "critical", "the type is IntegerType"),
    )


@pytest.mark.parametrize("severity", ["info", "warning", "critical"])
def test_rows_are_checked_unless_something_critical_is_wrong_with_the_columns(
    spark: SparkSession,
    auditor: Auditor,
    against: dict[str, DataFrame],
    use_suite: UseSuite,
    severity: str,
) -> None:
    suite = load_suite("fact_stream")
    long = {"column": "item_in_session", "type_": "LongType"}
    suite["expectations"].append(
        {"type": "expect_column_values_to_be_of_type", "kwargs": long, "meta": {}, "severity": severity}
    )
    use_suite("fact_stream", suite)

    verdict = auditor.audit("fact_stream", frame(spark, "fact_stream", PLAY | {"level": "gold"}), against)

    assert not verdict.passed
    if severity == "critical":
        assert (verdict.rows_checked, verdict.rows) == (False, 0)
        _, told = summary.audits([verdict])
        assert told[-1][2:5] == ["all others", "", "not checked"]
    else:
        assert (verdict.rows_checked, verdict.rows) == (True, 1)
        assert [one.column for one in verdict.failures] == ["item_in_session", "level"]


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


WEEKS: dict[str, Any] = {
    "type": "expect_column_values_to_be_in_set",
    "kwargs": {"column": "week", "value_set": [1]},
    "description": "week is 1.",
    "severity": "critical",
}


@pytest.mark.parametrize(
    ("rule", "named", "wrong"),
    [
        (
            WEEKS | {"type": "expect_column_values_to_be_in_sett"},
            " (week is 1.)",
            "Great Expectations knows no type expect_column_values_to_be_in_sett; "
            'did you mean "expect_column_values_to_be_in_set"?',
        ),
        (
            WEEKS | {"severity": "criticall"},
            " (week is 1.)",
            "Invalid severity 'criticall'. Must be one of: critical, warning, info",
        ),
        (
            WEEKS | {"kwargs": {"colum": "week", "value_set": [1]}},
            " (week is 1.)",
            "column: field required; colum: extra fields not permitted",
        ),
        ({"type": WEEKS["type"]}, f" ({WEEKS['type']})", 'it has no JSON object as its "kwargs"'),
        ({"kwargs": {}}, "", 'it has no text as its "type"'),
        ([], "", "it is no JSON object"),
    ],
    ids=["type", "severity", "argument", "no arguments", "no type", "no object"],
)
def test_a_rule_that_cannot_be_used_is_refused_by_name(
    spark: SparkSession, auditor: Auditor, use_suite: UseSuite, rule: Any, named: str, wrong: str
) -> None:
    suite = load_suite("dim_date")
    suite["expectations"].insert(2, rule)
    use_suite("dim_date", suite)
    with pytest.raises(WrongUsage) as refused:
        auditor.audit("dim_date", frame(spark, "dim_date"), {})
    assert str(refused.value) == (
        f"Rule 3 of expectations/dim_date.json{named} cannot be used, and nothing was published; mend it: {wrong}"
    )


def test_an_audit_that_stopped_ends_the_run_at_its_next_table(
    spark: SparkSession, tmp_path: Path, use_suite: UseSuite
) -> None:
    suite = load_suite("dim_date")
    use_suite("dim_date", suite | {"expectations": [WEEKS | {"severity": "criticall"}]})
    audits, staged = Audits(spark, str(tmp_path), "run-1"), frame(spark, "dim_date")
    audits.start("dim_date", staged, {}, in_one_task=True, without_nulls=())
    with pytest.raises(WrongUsage, match=r"^Rule 1 of expectations/dim_date.json"):
        audits.verdicts()
    with pytest.raises(WrongUsage, match=r"^Rule 1 of expectations/dim_date.json"):
        audits.start("dim_date", staged, {}, in_one_task=True, without_nulls=())
    audits.stop()


@pytest.mark.parametrize("suite", [[], {}, {"name": "dim_date"}, {"name": "dim_user", "expectations": []}])
def test_what_is_no_suite_is_refused_by_name(use_suite: UseSuite, suite: Any) -> None:
    use_suite("dim_date", suite)
    with pytest.raises(WrongUsage, match=r"^The suite expectations/dim_date.json .*; mend it\.$"):
        load_suite("dim_date")


def test_an_audit_without_the_tables_referred_to_is_refused(
    spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]
) -> None:
    known = {name: rows for name, rows in against.items() if name != "dim_user"}
    with pytest.raises(WrongUsage, match="needs dim_user to check its references"):
        auditor.audit("fact_stream", frame(spark, "fact_stream", PLAY), known)


@pytest.mark.parametrize(
    "more",
    [
        {"type": "expect_column_values_to_be_of_type", "kwargs": {"column": "week", "type_": "Integer"}},
        {
            "type": "expect_table_row_count_to_equal_other_table",
            "kwargs": {"other_table_name": "no_such_table"},
        },
    ],
    ids=["type", "other table"],
)
def test_an_expectation_that_cannot_be_checked_is_not_passed_over(
    spark: SparkSession,
    auditor: Auditor,
    against: dict[str, DataFrame],
    use_suite: UseSuite,
    more: dict[str, object],
) -> None:
    suite = load_suite("dim_date")
    suite["expectations"].append({**more, "severity": "critical"})
    use_suite("dim_date", suite)
    with pytest.raises(TracklakeError, match=r"^The audit of table dim_date stopped: "):
        auditor.audit("dim_date", frame(spark, "dim_date"), against)


def test_a_rule_that_cannot_be_checked_is_an_error_and_no_verdict(
    spark: SparkSession,
    auditor: Auditor,
    against: dict[str, DataFrame],
    use_suite: UseSuite,
) -> None:
    suite = load_suite("dim_date")
    suite["expectations"][-1]["kwargs"]["unexpected_rows_query"] = (
        "SELECT * FROM {batch} WHERE no_such_column"
    )
    use_suite("dim_date", suite)
    with pytest.raises(
        TracklakeError, match=r"^The audit of table dim_date stopped: .*no_such_column.*; mend"
    ):
        auditor.audit("dim_date", frame(spark, "dim_date"), against)


@pytest.mark.parametrize("whole", [True, False], ids=["whole suite", "nulls alone"])
def test_rows_that_are_gone_are_told_as_such(
    spark: SparkSession,
    auditor: Auditor,
    against: dict[str, DataFrame],
    use_suite: UseSuite,
    tmp_path: Path,
    whole: bool,
) -> None:
    """As where upkeep elsewhere removed what a run of days still reads: the suite is not to blame."""
    suite = load_suite("dim_date")
    if not whole:
        nulls = "expect_column_values_to_not_be_null"
        suite["expectations"] = [one for one in suite["expectations"] if one["type"] == nulls]
        use_suite("dim_date", suite)
    path = f"{tmp_path}/dim_date"
    frame(spark, "dim_date").write.parquet(path)
    rows = spark.read.parquet(path)
    shutil.rmtree(path)
    with pytest.raises(TracklakeError, match=r"^Spark failed in the audit of table dim_date, .*run again\.$"):
        auditor.audit("dim_date", rows, against)


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
    assert {file.name for file in (docs / "site").iterdir()} == {"index.html", "expectations", "validations"}


def test_pages_stay_when_the_index_lists_newer_runs_alone(
    spark: SparkSession, against: dict[str, DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_docs, "MOST_LISTED", 1)
    for run in ("run-1", "run-2", "run-3", "run-4"):
        auditor = Auditor(spark, str(tmp_path), run)
        auditor.audit("fact_stream", frame(spark, "fact_stream", PLAY), against)
        index = Path(auditor.build_docs())

    pages = sorted((tmp_path / "site" / "validations" / "fact_stream").glob("*/*/*.html"))
    assert [page.parts[-3] for page in pages] == ["run-1", "run-2", "run-3", "run-4"]
    listed = [str(page.relative_to(index.parent)) in index.read_text() for page in pages]
    assert listed == [False, False, False, True]


def test_docs_of_a_lake_elsewhere_are_there_too(
    spark: SparkSession, against: dict[str, DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Elsewhere is a folder here, which only the URI's file system knows."""

    class Storage:
        @staticmethod
        def from_uri(uri: str) -> tuple[fs.FileSystem, str]:
            return fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem()), uri.removeprefix("gs://")

    monkeypatch.setattr(fs, "FileSystem", Storage)
    for run in ("run-1", "run-2"):
        auditor = Auditor(spark, "gs://bucket/lake/_docs", run)
        auditor.audit("fact_stream", frame(spark, "fact_stream", PLAY), against)
        index = auditor.build_docs()

    assert index == "gs://bucket/lake/_docs/site/index.html"
    site = tmp_path / "bucket" / "lake" / "_docs" / "site"
    pages = sorted((site / "validations" / "fact_stream").glob("*/*/*.html"))
    assert [page.parts[-3] for page in pages] == ["run-1", "run-2"]
    listed = (site / "index.html").read_text()
    assert [str(page.relative_to(site)) in listed for page in pages] == [True, True]


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
