"""Rows of files that have columns of their own (Parquet, Avro), as records like those of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import reduce

import pyarrow.parquet as pq
from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from tracklake.errors import InputMissing
from tracklake.failures import spark_cause
from tracklake.places import literal
from tracklake.storage import READERS, file_system_of

FORMS = ("parquet", "avro")
"""The forms of files that have columns of their own, as their names end."""

_TYPES_DIFFER, _NO_SUCH_TYPE = "CANNOT_MERGE_SCHEMAS", "PARQUET_TYPE_ILLEGAL"
_NAME_TWICE = "COLUMN_ALREADY_EXISTS"
_CASE_COUNTS = "spark.sql.caseSensitive"
_NANOSECONDS_AS_NUMBERS = "spark.sql.legacy.parquet.nanosAsLong"
_NANOSECONDS = "tracklake.nanoseconds"
"""What the metadata of a field say whose numbers are nanoseconds since 1970."""


def form_of(path: str) -> str:
    """Which of FORMS a file has, by its name; empty for one of text."""
    return next((form for form in FORMS if path.lower().endswith(f".{form}")), "")


def parquet_rows(spark: SparkSession, files: list[str]) -> DataFrame:
    """The rows of Parquet files, whose columns and their types may differ, as ``row_records``.

    Spark's own merging of footers, one job for all, comes first; where the types of a column differ, or one is a
    timestamp in nanoseconds, it fails, and footers are read one by one. So they are where files spell a column in
    other cases: Spark would look for it by the spelling of one file, and find nothing in the others.
    """
    paths = [literal(path) for path in files]
    try:
        with _set(spark, _CASE_COUNTS):
            rows = spark.read.option("mergeSchema", "true").parquet(*paths)
            merged = rows.schema
    except (PySparkException, Py4JJavaError) as error:
        if _TYPES_DIFFER not in str(error) and _NO_SUCH_TYPE not in str(error):
            raise
        return _rows_by_schema(spark, "parquet", files)
    if _in_two_cases(merged):
        return _rows_by_schema(spark, "parquet", files)
    return row_records(rows)


def _in_two_cases(kind: T.DataType) -> bool:
    """Whether two fields of one struct have names that differ in case only."""
    if isinstance(kind, T.ArrayType):
        return _in_two_cases(kind.elementType)
    if isinstance(kind, T.MapType):
        return _in_two_cases(kind.keyType) or _in_two_cases(kind.valueType)
    if not isinstance(kind, T.StructType):
        return False
    names = {name.lower() for name in kind.names}
    return len(names) < len(kind.names) or any(_in_two_cases(field.dataType) for field in kind)


def avro_rows(spark: SparkSession, files: list[str]) -> DataFrame:
    """The rows of Avro files, whose fields and their types may differ, as ``row_records``.

    The header of each file is read by the driver: Spark's reader of Avro goes by that of one file, and what only
    others have would be lost.
    """
    return _rows_by_schema(spark, "avro", files)


def file_rows(spark: SparkSession, path: str) -> DataFrame:
    """The rows of one file, Parquet or Avro, with its own columns."""
    form = form_of(path)
    return _load(spark, form, _schemas(spark, form, [path])[0], [path])


def _rows_by_schema(spark: SparkSession, form: str, files: list[str]) -> DataFrame:
    schemas = _schemas(spark, form, files)
    parts = [
        row_records(_load(spark, form, schema, paths))
        for schema, paths in by_schema(zip(files, schemas, strict=True))
    ]
    return reduce(DataFrame.unionByName, parts)


def _load(spark: SparkSession, form: str, schema: T.StructType, files: list[str]) -> DataFrame:
    rows = spark.read.format(form).schema(schema).load([literal(path) for path in files])
    return rows.withColumns({field.name: _moment(field.name) for field in schema if _in_nanoseconds(field)})


def _in_nanoseconds(field: T.StructField) -> bool:
    return _NANOSECONDS in field.metadata


def _moment(name: str) -> Column:
    """Nanoseconds since 1970 as a timestamp, rounded down to the microsecond; a double would not be exact."""
    nanoseconds = column(name).cast("decimal(19,0)")
    return F.timestamp_micros(F.floor(nanoseconds / 1000).cast("bigint"))


def _schemas(spark: SparkSession, form: str, files: list[str]) -> list[T.StructType]:
    """The schema of each file. Spark knows no nanoseconds: their columns are numbers, and marked."""
    with ThreadPoolExecutor(READERS) as readers:
        schemas = dict(zip(files, readers.map(lambda path: _schema(spark, form, path), files), strict=True))
        known = {path: schema for path, schema in schemas.items() if schema is not None}
        if refused := [path for path in files if path not in known]:
            with _set(spark, _NANOSECONDS_AS_NUMBERS):  # no file says any more which numbers are times
                known |= zip(refused, readers.map(lambda path: _marked(spark, path), refused), strict=True)
    return [known[path] for path in files]


def _schema(spark: SparkSession, form: str, path: str) -> T.StructType | None:
    """The schema in a file's header; None if it has a type that Spark does not know."""
    try:
        return spark.read.format(form).load(literal(path)).schema
    except Py4JJavaError as error:
        raise InputMissing(
            f"The header of {path} cannot be read ({spark_cause(str(error))}): bring the file again or take it out of "
            "the logs, and run again. Nothing of this run was published."
        ) from error
    except AnalysisException as error:
        if error.getCondition() == _NAME_TWICE:
            raise InputMissing(
                f"{path} has two columns whose names differ in small and capital letters only: rename one of them, "
                "and run again. Nothing of this run was published."
            ) from error
        if error.getCondition() != _NO_SUCH_TYPE:
            raise
        return None


@contextmanager
def _set(spark: SparkSession, setting: str) -> Iterator[None]:
    """Within, a setting of Spark that is false by default is true."""
    before = spark.conf.get(setting) == "true"
    spark.conf.set(setting, "true")
    try:
        yield
    finally:
        spark.conf.set(setting, before)


def _marked(spark: SparkSession, path: str) -> T.StructType:
    """The schema of a Parquet file, in which the columns are marked that its footer says to be in nanoseconds."""
    schema = _schema(spark, "parquet", path)
    if schema is None:
        raise InputMissing(
            f"{path} has a column of a type that Spark cannot read: write it as another type, times as timestamps in "
            "microseconds, and run again. Nothing of this run was published."
        )
    storage, place = file_system_of(path)
    footer = pq.read_metadata(place, filesystem=storage).schema
    columns = [footer.column(n) for n in range(len(footer.names))]
    counted = {column.path for column in columns if "nanoseconds" in column.logical_type.to_json()}
    return T.StructType(
        [
            T.StructField(field.name, field.dataType, field.nullable, {_NANOSECONDS: True})
            if field.name in counted
            else field
            for field in schema
        ]
    )


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
    return (
        one.name == other.name
        and one.dataType.simpleString() == other.dataType.simpleString()
        and _in_nanoseconds(one) == _in_nanoseconds(other)
    )


def row_records(rows: DataFrame) -> DataFrame:
    """``m``, the columns of a row as text by name (lists and structs as JSON), ``line``, the row as a JSON object,
    which is never ``cut``, ``source_file`` and its ``file_size``."""
    names = [field.name for field in rows.schema]
    texts = [_text(field) for field in rows.schema]
    return rows.select(
        F.map_from_arrays(F.array(*[F.lit(name) for name in names]), F.array(*texts)).alias("m"),
        F.to_json(F.struct(*[column(name) for name in names])).alias("line"),
        F.lit(False).alias("cut"),
        F.col("_metadata.file_path").alias("source_file"),
        F.col("_metadata.file_size").alias("file_size"),
    )


def _text(field: T.StructField) -> Column:
    held = column(field.name)
    nested = isinstance(field.dataType, T.ArrayType | T.StructType | T.MapType)
    return F.to_json(held) if nested else held.cast("string")


def column(name: str) -> Column:
    """The column of that very name, whatever characters are in it."""
    quoted = name.replace("`", "``")
    return F.col(f"`{quoted}`")
