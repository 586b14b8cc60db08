"""A session that is there already: a notebook's, or one that spark-submit has settings for."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import IllegalArgumentException
from pyspark.sql import DataFrameReader, SparkSession

import tracklake
from tracklake import session
from tracklake.config import Conf, load
from tracklake.errors import TracklakeError, WrongUsage
from tracklake.failures import explain, refused_setting
from tracklake.session import spark_session, spark_settings

STATIC = "spark.sql.filesourceTableRelationCacheSize"
UNSAID = "spark.sql.sources.parallelPartitionDiscovery.parallelism"
SAID = "spark.sql.shuffle.partitions"


@pytest.mark.parametrize(
    ("env", "default"), [("local", "file:///"), ("standalone", "file:///"), ("yarn", None), ("k8s", None)]
)
def test_where_a_path_may_be_given_it_is_one_of_this_machine(env: str, default: str | None) -> None:
    assert spark_settings(load(env)).get("spark.hadoop.fs.defaultFS") == default


@pytest.mark.parametrize(
    ("env", "key", "theirs", "expected"),
    [
        ("local", "spark.driver.extraClassPath", "/their.jar", "/ours.jar:/their.jar"),
        ("local", "spark.jars.packages", "their:s3:1", "our:delta:1,their:s3:1"),
        ("yarn", "spark.jars", "/their.jar", "/ours.jar,/their.jar"),
        ("yarn", "spark.jars.packages", None, "our:delta:1"),
    ],
)
def test_jars_that_an_environment_names_come_beside_those_that_spark_lacks(
    env: str, key: str, theirs: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "resolved", lambda: ["/ours.jar"])
    monkeypatch.setattr(session, "missing", lambda: ["our:delta:1"])
    conf = load(env)
    said = {"conf": {**conf.spark.conf, **({key: theirs} if theirs else {})}}
    assert (
        session.class_path(conf.model_copy(update={"spark": conf.spark.model_copy(update=said)}))[key]
        == expected
    )


def test_without_java_a_sentence_says_what_it_takes(tmp_path: Path) -> None:
    """As a notebook meets it, in a process of its own."""
    open_a_lake = (
        "import tracklake\ntry:\n    tracklake.open('lake')\n"
        "except tracklake.errors.WrongUsage as error:\n    print(error)"
    )
    without = {"JAVA_HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    started = {name: text for name, text in os.environ.items() if name != "PYSPARK_GATEWAY_PORT"} | without
    done = subprocess.run(
        [sys.executable, "-c", open_a_lake], cwd=tmp_path, env=started, capture_output=True, text=True
    )
    assert done.stdout.startswith("Spark did not start: it takes Java 17 or newer"), done.stderr


def test_it_takes_what_it_does_not_say_and_can_still_be_said(spark: SparkSession, conf: Conf) -> None:
    said = spark.conf.get(SAID)
    more = {**conf.spark.conf, STATIC: "7", UNSAID: "77", SAID: "99"}
    try:
        spark_session(
            conf.model_copy(update={"spark": conf.spark.model_copy(update={"conf": more})}), "again"
        )
        assert [spark.conf.get(key) for key in (SAID, STATIC, UNSAID)] == [said, "1000", "77"]
    finally:
        spark.conf.unset(UNSAID)


def test_a_path_opens_a_lake_as_its_text_does_and_an_empty_text_none(
    spark: SparkSession, tmp_path: Path
) -> None:
    assert tracklake.open(tmp_path, spark).uri == tracklake.open(str(tmp_path), spark).uri == str(tmp_path)
    with pytest.raises(WrongUsage, match='place "" is no lake'):
        tracklake.open("", spark)


def test_where_the_session_lacks_delta_it_is_said_in_one_sentence(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = DataFrameReader.format
    monkeypatch.setattr(DataFrameReader, "format", lambda self, name: known(self, f"{name}-is-not-there"))
    with pytest.raises(WrongUsage, match="The Delta jars are not on Spark's class path"):
        tracklake.open(tmp_path, spark).at_version("event", 1)


def test_a_session_that_is_handed_over_is_held_to_utc_and_ansi_rules(
    spark: SparkSession, tmp_path: Path
) -> None:
    theirs = spark.newSession()
    theirs.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    theirs.conf.set("spark.sql.ansi.enabled", "false")
    lake = tracklake.open(str(tmp_path), theirs)
    assert lake.spark is theirs
    assert {key: theirs.conf.get(key) for key in session.FIXED} == session.FIXED


def test_whatever_a_session_says_a_file_without_its_end_is_not_read(
    spark: SparkSession, tmp_path: Path
) -> None:
    """Else it counts as read, and what it lacks is lost."""
    (tmp_path / "cut.gz").write_bytes(gzip.compress(os.urandom(4_000))[:2_000])
    theirs = spark.newSession()
    theirs.conf.set("spark.sql.files.ignoreCorruptFiles", "true")
    assert theirs.read.text(str(tmp_path / "cut.gz")).count() < 4_000
    tracklake.open(str(tmp_path), theirs)
    with pytest.raises(Exception, match="Unexpected end of input stream"):
        theirs.read.text(str(tmp_path / "cut.gz")).count()


class GivenUp(Py4JJavaError):
    """What Spark says where its master does not answer, after a minute."""

    def __init__(self) -> None:
        pass

    def __str__(self) -> str:
        return ": java.lang.IllegalStateException: Cannot call methods on a stopped SparkContext.\n"


def test_where_the_master_does_not_answer_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(conf: Conf, name: str) -> SparkSession:
        raise GivenUp

    monkeypatch.setattr(SparkSession, "getActiveSession", lambda: None)
    monkeypatch.setattr(session, "_build", build)
    with pytest.raises(TracklakeError, match="its master, spark://here:7077, does not answer"):
        spark_session(load("standalone").on("spark://here:7077"), "nobody")


def test_spark_that_has_stopped_went_away() -> None:
    assert explain(GivenUp()).sentence.startswith("Spark went away in the middle of the run")


def test_a_value_that_spark_refuses_is_wrong_usage(spark: SparkSession, conf: Conf) -> None:
    said = {"conf": {**conf.spark.conf, UNSAID: "many"}}
    with pytest.raises(WrongUsage, match=rf"refuses a setting: .*'many' .*{UNSAID}.* is invalid"):
        spark_session(conf.model_copy(update={"spark": conf.spark.model_copy(update=said)}), "refused")


def test_a_new_session_with_a_value_that_spark_refuses_comes_to_an_end(spark: SparkSession) -> None:
    sessions = getattr(spark._jvm, "org.apache.spark.sql.classic.SparkSession")
    new = SimpleNamespace(
        _jvm=spark._jvm,
        _jsparkSession=sessions(spark._jsc.sc(), {SAID: "many"}),
        stop=lambda: None,
    )
    try:
        with pytest.raises(IllegalArgumentException) as refused:
            session.look_at_settings(new)
    finally:
        sessions.setActiveSession(spark._jsparkSession)
    said = str(refused_setting(refused.value))
    assert said.startswith("Spark refuses a setting: [INVALID_CONF_VALUE.TYPE_MISMATCH] The value 'many' in")
    assert SAID in said
