"""Parquet footers: how many rows a file has, and the bounds of its columns, without reading a row of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow.parquet as pq
from pyarrow import fs

from tracklake.storage import Folder
from tracklake.tables import Column, Contract

READERS = 16
"""Footers that are read at the same time: storage far away answers slowly, but many at once."""

BOUNDED = ("timestamp", "date", "bigint", "int", "double", "string", "boolean")
"""Types whose minimum and maximum go into the log: delta-rs finds no row by a column that has none."""

LAST_CHARACTER = "\U0010ffff"
WIDEST: dict[str, tuple[Any, Any]] = {"string": ("", LAST_CHARACTER), "boolean": (False, True)}
"""Bounds where a footer has none: Parquet leaves out those of long texts."""

LONGEST_TEXT = 32
"""Characters of a bound; the rest of a text is cut off, as Delta does."""

NESTED = ("array", "map", "struct")
"""Types of several columns in a file, whose footers do not say which of their values is null."""


def rows_and_statistics(
    folder: Folder, paths: Sequence[str], contract: Contract
) -> Iterable[tuple[int, str]]:
    """Per file, in the order of the paths below the folder: its rows, and its statistics as Delta writes them."""
    columns = [
        c for c in contract.columns if not c.type.startswith(NESTED) and c.name != contract.partition_by
    ]
    storage, root = folder.opened
    with ThreadPoolExecutor(READERS) as readers:
        return list(readers.map(lambda path: _described(storage, f"{root}/{path}", columns), paths))


def _described(storage: fs.FileSystem, path: str, columns: Sequence[Column]) -> tuple[int, str]:
    footer = pq.read_metadata(path, filesystem=storage)
    place = {footer.schema.column(n).path: n for n in range(footer.num_columns)}
    chunks = {
        column: [
            footer.row_group(group).column(place[column.name]).statistics
            for group in range(footer.num_row_groups)
        ]
        for column in columns
    }
    stats: dict[str, Any] = {"numRecords": footer.num_rows, "minValues": {}, "maxValues": {}, "nullCount": {}}
    for column, found in chunks.items():
        counted = all(one is not None and one.has_null_count for one in found)
        if counted:
            stats["nullCount"][column.name] = sum(one.null_count for one in found)
            found = [one for one in found if one.num_values]
        if column.type not in BOUNDED or not found:
            continue
        if counted and all(one.has_min_max for one in found):
            bounds = [bound for one in found for bound in (one.min, one.max)]
        else:
            bounds = list(WIDEST.get(column.type, ()))
        if bounds and all(bound == bound for bound in bounds):  # NaN differs from itself
            stats["minValues"][column.name] = _told(min(bounds))
            stats["maxValues"][column.name] = _told(max(bounds), round_up=True)
    return footer.num_rows, json.dumps(stats)


def without_nulls(statistics: Iterable[str], contract: Contract) -> frozenset[str]:
    """The columns of which no file holds a null, as far as the files' statistics say."""
    counts = [json.loads(one)["nullCount"] for one in statistics]
    return frozenset(name for name in contract.names if all(one.get(name) == 0 for one in counts))


def _told(value: Any, *, round_up: bool = False) -> Any:
    """A bound as Delta writes it: moments to the millisecond, texts cut, a minimum rounded down, a maximum up."""
    if isinstance(value, str):
        kept, rest = value[:LONGEST_TEXT], value[LONGEST_TEXT:]
        if not rest or not round_up:
            return kept
        return value if rest.startswith(LAST_CHARACTER) else kept + LAST_CHARACTER
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        if round_up and moment.microsecond % 1000:
            moment += timedelta(milliseconds=1)
        moment = moment.astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    return value.isoformat() if isinstance(value, date) else value
