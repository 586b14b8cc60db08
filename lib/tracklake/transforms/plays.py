"""What a play amounts to: completion, stream, skip; and the facts of single events."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.tables.fact_feedback import FEEDBACK_TYPES
from tracklake.transforms.keys import ANONYMOUS, UNKNOWN, key

STREAM_MS = 30_000
END_TOLERANCE_MS = 1_000
EARLY_SKIP_MS = 5_000
TIMELINE = (
    "event_id",
    "event_type",
    "event_time",
    "event_date",
    "user_id",
    "item_in_session",
    "track_id",
    "artist_id",
    "ms_played",
    "duration_ms",
    "skipped",
    "level",
    "platform",
    "country",
    "context_type",
    "source",
)
"""The columns of ``event`` that sessions and facts need."""


def played_to_end() -> Column:
    """ms_played >= duration_ms - 1,000; false where either is unknown, as a duration_ms of 0 is."""
    return F.coalesce(F.col("ms_played") >= _length() - END_TOLERANCE_MS, F.lit(False))


def is_stream() -> Column:
    """A play of at least 30,000 ms, or of a shorter track played to its end; true where ms_played is unknown.

    Sources that do not log ms_played log a play only once half of the track or four minutes were heard.
    """
    short_track = F.coalesce(_length() < STREAM_MS, F.lit(False))
    return F.col("ms_played").isNull() | (F.col("ms_played") >= STREAM_MS) | (short_track & played_to_end())


def is_skip() -> Column:
    """Ended before its end by the listener's choice: ``skipped`` where the source says so, else a play below
    30,000 ms that was not played to its end; false where ms_played is unknown."""
    early = F.coalesce((F.col("ms_played") < STREAM_MS) & ~played_to_end(), F.lit(False))
    return F.coalesce(F.col("skipped"), early)


def completion() -> Column:
    """ms_played / duration_ms, cut to 0..1; null where either is unknown, as a duration_ms of 0 is."""
    share = F.col("ms_played") / _length()
    return F.when(share.isNotNull(), F.greatest(F.lit(0.0), F.least(F.lit(1.0), share)))


def _length() -> Column:
    """duration_ms, null where it is 0: so some producers say that they do not know it."""
    return F.nullif(F.col("duration_ms"), F.lit(0))


def with_users(events: DataFrame, users: DataFrame) -> DataFrame:
    """The events with ``user_key``: the version of their user that was valid at event_time."""
    versions = users.select(
        F.col("user_id").alias("_member"), "user_key", "valid_from", F.col("valid_to").alias("_to")
    )
    member = F.coalesce("user_id", F.lit(ANONYMOUS))
    return events.join(versions, on=(member == F.col("_member")) & _valid("event_time"), how="left").drop(
        "_member", "valid_from", "_to"
    )


def lacks_artist() -> Column:
    """Whether an event that becomes a fact names a track and no artist."""
    is_fact = F.col("event_type").isin("play", *FEEDBACK_TYPES)
    return is_fact & F.col("track_id").isNotNull() & F.col("artist_id").isNull()


def with_primary_artists(events: DataFrame, tracks: DataFrame) -> DataFrame:
    """The events, those that lack an artist with the primary one of their track, which ``tracks`` (dim_track) knows."""
    # An event that lacks none has a key of its own: null keys would all be one task's, where both sides are shuffled.
    wanted = F.when(lacks_artist(), F.col("track_id")).otherwise(F.col("event_id"))
    own = tracks.select(F.col("track_id").alias("_track"), F.col("artist_id").alias("_primary"))
    return (
        events.join(own, on=(wanted == F.col("_track")) & lacks_artist(), how="left")
        .withColumn("artist_id", F.coalesce("artist_id", "_primary"))
        .drop("_track", "_primary")
    )


def with_tracks(events: DataFrame, artists: DataFrame) -> DataFrame:
    """The events with ``track_key`` and ``artist_key``, and the unknown members where they name none.

    artist_key is the version of the artist that was valid at event_time.
    """
    versions = artists.select(
        F.col("artist_id").alias("_member"), "artist_key", "valid_from", F.col("valid_to").alias("_to")
    )
    return (
        events.withColumns(
            {
                "track_id": F.coalesce("track_id", F.lit(UNKNOWN)),
                "artist_id": F.coalesce("artist_id", F.lit(UNKNOWN)),
            }
        )
        .withColumn("track_key", key(F.col("track_id")))
        .join(versions, on=(F.col("artist_id") == F.col("_member")) & _valid("event_time"), how="left")
        .drop("_member", "valid_from", "_to")
    )


def _valid(time: str) -> Column:
    ended = F.col("_to").isNotNull() & (F.col(time) >= F.col("_to"))
    return (F.col(time) >= F.col("valid_from")) & ~ended


def stream_facts(timeline: DataFrame, artists: DataFrame) -> DataFrame:
    """fact_stream rows, one per play, of a timeline (events with session_started_at and user_key)."""
    return with_tracks(timeline.where(F.col("event_type") == "play"), artists).select(
        "event_id",
        "event_time",
        "event_date",
        "user_key",
        "user_id",
        "track_key",
        "track_id",
        "artist_key",
        "artist_id",
        F.when(
            F.col("session_started_at").isNotNull(),
            key(F.col("user_id"), F.unix_micros("session_started_at")),
        ).alias("session_key"),
        "ms_played",
        "duration_ms",
        completion().alias("completion"),
        is_stream().alias("is_stream"),
        is_skip().alias("is_skip"),
        "level",
        "platform",
        "country",
        "source",
        "context_type",
        "item_in_session",
    )


def feedback_facts(timeline: DataFrame, artists: DataFrame) -> DataFrame:
    """fact_feedback rows, one per like, dislike, save, playlist_add or follow, of a timeline."""
    return with_tracks(timeline.where(F.col("event_type").isin(*FEEDBACK_TYPES)), artists).select(
        "event_id",
        "event_time",
        "event_date",
        "user_key",
        "user_id",
        "track_key",
        "artist_key",
        "event_type",
    )
