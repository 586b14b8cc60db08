"""A lake: Delta tables, the releases that tie their versions together, and the staging of runs."""

from __future__ import annotations

from tracklake.lake.lake import Lake
from tracklake.lake.releases import Release

__all__ = ["Lake", "Release"]
