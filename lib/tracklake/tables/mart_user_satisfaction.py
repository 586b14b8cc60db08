"""Contract of table mart_user_satisfaction."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="mart_user_satisfaction",
    about=(
        "How well each listener was served over days, weeks and 28 days: means over their sessions with plays."
        " Internal: it describes single persons and never leaves the team."
    ),
    grain="one listener in one period",
    owner="marketplace data",
    key=("user_id", "period", "period_start"),
    partition_by="period_start",
    may_be_empty=True,
    columns=(
        Column("user_id", "string", "The listener.", nullable=False),
        Column("period", "string", "Kind of period.", nullable=False, values=("day", "week", "28_days")),
        Column("period_start", "date", "First day of the period, UTC.", nullable=False),
        Column(
            "sessions", "bigint", "Sessions with plays that began in the period.", nullable=False, minimum=1
        ),
        Column("plays", "bigint", "Plays in those sessions.", nullable=False, minimum=1),
        Column("listening_ms", "bigint", "Milliseconds heard, where known.", nullable=False, minimum=0),
        Column(
            "satisfaction",
            "double",
            "The index, mean over sessions.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "completion", "double", "Mean completion, over sessions where it is known.", minimum=0, maximum=1
        ),
        Column(
            "skip_share",
            "double",
            "Skips per play, mean over sessions.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "skip_run_share",
            "double",
            "Share of plays that are skips right after a skip, mean over sessions.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "praise_rate",
            "double",
            "Likes, saves, playlist adds and follows per play, mean over sessions.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "dislike_rate",
            "double",
            "Dislikes per play, mean over sessions.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "discovery",
            "double",
            "Share of plays of tracks new to the listener, mean over sessions.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "artist_discovery",
            "double",
            "Share of plays of artists new to the listener, mean over sessions.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "artist_entropy",
            "double",
            "Entropy of artists in nats, mean over sessions.",
            nullable=False,
            minimum=0,
        ),
        Column(
            "artist_concentration",
            "double",
            "Herfindahl-Hirschman index of artists, mean over sessions.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "returned_1d",
            "double",
            "Share of sessions followed by another within 1 day, of those where that is known.",
            minimum=0,
            maximum=1,
        ),
        Column(
            "returned_7d",
            "double",
            "Share of sessions followed by another within 7 days, of those where that is known.",
            minimum=0,
            maximum=1,
        ),
    ),
)
