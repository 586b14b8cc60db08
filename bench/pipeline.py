"""Measures run_pipeline without the marts beside plain PySpark and DuckDB on the same logs; compares the tables."""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
from contenders import CONTENDERS, environment
from generated import logs_of
from measured import Measured, measure
from rich.console import Console
from rich.table import Table
from same_tables import COMPARED, differences, fingerprint
from steps import steps
from workplace import workplace

from tracklake.tables import CONTRACTS

BASELINE = "plain"


def main(argv: Sequence[str]) -> int:
    """Runs all that is asked for; 1 if a contender failed or two of them differ."""
    asked = _arguments(argv)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    fine = True
    with workplace(asked.work) as work:
        folders = [asked.logs.absolute()] if asked.logs else []
        for events in [] if folders else asked.events:
            folders.append(logs_of(events, asked.dirt, work))
        for logs in folders:
            fine &= _race(console, logs, work, asked.only)
    return 0 if fine else 1


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/pipeline", description=__doc__)
    parser.add_argument(
        "--events", type=int, nargs="+", default=[1_000_000, 4_000_000], help="about how many"
    )
    parser.add_argument(
        "--dirt", type=float, default=1.0, help="how much known dirt the logs hold (1: usual)"
    )
    parser.add_argument("--logs", type=Path, help="these sparkify logs instead of generated ones")
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=[*CONTENDERS], metavar="CONTENDER")
    parser.add_argument(
        "--work", type=Path, help="where logs and tables stay (else a folder that is removed)"
    )
    return parser.parse_args(argv)


def _race(console: Console, logs: Path, work: Path, names: Sequence[str]) -> bool:
    """Runs the contenders on one folder of logs, one after the other; whether all ended well and alike."""
    console.rule(_about(logs))
    outputs: dict[str, Path] = {}
    measured: dict[str, Measured] = {}
    for name in names:
        output, noise = work / f"{name}-{logs.name}", work / f"{name}-{logs.name}.log"
        shutil.rmtree(output, ignore_errors=True)
        console.print(f"Running {name}: {CONTENDERS[name].about} ...")
        done = measure(CONTENDERS[name].command(logs, output), environment(), work, noise)
        if done.code:
            console.print(f"{done.said}\n{noise.read_text(errors='replace')[-3_000:]}", markup=False)
            console.print(f"[red]{name} ended with code {done.code}.[/red]")
            return False
        outputs[name], measured[name] = output, done
    console.print(_summary(measured))
    for name in measured:
        console.print(_steps(name, measured[name].said))
    return _compare(console, outputs)


def _about(logs: Path) -> str:
    manifest = logs / "manifest.json"
    if not manifest.exists():
        return str(logs)
    counts = json.loads(manifest.read_text(encoding="utf-8"))
    return f"{counts['events']:,} events in {counts['lines']:,} lines, {counts['users']:,} listeners"


def _summary(measured: Mapping[str, Measured]) -> Table:
    table = Table("contender", title="Wall time and memory", title_justify="left")
    for column in ("seconds", f"ratio to {BASELINE}", "peak memory, MB"):
        table.add_column(column, justify="right")
    for name, run in measured.items():
        ratio = f"{run.seconds / measured[BASELINE].seconds:.2f}" if BASELINE in measured else ""
        table.add_row(name, f"{run.seconds:.1f}", ratio, f"{run.peak_bytes / 1e6:,.0f}")
    return table


def _steps(name: str, said: str) -> Table:
    table = Table("step", title=f"Steps of {name}", title_justify="left")
    table.add_column("rows", justify="right")
    table.add_column("seconds", justify="right")
    for step in steps(said):
        table.add_row(step.title, step.rows, f"{step.seconds:.1f}")
    return table


def _compare(console: Console, outputs: Mapping[str, Path]) -> bool:
    """Compares every table of the first contender with the others'; whether all are equal."""
    first, *others = outputs
    equal = True
    with duckdb.connect() as con:
        for name in COMPARED:
            contract = CONTRACTS[name]
            prints = {
                contender: fingerprint(CONTENDERS[contender].table(con, output, name), contract)
                for contender, output in outputs.items()
            }
            for other in others:
                found = differences(prints[first], prints[other])
                if found:
                    equal = False
                    console.print(f"[red]{name} of {first} and {other} differ:[/red] {found}")
    if equal and others:
        console.print(f"[green]All {len(COMPARED)} tables of {', '.join(outputs)} hold equal rows.[/green]")
    return equal


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
