"""The catalogue: of all that files state of a song, the newest statement."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def newest(stated: DataFrame, known: DataFrame) -> DataFrame:
    """catalogue rows of the songs in ``stated``: each as its newest file states it, ``known`` ones included.

    ``stated`` and ``known`` have the columns of ``catalogue``. Of two files that were written in the same moment
    the last by name counts.
    """
    of_them = known.join(stated.select("track_id").distinct(), on="track_id", how="left_semi")
    rest = [name for name in stated.columns if name not in ("source", "track_id")]
    return (
        of_them.unionByName(stated)
        .groupBy("source", "track_id")
        .agg(F.max_by(F.struct(*rest), F.struct("stated_at", "source_file", "title")).alias("r"))
        .select("source", "track_id", "r.*")
    )
