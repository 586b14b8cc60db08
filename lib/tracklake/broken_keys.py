"""How many keys break a suite's rules about keys: all rules in one pass over 8-byte hashes.

The queries of the rules find the very rows, with one or two shuffles of keys each. Here one shuffle of hashes
tells whether any of them is worth running: a count of 0 means that the query finds nothing. (Two keys that share
a hash make the query run for nothing, or hide one dangling reference, with a chance of members / 2^64.)
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.tables.key_rules import KeyRule


def broken_keys(staged: DataFrame, rules: Sequence[KeyRule], *, in_one_task: bool) -> list[int]:
    """For each rule how many different keys of the staged rows break it.

    The tables that the rules name are temporary views in the frame's session. ``in_one_task`` spares small
    data the shuffles.
    """
    keys = F.explode(F.array(*[_key(number, rule) for number, rule in enumerate(rules)]))
    rows = staged.select(keys.alias("key")).select("key.*", F.lit(1).alias("staged"))
    for number, rule in enumerate(rules):
        if rule.table:
            key = _key(number, KeyRule((rule.target,), rule.table, rule.target) if rule.target else rule)
            known = staged.sparkSession.table(rule.table).select(key.alias("key"))
            rows = rows.unionAll(known.select("key.*", F.lit(0).alias("staged")))
    if in_one_task:
        rows = rows.coalesce(1)
    by_key = (
        rows.where(F.col("hash").isNotNull())
        .groupBy("rule", "hash")
        .agg(F.count(F.lit(1)).alias("times"), F.sum("staged").alias("staged"))
    )
    broken = [
        F.count_if((F.col("rule") == number) & _is_broken(rule)).alias(str(number))
        for number, rule in enumerate(rules)
    ]
    return list(by_key.agg(*broken).collect()[0])


def _key(number: int, rule: KeyRule) -> Column:
    """The number of a rule with the hash of a row's key; no hash where there is nothing to refer to."""
    hashed = F.xxhash64(*rule.columns)
    if rule.target:
        hashed = F.when(F.col(rule.columns[0]).isNotNull(), hashed)
    return F.struct(F.lit(number).alias("rule"), hashed.alias("hash"))


def _is_broken(rule: KeyRule) -> Column:
    return F.col("staged") == F.col("times") if rule.target else F.col("times") > 1
