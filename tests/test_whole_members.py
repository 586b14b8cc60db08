"""Members of a dimension with several rows each: they are staged whole, however their rows lie in files."""

from __future__ import annotations

from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from tests.staged_rows import NEW, OLD, frame
from tracklake.config import Conf
from tracklake.lake import Lake
from tracklake.progress import Steps
from tracklake.run import Run


def version(of: dict[str, Any], user: str, **other: Any) -> dict[str, Any]:
    """A version of a user, under a key of its own."""
    row = of | other | {"user_id": user}
    return row | {"user_key": f"{user}-{row['valid_from']:%d}".ljust(32, "x")}


ALONE = {user: version(OLD, user, valid_to=None, is_current=True) for user in ("ada", "cyd")}
BEN = [version(one, "ben") for one in (OLD, NEW)]


@pytest.fixture
def a_task_for_each_file(spark: SparkSession) -> Any:
    """Spark reads no two files in one task."""
    spark.conf.set("spark.sql.files.minPartitionNum", "9")
    yield
    spark.conf.set("spark.sql.files.minPartitionNum", "1")


def in_two_files(spark: SparkSession, folder: Path, *files: list[dict[str, Any]]) -> DataFrame:
    """Users as they would be read from files with these rows."""
    paths = [str(folder / f"users-{n}") for n in range(len(files))]
    for path, rows in zip(paths, files, strict=True):
        frame(spark, "dim_user", *rows).coalesce(1).write.parquet(path)
    return spark.read.parquet(*paths)


def staged(
    spark: SparkSession, conf: Conf, lake: Path, members: DataFrame, of: str = "dim_user"
) -> tuple[int, int]:
    """Stages and publishes members of a dimension; returns how many files went and came."""
    with Run(spark, conf, Steps(Console(file=StringIO())), job="by_hand", lake=str(lake)) as run:
        run.stage_members(of, members, f"{of.removeprefix('dim_')}_id")
        run.finish()
        commit = run.staged[of].commit
    return len(commit.removes), len(commit.adds)


@pytest.mark.usefixtures("a_task_for_each_file")
def test_members_whose_rows_lie_in_two_files_are_put_together(
    spark: SparkSession, conf: Conf, tmp_path: Path
) -> None:
    """A change of Ada, who shares a file with half of Ben, takes all of Ben along."""
    lake = tmp_path / "lake"
    users = in_two_files(spark, tmp_path, [ALONE["ada"], BEN[0]], [BEN[1], ALONE["cyd"]])
    assert staged(spark, conf, lake, users) == (0, 2)

    paid = [version(one, "ada") for one in (OLD, NEW)]
    gone, come = staged(spark, conf, lake, frame(spark, "dim_user", *paid))

    assert gone == 2
    assert come <= 2
    files = F.countDistinct("_metadata.file_path")
    rows = Lake(spark, str(lake)).read("dim_user")
    found = rows.groupBy("user_id").agg(F.count("*"), files).orderBy("user_id").collect()
    assert [tuple(row) for row in found] == [("ada", 2, 1), ("ben", 2, 1), ("cyd", 1, 1)]


@pytest.mark.usefixtures("a_task_for_each_file")
def test_files_that_share_no_member_with_what_changed_are_left_alone(
    spark: SparkSession, conf: Conf, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    assert staged(spark, conf, lake, in_two_files(spark, tmp_path, [ALONE["ada"]], BEN)) == (0, 2)
    moved = ALONE["ada"] | {"location": "Lund", "valid_from": datetime(2018, 11, 2)}
    assert staged(spark, conf, lake, frame(spark, "dim_user", moved)) == (1, 1)


def test_a_text_that_moves_to_a_column_that_was_null_is_a_change(
    spark: SparkSession, conf: Conf, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    always = {"valid_from": datetime(1970, 1, 1), "valid_to": None, "is_current": True, "is_inferred": False}
    was = always | {"artist_key": "a" * 32, "artist_id": "a", "artist_name": "Paris", "location": None}
    staged(spark, conf, lake, frame(spark, "dim_artist", was), of="dim_artist")
    now = was | {"artist_name": None, "location": "Paris"}
    staged(spark, conf, lake, frame(spark, "dim_artist", now), of="dim_artist")
    (row,) = Lake(spark, str(lake)).read("dim_artist").collect()
    assert (row.artist_name, row.location) == (None, "Paris")
