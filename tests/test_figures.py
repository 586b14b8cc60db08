"""What a report takes from the marts: from a few rows of each, the figures that it tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.staged_rows import frame
from tracklake.report.figures import Figures, of_artist

EARLIER, NEWER = date(2025, 9, 29), date(2025, 10, 27)
"""First days of two periods of 28 days that follow each other."""

Tell = Callable[..., Figures]


@pytest.fixture(scope="module")
def tell(spark: SparkSession) -> Tell:
    """The figures of artist a of a lake whose mart_artist, and mart_interplay, hold these rows."""

    def figures(*rows: dict[str, Any], interplay: tuple[dict[str, Any], ...] = ()) -> Figures:
        tables = {
            "dim_artist": [{"artist_id": "a", "artist_name": "Ada", "is_current": True}],
            "dim_track": [{"track_id": "t", "title": "Tune"}],
            "mart_artist": rows,
            "mart_track_performance": [
                {"artist_id": "a", "track_id": "t", "streams": 1, **of("28_days", start)}
                for start in (EARLIER, NEWER)
            ],
            "mart_artist_audience": [],
            "mart_interplay": interplay,
        }

        def read(table: str) -> DataFrame:
            return frame(spark, table, *tables[table])

        return of_artist(read, "a")

    return figures


def of(period: str, start: date, days: int = 28, k: int = 5) -> dict[str, Any]:
    return {
        "artist_id": "a",
        "period": period,
        "period_start": start,
        "days": days,
        "is_suppressed": False,
        "k": k,
    }


def test_what_was_built_with_a_smaller_k_is_not_told_beside_the_newest(tell: Tell) -> None:
    weeks = [EARLIER, NEWER - timedelta(7), NEWER, NEWER + timedelta(7)]
    figures = tell(
        of("28_days", EARLIER, k=1),
        of("28_days", NEWER, k=5),
        *[of("week", week, k=1 if week < NEWER else 5) for week in weeks],
        *[of("day", NEWER + timedelta(n)) for n in (0, 27)],
        interplay=(
            {
                "item_type": "track",
                "item_id": "t",
                "period": "28_days",
                "period_start": NEWER,
                "listeners": 2,
                "shrunk_effect": 0.1,
                "k": 1,
            },
        ),
    )
    assert figures.k == 5
    assert [row["period_start"] for row in figures.weeks] == [NEWER, NEWER + timedelta(7)]
    assert figures.map == []


def starts(tell: Tell, *blocks: dict[str, Any], first: date, last: date) -> date:
    return tell(*blocks, of("day", first), of("day", last)).start


def test_the_newest_28_days_that_are_over_are_told_though_they_had_a_quiet_day(tell: Tell) -> None:
    blocks = of("28_days", EARLIER, days=28), of("28_days", NEWER, days=27)
    after = NEWER + timedelta(28)
    assert starts(tell, *blocks, first=EARLIER, last=after) == NEWER
    assert starts(tell, *blocks, of("28_days", after, days=1), first=EARLIER, last=after) == NEWER
    assert starts(tell, *blocks, first=EARLIER, last=after - timedelta(2)) == EARLIER, "its last day may come"


def test_of_28_days_that_the_lake_has_in_part_only_those_with_most_days_are_told(tell: Tell) -> None:
    begun, unfinished = of("28_days", EARLIER, days=4), of("28_days", NEWER, days=26)
    days = {"first": NEWER - timedelta(4), "last": NEWER + timedelta(25)}
    assert starts(tell, begun, unfinished, **days) == NEWER
    assert starts(tell, {**begun, "days": 27}, unfinished, **days) == EARLIER
