"""The catalogue: of all that files state of a song, the newest statement."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

STATEMENT = ("source", "track_id", "source_file")
"""The columns that name what one file states of one song."""


def newest(stated: DataFrame, known: DataFrame) -> DataFrame:
    """catalogue rows of the songs in ``stated``: each as its newest file states it, ``known`` ones included.

    ``stated`` and ``known`` have the columns of ``catalogue``. What a file states now takes the place of what the
    same file stated before, also where it is as old as that or older: it may have been put back. Of two files that
    were written in the same moment the last by name counts.
    """
    of_them = known.join(stated.select("track_id").distinct(), on="track_id", how="left_semi")
    of_them = of_them.join(stated.select(*STATEMENT).distinct(), on=[*STATEMENT], how="left_anti")
    rest = [name for name in stated.columns if name not in ("source", "track_id")]
    return (
        of_them.unionByName(stated)
        .groupBy("source", "track_id")
        .agg(F.max_by(F.struct(*rest), F.struct("stated_at", "source_file", "title")).alias("r"))
        .select("source", "track_id", "r.*")
    )
