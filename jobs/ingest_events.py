"""Read logs into the table event: each event once, and into quarantine what cannot become one."""

from datetime import date, timedelta
from typing import Annotated

import typer
from pyspark.sql import DataFrame

from tracklake import cli
from tracklake.errors import TracklakeError
from tracklake.incoming import (
    each_once,
    files_of,
    files_of_songs,
    known_files,
    read_events,
    read_songs,
    refuse_other_ids,
    renamed,
    say_what_is_left_out,
    sources_of,
    stage_profile,
    stage_source_files,
    unread,
    warn_of_mixed_ids,
)
from tracklake.run import Run
from tracklake.sources.files import LogFile
from tracklake.sources.source import Bounds
from tracklake.tables import contract
from tracklake.transforms import arrivals as arrived
from tracklake.transforms.events import resolve, settle, unresolved
from tracklake.transforms.periods import is_on
from tracklake.transforms.songs import newest

DAY = timedelta(days=1)

Reprocess = Annotated[bool, typer.Option("--reprocess", help="Read files again that were read before.")]


def main(run: Run, *, reprocess: Reprocess = False) -> None:
    """Reads the new log files of a range of dates into the table event, each event once.

    What cannot become an event goes to quarantine, and the source's catalogue of songs to catalogue. Events of
    other dates than the range are kept, too, but from files whose path says no date; an event that is in the
    lake already is counted and dropped.
    """
    source, folder = run.logs()
    with run.steps.step("Looking for files that are new"):
        found = source.find(run.spark, folder, run.start, run.end)
        say_what_is_left_out(run)
        listed = source.catalogue.find(run.spark, folder) if source.catalogue else []
        known = known_files(run, found + listed)
        logs = found if reprocess else unread(run, found, known)
        songs = listed if reprocess else unread(run, listed, known)
    if not logs and not songs:
        run.steps.note(
            f"No new files: all {len(found):,} log files of the range have been read before as they are now "
            "(--reprocess reads them again)."
        )
        return
    read_before = sources_of(run)
    refuse_other_ids(run, read_before)
    warn_of_mixed_ids(run, read_before)

    bounds = Bounds.of(run.conf.limits, run.began_at)
    with run.steps.step(f"Reading {len(logs):,} of {len(found):,} log files") as step:
        records = read_events(run, logs, bounds).withColumns(run.stamp())
        arrivals = run.keep("arrivals", records, by="event_date")
        by_date = arrived.counts(arrivals, "event_date").collect()
        step.rows = sum(row.records for row in by_date)
    outside = sum(row.outside_range for row in by_date)
    run.records_read = step.rows - outside
    run.records_quarantined = sum(row.quarantined for row in by_date)
    stated = stage_catalogue(run, songs, bounds)
    bad = arrived.bad(arrivals).unionByName(arrived.bad(stated))
    again = any(file.uri in known for file in logs + songs)
    stood = run.published("quarantine") if again else contract("quarantine").no_rows(run.spark)
    run.stage_new("quarantine", arrived.quarantine(bad, stood))

    good = each_once(run, arrived.good(arrivals), read_before)
    dates = {row.event_date for row in by_date if row.records > row.quarantined + row.outside_range}
    events, touched = stage_events(run, good, dates)
    if touched:
        stage_profile(run, arrivals, touched)

    files = files_of(run, logs, arrivals, run.read("event", dates))
    rows = files.unionByName(files_of_songs(run, songs, stated))
    stage_source_files(run, rows, again)
    say_what_was_read(run, events, outside)


def stage_catalogue(run: Run, songs: list[LogFile], bounds: Bounds) -> DataFrame:
    """Stages what the files state of songs; returns their records, the bad ones among them."""
    stated = read_songs(run, songs, bounds).withColumns(run.stamp())
    if songs:
        stated = run.keep("songs", stated)
        told = arrived.good(stated).drop("ingested_at")
        run.stage_members("catalogue", newest(told, run.published("catalogue")), "track_id")
        if unusable := arrived.bad(stated).count():
            run.steps.note(f"{unusable:,} catalogue records quarantined")
    return stated


def stage_events(run: Run, good: DataFrame, dates: set[date]) -> tuple[int, set[date]]:
    """Stages the slices of event that the good arrivals of these dates change.

    Returns how many of the arrivals are new, and the dates of the slices.
    """
    held = run.slices("event")
    with run.steps.step("Looking for events that are new") as step:
        new = arrived.new_by_date(good, run.published("event", dates & held)).collect()
        events: int = sum(row.events for row in new)
        step.rows = events

    # A new event also ends plays of the day before; plays at the end of a day look ahead to the next.
    new_dates = {row.event_date for row in new}
    touched = new_dates | ({day - DAY for day in new_dates} & held) | renamed(run, held)
    around = touched | {day + DAY for day in touched}
    if not touched:
        return events, touched
    before = run.published("event", around & held)
    if "catalogue" in run.staged:
        before = unresolved(before)
    settled = settle(before.unionByName(good)).where(is_on("event_date", touched))
    staged = run.stage("event", resolve(settled, run.read("catalogue")), touched)
    gained = staged.commit.rows_added - staged.commit.rows_removed
    if gained != events:
        raise TracklakeError(
            f"event would gain {gained} rows where {events} new events were read: nothing was published; "
            "the files may have changed while they were read, run again."
        )
    return events, touched


def say_what_was_read(run: Run, events: int, outside: int) -> None:
    """Prints that every record that the range picks became one of three things."""
    picked, quarantined = run.records_read, run.records_quarantined
    run.steps.note(
        f"{picked:,} records read = {events:,} events + {picked - events - quarantined:,} duplicates"
        f" + {quarantined:,} quarantined" + (f" (+ {outside:,} outside the range)" if outside else "")
    )


if __name__ == "__main__":
    cli.launch(main)
