"""Contract of table fact_track_day."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="fact_track_day",
    about="How each track did on each day: plays, streams, skips, listeners and feedback.",
    grain="one track on one day",
    owner="marketplace data",
    key=("track_id", "event_date"),
    partition_by="event_date",
    may_be_empty=True,
    columns=(
        Column(
            "track_key",
            "string",
            "The track.",
            nullable=False,
            refers_to="dim_track.track_key",
        ),
        Column("track_id", "string", "The track's id, that of an inferred member included.", nullable=False),
        Column("event_date", "date", "The day, UTC.", nullable=False, refers_to="dim_date.date"),
        Column("plays", "bigint", "Plays.", nullable=False, minimum=0),
        Column("streams", "bigint", "Plays that are streams.", nullable=False, minimum=0),
        Column("skips", "bigint", "Plays that are skips.", nullable=False, minimum=0),
        Column("listeners", "bigint", "Distinct users among the plays.", nullable=False, minimum=0),
        Column(
            "listening_ms",
            "bigint",
            "Milliseconds heard, over plays whose ms_played is known.",
            nullable=False,
            minimum=0,
        ),
        Column("likes", "bigint", "Likes.", nullable=False, minimum=0),
        Column("playlist_adds", "bigint", "Playlist adds.", nullable=False, minimum=0),
    ),
)
