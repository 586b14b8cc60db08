"""Sources: one module per log format, from raw records to arrivals."""

from __future__ import annotations

from tracklake.errors import WrongUsage, did_you_mean
from tracklake.sources import lastfm_1k, listenbrainz, native, sparkify, spotify_history
from tracklake.sources.source import Source

SOURCES: dict[str, Source] = {
    module.SOURCE.name: module.SOURCE
    for module in (sparkify, spotify_history, listenbrainz, lastfm_1k, native)
}
"""Every source by the name that ``--source`` takes."""


def source(name: str) -> Source:
    """The source of that name; WrongUsage that names the ones there are if it is unknown."""
    if name in SOURCES:
        return SOURCES[name]
    known = f": there are {', '.join(SOURCES)}; auto finds out."
    raise WrongUsage(f'Unknown source "{name}"{did_you_mean(name, SOURCES) or known}')
