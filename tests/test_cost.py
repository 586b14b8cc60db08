"""What one more day costs follows what is new on it, not how many days the lake holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from bench import star_schema
from tests.conftest import Job
from tests.logs import record, write

FEW, MANY, APART = 3, 15, 40


@pytest.mark.slow
@pytest.mark.usefixtures("unaudited")
def test_one_more_day_costs_the_same_however_many_there_are(
    spark: SparkSession, run_job: Job, tmp_path: Path
) -> None:
    """With it comes the record of a listener, unknown so far, that is late by all days that are there."""

    def written(days: int, day: int, *users: int) -> None:
        plays = [
            record(day * APART, user, userId=str(user), page="NextSong", song=f"T{user % 9}", artist="A")
            for user in users
        ]
        write(tmp_path / f"logs-{days}" / "log_data", f"{day}-{len(users)}.json", plays)

    def taken(days: int) -> None:
        run_job(star_schema, tmp_path / f"lake-{days}", tmp_path / f"logs-{days}")

    def shuffled() -> int:
        context = spark.sparkContext._jsc.sc()
        context.listenerBus().waitUntilEmpty()
        return context.statusStore().executorSummary("driver").totalShuffleWrite()

    cost = {}
    for days in (FEW, MANY):
        for day in range(days):
            written(days, day, *range(100))
        taken(days)
        written(days, days, *range(100))
        written(days, 0, 999)
        before = shuffled()
        taken(days)
        cost[days] = shuffled() - before
    assert cost[MANY] < 1.2 * cost[FEW], cost
