"""Rows that this process holds, as a DataFrame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType


def local_rows(spark: SparkSession, rows: Iterable[Sequence[Any]], schema: StructType | str) -> DataFrame:
    """The rows, whose values stand in the order of the schema (a StructType, or DDL).

    They go to Spark as Arrow and stay in the plan; a list of tuples would take a Python worker to be read,
    0.3 s each time. Moments without a time zone are UTC.
    """
    typed = cast("StructType", StructType.fromDDL(schema)) if isinstance(schema, str) else schema
    named = [dict(zip(typed.names, row, strict=True)) for row in rows]
    frame: DataFrame = spark.createDataFrame(
        pa.Table.from_pylist(named, schema=to_arrow_schema(typed)), typed
    )
    return frame
