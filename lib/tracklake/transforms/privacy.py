"""What may be shown to artists: no plays of fewer than k listeners, not even by subtracting what is shown.

docs/privacy.md says why these rules are enough.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tracklake.transforms import sketches
from tracklake.transforms.keys import UNKNOWN
from tracklake.transforms.parts import PART
from tracklake.transforms.periods import PERIOD, PERIODS, of_kind
from tracklake.transforms.totals import MEMBER

FINENESS = {"28_days": 1, "week": 2, "day": 3}
"""How fine the level of a track or artist in a block of 28 days has to be for periods of a kind to be shown."""

OTHER = "(other)"
"""The group into which groups of too few listeners are merged."""


def shown_levels(parts: DataFrame, k: int) -> DataFrame:
    """One row per member and block: ``level``, the FINENESS up to which its periods are shown, 0 for none.

    ``parts`` as of ``parts.parts``. A track is as fine as the coarsest of its parts, or given up. The rest of an artist
    are all parts of tracks that are not shown, together. The artist is as fine as the coarsest of its rest and its
    parts of tracks that are shown; or finer, as the rest is, if that is there whenever anything of the artist is.
    """
    of_parts = _of_parts(parts, k)
    is_hidden = F.col("track_level") == 0
    of_rest = sketches.merged(F.when(is_hidden, F.col("listeners_sketch")))
    artists = (
        parts.join(of_parts, on=[*PART, "block"], how="inner")
        .groupBy("artist_id", "block", *PERIOD)
        .agg(
            F.min(F.when(~is_hidden, F.col("level"))).alias("of_shown"),
            F.max(is_hidden).alias("has_rest"),
            (sketches.count(of_rest) >= k).alias("is_enough"),
        )
        .groupBy("artist_id", "block")
        .agg(
            F.min("of_shown").alias("of_shown"),
            _level(F.col("is_enough") | ~F.col("has_rest")).alias("of_rest"),
            _level(F.col("is_enough")).alias("always"),
        )
        .withColumn("level", F.greatest(F.least("of_shown", "of_rest"), "always"))
    )
    tracks = of_parts.groupBy("track_id", "block").agg(F.min("track_level").alias("level"))
    return _of("artist", artists).unionByName(_of("track", tracks))


def _of(member: str, levels: DataFrame) -> DataFrame:
    """Rows of ``shown_levels`` of the members that are known."""
    member_id = F.col(f"{member}_id")
    return levels.where(member_id != UNKNOWN).select(
        F.lit(member).alias("member"), member_id.alias("member_id"), "block", "level"
    )


def _of_parts(parts: DataFrame, k: int) -> DataFrame:
    """One row per part and block: its ``level``, and ``track_level``, that of its track, 0 if it is not shown.

    Where the rest of an artist has fewer than k listeners in 28 days, its smallest track that is shown is given up.
    """
    in_28_days = F.col("period") == "28_days"
    level = F.when(F.col("track_id") == UNKNOWN, 0).otherwise(_level(F.col("listeners") >= k))
    of_track = Window.partitionBy("track_id", "block")
    is_hidden = F.col("track_level") == 0
    of_rest = is_hidden & (F.col("artist_id") != UNKNOWN)
    smallest_first = Window.partitionBy("artist_id", "block").orderBy(
        is_hidden, "track_listeners", "track_id"
    )
    of_artist = smallest_first.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    rest = sketches.count(sketches.merged(F.when(of_rest, F.col("listeners_sketch"))).over(of_artist))
    is_too_small = F.max(of_rest).over(of_artist) & (rest < k)
    return (
        parts.groupBy(*PART, "block")
        .agg(
            level.alias("level"),
            F.max(F.when(in_28_days, F.col("listeners"))).alias("listeners"),
            sketches.merged(F.when(in_28_days, F.col("listeners_sketch"))).alias("listeners_sketch"),
        )
        .withColumns(
            {f"track_{name}": F.min(name).over(of_track) for name in ("level", "listeners")},
        )
        .withColumn("joins_rest", is_too_small & ~is_hidden & (F.row_number().over(smallest_first) == 1))
        .withColumn(
            "track_level", F.when(~F.max("joins_rest").over(of_track), F.col("track_level")).otherwise(0)
        )
        .select(*PART, "block", "level", "track_level")
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
