"""Bring the marts up to date: the periods (day, week, 28 days) in which facts changed."""

from jobs import build_satisfaction
from tracklake import cli
from tracklake.run import Run
from tracklake.transforms.periods import days_of, starts_of

FACTS = ("fact_stream", "fact_session", "fact_feedback")


def main(run: Run) -> None:
    """Builds the marts anew for the periods whose facts changed; a mart's slices are first days of periods.

    With --start and --end, the periods of those dates are built again in any case.
    """
    build_satisfaction.main(run)
    changes = run.changes("build_marts", *FACTS, "dim_track")
    dates = run.asked_for("fact_stream").union(*(changes.dates(fact) for fact in FACTS))
    if not dates:
        return
    starts = starts_of(dates)
    days = days_of(starts) & run.slices("fact_stream")
    run.steps.note(f"{len(starts)} first days of periods changed, on {len(days)} days of plays")


if __name__ == "__main__":
    cli.launch(main)
