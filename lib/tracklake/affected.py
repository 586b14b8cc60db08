"""Which dates of the facts a change reaches, beside those on which events came or changed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.against import in_any_stretch
from tracklake.changes import Changes
from tracklake.credited import credited
from tracklake.run import Run
from tracklake.transforms.periods import every_day
from tracklake.transforms.plays import lacks_artist, with_users
from tracklake.transforms.sessions import SESSION_GAP, session_facts, sessionize

DAY = timedelta(days=1)


def rekeyed_dates(
    run: Run, changes: Changes, dimension: str, member: str, dates: Collection[date]
) -> set[date]:
    """Dates beside ``dates`` on which events point at other versions of members than their facts do.

    Of the versions that differ only those count that began or vanished (between them, keys stay as they were),
    and of the members only those that were there before (a date without a change has no event of a new one).
    """
    if not changes.any(dimension):
        return set()
    key = f"{member.removesuffix('_id')}_key"
    gone, come = (rows.select(key, member, "valid_from", "valid_to") for rows in changes.rows(dimension))
    begun = come.join(gone, on=key, how="left_anti").join(gone, on=member, how="left_semi")
    vanished = gone.join(come, on=key, how="left_anti")
    spans = run.keep(f"{dimension}-rekeyed", begun.unionByName(vanished).withColumnRenamed(member, "_member"))

    first = spans.agg(F.min(F.to_date("valid_from"))).collect()[0][0]
    candidates = {day for day in run.slices("event") if first and day >= first} - set(dates)
    if not candidates:
        return set()
    ended = F.col("valid_to").isNotNull() & (F.col("event_time") >= F.col("valid_to"))
    inside = (F.col("event_time") >= F.col("valid_from")) & ~ended
    events = run.read("event", candidates)
    if member == "artist_id":
        events = credited(run, events, "rekeyed")
    moved = events.join(spans, on=(F.col(member) == F.col("_member")) & inside, how="left_semi")
    return _dates_in(moved)


def dates_of_recredited_events(run: Run, changes: Changes, dates: Collection[date]) -> set[date]:
    """Dates beside ``dates`` of events that lack an artist, and whose track's in dim_track is another one than it was.

    A track that was not there comes with the dates of its events.
    """
    recredited = _changed(changes, "dim_track", "track_id", "artist_id")
    if recredited.isEmpty():
        return set()
    lacking = run.read("event", run.slices("event") - set(dates)).where(lacks_artist())
    return _dates_in(lacking.join(recredited, on="track_id", how="left_semi"))


def dates_of_recredited_tracks(run: Run, changes: Changes) -> set[date]:
    """Dates on which tracks are told of whose artist in dim_track is another one than it was."""
    return _dates_of(run, "fact_track_day", _changed(changes, "dim_track", "track_id", "artist_id"))


def dates_of_moved_users(run: Run, changes: Changes) -> set[date]:
    """Dates of plays by versions of users whose location is another one than it was."""
    return _dates_of(run, "fact_stream", _changed(changes, "dim_user", "user_key", "location"))


def _changed(changes: Changes, dimension: str, key: str, column: str) -> DataFrame:
    """The keys of the rows of a dimension whose value in a column is another one than it was."""
    gone, come = changes.rows(dimension)
    was = gone.select(key, F.col(column).alias("_was"))
    return come.join(was, on=key, how="inner").where(~F.col(column).eqNullSafe(F.col("_was"))).select(key)


def _dates_of(run: Run, table: str, members: DataFrame) -> set[date]:
    """The dates on which a table has rows of these members; it is not looked into where there are none."""
    if members.isEmpty():
        return set()
    return _dates_in(run.read(table).join(members, on=members.columns, how="left_semi"))


def _dates_in(rows: DataFrame) -> set[date]:
    return {row.event_date for row in rows.select("event_date").distinct().collect()}


def around_sessions(run: Run, dates: Collection[date]) -> set[date]:
    """The dates, and those that published sessions span which come within SESSION_GAP of any of them.

    The events of all these dates are enough to cut every session that reaches into ``dates``.
    """
    spanned = _spanned(_near(run.published("fact_session"), dates).select(*_days_reached()))
    return set(dates) | (spanned & run.slices("event"))


def moved_sessions(run: Run, dates: Collection[date]) -> set[date]:
    """Dates beside ``dates`` that sessions span which reach into these and are not as they were published."""
    around = around_sessions(run, dates)
    if around == set(dates):
        return set()
    crossing = _near(run.published("fact_session"), dates).where(~_within(dates))
    events = credited(run, run.read("event", around), "crossing").join(
        crossing.select("user_id"), on="user_id", how="left_semi"
    )
    users = run.read("dim_user")
    cut = session_facts(with_users(sessionize(events), users))
    now = run.keep("sessions-near", _near(cut, dates))
    was = (
        _near(run.published("fact_session"), dates)
        .join(crossing.select("user_id"), on="user_id", how="left_semi")
        .select(*now.columns)  # exceptAll goes by their order, and the join has moved its own to the front
    )
    moved = now.exceptAll(was).unionByName(was.exceptAll(now))
    return _spanned(moved.select(*_days_reached())) - set(dates)


def begun_before(run: Run, dates: Collection[date]) -> set[date]:
    """Dates beside ``dates`` on which sessions began that last into one of these."""
    if not dates:
        return set()
    lasted = F.sequence(F.date_add("session_date", 1), F.to_date("ended_at"))
    into = in_any_stretch(
        dates,
        lambda first, last: (F.col("ended_at") >= F.lit(first)) & (F.col("session_date") < F.lit(last)),
    )
    begun = (
        run.read("fact_session")
        .where(into)
        .where(F.to_date("ended_at") > F.col("session_date"))
        .where(F.arrays_overlap(lasted, F.lit(sorted(dates))))
    )
    return {row.session_date for row in begun.select("session_date").distinct().collect()} - set(dates)


def lasted_into(run: Run, dates: Collection[date]) -> set[date]:
    """The dates, and those into which sessions last that began on them."""
    last = F.to_date("ended_at")
    late = run.read("fact_session", dates).where(last > F.col("session_date"))
    return set(dates) | _spanned(late.select("session_date", last.alias("last")))


def _spanned(spans: DataFrame) -> set[date]:
    """All days of the spans, which are rows of a first and a last day; each kind of span comes to the driver once."""
    return {day for first, last in spans.distinct().collect() for day in every_day(first, last)}


def _days_reached() -> tuple[Column, Column]:
    """First and last date that a session comes within SESSION_GAP of."""
    return F.to_date(F.col("started_at") - F.lit(SESSION_GAP)), F.to_date(
        F.col("ended_at") + F.lit(SESSION_GAP)
    )


def _near(sessions: DataFrame, dates: Collection[date]) -> DataFrame:
    """The sessions that come within SESSION_GAP of one of the dates."""
    near = in_any_stretch(
        dates,
        lambda first, last: (
            (F.col("ended_at") >= F.lit(first) - F.lit(SESSION_GAP))
            & (F.col("started_at") < F.lit(last + DAY) + F.lit(SESSION_GAP))
        ),
    )
    days = F.sequence(*_days_reached())
    return sessions.where(near).where(F.arrays_overlap(days, F.lit(sorted(dates))))


def _within(dates: Collection[date]) -> Column:
    """Whether all the dates that a session reaches are among ``dates``."""
    first, last = _days_reached()
    return F.size(F.array_except(F.sequence(first, last), F.lit(sorted(dates)))) == 0
