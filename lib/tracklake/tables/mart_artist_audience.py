"""Contract of table mart_artist_audience."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="mart_artist_audience",
    about=(
        "Who an artist's listeners of 28 days are: tiers from casual to super listeners, places, cohorts by the 28 days"
        " of their first play, and the artists that they also play. Groups of fewer than k listeners are merged"
        " (docs/privacy.md)."
    ),
    grain="one group of one artist's listeners in 28 days",
    owner="marketplace data",
    key=("artist_id", "kind", "group_name", "period_start"),
    partition_by="period_start",
    may_be_empty=True,
    columns=(
        Column("artist_id", "string", "The artist.", nullable=False, refers_to="dim_artist.artist_id"),
        Column("period_start", "date", "First day of the 28 days, a Monday.", nullable=False),
        Column(
            "kind",
            "string",
            "What the listeners are grouped by. Every kind but also_plays parts all of the listeners.",
            nullable=False,
            values=("tier", "place", "cohort", "also_plays"),
        ),
        Column(
            "group_name",
            "string",
            "The tier, the place, the first day of the cohort's 28 days, or the id of the other artist;"
            " '(other)' for small groups together.",
            nullable=False,
        ),
        Column("listeners", "bigint", "Listeners in the group.", nullable=False, minimum=1),
        Column("share", "double", "Share of the artist's listeners.", nullable=False, minimum=0, maximum=1),
        Column("streams", "bigint", "Streams by the group; null for cohorts and also_plays.", minimum=0),
        Column(
            "previous_listeners",
            "bigint",
            "Listeners in the same group 28 days before; null if none, or fewer than k, were shown. Of a cohort: how"
            " many it began with, in whole k if not all listeners of its block; null where few would follow from it.",
            minimum=1,
        ),
        Column(
            "k",
            "int",
            "The k of the run that built the row: of fewer listeners nothing is shown.",
            nullable=False,
            minimum=1,
        ),
    ),
)
