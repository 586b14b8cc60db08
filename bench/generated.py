"""The generated logs that contenders run on."""

import shutil
import sys
from pathlib import Path

from contenders import environment, submitted
from measured import measure

DAYS = 30
EVENTS_PER_LISTENER = 250  # in 30 days, see docs/generator.md
SEED = 7


def logs_of(events: int, dirt: float, work: Path) -> Path:
    """The folder of logs of about so many events, made below ``work`` unless it is there; ends the process if
    that fails."""
    logs = work / f"logs-{events}"
    if (logs / "manifest.json").exists():
        return logs
    print(f"Generating {events:,} events ...", flush=True)
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
    return logs
