"""Staging: slices as plain Parquet files in the table's own folder, where no reader of the table sees them."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession

from tracklake.lake.delta import DataFile
from tracklake.lake.footers import rows_and_statistics
from tracklake.places import literal
from tracklake.storage import Folder
from tracklake.tables import Contract

COMPRESSION = "zstd"
"""As fast to write as Parquet's usual snappy, at half the size; every reader of Delta tables knows it."""


def folder(run_id: str) -> str:
    """Folder of a run's staged files inside a table's folder. Without a leading underscore, so that VACUUM
    clears what was never committed."""
    return f"staged-{run_id}"


def write(frame: DataFrame, contract: Contract, path: str) -> None:
    """Writes the frame as the contract's columns, in the contract's types, one folder per slice."""
    typed = [f"CAST({column.name} AS {column.type}) AS {column.name}" for column in contract.columns]
    writer = frame.selectExpr(*typed).write.mode("overwrite").option("compression", COMPRESSION)
    for name in _with_many_values(contract):
        writer = writer.option(f"parquet.enable.dictionary#{name}", "false")
    if contract.partition_by:
        writer = writer.partitionBy(contract.partition_by)
    writer.parquet(path)


def read(spark: SparkSession, contract: Contract, path: str) -> DataFrame:
    """The staged rows, exactly as they will be published."""
    return spark.read.schema(contract.schema()).parquet(literal(path)).select(*contract.names)


def describe(contract: Contract, path: str) -> list[DataFile]:
    """The files with rows below a staging path, each with its number of rows and Delta statistics.

    They are told from the files' footers, so that no row is read again; one entry per file comes to the driver.
    Files that Spark would not read are none of them, such as those of tasks that never ended.
    """
    files = [
        file for file in Folder(path).files() if file.path.endswith(".parquet") and not _is_hidden(file.path)
    ]
    described = rows_and_statistics(Folder(path), [file.path for file in files], contract)
    staged = path.rstrip("/").rpartition("/")[2]
    return [
        DataFile(
            path=f"{staged}/{file.path}",
            slice=_slice(file.path, contract),
            size=file.size,
            modified_ms=int(file.modified_at.timestamp() * 1000),
            rows=rows,
            stats=stats,
        )
        for file, (rows, stats) in zip(files, described, strict=True)
        if rows
    ]


def _is_hidden(path: str) -> bool:
    """Whether Spark passes over a file, since it, or a folder that it is in, is named so (``_temporary``)."""
    return any(part.startswith(("_", ".")) for part in path.split("/"))


def _with_many_values(contract: Contract) -> list[str]:
    """The columns of which Parquet would only try to make a dictionary: a third of the time of writing.

    That are numbers, moments and sketches, and a key that has another value in each row of a file.
    """
    key = [name for name in contract.key if name != contract.partition_by]
    return [
        column.name
        for column in contract.columns
        if column.type in ("bigint", "double", "binary", "timestamp") or [column.name] == key
    ]


def _slice(path: str, contract: Contract) -> date | None:
    if contract.partition_by is None:
        return None
    return date.fromisoformat(path.rpartition(f"{contract.partition_by}=")[2].partition("/")[0])
