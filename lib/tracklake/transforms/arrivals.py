"""Arrivals: what a run has read, before it is known which of them are new."""

from __future__ import annotations

from collections.abc import Sequence
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
        outside = outside | (day < _date(start))
    if end:
        outside = outside | (day > _date(end))
    inside = day.isNull() | ~outside
    kept = {name: F.when(inside, F.col(name)) for name in arrivals.columns if name != "source_file"}
    kept["reason"] = F.when(inside, F.col("reason")).otherwise(OUTSIDE)
    return arrivals.withColumns(kept)


def _date(day: date) -> Column:
    """The day, which may be one of the first thousand years: F.lit cannot write these."""
    return F.lit(day.isoformat()).cast("date")


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


def copies(good: DataFrame, published: DataFrame) -> DataFrame:
    """One row per event_id (its ``id_hash``) that came more than once, or that the lake has (``is_held``).

    Looks at the ids of all ``published``. They are told apart by 128 bits: among 10^9 of the lake 10^7 that come
    meet one of the same hash with a chance of 10^16 / 2^128, or 3e-23 (union bound).
    """
    come = good.select(_id_hash()).groupBy("id_hash").agg(F.count(F.lit(1)).alias("_times"))
    held = published.select(_id_hash()).join(come, on="id_hash", how="left_semi").distinct()
    return (
        come.join(held.withColumn("_held", F.lit(True)), on="id_hash", how="left")
        .select("id_hash", F.coalesce("_held", F.lit(False)).alias("is_held"), "_times")
        .where(F.col("is_held") | (F.col("_times") > 1))
        .drop("_times")
    )


def first_copies(good: DataFrame, copies: DataFrame) -> DataFrame:
    """The good arrivals, each event_id once, by ``order_of_copies``; none with an id that the lake has."""
    told = good.select("*", _id_hash())
    alone = told.join(copies, on="id_hash", how="left_anti")
    several = told.join(copies.where(~F.col("is_held")), on="id_hash", how="left_semi")
    nth = F.row_number().over(Window.partitionBy("id_hash").orderBy(*order_of_copies(good.columns)))
    first = several.withColumn("_nth", nth).where(F.col("_nth") == 1)
    return alone.select(*good.columns).unionByName(first.select(*good.columns))


def order_of_copies(columns: Sequence[str]) -> list[str]:
    """By what, of several copies of an event that come in one run, the first is told: time, file, all else.

    Copies that are equal in all of it are the same event.
    """
    return [
        "event_time",
        "source_file",
        *(name for name in columns if name not in ("event_time", "source_file")),
    ]


def _id_hash() -> Column:
    return F.struct(
        F.xxhash64("event_id").alias("one"), F.xxhash64(F.lit(1), F.col("event_id")).alias("other")
    ).alias("id_hash")


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
    of_these = published.join(bad.select("source_file").distinct(), on="source_file", how="left_semi")
    stood = of_these.groupBy(*record).agg(F.count(F.lit(1)).alias("_stood"))
    nth = F.row_number().over(Window.partitionBy(*record).orderBy("reason"))
    return (
        bad.withColumn("_nth", nth)
        .join(stood, on=list(record), how="left")
        .where(F.col("_nth") > F.coalesce("_stood", F.lit(0)))
        .select(*bad.columns)
    )
