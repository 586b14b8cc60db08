"""Arrivals: what a run has read, before it is known which of them are new."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from tracklake.tables import contract

OUTSIDE = "outside_range"
"""``reason`` of a record that the range does not pick: it is counted, and neither event nor quarantined."""


FORMS_TYPE = "map<string,string>"
"""Type of ``forms``: by column of event, in which form the record held its value; null where nobody looked."""


def none(spark: SparkSession) -> DataFrame:
    """Arrivals of no file."""
    nothing = contract("event").no_rows(spark).drop("ingested_at", "run_id")
    return with_reasons(nothing).withColumn("forms", F.lit(None).cast(FORMS_TYPE))


def with_reasons(records: DataFrame) -> DataFrame:
    """The records, all of them good, with the columns that say why one is not."""
    return records.withColumns(
        {name: F.lit(None).cast("string") for name in ("raw_record", "reason", "detail")}
    )


def within(arrivals: DataFrame, start: date | None, end: date | None) -> DataFrame:
    """The arrivals, of which those with an event_date outside of the range keep their source_file only.

    For files whose path says no date. A record whose date is unknown stays.
    """
    day = F.col("event_date")
    outside = F.lit(False)
    if start:
        outside = outside | (day < F.lit(start))
    if end:
        outside = outside | (day > F.lit(end))
    inside = day.isNull() | ~outside
    kept = {name: F.when(inside, F.col(name)) for name in arrivals.columns if name != "source_file"}
    kept["reason"] = F.when(inside, F.col("reason")).otherwise(OUTSIDE)
    return arrivals.withColumns(kept)


def is_quarantined() -> Column:
    """Whether an arrival is one that the range picks, and cannot become an event."""
    return F.col("reason").isNotNull() & (F.col("reason") != OUTSIDE)


def good(arrivals: DataFrame) -> DataFrame:
    """The arrivals that can become events, with the columns of ``event`` only."""
    return arrivals.where(F.col("reason").isNull()).drop("raw_record", "reason", "detail", "forms")


def bad(records: DataFrame) -> DataFrame:
    """Of records of logs or of a catalogue those to be quarantined, with the columns of ``quarantine``."""
    day = F.col("event_date") if "event_date" in records.columns else F.lit(None)
    return records.where(is_quarantined()).select(
        F.make_valid_utf8("raw_record").alias("raw_record"),
        "reason",
        "detail",
        "source",
        "source_file",
        day.cast("date").alias("event_date"),
        "run_id",
        "ingested_at",
    )


def counts(arrivals: DataFrame, *by: str) -> DataFrame:
    """One row per value of ``by``: ``records``, of which some are ``quarantined``, some ``outside_range``."""
    return arrivals.groupBy(*by).agg(
        F.count(F.lit(1)).alias("records"),
        F.count_if(is_quarantined()).alias("quarantined"),
        F.count_if(F.col("reason") == OUTSIDE).alias("outside_range"),
    )


def on_one_day(good: DataFrame, published: DataFrame) -> DataFrame:
    """The good arrivals but those whose event_id the lake, or else an earlier one of them, has on another day.

    For sources with ids of their own, which do not change with event_time. Looks at the ids of all ``published``.
    """
    here = good.select(F.xxhash64("event_id").alias("_id"), "event_date")
    first = here.groupBy("_id").agg(F.min("event_date").alias("_first"))
    held = published.select(F.xxhash64("event_id").alias("_id"), F.col("event_date").alias("_held"))
    days = first.join(held, on="_id", how="left").select("_id", F.coalesce("_held", "_first").alias("_day"))
    mine = (F.xxhash64("event_id") == F.col("_id")) & (F.col("event_date") == F.col("_day"))
    return good.join(days, on=mine, how="left_semi")


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


def quarantine(bad: DataFrame, published: DataFrame) -> DataFrame:
    """quarantine rows of the bad records, those left out that an earlier run quarantined already.

    Two equal records of one file are two rows. Bytes that are no UTF-8 are U+FFFD in raw_record.
    """
    record = ("source_file", "raw_record")
    stood = published.groupBy(*record).agg(F.count(F.lit(1)).alias("_stood"))
    nth = F.row_number().over(Window.partitionBy(*record).orderBy("reason"))
    return (
        bad.withColumn("_nth", nth)
        .join(stood, on=list(record), how="left")
        .where(F.col("_nth") > F.coalesce("_stood", F.lit(0)))
        .select(*bad.columns)
    )
