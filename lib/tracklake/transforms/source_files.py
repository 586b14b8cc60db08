"""Which files are read: those that are new or changed, and what became of their records."""

from __future__ import annotations

from datetime import date, datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.local_rows import local_rows
from tracklake.transforms.arrivals import counts

Listed = tuple[str, int, datetime, date | None, date | None]
"""path, size, modified_at, and between which dates events are taken from a file whose path says none."""


def listing(spark: SparkSession, files: list[Listed]) -> DataFrame:
    """The files as rows, one each."""
    return local_rows(
        spark, files, "path string, size bigint, modified_at timestamp, first_date date, last_date date"
    )


def as_read_last(listed: DataFrame, source_file: DataFrame) -> DataFrame:
    """One row per listed file that was ever read: path, source, first_date, last_date, and ``is_unchanged``.

    A file is unchanged if its size and its time of change are those of when it was read.
    """
    now = listed.select("path", F.col("size").alias("_size"), F.col("modified_at").alias("_modified_at"))
    same = (F.col("size") == F.col("_size")) & (F.col("modified_at") == F.col("_modified_at"))
    return source_file.join(F.broadcast(now), on="path", how="inner").select(
        "path", "source", "first_date", "last_date", same.alias("is_unchanged")
    )


def as_read(listed: DataFrame, arrivals: DataFrame, events: DataFrame) -> DataFrame:
    """The rows of ``source_file`` for the files in ``listed``, without the columns that say who read them when.

    ``events`` are those that the lake will have on the dates of the arrivals. A record is a duplicate unless
    the lake's event was read from its own file.
    """
    of_file = F.col("source_file").alias("path")
    read = counts(arrivals.withColumn("path", of_file), "path")
    held = events.groupBy(of_file).agg(F.count(F.lit(1)).alias("held"))
    numbers = {
        name: F.coalesce(name, F.lit(0)) for name in ("records", "quarantined", "outside_range", "held")
    }
    good = F.col("records") - F.col("quarantined") - F.col("outside_range")
    return (
        listed.join(read, on="path", how="left")
        .join(held, on="path", how="left")
        .withColumns(numbers)
        .withColumn("events", F.least(good, "held"))
        .withColumn("duplicates", good - F.col("events"))
        .drop("held")
    )
