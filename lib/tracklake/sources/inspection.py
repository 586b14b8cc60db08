"""What a folder of logs is like: its files, what its records hold, and what is wrong with the first of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from tracklake.sources.compressed import NOT_UNPACKED, UNPACKED
from tracklake.sources.files import below, days_of
from tracklake.sources.rows import column
from tracklake.sources.sample import Sample
from tracklake.sources.source import Bounds, Source

RECORDS = 10_000
"""How many records are read at most."""

PROBLEMS = 10
"""How many problems are shown at most."""

_SHOWN = 120
_TO_THE_SECOND = "yyyy-MM-dd HH:mm:ss"
_ENDINGS = re.compile(r"((?:\.[A-Za-z][A-Za-z0-9]*){1,2})$")
_COMPRESSIONS = (*UNPACKED, *NOT_UNPACKED)


@dataclass(frozen=True)
class Files:
    """The files of a folder: how many there are by ending and compression, by form of their folders' names, and
    of which dates their paths speak."""

    by_ending: list[tuple[str, str, int]]
    by_layout: list[tuple[str, int]]
    first: date | None
    last: date | None
    undated: int


@dataclass(frozen=True)
class Field:
    """A field of the records: the types that it has, and the share of records, 0 to 1, that lack it or say null."""

    name: str
    types: str
    nulls: float


@dataclass(frozen=True)
class Findings:
    """What became of the first records: how many were read, how many are quarantined, when the events happened
    (UTC, to the second), and the first problems (reason, detail, file, record)."""

    read: int
    quarantined: int
    first: str | None
    last: str | None
    problems: list[tuple[str, str, str, str]]


def files_of(folder: str, paths: list[str]) -> Files:
    """What the paths of files say."""
    shown = [below(folder, path) for path in paths]
    days = [found for path in shown if (found := days_of(path))]
    endings = Counter(_ending(path) for path in shown)
    layouts = Counter(re.sub(r"\d+", "#", path.rpartition("/")[0]).strip("/") or "." for path in shown)
    return Files(
        by_ending=[(*ending, count) for ending, count in endings.most_common()],
        by_layout=layouts.most_common(PROBLEMS),
        first=min((first for first, _ in days), default=None),
        last=max((last for _, last in days), default=None),
        undated=len(shown) - len(days),
    )


def _ending(path: str) -> tuple[str, str]:
    """The form of a file and how it is compressed, by its name."""
    found = _ENDINGS.search(path.rpartition("/")[2].lower())
    parts = found[1].lstrip(".").split(".") if found else []
    compression = parts.pop() if parts and parts[-1] in _COMPRESSIONS else "none"
    return (parts[-1] if parts else "(none)", compression)


def fields_of(sample: Sample) -> list[Field]:
    """The fields of the records of a sample that are JSON objects, in the order in which they first appear."""
    types: dict[str, Counter[str]] = {}
    records = 0
    for record in sample.objects():
        records += 1
        for name, value in record.items():
            types.setdefault(name, Counter())[_type(value)] += 1
    return [
        Field(
            name,
            " or ".join(kind for kind, _ in seen.most_common() if kind != "null") or "null",
            1 - (seen.total() - seen["null"]) / records,
        )
        for name, seen in types.items()
    ]


def _type(value: Any) -> str:
    names = {bool: "boolean", int: "number", float: "number", str: "text", list: "list", dict: "object"}
    return names.get(type(value), "null")


def columns_of(rows: DataFrame) -> list[Field]:
    """The columns of the first rows of files that have columns."""
    some = rows.limit(RECORDS)
    nulls = [F.count_if(column(name).isNull()) for name in some.columns]
    [(count, *missing)] = some.agg(F.count(F.lit(1)), *nulls).collect()
    return [
        Field(field.name, field.dataType.simpleString(), nulls / max(count, 1))
        for field, nulls in zip(rows.schema, missing, strict=True)
    ]


def findings(spark: SparkSession, source: Source, paths: list[str], bounds: Bounds) -> Findings:
    """What becomes of the first records of the files if they are read as those of the source."""
    some = source.read(spark, paths, bounds, "").limit(RECORDS)
    said = some.select(
        "event_time", "reason", "detail", "source_file", F.left("raw_record", F.lit(_SHOWN)).alias("raw")
    )
    of_event = F.when(F.col("reason").isNull(), F.col("event_time"))
    totals = said.agg(
        F.count(F.lit(1)).alias("read"),
        F.count("reason").alias("quarantined"),
        F.date_format(F.min(of_event), _TO_THE_SECOND).alias("first"),
        F.date_format(F.max(of_event), _TO_THE_SECOND).alias("last"),
    ).collect()[0]
    problems = (
        said.where(F.col("reason").isNotNull()).limit(PROBLEMS).collect() if totals["quarantined"] else []
    )
    return Findings(
        totals["read"], totals["quarantined"], totals["first"], totals["last"], [*_problems(problems)]
    )


def _problems(rows: Iterable[Row]) -> Iterable[tuple[str, str, str, str]]:
    for row in rows:
        yield (
            row.reason,
            row.detail,
            row.source_file.rpartition("/")[2],
            json.dumps(row.raw, ensure_ascii=False),
        )
