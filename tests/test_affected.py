"""Which days have to follow a change, and that no other does."""

from __future__ import annotations

from datetime import date, datetime
from types import SimpleNamespace

import pytest
from pyspark.sql import DataFrame, SparkSession

from tests.staged_rows import OLD, frame
from tracklake.affected import moved_sessions
from tracklake.tables import contract
from tracklake.transforms.plays import TIMELINE, with_users
from tracklake.transforms.sessions import session_facts, sessionize

FIRST, SECOND = date(2018, 11, 1), date(2018, 11, 2)
OVER_MIDNIGHT = (datetime(2018, 11, 1, 23, 50), datetime(2018, 11, 2, 0, 10))


def events(spark: SparkSession, *times: datetime) -> DataFrame:
    plays = [
        {
            "event_id": f"{at}",
            "event_type": "play",
            "event_time": at,
            "event_date": at.date(),
            "user_id": OLD["user_id"],
            "track_id": "t",
            "artist_id": "a",
            "ms_played": 100_000,
            "source": "native",
        }
        for at in times
    ]
    return frame(spark, "event", *plays).select(*TIMELINE)


@pytest.mark.parametrize(
    ("new", "moved"),
    [
        (datetime(2018, 11, 2, 15), set()),
        (datetime(2018, 11, 2, 0, 30), {FIRST}),
    ],
)
def test_a_session_over_midnight_moves_its_other_day_only_where_it_changes(
    spark: SparkSession, new: datetime, moved: set[date]
) -> None:
    users = frame(spark, "dim_user", OLD | {"valid_to": None})
    before, after = events(spark, *OVER_MIDNIGHT), events(spark, *OVER_MIDNIGHT, new)
    published = session_facts(with_users(sessionize(before), users)).select(*contract("fact_session").names)
    run = SimpleNamespace(
        published=lambda table: published,
        slices=lambda table: {FIRST, SECOND},
        read=lambda table, dates=None: users if table == "dim_user" else after,
        keep=lambda name, rows: rows,
    )
    assert moved_sessions(run, {SECOND}) == moved
