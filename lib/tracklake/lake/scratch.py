"""Scratch: what a run keeps for itself while it lasts."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession

from tracklake.places import literal


def keep(spark: SparkSession, frame: DataFrame, path: str, by: str | None = None) -> DataFrame:
    """The frame, written down at ``path``, one folder per value of the column ``by``.

    Without dictionaries of values: to build them costs a sixth of the writing, and what is read once or twice and
    then removed need not be small.
    """
    writer = frame.write.mode("overwrite").option("parquet.enable.dictionary", "false")
    (writer.partitionBy(by) if by else writer).parquet(path)
    return spark.read.schema(frame.schema).parquet(literal(path)).select(*frame.columns)
