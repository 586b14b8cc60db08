"""Measures the memory of ingest_events' driver while the logs grow. Its executor is a process of its own, uncounted."""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from contenders import environment, ingestion
from generated import logs_of
from measured import measure
from rich.console import Console
from rich.table import Table
from workplace import workplace

EXECUTOR = "CoarseGrainedExecutorBackend"
HEAP = "1g"
EXECUTOR_MB = 6144


def main(argv: Sequence[str]) -> int:
    """Runs all sizes that are asked for; 1 if one failed."""
    asked = _arguments(argv)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    table = Table("events", title=f"ingest_events with {HEAP} of heap for the driver", title_justify="left")
    for column in ("log files", "seconds", "peak memory of the driver, Python included, MB"):
        table.add_column(column, justify="right")
    with workplace(asked.work) as work:
        for events in asked.events:
            logs = logs_of(events, 1.0, work)
            lake, noise = work / f"lake-{logs.name}", work / f"driver-{logs.name}.log"
            shutil.rmtree(lake, ignore_errors=True)
            console.print(f"Reading {events:,} events ...")
            done = measure(_apart(ingestion(logs, lake)), environment(), work, noise, EXECUTOR)
            if done.code:
                console.print(f"{done.said}\n{noise.read_text(errors='replace')[-3_000:]}", markup=False)
                return 1
            lines = json.loads((logs / "manifest.json").read_text(encoding="utf-8"))["lines"]
            files = sum(1 for file in (logs / "log_data").rglob("*.json*"))
            table.add_row(f"{lines:,}", f"{files:,}", f"{done.seconds:.0f}", f"{done.peak_bytes / 1e6:,.0f}")
    console.print(table)
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/memory", description=__doc__)
    sizes = [1_000_000, 10_000_000, 50_000_000]
    parser.add_argument("--events", type=int, nargs="+", default=sizes, help="about how many")
    parser.add_argument(
        "--work", type=Path, help="where logs and tables stay (else a folder that is removed)"
    )
    return parser.parse_args(argv)


def _apart(command: Sequence[str]) -> list[str]:
    """The command of a job, with one executor of two cores beside the driver."""
    memory = {"spark.driver.memory": HEAP, "spark.executor.memory": f"{EXECUTOR_MB}m"}
    settings = [text for name, value in memory.items() for text in ("--conf", f"{name}={value}")]
    return [*command, "--master", f"local-cluster[1,2,{EXECUTOR_MB}]", "--", *settings]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
