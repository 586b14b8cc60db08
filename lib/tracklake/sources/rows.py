"""Rows of files that have columns of their own (Parquet, Avro), as records like those of text."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import reduce

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from tracklake.errors import InputMissing
from tracklake.failures import spark_cause
from tracklake.places import literal

READERS = 8
"""Files whose headers are read at the same time: the driver waits for storage most of the while."""

_TYPES_DIFFER = "CANNOT_MERGE_SCHEMAS"


def parquet_rows(spark: SparkSession, files: list[str]) -> DataFrame:
    """The rows of Parquet files, whose columns and their types may differ, as ``row_records``.

    Spark's own merging of footers, one job for all, comes first; where the types of a column differ it fails, and
    footers are read one by one.
    """
    paths = [literal(path) for path in files]
    try:
        rows = spark.read.option("mergeSchema", "true").parquet(*paths)
    except (PySparkException, Py4JJavaError) as error:
        if _TYPES_DIFFER not in str(error):
            raise
        return _rows_by_schema(spark, "parquet", files)
    return row_records(rows)


def avro_rows(spark: SparkSession, files: list[str]) -> DataFrame:
    """The rows of Avro files, whose fields and their types may differ, as ``row_records``.

    The header of each file is read by the driver: Spark's reader of Avro goes by that of one file, and what only
    others have would be lost.
    """
    return _rows_by_schema(spark, "avro", files)


def _rows_by_schema(spark: SparkSession, form: str, files: list[str]) -> DataFrame:
    with ThreadPoolExecutor(READERS) as readers:
        schemas = list(readers.map(lambda path: _schema(spark, form, path), files))
    parts = [
        row_records(spark.read.format(form).schema(schema).load([literal(path) for path in paths]))
        for schema, paths in by_schema(zip(files, schemas, strict=True))
    ]
    return reduce(DataFrame.unionByName, parts)


def _schema(spark: SparkSession, form: str, path: str) -> T.StructType:
    try:
        return spark.read.format(form).load(literal(path)).schema
    except Py4JJavaError as error:
        raise InputMissing(
            f"The header of {path} cannot be read ({spark_cause(str(error))}): bring the file again or take it out of "
            "the logs, and run again. Nothing of this run was published."
        ) from error


def by_schema(files: Iterable[tuple[str, T.StructType]]) -> list[tuple[T.StructType, list[str]]]:
    """The files in groups that can be read together, each with all fields that any of its files has.

    A file joins the first group in which every field that it shares has the same type, and the same case.
    """
    groups: list[tuple[dict[str, T.StructField], list[str]]] = []
    for path, schema in files:
        own = {field.name.lower(): field for field in schema}
        for fields, paths in groups:
            if all(_alike(fields[name], field) for name, field in own.items() if name in fields):
                fields.update(own)
                paths.append(path)
                break
        else:
            groups.append((own, [path]))
    return [(T.StructType([*fields.values()]), paths) for fields, paths in groups]


def _alike(one: T.StructField, other: T.StructField) -> bool:
    """Whether two fields are the same but for what may be null in them."""
    return one.name == other.name and one.dataType.simpleString() == other.dataType.simpleString()


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
