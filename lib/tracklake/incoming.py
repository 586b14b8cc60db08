"""What a run has to read: files that are new or have changed since they were read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from tracklake.errors import WrongUsage
from tracklake.run import Run
from tracklake.sources import SOURCES
from tracklake.sources.files import LogFile, below
from tracklake.sources.source import Bounds
from tracklake.tables import contract
from tracklake.transforms import arrivals as arrived
from tracklake.transforms.events import dates_with_other_ids, names_told_otherwise
from tracklake.transforms.periods import every_day, is_on
from tracklake.transforms.profile import NEAR_DAYS, drift, forms_seen, profile
from tracklake.transforms.source_files import as_read, as_read_last, listing

NEAR = timedelta(days=NEAR_DAYS)
"""How far apart two days of a source may be to be compared."""

MOST_SHOWN = 20
"""Rows of source_profile that a run prints."""

MOST_NAMED = 5
"""Files that are left out which a run names."""


def say_what_is_left_out(run: Run) -> None:
    """Prints which logs the source leaves out beside others, some of them by name, and why."""
    source, folder = run.logs()
    if source.left_out is None:
        return
    names = [below(folder, file.path).lstrip("/") for file in source.left_out.find(run.spark, folder)]
    if names:
        more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
        run.steps.note(f"Not read: {', '.join(names[:MOST_NAMED])}{more} ({source.left_out.why}).")


def known_files(run: Run, files: list[LogFile]) -> dict[str, Row]:
    """Of the files those that the lake has read at some time: their rows of source_file by uri."""
    if not files or "source_file" not in run.base.tables:
        return {}
    listed = listing(run.spark, [(file.uri, file.size, file.modified_at, None, None) for file in files])
    return {row.path: row for row in as_read_last(listed, run.published("source_file")).collect()}


def unread(run: Run, files: list[LogFile], known: dict[str, Row]) -> list[LogFile]:
    """The files of which the lake does not have, as they are now, all that the run's source and dates pick."""
    return [file for file in files if file.uri not in known or not _has(run, file, known[file.uri])]


def _has(run: Run, file: LogFile, read: Row) -> bool:
    """Whether a file is as it was read, from the run's source, and in all that the run's dates pick of it: the whole
    file where its path says a date, as seen from this input, which it need not have said when it was read."""
    source, _ = run.logs()
    if not read.is_unchanged or read.source != source.name:
        return False
    if file.days:
        return read.first_date is None and read.last_date is None
    since = read.first_date is None or (run.start is not None and read.first_date <= run.start)
    until = read.last_date is None or (run.end is not None and read.last_date >= run.end)
    return since and until


def read_events(run: Run, files: list[LogFile], bounds: Bounds) -> DataFrame:
    """Arrivals of the files; of those whose path says no date the events that the run's dates pick."""
    source, _ = run.logs()
    id_prefix = run.conf.source(source.name).id_prefix
    ranged = run.start is not None or run.end is not None
    whole = [file.path for file in files if file.days or not ranged]
    in_part = [file.path for file in files if not file.days and ranged]
    parts = []
    if whole:
        parts.append(source.read(run.spark, whole, bounds, id_prefix))
    if in_part:
        found = source.read(run.spark, in_part, bounds, id_prefix)
        parts.append(arrived.within(found, run.start, run.end))
    if not parts:
        return arrived.none(run.spark)
    return parts[0] if len(parts) == 1 else parts[0].unionByName(parts[1])


def read_songs(run: Run, files: list[LogFile], bounds: Bounds) -> DataFrame:
    """Records of the source's catalogue in the files."""
    source, _ = run.logs()
    if not files or source.catalogue is None:
        return arrived.with_reasons(contract("catalogue").no_rows(run.spark).drop("run_id"))
    id_prefix = run.conf.source(source.name).id_prefix
    return source.catalogue.read(run.spark, [file.path for file in files], bounds, id_prefix)


def each_once(run: Run, good: DataFrame, read_before: Iterable[str]) -> DataFrame:
    """The good arrivals without copies that ``settle`` would not know for what they are.

    Those are copies that differ in time, user, session or source: ids of the source's own, or of one that the lake
    has ``read_before``, may come with any of them. Hashes of records come with the same ones only.
    """
    source, _ = run.logs()
    own_ids = {name for name, each in SOURCES.items() if each.own_ids}
    if own_ids.isdisjoint((source.name, *read_before)):
        return good
    copies = run.keep("copies", arrived.copies(good, run.published("event")))
    if copies.isEmpty():
        return good
    return run.keep("good", arrived.first_copies(good, copies), by="event_date")


def renamed(run: Run, dates: set[date]) -> set[date]:
    """Of the dates in the lake those with events whose track or artist the catalogue now knows otherwise."""
    if "catalogue" not in run.staged or "event" not in run.base.tables:
        return set()
    before, after = run.published("catalogue"), run.read("catalogue")
    names = run.keep("names-told-otherwise", names_told_otherwise(before, after))
    if names.isEmpty():
        return set()
    events = run.published("event", dates)
    return {row.event_date for row in dates_with_other_ids(events, names, after).collect()}


def stage_source_files(run: Run, rows: DataFrame, again: bool) -> None:
    """Stages what is to be known of the files that the run has read, some of them not for the first time."""
    stamped = rows.withColumns({"run_id": F.lit(run.run_id), "read_at": F.lit(run.began_at)})
    if again:
        run.stage_members("source_file", stamped, "path")
    else:
        run.stage_new("source_file", stamped)


def files_of(run: Run, logs: list[LogFile], arrivals: DataFrame, events: DataFrame) -> DataFrame:
    """source_file rows of the log files, from their arrivals and the events of the lake on their dates."""
    return as_read(_listed(run, logs, "log"), arrivals, events)


def files_of_songs(run: Run, songs: list[LogFile], stated: DataFrame) -> DataFrame:
    """source_file rows of the catalogue's files; a song that stands in two of them is no duplicate."""
    rows = as_read(_listed(run, songs, "catalogue"), stated, contract("event").no_rows(run.spark))
    return rows.withColumn("duplicates", F.lit(0).cast("bigint"))


def stage_profile(run: Run, arrivals: DataFrame, dates: set[date]) -> None:
    """Stages source_profile of these dates, and of the next day of each source, which is told against them.

    Says which fields have drifted on the dates. A source whose last day is more than NEAR before begins anew.
    """
    near = run.slices("source_profile") & {day for one in dates for day in every_day(one - NEAR, one + NEAR)}
    beside = run.published("source_profile", near - dates).where("status <> 'gone'").drop("status")
    with run.steps.step("Looking at the fields of events"):
        rows = run.staged["event"].commit.rows_added
        seen = forms_seen(
            arrivals.where(is_on("event_date", dates)),
            run.published("source_profile", dates & run.slices("source_profile")),
        )
        fresh = profile(run.read("event", dates), rows, seen)
        profiles = run.keep("profile", fresh.unionByName(beside.select(*fresh.columns)))
    others = profiles.where(~is_on("event_date", dates)).select("source", "event_date")
    days = others.distinct().collect() if near - dates else []
    after = {
        min(
            (
                later.event_date
                for later in days
                if later.source == name and day < later.event_date <= day + NEAR
            ),
            default=day,
        )
        for name in {one.source for one in days}
        for day in dates
    }
    drifted = drift(profiles).where(is_on("event_date", dates | after))
    run.stage("source_profile", drifted, dates | after)
    shown = run.read("source_profile", dates).where("status <> 'known'")
    found = shown.orderBy("event_date", "source", "field").limit(MOST_SHOWN).collect()
    if found:
        run.steps.table(
            "Fields that differ from the day before (source_profile has them all)",
            ["date", "source", "field", "status", "null share", "types"],
            [[r.event_date, r.source, r.field, r.status, r.null_share, r.types] for r in found],
        )


def _listed(run: Run, files: list[LogFile], kind: str) -> DataFrame:
    source, _ = run.logs()
    asked = (run.start, run.end)
    rows = [
        (file.uri, file.size, file.modified_at, *(asked if kind == "log" and not file.days else (None, None)))
        for file in files
    ]
    id_prefix = run.conf.source(source.name).id_prefix
    return listing(run.spark, rows).withColumns(
        {"kind": F.lit(kind), "source": F.lit(source.name), "id_prefix": F.lit(id_prefix)}
    )


def sources_of(run: Run) -> dict[str, str]:
    """The sources that the lake has read so far, by name in order: what their ids begin with."""
    read = run.published("source_file").select("source", "id_prefix").distinct().collect()
    return {row.source: row.id_prefix for row in sorted(read)}


def refuse_other_ids(run: Run, read_before: Mapping[str, str]) -> None:
    """Raises WrongUsage if the lake has read this source with another id_prefix: one listener would become two."""
    source, _ = run.logs()
    now = run.conf.source(source.name).id_prefix
    was = read_before.get(source.name, now)
    if was != now:
        raise WrongUsage(
            f'The lake {run.lake.uri} has read {source.name} with id_prefix "{was}", and conf/{run.conf.env}.toml says '
            f'"{now}": each listener would be there twice. Set it back in [sources.{source.name}], or fill a new lake '
            "(--lake)."
        )


def warn_of_mixed_ids(run: Run, read_before: Mapping[str, str]) -> None:
    """Says so if this source and another one in the lake both bring their ids without a prefix."""
    source, _ = run.logs()
    bare = [name for name, id_prefix in read_before.items() if name != source.name and not id_prefix]
    if bare and not run.conf.source(source.name).id_prefix:
        run.steps.note(
            f"Note: {source.name} and {', '.join(bare)} share one namespace of user, track and artist ids: if the "
            f"same id means different things in them, give one an id_prefix in conf/{run.conf.env}.toml before its "
            "first run."
        )
