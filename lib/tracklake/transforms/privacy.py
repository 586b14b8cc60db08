"""What may be shown to artists: no plays of fewer than k listeners, not even by subtracting what is shown.

docs/privacy.md says why these rules are enough.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tracklake.transforms import sketches
from tracklake.transforms.keys import UNKNOWN
from tracklake.transforms.periods import PERIOD, PERIODS, of_kind
from tracklake.transforms.totals import MEMBER

FINENESS = {"28_days": 1, "week": 2, "day": 3}
"""How fine the level of a track or artist in a block of 28 days has to be for periods of a kind to be shown."""

OTHER = "(other)"
"""The group into which groups of too few listeners are merged."""


def shown_levels(totals: DataFrame, parts: DataFrame, k: int) -> DataFrame:
    """One row per member and block: ``level``, the FINENESS up to which its periods are shown, 0 for none.

    A kind of period of an artist is shown if each of its periods in the block in which anything happened has k
    listeners; of a track, if each of its ``parts`` has. Moreover, whatever parts of an artist are of tracks that
    are not shown in a period have to have k listeners together, or there are none.
    """
    fine = _level(F.col("listeners") >= k)
    artists = totals.where("member = 'artist'").groupBy(*MEMBER, "block").agg(fine.alias("level"))
    of_tracks = _of_tracks(parts, k)
    hidden = (
        parts.where(F.col("artist_id") != UNKNOWN)
        .join(of_tracks.select("track_id", "block", "level"), on=["track_id", "block"], how="left")
        .where(F.col("level") < fineness())
        .groupBy("artist_id", "block", *PERIOD)
        .agg(sketches.count(sketches.merged(F.col("listeners_sketch"))).alias("listeners"))
    )
    rests = hidden.groupBy("artist_id", "block").agg(fine.alias("rest"))
    tracks = (
        parts.select("track_id", "artist_id", "block")
        .distinct()
        .join(of_tracks, on=["track_id", "block"], how="left")
        .join(rests, on=["artist_id", "block"], how="left")
        .withColumn("rest", F.coalesce("rest", F.lit(max(FINENESS.values()))))
        .withColumn("level", _with_the_rest())
        .where(F.col("track_id") != UNKNOWN)
        .groupBy("track_id", "block")
        .agg(F.min("level").alias("level"))
    )
    return artists.unionByName(
        tracks.select(F.lit("track").alias("member"), F.col("track_id").alias("member_id"), "block", "level")
    )


def _of_tracks(parts: DataFrame, k: int) -> DataFrame:
    """One row per track and block: how fine each of its parts is, at least, and the listeners of its smallest."""
    level = F.when(F.col("track_id") == UNKNOWN, 0).otherwise(_level(F.col("listeners") >= k))
    of_parts = parts.groupBy("track_id", "artist_id", "block").agg(
        level.alias("level"),
        F.max(F.when(F.col("period") == "28_days", F.col("listeners"))).alias("listeners"),
    )
    return of_parts.groupBy("track_id", "block").agg(
        F.min("level").alias("level"), F.min("listeners").alias("listeners")
    )


def _with_the_rest() -> Column:
    """The level of a track once the ``rest`` of its artist is as fine: where not even 28 days of the rest have enough
    listeners, the smallest track that is shown joins it."""
    smallest = Window.partitionBy("artist_id", "block").orderBy(F.col("level") == 0, "listeners", "track_id")
    given_up = (F.col("rest") == 0) & (F.row_number().over(smallest) == 1)
    return F.when(given_up, 0).otherwise(
        F.least("level", F.greatest(F.col("rest"), F.lit(FINENESS["28_days"])))
    )


def fineness() -> Column:
    """The level that the row's kind of period needs."""
    return of_kind(FINENESS)


def with_earlier(levels: DataFrame) -> DataFrame:
    """The rows of ``shown_levels`` with ``earlier_level``, the member's in the block before; null if it has none."""
    in_order = Window.partitionBy(*MEMBER).orderBy("block")
    follows = F.date_diff("block", F.lag("block").over(in_order)) == PERIODS["28_days"]
    return levels.withColumn("earlier_level", F.when(follows, F.lag("level").over(in_order)))


def previous_is_shown() -> Column:
    """Whether the period of the row's kind just before is shown: it lies in the row's block, or the one before."""
    in_block = F.col("previous_block") == F.col("block")
    return F.when(in_block, F.col("level")).otherwise(F.col("earlier_level")) >= fineness()


def all_or_none(fine: Column) -> Column:
    """Whether the condition holds in all periods of the member's block that are of the row's kind."""
    return F.min(fine).over(Window.partitionBy(*MEMBER, "block", "period"))


def enough_or_none(listeners: Column, k: int) -> Column:
    """Whether a group has at least k listeners or none at all."""
    return (listeners == 0) | (listeners >= k)


def with_small_merged(groups: DataFrame, by: list[str], k: int) -> DataFrame:
    """The groups, a partition of listeners within ``by``, with those of fewer than k listeners merged as OTHER.

    Where these together have fewer than k, the smallest other group goes with them, so that no subtraction from the
    total leaves fewer. Columns: ``by``, group_name, and the sums of listeners, streams and began.
    """
    within = Window.partitionBy(*by)
    small = F.col("listeners") < k
    rest = F.sum(F.when(small, F.col("listeners"))).over(within)
    place = F.row_number().over(within.orderBy(small, "listeners", "group_name"))
    return (
        groups.withColumns({"_rest": rest, "_place": place})
        .withColumn("_joins", small | ((F.col("_rest") < k) & (F.col("_place") == 1)))
        .withColumn("group_name", F.when(F.col("_joins"), OTHER).otherwise(F.col("group_name")))
        .groupBy(*by, "group_name")
        .agg(*[F.sum(name).alias(name) for name in ("listeners", "streams", "began")])
    )


def _level(fine: Column) -> Column:
    """Aggregate over the periods of a block: the finest kind of which, and of all coarser ones, all are fine."""
    levels = F.lit(0)
    reached = F.lit(True)
    for kind, level in FINENESS.items():
        reached = reached & F.coalesce(F.min(F.when(F.col("period") == kind, fine)), F.lit(True))
        levels = F.when(reached, level).otherwise(levels)
    return levels
