"""Which family of devices or operating systems a client belongs to, from what it says of itself."""

from __future__ import annotations

from functools import reduce
from operator import or_

from pyspark.sql import Column
from pyspark.sql import functions as F

USER_AGENTS = {
    "iOS": ("iPhone", "iPad", "iPod"),
    "Android": ("Android",),
    "Windows": ("Windows",),
    "macOS": ("Macintosh", "Mac OS X"),
    "Linux": ("Linux", "X11"),
}
"""Marks of each family in the user agents of browsers; the first family with a mark is it."""


def family(client: Column, marks: dict[str, tuple[str, ...]]) -> Column:
    """The first family of which the client bears a mark, "other" if none, null where it says nothing."""
    chosen = F.when(client.isNotNull(), F.lit("other"))
    for name, signs in reversed(marks.items()):
        chosen = F.when(reduce(or_, [client.contains(sign) for sign in signs]), name).otherwise(chosen)
    return chosen
