"""Contract of table fact_listening."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="fact_listening",
    about=(
        "Plays folded by who played what, where and from what on one day: marts read the days of a period from here"
        " instead of its plays. Not for artists' eyes."
    ),
    grain="one track, artist, listener, market and context of one UTC day",
    owner="marketplace data",
    key=("track_id", "artist_id", "user_key", "market", "context_type", "event_date"),
    partition_by="event_date",
    may_be_empty=True,
    columns=(
        Column("event_date", "date", "UTC day of the plays.", nullable=False, refers_to="dim_date.date"),
        Column(
            "track_id",
            "string",
            "The track; the unknown one included.",
            nullable=False,
            refers_to="dim_track.track_id",
        ),
        Column(
            "artist_id",
            "string",
            "The artist for whom the plays count, as in fact_stream; the unknown one included.",
            nullable=False,
            refers_to="dim_artist.artist_id",
        ),
        Column(
            "user_key",
            "string",
            "The user's version at the plays.",
            nullable=False,
            refers_to="dim_user.user_key",
        ),
        Column("user_id", "string", "The user; null for anonymous plays."),
        Column("market", "string", "Country code, '(unknown)' without one.", nullable=False),
        Column("place", "string", "The user's location, else the market.", nullable=False),
        Column(
            "context_type", "string", "What they were played from, '(unknown)' if not stated.", nullable=False
        ),
        Column("plays", "bigint", "Plays.", nullable=False, minimum=1),
        Column("streams", "bigint", "Streams among them.", nullable=False, minimum=0),
    ),
)
