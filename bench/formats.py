"""The plays of generated logs in the forms of other sources; and plain Spark, which reads them and writes Parquet.

spark-submit formats.py make FORMAT LOGS FOLDER
spark-submit formats.py plain FORMAT FOLDER OUTPUT
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

LOGS = (
    "artist string, itemInSession bigint, length double, level string, location string, page string, sessionId "
    "bigint, song string, ts bigint, userAgent string, userId string"
)
NATIVE = (
    "event_type string, event_time string, user_id string, session_id string, item_in_session bigint, "
    "track_name string, artist_name string, duration_ms bigint, level string, location string"
)
LISTEN = (
    "listened_at bigint, user_name string, recording_msid string, track_metadata struct<track_name: string, "
    "artist_name: string, additional_info: struct<duration_ms: bigint>>"
)
STREAM = (
    "ts string, ms_played bigint, master_metadata_track_name string, master_metadata_album_artist_name string, "
    "reason_start string, reason_end string, shuffle boolean"
)
FIRST_MS, LAST_MS = 946_684_800_000, 4_102_444_800_000
"""The years 2000 to 2099."""

LASTFM = "userid string, time string, artist_mbid string, artist string, track_mbid string, track string"


@dataclass(frozen=True)
class Format:
    """``make(plays, folder)`` writes files of the ``source``, ``read`` is how plain Spark reads them. Where Spark
    cannot name files as the source does, ``written`` is how their names end, and ``ending`` how they have to, or
    ``named`` their whole names."""

    source: str
    make: Callable[[DataFrame, str], None]
    read: Callable[[SparkSession, str], DataFrame]
    written: str = ""
    ending: str = ""
    named: str = ""


def native(plays: DataFrame) -> DataFrame:
    return plays.select(
        F.lit("play").alias("event_type"),
        F.date_format(F.timestamp_millis("ts"), "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").alias("event_time"),
        F.col("userId").alias("user_id"),
        F.col("sessionId").cast("string").alias("session_id"),
        F.col("itemInSession").alias("item_in_session"),
        F.col("song").alias("track_name"),
        F.col("artist").alias("artist_name"),
        milliseconds().alias("duration_ms"),
        "level",
        "location",
        F.to_date(F.timestamp_millis("ts")).alias("date"),
    )


def listens(plays: DataFrame) -> DataFrame:
    info = F.struct(milliseconds().alias("duration_ms"))
    return plays.select(
        F.floor(F.col("ts") / 1000).alias("listened_at"),
        F.col("userId").alias("user_name"),
        F.md5(F.concat("artist", "song")).alias("recording_msid"),
        F.struct(
            F.col("song").alias("track_name"),
            F.col("artist").alias("artist_name"),
            info.alias("additional_info"),
        ).alias("track_metadata"),
    )


def histories(plays: DataFrame) -> DataFrame:
    """One row per listener: the text of the one file in its folder."""
    stream = F.struct(
        F.date_format(F.timestamp_millis(F.col("ts") + milliseconds()), "yyyy-MM-dd'T'HH:mm:ss'Z'").alias(
            "ts"
        ),
        milliseconds().alias("ms_played"),
        F.col("song").alias("master_metadata_track_name"),
        F.col("artist").alias("master_metadata_album_artist_name"),
        F.lit("trackdone").alias("reason_start"),
        F.lit("trackdone").alias("reason_end"),
        F.lit(False).alias("shuffle"),
    )
    whole = F.to_json(F.sort_array(F.collect_list(stream))).alias("value")
    return plays.groupBy(F.col("userId").alias("listener")).agg(whole)


def scrobbles(plays: DataFrame) -> DataFrame:
    none = F.lit("")
    time = F.date_format(F.timestamp_millis("ts"), "yyyy-MM-dd'T'HH:mm:ss'Z'")
    return plays.select(F.concat_ws("\t", "userId", time, none, "artist", none, "song"))


def milliseconds() -> Column:
    return F.round(F.col("length") * 1000).cast("bigint")


FORMATS = {
    "native json": Format(
        "native",
        lambda plays, to: native(plays).write.partitionBy("date").option("compression", "gzip").json(to),
        lambda spark, of: spark.read.schema(NATIVE).json(of),
    ),
    "native parquet": Format(
        "native",
        lambda plays, to: native(plays).write.partitionBy("date").parquet(to),
        lambda spark, of: spark.read.parquet(of),
    ),
    "native avro": Format(
        "native",
        lambda plays, to: native(plays).write.partitionBy("date").format("avro").save(to),
        lambda spark, of: spark.read.format("avro").load(of),
    ),
    "listenbrainz": Format(
        "listenbrainz",
        lambda plays, to: listens(plays).write.option("compression", "gzip").json(to),
        lambda spark, of: spark.read.schema(LISTEN).json(of),
    ),
    "spotify_history": Format(
        "spotify_history",
        lambda plays, to: histories(plays).repartition(8).write.partitionBy("listener").text(to),
        lambda spark, of: spark.read.schema(STREAM).option("multiLine", "true").json(of),
        written=".txt",
        named="Streaming_History_Audio_0.json",
    ),
    "lastfm_1k": Format(
        "lastfm_1k",
        lambda plays, to: scrobbles(plays).write.option("compression", "gzip").text(to),
        lambda spark, of: spark.read.schema(LASTFM).option("sep", "\t").option("quote", "").csv(of),
        written=".txt.gz",
        ending=".tsv.gz",
    ),
}


def make(spark: SparkSession, name: str, logs: str, folder: str) -> None:
    """Writes the plays of the logs that are whole; says how many there are."""
    form = FORMATS[name]
    records = spark.read.schema(LOGS).option("recursiveFileLookup", "true").json(f"{logs}/log_data")
    whole = "page = 'NextSong' AND userId <> '' AND song <> '' AND artist <> '' AND length > 0"
    plays = records.where(whole).where(F.col("ts").between(FIRST_MS, LAST_MS))
    form.make(plays, folder)
    if form.written:
        for file in [*Path(folder).rglob(f"part-*{form.written}")]:
            file.rename(file.with_name(form.named or f"{file.name.removesuffix(form.written)}{form.ending}"))
    print(plays.count())


def main(what: str, name: str, given: str, folder: str) -> None:
    spark = SparkSession.builder.appName(f"{what} {name}").getOrCreate()
    if what == "make":
        make(spark, name, given, folder)
    else:
        FORMATS[name].read(spark, given).write.parquet(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
