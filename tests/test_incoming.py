"""Which files are read again: those of which the lake has not all that source and dates pick."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tracklake.incoming import unread
from tracklake.sources import source
from tracklake.sources.files import LogFile

FILE = LogFile("/logs/all.json", "file:/logs/all.json", 9, datetime(2024, 3, 1, tzinfo=UTC))
Dates = tuple[int | None, int | None]


def read_again(was: Dates, asked: Dates, source_before: str = "native") -> bool:
    """Whether a file without a date, of which days of March were read, is read for others; None is no end."""
    first, last, start, end = (day and date(2024, 3, day) for day in (*was, *asked))
    run: Any = SimpleNamespace(logs=lambda: (source("native"), "/logs"), start=start, end=end)
    known: Any = SimpleNamespace(is_unchanged=True, source=source_before, first_date=first, last_date=last)
    return unread(run, [FILE], {FILE.uri: known}) == [FILE]


@pytest.mark.parametrize(
    ("was", "asked", "again"),
    [
        ((2, 3), (2, 3), False),
        ((2, 3), (3, 3), False),
        ((2, 3), (1, 3), True),
        ((2, 3), (2, 4), True),  # the range goes on, as those of a backfill do
        ((2, 3), (4, 5), True),
        ((2, 3), (None, 3), True),
        ((2, 3), (2, None), True),
        ((None, 3), (None, 3), False),
        ((None, 3), (None, 4), True),
        ((2, None), (1, None), True),
        ((None, None), (1, 9), False),
    ],
)
def test_a_file_without_a_date_is_read_again_for_dates_of_which_it_was_not_read(
    was: Dates, asked: Dates, again: bool
) -> None:
    assert read_again(was, asked) == again


def test_a_file_that_was_read_as_another_sources_is_read_again() -> None:
    assert read_again((None, None), (None, None), "sparkify")
