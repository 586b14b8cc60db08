"""How many keys break a suite's rules about keys: all rules in one pass over 8-byte hashes.

The queries of the rules find the very rows, with one or two shuffles of keys each. Here one shuffle of hashes
tells whether any of them is worth running: a count of 0 means that the query finds nothing. (Two keys that share
a hash make the query run for nothing, or hide one dangling reference, with a chance of members / 2^64.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.tables.key_rules import KeyRule


def broken_keys(staged: DataFrame, rules: Sequence[KeyRule], *, in_one_task: bool) -> list[int]:
    """For each rule how many different keys of the staged rows break it.

    The tables that the rules name are temporary views in the frame's session. ``in_one_task`` spares small
    data the shuffles.
    """
    counted = [part for number, rule in enumerate(rules) for part in _rows_to_count(staged, number, rule)]
    rows = reduce(DataFrame.unionAll, counted)
    if in_one_task:
        rows = rows.coalesce(1)
    by_key = rows.groupBy("rule", "hash").agg(F.sum("counts").alias("times"))
    broken = [
        F.count_if((F.col("rule") == number) & _is_broken(rule)).alias(str(number))
        for number, rule in enumerate(rules)
    ]
    return list(by_key.agg(*broken).collect()[0])


def _rows_to_count(staged: DataFrame, number: int, rule: KeyRule) -> Iterator[DataFrame]:
    """What is counted for a rule, by hash: all rows that may have a key twice; of a reference those referred to."""
    if rule.target:
        refer = staged.where(F.col(rule.columns[0]).isNotNull())
        yield _hashed(refer, number, rule.columns, counts=0)
    else:
        yield _hashed(staged, number, rule.columns, counts=1)
    if rule.table:
        known = staged.sparkSession.table(rule.table)
        yield _hashed(known, number, (rule.target,) if rule.target else rule.columns, counts=1)


def _hashed(rows: DataFrame, number: int, columns: Sequence[str], counts: int) -> DataFrame:
    hashed = F.xxhash64(*columns).alias("hash")
    return rows.select(F.lit(number).alias("rule"), hashed, F.lit(counts).alias("counts"))


def _is_broken(rule: KeyRule) -> Column:
    return F.col("times") == 0 if rule.target else F.col("times") > 1
