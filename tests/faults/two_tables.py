"""As little as a job can be, and publish all the same: a table of members, and one of slices."""

from __future__ import annotations

from datetime import date

from pyspark.sql import functions as F

from tests.staged_rows import frame
from tracklake.run import Run
from tracklake.transforms.days import calendar
from tracklake.transforms.periods import every_day


def main(run: Run) -> None:
    """Publishes the days that the lake has so far in dim_date, and a row of each of the range in source_profile."""
    assert run.start
    assert run.end
    days = every_day(run.start, run.end)
    held = [*days, *run.slices("source_profile")]
    year = calendar(run.spark, min(held), max(held))
    run.stage_members("dim_date", year.where(F.col("date").isin(held)), "date")
    run.stage("source_profile", frame(run.spark, "source_profile", *map(_profile, days)), days)


def _profile(day: date) -> dict[str, object]:
    return {
        "source": "sparkify",
        "event_date": day,
        "field": "event_id",
        "records": day.day,
        "null_share": 0.0,
        "types": "text",
        "status": "known",
    }
