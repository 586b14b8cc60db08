"""The contenders: how each is started on a folder of logs, and where its tables are afterwards."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
from deltalake import DeltaTable

from tracklake.config import load
from tracklake.jars import spark_home
from tracklake.lake.releases import Ledger
from tracklake.submit import Submission, command

BENCH = Path(__file__).parent

Tables = Callable[[duckdb.DuckDBPyConnection, Path, str], duckdb.DuckDBPyRelation]


@dataclass(frozen=True)
class Contender:
    """``command(logs, output)`` fills ``output``; ``table(con, output, name)`` is a table of it in DuckDB."""

    name: str
    about: str
    command: Callable[[Path, Path], list[str]]
    table: Tables


def submitted(job: str, *flags: str) -> list[str]:
    """What ./spark-submit.sh runs once everything is set up."""
    return [sys.executable, "-P", "-m", "tracklake.submit", job, *flags]


def ingestion(logs: Path, lake: Path, source: str = "sparkify") -> list[str]:
    """ingest_events on the logs."""
    return submitted("ingest_events", "--lake", str(lake), "--source", source, "--input", str(logs))


def _tracklake(logs: Path, output: Path) -> list[str]:
    flags = ("--lake", str(output), "--source", "sparkify", "--input", str(logs))
    return command(Submission(BENCH / "star_schema.py", flags, (), load("local")))


def _plain(logs: Path, output: Path) -> list[str]:
    script = BENCH / "plain_pyspark.py"
    return command(Submission(script, (str(logs), str(output)), (), load("local")))


def _duckdb(logs: Path, output: Path) -> list[str]:
    return [sys.executable, str(BENCH / "duckdb_pipeline.py"), str(logs), str(output)]


def _released(con: duckdb.DuckDBPyConnection, output: Path, table: str) -> duckdb.DuckDBPyRelation:
    version = Ledger(str(output / "_releases")).newest().tables[table]
    return con.from_arrow(DeltaTable(output / table, version=version).to_pyarrow_dataset())


def _delta(con: duckdb.DuckDBPyConnection, output: Path, table: str) -> duckdb.DuckDBPyRelation:
    return con.from_arrow(DeltaTable(output / table).to_pyarrow_dataset())


def _parquet(con: duckdb.DuckDBPyConnection, output: Path, table: str) -> duckdb.DuckDBPyRelation:
    return con.from_parquet(str(output / f"{table}.parquet"))


CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender("tracklake", "run_pipeline without the marts, audits and all", _tracklake, _released),
        Contender("plain", "the same tables by plain PySpark and Delta, no audits", _plain, _delta),
        Contender("duckdb", "the same tables by DuckDB, to Parquet", _duckdb, _parquet),
    )
}


def environment() -> Mapping[str, str]:
    """The caller's environment, with pip's Spark and this Python, as the launcher gives it to its jobs."""
    return {
        **os.environ,
        "SPARK_HOME": str(spark_home()),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": str(BENCH.parent),  # star_schema.py imports jobs
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
