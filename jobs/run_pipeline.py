"""Run every batch job in order: logs in, audited tables out, one release."""

from jobs import build_dimensions, build_facts, build_marts, ingest_events
from tracklake import cli
from tracklake.run import Run


def main(run: Run, *, reprocess: ingest_events.Reprocess = False) -> None:
    """Reads the new logs of a range of dates and brings every table up to date, as one release."""
    ingest_events.main(run, reprocess=reprocess)
    build_dimensions.main(run)
    build_facts.main(run)
    build_marts.main(run)


if __name__ == "__main__":
    cli.launch(main)
