"""Sources: one module per log format, from raw records to arrivals."""

from __future__ import annotations

from difflib import get_close_matches

from tracklake.errors import WrongUsage
from tracklake.sources import sparkify
from tracklake.sources.source import Source

SOURCES: dict[str, Source] = {"sparkify": sparkify.SOURCE}
"""Every source by the name that ``--source`` takes."""


def source(name: str) -> Source:
    """The source of that name; WrongUsage that names the ones there are if it is unknown."""
    if name in SOURCES:
        return SOURCES[name]
    close = get_close_matches(name, SOURCES, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(SOURCES)}."
    raise WrongUsage(f"Unknown source {name!r}: {hint}")
