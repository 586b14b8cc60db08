"""Whether a suite's rules about keys hold: all rules in one query over 8-byte hashes.

The queries of the rules find the very rows, with one or two shuffles of keys each. Here hashes tell whether any
of them is worth running. (Two keys that share a hash make the queries run for nothing, or hide one dangling
reference, with a chance of members / 2^64.)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tracklake.tables.key_rules import KeyRule

BUCKETS = 2**14
"""Equal hashes meet in one of so many sets. Of 10^9 keys a set has 61,000, half a megabyte when written down."""


def all_hold(staged: DataFrame, rules: Sequence[KeyRule], *, in_one_task: bool) -> bool:
    """Whether no key of the staged rows breaks any of the rules: none comes again, none refers to nothing.

    The tables that the rules name are temporary views in the frame's session. ``in_one_task`` spares small
    data the shuffles.
    """
    keys, references = [], []
    for number, rule in enumerate(rules):
        named = [staged.sparkSession.table(rule.table)] if rule.table else []
        if rule.target:
            referring = staged.where(F.col(rule.columns[0]).isNotNull())
            references.append(_hashes(referring, number, rule.columns).withColumn("known", F.lit(False)))
            for rows in named:
                references.append(_hashes(rows, number, [rule.target]).withColumn("known", F.lit(True)))
        else:
            keys += [_hashes(rows, number, rule.columns) for rows in (staged, *named)]
    counts = [
        count(_together(frames, in_one_task=in_one_task))
        for count, frames in ((_repeated, keys), (_dangling, references))
        if frames
    ]
    return not any(row["broken"] for row in reduce(DataFrame.unionAll, counts).collect())


def _hashes(rows: DataFrame, rule: int, columns: Sequence[str]) -> DataFrame:
    """A hash of rule and key for each row. As a text the rule's number is no part of the code that Spark generates,
    which is then the same for all rules, and compiled once."""
    return rows.select(F.xxhash64(F.lit(str(rule)), *columns).alias("hash"))


def _together(frames: Sequence[DataFrame], *, in_one_task: bool) -> DataFrame:
    rows = reduce(DataFrame.unionAll, frames)
    return rows.coalesce(1) if in_one_task else rows


def _repeated(keys: DataFrame) -> DataFrame:
    """One row: how often a hash comes that was there before.

    Keys hardly repeat, so that to add them up before the shuffle, as by ``groupBy("hash")``, spares nothing. Sets
    are sorted together by one number: two columns take Spark more than twice as long. A key that very many rows
    have stands in its set once, where a list of all of them would fill the memory.
    """
    bucket = F.col("hash").bitwiseAND(BUCKETS - 1)
    met = keys.groupBy(bucket).agg(F.count(F.lit(1)).alias("rows"), F.collect_set("hash").alias("hashes"))
    return met.agg(F.sum(F.col("rows") - F.size("hashes")).alias("broken"))


def _dangling(references: DataFrame) -> DataFrame:
    """One row: how many hashes no row that is referred to has."""
    met = references.groupBy("hash").agg(F.max("known").alias("known"))
    return met.agg(F.count_if(~F.col("known")).alias("broken"))
