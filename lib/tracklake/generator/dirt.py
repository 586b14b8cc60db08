"""Known dirt: which records of a clean log get which kind, and how their lines look then."""

from __future__ import annotations

from datetime import date

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.generator.chance import Chance

SHARES: dict[str, float] = {
    "duplicate_same_day": 0.006,
    "duplicate_later_day": 0.004,
    "late": 0.010,
    "corrupt_truncated": 0.0010,
    "corrupt_garbage": 0.0005,
    "corrupt_array": 0.0003,
    "corrupt_without_ts": 0.0003,
    "corrupt_text_ts": 0.0003,
    "corrupt_far_ts": 0.0003,
    "mojibake_once": 0.020,
    "mojibake_twice": 0.005,
}
"""The share of all records that is drawn for each kind when dirt is 1. A record has one kind at most.

A record that cannot have its kind stays clean: mojibake needs an artist with other than ASCII letters, being
late a later day in the range. Duplicates and corrupt lines are extra lines: the clean part stays as it was.
"""

LATEST_DAYS = 3
FAR_TS = 900_000_000_000_000_000

_EXTRA = ("duplicate_same_day", "duplicate_later_day")


def with_dirt_kind(records: DataFrame, chance: Chance, amount: float, last_day: date) -> DataFrame:
    """The records with `dirt` (a kind, or null) and `folder`: the day's folder in which a late line lands."""
    roll = chance.uniform("dirt", F.col("session"), F.col("item"))
    days_late = F.floor(1 + LATEST_DAYS * chance.uniform("days late", F.col("session"), F.col("item"))).cast(
        "int"
    )
    folder = F.date_add("date", days_late)
    not_ascii = F.coalesce(F.col("record.artist").rlike("[^\\x00-\\x7F]"), F.lit(False))
    in_range = folder <= F.lit(last_day)
    possible = {
        "late": in_range,
        "duplicate_later_day": in_range,
        "mojibake_once": not_ascii,
        "mojibake_twice": not_ascii,
    }
    kind, drawn = F.lit(None).cast("string"), 0.0
    for name, share in SHARES.items():
        low, drawn = drawn, drawn + share * amount
        kind = F.when((roll >= low) & (roll < drawn) & possible.get(name, F.lit(True)), name).otherwise(kind)
    return records.withColumns({"dirt": kind, "folder": folder})


def dirty_lines(records: DataFrame, chance: Chance) -> DataFrame:
    """One row per line (`date`, the folder's day, and `line`): the records' own lines, and the extra ones."""
    kind, line = F.col("dirt"), F.col("line")
    own_day = F.when(kind == "late", F.col("folder")).otherwise(F.col("date"))
    extra_day = F.when(kind == "duplicate_later_day", F.col("folder")).otherwise(F.col("date"))
    both = F.array(
        F.struct(own_day.alias("date"), line.alias("line")),
        F.struct(extra_day.alias("date"), _extra_line(chance).alias("line")),
    )
    lines = records.withColumn("record", _with_mojibake()).withColumn("line", as_line(F.col("record")))
    return lines.select(
        F.explode(F.when(_has_extra(kind), both).otherwise(F.slice(both, 1, 1))).alias("l")
    ).select("l.date", "l.line")


def as_line(record: Column) -> Column:
    """A record as JSON; what it lacks is there as null, as in the real logs."""
    return F.to_json(record, {"ignoreNullFields": "false"})


def _has_extra(kind: Column) -> Column:
    return F.coalesce(kind.startswith("duplicate") | kind.startswith("corrupt"), F.lit(False))


def _with_mojibake() -> Column:
    artist, kind = F.col("record.artist"), F.col("dirt")
    once = _read_as_latin_1(artist)
    damaged = F.when(kind == "mojibake_once", once).when(kind == "mojibake_twice", _read_as_latin_1(once))
    return F.when(kind.startswith("mojibake"), F.col("record").withField("artist", damaged)).otherwise(
        F.col("record")
    )


def _read_as_latin_1(text: Column) -> Column:
    return F.decode(F.encode(text, "UTF-8"), "ISO-8859-1")


def _extra_line(chance: Chance) -> Column:
    kind, line, record = F.col("dirt"), F.col("line"), F.col("record")
    ids = (F.col("session"), F.col("item"))
    kept = F.length(line) * (0.2 + 0.7 * chance.uniform("truncated at", *ids))
    garbage = F.concat(F.lit("java.io.IOException: Broken pipe at worker "), F.hex(F.xxhash64(*ids)))
    return (
        F.when(kind.isin(*_EXTRA), line)
        .when(kind == "corrupt_truncated", F.substring(line, F.lit(1), kept.cast("int")))
        .when(kind == "corrupt_garbage", garbage)
        .when(kind == "corrupt_array", F.concat(F.lit("["), line, F.lit("]")))
        .when(kind == "corrupt_without_ts", as_line(record.dropFields("ts")))
        .when(kind == "corrupt_text_ts", as_line(record.withField("ts", F.lit("yesterday"))))
        .when(kind == "corrupt_far_ts", as_line(record.withField("ts", F.lit(FAR_TS))))
    )
