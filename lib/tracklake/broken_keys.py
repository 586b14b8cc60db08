"""How many keys break a suite's rules about keys: all rules in one query over 8-byte hashes.

The queries of the rules find the very rows, with one or two shuffles of keys each. Here hashes tell whether any
of them is worth running: a count of 0 means that the query finds nothing. (Two keys that share a hash make the
query run for nothing, or hide one dangling reference, with a chance of members / 2^64.)
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tracklake.tables.key_rules import KeyRule

BUCKETS = 2**14
"""Equal hashes meet in one of so many lists. Of 10^9 keys a list has 61,000, half a megabyte."""


def broken_keys(staged: DataFrame, rules: Sequence[KeyRule], *, in_one_task: bool) -> list[int]:
    """For each rule how many keys of the staged rows break it: come again, or refer to nothing.

    The tables that the rules name are temporary views in the frame's session. ``in_one_task`` spares small
    data the shuffles.
    """
    keys, references = [], []
    for number, rule in enumerate(rules):
        known = [staged.sparkSession.table(rule.table)] if rule.table else []
        if rule.target:
            referring = staged.where(F.col(rule.columns[0]).isNotNull())
            references.append(_hashes(referring, number, rule.columns).withColumn("known", F.lit(0)))
            references += [
                _hashes(rows, number, [rule.target]).withColumn("known", F.lit(1)) for rows in known
            ]
        else:
            keys += [_hashes(rows, number, rule.columns) for rows in (staged, *known)]
    counts = [
        count(_together(frames, in_one_task=in_one_task))
        for count, frames in ((_repeated, keys), (_dangling, references))
        if frames
    ]
    broken = {row["rule"]: row["broken"] for row in reduce(DataFrame.unionAll, counts).collect()}
    return [broken.get(number, 0) for number in range(len(rules))]


def _together(frames: Sequence[DataFrame], *, in_one_task: bool) -> DataFrame:
    rows = reduce(DataFrame.unionAll, frames)
    return rows.coalesce(1) if in_one_task else rows


def _hashes(rows: DataFrame, rule: int, columns: Sequence[str]) -> DataFrame:
    return rows.select(F.lit(rule).alias("rule"), F.xxhash64(*columns).alias("hash"))


def _repeated(keys: DataFrame) -> DataFrame:
    """By rule how often a hash comes that was there before.

    Keys hardly repeat, so that to add them up before the shuffle, as by ``groupBy("hash")``, spares nothing. Lists
    are sorted together by one number: two, rule and bucket, take Spark more than twice as long.
    """
    bucket = F.col("rule") * BUCKETS + F.col("hash").bitwiseAND(BUCKETS - 1)
    met = keys.groupBy(bucket.alias("bucket")).agg(F.collect_list("hash").alias("hashes"))
    again = F.size("hashes") - F.size(F.array_distinct("hashes"))
    rule = F.floor(F.col("bucket") / BUCKETS).cast("int").alias("rule")
    return met.groupBy(rule).agg(F.sum(again).alias("broken"))


def _dangling(references: DataFrame) -> DataFrame:
    """By rule how many hashes no row that is referred to has."""
    met = references.groupBy("rule", "hash").agg(F.max("known").alias("known"))
    return met.groupBy("rule").agg(F.count_if(F.col("known") == 0).alias("broken"))
