"""Plays folded by day, track, listener, market and context: what sketches cannot tell of places and loyalty."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tracklake.transforms.keys import UNKNOWN
from tracklake.transforms.periods import PERIOD, PERIODS, bits, by_period, period_start
from tracklake.transforms.privacy import all_or_none
from tracklake.transforms.ranks import ranked


def listening(streams: DataFrame, users: DataFrame) -> DataFrame:
    """fact_listening rows: one track, artist, listener, market and context of one UTC day.

    place is the listener's location at the play, where there is none the market. Plays of which neither is known
    have one market and one place, the unknown one.
    """
    unknown = F.lit(UNKNOWN)
    places = users.select("user_key", "location")
    market = F.coalesce("country", unknown).alias("market")
    context = F.coalesce("context_type", unknown).alias("context_type")
    return (
        streams.groupBy("event_date", "artist_id", "track_id", "user_id", "user_key", market, context)
        .agg(F.count(F.lit(1)).alias("plays"), F.count_if("is_stream").alias("streams"))
        .join(places, on="user_key", how="left")
        .select(
            "event_date",
            "track_id",
            "artist_id",
            "user_key",
            "user_id",
            "market",
            F.coalesce("location", "market").alias("place"),
            "context_type",
            "plays",
            "streams",
        )
    )


def top_markets(listening: DataFrame, k: int) -> DataFrame:
    """One row per track and period: ``top_market``, where it was streamed most, and its rank among the tracks there.

    Null where fewer than k listeners of that market played the track.
    """
    known = listening.where(F.col("track_id") != UNKNOWN)
    places = ranked(_sums(known, "market", "streams"), [*PERIOD, "market"], "streams", "place")
    first = F.struct(-F.col("streams"), F.col("market"))
    of_most = (
        places.groupBy("track_id", *PERIOD)
        .agg(F.min_by(F.struct("market", "place"), first).alias("top"))
        .select("track_id", *PERIOD, "top.market", "top.place")
        .join(_listeners(known, "market"), on=["track_id", "market", *PERIOD], how="left")
    )
    shown = F.coalesce("listeners", F.lit(0)) >= k
    return of_most.select(
        "track_id",
        *PERIOD,
        F.when(shown, F.col("market")).alias("top_market"),
        F.when(shown, F.col("place")).alias("rank_in_top_market"),
    )


def source_mixes(listening: DataFrame, k: int) -> DataFrame:
    """One row per track and period with plays of a known context: ``source_mix``, a JSON object of their shares.

    Null where a context of any like period of the block has fewer than k listeners. The unknown context is one of
    these: of few plays, how many are of it follows from the shares of the others.
    """
    is_known = F.col("context_type") != UNKNOWN
    with_known = listening.where(is_known).select("track_id").distinct()
    heard = listening.join(with_known, on="track_id", how="left_semi")  # few, where sources name no contexts
    in_contexts = (
        _sums(heard, "context_type", "plays")
        .join(_listeners(heard, "context_type"), on=["track_id", "context_type", *PERIOD], how="left")
        .fillna(0, "listeners")
    )
    entries = F.sort_array(F.collect_list(F.when(is_known, F.struct("context_type", "plays"))))
    share = F.transform(
        "entries", lambda one: F.struct(one["context_type"], F.round(one["plays"] / F.col("plays"), 4))
    )
    return (
        in_contexts.groupBy("track_id", *PERIOD)
        .agg(
            F.sum(F.when(is_known, F.col("plays"))).alias("plays"),
            F.min(F.col("listeners") >= k).alias("fine"),
            entries.alias("entries"),
        )
        .select(
            F.lit("track").alias("member"),
            F.col("track_id").alias("member_id"),
            period_start("28_days", "period_start").alias("block"),
            *PERIOD,
            F.when(F.size("entries") > 0, F.to_json(F.map_from_entries(share))).alias("mix"),
            "fine",
        )
        .withColumn("source_mix", F.when(all_or_none(F.col("fine")), F.col("mix")))
        .where("mix IS NOT NULL")
        .select(F.col("member_id").alias("track_id"), *PERIOD, "source_mix")
    )


def _sums(listening: DataFrame, group: str, figure: str) -> DataFrame:
    """One row per track, ``group`` and period of any kind: the sum of ``figure``."""
    sum_ = F.sum(figure).alias(figure)
    of_days = listening.groupBy("track_id", group, "event_date").agg(sum_)
    return by_period(of_days, "event_date").groupBy("track_id", group, *PERIOD).agg(sum_)


def _listeners(listening: DataFrame, group: str) -> DataFrame:
    """One row per track, ``group`` and period of any kind with ``listeners``: how many distinct ones.

    The days of a listener in 28 days are the bits of one number, so that listeners are told apart once for all
    periods.
    """
    days = bits(F.date_diff("event_date", "block")).alias("days")
    spans = F.array(
        *[
            F.struct(
                F.lit(kind).alias("period"),
                F.lit(first).alias("first"),
                F.lit(((1 << length) - 1) << first).alias("days"),
            )
            for kind, length in PERIODS.items()
            for first in range(0, PERIODS["28_days"], length)
        ]
    )
    there = F.filter(spans, lambda span: F.col("days").bitwiseAND(span["days"]) != 0)
    return (
        listening.where(F.col("user_id").isNotNull())
        .withColumn("block", period_start("28_days", "event_date"))
        .groupBy("track_id", group, "block", "user_id")
        .agg(days)
        .withColumn("span", F.explode(there))
        .groupBy("track_id", group, "block", "span.period", "span.first")
        .agg(F.count(F.lit(1)).alias("listeners"))
        .select(
            "track_id",
            group,
            "period",
            F.date_add("block", F.col("first")).alias("period_start"),
            "listeners",
        )
    )
