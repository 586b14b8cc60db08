"""What a report tells, read from the marts: few rows, whatever the size of the lake, as plain lists of dicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.errors import InputMissing, WrongUsage
from tracklake.transforms.periods import PERIODS

Rows = list[dict[str, Any]]
Read = Callable[[str], DataFrame]
"""A table by its name, without rows where the lake does not have it."""

MOST_TRACKS = 15
MOST_ON_MAP = 300
BLOCK_DAYS = PERIODS["28_days"]
WEEKS_SHOWN = 26


@dataclass(frozen=True)
class Figures:
    """One report's numbers. ``artist_id`` is None for the market. ``start`` is the first day of the 28 days told of."""

    name: str
    artist_id: str | None
    start: date
    days: int
    k: int
    now: dict[str, Any]
    weeks: Rows = field(default_factory=list)
    groups: Rows = field(default_factory=list)
    tracks: Rows = field(default_factory=list)
    artists: Rows = field(default_factory=list)
    map: Rows = field(default_factory=list)
    hidden: Rows = field(default_factory=list)

    @property
    def end(self) -> date:
        """Last of the 28 days."""
        return self.start + timedelta(days=BLOCK_DAYS - 1)

    @property
    def has_every_day(self) -> bool:
        """Whether the lake has plays of all 28 days."""
        return self.days == BLOCK_DAYS


def of_artist(read: Read, artist_id: str) -> Figures:
    """The figures of one artist, none of them built with a smaller k than those of the 28 days told of.

    Raises WrongUsage if no artist has that id, InputMissing if nothing may be shown.
    """
    names = _rows(read("dim_artist").where((F.col("artist_id") == artist_id) & F.col("is_current")))
    if not names:
        raise WrongUsage(f"There is no artist {artist_id!r}: table dim_artist lists the ids.")
    name = names[0]["artist_name"] or artist_id
    own = F.col("artist_id") == artist_id
    periods = _rows(
        read("mart_artist").where(own & F.col("period").isin("week", "28_days")).orderBy("period_start")
    )
    shown = [row for row in periods if not row["is_suppressed"]]
    blocks = [row for row in shown if row["period"] == "28_days"]
    if not blocks:
        k = max((row["k"] for row in periods), default=0)
        raise InputMissing(
            f"There is nothing to report of {name}: in no 28 days of the lake did {k or 'enough'} listeners play them."
        )
    now = _newest(read, blocks)
    start = now["period_start"]
    tracks = _named_tracks(
        read,
        read("mart_track_performance").where(own & _is_block(start) & ~F.col("is_suppressed")),
        MOST_TRACKS,
    )
    return Figures(
        name=name,
        artist_id=artist_id,
        start=start,
        days=now["days"],
        k=now["k"],
        now=now,
        weeks=[
            row
            for row in shown
            if row["period"] == "week"
            and row["period_start"] < start + timedelta(BLOCK_DAYS)
            and row["k"] >= now["k"]
        ][-WEEKS_SHOWN:],
        groups=_named_groups(
            read, read("mart_artist_audience").where(own & (F.col("period_start") == start))
        ),
        tracks=tracks,
        map=_map(read, "track", now, {track["track_id"]: track["title"] for track in tracks}),
        hidden=_hidden(read, own, start),
    )


def of_market(read: Read) -> Figures:
    """The figures of all artists. Raises InputMissing if the lake has no marts, or nothing may be shown."""
    blocks = _rows(
        read("mart_artist")
        .where((F.col("period") == "28_days") & ~F.col("is_suppressed"))
        .groupBy("period_start")
        .agg(
            F.max("days").alias("days"),
            F.max("k").alias("k"),
            F.count(F.lit(1)).alias("artists"),
            F.sum("streams").alias("streams"),
        )
        .orderBy("period_start")
    )
    if not blocks:
        raise InputMissing(
            "There is nothing to report: no artist has enough listeners, or build_marts has not run."
        )
    now = _newest(read, blocks)
    start = now["period_start"]
    shown = read("mart_artist").where(_is_block(start) & ~F.col("is_suppressed"))
    artists = _named_artists(read, shown.orderBy(F.desc("streams"), "artist_id").limit(MOST_ON_MAP))
    groups = _rows(
        shown.where(F.col("needs").isNotNull())
        .groupBy("needs")
        .agg(F.count(F.lit(1)).alias("artists"))
        .orderBy("needs")
    )
    tracks = _named_tracks(
        read, read("mart_track_performance").where(_is_block(start) & ~F.col("is_suppressed")), MOST_TRACKS
    )
    return Figures(
        name="The market",
        artist_id=None,
        start=start,
        days=now["days"],
        k=now["k"],
        now=now,
        groups=groups,
        tracks=tracks,
        artists=artists,
        map=_map(read, "artist", now, {row["artist_id"]: row["name"] for row in artists}),
        hidden=_hidden(read, F.lit(True), start),
    )


def _newest(read: Read, blocks: Rows) -> dict[str, Any]:
    """The newest 28 days that lie between the first and the last day of plays in the lake, quiet days or not; where
    none do, those with most days of plays."""
    day = F.col("period_start")
    played = read("mart_artist").where(F.col("period") == "day")
    [span] = _rows(played.agg(F.min(day).alias("first"), F.max(day).alias("last")))
    over = [
        row
        for row in blocks
        if span["first"] <= row["period_start"] <= span["last"] - timedelta(BLOCK_DAYS - 1)
    ]
    if over:
        return max(over, key=lambda row: row["period_start"])
    return max(blocks, key=lambda row: (row["days"], row["period_start"]))


def _is_block(start: date) -> Column:
    return (F.col("period") == "28_days") & (F.col("period_start") == F.lit(start))


def _named_tracks(read: Read, tracks: DataFrame, most: int) -> Rows:
    titles = read("dim_track").select("track_id", "title")
    top = tracks.orderBy(F.desc("streams"), "track_id").limit(most)
    return _rows(top.join(titles, on="track_id", how="left").orderBy(F.desc("streams"), "track_id"))


def _named_artists(read: Read, artists: DataFrame) -> Rows:
    names = _current_names(read)
    return _rows(artists.join(names, on="artist_id", how="left").orderBy(F.desc("streams"), "artist_id"))


def _named_groups(read: Read, groups: DataFrame) -> Rows:
    names = _current_names(read).withColumnsRenamed({"artist_id": "group_name", "name": "artist_name"})
    named = groups.join(names, on="group_name", how="left")
    return _rows(named.orderBy("kind", F.desc("listeners"), "group_name"))


def _current_names(read: Read) -> DataFrame:
    return (
        read("dim_artist")
        .where("is_current")
        .select("artist_id", F.coalesce("artist_name", "artist_id").alias("name"))
    )


def _map(read: Read, kind: str, now: dict[str, Any], names: dict[str, str]) -> Rows:
    """The rows of mart_interplay of the items named, where the lake has that table and built them with no smaller k
    than ``now``, with the medians of all items of the kind: ``middle_effect`` and ``middle_listeners``."""
    items = read("mart_interplay")
    if "item_id" not in items.columns or not names:
        return []
    of_kind = items.where((F.col("item_type") == kind) & _is_block(now["period_start"]))
    middles = of_kind.agg(
        F.median("shrunk_effect").alias("middle_effect"), F.median("listeners").alias("middle_listeners")
    )
    named = of_kind.where(F.col("item_id").isin(sorted(names)) & F.col("shrunk_effect").isNotNull())
    may_be_told = named.where(F.col("k") >= now["k"])
    rows = _rows(may_be_told.join(F.broadcast(middles), how="cross"))
    return [{**row, "name": names[row["item_id"]]} for row in rows]


def _hidden(read: Read, own: Column, start: date) -> Rows:
    """How many rows of each mart and kind of period of the 28 days there are, and how many are suppressed."""
    counts: Rows = []
    inside = (F.col("period_start") >= F.lit(start)) & (
        F.col("period_start") < F.lit(start + timedelta(days=BLOCK_DAYS))
    )
    for table in ("mart_artist", "mart_track_performance"):
        found = (
            read(table)
            .where(own & inside)
            .groupBy("period")
            .agg(F.count(F.lit(1)).alias("rows"), F.count_if("is_suppressed").alias("hidden"))
        )
        counts += [{"table": table, **row} for row in _rows(found)]
    return counts


def _rows(frame: DataFrame) -> Rows:
    return [row.asDict() for row in frame.collect()]
