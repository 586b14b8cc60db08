"""Rows to be published, made beforehand: plays of several days as tables event and fact_stream, and their members."""

from datetime import date, timedelta
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.tables import contract
from tracklake.transforms.days import calendar

FIRST = date(2024, 3, 4)
DAYS = 5
PLAYS_PER_LISTENER = 250
MEMBERS = ("dim_date", "dim_user", "dim_artist", "dim_track", "fact_session")
SLICED = ("event", "fact_stream")


def days() -> list[date]:
    """The dates of the rows."""
    return [FIRST + timedelta(days=n) for n in range(DAYS)]


def read(spark: SparkSession, folder: Path, table: str) -> DataFrame:
    """The prepared rows of a table, in its contract's order."""
    return spark.read.parquet(f"{folder}/{table}").select(*contract(table).names)


def prepare(spark: SparkSession, folder: Path, rows: int) -> None:
    """Writes as many plays as ``rows``, and all that they refer to, as one folder of Parquet a table."""
    listeners = max(10, rows // PLAYS_PER_LISTENER)
    plays = spark.range(rows).selectExpr(
        "id",
        f"id % {DAYS} AS day",
        f"(id * 31) % {listeners} AS listener",
        "(id * 48271) % 20000 AS track",
        "(170 + id % 120) * 1000 AS duration_ms",
        "(id * 7919) % 86400 AS second",
    )
    plays = plays.withColumns(
        {
            "event_id": F.md5(F.col("id").cast("string")),
            "event_date": F.date_add(F.lit(FIRST), F.col("day").cast("int")),
            "event_time": F.expr(f"TIMESTAMP '{FIRST} 00:00:00' + make_dt_interval(int(day), 0, 0, second)"),
            "user_id": F.concat(F.lit("user-"), "listener"),
            "track_id": F.concat(F.lit("track-"), "track"),
            "artist_id": F.concat(F.lit("artist-"), F.col("track") % 2000),
            "ms_played": F.least("duration_ms", (F.col("id") * 104729) % 400_000),
            "level": F.when(F.col("listener") % 3 == 0, "paid").otherwise("free"),
            "platform": F.element_at(
                F.array(*map(F.lit, ("android", "ios", "web"))), (F.col("id") % 3 + 1).cast("int")
            ),
            "session_key": F.md5(F.concat_ws("/", "listener", "day")),
        }
    )
    of_events = {
        "event_type": F.lit("play"),
        "session_id": F.col("session_key"),
        "ms_played_inferred": F.lit(True),
        "user_agent": F.lit("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
        "source": F.lit("bench"),
        "source_file": F.concat(F.lit("log-"), "day"),
        "ingested_at": F.lit(FIRST).cast("timestamp"),
        "run_id": F.lit("bench"),
    }
    of_streams = {
        "user_key": F.md5("user_id"),
        "track_key": F.md5("track_id"),
        "artist_key": F.md5("artist_id"),
        "completion": F.col("ms_played") / F.col("duration_ms"),
        "is_stream": F.col("ms_played") >= 30_000,
        "is_skip": F.col("ms_played") < 30_000,
        "source": F.lit("bench"),
    }
    _write(plays.withColumns(of_events), folder, "event")
    _write(plays.withColumns(of_streams), folder, "fact_stream")
    _write(calendar(spark, FIRST, days()[-1]), folder, "dim_date")
    always = {"valid_from": F.lit("1970-01-01").cast("timestamp"), "is_current": F.lit(True)}
    users = plays.select("user_id", "level").distinct()
    _write(users.withColumns({"user_key": F.md5("user_id")} | always), folder, "dim_user")
    artists = plays.select("artist_id").distinct()
    known = {"artist_key": F.md5("artist_id"), "artist_name": F.col("artist_id"), "is_inferred": F.lit(False)}
    _write(artists.withColumns(known | always), folder, "dim_artist")
    tracks = plays.select("track_id", "artist_id").distinct()
    _write(
        tracks.withColumns({"track_key": F.md5("track_id"), "is_inferred": F.lit(False)}), folder, "dim_track"
    )
    sessions = plays.groupBy("session_key", "user_id", F.col("event_date").alias("session_date")).agg(
        F.min("event_time").alias("started_at"),
        F.max("event_time").alias("ended_at"),
        F.count(F.lit(1)).alias("events"),
        F.count(F.lit(1)).alias("plays"),
        F.count_if(F.col("ms_played") >= 30_000).alias("streams"),
        F.count_if(F.col("ms_played") < 30_000).alias("skips"),
        F.count_distinct("track").alias("tracks"),
        F.count_distinct("artist_id").alias("artists"),
        F.sum("ms_played").alias("listening_ms"),
    )
    _write(sessions.withColumn("user_key", F.md5("user_id")), folder, "fact_session")


def _write(frame: DataFrame, folder: Path, table: str) -> None:
    """The frame in the contract's columns and types, null where it has none."""
    columns = [
        (F.col(column.name) if column.name in frame.columns else F.lit(None))
        .cast(column.spark_type)
        .alias(column.name)
        for column in contract(table).columns
    ]
    frame.select(*columns).write.mode("overwrite").parquet(f"{folder}/{table}")
