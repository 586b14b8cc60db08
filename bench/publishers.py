"""Publishes prepared rows in one of three ways: publishers.py CONTENDER ROWS OUTPUT; ``prepare
ROWS NUMBER`` makes the rows. Its standard output ends with
the seconds that the publishing of event and fact_stream took, once Spark was up and their members were there."""

import json
import sys
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import rows
from pyspark.sql import DataFrame, SparkSession
from rich.console import Console

from tracklake.config import load
from tracklake.progress import Steps
from tracklake.run import Run
from tracklake.session import spark_session
from tracklake.suite_files import load_suite
from tracklake.tables import contract


def plain(spark: SparkSession, folder: Path, output: Path) -> float:
    """Each table by one Delta write that replaces its days; nothing is audited."""
    for table in rows.MEMBERS:
        rows.read(spark, folder, table).write.format("delta").save(f"{output}/{table}")
    started = time.monotonic()
    for table in rows.SLICED:
        _replace(rows.read(spark, folder, table), output, table)
    return time.monotonic() - started


def tracklake(spark: SparkSession, folder: Path, output: Path) -> float:
    """Staged, audited, and committed as one release."""
    _release(spark, folder, output, rows.MEMBERS)
    started = time.monotonic()
    _release(spark, folder, output, rows.SLICED)
    return time.monotonic() - started


def naive(spark: SparkSession, folder: Path, output: Path) -> float:
    """The same suites by Great Expectations as its guides call it, expectation by expectation, then the write."""
    for table in rows.MEMBERS:
        frame = rows.read(spark, folder, table)
        frame.write.format("delta").save(f"{output}/{table}")
        spark.read.format("delta").load(f"{output}/{table}").createOrReplaceTempView(table)
    started = time.monotonic()
    for table in rows.SLICED:
        frame = rows.read(spark, folder, table)
        _validate_one_by_one(frame, table)
        _replace(frame, output, table)
    return time.monotonic() - started


def prepare(spark: SparkSession, folder: Path, number: Path) -> float:
    """Makes the rows that the others publish."""
    started = time.monotonic()
    rows.prepare(spark, folder, int(number.name))
    return time.monotonic() - started


CONTENDERS: dict[str, Callable[[SparkSession, Path, Path], float]] = {
    "prepare": prepare,
    "plain": plain,
    "tracklake": tracklake,
    "naive": naive,
}


def _replace(frame: DataFrame, output: Path, table: str) -> None:
    first, last = rows.days()[0], rows.days()[-1]
    writer = frame.write.format("delta").mode("overwrite").partitionBy("event_date")
    writer.option("replaceWhere", f"event_date BETWEEN '{first}' AND '{last}'").save(f"{output}/{table}")


def _release(spark: SparkSession, folder: Path, output: Path, tables: tuple[str, ...]) -> None:
    said = Steps(Console(file=StringIO()))
    with Run(spark, load("local"), said, job="publish", lake=str(output)) as run:
        for table in tables:
            frame = rows.read(spark, folder, table)
            if contract(table).partition_by:
                run.stage(table, frame, rows.days())
            else:
                run.stage_members(table, frame, contract(table).key[0])
        run.finish()


def _validate_one_by_one(frame: DataFrame, table: str) -> None:
    import great_expectations as gx
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_spark(table).add_dataframe_asset(table)
    batch = asset.add_batch_definition_whole_dataframe("rows").get_batch({"dataframe": frame})
    for one in load_suite(table)["expectations"]:
        if str(one.get("description")).startswith("No two rows"):
            one = {"type": "expect_column_values_to_be_unique", "kwargs": {"column": contract(table).key[0]}}
        config = ExpectationConfiguration(type=one["type"], kwargs=one["kwargs"])
        result = batch.validate(config.to_domain_obj(), result_format="COMPLETE")
        if not result.success:
            sys.exit(f"{table}: {one} failed, {result.result} {result.exception_info}")


def main(name: str, folder: str, output: str) -> None:
    """Publishes, and prints what it took."""
    spark = spark_session(load("local"), f"publish {name}")
    print(json.dumps({"seconds": CONTENDERS[name](spark, Path(folder), Path(output))}))


if __name__ == "__main__":
    main(*sys.argv[1:])
