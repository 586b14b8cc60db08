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
    """What events say of tracks and artists, one row per track and credit: enough for ``tracks`` and ``artists``."""
    return events.groupBy("track_id", "artist_id", "artist_ids").agg(
        F.min("track_name").alias("track_name"),
        F.min("artist_name").alias("artist_name"),
        F.max("duration_ms").alias("duration_ms"),
    )


def songs_named(events: DataFrame, catalogue: DataFrame) -> DataFrame:
    """The catalogue's songs that the events name: enough for their ``tracks``."""
    return catalogue.join(events, on="track_id", how="left_semi")


def songs_by(events: DataFrame, catalogue: DataFrame) -> DataFrame:
    """All songs in the catalogue by artists whom the events credit: enough for these ``artists``."""
    credited = events.select(F.explode(credited_artists()).alias("artist_id"))
    return catalogue.join(credited, on="artist_id", how="left_semi")


def tracks(events: DataFrame, catalogue: DataFrame, known: DataFrame, known_credits: DataFrame) -> DataFrame:
    """dim_track rows of every track in the events or the catalogue, and the unknown track, each with ``credit``: the
    ids of all its artists, the primary one first.

    The catalogue's word goes before that of events. Of an inferred track the longest length, the first title and the
    credit with the most artists (the first of several) count that any of its events states, ``known`` (the dim_track
    so far) and ``known_credits`` (its bridge_track_artist) included, so that the order of runs is all one. Both are
    without tracks of which an event says no more what it said: a catalogue that changes takes artists back.
    """
    listed = catalogue.groupBy("track_id").agg(
        F.min_by(F.struct("title", "artist_id", "duration_ms", "release_year"), "source").alias("row")
    )
    listed = listed.select(
        "track_id", "row.*", F.lit(False).alias("is_inferred"), F.array("row.artist_id").alias("credit")
    )

    seen = (
        events.where(F.col("track_id").isNotNull())
        .groupBy("track_id")
        .agg(
            F.min("track_name").alias("title"),
            F.min(_ranked(credited_artists())).alias("ranked"),
            F.max("duration_ms").alias("duration_ms"),
        )
    )
    before = known.where("is_inferred").select(
        "track_id",
        F.col("title").alias("_title"),
        F.col("artist_id").alias("_artist_id"),
        F.col("duration_ms").alias("_known_ms"),
    )
    shared = _shared(known_credits)
    known_ranked = F.when(
        F.col("_artist_id").isNotNull(), _ranked(F.coalesce("_shared", F.array("_artist_id")))
    )
    inferred = (
        seen.join(listed, on="track_id", how="left_anti")
        .join(before, on="track_id", how="left")
        .join(shared, on="track_id", how="left")
        .withColumn("credit", F.least("ranked", known_ranked)["credit"])
        .select(
            "track_id",
            F.least("title", "_title").alias("title"),
            F.get("credit", F.lit(0)).alias("artist_id"),
            F.greatest("duration_ms", "_known_ms").alias("duration_ms"),
            F.lit(None).cast("int").alias("release_year"),
            F.lit(True).alias("is_inferred"),
            "credit",
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
            "credit",
        )
    )


def credited_artists() -> Column:
    """The ids of all artists whom an event credits, the primary one first; the unknown one's where it names none."""
    return F.coalesce("artist_ids", F.array(F.coalesce("artist_id", F.lit(UNKNOWN))))


def _ranked(credit: Column) -> Column:
    """A credit so that the least of several is the one that counts: that of the most artists, of these one whose first
    artist has an id before one who is inferred; an unknown artist last of all."""
    unknown, by_name = F.array_contains(credit, UNKNOWN), F.get(credit, F.lit(0)).startswith(INFERRED)
    return F.struct(
        unknown.alias("unknown"),
        (-F.size(credit)).alias("fewer"),
        by_name.alias("by_name"),
        credit.alias("credit"),
    )


def _shared(credits: DataFrame) -> DataFrame:
    """The tracks of bridge_track_artist that have several artists, with these in order as ``_shared``."""
    others = credits.where(F.col("position") > 1).select("track_id").distinct()
    artist = F.struct("position", "artist_id")
    return (
        credits.join(others, on="track_id", how="left_semi")
        .groupBy("track_id")
        .agg(F.sort_array(F.collect_list(artist))["artist_id"].alias("_shared"))
    )


def _unknown_track(spark: SparkSession) -> DataFrame:
    return spark.range(1).select(
        F.lit(UNKNOWN).alias("track_id"),
        F.lit(UNKNOWN).alias("title"),
        F.lit(UNKNOWN).alias("artist_id"),
        F.lit(None).cast("bigint").alias("duration_ms"),
        F.lit(None).cast("int").alias("release_year"),
        F.lit(True).alias("is_inferred"),
        F.array(F.lit(UNKNOWN)).alias("credit"),
    )


def artists(events: DataFrame, catalogue: DataFrame, known: DataFrame) -> DataFrame:
    """dim_artist rows (all versions) of every artist in the events or the catalogue, and the unknown artist.

    What the catalogue says of an artist is the row of the smallest track_id. An artist's first version has
    been valid always; where the catalogue's name or location differs from the open version in ``known`` (the
    dim_artist so far), a new one begins when the catalogue's file was written. What had been inferred of an artist
    who is listed now is no version. Latitude and longitude are type 1: the newest known. An inferred artist has one
    version; its name is the first that an event states which credits no one else (``known`` included), and null where
    there is no such event.
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
    credited = events.where(F.col("artist_id").isNotNull()).select(
        F.explode(credited_artists()).alias("artist_id"),
        F.when(F.coalesce(F.size("artist_ids") < 2, F.lit(True)), F.col("artist_name")).alias("artist_name"),
    )
    before = known.where("is_inferred").select("artist_id", F.col("artist_name").alias("_known_name"))
    inferred = (
        credited.groupBy("artist_id")
        .agg(F.min("artist_name").alias("artist_name"))
        .join(listed, on="artist_id", how="left_anti")
        .join(before, on="artist_id", how="left")
        .where(F.col("artist_id") != UNKNOWN)
        .select("artist_id", F.least("artist_name", "_known_name").alias("artist_name"))
    )
    unknown = events.sparkSession.range(1).select(
        F.lit(UNKNOWN).alias("artist_id"), F.lit(UNKNOWN).alias("artist_name")
    )
    return _versions(listed, known).unionByName(_known_always(inferred.unionByName(unknown)))


def _known_always(artists: DataFrame) -> DataFrame:
    """The one version of each artist of whom no more than the name is known."""
    nothing = F.lit(None)
    return artists.select(
        version_key(F.col("artist_id"), F.lit(ALWAYS)).alias("artist_key"),
        "artist_id",
        "artist_name",
        nothing.cast("string").alias("location"),
        nothing.cast("double").alias("latitude"),
        nothing.cast("double").alias("longitude"),
        F.lit(True).alias("is_inferred"),
        F.lit(ALWAYS).alias("valid_from"),
        nothing.cast("timestamp").alias("valid_to"),
        F.lit(True).alias("is_current"),
    )


def _versions(stated: DataFrame, known: DataFrame) -> DataFrame:
    """All versions of the artists stated: those known, and a new one where the newest differs from it."""
    history = known.where("NOT is_inferred").join(stated.select("artist_id"), on="artist_id", how="left_semi")
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
    """bridge_track_artist rows, one per artist in the ``credit`` of each track: all have the same weight."""
    return tracks.select(
        "track_id",
        F.posexplode("credit").alias("place", "artist_id"),
        (F.lit(1.0) / F.size("credit")).alias("weight"),
    ).select("track_id", "artist_id", (F.col("place") + 1).alias("position"), "weight")
