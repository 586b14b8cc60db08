"""Measures ingest_events beside plain Spark, which reads the same JSON and writes it as Parquet, on the same logs."""

import argparse
import json
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from contenders import environment, ingestion
from generated import logs_of
from measured import Measured, measure
from rich.console import Console
from rich.table import Table
from workplace import workplace

from tracklake.config import load
from tracklake.submit import Submission, command

BENCH = Path(__file__).parent
_READ = re.compile(r"^([\d,]+) records read = ", re.MULTILINE)


def main(argv: Sequence[str]) -> int:
    """Runs all sizes that are asked for; 1 if a contender failed or tracklake did not read every line."""
    asked = _arguments(argv)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    fine = True
    with workplace(asked.work) as work:
        for events in asked.events:
            fine &= _race(console, logs_of(events, asked.dirt, work), work)
    return 0 if fine else 1


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/ingest", description=__doc__)
    parser.add_argument(
        "--events", type=int, nargs="+", default=[1_000_000, 4_000_000], help="about how many"
    )
    parser.add_argument(
        "--dirt", type=float, default=1.0, help="how much known dirt the logs hold (1: usual)"
    )
    parser.add_argument(
        "--work", type=Path, help="where logs and tables stay (else a folder that is removed)"
    )
    return parser.parse_args(argv)


def _race(console: Console, logs: Path, work: Path) -> bool:
    lines = json.loads((logs / "manifest.json").read_text(encoding="utf-8"))["lines"]
    megabytes = sum(file.stat().st_size for file in (logs / "log_data").rglob("*.gz")) / 1e6
    console.rule(f"{lines:,} lines, {megabytes:,.1f} MB of JSON.gz")
    lake, parquet = work / f"lake-{logs.name}", work / f"parquet-{logs.name}"
    runs = {
        "plain": command(Submission(BENCH / "plain_json.py", (str(logs), str(parquet)), (), load("local"))),
        "tracklake": ingestion(logs, lake),
        "tracklake again": ingestion(logs, lake),
    }
    for output in (lake, parquet):
        shutil.rmtree(output, ignore_errors=True)
    measured: dict[str, Measured] = {}
    for name, argv in runs.items():
        console.print(f"Running {name} ...")
        noise = work / f"{name.replace(' ', '-')}-{logs.name}.log"
        measured[name] = done = measure(argv, environment(), work, noise)
        if done.code:
            console.print(f"{done.said}\n{noise.read_text(errors='replace')[-3_000:]}", markup=False)
            console.print(f"[red]{name} ended with code {done.code}.[/red]")
            return False
    console.print(_summary(measured, lines, megabytes))
    read = _READ.search(measured["tracklake"].said)
    if not read or int(read[1].replace(",", "")) != lines:
        console.print(f"[red]tracklake did not read {lines:,} records:[/red] {measured['tracklake'].said}")
        return False
    return True


def _summary(measured: dict[str, Measured], lines: int, megabytes: float) -> Table:
    table = Table("contender", title="Whole processes, their start included", title_justify="left")
    for column in ("seconds", "events/s", "MB/s", "of plain's speed", "peak memory, MB"):
        table.add_column(column, justify="right")
    for name, run in measured.items():
        table.add_row(
            name,
            f"{run.seconds:.1f}",
            f"{lines / run.seconds:,.0f}",
            f"{megabytes / run.seconds:.2f}",
            f"{measured['plain'].seconds / run.seconds:.2f}",
            f"{run.peak_bytes / 1e6:,.0f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
