"""The catalogue of source ``sparkify``: JSON records of songs and their artists in song_data."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.sources.allowed import allowed, is_the_lakes_own
from tracklake.sources.arrivals import one_of, prefixed
from tracklake.sources.files import LogFile, NoSuchFolder, list_files
from tracklake.sources.json_records import field, records, said
from tracklake.sources.lines import UNREADABLE, read_lines, stripped, unreadable
from tracklake.sources.numbers import SECONDS, seconds_as_ms
from tracklake.sources.source import Bounds, Catalogue
from tracklake.sources.text import repaired, without_persons
from tracklake.tables import contract

_REASONS = UNREADABLE | {
    "not_json": "The record of the catalogue is not one JSON object.",
    "no_song_id": "The record of the catalogue has no song_id.",
    "no_artist_id": "The record of the catalogue has no artist_id.",
    "reserved_id": "song_id or artist_id is one that the lake gives itself: (unknown), or inferred: and more.",
}


def find(spark: SparkSession, folder: str) -> list[LogFile]:
    """The files of song_data; none where there is no such folder."""
    try:
        return list_files(spark, f"{folder.rstrip('/')}/song_data")
    except NoSuchFolder:
        return []


def read(spark: SparkSession, paths: list[str], bounds: Bounds, id_prefix: str) -> DataFrame:
    """Songs as the files state them, one per record: a song may be stated more than once."""
    reason = _reason()
    return records(read_lines(spark, paths, bounds.longest_line)).select(
        F.lit("sparkify").alias("source"),
        prefixed(id_prefix, field("song_id")).alias("track_id"),
        _name("title"),
        prefixed(id_prefix, field("artist_id")).alias("artist_id"),
        _name("artist_name"),
        _name("artist_location"),
        _number("artist_latitude", "artist_latitude", "double"),
        _number("artist_longitude", "artist_longitude", "double"),
        seconds_as_ms(field("duration").try_cast(SECONDS)).alias("duration_ms"),
        _number("release_year", "year", "int"),
        F.col("modified_at").alias("stated_at"),
        "source_file",
        F.when(reason.isNotNull(), without_persons(F.col("line"))).alias("raw_record"),
        reason.alias("reason"),
        one_of(reason, _REASONS, None).alias("detail"),
    )


def _name(name: str) -> Column:
    """A field in words, null where it is blank."""
    words = repaired(field(name))
    return F.when(stripped(words) != "", words).alias(name)


def _number(name: str, of: str, kind: str) -> Column:
    """A field as the number that the catalogue's column may hold, else null."""
    return allowed(field(of).try_cast(kind), contract("catalogue").column(name)).alias(name)


def _reason() -> Column:
    own = is_the_lakes_own(field("song_id")) | is_the_lakes_own(field("artist_id"))
    return (
        F.when(F.col("m").isNull(), F.coalesce(unreadable(), F.lit("not_json")))
        .when(said("song_id").isNull(), "no_song_id")
        .when(said("artist_id").isNull(), "no_artist_id")
        .when(own, "reserved_id")
    )


CATALOGUE = Catalogue(find=find, read=read)
