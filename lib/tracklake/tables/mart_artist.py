"""Contract of table mart_artist."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

NEEDS = {
    "reach": "new listeners of all listeners",
    "conversion": "likes, saves and playlist adds per listener",
    "retention": "listeners of the period before who came back",
    "satisfaction": "share of the length of its tracks that was heard",
    "catalogue": "tracks that listening spreads over: 1 / sum of squared shares of streams, hidden tracks taken alike",
}
"""What an artist may need, and the figure that says how much of it there is."""

CONTRACT = Contract(
    name="mart_artist",
    about=(
        "How each artist did in each day, week and 28 days: listeners, where they came from and who left, breadth,"
        " and what the artist needs most. Figures that would tell of fewer than k listeners are null (docs/privacy.md)."
    ),
    grain="one artist in one period in which it was played, liked, saved or added to a playlist",
    owner="marketplace data",
    key=("artist_id", "period", "period_start"),
    partition_by="period_start",
    may_be_empty=True,
    columns=(
        Column("artist_id", "string", "The artist.", nullable=False, refers_to="dim_artist.artist_id"),
        Column("period", "string", "Kind of period.", nullable=False, values=("day", "week", "28_days")),
        Column("period_start", "date", "First day of the period; weeks begin on Mondays.", nullable=False),
        Column(
            "days",
            "int",
            "Days of the period on which the lake has plays, likes, saves or playlist adds;"
            " fewer than its length: it is unfinished, or had quiet days.",
            nullable=False,
            minimum=1,
            maximum=28,
        ),
        Column("is_suppressed", "boolean", "True where the figures are hidden for privacy.", nullable=False),
        Column("plays", "bigint", "Plays.", minimum=0),
        Column("streams", "bigint", "Plays that are streams.", minimum=0),
        Column(
            "listeners",
            "bigint",
            "Distinct users; of weeks and 28 days above 4,096 an estimate (standard error 1.6 %).",
            minimum=0,
        ),
        Column("streams_per_listener", "double", "Streams / listeners.", minimum=0),
        Column("listening_ms", "bigint", "Milliseconds heard.", minimum=0),
        Column(
            "new_listeners",
            "bigint",
            "Listeners who had not played the artist in the 52 weeks before. This and the next three are null"
            " together, where one of them is too small to show.",
            minimum=0,
        ),
        Column("returning_listeners", "bigint", "Listeners of the period before, too.", minimum=0),
        Column("reactivated_listeners", "bigint", "Neither new nor returning: they were away.", minimum=0),
        Column(
            "lapsed_listeners", "bigint", "Listeners of the period before who did not come back.", minimum=0
        ),
        Column(
            "momentum",
            "double",
            "(now - before) / (now + before) of streams per day, against the period before; 1/3 is twice as many."
            " Null without a row for that.",
            minimum=-1,
            maximum=1,
        ),
        Column("rank", "bigint", "Rank by streams among all artists of the period.", minimum=1),
        Column("skip_rate", "double", "Share of plays skipped.", minimum=0, maximum=1),
        Column("skip_low", "double", "Lower bound of its 95 % Wilson interval.", minimum=0, maximum=1),
        Column("skip_high", "double", "Upper bound of its 95 % Wilson interval.", minimum=0, maximum=1),
        Column("tracks", "bigint", "Tracks of which plays count for the artist.", minimum=0),
        Column(
            "top_1_percent_share",
            "double",
            "Share of plays by the 1 % of listeners who play most (28 days; null if they are fewer than k).",
            minimum=0,
            maximum=1,
        ),
        *[
            Column(name, "double", f"{about[0].upper()}{about[1:]}.", minimum=1 if name == "catalogue" else 0)
            for name, about in NEEDS.items()
        ],
        Column("peers", "bigint", "Artists of like size: listeners within the same power of 2.", minimum=1),
        *[
            Column(
                f"{name}_percentile", "double", f"Percent of peers with less {name}.", minimum=0, maximum=100
            )
            for name in NEEDS
        ],
        Column(
            "needs",
            "string",
            "Where the artist lies furthest below its peers: the lowest percentile of figures below their median.",
            values=tuple(NEEDS),
        ),
        Column("needs_value", "double", "The artist's figure there.", minimum=0),
        Column("needs_peer_median", "double", "The median of its peers there.", minimum=0),
        Column(
            "k",
            "int",
            "The k of the run that built the row: of fewer listeners nothing is shown.",
            nullable=False,
            minimum=1,
        ),
    ),
)
