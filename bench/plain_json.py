"""What ingestion is measured against: JSON lines read with a schema and written as Parquet, and nothing else."""

import sys

from pyspark.sql import SparkSession

SCHEMA = (
    "artist string, auth string, firstName string, gender string, itemInSession bigint, lastName string,"
    " length double, level string, location string, method string, page string, registration double,"
    " sessionId bigint, song string, status bigint, ts bigint, userAgent string, userId string"
)


def main(logs: str, output: str) -> None:
    spark = SparkSession.builder.appName("plain json").getOrCreate()
    records = spark.read.schema(SCHEMA).option("recursiveFileLookup", "true").json(f"{logs}/log_data")
    records.write.parquet(output)


if __name__ == "__main__":
    main(*sys.argv[1:])
