"""Limits that come from earlier days, and what is measured of staged slices."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.staged_rows import PLAY, frame
from tracklake import limits
from tracklake.history import PLAYS_AS_IN, Result, agreements, as_rows, earlier_results, judge, results
from tracklake.metrics import FRESHNESS, NEW_MEMBERS, QUARANTINED, Measured, Measurements, measure
from tracklake.quality import Auditor
from tracklake.tables import contract

MONDAY = date(2024, 3, 4)
WEEK = timedelta(weeks=1)
NOON = datetime(2024, 3, 4, 12, tzinfo=UTC)


def mondays(metric: str, *values: float, rows: int = 1000) -> list[Measured]:
    """The metric on the Mondays before MONDAY, the newest first."""
    return [
        Measured("event", MONDAY - WEEK * (weeks + 1), metric, value, rows)
        for weeks, value in enumerate(values)
    ]


def judged(one: Measured, before: list[Measured]) -> Result:
    return judge([one], before)[0]


def test_a_day_like_the_same_weekday_before_passes() -> None:
    found = judged(Measured("event", MONDAY, "rows", 1_050), mondays("rows", 1_000, 980, 1_020, 1_010))
    assert (found.status, found.severity, found.earlier) == ("passed", "warning", 4)
    assert (found.lower, found.upper) == (pytest.approx(603), pytest.approx(1_407))


@pytest.mark.parametrize("rows", [0, 500, 2_000])
def test_half_or_twice_the_usual_volume_fails(rows: int) -> None:
    found = judged(Measured("event", MONDAY, "rows", rows), mondays("rows", 1_000, 980, 1_020, 1_010))
    assert found.status == "failed"


def test_days_that_vary_much_are_allowed_more() -> None:
    found = judged(Measured("event", MONDAY, "rows", 500), mondays("rows", 1_000, 600, 1_400, 1_000, 700))
    assert found.status == "passed"


def test_the_first_days_have_no_history_and_say_so() -> None:
    found = judged(Measured("event", MONDAY, "rows", 0), mondays("rows", 1_000, 980, 1_020))
    assert (found.status, found.lower, found.upper, found.earlier) == ("no_history", None, None, 3)


def test_other_weekdays_metrics_and_tables_do_not_count() -> None:
    before = [
        *(Measured("event", MONDAY - timedelta(days=n), "rows", 1_000) for n in range(1, 7)),
        *mondays("plays", 900, 900, 900, 900),
        *(Measured("fact_stream", MONDAY - WEEK * n, "rows", 900) for n in range(1, 9)),
    ]
    assert judged(Measured("event", MONDAY, "rows", 10), before).earlier == 0


def test_at_most_eight_weeks_count_and_the_newest_result_of_each() -> None:
    before = [*mondays("rows", *[50.0] * 12), *mondays("rows", *[1_000.0] * 8)]
    found = judged(Measured("event", MONDAY, "rows", 1_000), before)
    assert (found.status, found.earlier) == ("passed", 8)


def test_days_of_the_same_run_are_history_too() -> None:
    days = [*mondays("rows", 1_000, 980, 1_020, 1_010), Measured("event", MONDAY, "rows", 10)]
    assert [one.status for one in judge(days, [])] == ["no_history"] * 4 + ["failed"]


def test_a_share_may_move_by_a_few_points_and_within_chance() -> None:
    before = mondays("null_share.user_id", 0.02, 0.02, 0.03, 0.02)
    shares = {0.0: "passed", 0.05: "passed", 0.2: "failed"}
    for share, status in shares.items():
        found = judged(Measured("event", MONDAY, "null_share.user_id", share, 1_000), before)
        assert (share, found.status) == (share, status)
    assert judged(Measured("event", MONDAY, "null_share.user_id", 0.2, 5), before).status == "passed"


def test_a_distribution_that_moved_fails_and_one_of_few_rows_is_allowed_more() -> None:
    before = [
        Measured("event", MONDAY - WEEK * n, "drift.level", rows=1_000, counts={"free": 700, "paid": 300})
        for n in range(1, 5)
    ]

    def drift(free: int, paid: int) -> Result:
        counts = {"free": free, "paid": paid}
        return judged(Measured("event", MONDAY, "drift.level", rows=free + paid, counts=counts), before)

    assert drift(680, 320).status == "passed"
    assert drift(350, 650).status == "failed"
    assert drift(350, 650).value == pytest.approx(0.51, abs=0.02)
    assert drift(1, 3).status == "passed"


def test_the_stability_index_is_that_of_the_textbook() -> None:
    """Ten thousand rows in three bins, (0.5, 0.3, 0.2) against (0.4, 0.3, 0.3): 0.0223 + 0 + 0.0405."""
    now, earlier = {"a": 5_000, "b": 3_000, "c": 2_000}, {"a": 4_000, "b": 3_000, "c": 3_000}
    assert limits.stability_index(now, earlier) == pytest.approx(0.06286, abs=1e-4)
    assert limits.stability_index(now, now) == 0
    assert limits.stability_index({"a": 10}, {"b": 10}) < 10


def test_events_older_than_usual_fail() -> None:
    before = [Measured("event", None, FRESHNESS, hours) for hours in (3.0, 4.0, 3.5, 3.0)]
    assert judged(Measured("event", None, FRESHNESS, 5.0), before).status == "passed"
    assert judged(Measured("event", None, FRESHNESS, 30.0), before).status == "failed"


def test_many_new_members_fail_and_as_many_as_usual_pass() -> None:
    """Ids that a producer makes anew are members that nobody knew."""
    before = [Measured("dim_user", None, NEW_MEMBERS, share, 1_000) for share in (0.02, 0.03, 0.02, 0.02)]
    shares = {0.05: "passed", 0.5: "failed"}
    for share, status in shares.items():
        found = judged(Measured("dim_user", None, NEW_MEMBERS, share, 1_000), before)
        assert (share, found.status) == (share, status)


def test_more_quarantined_records_than_usual_fail_and_before_anything_is_usual_more_than_half() -> None:
    def found(share: float, *before: float) -> tuple[str, int | None]:
        earlier = [Measured("quarantine", None, QUARANTINED, each, 1_000) for each in before]
        result = judged(Measured("quarantine", None, QUARANTINED, share, 1_000), earlier)
        assert result.severity == "warning"
        return result.status, result.earlier

    assert found(0.03, 0.01, 0.02, 0.0, 0.01) == ("passed", 4)
    assert found(0.35, 0.01, 0.02, 0.0, 0.01) == ("failed", 4)
    assert found(0.5, 0.01, 0.02, 0.0) == ("passed", None)
    assert found(1.0) == ("failed", None)


def test_a_table_that_lost_a_play_is_critical() -> None:
    plays = {
        "event": {MONDAY: 10.0},
        "fact_stream": {MONDAY: 9.0},
        "fact_track_day": {},
        "fact_artist_day": {},
        "fact_listening": {MONDAY: 8.0},
    }
    found = agreements(
        plays, {"fact_stream": [MONDAY], "fact_track_day": [MONDAY], "fact_listening": [MONDAY]}
    )
    assert [(one.measured.table, one.measured.metric, one.value, one.lower, one.status) for one in found] == [
        ("fact_stream", "plays_as_in.event", 9.0, 10.0, "failed"),
        ("fact_track_day", "plays_as_in.fact_stream", 0.0, 9.0, "failed"),
        ("fact_listening", "plays_as_in.fact_stream", 8.0, 9.0, "failed"),
    ]
    assert {one.severity for one in found} == {"critical"}
    assert agreements(plays, {"fact_artist_day": []}) == []
    assert set(PLAYS_AS_IN) == {"fact_stream", "fact_track_day", "fact_artist_day", "fact_listening"}


def test_a_slice_is_measured_in_one_go_and_an_empty_one_as_zero(spark: SparkSession) -> None:
    day = PLAY["event_date"]
    plays = frame(
        spark,
        "fact_stream",
        PLAY | {"platform": "Android OS 9"},
        PLAY | {"ms_played": None, "level": None},
        PLAY | {"ms_played": 4_999, "is_skip": True, "track_id": "inferred:1", "level": "paid"},
        PLAY | {"ms_played": 999_000, "platform": "toaster"},
    )
    found = measure("fact_stream", plays, [day, day + timedelta(days=1)])
    values = {
        one.metric: (one.value, one.rows) for one in found.measured if one.date == day and not one.counts
    }
    assert values == {
        "plays": (4.0, 0),
        "null_share.ms_played": (0.25, 4),
        "share.is_stream": (1.0, 4),
        "share.is_skip": (0.25, 4),
        "share.inferred_track": (0.25, 4),
    }
    counts = {
        one.metric: {name: n for name, n in one.counts.items() if n}
        for one in found.measured
        if one.date == day and one.counts
    }
    assert counts == {
        "drift.ms_played": {"unknown": 1, "under 5 s": 1, "under 120 s": 1, "other": 1},
        "drift.level": {"unknown": 1, "free": 2, "paid": 1},
        "drift.platform": {"unknown": 2, "android": 1, "other": 1},
    }
    assert [(one.metric, one.value) for one in found.measured if one.date != day] == [("plays", 0.0)]


class Facts:
    """A run that has brought a play into ``event`` on MONDAY, and builds facts, or does not."""

    began_at = NOON

    def __init__(self, spark: SparkSession, *jobs: str, read: int = 0, quarantined: int = 0) -> None:
        self.spark, self.jobs = spark, jobs
        self.records_read, self.records_quarantined = read, quarantined

    def read(self, table: str, dates: Collection[date] | None = None) -> DataFrame:
        return contract(table).no_rows(self.spark)

    def published(self, table: str) -> DataFrame:
        return contract(table).no_rows(self.spark)

    def slices(self, table: str) -> set[date]:
        return {MONDAY}

    def rows(self, table: str) -> tuple[int, int]:
        return 0, 0

    def builds(self, job: str) -> bool:
        return job in self.jobs


def test_a_day_that_facts_do_not_follow_is_critical_where_the_run_builds_them(spark: SparkSession) -> None:
    event = Measurements("event", (Measured("event", MONDAY, "plays", 1.0),), NOON)
    for job, lost in (("build_dimensions", []), ("build_facts", [("fact_stream", 0.0, 1.0, "critical")])):
        found = results([event], Facts(spark, job))
        failed = [one for one in found if one.status == "failed"]
        assert [(one.measured.table, one.value, one.lower, one.severity) for one in failed] == lost
    found = results([event, measure("fact_stream", None, [MONDAY])], Facts(spark))
    assert [one.measured.metric for one in found if one.status == "failed"] == ["plays_as_in.event"]


def test_quarantined_records_are_measured_where_no_slice_is_and_none_where_nothing_was_read(
    spark: SparkSession,
) -> None:
    (found,) = results([], Facts(spark, read=153, quarantined=153))
    one = found.measured
    assert (one.table, one.date, one.metric, found.value, one.rows) == (
        "quarantine",
        None,
        "share.quarantined",
        1.0,
        153,
    )
    assert (found.upper, found.status) == (0.5, "failed")
    assert results([], Facts(spark)) == []


def test_results_are_read_back_as_history(spark: SparkSession) -> None:
    counts = {"free": 7, "paid": 3}
    measured = [
        Measured("event", MONDAY - WEEK, "rows", 10.0),
        Measured("fact_stream", MONDAY - WEEK, "drift.level", rows=10, counts=counts),
        Measured("event", None, FRESHNESS, 2.5),
        Measured("event", MONDAY - timedelta(days=1), "rows", 5.0),
    ]
    rows = as_rows(spark, judge(measured, []), "run-1", NOON)
    assert rows.columns == list(contract("audit_result").names)
    read = earlier_results(rows, [MONDAY], NOON)
    assert sorted((one.table, str(one.date), one.metric, one.value, dict(one.counts)) for one in read) == [
        ("event", "2024-02-26", "rows", 10.0, {}),
        ("event", "None", "freshness_hours", 2.5, {}),
        ("fact_stream", "2024-02-26", "drift.level", 0.0, counts),
    ]


def test_limits_at_their_ends_are_rows_of_the_table_too(spark: SparkSession) -> None:
    """Few rows that vary much have 0 as their lower limit, a share near 1 has 1 as its upper one."""
    found = judge(
        [Measured("event", MONDAY, "rows", 1.0), Measured("event", MONDAY, "share.is_stream", 1.0, 9)],
        [*mondays("rows", 1, 2, 1, 3), *mondays("share.is_stream", 1, 1, 1, 1)],
    )
    rows = as_rows(spark, found, "run-1", NOON).select("metric", "lower", "upper").collect()
    assert {(row.metric, row.lower, row.upper) for row in rows} >= {("share.is_stream", 0.96, 1.0)}
    assert [row.lower for row in rows if row.metric == "rows"] == [0.0]


def test_what_failed_is_told_by_the_suite_of_results(spark: SparkSession, tmp_path: Path) -> None:
    """A table that lost a play stops the run; an odd volume is a warning; a status that lies is a defect."""
    plays = {"event": {MONDAY: 10.0}, "fact_stream": {MONDAY: 9.0}}
    odd = judge([Measured("event", MONDAY, "rows", 10.0)], mondays("rows", 1_000, 980, 1_020, 1_010))
    lost = agreements(plays, {"fact_stream": [MONDAY]})
    auditor = Auditor(spark, str(tmp_path / "_docs"), "run-1")

    verdict = auditor.audit(
        "audit_result", as_rows(spark, [*odd, *lost], "run-1", NOON), {}, in_one_task=True
    )

    assert not verdict.passed
    (critical,) = verdict.of_severity("critical")
    assert critical.expectation == (
        "The tables have as many plays on each day as those that they were built from."
    )
    assert critical.sample[0]["table_name"] == "fact_stream"
    assert (critical.sample[0]["value"], critical.sample[0]["lower"]) == (9.0, 10.0)
    (warning,) = verdict.of_severity("warning")
    assert warning.expectation == "Each day has about as many rows as the same weekday had before."

    lies = as_rows(spark, odd, "run-1", NOON).withColumn("status", F.lit("passed"))
    (failure,) = auditor.audit("audit_result", lies, {}, in_one_task=True).failures
    assert failure.expectation == "A metric failed exactly when its value is outside the limits."
