"""What the tests of sources share: a folder of logs as the events and the quarantined records that it gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tests.conftest import ROOT
from tracklake.sources import source
from tracklake.sources.source import Bounds
from tracklake.transforms.arrivals import good
from tracklake.transforms.events import settle

FIXTURES = ROOT / "tests" / "fixtures"
BOUNDS = Bounds(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))

Arrivals = Callable[..., DataFrame]


@pytest.fixture(scope="session")
def arrivals(spark: SparkSession) -> Arrivals:
    """Arrivals of a source from a folder (its fixture unless another is named)."""

    def read(name: str, folder: Path | None = None, id_prefix: str = "") -> DataFrame:
        this = source(name)
        files = [file.path for file in this.find(spark, str(folder or FIXTURES / name), None, None)]
        return this.read(spark, files, BOUNDS, id_prefix).cache()

    return read


def events(found: DataFrame) -> DataFrame:
    """The events of arrivals, each once."""
    stamped = found.withColumns({"ingested_at": F.lit(BOUNDS.latest), "run_id": F.lit("run")})
    return settle(good(stamped))


def broken_rules(told: DataFrame) -> list[str]:
    """The rules of the suite of event that the rows break, those on several runs aside."""
    told.createOrReplaceTempView("told")
    rules = json.loads((ROOT / "expectations" / "event.json").read_text())["expectations"]
    try:
        return [rule["description"] for rule in rules if _breaks(told, rule)]
    finally:
        told.sparkSession.catalog.dropTempView("told")


def _breaks(told: DataFrame, rule: dict) -> bool:
    asked = rule["kwargs"]
    match rule["type"]:
        case "unexpected_rows_expectation" if "beside" not in asked["unexpected_rows_query"]:
            return bool(
                told.sparkSession.sql(asked["unexpected_rows_query"].replace("{batch}", "told")).take(1)
            )
        case "expect_column_values_to_be_in_set":
            return bool(told.where(~F.col(asked["column"]).isin(asked["value_set"])).take(1))
        case "expect_column_values_to_be_between":
            low, high = asked.get("min_value"), asked.get("max_value")
            value = F.col(asked["column"])
            return bool(told.where((value < F.lit(low)) | (value > F.lit(high))).take(1))
        case "expect_column_values_to_not_be_null":
            return bool(told.where(F.col(asked["column"]).isNull()).take(1))
    return False


def rows(frame: DataFrame, *columns: str) -> list[tuple]:
    """The columns of the events in the order of their time."""
    return [tuple(row) for row in frame.orderBy("event_time", "event_id").select(*columns).collect()]


def reasons(found: DataFrame) -> list[str]:
    """The reasons of what is quarantined, sorted."""
    return sorted(row.reason for row in found.where("reason IS NOT NULL").select("reason").collect())
