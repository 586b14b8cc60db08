"""Contract of table session_satisfaction."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

CONTRACT = Contract(
    name="session_satisfaction",
    about=(
        "How well each session with plays went, as far as behaviour tells: the index and what it is made of."
        " Internal: it describes single persons and never leaves the team."
    ),
    grain="one session with at least one play",
    owner="marketplace data",
    key=("session_key",),
    partition_by="session_date",
    may_be_empty=True,
    columns=(
        Column("session_key", "string", "The session.", nullable=False, refers_to="fact_session.session_key"),
        Column("user_id", "string", "The listener.", nullable=False),
        Column("started_at", "timestamp", "When the session began, UTC.", nullable=False),
        Column("session_date", "date", "UTC date of started_at.", nullable=False, refers_to="dim_date.date"),
        Column("plays", "bigint", "Plays.", nullable=False, minimum=1),
        Column("listening_ms", "bigint", "Milliseconds heard, where known.", nullable=False, minimum=0),
        Column(
            "satisfaction",
            "double",
            "The index: modelled probability of return within 7 days, of a listener of average habit.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "completion", "double", "Mean completion of the plays; null if unknown.", minimum=0, maximum=1
        ),
        Column("skip_share", "double", "Skips per play.", nullable=False, minimum=0, maximum=1),
        Column(
            "skip_run_share",
            "double",
            "Share of the plays that are skips right after a skip.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "praise_rate",
            "double",
            "Likes, saves, playlist adds and follows per play, 1 at most.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "dislike_rate", "double", "Dislikes per play, 1 at most.", nullable=False, minimum=0, maximum=1
        ),
        Column("length", "double", "ln(1 + plays).", nullable=False, minimum=0),
        Column(
            "discovery",
            "double",
            "Share of plays of a track that the listener had not played in the 28 days before.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "artist_discovery",
            "double",
            "Share of plays of an artist whom the listener had not played in the 28 days before.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "artist_entropy", "double", "Entropy of artists over plays, in nats.", nullable=False, minimum=0
        ),
        Column(
            "artist_concentration",
            "double",
            "Herfindahl-Hirschman index of artists over plays: 1 for one artist.",
            nullable=False,
            minimum=0,
            maximum=1,
        ),
        Column(
            "recent_sessions",
            "bigint",
            "The listener's sessions with plays in the 28 days before.",
            nullable=False,
            minimum=0,
        ),
        Column(
            "returned_1d",
            "boolean",
            "Whether another session with plays began within 1 day of started_at; null until that day is over.",
        ),
        Column(
            "returned_7d",
            "boolean",
            "Whether another session with plays began within 7 days of started_at; null until they are over.",
        ),
    ),
)
