"""Generates logs and writes them as the owner of a music service would find them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from math import ceil
from typing import Any

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F

from tracklake.errors import WrongUsage
from tracklake.generator.catalogue import Catalogue
from tracklake.generator.chance import Chance
from tracklake.generator.dirt import SHARES, as_line, dirty_lines, with_dirt_kind
from tracklake.generator.listeners import listeners
from tracklake.generator.manifest import Manifest
from tracklake.generator.plays import events, plays
from tracklake.generator.records import PAGES, records
from tracklake.generator.sessions import sessions
from tracklake.places import in_the_way
from tracklake.storage import Folder

DEFAULT_START = date(2025, 10, 1)
"""The first day unless another is asked for: fixed, so that the same flags always give the same logs."""

EARLIEST_START = date(1970, 1, 1)
MOST_DAYS = 36_500  # a hundred years
MOST_USERS = 10**9
MOST_SEED = 2**63 - 1  # of Spark's whole numbers
MOST_DIRT = 10.0

_MANIFEST, _UNFINISHED = "manifest.json", "_generate_logs.unfinished"
_LISTENERS_PER_FILE = 100_000  # about half a million events of one day
_SLICE = ("day", "share")


def generate_logs(
    spark: SparkSession,
    output: str,
    *,
    days: int,
    users: int,
    seed: int,
    start: date = DEFAULT_START,
    dirt: float = 0.0,
) -> Manifest:
    """Writes log_data/date=.../part-*.json.gz, song_data/part-*.json and manifest.json under `output`.

    The same seed, users, days, start and dirt give the same lines, whatever machine or cluster writes them.
    `dirt` is how much of it: 0 none, 1 the shares of `dirt.SHARES`, 2 twice as much.

    What an interrupted run has left under `output` is written anew. Raises WrongUsage if anything else is there, or a
    number is out of bounds.
    """
    _check(days, users, seed, dirt, start)
    folder = output.rstrip("/")
    _begin(Folder(folder))
    chance = Chance(seed)
    catalogue = Catalogue.for_listeners(chance, users)
    last_day = start + timedelta(days=days - 1)
    generated = with_dirt_kind(_records(spark, chance, catalogue, users, days, start), chance, dirt, last_day)
    with _counted(generated, _counts()) as (counted, seen):
        lines = (
            dirty_lines(counted, chance)
            if dirt
            else counted.select("date", as_line(F.col("record")).alias("line"))
        )
        _write_lines(lines, f"{folder}/log_data")
    with _counted(catalogue.songs(spark), {"songs": F.count(F.lit(1))}) as (songs, known):
        songs.write.option("ignoreNullFields", "false").json(f"{folder}/song_data")
    manifest = _manifest(seen | known, catalogue, users=users, days=days, seed=seed, start=start, dirt=dirt)
    _end(Folder(folder), manifest)
    return manifest


def is_generated(folder: str) -> bool:
    """Whether a folder holds generated logs, all of them."""
    return not Folder(folder).lacks([_MANIFEST])


def _records(
    spark: SparkSession, chance: Chance, catalogue: Catalogue, users: int, days: int, start: date
) -> DataFrame:
    """Clean records in the order of each day's time. One shuffle in all: of sessions, by day."""
    shares = ceil(users / _LISTENERS_PER_FILE)
    starts = sessions(listeners(spark, chance, users, days, start), chance, days, start)
    by_day = starts.withColumn("share", F.pmod("user", F.lit(shares))).repartition(*_SLICE)
    happened = (
        events(plays(by_day, chance, catalogue), chance, _SLICE)
        .withColumn("date", F.to_date(F.timestamp_millis("ts")))
        .sortWithinPartitions("date", "ts", "session", "item")
    )
    return records(happened, catalogue)


def _counts() -> dict[str, Any]:
    page, anonymous = F.col("record.page"), F.col("record.userId") == ""
    counts = {f"page {name}": F.count_if(page == name) for name in PAGES}
    counts |= {f"dirt {kind}": F.count_if(F.coalesce(F.col("dirt") == kind, F.lit(False))) for kind in SHARES}
    return counts | {
        "events": F.count(F.lit(1)),
        "anonymous": F.count_if(anonymous),
        "sessions": F.count_if(F.col("item") == 0),
    }


@contextmanager
def _counted(frame: DataFrame, counts: dict[str, Any]) -> Iterator[tuple[DataFrame, dict[str, int]]]:
    """The frame with counts that are there once it was written, in the same pass."""
    seen: dict[str, int] = {}
    observation = Observation()
    yield frame.observe(observation, *[count.alias(name) for name, count in counts.items()]), seen
    seen |= observation.get


def _write_lines(lines: DataFrame, folder: str) -> None:
    """Lines as they are, a folder a day: Spark's text writer cannot name files *.json, its CSV writer can."""
    options = {
        "compression": "gzip",
        "extension": "json",
        "sep": "\u0001",
        "quote": "",
        "escape": "\u0000",
        "ignoreLeadingWhiteSpace": "false",
        "ignoreTrailingWhiteSpace": "false",
    }
    lines.write.partitionBy("date").options(**options).csv(folder)


def _manifest(seen: dict[str, int], catalogue: Catalogue, **parameters: Any) -> Manifest:
    dirt = {kind: seen[f"dirt {kind}"] for kind in SHARES}
    extra = sum(count for kind, count in dirt.items() if kind.startswith(("duplicate", "corrupt")))
    return Manifest(
        users=parameters["users"],
        days=parameters["days"],
        seed=parameters["seed"],
        start=parameters["start"],
        dirt_amount=parameters["dirt"],
        events=seen["events"],
        anonymous=seen["anonymous"],
        lines=seen["events"] + extra,
        sessions=seen["sessions"],
        artists=catalogue.artists,
        songs=seen["songs"],
        pages={name: seen[f"page {name}"] for name in PAGES},
        dirt=dirt,
    )


def _check(days: int, users: int, seed: int, dirt: float, start: date) -> None:
    if days < 1 or users < 1:
        raise WrongUsage(f"--days {days} and --users {users} must both be 1 or more.")
    if days > MOST_DAYS or users > MOST_USERS:
        raise WrongUsage(f"--days must be {MOST_DAYS:,} or less, and --users {MOST_USERS:,} or less.")
    if start < EARLIEST_START or days > (date.max - start).days:
        raise WrongUsage(
            f"--start {start} must be {EARLIEST_START} or later, and its {days} days must end before {date.max}."
        )
    if abs(seed) > MOST_SEED:
        raise WrongUsage(f"--seed {seed} must be from -{MOST_SEED} to {MOST_SEED}.")
    if not 0 <= dirt <= MOST_DIRT:
        raise WrongUsage(f"--dirt {dirt:g} must be from 0 (none) to {MOST_DIRT:g} (ten times the usual).")


def _begin(output: Folder) -> None:
    """Marks the folder as unfinished; removes first what it holds if it was marked so before."""
    if not output.lacks([_UNFINISHED]):
        output.remove()
    elif file := in_the_way(output.uri):
        raise WrongUsage(
            f"The logs cannot be at {output.uri}: {file} is a file; give --output a new or empty folder."
        )
    elif not output.is_empty():
        raise WrongUsage(
            f"{output.uri} is not empty: nothing was written; give --output (quickstart: --lake) a new or empty folder."
        )
    output.write(_UNFINISHED, b"")


def _end(output: Folder, manifest: Manifest) -> None:
    output.write(_MANIFEST, manifest.as_json().encode())
    output.remove_file(_UNFINISHED)
