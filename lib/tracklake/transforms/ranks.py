"""Ranks among millions, without sorting them all in one place."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F


def ranked(frame: DataFrame, by: list[str], count: str, rank: str) -> DataFrame:
    """The frame with ``rank``, from 1 for the largest ``count`` among rows with equal ``by``, equal counts alike,
    and ``<rank>_of``: how many rows there are to rank.

    Only the distinct counts are sorted, and of these there are few even among many rows.
    """
    larger = Window.partitionBy(*by).orderBy(F.col(count).desc()).rowsBetween(Window.unboundedPreceding, -1)
    places = (
        frame.groupBy(*by, count)
        .agg(F.count(F.lit(1)).alias("_rows"))
        .select(
            *by,
            count,
            (F.coalesce(F.sum("_rows").over(larger), F.lit(0)) + 1).alias(rank),
            F.sum("_rows").over(Window.partitionBy(*by)).alias(f"{rank}_of"),
        )
    )
    return frame.join(places, on=[*by, count], how="left")
