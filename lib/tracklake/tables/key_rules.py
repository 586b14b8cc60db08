"""Rules about keys, as suites state them in SQL: no key twice, no reference to nothing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

BESIDE = "beside"
"""Name of the rows of the same table that stay beside the staged ones, as far as keys may meet there."""

_UNIQUE = re.compile(
    r"SELECT (?P<columns>\w+(?:, \w+)*), count\(\*\) AS times FROM (?:\{batch\}|"
    rf"\(SELECT (?P=columns) FROM \{{batch\}} UNION ALL SELECT (?P=columns) FROM (?P<table>{BESIDE})\))"
    r" GROUP BY (?P=columns) HAVING count\(\*\) > 1"
)
_EXISTS = re.compile(
    r"SELECT staged\.(?P<columns>\w+) FROM"
    r" \(SELECT DISTINCT (?P=columns) FROM \{batch\} WHERE (?P=columns) IS NOT NULL\) AS staged"
    r" LEFT ANTI JOIN (?P<table>\w+) ON staged\.(?P=columns) = (?P=table)\.(?P<target>\w+)"
)


@dataclass(frozen=True)
class KeyRule:
    """What a query of ``unique`` or ``exists`` asks.

    Without ``target``: ``columns`` are unique over the staged rows and those of ``table``, if one is named.
    With ``target``: every value (null aside) of the one column is a value of the table's ``target``.
    """

    columns: tuple[str, ...]
    table: str | None = None
    target: str | None = None


def unique(columns: Sequence[str], *, beside: bool = False) -> str:
    """The query that finds keys which several rows have; ``beside`` counts in the rows that stay."""
    keys = ", ".join(columns)
    rows = f"(SELECT {keys} FROM {{batch}} UNION ALL SELECT {keys} FROM {BESIDE})" if beside else "{batch}"
    return f"SELECT {keys}, count(*) AS times FROM {rows} GROUP BY {keys} HAVING count(*) > 1"


def exists(column: str, table: str, target: str) -> str:
    """The query that finds values of a column which no row of another table has."""
    return (
        f"SELECT staged.{column} FROM (SELECT DISTINCT {column} FROM {{batch}} WHERE {column} IS NOT NULL)"
        f" AS staged LEFT ANTI JOIN {table} ON staged.{column} = {table}.{target}"
    )


def key_rule(query: str) -> KeyRule | None:
    """The rule that a query of ``unique`` or ``exists`` states; None for any other query."""
    match = _UNIQUE.fullmatch(query) or _EXISTS.fullmatch(query)
    if not match:
        return None
    found = match.groupdict()
    return KeyRule(tuple(found["columns"].split(", ")), found["table"], found.get("target"))
