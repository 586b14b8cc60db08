"""Members of the track and artist dimensions: those of the catalogues and those inferred from events."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from tracklake.transforms.keys import ALWAYS, INFERRED, UNKNOWN, key, version_key


def inferred_artist_id(artist_name: str) -> Column:
    """Id of the artist of that name whom no catalogue knows."""
    return F.concat(F.lit(INFERRED), key(F.col(artist_name)))


def inferred_track_id(artist_name: str, title: str) -> Column:
    """Id of the track of that artist name and title which no catalogue knows."""
    return F.concat(F.lit(INFERRED), key(F.col(artist_name), F.col(title)))


def named(events: DataFrame) -> DataFrame:
    """What events say of tracks and artists, one row per track and artist: enough for ``tracks`` and ``artists``."""
    return events.groupBy("track_id", "artist_id").agg(
        F.min("track_name").alias("track_name"),
        F.min("artist_name").alias("artist_name"),
        F.max("duration_ms").alias("duration_ms"),
    )


def tracks(events: DataFrame, catalogue: DataFrame, known: DataFrame) -> DataFrame:
    """dim_track rows of every track in the events or the catalogue, and the unknown track.

    The catalogue's word goes before that of events. An inferred track is as long as the longest length that
    any of its events states, ``known`` (the dim_track so far) included, so that the order of runs is all one.
    """
    listed = catalogue.groupBy("track_id").agg(
        F.min_by(F.struct("title", "artist_id", "duration_ms", "release_year"), "source").alias("row")
    )
    listed = listed.select("track_id", "row.*", F.lit(False).alias("is_inferred"))

    seen = (
        events.where(F.col("track_id").isNotNull())
        .groupBy("track_id")
        .agg(
            F.min("track_name").alias("title"),
            F.min("artist_id").alias("artist_id"),
            F.max("duration_ms").alias("duration_ms"),
        )
    )
    before = known.where("is_inferred").select("track_id", F.col("duration_ms").alias("_known_ms"))
    inferred = (
        seen.join(listed, on="track_id", how="left_anti")
        .join(before, on="track_id", how="left")
        .select(
            "track_id",
            "title",
            F.coalesce("artist_id", F.lit(UNKNOWN)).alias("artist_id"),
            F.greatest("duration_ms", "_known_ms").alias("duration_ms"),
            F.lit(None).cast("int").alias("release_year"),
            F.lit(True).alias("is_inferred"),
        )
    )
    return (
        listed.unionByName(inferred)
        .unionByName(_unknown_track(events.sparkSession))
        .select(
            key(F.col("track_id")).alias("track_key"),
            "track_id",
            "title",
            "artist_id",
            "duration_ms",
            "release_year",
            "is_inferred",
        )
    )


def _unknown_track(spark: SparkSession) -> DataFrame:
    return spark.range(1).select(
        F.lit(UNKNOWN).alias("track_id"),
        F.lit(UNKNOWN).alias("title"),
        F.lit(UNKNOWN).alias("artist_id"),
        F.lit(None).cast("bigint").alias("duration_ms"),
        F.lit(None).cast("int").alias("release_year"),
        F.lit(True).alias("is_inferred"),
    )


def artists(events: DataFrame, catalogue: DataFrame, known: DataFrame) -> DataFrame:
    """dim_artist rows (all versions) of every artist in the events or the catalogue, and the unknown artist.

    What the catalogue says of an artist is the row of the smallest track_id. An artist's first version has
    been valid always; where the catalogue's name or location differs from the open version in ``known`` (the
    dim_artist so far), a new one begins when the catalogue's file was written. Latitude and longitude are
    type 1: the newest known.
    """
    listed = (
        catalogue.groupBy("artist_id")
        .agg(
            F.min_by(
                F.struct("artist_name", "artist_location", "artist_latitude", "artist_longitude"), "track_id"
            ).alias("row"),
            F.max("stated_at").alias("stated_at"),
        )
        .select(
            "artist_id",
            "row.artist_name",
            F.col("row.artist_location").alias("location"),
            F.col("row.artist_latitude").alias("latitude"),
            F.col("row.artist_longitude").alias("longitude"),
            F.lit(False).alias("is_inferred"),
            "stated_at",
        )
    )
    inferred = (
        events.where(F.col("artist_id").isNotNull())
        .groupBy("artist_id")
        .agg(F.min("artist_name").alias("artist_name"))
        .join(listed, on="artist_id", how="left_anti")
        .select("artist_id", "artist_name", *_nothing_else_known())
        .where(F.col("artist_id") != UNKNOWN)
    )
    unknown = events.sparkSession.range(1).select(
        F.lit(UNKNOWN).alias("artist_id"), F.lit(UNKNOWN).alias("artist_name"), *_nothing_else_known()
    )
    return _versions(listed.unionByName(inferred).unionByName(unknown), known)


def _nothing_else_known() -> list[Column]:
    return [
        F.lit(None).cast("string").alias("location"),
        F.lit(None).cast("double").alias("latitude"),
        F.lit(None).cast("double").alias("longitude"),
        F.lit(True).alias("is_inferred"),
        F.lit(ALWAYS).alias("stated_at"),
    ]


def _versions(stated: DataFrame, known: DataFrame) -> DataFrame:
    """All versions of the artists stated: those known, and a new one where the newest differs from it."""
    history = known.join(stated.select("artist_id"), on="artist_id", how="left_semi")
    newest = history.where("is_current").select(
        "artist_id", F.col("artist_name").alias("_name"), F.col("location").alias("_location"), "valid_from"
    )
    same = F.col("artist_name").eqNullSafe(F.col("_name")) & F.col("location").eqNullSafe(F.col("_location"))
    later = F.greatest("stated_at", F.col("valid_from") + F.expr("INTERVAL 1 MICROSECOND"))
    begun = (
        stated.join(newest, on="artist_id", how="left")
        .where(F.col("valid_from").isNull() | ~same)
        .select(
            "artist_id",
            "artist_name",
            "location",
            F.when(F.col("valid_from").isNull(), F.lit(ALWAYS)).otherwise(later).alias("valid_from"),
        )
    )
    of_artist = Window.partitionBy("artist_id").orderBy("valid_from")
    versions = (
        history.select("artist_id", "artist_name", "location", "valid_from")
        .unionByName(begun)
        .withColumn("valid_to", F.lead("valid_from").over(of_artist))
    )
    return versions.join(
        stated.select("artist_id", "latitude", "longitude", "is_inferred"), on="artist_id", how="inner"
    ).select(
        version_key(F.col("artist_id"), F.col("valid_from")).alias("artist_key"),
        "artist_id",
        "artist_name",
        "location",
        "latitude",
        "longitude",
        "is_inferred",
        "valid_from",
        "valid_to",
        F.col("valid_to").isNull().alias("is_current"),
    )


def credits(tracks: DataFrame) -> DataFrame:
    """bridge_track_artist rows: the one artist whom sources of names credit, with the whole weight."""
    return tracks.select(
        "track_id", "artist_id", F.lit(1).alias("position"), F.lit(1.0).cast("double").alias("weight")
    )
