"""How tracks did in each period: the rows of mart_track_performance."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tracklake.transforms.keys import key
from tracklake.transforms.periods import PERIOD, PERIODS, of_kind
from tracklake.transforms.privacy import (
    all_or_none,
    enough_or_none,
    fineness,
    previous_is_shown,
    with_earlier,
)
from tracklake.transforms.ranks import ranked
from tracklake.transforms.rates import Rate, measured, priors
from tracklake.transforms.totals import MEMBER, momentum

AGES = (28, 84, 364)
"""Days since a track was first played at which the next band of age begins."""

RATES = {
    "completion": Rate("heard_plays", "measured_plays"),
    "skip": Rate("skips", "plays"),
    "early_skip": Rate("early_skips", "plays"),
    "replay": Rate("replays", "plays"),
    "save": Rate("saved", "plays"),
    "like": Rate("liked", "plays"),
}
"""The rates of a track, each of its plays; completion of those that know what was heard and of how much."""

RATE_COLUMNS = [f"{name}_{what}" for name in RATES for what in ("rate", "low", "high", "shrunk")]

FIGURES = [
    "plays",
    "streams",
    "listeners",
    "new_listeners",
    "listening_ms",
    *RATE_COLUMNS,
    "source_mix",
    "momentum",
    "rank",
    "top_market",
    "rank_in_top_market",
    "age_days",
    "cohort",
    "percentile",
]
"""The columns that are null where fewer than k listeners stand behind them."""


def track_performance(
    totals: DataFrame,
    levels: DataFrame,
    tracks: DataFrame,
    markets: DataFrame,
    mixes: DataFrame,
    k: int,
) -> DataFrame:
    """mart_track_performance rows: one track in one period in which it was played, liked or saved.

    ``totals`` as of ``period_totals``, ``levels`` as of ``shown_levels``, ``tracks`` of dim_track, ``markets`` and
    ``mixes`` of the same periods. Rates, ranks and percentiles are taken over all tracks, the hidden ones included.
    """
    of_tracks = totals.where("member = 'track'").withColumns(
        {
            "heard_plays": F.col("measured_plays") * _completion(),
            "saved": F.least(F.col("saves") + F.col("playlist_adds"), "plays"),
            "liked": F.least("likes", "plays"),
        }
    )
    usual = F.broadcast(priors(of_tracks.where("plays > 0"), PERIOD, RATES))
    completion = RATES["completion"].shrunk(F.col("completion_mean"), F.col("completion_strength"))
    in_cohort = Window.partitionBy(*PERIOD, "cohort").orderBy(F.round(completion, 9))
    percentile = F.round(100 * F.percent_rank().over(in_cohort), 1)
    new_is_fine = enough_or_none(F.col("new"), k) & (
        (F.col("listeners") - F.col("new") >= k) | _all_are_new()
    )
    whole = (
        ranked(of_tracks, PERIOD, "streams", "rank")
        .withColumns(_cohort())
        .join(usual, on=PERIOD, how="left")
        .withColumn("percentile", F.when(completion.isNotNull(), percentile))
        .join(with_earlier(levels), on=[*MEMBER, "block"], how="left")
        .withColumn("new_is_fine", all_or_none(new_is_fine))
        .withColumnRenamed("member_id", "track_id")
        .join(markets, on=["track_id", *PERIOD], how="left")
        .join(mixes, on=["track_id", *PERIOD], how="left")
        .join(tracks.select("track_id", "artist_id"), on="track_id", how="left")
        .withColumn("rates", measured(RATES))  # once the rows have been shuffled: they are many numbers
        .withColumns(
            {
                **_of_rates(),
                "is_suppressed": F.col("level") < fineness(),
                "new_listeners": F.when(F.col("new_is_fine"), F.col("new")),
                "momentum": F.when(previous_is_shown(), momentum()),
            }
        )
    )
    figures = [F.when(~F.col("is_suppressed"), F.col(name)).alias(name) for name in FIGURES]
    return whole.select(
        key(F.col("track_id")).alias("track_key"),
        "track_id",
        "artist_id",
        *PERIOD,
        "days",
        "is_suppressed",
        *figures,
        F.lit(k).alias("k"),
    )


def _all_are_new() -> Column:
    return F.col("listeners") == F.col("new")


def _completion() -> Column:
    """Milliseconds heard of those that the plays could have lasted, over the plays that know both."""
    return F.coalesce(F.col("heard_ms") / F.nullif(F.col("length_ms"), F.lit(0)), F.lit(0.0))


def _of_rates() -> dict[str, Column]:
    """RATE_COLUMNS, out of what was measured."""
    return {
        f"{name}_{what}": F.col("rates")[place][what]
        for place, name in enumerate(RATES)
        for what in ("rate", "low", "high", "shrunk")
    }


def _cohort() -> dict[str, Column]:
    """Tracks of like age and volume: the band of age, and the tenth of the ranks, 1 for the most streamed."""
    last_day = F.date_add(F.col("period_start"), of_kind(PERIODS) - 1)
    age = F.greatest(F.lit(0), F.date_diff(last_day, F.col("first_played_on")))
    band = F.lit(f"{AGES[-1]} days or more")
    for low, high in reversed([*zip((0, *AGES), AGES, strict=False)]):
        band = F.when(age < high, f"{low} to {high - 1} days").otherwise(band)
    tenth = F.floor((F.col("rank") - 1) * 10 / F.col("rank_of")) + 1
    return {"age_days": age, "cohort": F.concat_ws(", ", band, F.concat(F.lit("tenth "), tenth))}
