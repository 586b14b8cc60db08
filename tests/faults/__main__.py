"""Kills the pipeline over and over: bench/faults --kills N --seed S."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from rich.console import Console

from bench import star_schema
from tests.conftest import for_small_data
from tests.faults.kill import Kill, Outcome, inflict, plan
from tests.faults.lakes import lakes_of
from tracklake.config import load
from tracklake.session import spark_session

TOLD_EVERY = 10
"""After so many kills it says what they came to: a hundred take hours, and may be stopped in between."""


def main(argv: Sequence[str]) -> int:
    """Inflicts the kills one after the other; 1 if one of them left what should not be."""
    asked = _arguments(argv)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160, soft_wrap=True)
    conf = for_small_data(load("local"), {"spark.driver.memory": "1g"})
    spark = spark_session(conf, "tracklake faults")
    spark.sparkContext.setLogLevel("OFF")
    began, outcomes = time.monotonic(), []
    with tempfile.TemporaryDirectory(prefix="tracklake-faults-") as temporary:
        lakes = lakes_of(spark, asked.work or Path(temporary), star_schema)
        kills = plan(asked.kills, asked.seed, lakes.steps, lakes.writes)
        for number, kill in islice(enumerate(kills, 1), asked.first - 1, None):
            lake = (asked.work or Path(temporary)).absolute() / f"lake-{number}"
            outcome = inflict(kill, lakes, lake)
            outcomes.append(outcome)
            console.print(f"{number:>4}  {_said(outcome)}")
            if outcome.wrong:
                console.print("\n".join(outcome.wrong))
            if number % TOLD_EVERY == 0 or number == len(kills):
                planned = f"--kills {asked.kills} --seed {asked.seed}, {asked.first} to {number}"
                console.print(_summary(outcomes, planned, time.monotonic() - began))
    return 1 if any(outcome.wrong for outcome in outcomes) else 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="how many")
    parser.add_argument("--seed", type=int, default=7, help="the same seed plans the same kills")
    parser.add_argument("--first", type=int, default=1, help="go on with the kill of this number")
    parser.add_argument(
        "--work", type=Path, help="an empty folder where the lakes stay (else they are removed)"
    )
    asked = parser.parse_args(argv)
    if not 1 <= asked.first <= asked.kills:
        parser.error(f"--first {asked.first}: the kills are 1 to {asked.kills}.")
    return asked


def _said(outcome: Outcome) -> str:
    how = f"killed {outcome.kill}" if outcome.died else f"ended before it was killed {outcome.kill}"
    last = f", the last step said: {outcome.last_step}" if outcome.last_step else ""
    return f"{'✗' if outcome.wrong else '✓'} {how}{last}; {outcome.looks} looks"


def _summary(outcomes: Sequence[Outcome], planned: str, seconds: float) -> str:
    kinds = Counter(_kind(outcome.kill) for outcome in outcomes if outcome.died)
    kinds_said = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    wrong = sum(bool(outcome.wrong) for outcome in outcomes)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {planned}: {sum(kinds.values())} of "
        f"{len(outcomes)} jobs died ({kinds_said}); {sum(o.looks for o in outcomes):,} looks of a reader at "
        f"{sum(o.versions for o in outcomes):,} versions; {wrong} kills left something wrong; "
        f"{seconds / 60:.0f} minutes."
    )


def _kind(kill: Kill) -> str:
    if kill.red:
        return "with a suite that fails"
    if kill.before_write >= 0:
        return "between two writes of publishing"
    return "in the middle of a step" if kill.delay else "at the end of a step"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
