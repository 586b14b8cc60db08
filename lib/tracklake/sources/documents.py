"""Documents: text files that are one record or one array of records, whatever the line breaks in them."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.places import literal
from tracklake.sources.compressed import refuse_unreadable
from tracklake.sources.lines import BYTE_ORDER_MARK


def read_documents(spark: SparkSession, files: list[str]) -> DataFrame:
    """The files that are not empty: ``document``, their whole text, trimmed, ``source_file`` and ``file_size``.

    One task reads one file: a document has to fit into its memory several times.
    """
    refuse_unreadable(files)
    text = F.btrim(F.col("value"), F.lit(f" \t\r\n{BYTE_ORDER_MARK}"))
    return (
        spark.read.text([literal(path) for path in files], wholetext=True)
        .select(
            text.alias("document"),
            F.col("_metadata.file_path").alias("source_file"),
            F.col("_metadata.file_size").alias("file_size"),
        )
        .where(F.col("document") != "")
    )
