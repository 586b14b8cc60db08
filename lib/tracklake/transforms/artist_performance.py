"""How artists did in each period, and what each needs most: the rows of mart_artist."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tracklake.transforms.keys import UNKNOWN
from tracklake.transforms.periods import PERIOD
from tracklake.transforms.privacy import (
    all_or_none,
    enough_or_none,
    fineness,
    previous_is_shown,
    with_earlier,
)
from tracklake.transforms.ranks import ranked
from tracklake.transforms.rates import Rate
from tracklake.transforms.totals import MEMBER, momentum

NEEDS = ("reach", "conversion", "retention", "satisfaction", "catalogue")
FEWEST_PEERS = 10
"""An artist is compared with no fewer peers than this, itself among them."""

FUNNEL = {
    "new": "new_listeners",
    "returning": "returning_listeners",
    "reactivated": "reactivated_listeners",
    "lapsed": "lapsed_listeners",
}
FIGURES = [
    "plays",
    "streams",
    "listeners",
    "streams_per_listener",
    "listening_ms",
    *FUNNEL.values(),
    "momentum",
    "rank",
    "skip_rate",
    "skip_low",
    "skip_high",
    "tracks",
    "top_1_percent_share",
    *NEEDS,
    "peers",
    *[f"{need}_percentile" for need in NEEDS],
    "needs",
    "needs_value",
    "needs_peer_median",
]
"""The columns that are null where fewer than k listeners stand behind them."""


def artist_performance(
    totals: DataFrame, levels: DataFrame, parts: DataFrame, loyalty: DataFrame, k: int
) -> DataFrame:
    """mart_artist rows: one artist in one period in which it was played, liked or saved.

    ``totals`` as of ``period_totals``, ``levels`` as of ``shown_levels``, ``parts`` as of ``parts.parts``, ``loyalty``
    as of ``artist_groups.loyalty``.
    """
    funnel_is_fine = all_or_none(_all([enough_or_none(F.col(name), k) for name in FUNNEL]))
    skip_low, skip_high = Rate("skips", "plays").wilson()
    whole = (
        ranked(totals.where("member = 'artist'"), PERIOD, "streams", "rank")
        .join(with_earlier(levels), on=[*MEMBER, "block"], how="left")
        .withColumn("funnel_is_fine", funnel_is_fine)
        .withColumnRenamed("member_id", "artist_id")
        .join(_breadth(parts, levels), on=["artist_id", *PERIOD], how="left")
        .join(_of_most_active(loyalty, k), on=["artist_id", *PERIOD], how="left")
        .withColumns(
            {
                "is_suppressed": F.col("level") < fineness(),
                **{shown: F.when(F.col("funnel_is_fine"), F.col(name)) for name, shown in FUNNEL.items()},
                "momentum": F.when(previous_is_shown(), momentum()),
                "streams_per_listener": F.col("streams") / _some("listeners"),
                "skip_rate": F.col("skips") / _some("plays"),
                "skip_low": skip_low,
                "skip_high": skip_high,
                "tracks": F.coalesce("tracks", F.lit(0)),
                "catalogue": _catalogue(),
                "conversion": (F.col("likes") + F.col("saves") + F.col("playlist_adds")) / _some("listeners"),
                "satisfaction": F.col("heard_ms") / _some("length_ms"),
            }
        )
        .withColumns(
            {
                "reach": F.col("new_listeners") / _some("listeners"),
                "retention": F.when(
                    previous_is_shown(),
                    _at_most_1(F.col("returning_listeners") / _some("previous_listeners")),
                ),
            }
        )
    )
    figures = [F.when(~F.col("is_suppressed"), F.col(name)).alias(name) for name in FIGURES]
    return with_needs(whole).select(
        "artist_id", *PERIOD, "days", "is_suppressed", *figures, F.lit(k).alias("k")
    )


def with_needs(artists: DataFrame) -> DataFrame:
    """The artists with their ``peers``, a percentile among them for each of NEEDS, and what it ``needs``.

    Peers have as many listeners within a power of 2 in the same period; suppressed artists are nobody's peers.
    That is the lowest percentile, of several equal ones the first in NEEDS, of the figures below their median.
    """
    size = F.floor(F.log2(F.col("listeners").cast("double")))
    # Most are suppressed: one group of all of these would be too large for a task.
    anywhere = -1 - F.pmod(F.hash("artist_id"), F.lit(1000))
    peers = Window.partitionBy(*PERIOD, "size")
    sized = artists.withColumn("size", F.when(F.col("is_suppressed"), anywhere).otherwise(size))
    enough = ~F.col("is_suppressed") & (F.col("peers") >= FEWEST_PEERS)

    def percentile(need: str) -> Column:
        lower = F.rank().over(peers.orderBy(F.col(need).asc_nulls_last())) - 1
        others = F.nullif(F.count(need).over(peers) - 1, F.lit(0))
        return F.when(
            F.col(need).isNotNull() & enough, F.round(100 * F.coalesce(lower / others, F.lit(0.0)), 1)
        )

    compared = (
        sized.withColumn("peers", F.when(~F.col("is_suppressed"), F.count(F.lit(1)).over(peers)))
        .withColumns({f"{need}_median": F.median(need).over(peers) for need in NEEDS})
        .withColumns({f"{need}_percentile": percentile(need) for need in NEEDS})
    )
    lacking = {
        need: F.when(F.col(need) < F.col(f"{need}_median"), F.col(f"{need}_percentile")) for need in NEEDS
    }
    lowest = F.least(*lacking.values())

    def where_lowest(value: dict[str, Column]) -> Column:
        return F.coalesce(*[F.when(lacking[need] == lowest, value[need]) for need in NEEDS])

    return compared.withColumns(
        {
            "needs": where_lowest({need: F.lit(need) for need in NEEDS}),
            "needs_value": where_lowest({need: F.col(need) for need in NEEDS}),
            "needs_peer_median": where_lowest({need: F.col(f"{need}_median") for need in NEEDS}),
        }
    )


def _breadth(parts: DataFrame, levels: DataFrame) -> DataFrame:
    """One row per artist and period: ``tracks`` of which plays count for the artist, how many of them are ``hidden``,
    and of the others the sum of their streams that count for the artist, and of these squared."""
    streams = F.col("streams").cast("decimal(19,0)")
    hidden = F.col("level") < fineness()
    of_tracks = levels.where("member = 'track'").withColumnRenamed("member_id", "track_id")
    return (
        parts.where((F.col("track_id") != UNKNOWN) & (F.col("plays") > 0))
        .join(of_tracks, on=["track_id", "block"], how="left")
        .groupBy("artist_id", *PERIOD)
        .agg(
            F.count(F.lit(1)).alias("tracks"),
            F.count_if(hidden).alias("hidden"),
            F.coalesce(F.sum(F.when(~hidden, F.col("streams"))), F.lit(0)).alias("shown_streams"),
            F.coalesce(F.sum(F.when(~hidden, streams * streams)), F.lit(0)).cast("double").alias("squares"),
        )
    )


def _catalogue() -> Column:
    """Over how many tracks streams spread: Hill's number of order 2 (Hill 1973, doi:10.2307/1934352).

    The streams that no track which is shown accounts for are taken to be spread evenly over the hidden tracks: all
    that goes into the number is shown, so that nothing of a hidden track can be told from it.
    """
    streams = F.col("streams").cast("double")
    rest = (F.col("streams") - F.coalesce("shown_streams", F.lit(0))).cast("double")
    squares = F.coalesce("squares", F.lit(0.0)) + rest * rest / F.greatest(F.col("hidden"), F.lit(1))
    return streams * streams / F.nullif(squares, F.lit(0.0))


def _of_most_active(loyalty: DataFrame, k: int) -> DataFrame:
    """The share of plays by the 1 % of listeners who play an artist most, where these are at least k."""
    of_artist = Window.partitionBy("artist_id", "period_start")
    place = F.row_number().over(of_artist.orderBy(F.col("plays").desc(), "user_id"))
    most = F.ceil(F.count(F.lit(1)).over(of_artist) / 100)
    return (
        loyalty.withColumns({"place": place, "most": most})
        .groupBy("artist_id", "period_start")
        .agg(
            F.when(
                F.first("most") >= k,
                F.sum(F.when(F.col("place") <= F.col("most"), F.col("plays"))) / F.sum("plays"),
            ).alias("top_1_percent_share")
        )
        .withColumn("period", F.lit("28_days"))
    )


def _at_most_1(share: Column) -> Column:
    """The share of two estimates, which may come out above 1."""
    return F.when(share > 1, 1.0).otherwise(share)


def _some(name: str) -> Column:
    return F.nullif(F.col(name), F.lit(0).cast("bigint"))


def _all(conditions: list[Column]) -> Column:
    whole = F.lit(True)
    for condition in conditions:
        whole = whole & condition
    return whole
