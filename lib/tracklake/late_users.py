"""Users of whom events came, some of them late, and what their versions are told from."""

from __future__ import annotations

from datetime import date

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from tracklake.changes import Changes
from tracklake.run import Run
from tracklake.transforms.events import ORDER
from tracklake.transforms.keys import hash_of
from tracklake.transforms.periods import is_on
from tracklake.transforms.users import SAID


def events_and_versions(run: Run, changes: Changes, dates: set[date]) -> tuple[DataFrame, DataFrame]:
    """What versions of the users are told from of whom events of these dates came or changed, or are asked for: their
    events from the first of these on, and the versions of dim_user that began before it.

    On the newest dates, after which nothing is as it was, those are all users. Of others the days since are looked
    through for the few of whom something came late.
    """
    others = run.slices("event") - dates
    newest = {day for day in dates if not others or day > max(others)}
    events, known = run.read("event", newest), run.published("dim_user")
    began = F.col("valid_from") < F.lit(min(newest, default=None))
    if newest == dates:
        return events, known.where(began)

    late = run.keep("late-users", _first_dates(run, changes, dates - newest))
    since = run.read("event", {day for day in dates | others if day >= min(dates)} - newest)
    told = since.join(late, on="user_id", how="inner").where(F.col("event_date") >= F.col("_first"))
    before = known.join(late, on="user_id", how="left").where(
        F.coalesce(F.col("valid_from") < F.col("_first"), began)
    )
    return events.unionByName(told.select(*events.columns)), before.select(*known.columns)


def _first_dates(run: Run, changes: Changes, dates: set[date]) -> DataFrame:
    """By user_id the ``_first`` of the dates on which events are not as they were, or which is asked for.

    A user's events of a day are told from what they were by a hash of 64 bits.
    """
    stated = hash_of([*ORDER, *SAID])
    gone, come = (
        rows.where(is_on("event_date", dates)).select("user_id", "event_date", stated.alias("stated"))
        for rows in changes.rows("event")
    )
    differ = gone.unionByName(come).groupBy("user_id", "event_date").agg(F.bit_xor("stated").alias("left"))
    in_any_case = run.read("event", run.asked_for("event") & dates).select("user_id", "event_date")
    return (
        differ.where(F.col("left") != 0)
        .select("user_id", "event_date")
        .unionByName(in_any_case)
        .where(F.col("user_id").isNotNull())
        .groupBy("user_id")
        .agg(F.min("event_date").alias("_first"))
    )
