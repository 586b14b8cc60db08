"""Read logs into the table event: each event once, and into quarantine what cannot become one."""

from datetime import UTC, datetime, time, timedelta

from pyspark.sql import functions as F

from tracklake import cli
from tracklake.errors import TracklakeError
from tracklake.run import Run
from tracklake.sources.source import Bounds
from tracklake.transforms import arrivals as arrived
from tracklake.transforms.events import resolve, settle

DAY = timedelta(days=1)


def main(run: Run) -> None:
    """Reads the logs of a range of dates into the table event, each event once.

    What cannot become an event goes to quarantine, and the source's catalogue of songs to catalogue. Events of
    other dates than the range are kept, too; an event that is in the lake already is counted and dropped.
    """
    source, folder = run.logs()
    id_prefix = run.conf.source(source.name).id_prefix

    with run.steps.step(f"Reading {source.name} logs") as step:
        files = source.find(run.spark, folder, run.start, run.end)
        records = source.read(run.spark, files, bounds(run), id_prefix).withColumns(run.stamp())
        if not source.dated:  # its files do not tell of which dates they are
            records = records.where(arrived.of_dates(run.start, run.end))
        arrivals = run.keep("arrivals", records, by="event_date")
        by_date = arrived.counts(arrivals).collect()
        step.rows = sum(row.read for row in by_date)
    quarantined = sum(row.quarantined for row in by_date)

    songs = source.catalogue(run.spark, folder, id_prefix).withColumn("run_id", F.lit(run.run_id))
    run.stage_members("catalogue", songs, "track_id")
    run.stage_new("quarantine", arrived.quarantine(arrivals, run.published("quarantine")))

    dates = {row.event_date for row in by_date if row.read > row.quarantined}
    held = run.slices("event")
    good = arrived.good(arrivals)
    with run.steps.step("Looking for events that are in the lake already") as step:
        new = arrived.new_by_date(good, run.published("event", dates & held)).collect()
        step.rows = sum(row.events for row in new)

    # A new event also ends plays of the day before; plays at the end of a day look ahead to the next.
    new_dates = {row.event_date for row in new}
    touched = new_dates | ({day - DAY for day in new_dates} & held)
    around = touched | {day + DAY for day in touched}
    if touched:
        settled = settle(run.published("event", around & held).unionByName(good))
        events = resolve(settled.where(F.col("event_date").isin(sorted(touched))), run.read("catalogue"))
        staged = run.stage("event", events, touched)
        gained = staged.commit.rows_added - staged.commit.rows_removed
        if gained != step.rows:
            raise TracklakeError(
                f"event would gain {gained} rows where {step.rows} new events were read: nothing was published; "
                "the files may have changed while they were read, run again."
            )

    duplicates = sum(row.read for row in by_date) - quarantined - step.rows
    run.steps.note(
        f"{sum(row.read for row in by_date):,} records read = {step.rows:,} events + {duplicates:,} duplicates"
        f" + {quarantined:,} quarantined"
    )


def bounds(run: Run) -> Bounds:
    """Between which moments an event of this run may have happened."""
    earliest = datetime.combine(run.conf.limits.earliest_event_date, time(), UTC)
    return Bounds(earliest, run.began_at + timedelta(hours=run.conf.limits.future_tolerance_hours))


if __name__ == "__main__":
    cli.launch(main)
