"""Contract of table fact_session."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="fact_session",
    about=(
        "Maximal runs of one user's events in which no two neighbours are more than 30 minutes apart."
        " Anonymous events belong to none."
    ),
    grain="one session",
    owner="marketplace data",
    key=("session_key",),
    partition_by="session_date",
    may_be_empty=True,
    columns=(
        Column(
            "session_key",
            "string",
            "Key of the session, 32 hex digits of user_id and started_at.",
            nullable=False,
        ),
        Column(
            "user_key",
            "string",
            "The user's version at started_at.",
            nullable=False,
            refers_to="dim_user.user_key",
        ),
        Column("user_id", "string", "The user.", nullable=False),
        Column("started_at", "timestamp", "Time of the first event, UTC.", nullable=False),
        Column("ended_at", "timestamp", "Time of the last event, UTC.", nullable=False),
        Column("session_date", "date", "UTC date of started_at.", nullable=False, refers_to="dim_date.date"),
        Column("events", "bigint", "Events of any type.", nullable=False, minimum=1),
        Column("plays", "bigint", "Plays.", nullable=False, minimum=0),
        Column("streams", "bigint", "Plays that are streams.", nullable=False, minimum=0),
        Column("skips", "bigint", "Plays that are skips.", nullable=False, minimum=0),
        Column(
            "tracks",
            "bigint",
            "Distinct tracks played. Plays that name none, as of podcasts, are of one more.",
            nullable=False,
            minimum=0,
        ),
        Column("artists", "bigint", "Distinct artists played, likewise.", nullable=False, minimum=0),
        Column(
            "listening_ms",
            "bigint",
            "Milliseconds heard, over plays whose ms_played is known.",
            nullable=False,
            minimum=0,
        ),
    ),
)
