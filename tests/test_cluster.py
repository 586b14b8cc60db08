"""On a Spark standalone cluster: the library reaches the executors, the tables are those of local mode."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from jobs import run_pipeline
from tests.cluster import QUICK, Cluster, standalone_cluster
from tests.conftest import ROOT, SMALL_LOGS, Job
from tests.same_lake import same_lake
from tracklake.config import load
from tracklake.jars import resolve, spark_submit
from tracklake.lake import Lake
from tracklake.packing import pack
from tracklake.tables import CONTRACTS

pytestmark = pytest.mark.slow

SMALL = (
    *("--conf", "spark.cores.max=1"),
    *("--conf", "spark.sql.shuffle.partitions=2"),
    *("--conf", "spark.ui.enabled=false"),
    *("--conf", f"spark.driver.extraJavaOptions={QUICK}"),
    *("--conf", f"spark.executor.extraJavaOptions={QUICK}"),
)
WAYS = ("./spark-submit.sh", "spark-submit")

PROBE = '''
"""Writes down where an executor's Python finds the library, and whether it would find another one."""
import json, sys
from pathlib import Path
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

def look(_):
    from importlib.machinery import PathFinder
    import tracklake.tables
    library = Path(tracklake.__file__).absolute()
    beside = [place for place in sys.path if not library.is_relative_to(Path(place).absolute())]
    return json.dumps({
        "library": str(library),
        "tables": sorted(tracklake.tables.CONTRACTS),
        "another": str(PathFinder.find_spec("tracklake", beside)),
    })

(found,) = SparkSession.builder.getOrCreate().range(1).select(udf(look)("id")).first()
Path(sys.argv[1]).write_text(found)
'''


@dataclass(frozen=True)
class Submitted:
    """A run on the cluster: the lake that it fills, the output of the command, and its exit code to come."""

    lake: Path
    log: Path
    code: Future[int]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A master and a worker, for as long as this file takes."""
    with standalone_cluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


def test_executors_import_the_library_from_the_zip_and_have_no_other(
    cluster: Cluster, tmp_path: Path
) -> None:
    probe, found, log = tmp_path / "probe.py", tmp_path / "found.json", tmp_path / "log"
    probe.write_text(PROBE)

    code = cluster.submit([*plain_spark_submit(cluster), probe, found], log)

    assert code == 0, tail(log)
    said = json.loads(found.read_text())
    library = Path(said["library"])
    assert library.is_relative_to(cluster.executors)
    assert library.parts[-3:] == (pack().name, "tracklake", "__init__.py")
    assert said["tables"] == sorted(CONTRACTS)
    assert said["another"] == "None"


@pytest.fixture(scope="module")
def submitted(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Submitted]]:
    """run_pipeline on the cluster, submitted in each of the ways, side by side while the tests begin."""
    folders = {way: tmp_path_factory.mktemp("submitted") for way in WAYS}
    commands = {way: run_pipeline_on(cluster, way, folder / "lake") for way, folder in folders.items()}
    with ThreadPoolExecutor() as pool:
        yield {
            way: Submitted(
                folder / "lake", folder / "log", pool.submit(cluster.submit, commands[way], folder / "log")
            )
            for way, folder in folders.items()
        }


@pytest.fixture(scope="module")
def local(run_job: Job, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The lake that local mode makes of the logs by hand, with the privacy that is shipped."""
    lake = tmp_path_factory.mktemp("local") / "lake"
    return run_job(run_pipeline, lake, SMALL_LOGS, privacy_k=load("standalone").privacy.k)


@pytest.mark.parametrize("way", WAYS)
def test_the_tables_equal_those_of_local_mode(
    spark: SparkSession, submitted: dict[str, Submitted], local: Lake, way: str
) -> None:
    this = submitted[way]
    assert this.code.result() == 0, tail(this.log)
    same_lake(Lake(spark, str(this.lake)), local, at_once=True)
    assert set(local.release().tables) == set(CONTRACTS)


def run_pipeline_on(cluster: Cluster, way: str, lake: Path) -> Sequence[str | Path]:
    flags = ("--env", "standalone", "--lake", lake, "--source", "sparkify", "--input", SMALL_LOGS)
    if way == "spark-submit":
        return [*plain_spark_submit(cluster), ROOT / "jobs" / "run_pipeline.py", *flags]
    return [ROOT / way, "run_pipeline", "--master", cluster.master, *flags, "--", *SMALL]


def plain_spark_submit(cluster: Cluster) -> Sequence[str]:
    """Spark's own command with all that README asks for: the library's zip and Delta."""
    jars = ",".join(str(jar) for jar in resolve())
    return [*spark_submit(), "--master", cluster.master, "--py-files", str(pack()), "--jars", jars, *SMALL]


def tail(log: Path) -> str:
    return log.read_text(errors="replace")[-4000:]
