"""From arrivals (what a run read) to events: each once, in order, with ms_played where it can be inferred."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tracklake.transforms.arrivals import order_of_copies
from tracklake.transforms.members import inferred_artist_id, inferred_track_id

ORDER = ("event_time", "item_in_session", "event_id")
"""The order of a user's events."""


def settle(arrivals: DataFrame) -> DataFrame:
    """Events, one row per event_id, with ms_played inferred where ``ms_played_inferred`` of a play asks for it.

    The earliest ingested copy of an event is kept, of one run the first by ``order_of_copies``. ms_played is the
    smaller of duration_ms and the time to the same user's next event in the same source session; without a next
    event it is duration_ms; without a duration, or with one of 0, it stays null. Copies of one event must agree on
    user, session, source and ORDER, as they do where event_id is a hash of the record; ``first_copies`` is for others.
    """
    copies = [F.col(name).desc() for name in ("ingested_at", *order_of_copies(arrivals.columns))]
    # Users first, for they tell most rows apart: a sort compares little more than the first eight bytes.
    in_session = Window.partitionBy(
        "user_id",
        F.coalesce("session_id", F.when(F.col("user_id").isNull(), F.col("event_id"))),
        "source",
    ).orderBy(*ORDER, *copies)

    until_next = F.unix_millis("_next_time") - F.unix_millis("event_time")
    asked = F.col("ms_played_inferred") & (F.col("event_type") == "play")
    inferred = F.when(F.col("duration_ms") > 0, F.least("duration_ms", until_next))
    return (
        arrivals.withColumns(
            {
                "_next_id": F.lead("event_id").over(in_session),
                "_next_time": F.lead("event_time").over(in_session),
            }
        )
        .where(F.col("_next_id").isNull() | (F.col("_next_id") != F.col("event_id")))
        .withColumn("ms_played", F.when(asked, inferred).otherwise(F.col("ms_played")))
        .select(*arrivals.columns)
    )


def resolve(events: DataFrame, catalogue: DataFrame) -> DataFrame:
    """The events with track_id and artist_id filled in where their source gives names only.

    A track is the catalogue's by (title, artist name), the smallest track_id where several match; else an
    inferred one. The artist is that of the track found; else the catalogue's by name where exactly one artist
    bears it; else an inferred one. Without an artist's name there is neither, without a title no track. An id that
    the source gives stays: the other one, if it gives none, is found by name. ids_by_name says which were found.
    """
    songs = catalogue.groupBy("title", "artist_name").agg(
        F.min("track_id").alias("_track_id"), F.min_by("artist_id", "track_id").alias("_track_artist_id")
    )
    bearers = (
        catalogue.groupBy("artist_name")
        .agg(F.min("artist_id").alias("_named_artist_id"), F.max("artist_id").alias("_other"))
        .where(F.col("_named_artist_id") == F.col("_other"))
    )
    no_track = F.col("track_id").isNull() & F.col("track_name").isNotNull() & F.col("artist_name").isNotNull()
    no_artist = F.col("artist_id").isNull() & F.col("artist_name").isNotNull()
    of_track = F.when(F.col("track_id").isNull(), F.col("_track_artist_id"))
    artist = F.coalesce(of_track, "_named_artist_id", inferred_artist_id("artist_name"))
    track = F.coalesce("_track_id", inferred_track_id("artist_name", "track_name"))
    by_name = F.array_compact(
        F.array(
            F.when(no_track | _by_name("track_id"), "track_id"),
            F.when(no_artist | _by_name("artist_id"), "artist_id"),
        )
    )
    return (
        events.join(
            songs.withColumnRenamed("title", "track_name"), on=["track_name", "artist_name"], how="left"
        )
        .join(bearers, on="artist_name", how="left")
        .withColumns(
            {
                "artist_id": F.when(no_artist, artist).otherwise(F.col("artist_id")),
                "track_id": F.when(no_track, track).otherwise(F.col("track_id")),
                "ids_by_name": F.when(F.size(by_name) > 0, by_name),
            }
        )
        .select(*events.columns)
    )


def unresolved(events: DataFrame) -> DataFrame:
    """The events, those ids taken away again that ``resolve`` found by name."""
    stated = {name: F.when(~_by_name(name), F.col(name)) for name in ("track_id", "artist_id")}
    return events.withColumns({**stated, "ids_by_name": F.lit(None).cast("array<string>")})


def _by_name(id_: str) -> Column:
    return F.coalesce(F.array_contains("ids_by_name", id_), F.lit(False))


def names_told_otherwise(before: DataFrame, after: DataFrame) -> DataFrame:
    """artist_name of each artist of whose songs one catalogue, ``after``, says something else than the other."""
    stated = ("title", "artist_name", "track_id", "artist_id")
    was, now = before.select(*stated), after.select(*stated)
    return now.subtract(was).union(was.subtract(now)).select("artist_name").distinct()


def dates_with_other_ids(events: DataFrame, names: DataFrame, catalogue: DataFrame) -> DataFrame:
    """event_date of each day with an event by artists of these ``names`` for which the catalogue finds other ids."""
    named = (
        events.select("event_date", "track_name", "artist_name", "track_id", "artist_id", "ids_by_name")
        .join(names, on="artist_name", how="left_semi")
        .distinct()
        .withColumns({"_was_track_id": F.col("track_id"), "_was_artist_id": F.col("artist_id")})
    )
    same = F.col("track_id").eqNullSafe(F.col("_was_track_id")) & F.col("artist_id").eqNullSafe(
        F.col("_was_artist_id")
    )
    return resolve(unresolved(named), catalogue).where(~same).select("event_date").distinct()
