"""What the contracts of a track's day and an artist's day have in common."""

from __future__ import annotations

from tracklake.tables.contract import Column

DAY_COLUMNS = (
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
    Column("measured_plays", "bigint", "How many plays these are.", nullable=False, minimum=0),
    Column("saves", "bigint", "Saves.", nullable=False, minimum=0),
    Column(
        "listeners_sketch",
        "binary",
        "Theta sketch of the listeners, to be merged over days; not for artists' eyes.",
        nullable=False,
    ),
)
"""The day, and what was counted on it, in the order of the tables."""
