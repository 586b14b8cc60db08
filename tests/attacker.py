"""Who adds and subtracts whatever the marts show, by linear algebra, to find groups of few listeners."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import combinations

import duckdb
import numpy as np

from tracklake.transforms.keys import UNKNOWN
from tracklake.transforms.periods import PERIODS, start_of

Shown = set[tuple[str, str, str, date]]
"""Cells of the marts that have figures: 'track' or 'artist', its id, the kind of period, and its first day."""


Part = tuple[str, str]
"""What of a track, the second, counts for an artist, the first."""


@dataclass(frozen=True)
class Block:
    """Artists that share tracks, in one block, as the attacker sees them: each part on each day is a cell, and sums are
    sets of cells.

    ``members`` (artists and tracks), ``parts``, ``periods`` and the sets are arrays with a column per cell; ``users``
    has a row per cell.
    """

    members: dict[tuple[str, str], np.ndarray]
    parts: dict[Part, np.ndarray]
    periods: dict[tuple[str, date], np.ndarray]
    users: np.ndarray

    def shown(self, shown: Shown) -> np.ndarray:
        """The sums that are shown, one row each; also of parts of shown tracks, of which ``catalogue`` is made."""
        sums = [
            cells & of_member
            for (kind, start), cells in self.periods.items()
            for (member, name), of_member in self.members.items()
            if (member, name, kind, start) in shown
        ]
        sums += [
            cells & of_part
            for (kind, start), cells in self.periods.items()
            for (_, track), of_part in self.parts.items()
            if ("track", track, kind, start) in shown
        ]
        return np.array(sums, dtype=float).reshape(len(sums), len(self.users))

    def groups_of_few(self, k: int) -> np.ndarray:
        """The sums over any of the parts in any period, or in two, that tell of fewer than k listeners."""
        spans = [*self.periods.values()]
        spans += [one | other for one, other in combinations(spans, 2)]
        some = [
            np.any(parts, axis=0)
            for n in range(1, len(self.parts) + 1)
            for parts in combinations(self.parts.values(), n)
        ]
        sums = np.unique(np.array([span & parts for span in spans for parts in some]), axis=0)
        listeners = (sums.astype(int) @ self.users.astype(int) > 0).sum(axis=1)
        return sums[sums.any(axis=1) & (listeners < k)].astype(float)

    def leaks(self, shown: Shown, k: int) -> int:
        """How many of the groups of few follow from what is shown, by adding and subtracting at will."""
        known, few = self.shown(shown), self.groups_of_few(k)
        if not len(known) or not len(few):
            return 0
        _, strength, directions = np.linalg.svd(known, full_matrices=False)
        span = directions[strength > 1e-9]
        rest = few - few @ span.T @ span
        return int((np.abs(rest).max(axis=1) < 1e-6).sum())


Cell = tuple[Part, date, list[str]]


def blocks(oracle: duckdb.DuckDBPyConnection) -> list[Block]:
    """Some artists of one to four tracks, with many and with few listeners, in all of their blocks."""
    rows = oracle.execute(
        """
        SELECT artist_id, track_id, event_date, coalesce(list(DISTINCT user_id) FILTER (user_id IS NOT NULL), [])
        FROM fact_stream
        FULL JOIN (SELECT DISTINCT artist_id, track_id, event_date FROM feedback)
            USING (artist_id, track_id, event_date)
        GROUP BY ALL
        """
    ).fetchall()
    cells = [((artist, track), day, users) for artist, track, day, users in rows]
    people = sorted({user for *_, users in cells for user in users})
    together = sharing({part for part, *_ in cells})
    of_block: dict[tuple[str, date], list[Cell]] = {}
    for cell in cells:
        of_block.setdefault((together[cell[0][0]], start_of("28_days", cell[1])), []).append(cell)
    return [block(cells, people) for cells in of_block.values()]


def sharing(parts: set[Part]) -> dict[str, str]:
    """For each artist the first of those with whom it shares tracks, or with whom these do: the unknown one is none."""
    first = {artist: artist for artist, _ in parts}
    pairs = [(one, other) for one, t in parts for other, u in parts if t == u != UNKNOWN and one < other]
    for _ in first:
        for one, other in pairs:
            first[one] = first[other] = min(first[one], first[other])
    return first


def block(cells: list[Cell], people: list[str]) -> Block:
    def of(name: int) -> dict[str, np.ndarray]:
        names = {part[name] for part, *_ in cells} - {UNKNOWN}
        return {one: np.array([part[name] == one for part, *_ in cells]) for one in names}

    return Block(
        members={("artist", name): mask for name, mask in of(0).items()}
        | {("track", name): mask for name, mask in of(1).items()},
        parts={one: np.array([part == one for part, *_ in cells]) for one in {part for part, *_ in cells}},
        periods={
            (kind, start): np.array([start_of(kind, day) == start for _, day, _ in cells])
            for kind in PERIODS
            for start in {start_of(kind, day) for _, day, _ in cells}
        },
        users=np.array([[user in users for user in people] for *_, users in cells]),
    )


def leaks(oracle: duckdb.DuckDBPyConnection, shown: Shown, k: int) -> int:
    """How many groups of fewer than k listeners follow from what is shown of the facts."""
    return sum(block.leaks(shown, k) for block in blocks(oracle))
