"""Staging: slices as plain Parquet files in the table's own folder, where no reader of the table sees them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from tracklake.lake.delta import DataFile
from tracklake.tables import Column as Contracted
from tracklake.tables import Contract

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

STATISTICS = ("timestamp", "date", "bigint", "int", "double")
"""Types whose minimum and maximum go into the log; Spark needs a sort to know those of text."""


def folder(run_id: str) -> str:
    """Folder of a run's staged files inside a table's folder. Without a leading underscore, so that VACUUM
    clears what was never committed."""
    return f"staged-{run_id}"


def write(frame: DataFrame, contract: Contract, path: str) -> None:
    """Writes the frame as the contract's columns, in the contract's types, one folder per slice."""
    typed = [F.col(column.name).cast(column.spark_type).alias(column.name) for column in contract.columns]
    writer = frame.select(*typed).write.mode("overwrite")
    if contract.partition_by:
        writer = writer.partitionBy(contract.partition_by)
    writer.parquet(path)


def read(spark: SparkSession, contract: Contract, path: str) -> DataFrame:
    """The staged rows, exactly as they will be published."""
    return spark.read.schema(contract.schema()).parquet(path).select(*contract.names)


def describe(spark: SparkSession, contract: Contract, path: str) -> list[DataFile]:
    """The files with rows below a staging path, each with its number of rows and Delta statistics.

    One job reads the columns in STATISTICS; one row per file comes to the driver. Maxima are rounded up to
    the millisecond, which is as fine as statistics are, never down.
    """
    columns = [c for c in contract.columns if c.type in STATISTICS and c.name != contract.partition_by]
    slice_ = F.col(contract.partition_by) if contract.partition_by else F.lit(None).cast("date")
    files = (
        read(spark, contract, path)
        .select(
            slice_.alias("slice"),
            F.col("_metadata.file_path").alias("path"),
            F.col("_metadata.file_size").alias("size"),
            F.unix_millis("_metadata.file_modification_time").alias("modified_ms"),
            *[column.name for column in columns],
        )
        .groupBy("slice", "path", "size", "modified_ms")
        .agg(F.count(F.lit(1)).alias("rows"), *[bound for column in columns for bound in _bounds(column)])
    )
    marker = "/" + path.rstrip("/").rpartition("/")[2] + "/"
    return [_data_file(row, marker, columns) for row in files.toLocalIterator()]


def _bounds(column: Contracted) -> tuple[Column, Column, Column]:
    value = F.unix_micros(column.name) if column.type == "timestamp" else F.col(column.name)
    return (
        F.min(value).alias(f"min {column.name}"),
        F.max(value).alias(f"max {column.name}"),
        F.count_if(value.isNull()).alias(f"nulls {column.name}"),
    )


def _data_file(row: Row, marker: str, columns: list[Contracted]) -> DataFile:
    stats: dict[str, Any] = {"numRecords": row["rows"], "minValues": {}, "maxValues": {}, "nullCount": {}}
    for column in columns:
        low, high = row[f"min {column.name}"], row[f"max {column.name}"]
        stats["nullCount"][column.name] = row[f"nulls {column.name}"]
        if low is not None and low == low and high == high:  # NaN is the one value that differs from itself
            stats["minValues"][column.name] = _json_value(column.type, low)
            stats["maxValues"][column.name] = _json_value(column.type, high, round_up=True)
    rest = row["path"].rpartition(marker)[2]
    return DataFile(
        path=marker.strip("/") + "/" + rest,
        slice=row["slice"],
        size=row["size"],
        modified_ms=row["modified_ms"],
        rows=row["rows"],
        stats=json.dumps(stats),
    )


def _json_value(type_: str, value: Any, *, round_up: bool = False) -> Any:
    if type_ == "timestamp":
        millis = -(-value // 1000) if round_up else value // 1000
        moment = EPOCH + timedelta(milliseconds=millis)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{millis % 1000:03d}Z"
    return value.isoformat() if type_ == "date" else value
