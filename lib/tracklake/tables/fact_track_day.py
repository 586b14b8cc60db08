"""Contract of table fact_track_day."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract
from tracklake.tables.day_columns import DAY_COLUMNS

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
        *DAY_COLUMNS,
    ),
)
