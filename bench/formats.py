"""The plays of generated logs in the forms of other sources; and plain Spark, which reads them and writes Parquet.

spark-submit formats.py make FORMAT LOGS FOLDER
spark-submit formats.py plain FORMAT FOLDER OUTPUT    # FORMAT may be sparkify, too: the logs themselves
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

LOGS = (
    "artist string, auth string, firstName string, gender string, itemInSession bigint, lastName string, "
    "length double, level string, location string, method string, page string, registration double, "
    "sessionId bigint, song string, status bigint, ts bigint, userAgent string, userId string"
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
LASTFM = "userid string, time string, artist_mbid string, artist string, track_mbid string, track string"
FIRST_MS, LAST_MS = 946_684_800_000, 4_102_444_800_000
"""The years 2000 to 2099."""


@dataclass(frozen=True)
class Format:
    """``read`` is how plain Spark reads files of the ``source``, ``make(plays, folder)`` writes some, whose names are
    ``renamed`` (a pattern, and what replaces it) where Spark cannot give them the source's."""

    source: str
    read: Callable[[SparkSession, str], DataFrame]
    make: Callable[[DataFrame, str], None]
    renamed: tuple[str, str] = ("", "")


def generated(spark: SparkSession, logs: str) -> DataFrame:
    """The records of generated logs, as they are."""
    return spark.read.schema(LOGS).option("recursiveFileLookup", "true").json(f"{logs}/log_data")


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
        lambda spark, of: spark.read.schema(NATIVE).json(of),
        lambda plays, to: native(plays).write.partitionBy("date").option("compression", "gzip").json(to),
    ),
    "native parquet": Format(
        "native",
        lambda spark, of: spark.read.parquet(of),
        lambda plays, to: native(plays).write.partitionBy("date").parquet(to),
    ),
    "native avro": Format(
        "native",
        lambda spark, of: spark.read.format("avro").load(of),
        lambda plays, to: native(plays).write.partitionBy("date").format("avro").save(to),
    ),
    "listenbrainz": Format(
        "listenbrainz",
        lambda spark, of: spark.read.schema(LISTEN).json(of),
        lambda plays, to: listens(plays).write.option("compression", "gzip").json(to),
    ),
    "spotify_history": Format(
        "spotify_history",
        lambda spark, of: spark.read.schema(STREAM).option("multiLine", "true").json(of),
        lambda plays, to: histories(plays).repartition(8).write.partitionBy("listener").text(to),
        renamed=(r".+\.txt", "Streaming_History_Audio_0.json"),
    ),
    "lastfm_1k": Format(
        "lastfm_1k",
        lambda spark, of: spark.read.schema(LASTFM).option("sep", "\t").option("quote", "").csv(of),
        lambda plays, to: scrobbles(plays).write.option("compression", "gzip").text(to),
        renamed=(r"\.txt\.gz", ".tsv.gz"),
    ),
}


def make(spark: SparkSession, name: str, logs: str, folder: str) -> None:
    """Writes the plays of the logs that are whole; says how many there are."""
    form = FORMATS[name]
    whole = "page = 'NextSong' AND userId <> '' AND song <> '' AND artist <> '' AND length > 0"
    plays = generated(spark, logs).where(whole).where(F.col("ts").between(FIRST_MS, LAST_MS))
    form.make(plays, folder)
    pattern, name_of_source = form.renamed
    for file in [*Path(folder).rglob("part-*")] if pattern else ():
        file.rename(file.with_name(re.sub(f"{pattern}$", name_of_source, file.name)))
    print(plays.count())


def main(what: str, name: str, given: str, folder: str) -> None:
    spark = SparkSession.builder.appName(f"{what} {name}").getOrCreate()
    if what == "make":
        make(spark, name, given, folder)
    else:
        read = FORMATS[name].read if name in FORMATS else generated
        read(spark, given).write.parquet(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
