"""Contract of table mart_interplay."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

QUADRANTS = ("star", "hidden_gem", "over_exposed", "fading", "unsure")

CONTRACT = Contract(
    name="mart_interplay",
    about=(
        "What a track or an artist does to the rest of the sessions in which it is played, against sessions of"
        " the same listeners without it. Only tracks and artists with enough listeners to hide each of them."
    ),
    grain="one track or artist in one period",
    owner="marketplace data",
    key=("item_type", "item_id", "period", "period_start"),
    partition_by="period_start",
    may_be_empty=True,
    columns=(
        Column("item_type", "string", "What item_id names.", nullable=False, values=("track", "artist")),
        Column("item_id", "string", "A track_id or an artist_id.", nullable=False),
        Column("period", "string", "Kind of period.", nullable=False, values=("day", "week", "28_days")),
        Column("period_start", "date", "First day of the period, UTC.", nullable=False),
        Column(
            "listeners",
            "bigint",
            "Distinct users who played it in sessions of the period, its exposure; rounded down to whole k.",
            nullable=False,
            minimum=1,
        ),
        Column(
            "compared_listeners",
            "bigint",
            "Those with sessions with it and without it, from whom the effect is estimated; rounded down to whole k.",
            nullable=False,
            minimum=0,
        ),
        Column("k", "bigint", "No row tells of fewer listeners (privacy.k).", nullable=False, minimum=1),
        Column(
            "effect",
            "double",
            "Satisfaction of the rest of a session, with it less without it, in log-odds of return;"
            " null where too few listeners can be compared, or they differ by no more than sums are rounded to.",
        ),
        Column("effect_low", "double", "Lower end of the 95 % confidence interval of effect."),
        Column("effect_high", "double", "Upper end of the 95 % confidence interval of effect."),
        Column(
            "standard_error", "double", "Of effect, robust to clusters of one listener's sessions.", minimum=0
        ),
        Column(
            "shrunk_effect",
            "double",
            "effect, drawn towards the mean of all items the more, the less sure it is (empirical Bayes).",
        ),
        Column("shrunk_low", "double", "Lower end of the 95 % interval of shrunk_effect."),
        Column("shrunk_high", "double", "Upper end of the 95 % interval of shrunk_effect."),
        Column(
            "quadrant",
            "string",
            "Where it lies on the map of satisfaction and exposure.",
            nullable=False,
            values=QUADRANTS,
        ),
    ),
)
