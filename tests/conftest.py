"""What tests share: one Spark session, logs, and runs on lakes in a temporary folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from rich.console import Console

from jobs import run_pipeline
from tests.cluster import LITTLE
from tests.staged_rows import frame
from tracklake import summary
from tracklake.audits import Audits
from tracklake.cli import carry_out
from tracklake.config import Conf, load
from tracklake.lake import Lake
from tracklake.progress import Steps
from tracklake.quality import Auditor, Failure
from tracklake.run import Run
from tracklake.session import spark_session

ROOT = Path(__file__).parents[1]
SMALL_LOGS = ROOT / "tests" / "fixtures" / "sparkify"
REAL_LOGS = Path(os.environ.get("TRACKLAKE_SPARKIFY_LOGS", ROOT.parent / "shared" / "data" / "sparkify"))

Job = Callable[..., Lake]
Audit = Callable[..., tuple[Failure, ...]]


WITHOUT_CHECKSUMS = {
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.RawLocalFs",
}
"""Files alone. Hadoop starts `chmod` for each file and each folder that it makes here, a thousand in a run, and twice
where it keeps a checksum of each beside it. Jobs that are killed keep them, as those of users do."""


def for_small_data(conf: Conf, more: Mapping[str, str] | None = None) -> Conf:
    """A configuration with as few tasks as small data needs, and marts that tell of single listeners."""
    settings = {
        **conf.spark.conf,
        "spark.driver.memory": "4g",
        "spark.sql.shuffle.partitions": "2",
        # It plans each stage anew and makes each a job, a third of a run on few rows. The tests of the command line
        # and of the cluster have it, as users do.
        "spark.sql.adaptive.enabled": "false",
        # On few rows it takes longer to generate code and to compile it than to interpret plans; as above.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.files.minPartitionNum": "1",
        # Each aggregation, sort and broadcast takes a page, of 64 MB where nothing else is said.
        "spark.buffer.pageSize": "1m",
        "spark.driver.extraJavaOptions": f"{LITTLE} -Xms1g",
        # A thousand plans and a table's state for every lake of every test would fill the heap.
        "spark.sql.ui.retainedExecutions": "5",
        "spark.ui.retainedJobs": "20",
        "spark.ui.retainedStages": "20",
        "spark.ui.retainedTasks": "100",
        "spark.databricks.delta.delta.log.cacheSize": "20",
        **(more or {}),
    }
    return conf.model_copy(
        update={
            "spark": conf.spark.model_copy(update={"master": "local[2]", "conf": settings}),
            "privacy": conf.privacy.model_copy(update={"k": 1}),
        }
    )


@pytest.fixture(scope="session")
def conf() -> Conf:
    """conf/local.toml for small data."""
    return for_small_data(load("local"), WITHOUT_CHECKSUMS)


@pytest.fixture(scope="session")
def spark(conf: Conf) -> Iterator[SparkSession]:
    """The one Spark session of all tests."""
    session = spark_session(conf, "tracklake tests")
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def real_logs() -> Path:
    """20 days of real logs, read where they are."""
    if not REAL_LOGS.is_dir():
        pytest.skip(f"The real logs are not at {REAL_LOGS}; TRACKLAKE_SPARKIFY_LOGS may name another place.")
    return REAL_LOGS


@pytest.fixture(scope="session")
def run_job(spark: SparkSession, conf: Conf) -> Job:
    """Runs a job in this process as the command line would, and returns the lake; ``said`` collects its output."""

    def run(
        job: ModuleType,
        lake: Path,
        logs: Path | None = None,
        start: date | None = None,
        end: date | None = None,
        said: StringIO | None = None,
        source: str = "sparkify",
        privacy_k: int = conf.privacy.k,
        **flags: object,
    ) -> Lake:
        console = Console(file=said or StringIO(), width=160)
        new_run = partial(
            Run,
            spark,
            conf.model_copy(update={"privacy": conf.privacy.model_copy(update={"k": privacy_k})}),
            Steps(console),
            job=job.__name__.rpartition(".")[2],
            lake=str(lake),
            source=source if logs else None,
            input=str(logs) if logs else None,
            start=start,
            end=end,
        )
        carry_out(new_run, partial(job.main, **flags))
        return Lake(spark, str(lake))

    return run


@pytest.fixture(scope="session")
def small(run_job: Job, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The lake of the logs by hand, made once by one run of the pipeline: to be read, or copied, never written to."""
    return run_job(run_pipeline, tmp_path_factory.mktemp("small") / "lake", SMALL_LOGS)


@pytest.fixture(scope="session")
def real(run_job: Job, real_logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The lake of the 20 days of real logs, likewise."""
    return run_job(run_pipeline, tmp_path_factory.mktemp("real") / "lake", real_logs)


@pytest.fixture
def unaudited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs publish without an audit: for tests of what is read, which the suites have no say in."""
    monkeypatch.setattr(Audits, "warm_up", lambda self: None)
    monkeypatch.setattr(Audits, "start", lambda self, *args, **flags: None)
    monkeypatch.setattr(summary, "published", lambda *args: (["table"], []))


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lake") / "_docs"


@pytest.fixture(scope="module")
def auditor(spark: SparkSession, docs: Path) -> Auditor:
    return Auditor(spark, str(docs), "run-1")


@pytest.fixture(scope="module")
def against(spark: SparkSession) -> dict[str, DataFrame]:
    return {
        "dim_date": spark.sql("SELECT DATE '2018-11-01' AS date"),
        "dim_user": spark.sql("SELECT 'u1' AS user_key"),
        "dim_track": spark.sql("SELECT 't1' AS track_key, 'SO1' AS track_id"),
        "dim_artist": spark.sql("SELECT 'a1' AS artist_key, 'AR1' AS artist_id"),
        "fact_session": spark.sql("SELECT 's1' AS session_key"),
    }


@pytest.fixture(scope="module")
def audit(spark: SparkSession, auditor: Auditor, against: dict[str, DataFrame]) -> Audit:
    """Failures of the rows given, in the suite of the table given."""

    def failures(table: str, *rows: dict[str, Any]) -> tuple[Failure, ...]:
        return auditor.audit(table, frame(spark, table, *rows), against).failures

    return failures
