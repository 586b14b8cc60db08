"""Bring the marts up to date: what the facts amount to by day, week and 28 days."""

from datetime import timedelta

from jobs import build_satisfaction
from tracklake import cli
from tracklake.affected import dates_of_moved_users, dates_of_recredited_tracks
from tracklake.run import Run
from tracklake.transforms.artist_groups import artist_groups, loyalty
from tracklake.transforms.artist_performance import artist_performance
from tracklake.transforms.listening import listening, source_mixes, top_markets
from tracklake.transforms.parts import parts, shared_parts, told_of
from tracklake.transforms.periods import HISTORY_BLOCKS, PERIODS, days_of, is_on, touched_blocks
from tracklake.transforms.privacy import shown_levels
from tracklake.transforms.totals import audiences, histories, member_days, period_totals
from tracklake.transforms.track_performance import track_performance

FACTS = ("fact_stream", "fact_session", "fact_feedback")
BLOCK = timedelta(days=PERIODS["28_days"])


def main(run: Run) -> None:
    """Builds the marts anew in the blocks of 28 days whose facts, or whose history, changed: plays, and what the
    dimensions say of them.

    A mart's slices are the first days of its periods. With --start and --end, the blocks of those dates are built
    again in any case.
    """
    build_satisfaction.main(run)
    changes = run.changes("build_marts", *FACTS, "dim_track", "dim_user")
    with run.steps.step("Looking for days whose marts have to follow"):
        moved = dates_of_moved_users(run, changes)
        dates = run.asked_for("fact_stream").union(*(changes.dates(fact) for fact in FACTS), moved)
        dates |= dates_of_recredited_tracks(run, changes)
    if not dates:
        return
    held = run.slices("fact_track_day")
    blocks = touched_blocks(dates, held)
    before = {block - BLOCK for block in blocks} - blocks
    days = days_of(blocks)
    around = days | days_of(before)
    past = {block - BLOCK * n for block in blocks for n in range(HISTORY_BLOCKS + 1)}
    k = run.conf.privacy.k
    tracks, artists = run.read("dim_track"), run.read("dim_artist")

    of_members = member_days(run.read("fact_track_day", around), run.read("fact_artist_day", around))
    run.stage("fact_audience", audiences(of_members.where(is_on("block", blocks))), blocks)

    heard_on = run.asked_for("fact_stream") | changes.dates("fact_stream") | moved
    heard_on |= (run.slices("fact_stream") & days) - run.slices("fact_listening")
    plays = run.read("fact_stream", heard_on)
    run.stage("fact_listening", listening(plays, run.read("dim_user")), heard_on)

    with run.steps.step("Summing up periods"):
        known = run.read("fact_audience", past | blocks)
        sums = period_totals(of_members, histories(known, blocks | before), held & around)
        around_totals = run.keep("period-totals", sums)
        told = told_of(run.read("fact_listening", around), run.read("fact_feedback", around), tracks, artists)
        shared = run.keep("shared-parts", shared_parts(told, tracks))
        all_parts = parts(around_totals, shared, tracks)
        levels = run.keep("shown-levels", shown_levels(all_parts, k))
        totals, of_parts = (frame.where(is_on("block", blocks)) for frame in (around_totals, all_parts))
        heard = run.read("fact_listening", days)
        loyal = run.keep("loyalty", loyalty(heard))

    markets, mixes = top_markets(heard, k), source_mixes(heard, k)
    run.stage("mart_track_performance", track_performance(totals, levels, tracks, markets, mixes, k), days)
    run.stage("mart_artist", artist_performance(totals, levels, of_parts, loyal, k), days)
    earlier = run.read("mart_artist_audience", before)
    run.stage("mart_artist_audience", artist_groups(loyal, known, levels, earlier, k), blocks)


if __name__ == "__main__":
    cli.launch(main)
