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
        Column("early_skips", "bigint", "Skips within the first 5,000 ms.", nullable=False, minimum=0),
        Column(
            "replays",
            "bigint",
            "Plays by a listener who had played the track on that day before.",
            nullable=False,
            minimum=0,
        ),
        Column(
            "heard_ms",
            "bigint",
            "Milliseconds heard, no play for more than its track's length, over plays that know both.",
            nullable=False,
            minimum=0,
        ),
        Column(
            "length_ms",
            "bigint",
            "Milliseconds that these plays could have lasted: heard_ms / length_ms is their completion.",
            nullable=False,
            minimum=0,
        ),
        Column("saves", "bigint", "Saves.", nullable=False, minimum=0),
        Column(
            "listeners_sketch",
            "binary",
            "Theta sketch of the listeners, to be merged over days; not for artists' eyes.",
            nullable=False,
        ),
    ),
)
