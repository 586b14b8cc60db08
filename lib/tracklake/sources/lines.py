"""Lines: the raw records of text files, before it is known what any of them says."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.sources.files import literal

BYTE_ORDER_MARK = "\ufeff"


def read_lines(spark: SparkSession, files: list[str]) -> DataFrame:
    """The lines of the files that are not blank: ``line``, trimmed, and ``source_file``, where it stands."""
    line = F.trim(F.regexp_replace("value", f"^{BYTE_ORDER_MARK}", ""))
    return (
        spark.read.text([literal(path) for path in files])
        .select(line.alias("line"), F.col("_metadata.file_path").alias("source_file"))
        .where(F.col("line") != "")
    )
