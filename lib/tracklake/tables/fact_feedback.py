"""Contract of table fact_feedback."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

FEEDBACK_TYPES = ("like", "dislike", "save", "playlist_add", "follow")

CONTRACT = Contract(
    name="fact_feedback",
    about="What listeners said of tracks and artists: likes, dislikes, saves, playlist adds, follows.",
    grain="one like, dislike, save, playlist_add or follow event",
    owner="marketplace data",
    key=("event_id",),
    partition_by="event_date",
    may_be_empty=True,
    columns=(
        Column("event_id", "string", "The event's id in table event.", nullable=False),
        Column("event_time", "timestamp", "When it happened, UTC.", nullable=False),
        Column("event_date", "date", "UTC date of event_time.", nullable=False, refers_to="dim_date.date"),
        Column(
            "user_key",
            "string",
            "The user's version at event_time; the anonymous user's for anonymous feedback.",
            nullable=False,
            refers_to="dim_user.user_key",
        ),
        Column("user_id", "string", "The user; null for anonymous feedback."),
        Column(
            "track_key",
            "string",
            "The track; the unknown one where the event names none.",
            nullable=False,
            refers_to="dim_track.track_key",
        ),
        Column(
            "artist_key",
            "string",
            "The version at event_time of the artist that the event names, else of the track's primary one; the unknown"
            " one's where there is neither.",
            nullable=False,
            refers_to="dim_artist.artist_key",
        ),
        Column("event_type", "string", "What the listener said.", nullable=False, values=FEEDBACK_TYPES),
    ),
)
