"""Contract of table fact_stream."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract
from tracklake.tables.event import LEVELS

CONTRACT = Contract(
    name="fact_stream",
    about="Plays, each with whether it counts as a stream and whether it was skipped (it may be both).",
    grain="one play event",
    owner="marketplace data",
    key=("event_id",),
    partition_by="event_date",
    may_be_empty=True,
    columns=(
        Column("event_id", "string", "The play's id in table event.", nullable=False),
        Column("event_time", "timestamp", "When the play started, UTC.", nullable=False),
        Column("event_date", "date", "UTC date of event_time.", nullable=False, refers_to="dim_date.date"),
        Column(
            "user_key",
            "string",
            "The user's version at event_time; the anonymous user's for an anonymous play.",
            nullable=False,
            refers_to="dim_user.user_key",
        ),
        Column("user_id", "string", "The user; null for an anonymous play."),
        Column("track_key", "string", "The track.", nullable=False, refers_to="dim_track.track_key"),
        Column("track_id", "string", "The track's id, that of an inferred member included.", nullable=False),
        Column(
            "artist_key",
            "string",
            "The version at event_time of the artist for whom the play counts, see artist_id.",
            nullable=False,
            refers_to="dim_artist.artist_key",
        ),
        Column(
            "artist_id",
            "string",
            "The primary artist that the event names, else the track's; inferred ones and the unknown one included.",
            nullable=False,
        ),
        Column(
            "session_key",
            "string",
            "The session that the play belongs to; null for an anonymous play.",
            refers_to="fact_session.session_key",
        ),
        Column("ms_played", "bigint", "Milliseconds heard; null if unknown.", minimum=0),
        Column(
            "duration_ms", "bigint", "Length of the track in milliseconds; null or 0 if unknown.", minimum=0
        ),
        Column(
            "completion",
            "double",
            "ms_played / duration_ms, cut to 0..1; null where either is unknown.",
            minimum=0,
            maximum=1,
        ),
        Column(
            "is_stream",
            "boolean",
            "True for a play of at least 30,000 ms, or of a shorter track played to its end.",
            nullable=False,
        ),
        Column(
            "is_skip",
            "boolean",
            "True for a play that the listener ended before its end.",
            nullable=False,
        ),
        Column("level", "string", "The user's subscription level at the play.", values=LEVELS),
        Column("platform", "string", "Device or operating system family."),
        Column("country", "string", "Country code; null if unknown."),
        Column("source", "string", "Name of the source that the play came from.", nullable=False),
        Column("context_type", "string", "What the track was played from, for example playlist or album."),
        Column(
            "item_in_session",
            "int",
            "Number of the event within the source's session; tells the order of plays of one moment.",
            minimum=0,
        ),
    ),
)
