"""Build the tables that all contenders build: run_pipeline without the marts, as one release."""

from jobs import build_dimensions, build_facts, ingest_events
from tracklake import cli
from tracklake.run import Run


def main(run: Run) -> None:
    """Reads logs and brings events, dimensions and facts up to date."""
    ingest_events.main(run)
    build_dimensions.main(run)
    build_facts.main(run)


if __name__ == "__main__":
    cli.launch(main)
