"""A session that is there already: a notebook's, or one that spark-submit has settings for."""

from __future__ import annotations

from pyspark.sql import SparkSession

from tracklake.config import Conf
from tracklake.session import spark_session

STATIC = "spark.sql.filesourceTableRelationCacheSize"
UNSAID = "spark.sql.sources.parallelPartitionDiscovery.parallelism"
SAID = "spark.sql.shuffle.partitions"


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
