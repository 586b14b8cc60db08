"""Contract of table fact_audience."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="fact_audience",
    about=(
        "Who listened to each track and artist in each 28 days, as sketches: the history from which marts know new"
        " listeners. Not for artists' eyes."
    ),
    grain="one track or artist in one period of 28 days in which it was played",
    owner="marketplace data",
    key=("member", "member_id", "period_start"),
    partition_by="period_start",
    may_be_empty=True,
    columns=(
        Column("member", "string", "What it is.", nullable=False, values=("track", "artist")),
        Column("member_id", "string", "The track_id or artist_id.", nullable=False),
        Column("period_start", "date", "First day of the 28 days, a Monday.", nullable=False),
        Column(
            "first_played_on",
            "date",
            "First day of the period on which it was played.",
            nullable=False,
            refers_to="dim_date.date",
        ),
        Column(
            "listeners",
            "bigint",
            "Distinct users among the plays; of more than 4,096 an estimate.",
            nullable=False,
            minimum=0,
        ),
        Column("listeners_sketch", "binary", "Theta sketch of the listeners.", nullable=False),
    ),
)
"""period_start has no reference to dim_date: a period may begin before the first year of the calendar."""
