"""Keys and well-known members. Keys are computed from natural keys, so that a rebuild gives the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from pyspark.sql import Column
from pyspark.sql import functions as F

ANONYMOUS = "(anonymous)"
"""user_id of the one member to which every anonymous event belongs."""

UNKNOWN = "(unknown)"
"""track_id and artist_id of the members to which facts without a track or artist belong."""

INFERRED = "inferred:"
"""Prefix of ids given to tracks and artists that no catalogue knows."""

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""valid_from of members that have been valid since before the first event."""

SEPARATOR = "\u001f"


def key(*parts: Column) -> Column:
    """32 hex digits: the first 128 bits of SHA-256 over the parts, joined by U+001F.

    With 10^9 members the chance of any collision is about 10^18 / 2^129, or 1.5e-21 (birthday bound).
    Timestamps count as microseconds since 1970: pass them through ``F.unix_micros``. A null part counts
    as empty text.
    """
    texts = [F.coalesce(part.cast("string"), F.lit("")) for part in parts]
    return F.left(F.sha2(F.concat_ws(SEPARATOR, *texts), 256), F.lit(32))


def hash_of(columns: Sequence[str]) -> Column:
    """64 bits that tell whether rows are equal in these columns. Spark's own hash passes over nulls: a text that moved
    from one column to another, which was null, would be the same."""
    return F.xxhash64(*columns, F.array(*[F.isnull(name) for name in columns]))


def version_key(member_id: Column, valid_from: Column) -> Column:
    """Key of one version of a user or artist."""
    return key(member_id, F.unix_micros(valid_from))
