"""Measures ingest_events beside plain Spark, which reads the same files and writes them as Parquet, in every format."""

import argparse
import json
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from contenders import environment, ingestion
from formats import FORMATS
from generated import logs_of
from measured import Measured, measure
from rich.console import Console
from rich.table import Table
from workplace import workplace

from tracklake.config import load
from tracklake.submit import Submission, command

BENCH = Path(__file__).parent
SPARKIFY = "sparkify"
_READ = re.compile(r"^([\d,]+) records read = ", re.MULTILINE)


@dataclass(frozen=True)
class Logs:
    """A folder of so many records in a format, and the source that reads it."""

    name: str
    source: str
    folder: Path
    records: int


def main(argv: Sequence[str]) -> int:
    """Runs all sizes that are asked for; 1 if a contender failed or tracklake did not read every line."""
    asked = _arguments(argv)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    fine = True
    with workplace(asked.work) as work:
        for events in asked.events if SPARKIFY in asked.formats else ():
            logs = logs_of(events, asked.dirt, work)
            lines = json.loads((logs / "manifest.json").read_text(encoding="utf-8"))["lines"]
            fine &= _race(console, work, Logs(SPARKIFY, SPARKIFY, logs, lines))
        for name in asked.formats:
            if name != SPARKIFY:
                fine &= _race(console, work, _in_format(console, work, name, min(asked.events), asked.dirt))
    return 0 if fine else 1


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/ingest", description=__doc__)
    parser.add_argument(
        "--events", type=int, nargs="+", default=[1_000_000, 4_000_000], help="about how many"
    )
    parser.add_argument(
        "--formats",
        nargs="+",
        choices=[SPARKIFY, *FORMATS],
        default=[SPARKIFY, *FORMATS],
        help="which; all but the first with the fewest events that are asked for",
    )
    parser.add_argument(
        "--dirt", type=float, default=1.0, help="how much known dirt the logs hold (1: usual)"
    )
    parser.add_argument(
        "--work", type=Path, help="where logs and tables stay (else a folder that is removed)"
    )
    return parser.parse_args(argv)


def _in_format(console: Console, work: Path, name: str, events: int, dirt: float) -> Logs:
    """The plays of generated logs in another format, made below ``work``; ends the process if that fails."""
    folder = work / f"{name.replace(' ', '-')}-{events}"
    shutil.rmtree(folder, ignore_errors=True)
    console.print(f"Making {name} ...")
    arguments = ("make", name, str(logs_of(events, dirt, work)), str(folder))
    done = measure(_formats(*arguments), environment(), work, work / f"{folder.name}.log")
    if done.code:
        sys.exit(f"{name} could not be made: see {work / folder.name}.log.")
    return Logs(name, FORMATS[name].source, folder, int(done.said.split()[-1]))


def _formats(*arguments: str) -> list[str]:
    return command(Submission(BENCH / "formats.py", arguments, (), load("local")))


def _race(console: Console, work: Path, given: Logs) -> bool:
    logs, lines = given.folder, given.records
    files = [file for file in logs.rglob("*") if file.is_file() and not file.name.startswith((".", "_"))]
    megabytes = sum(file.stat().st_size for file in files if "song_data" not in file.parts) / 1e6
    console.rule(f"{given.name}: {lines:,} records, {megabytes:,.1f} MB in files")
    lake, parquet = work / f"lake-{logs.name}", work / f"parquet-{logs.name}"
    plain = _formats("plain", given.name, str(logs), str(parquet))
    ours = ingestion(logs, lake, given.source)
    runs = {"plain": plain, "tracklake": ours, "tracklake again": ours}
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
