"""Plays folded by listener, track, place and day: what sketches cannot tell of markets, contexts and loyalty."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tracklake.transforms.keys import UNKNOWN
from tracklake.transforms.periods import PERIODS, period_start
from tracklake.transforms.privacy import all_or_none
from tracklake.transforms.ranks import ranked


def listening(streams: DataFrame, users: DataFrame) -> DataFrame:
    """One row per day, track, listener (null for the anonymous), country, place and context.

    place is the listener's location at the play, where there is none the country. Plays of which neither is known
    have one market and one place, the unknown one.
    """
    unknown = F.lit(UNKNOWN)
    places = users.select("user_key", "location")
    return (
        streams.groupBy(
            "event_date", "artist_id", "track_id", "user_id", "user_key", "country", "context_type"
        )
        .agg(F.count(F.lit(1)).alias("plays"), F.count_if("is_stream").alias("streams"))
        .join(places, on="user_key", how="left")
        .select(
            "event_date",
            "artist_id",
            "track_id",
            "user_id",
            F.coalesce("country", unknown).alias("market"),
            F.coalesce("location", "country", unknown).alias("place"),
            "context_type",
            "plays",
            "streams",
        )
    )


def top_markets(listening: DataFrame, k: int) -> DataFrame:
    """One row per track and period: ``top_market``, where it was streamed most, and its rank among the tracks there.

    Null where fewer than k listeners of that market played the track.
    """
    in_markets = (
        _by_period(listening.where(F.col("track_id") != UNKNOWN))
        .groupBy("track_id", "period", "period_start", "market", "user_id")
        .agg(F.sum("streams").alias("streams"))
        .groupBy("track_id", "period", "period_start", "market")
        .agg(F.sum("streams").alias("streams"), F.count("user_id").alias("listeners"))
    )
    places = ranked(in_markets, ["period", "period_start", "market"], "streams", "place")
    first = F.struct(-F.col("streams"), F.col("market"))
    of_most = places.groupBy("track_id", "period", "period_start").agg(
        F.min_by(F.struct("market", "place", "listeners"), first).alias("top")
    )
    shown = F.col("top.listeners") >= k
    return of_most.select(
        "track_id",
        "period",
        "period_start",
        F.when(shown, F.col("top.market")).alias("top_market"),
        F.when(shown, F.col("top.place")).alias("rank_in_top_market"),
    )


def source_mixes(listening: DataFrame, k: int) -> DataFrame:
    """One row per track and period with plays of a known context: ``source_mix``, a JSON object of their shares.

    Null where a context of any like period of the block has fewer than k listeners.
    """
    in_contexts = (
        _by_period(listening.where(F.col("context_type").isNotNull()))
        .groupBy("track_id", "period", "period_start", "context_type", "user_id")
        .agg(F.sum("plays").alias("plays"))
        .groupBy("track_id", "period", "period_start", "context_type")
        .agg(F.sum("plays").alias("plays"), F.count("user_id").alias("listeners"))
    )
    entries = F.sort_array(F.collect_list(F.struct("context_type", "plays")))
    share = F.transform(
        "entries", lambda one: F.struct(one["context_type"], F.round(one["plays"] / F.col("plays"), 4))
    )
    return (
        in_contexts.groupBy("track_id", "period", "period_start")
        .agg(
            F.sum("plays").alias("plays"),
            F.min(F.col("listeners") >= k).alias("fine"),
            entries.alias("entries"),
        )
        .select(
            F.lit("track").alias("member"),
            F.col("track_id").alias("member_id"),
            period_start("28_days", "period_start").alias("block"),
            "period",
            "period_start",
            F.to_json(F.map_from_entries(share)).alias("mix"),
            "fine",
        )
        .select(
            F.col("member_id").alias("track_id"),
            "period",
            "period_start",
            F.when(all_or_none(F.col("fine")), F.col("mix")).alias("source_mix"),
        )
    )


def _by_period(listening: DataFrame) -> DataFrame:
    kinds = [
        F.struct(F.lit(kind).alias("period"), period_start(kind, "event_date").alias("period_start"))
        for kind in PERIODS
    ]
    return listening.withColumn("of", F.explode(F.array(*kinds))).select("*", "of.period", "of.period_start")
