"""Contract of table satisfaction_model."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

BEHAVIOUR = {
    "completion": "share of each track heard, mean over plays",
    "skip_share": "share of plays that were skips",
    "skip_run_share": "share of plays that were skips right after a skip",
    "praise_rate": "likes, saves, playlist adds and follows per play",
    "dislike_rate": "dislikes per play",
    "length": "ln(1 + plays)",
    "discovery": "share of plays of tracks new to the listener",
    "artist_discovery": "share of plays of artists new to the listener",
    "artist_entropy": "entropy of artists over plays",
    "artist_concentration": "Herfindahl-Hirschman index of artists over plays",
}
"""What the index of a session is made of: columns of session_satisfaction."""

CONTRACT = Contract(
    name="satisfaction_model",
    about=(
        "The weights of the satisfaction index, one model per period of 28 days, learned from sessions before it:"
        " what in a session goes with the listener's return within 7 days. Internal."
    ),
    grain="one fitted model",
    owner="marketplace data",
    key=("period_start",),
    partition_by="period_start",
    may_be_empty=True,
    columns=(
        Column(
            "period_start",
            "date",
            "First day of the 28 days whose sessions the model serves.",
            nullable=False,
        ),
        Column(
            "is_default",
            "boolean",
            "True where too few sessions were known: the stated default weights.",
            nullable=False,
        ),
        Column("sessions", "bigint", "Sessions learned from.", nullable=False, minimum=0),
        Column(
            "returns",
            "bigint",
            "Sessions among them after which the listener returned.",
            nullable=False,
            minimum=0,
        ),
        Column("intercept", "double", "Log-odds of return after an average session.", nullable=False),
        Column(
            "habit_weight",
            "double",
            "Weight of ln(1 + sessions of the 28 days before), held constant in the index; null for defaults.",
        ),
        Column(
            "brier",
            "double",
            "Mean squared error of the index against return, out of fold.",
            minimum=0,
            maximum=1,
        ),
        Column(
            "calibration_error",
            "double",
            "Expected calibration error over tenths of the sessions, out of fold.",
            minimum=0,
            maximum=1,
        ),
        Column("auc", "double", "Area under the ROC curve of the index, out of fold.", minimum=0, maximum=1),
        *(
            Column(f"{name}_{part}", "double", f"{said}: {about}.", nullable=False, minimum=minimum)
            for name, about in BEHAVIOUR.items()
            for part, said, minimum in (
                ("weight", "Log-odds of return per standard deviation", None),
                ("mean", "Mean over the sessions learned from", None),
                ("sd", "Standard deviation over the sessions learned from", 0),
            )
        ),
    ),
)
