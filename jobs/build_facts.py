"""Bring the facts up to date: sessions, plays, feedback, and the days of tracks and artists."""

from tracklake import cli
from tracklake.affected import (
    around_sessions,
    dates_of_recredited_events,
    moved_sessions,
    rekeyed_dates,
)
from tracklake.credited import credited
from tracklake.run import Run
from tracklake.transforms.days import artist_days, track_days
from tracklake.transforms.periods import is_on
from tracklake.transforms.plays import TIMELINE, feedback_facts, stream_facts, with_users
from tracklake.transforms.sessions import session_facts, sessionize


def main(run: Run) -> None:
    """Builds the facts anew on the dates whose events, sessions, or versions of users and artists changed, or whose
    events name no artist and a track that is another one's now.

    With --start and --end, the facts of those dates are built again in any case.
    """
    changes = run.changes("build_facts", "event", "dim_user", "dim_artist", "dim_track")
    users, artists, tracks = run.read("dim_user"), run.read("dim_artist"), run.read("dim_track")

    with run.steps.step("Looking for days whose facts have to follow"):
        dates = changes.dates("event") | run.asked_for("event")
        dates |= rekeyed_dates(run, changes, "dim_user", "user_id", dates)
        dates |= rekeyed_dates(run, changes, "dim_artist", "artist_id", dates)
        dates |= dates_of_recredited_events(run, changes, dates)
        dates |= moved_sessions(run, dates) if dates else set()
    if not dates:
        return

    with run.steps.step("Cutting sessions"):
        events = run.read("event", around_sessions(run, dates)).select(*TIMELINE)
        cut = with_users(sessionize(credited(run, events, "timeline")), users)
        timeline = run.keep("timeline", cut, by="event_date")
    on_dates = timeline.where(is_on("event_date", dates))
    sessions = session_facts(timeline).where(is_on("session_date", dates))

    run.stage("fact_session", sessions, dates)
    run.stage("fact_stream", stream_facts(on_dates, artists), dates)
    run.stage("fact_feedback", feedback_facts(on_dates, artists), dates)

    streams, feedback = run.read("fact_stream", dates), run.read("fact_feedback", dates)
    run.stage("fact_track_day", track_days(streams, feedback, tracks), dates)
    run.stage("fact_artist_day", artist_days(streams, feedback, artists), dates)
    run.afterwards.append(lambda _: say_what_follows(run))


def say_what_follows(run: Run) -> None:
    """Says that the marts are behind, where there are any and the run, which changed facts, builds none."""
    if "fact_listening" in run.base.tables and not run.builds("build_marts"):
        run.steps.note(
            "Marts follow with build_marts: until then they tell of the facts as they were, and some rows of "
            "session_satisfaction and fact_listening may point at sessions and versions of users that are no more."
        )


if __name__ == "__main__":
    cli.launch(main)
