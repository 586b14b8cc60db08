"""Contract of table mart_track_performance."""

from __future__ import annotations

from tracklake.tables.contract import Column, Contract

RATES = {
    "completion": "of the length of the track that was heard",
    "skip": "of plays skipped",
    "early_skip": "of plays skipped in the first 5,000 ms",
    "replay": "of plays by a listener who had played the track on that day before",
    "save": "that saves and playlist adds are of plays, 1 at most",
    "like": "that likes are of plays, 1 at most",
}
"""Each rate of a track, in words that follow 'Share'."""


def _of_rate(name: str, share: str) -> tuple[Column, ...]:
    def part(suffix: str, about: str) -> Column:
        return Column(f"{name}_{suffix}", "double", about, minimum=0, maximum=1)

    return (
        part("rate", f"Share {share}."),
        part("low", f"Lower bound of the 95 % Wilson interval of {name}_rate."),
        part("high", f"Upper bound of the 95 % Wilson interval of {name}_rate."),
        part(
            "shrunk",
            f"{name}_rate drawn towards that of all tracks in the period where plays are few;"
            " null where it is known of none of them.",
        ),
    )


CONTRACT = Contract(
    name="mart_track_performance",
    about=(
        "How each track did in each day, week and 28 days: volume, rates with their uncertainty, momentum, ranks."
        " Figures that would tell of fewer than k listeners are null (docs/privacy.md)."
    ),
    grain="one track in one period in which it was played, liked, saved or added to a playlist",
    owner="marketplace data",
    key=("track_id", "period", "period_start"),
    partition_by="period_start",
    may_be_empty=True,
    columns=(
        Column("track_key", "string", "The track.", nullable=False, refers_to="dim_track.track_key"),
        Column("track_id", "string", "The track's id.", nullable=False),
        Column(
            "artist_id", "string", "The primary artist.", nullable=False, refers_to="dim_artist.artist_id"
        ),
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
        Column(
            "new_listeners",
            "bigint",
            "Listeners who had not played the track in the 52 weeks before; null where they, or the others, are too few"
            " to show in any such period of the 28 days.",
            minimum=0,
        ),
        Column("listening_ms", "bigint", "Milliseconds heard.", minimum=0),
        *[column for name, share in RATES.items() for column in _of_rate(name, share)],
        Column(
            "source_mix",
            "string",
            "JSON object: share of plays by context, of those that name one; null where a context, or none, has few.",
        ),
        Column(
            "momentum",
            "double",
            "(now - before) / (now + before) of streams per day, against the period before; 1/3 is twice as many."
            " Null without a row for that.",
            minimum=-1,
            maximum=1,
        ),
        Column("rank", "bigint", "Rank by streams among all tracks of the period.", minimum=1),
        Column("top_market", "string", "Country where it was streamed most, '(unknown)' if none is known."),
        Column("rank_in_top_market", "bigint", "Rank by streams in that country.", minimum=1),
        Column("age_days", "int", "Days since the first play in the 52 weeks before.", minimum=0),
        Column("cohort", "string", "Tracks of like age and volume: band of days, and tenth of the ranks."),
        Column(
            "percentile",
            "double",
            "Percent of the cohort's other tracks that have a lower completion_shrunk; null where that is.",
            minimum=0,
            maximum=100,
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
