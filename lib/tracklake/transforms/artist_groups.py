"""Who an artist's listeners of 28 days are: the rows of mart_artist_audience."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tracklake.transforms import sketches
from tracklake.transforms.periods import HISTORY_BLOCKS, PERIODS, bits, period_start
from tracklake.transforms.privacy import FINENESS, OTHER, enough_or_none, with_small_merged

TOP_ARTISTS = 100
"""Overlaps are looked for with so many artists of most listeners, and among so many times ten."""

MOST_OVERLAPS = 10
GROUP = ["artist_id", "period_start", "kind"]


def loyalty(listening: DataFrame) -> DataFrame:
    """One row per artist, 28 days and listener: plays, streams, tier and place.

    With v the share of the listener's weeks (of those with any play) in which they played the artist, and s the
    artist's share of their plays in these 28 days: super if v >= 3/4, s >= 1/10 and plays >= 5; fan if v >= 1/2,
    s >= 1/20 and plays >= 3; regular if plays >= 2; else casual. place is that of most of their plays of the artist,
    of several the first by name.
    """
    of_listener = Window.partitionBy("period_start", "user_id")
    by_place = (
        listening.where(F.col("user_id").isNotNull())
        .withColumns(
            {
                "period_start": period_start("28_days", "event_date"),
                "week": F.floor(F.date_diff("event_date", period_start("28_days", "event_date")) / 7),
            }
        )
        .groupBy("artist_id", "period_start", "user_id", "place")
        .agg(
            F.sum("plays").alias("plays"),
            F.sum("streams").alias("streams"),
            bits(F.col("week")).alias("weeks"),
        )
    )
    folded = by_place.groupBy("artist_id", "period_start", "user_id").agg(
        F.sum("plays").alias("plays"),
        F.sum("streams").alias("streams"),
        F.bit_or("weeks").alias("weeks"),
        F.min_by("place", F.struct(-F.col("plays"), F.col("place"))).alias("place"),
    )
    weeks, plays = F.bit_count("weeks"), F.col("plays")
    all_weeks = F.bit_count(F.bit_or("weeks").over(of_listener))
    all_plays = F.sum("plays").over(of_listener)
    tier = (
        F.when((weeks * 4 >= all_weeks * 3) & (plays * 10 >= all_plays) & (plays >= 5), "super")
        .when((weeks * 2 >= all_weeks) & (plays * 20 >= all_plays) & (plays >= 3), "fan")
        .when(plays >= 2, "regular")
        .otherwise("casual")
    )
    return folded.select(
        "artist_id", "period_start", "user_id", "plays", "streams", tier.alias("tier"), "place"
    )


def artist_groups(
    loyalty: DataFrame, audiences: DataFrame, levels: DataFrame, before: DataFrame, k: int
) -> DataFrame:
    """mart_artist_audience rows of the blocks of ``loyalty``.

    ``audiences`` are those of fact_audience in these blocks and the HISTORY_BLOCKS before, ``levels`` as of
    ``shown_levels``, and ``before`` the rows of mart_artist_audience of the blocks before, where not built anew.
    """
    shown = levels.where((F.col("member") == "artist") & (F.col("level") >= FINENESS["28_days"])).select(
        F.col("member_id").alias("artist_id"), F.col("block").alias("period_start")
    )
    blocks = loyalty.select("period_start").distinct()
    of_artists = audiences.where("member = 'artist'").select(
        F.col("member_id").alias("artist_id"), "period_start", "listeners", "listeners_sketch"
    )
    now = of_artists.join(F.broadcast(blocks), on="period_start", how="left_semi").join(
        shown, on=["artist_id", "period_start"], how="left_semi"
    )
    sizes = now.select("artist_id", "period_start", F.col("listeners").alias("of_listeners"))
    parted = with_small_merged(
        _by_tier_and_place(loyalty).unionByName(_by_cohort(now, of_artists, k)), GROUP, k
    )
    groups = parted.unionByName(_overlaps(now, k)).join(sizes, on=["artist_id", "period_start"], how="inner")
    told = groups.unionByName(before.select(*GROUP, "group_name", "listeners"), allowMissingColumns=True)
    in_order = Window.partitionBy("artist_id", "kind", "group_name").orderBy("period_start")
    follows = F.date_diff("period_start", F.lag("period_start").over(in_order)) == PERIODS["28_days"]
    goes_on = follows & (F.col("kind") != "cohort") & (F.col("group_name") != OTHER)
    began = F.when(F.col("group_name") != OTHER, F.col("began"))
    previous = F.lag("listeners").over(in_order)  # published under another k, it may be less than this one
    return (
        told.withColumn("previous_listeners", F.when(goes_on & (previous >= k), previous))
        .where(F.col("of_listeners").isNotNull())  # those before are there to be looked back on
        .select(
            "artist_id",
            "period_start",
            "kind",
            "group_name",
            "listeners",
            F.least(F.lit(1.0), F.col("listeners") / F.col("of_listeners")).alias("share"),
            "streams",
            F.coalesce("previous_listeners", began).alias("previous_listeners"),
            F.lit(k).alias("k"),
        )
    )


def _by_tier_and_place(loyalty: DataFrame) -> DataFrame:
    kinds = [
        F.struct(F.lit(kind).alias("kind"), F.col(kind).alias("group_name")) for kind in ("tier", "place")
    ]
    return (
        loyalty.withColumn("of", F.explode(F.array(*kinds)))
        .groupBy("artist_id", "period_start", "of.kind", "of.group_name")
        .agg(F.count(F.lit(1)).alias("listeners"), F.sum("streams").alias("streams"))
        .withColumn("began", F.lit(None).cast("bigint"))
    )


def _by_cohort(now: DataFrame, audiences: DataFrame, k: int) -> DataFrame:
    """The listeners by the 28 days, of the last HISTORY_BLOCKS and these, in which they first played the artist.

    ``began`` is how many first played the artist then, as far as ``told_beginning``.
    """
    reach = HISTORY_BLOCKS * PERIODS["28_days"]
    cohorts = audiences.select(
        "artist_id",
        F.col("period_start").alias("cohort"),
        F.col("listeners").alias("of_then"),
        F.col("listeners_sketch").alias("then_sketch"),
    )
    in_order = Window.partitionBy("artist_id", "period_start").orderBy("cohort")
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    days_ago = F.date_diff("period_start", "cohort")
    return (
        now.join(cohorts, on="artist_id", how="inner")
        .where((days_ago >= 0) & (days_ago <= reach))
        .withColumn("so_far", sketches.merged(F.col("then_sketch")).over(so_far))
        .withColumn(
            "reached", sketches.count(F.theta_intersection(F.col("so_far"), F.col("listeners_sketch")))
        )
        .withColumn("met", sketches.count(F.col("so_far")))
        .withColumns(
            {
                "listeners": F.col("reached") - F.coalesce(F.lag("reached").over(in_order), F.lit(0)),
                "began": F.col("met") - F.coalesce(F.lag("met").over(in_order), F.lit(0)),
            }
        )
        .where("listeners > 0")
        .select(
            "artist_id",
            "period_start",
            F.lit("cohort").alias("kind"),
            F.col("cohort").cast("string").alias("group_name"),
            "listeners",
            F.lit(None).cast("bigint").alias("streams"),
            told_beginning(F.col("began"), F.col("of_then"), F.col("listeners"), k).alias("began"),
        )
    )


def told_beginning(began: Column, of_then: Column, listeners: Column, k: int) -> Column:
    """How many of ``of_then`` listeners then began then: all of them, or rounded down to whole k.

    Null where those who had begun before, or those of them who are not among the ``listeners`` now, may be fewer
    than k. In whole k, for at other times, and for mart_artist, one looks back on other days: an exact difference
    could be one person. Only what is told settles whether it is: a limit to the hidden number would tell of it, too.
    """
    whole = F.floor(began / k) * k
    told = F.when(began >= of_then, of_then).when(of_then - whole >= 2 * k - 1, whole)
    return F.when(enough_or_none(told - listeners, k), told)


def _overlaps(now: DataFrame, k: int) -> DataFrame:
    """For the artists of most listeners: those of the very top whom their listeners also play, nearest first.

    Near is what shares most of all their listeners (Jaccard 1901, doi:10.1111/j.1469-8137.1912.tb05611.x).
    """
    place = F.row_number().over(
        Window.partitionBy("period_start").orderBy(F.col("listeners").desc(), "artist_id")
    )
    top = now.withColumn("place", place).where(F.col("place") <= TOP_ARTISTS * 10)
    very_top = top.where(F.col("place") <= TOP_ARTISTS).select(
        "period_start",
        F.col("artist_id").alias("group_name"),
        F.col("listeners").alias("their_listeners"),
        F.col("listeners_sketch").alias("their_sketch"),
    )
    shared = sketches.count(F.theta_intersection(F.col("listeners_sketch"), F.col("their_sketch")))
    either = F.col("listeners") + F.col("their_listeners") - F.col("shared")
    nearest = Window.partitionBy("artist_id", "period_start").orderBy(F.col("near").desc(), "group_name")

    def is_fine(listeners: str) -> Column:
        rest = F.greatest(F.lit(0), F.col(listeners) - F.col("shared"))  # below 0: an estimate of nobody
        return enough_or_none(rest, k)

    return (
        top.join(F.broadcast(very_top), on="period_start", how="inner")
        .where(F.col("artist_id") != F.col("group_name"))
        .withColumn("shared", shared)
        .where((F.col("shared") >= k) & is_fine("listeners") & is_fine("their_listeners"))
        .withColumn("near", F.col("shared") / either)
        .withColumn("nearest", F.row_number().over(nearest))
        .where(F.col("nearest") <= MOST_OVERLAPS)
        .select(
            "artist_id",
            "period_start",
            F.lit("also_plays").alias("kind"),
            "group_name",
            F.col("shared").alias("listeners"),
            F.lit(None).cast("bigint").alias("streams"),
            F.lit(None).cast("bigint").alias("began"),
        )
    )
