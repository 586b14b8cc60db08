"""Contract of table fact_artist_day."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract
from tracklake.tables.day_columns import DAY_COLUMNS

CONTRACT = Contract(
    name="fact_artist_day",
    about="How each artist did on each day: plays, streams, skips, listeners and feedback.",
    grain="one artist on one day",
    owner="marketplace data",
    key=("artist_id", "event_date"),
    partition_by="event_date",
    may_be_empty=True,
    columns=(
        Column(
            "artist_key",
            "string",
            "The artist's newest version on the day.",
            nullable=False,
            refers_to="dim_artist.artist_key",
        ),
        Column(
            "artist_id", "string", "The artist's id, that of an inferred member included.", nullable=False
        ),
        *DAY_COLUMNS,
    ),
)
