"""Listeners: who they are, how much and when they listen, when they join, change and leave."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.generator import words
from tracklake.generator.chance import Chance, zipf_rank

LEVEL_CHANGES = 4
"""The most changes of level one listener makes: the fifth would come years later."""

_MS_PER_DAY = 86_400_000
_TO_PAID, _TO_FREE = 90.0, 180.0
_STAYS = 200.0
_NEVER = 1_000_000


def listeners(spark: SparkSession, chance: Chance, users: int, days: int, start: date) -> DataFrame:
    """One row per listener. Days count from `start` (day 0); on the days `changes` the level changes.

    `activity` is how often a listener starts a session (log-normal), `impatience` moves the odds of a skip
    (normal); `first`, `last`, `agent`, `home` and `next_home` are places in the word lists.
    """
    user = F.col("id")
    joins = chance.happens("joins", 0.15, user)
    moves = chance.happens("moves", 0.03, user)
    epoch_ms = (F.unix_date(F.lit(start)).cast("bigint") * _MS_PER_DAY).cast("bigint")
    before_ms = (chance.waiting("registered", 150.0, user) * _MS_PER_DAY).cast("bigint") + _MS_PER_DAY * 2
    people = (
        spark.range(users)
        .withColumns(
            {
                "joined": F.when(joins, F.floor(chance.uniform("join day", user) * days))
                .otherwise(-2)
                .cast("int"),
                "starts_paid": chance.happens("paid", 0.25, user),
            }
        )
        .withColumns(
            {
                "left": (
                    F.greatest(F.col("joined"), F.lit(0)) + 1 + chance.waiting("leaves", _STAYS, user)
                ).cast("int"),
                "registered_ms": F.when(
                    F.col("joined") >= 0, epoch_ms + F.col("joined").cast("bigint") * _MS_PER_DAY
                )
                .otherwise(epoch_ms - before_ms)
                .cast("bigint")
                + F.floor(chance.uniform("registered at", user) * 1000),
            }
        )
    )
    since = F.greatest(F.col("joined"), F.lit(0))
    changes = []
    for nth in range(LEVEL_CHANGES):
        to_paid = F.col("starts_paid") == F.lit(nth % 2 == 1)
        mean = F.when(to_paid, _TO_PAID).otherwise(_TO_FREE)
        since = (since + 1 + mean * chance.waiting(f"change {nth}", 1.0, user)).cast("int")
        changes.append(since)
    move_day = (1 + chance.waiting("move day", 20.0, user)).cast("int")
    metro = len(words.METROS)
    return people.select(
        user.alias("user"),
        "joined",
        "left",
        F.when(moves & ~F.array_contains(F.array(*changes), move_day), move_day)
        .otherwise(_NEVER)
        .alias("moved"),
        "registered_ms",
        "starts_paid",
        F.array(*changes).alias("changes"),
        F.exp(-2.15 + 0.9 * chance.normal("activity", user)).alias("activity"),
        chance.normal("impatience", user).alias("impatience"),
        chance.happens("female", 0.55, user).alias("female"),
        F.floor(chance.uniform("first name", user) * 15).cast("int").alias("first"),
        F.floor(chance.uniform("last name", user) * len(words.LAST_NAMES)).cast("int").alias("last"),
        zipf_rank(chance.uniform("agent", user), len(words.USER_AGENTS), 0.7).cast("int").alias("agent"),
        zipf_rank(chance.uniform("metro", user), metro, 0.7).cast("int").alias("home"),
        zipf_rank(chance.uniform("next metro", user), metro, 0.7).cast("int").alias("next_home"),
    )
