"""The generated logs that contenders run on."""

import shutil
import sys
from pathlib import Path

from contenders import environment, submitted
from measured import measure

DAYS = 30
EVENTS_PER_LISTENER = 250  # in 30 days, see docs/generator.md
SEED = 7


def generate(logs: Path, events: int, dirt: float, work: Path) -> None:
    """Writes about so many events to the folder; ends the process if that fails."""
    shutil.rmtree(logs, ignore_errors=True)
    flags = {
        "days": DAYS,
        "users": max(1, events // EVENTS_PER_LISTENER),
        "seed": SEED,
        "dirt": dirt,
        "output": logs,
    }
    command = submitted(
        "generate_logs", *[text for name, value in flags.items() for text in (f"--{name}", str(value))]
    )
    done = measure(command, environment(), work, work / "generate_logs.log")
    if done.code:
        sys.exit(f"The logs could not be generated: {done.said.strip()} See {work}/generate_logs.log.")
