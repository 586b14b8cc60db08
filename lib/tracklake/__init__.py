"""tracklake: event logs in, audited Delta tables out."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from tracklake.lake import Lake

__all__ = ["__version__", "open"]
__version__ = "0.1.0"


def open(lake: str | PathLike[str], spark: SparkSession | None = None) -> Lake:
    """The lake at a path or URI, for reading: ``read(table)``, ``tables()``, ``releases()``.

    Tables of one release are read with ``as_of``, its number: ``lake.release().release`` is that of the newest.
    Uses ``spark``, else the active Spark session, or starts one as conf/local.toml says; in each of them UTC and ANSI
    rules hold from then on. Raises WrongUsage for "", which names nothing.
    """
    from tracklake.config import load
    from tracklake.errors import WrongUsage
    from tracklake.lake import Lake
    from tracklake.session import hold_to_rules, spark_session

    place = fspath(lake)
    if not place:
        raise WrongUsage('The place "" is no lake: give tracklake.open a folder or a URI.')
    if spark is None:
        spark = spark_session(load("local"), "tracklake")
    else:
        hold_to_rules(spark)
    return Lake(spark, place)
