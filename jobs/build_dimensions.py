"""Bring the dimensions up to date: users, artists, tracks, their credits, and the calendar."""

from pyspark.sql import functions as F

from tracklake import cli
from tracklake.late_users import events_and_versions
from tracklake.retold import retold
from tracklake.run import Run
from tracklake.transforms.days import calendar
from tracklake.transforms.members import artists, credits, named, songs_by, songs_named, tracks
from tracklake.transforms.users import anonymous_user, user_versions


def main(run: Run) -> None:
    """Builds dim_user, dim_artist, dim_track, bridge_track_artist and dim_date anew where events changed.

    With --start and --end, the users, artists and tracks of those dates are built again in any case.
    """
    changes = run.changes("build_dimensions", "event", "catalogue")
    dates = changes.dates("event") | run.asked_for("event")
    if not dates and not changes.any("catalogue"):
        return
    users = user_versions(*events_and_versions(run, changes, dates)).unionByName(anonymous_user(run.spark))
    run.stage_members("dim_user", users, "user_id")

    with run.steps.step("Looking for names of tracks and artists"):
        names = run.keep("names", named(run.read("event", dates)))
        again = retold(run, changes)
    songs = songs_of_artists = run.read("catalogue")
    if not changes.any("catalogue"):  # the others are as they were
        songs, songs_of_artists = songs_named(names, songs), songs_by(names, songs)
    known, known_credits = run.published("dim_track"), run.published("bridge_track_artist")
    if again:
        names = names.unionByName(again.names)
        known, known_credits = (
            each.join(again.tracks, on="track_id", how="left_anti") for each in (known, known_credits)
        )
    stated = artists(names, songs_of_artists, run.published("dim_artist"))
    run.stage_members("dim_artist", stated, "artist_id", again.unnamed_artists() if again else None)
    with run.steps.step("Crediting tracks"):
        members = run.keep("tracks", tracks(names, songs, known, known_credits))
    gone = again.unnamed_tracks() if again else None
    run.stage_members("dim_track", members.drop("credit"), "track_id", gone)
    run.stage_members("bridge_track_artist", credits(members), "track_id", gone)

    stage_calendar(run)
    run.afterwards.append(lambda _: say_what_follows(run))


def stage_calendar(run: Run) -> None:
    """Stages the days of all years with events, where a year begins or ends them that did not."""
    days = run.slices("event") or {run.began_at.date()}
    years = min(days).year, max(days).year
    held = run.published("dim_date").agg(F.min("year").alias("first"), F.max("year").alias("last"))
    if years not in {(row.first, row.last) for row in held.collect()}:
        run.stage_members("dim_date", calendar(run.spark, min(days), max(days)), "date")


def say_what_follows(run: Run) -> None:
    """Says that facts are behind, where the run changed members that they may point at and builds no facts."""
    members = run.staged.keys() & {"dim_user", "dim_artist", "dim_track"}
    if members and "fact_stream" in run.base.tables and not run.builds("build_facts"):
        run.steps.note(
            "Facts follow with build_facts: until then some may point at versions of members that are no more."
        )


if __name__ == "__main__":
    cli.launch(main)
