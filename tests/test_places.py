"""Places that a person names, as Spark finds them: on a cluster with another file system, and in object stores."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from pyspark.sql import SparkSession
from rich.console import Console

from jobs import ingest_events
from tests.by_hand import NO_SPARK
from tests.staged_rows import PLAY, frame
from tracklake import cli, storage
from tracklake.config import Conf, load
from tracklake.errors import WrongUsage
from tracklake.jars import OBJECT_STORES
from tracklake.lake import Lake
from tracklake.places import DEFAULT_FILES, absolute, seen_from
from tracklake.progress import Steps
from tracklake.run import Run
from tracklake.sources.files import list_files


@pytest.fixture
def default_files(spark: SparkSession) -> Iterator[None]:
    """What a test tells Spark about the file system of paths holds for that test."""
    said = spark.conf.get(DEFAULT_FILES)
    assert said == "file:///"
    yield
    spark.conf.set(DEFAULT_FILES, said)
    spark.conf.unset("fs.defaultFS")


def look_for_paths(spark: SparkSession, on: str | None) -> None:
    if on is None:
        spark.conf.unset(DEFAULT_FILES)
    else:
        spark.conf.set(DEFAULT_FILES, on)


@pytest.mark.usefixtures("default_files")
@pytest.mark.parametrize(
    ("default", "place", "seen"),
    [
        ("file:///", "/mnt/lake/", "/mnt/lake"),
        ("file:///", "file:///mnt/my%20lake", "/mnt/my lake"),
        ("file:///", "file:///mnt/lake%23%25", "/mnt/lake#%"),
        ("hdfs://host:9000", "/mnt/lake", "file:///mnt/lake"),
        ("hdfs://host:9000", "file:/mnt/my%20lake", "file:///mnt/my lake"),
        ("hdfs://host:9000", "hdfs:///lake", "hdfs:///lake"),
        (None, "file:///mnt/lake", "file:///mnt/lake"),
        (None, "/mnt/lake", "/mnt/lake"),
    ],
)
def test_a_place_on_this_machine_is_a_path_only_where_spark_looks_for_paths_here(
    spark: SparkSession, default: str | None, place: str, seen: str
) -> None:
    look_for_paths(spark, default)

    assert seen_from(spark, place) == seen
    assert seen_from(spark, seen) == seen


@pytest.mark.usefixtures("default_files")
@pytest.mark.parametrize("default", ["hdfs://host:9000", None])
@pytest.mark.parametrize("name", ["100%25", "a%23b", "what%3F"])
def test_a_uri_that_spark_would_take_for_another_folder_is_refused(
    spark: SparkSession, name: str, default: str | None
) -> None:
    look_for_paths(spark, default)
    with pytest.raises(WrongUsage, match="cannot be named by a URI"):
        seen_from(spark, f"file:///mnt/{name}")


@pytest.mark.usefixtures("default_files", "unaudited")
@pytest.mark.parametrize("said", ["nowhere:///", None])
def test_logs_and_a_lake_in_a_mounted_folder_stay_there_where_a_path_is_elsewhere(
    spark: SparkSession, conf: Conf, tmp_path: Path, said: str | None
) -> None:
    mounted = tmp_path / "all for ünß"
    (mounted / "logs").mkdir(parents=True)
    (mounted / "logs" / "2018-11-01.json").write_text("{}")
    logs, lake = (absolute((mounted / name).as_uri(), load("yarn")) for name in ("logs", "lake"))
    look_for_paths(spark, said)
    spark.conf.set("fs.defaultFS", "nowhere:///")  # as a core-site.xml does: no file system at all

    with Run(
        spark, conf, Steps(Console(file=StringIO())), job="test", lake=lake, source="sparkify", input=logs
    ) as run:
        _, folder = run.logs()
        (file,) = list_files(spark, folder)
        run.stage("fact_stream", frame(spark, "fact_stream", PLAY), [PLAY["event_date"]])
        run.finish()

    assert file.path == f"file:{mounted}/logs/2018-11-01.json"
    assert file.days == (date(2018, 11, 1), date(2018, 11, 1))
    assert run.lake.uri == f"file://{mounted}/lake"
    assert [row.event_id for row in Lake(spark, lake).read("fact_stream").collect()] == ["e1"]


@pytest.mark.parametrize(
    ("place", "lacking"),
    [
        ("s3a://bucket/logs", "Class org.apache.hadoop.fs.s3a.S3AFileSystem not found"),
        ("s3://bucket/logs", 'No FileSystem for scheme "s3"'),
        ("gs://bucket/logs", 'No FileSystem for scheme "gs"'),
    ],
)
def test_an_object_store_for_which_spark_has_no_connector_is_wrong_usage(
    spark: SparkSession, tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str, lacking: str
) -> None:
    flags = ["--lake", f"{tmp_path}/lake", "--source", "sparkify", "--input", place]

    assert cli.run_job(ingest_events.main, flags) == 2

    said = capsys.readouterr().err
    assert said.startswith(f"Spark has no connector for the storage that is named ({lacking}): add")
    assert OBJECT_STORES in said
    assert said.count("\n") == 1


def test_the_connectors_are_those_of_the_spark_that_is_installed(spark: SparkSession) -> None:
    assert OBJECT_STORES.endswith(f"_2.13:{spark.version}")


@pytest.mark.parametrize("library", ["libjvm", "libhdfs: libhdfs.so: cannot open shared object file"])
def test_a_lake_on_hdfs_without_hadoops_library_ends_a_run_at_its_start(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def from_uri(uri: str) -> None:
        raise OSError(f"Unable to load {library}")

    monkeypatch.setattr(storage, "fs", SimpleNamespace(FileSystem=SimpleNamespace(from_uri=from_uri)))
    with pytest.raises(
        WrongUsage, match=rf"Unable to load {library}\): .* set JAVA_HOME, HADOOP_HOME and CLASSPATH="
    ):
        Run(NO_SPARK, load("yarn"), Steps(Console()), job="build_facts", lake="hdfs://nowhere:1/lake")
