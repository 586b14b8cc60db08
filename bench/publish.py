"""Measures what audits and releases cost: the same rows published by plain Delta writes, tracklake, and naive GX."""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from contenders import environment
from deltalake import DeltaTable
from measured import measure
from rich.console import Console
from rich.table import Table
from same_tables import differences, fingerprint
from workplace import workplace

from tracklake.config import load
from tracklake.lake.releases import Ledger
from tracklake.submit import Submission, command
from tracklake.tables import contract

BENCH = Path(__file__).parent
ABOUT = {
    "plain": "Delta writes with replaceWhere, no audit",
    "tracklake": "staged, audited, one release",
    "naive": "every expectation on its own, COMPLETE results, then the Delta writes",
}
BASELINE = "plain"
TABLES = ("event", "fact_stream")


@dataclass(frozen=True)
class Published:
    """Seconds of publishing, seconds of the whole process, and its peak memory in bytes."""

    seconds: float
    whole: float
    peak_bytes: int


def main(argv: Sequence[str]) -> int:
    """Runs all that is asked for; 1 if a contender failed or two of them differ."""
    asked = _arguments(argv)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    fine = True
    with workplace(asked.work) as work:
        for number in asked.rows:
            console.rule(f"{number:,} plays as event and as fact_stream, 5 days")
            prepared = work / f"rows-{number}"
            if not (prepared / "done").exists():
                console.print("Preparing the rows ...")
                _run(console, work, "prepare", str(prepared), str(number))
                (prepared / "done").touch()
            fine &= _race(console, work, prepared, asked.only)
    return 0 if fine else 1


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/publish", description=__doc__)
    sizes = [1_000_000, 10_000_000, 50_000_000]
    parser.add_argument("--rows", type=int, nargs="+", default=sizes, help="how many plays")
    parser.add_argument("--only", nargs="+", choices=ABOUT, default=[*ABOUT], metavar="CONTENDER")
    parser.add_argument(
        "--work", type=Path, help="where rows and tables stay (else a folder that is removed)"
    )
    return parser.parse_args(argv)


def _run(console: Console, work: Path, *arguments: str) -> Published:
    """One way of publishing in a process of its own; SystemExit if it fails."""
    noise = work / f"{arguments[0]}.log"
    quiet = {**environment(), "GX_ANALYTICS_ENABLED": "false"}
    line = command(Submission(BENCH / "publishers.py", arguments, (), load("local")))
    done = measure(line, quiet, work, noise)
    if done.code:
        console.print(f"{done.said}\n{noise.read_text(errors='replace')[-3_000:]}", markup=False)
        sys.exit(f"{arguments[0]} ended with code {done.code}.")
    told = json.loads(done.said.strip().splitlines()[-1])
    return Published(told["seconds"], done.seconds, done.peak_bytes)


def _race(console: Console, work: Path, prepared: Path, names: Sequence[str]) -> bool:
    """Runs the contenders on the same rows, one after the other; whether their tables are equal."""
    published: dict[str, Published] = {}
    outputs: dict[str, Path] = {}
    for name in names:
        outputs[name] = work / f"{name}-{prepared.name}"
        shutil.rmtree(outputs[name], ignore_errors=True)
        console.print(f"Running {name}: {ABOUT[name]} ...")
        published[name] = _run(console, work, name, str(prepared), str(outputs[name]))
    console.print(_summary(published))
    return _compare(console, outputs)


def _summary(published: Mapping[str, Published]) -> Table:
    table = Table("contender", title="Publishing event and fact_stream", title_justify="left")
    for column in ("seconds", f"ratio to {BASELINE}", "whole process, s", "peak memory, MB"):
        table.add_column(column, justify="right")
    for name, one in published.items():
        ratio = f"{one.seconds / published[BASELINE].seconds:.2f}" if BASELINE in published else ""
        table.add_row(name, f"{one.seconds:.1f}", ratio, f"{one.whole:.1f}", f"{one.peak_bytes / 1e6:,.0f}")
    return table


def _compare(console: Console, outputs: Mapping[str, Path]) -> bool:
    """Compares both tables of the first contender with the others'; whether all are equal."""
    first, *others = outputs
    equal = True
    with duckdb.connect() as con:
        for table in TABLES:
            prints = {
                name: fingerprint(
                    con.from_arrow(
                        DeltaTable(output / table, version=_version(output, table)).to_pyarrow_dataset()
                    ),
                    contract(table),
                )
                for name, output in outputs.items()
            }
            for other in others:
                if found := differences(prints[first], prints[other]):
                    equal = False
                    console.print(f"[red]{table} of {first} and {other} differ:[/red] {found}")
    if equal and others:
        console.print(f"[green]Both tables of {', '.join(outputs)} hold equal rows.[/green]")
    return equal


def _version(output: Path, table: str) -> int | None:
    """The version of a table that the newest release names; None (the newest) where there are no releases."""
    return Ledger(str(output / "_releases")).newest().tables.get(table)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
