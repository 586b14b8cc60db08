"""Contract of table dim_user."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract
from tracklake.tables.event import LEVELS

CONTRACT = Contract(
    name="dim_user",
    about=(
        "Users over time: a new version whenever level or location changes (SCD type 2), the newest"
        " known value of the rest. All anonymous events belong to the one user '(anonymous)'."
    ),
    grain="one version of one user",
    owner="marketplace data",
    key=("user_key",),
    columns=(
        Column(
            "user_key",
            "string",
            "Key of the version, 32 hex digits of user_id and valid_from.",
            nullable=False,
        ),
        Column("user_id", "string", "The user; '(anonymous)' for the anonymous one.", nullable=False),
        Column("level", "string", "Subscription level during the version; null if unknown.", values=LEVELS),
        Column("gender", "string", "The user's gender in the source's code; null if not stated."),
        Column("location", "string", "The user's place during the version; null if unknown."),
        Column("registered_at", "timestamp", "When the user registered, UTC; null if not stated."),
        Column("valid_from", "timestamp", "First moment of the version, UTC.", nullable=False),
        Column("valid_to", "timestamp", "First moment of the next version, UTC; null while open."),
        Column("is_current", "boolean", "True for the user's open version.", nullable=False),
    ),
)
