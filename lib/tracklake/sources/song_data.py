"""The catalogue of source ``sparkify``: JSON records of songs and their artists in song_data."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.sources.arrivals import one_of
from tracklake.sources.files import LogFile, NoSuchFolder, list_files
from tracklake.sources.lines import read_lines
from tracklake.sources.numbers import SECONDS, seconds_as_ms
from tracklake.sources.source import Bounds, Catalogue
from tracklake.sources.text import repaired

_FIELDS = (
    "song_id string, title string, artist_id string, artist_name string, artist_location string,"
    " artist_latitude string, artist_longitude string, duration string, year string, _corrupt string"
)

_REASONS = {
    "not_json": "The record of the catalogue is not one JSON object.",
    "no_song_id": "The record of the catalogue has no song_id.",
    "no_artist_id": "The record of the catalogue has no artist_id.",
}


def find(spark: SparkSession, folder: str) -> list[LogFile]:
    """The files of song_data; none where there is no such folder."""
    try:
        return list_files(spark, f"{folder.rstrip('/')}/song_data")
    except NoSuchFolder:
        return []


def read(spark: SparkSession, paths: list[str], bounds: Bounds, id_prefix: str) -> DataFrame:
    """Songs as the files state them, one per record: a song may be stated more than once."""
    record = F.from_json("line", _FIELDS, {"columnNameOfCorruptRecord": "_corrupt"})
    records = read_lines(spark, paths, bounds.longest_line).withColumn("r", record)
    year, seconds = F.col("r.year").try_cast("int"), F.col("r.duration").try_cast(SECONDS)
    reason = _reason()
    return records.select(
        F.lit("sparkify").alias("source"),
        F.concat(F.lit(id_prefix), "r.song_id").alias("track_id"),
        repaired(F.col("r.title")).alias("title"),
        F.concat(F.lit(id_prefix), "r.artist_id").alias("artist_id"),
        repaired(F.col("r.artist_name")).alias("artist_name"),
        F.nullif(repaired(F.col("r.artist_location")), F.lit("")).alias("artist_location"),
        _degrees("artist_latitude", 90),
        _degrees("artist_longitude", 180),
        seconds_as_ms(seconds).alias("duration_ms"),
        F.when(year > 0, year).alias("release_year"),
        F.col("modified_at").alias("stated_at"),
        "source_file",
        F.when(reason.isNotNull(), F.col("line")).alias("raw_record"),
        reason.alias("reason"),
        one_of(reason, _REASONS, None).alias("detail"),
    )


def _degrees(name: str, most: int) -> Column:
    degrees = F.col(f"r.{name}").try_cast("double")
    return F.when(degrees.between(-most, most), degrees).alias(name)


def _reason() -> Column:
    return (
        F.when(F.col("r").isNull() | F.col("r._corrupt").isNotNull(), "not_json")
        .when(F.nullif("r.song_id", F.lit("")).isNull(), "no_song_id")
        .when(F.nullif("r.artist_id", F.lit("")).isNull(), "no_artist_id")
    )


CATALOGUE = Catalogue(find=find, read=read)
