"""Drift of a source's fields from one of its days to the next."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.conftest import Job
from tests.logs import Reads, key_of, record
from tests.staged_rows import frame
from tracklake.tables import contract
from tracklake.transforms import arrivals as arrived
from tracklake.transforms.profile import ALL_READ_UP_TO, NEAR_DAYS, drift, forms_seen, profile

NOON = datetime(2018, 11, 1, 12)


def events(spark: SparkSession, *rows: dict[str, object]) -> DataFrame:
    """Events with these values; ``day`` counts from 2018-11-01."""
    filled = []
    for number, row in enumerate(rows):
        time = NOON + timedelta(days=int(str(row["day"])))
        known = {"event_id": str(number), "event_time": time, "event_date": time.date(), "source": "sparkify"}
        filled.append(known | row)
    return frame(spark, "event", *filled)


def statuses(drifted: DataFrame, day: int) -> dict[str, str]:
    rows = drifted.where(F.col("event_date") == F.lit(date(2018, 11, 1) + timedelta(days=day))).collect()
    return {row.field: row.status for row in rows}


def profiled(told: DataFrame) -> DataFrame:
    """The profile of events of which no record was looked at."""
    spark = told.sparkSession
    seen = forms_seen(arrived.none(spark), contract("source_profile").no_rows(spark))
    return profile(told, told.count(), seen)


def test_a_profile_counts_values_and_their_forms(spark: SparkSession) -> None:
    told = events(
        spark,
        {"day": 0, "level": "free", "extra": '{"n": 1, "mixed": "text", "on": true}'},
        {"day": 0, "extra": '{"n": 2.5, "mixed": {"a": 1}, "of": []}'},
        {"day": 0, "level": "paid", "extra": None},
        {"day": 0, "level": "paid"},
    )
    found = {row.field: (row.records, row.null_share, row.types) for row in profiled(told).collect()}
    assert found == {
        "event_time": (4, 0.0, "timestamp"),
        "level": (4, 0.25, "string"),
        "extra.n": (4, 0.5, "number"),
        "extra.mixed": (4, 0.5, "object, text"),
        "extra.on": (4, 0.75, "boolean"),
        "extra.of": (4, 0.75, "array"),
    }


def test_a_field_is_new_gone_or_of_another_type_against_the_source_s_day_before(spark: SparkSession) -> None:
    told = events(
        spark,
        {"day": 0, "level": "free", "extra": '{"a": 1, "b": 1}'},
        {"day": 1, "source": "native", "level": "free"},  # another source's day in between
        {"day": 2, "level": "free", "extra": '{"a": "text", "c": 1}'},
        {"day": 3, "level": "free", "extra": '{"a": "text", "c": 1}'},
    )
    drifted = drift(profiled(told))
    assert set(statuses(drifted, 0).values()) == {"known"}
    assert set(statuses(drifted, 1).values()) == {"known"}
    assert statuses(drifted, 2) == {
        "event_time": "known",
        "level": "known",
        "extra.a": "changed",
        "extra.b": "gone",
        "extra.c": "new",
    }
    assert statuses(drifted, 3) == {
        "event_time": "known",
        "level": "known",
        "extra.a": "known",
        "extra.c": "known",
    }


def test_after_a_month_without_events_a_source_begins_anew(spark: SparkSession) -> None:
    """As it does where the days are read one by one."""
    for last, status in (
        (NEAR_DAYS, {"extra.a": "gone", "extra.b": "new"}),
        (NEAR_DAYS + 1, {"extra.b": "known"}),
    ):
        told = events(spark, {"day": 0, "extra": '{"a": 1}'}, {"day": last, "extra": '{"b": 1}'})
        assert statuses(drift(profiled(told)), last) == {"event_time": "known"} | status


def test_a_rare_field_may_miss_a_day(spark: SparkSession) -> None:
    many = [{"day": 0, "extra": '{"common": 1}'} for _ in range(199)]
    told = events(
        spark, *many, {"day": 0, "extra": '{"common": 1, "rare": 1}'}, {"day": 1, "extra": '{"common": 1}'}
    )
    assert statuses(drift(profiled(told)), 1) == {"event_time": "known", "extra.common": "known"}


@pytest.mark.slow
@pytest.mark.usefixtures("unaudited")
def test_a_day_that_comes_later_changes_what_the_next_one_is_told_against(
    run_job: Job, tmp_path_factory: pytest.TempPathFactory
) -> None:
    days = {1: record(1, campaign="x"), 2: record(2), 3: record(3, campaign="x")}
    lakes = []
    for order in ((1, 3, 2), (1, 2, 3)):
        reads = Reads(run_job, tmp_path_factory.mktemp("profile"))
        for day in order:
            reads.write(f"2018-11-0{day + 1}.json", days[day])
            lake = reads.run()
            if day == 2:
                assert "gone" in reads.said
        lakes.append(sorted(tuple(row) for row in lake.read("source_profile").drop("types").collect()))
    assert lakes[0] == lakes[1]
    found = {(row[1].day, row[2]): row[5] for row in lakes[0]}
    assert (found[3, "extra.campaign"], found[4, "extra.campaign"]) == ("gone", "new")


@pytest.mark.usefixtures("unaudited")
def test_a_field_that_comes_in_another_form_is_changed_and_read_both_ways(
    run_job: Job, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same records in two runs and in one make the same profile."""
    files = {
        "2018-11-01-a.json": record(0, userId=39, length="200.5"),
        "2018-11-02-a.json": record(1, userId="39", length=200.5),
        "2018-11-02-b.json": record(1, item=1, userId=39, length=200.5),
        "2018-11-03-a.json": record(2, userId={"id": 39}),
    }
    found = []
    for runs in ([["2018-11-02-b.json"], [*files]], [[*files]]):
        reads = Reads(run_job, tmp_path_factory.mktemp("forms"))
        for names in runs:
            for name in names:
                reads.write(name, files[name])
            lake = reads.run()
        found.append(sorted(tuple(row) for row in lake.read("source_profile").collect()))
    assert found[0] == found[1]
    told = {(row[1].day, row[2]): (row[5], row[6]) for row in found[0]}
    assert [told[day, "user_id"] for day in (1, 2, 3)] == [
        ("number", "known"),
        ("number, text", "changed"),
        ("object", "changed"),
    ]
    assert (told[1, "duration_ms"], told[2, "duration_ms"]) == (("text", "known"), ("number", "changed"))
    assert {row.user_id for row in lake.read("event").collect()} == {"39", key_of('{"id":39}')}


def test_of_very_many_events_a_few_tell_how_often_a_field_is_there(spark: SparkSession) -> None:
    many = [
        {"day": 0, "extra": json.dumps({"always": 1} | ({"half": 1} if n % 2 else {}))} for n in range(640)
    ]
    seen = forms_seen(arrived.none(spark), contract("source_profile").no_rows(spark))
    told = profile(events(spark, *many), ALL_READ_UP_TO + 1, seen)
    found = {row.field: row.null_share for row in told.collect()}
    assert found["extra.always"] == 0
    assert found["extra.half"] == pytest.approx(0.5, abs=0.25)
