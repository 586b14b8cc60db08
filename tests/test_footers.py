"""What a commit says of its files: rows and bounds out of Parquet footers, against those that Spark computes."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.by_hand import DAY, FIRST, open_lake, stage
from tracklake.lake import staging
from tracklake.lake.footers import without_nulls
from tracklake.lake.releases import NO_RELEASE
from tracklake.tables import Column, Contract, contract

MEASURED = Contract(
    name="measured",
    about="Values whose bounds are easy to get wrong.",
    grain="one value",
    owner="tests",
    key=("n",),
    partition_by="day",
    columns=(
        Column("n", "bigint", "A number."),
        Column("moment", "timestamp", "A moment with microseconds."),
        Column("share", "double", "A number that may be NaN."),
        Column("never", "int", "Always null."),
        Column("word", "string", "A text."),
        Column("words", "array<string>", "Texts."),
        Column("day", "date", "The slice."),
    ),
)


def test_files_are_described_as_their_rows_are(spark: SparkSession, tmp_path: Path) -> None:
    rows = [
        (3, "2018-11-01 10:00:00.123456", 0.5, None, "b", "2018-11-01"),
        (None, "2018-11-01 09:59:59.999001", -2.0, None, "ä", "2018-11-01"),
        (-7, None, None, None, None, "2018-11-01"),
    ]
    (file,) = described(spark, rows, tmp_path / "staged-run")

    assert (file.slice, file.rows, file.path.split("/")[:2]) == (
        date(2018, 11, 1),
        3,
        ["staged-run", "day=2018-11-01"],
    )
    assert json.loads(file.stats) == {
        "numRecords": 3,
        "minValues": {"n": -7, "moment": "2018-11-01T09:59:59.999Z", "share": -2.0, "word": "b"},
        "maxValues": {"n": 3, "moment": "2018-11-01T10:00:00.124Z", "share": 0.5, "word": "ä"},
        "nullCount": {"n": 1, "moment": 1, "share": 1, "never": 3, "word": 1},
    }


@pytest.mark.parametrize("hidden", ["_temporary/0/_temporary/attempt_1", ".spark-staging-1"])
def test_files_that_spark_does_not_read_are_not_published(tmp_path: Path, hidden: str) -> None:
    """A task that was given up may leave one after the audit has read the others."""
    lake = open_lake(tmp_path / "lake")
    staged = Path(stage(lake, NO_RELEASE, FIRST)["fact_track_day"].path)
    shutil.copytree(staged / f"event_date={DAY}", staged / hidden / f"event_date={DAY}")
    described = staging.describe(contract("fact_track_day"), str(staged))
    assert [file.path for file in described] == [f"staged-first/event_date={DAY}/part-0.parquet"]


def test_a_column_with_nan_has_no_bounds(spark: SparkSession, tmp_path: Path) -> None:
    rows = [(1, None, float("nan"), None, None, "2018-11-01"), (2, None, 0.5, None, None, "2018-11-01")]
    (file,) = described(spark, rows, tmp_path / "staged-run")
    assert "share" not in json.loads(file.stats)["maxValues"]


def test_texts_are_cut_and_those_without_bounds_may_be_any(spark: SparkSession, tmp_path: Path) -> None:
    for text, least, most in (
        ("x" * 40, "x" * 32, "x" * 32 + "\U0010ffff"),
        ("x" * 32, "x" * 32, "x" * 32),
        ("x" * 32 + "\U0010ffffy", "x" * 32, "x" * 32 + "\U0010ffffy"),
        ("x" * 5_000, "", "\U0010ffff"),
    ):
        folder = tmp_path / f"staged-{len(text)}"
        (file,) = described(spark, [(1, None, 0.5, None, text, "2018-11-01")], folder)
        stats = json.loads(file.stats)
        assert (stats["minValues"]["word"], stats["maxValues"]["word"]) == (least, most)


def test_a_column_is_without_nulls_if_every_file_says_so(spark: SparkSession, tmp_path: Path) -> None:
    full = (1, "2018-11-01 10:00:00", 0.5, 1, "b")
    (one,) = described(spark, [(*full, "2018-11-01")], tmp_path / "staged-one")
    (two,) = described(spark, [(2, None, 0.5, 1, None, "2018-11-02")], tmp_path / "staged-two")
    flat = {"n", "moment", "share", "never", "word"}  # not the list, and not the slice, which is in no file
    assert without_nulls([one.stats], MEASURED) == flat
    assert without_nulls([one.stats, two.stats], MEASURED) == flat - {"moment", "word"}


def test_files_without_rows_are_left_out(spark: SparkSession, tmp_path: Path) -> None:
    assert described(spark, [], tmp_path / "staged-run") == []


def described(spark: SparkSession, rows: list[tuple[object, ...]], folder: Path) -> list[staging.DataFile]:
    texts = spark.createDataFrame(
        rows, "n bigint, moment string, share double, never int, word string, day string"
    )
    frame = texts.withColumn("moment", F.to_timestamp("moment")).withColumn("day", F.to_date("day"))
    frame = frame.withColumn("words", F.array("word"))
    staging.write(frame.coalesce(1), MEASURED, str(folder))
    return staging.describe(MEASURED, str(folder))
