"""Rows of files that have columns of their own (Parquet, Avro), as records like those of text."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from tracklake.places import literal


def parquet_rows(spark: SparkSession, files: list[str]) -> DataFrame:
    """The rows of Parquet files whose columns may differ, as ``row_records``.

    A column must have the same type, or one that the other fits into, in all of the files.
    """
    paths = [literal(path) for path in files]
    return row_records(spark.read.option("mergeSchema", "true").parquet(*paths))


def row_records(rows: DataFrame) -> DataFrame:
    """``m``, the columns of a row as text by name (lists and structs as JSON), ``line``, the row as a JSON object,
    which is never ``cut``, ``source_file`` and its ``file_size``."""
    names = [field.name for field in rows.schema]
    texts = [_text(field) for field in rows.schema]
    return rows.select(
        F.map_from_arrays(F.array(*[F.lit(name) for name in names]), F.array(*texts)).alias("m"),
        F.to_json(F.struct(*[F.col(f"`{name}`") for name in names])).alias("line"),
        F.lit(False).alias("cut"),
        F.col("_metadata.file_path").alias("source_file"),
        F.col("_metadata.file_size").alias("file_size"),
    )


def _text(field: T.StructField) -> Column:
    column = F.col(f"`{field.name}`")
    nested = isinstance(field.dataType, T.ArrayType | T.StructType | T.MapType)
    return F.to_json(column) if nested else column.cast("string")
