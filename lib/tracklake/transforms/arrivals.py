"""Arrivals: what a run has read, before it is known which of them are new."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F


def good(arrivals: DataFrame) -> DataFrame:
    """The arrivals that can become events, with the columns of ``event`` only."""
    return arrivals.where(F.col("reason").isNull()).drop("raw_record", "reason", "detail")


def of_dates(start: date | None, end: date | None) -> Column:
    """Whether an arrival belongs to a range of dates, both ends included; one whose date is unknown does."""
    day = F.col("event_date")
    too_early = day < start if start else F.lit(False)
    too_late = day > end if end else F.lit(False)
    return day.isNull() | ~(too_early | too_late)


def counts(arrivals: DataFrame) -> DataFrame:
    """One row per event_date (null where it is unknown): ``read`` records, ``quarantined`` ones among them."""
    return arrivals.groupBy("event_date").agg(
        F.count(F.lit(1)).alias("read"), F.count("reason").alias("quarantined")
    )


def new_by_date(arrivals: DataFrame, published: DataFrame) -> DataFrame:
    """One row per event_date: ``events``, the number of event_ids that no published event of the date has.

    Ids are told apart by a 64-bit hash: two of 10^7 ids on one day agree by chance once in 370,000 days
    (birthday bound). The count is the run's own check of what it publishes.
    """
    ids = [F.col("event_date"), F.xxhash64("event_id").alias("id")]
    return (
        arrivals.select(*ids)
        .distinct()
        .join(published.select(*ids), on=["event_date", "id"], how="left_anti")
        .groupBy("event_date")
        .agg(F.count(F.lit(1)).alias("events"))
    )


def quarantine(arrivals: DataFrame, published: DataFrame) -> DataFrame:
    """quarantine rows of the arrivals with a reason, those left out that an earlier run quarantined already.

    Two equal records of one file are two rows.
    """
    record = ("source_file", "raw_record")
    stood = published.groupBy(*record).agg(F.count(F.lit(1)).alias("_stood"))
    nth = F.row_number().over(Window.partitionBy(*record).orderBy("reason"))
    return (
        arrivals.where(F.col("reason").isNotNull())
        .withColumn("_nth", nth)
        .join(stood, on=list(record), how="left")
        .where(F.col("_nth") > F.coalesce("_stood", F.lit(0)))
        .select(
            "raw_record", "reason", "detail", "source", "source_file", "event_date", "run_id", "ingested_at"
        )
    )
