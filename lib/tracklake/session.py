"""The Spark session: Delta tables, UTC and ANSI rules, however Spark was started."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tracklake.config import Conf
from tracklake.errors import TracklakeError, WrongUsage
from tracklake.jars import missing, resolved
from tracklake.places import DEFAULT_FILES, shares_no_files

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_CLASS_PATH = "spark.driver.extraClassPath"

# What results depend on: no configuration may change it.
FIXED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.mapKeyDedupPolicy": "LAST_WIN",  # a record may hold a field twice
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # footers then hold min and max
    "spark.sql.legacy.parquet.nanosAsLong": "false",  # a file with nanoseconds is known by Spark's refusal
    "spark.sql.files.ignoreCorruptFiles": "false",  # else a file is read as far as it goes, and counts as read
    "spark.sql.files.ignoreMissingFiles": "false",
}
DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
# What every environment starts from; conf/<env>.toml and the command line may say otherwise.
DEFAULTS = {
    "spark.log.level": "WARN",
    "spark.ui.showConsoleProgress": "false",  # it would stand among a notebook's outputs
    "spark.sql.maxConcurrentOutputFileWriters": "64",  # days of one write: no sort by day before it
    "spark.sql.parquet.compression.codec": "zstd",
    # A run generates code for hundreds of stages, many of them alike; Spark keeps that of 100, and compiles anew.
    "spark.sql.codegen.cache.maxEntries": "1000",
    "spark.sql.codegen.useIdInClassName": "false",
    # Where each column was written down is looked up in two stacks for each: that costs more than the column.
    "spark.sql.dataFrameQueryContext.enabled": "false",
    "spark.python.sql.dataFrameDebugging.enabled": "false",
    "spark.sql.files.openCostInBytes": "1048576",  # 128 files that are almost empty make one task
}


def spark_settings(conf: Conf) -> dict[str, str]:
    """All Spark settings of an environment, for spark-submit or for a session that is built here."""
    return {**DEFAULTS, **_paths(conf), **conf.spark.conf, **DELTA, **FIXED}


def _paths(conf: Conf) -> dict[str, str]:
    """Where a path may be given, it is one of this machine: HADOOP_CONF_DIR, set for a cluster, may say HDFS."""
    return {} if shares_no_files(conf) else {DEFAULT_FILES: "file:///"}


def class_path(conf: Conf) -> dict[str, str]:
    """How the jars that pyspark lacks reach Spark: the checkout's own copies, else by their Maven coordinates.

    What the environment's settings say of jars comes after them.
    """
    found: dict[str, Sequence[object]] = {
        "spark.jars.packages": missing(),
        # Straight from where they are; spark.jars would copy them at each start.
        _CLASS_PATH if conf.is_local else "spark.jars": resolved(),
    }
    return {
        key: (os.pathsep if key == _CLASS_PATH else ",").join(
            filter(None, [*map(str, ours), conf.spark.conf.get(key)])
        )
        for key, ours in found.items()
        if ours
    }


def spark_session(conf: Conf, app_name: str) -> "SparkSession":
    """The active session if there is one (a notebook's, Spark Connect's), else a new one.

    What spark-submit was told wins over the environment's settings, but never over UTC and ANSI rules. Raises
    WrongUsage where Spark refuses the value of a setting, and where it does not start for want of Java, and
    TracklakeError where its master does not answer.
    """
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import IllegalArgumentException, PySparkRuntimeError
    from pyspark.sql import SparkSession

    from tracklake.failures import STOPPED, refused_setting
    from tracklake.gateway import remember_classes

    try:
        spark = SparkSession.getActiveSession() or _build(conf, app_name)
        remember_classes(spark)
        hold_to_rules(spark)
        for key, value in spark_settings(conf).items():
            if key not in FIXED and _may_be_set(spark, key) and spark.conf.get(key, None) is None:
                spark.conf.set(key, value)
    except IllegalArgumentException as error:
        raise refused_setting(error) from error
    except Py4JJavaError as error:
        if STOPPED not in str(error):
            raise
        raise TracklakeError(
            f"Spark did not start: its master, {conf.spark.master}, does not answer or has no place for it; start one "
            "there, or name another with --master."
        ) from error
    except PySparkRuntimeError as error:
        if error.getCondition() != "JAVA_GATEWAY_EXITED":
            raise
        raise WrongUsage(
            "Spark did not start: it takes Java 17 or newer, which JAVA_HOME may name, and the first time a Maven "
            "repository, from which `python -m tracklake.jars` fetches its jars once; what it said stands above."
        ) from error
    return spark


def hold_to_rules(spark: "SparkSession") -> None:
    """Sets in a session, whoever made it, what results depend on: UTC and ANSI rules among others."""
    for key, value in FIXED.items():
        spark.conf.set(key, value)


def _build(conf: Conf, app_name: str) -> "SparkSession":
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName(app_name)
    if _started_elsewhere():
        settings = {**DELTA, **FIXED}
    else:
        settings = {"spark.master": conf.spark.master, **spark_settings(conf), **class_path(conf)}
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    if getattr(spark, "_jvm", None):  # Spark Connect has none
        look_at_settings(spark)
    return spark


def look_at_settings(spark: Any) -> None:
    """Has a new session look at its settings, and raises what Spark raises where it refuses one.

    Else it would when a setting is first needed, and pyspark could not say so: it asks the active session how much
    to say, which refuses again, without an end. So no session is active meanwhile, nor after a refusal.
    """
    sessions = getattr(spark._jvm, "org.apache.spark.sql.classic.SparkSession")
    sessions.clearActiveSession()
    try:
        spark._jsparkSession.sessionState()
    except Exception:
        spark.stop()
        raise
    sessions.setActiveSession(spark._jsparkSession)


def _started_elsewhere() -> bool:
    """Whether spark-submit or a Connect server already decided master, memory and class path."""
    return "PYSPARK_GATEWAY_PORT" in os.environ or "SPARK_REMOTE" in os.environ


def _may_be_set(spark: "SparkSession", key: str) -> bool:
    """Whether it is a setting of sessions, and one that can still be said when Spark is up."""
    of_a_session = key.startswith(("spark.sql.", "spark.databricks.")) and key not in DELTA
    return of_a_session and spark.conf.isModifiable(key)
