"""Measures the marts by the library's transforms on Spark beside the same marts by DuckDB SQL, from the same facts."""

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
from contenders import environment
from measured import Measured, measure
from rich.console import Console
from rich.table import Table
from workplace import workplace

from tests.oracle import MARTS
from tracklake.config import load
from tracklake.submit import Submission, command

BENCH = Path(__file__).parent
CONTENDERS = ("spark", "duckdb")
PARTS = {
    "performance": {
        "fact_track_day": ("listeners", "plays"),
        "fact_artist_day": ("listeners", "plays"),
        "fact_audience": ("listeners",),
        "mart_track_performance": ("listeners", "plays"),
        "mart_artist": ("listeners", "plays"),
        "mart_artist_audience": ("listeners",),
    },
    "satisfaction": {
        "session_satisfaction": ("plays", "satisfaction"),
        "mart_user_satisfaction": ("sessions", "plays", "satisfaction"),
    },
    "interplay": {"mart_interplay": ("compared_listeners", "effect", "shrunk_effect")},
}
"""The tables of each part that are compared, and by the sums of which columns."""

STEPS = {
    "performance": ("fact_track_day", "fact_artist_day", *MARTS),
    "satisfaction": ("session_behaviour", "session_satisfaction", "mart_user_satisfaction"),
    "interplay": ("mart_interplay",),
}
"""The oracle's steps to the tables of each part; no part needs another."""

EXACT_ONLY = "listeners IS NULL OR listeners < 4096"
"""Above that the library's number of listeners is an estimate, and rows may differ."""

PLAYS_A_PARTITION = 3_000_000
"""Spark shuffles into one partition for each of so many plays, where these are more than conf/local.toml's 4."""

OF_SKETCHES = {"mart_artist_audience": "kind IN ('cohort', 'also_plays')"}
"""Rows that are told from the sketches of several audiences: estimates where any of these is one."""


def main(argv: Sequence[str]) -> int:
    """Runs both on each number of plays; 1 if one fails or their marts differ."""
    asked = _arguments(argv)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
    runs: dict[int, Mapping[str, Measured]] = {}
    with workplace(asked.work) as work:
        for plays in sorted(asked.plays):
            facts = work / f"facts-{plays}"
            if not (facts / "dim_user.parquet").exists():
                shutil.rmtree(facts, ignore_errors=True)
                console.print(f"Making {plays:,} plays ...")
                if not _run(console, work, _duckdb("facts", str(plays), facts), f"facts-{plays}"):
                    return 1
            runs[plays] = {}
            for name in asked.only:
                output = work / f"{name}-{plays}"
                shutil.rmtree(output, ignore_errors=True)
                console.print(f"Running {name} on {plays:,} plays ...")
                if name == "spark":
                    line = _spark(plays, facts, output, *asked.parts)
                else:
                    steps = [step for part in asked.parts for step in STEPS[part]]
                    line = _duckdb("marts", str(facts), output, *steps)
                done = _run(console, work, line, output.name)
                if not done:
                    return 1
                runs[plays] = {**runs[plays], name: done}
        console.print(_summary(runs))
        tables = {table: columns for part in asked.parts for table, columns in PARTS[part].items()}
        same = [_same(console, work, plays, tables) for plays in runs] if len(asked.only) > 1 else []
    return 0 if all(same) else 1


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/marts", description=__doc__)
    parser.add_argument("--plays", type=int, nargs="+", default=[1_000_000, 10_000_000, 50_000_000])
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=CONTENDERS)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="which marts")
    parser.add_argument(
        "--work", type=Path, help="where facts and marts stay (else a folder that is removed)"
    )
    return parser.parse_args(argv)


def _spark(plays: int, facts: Path, output: Path, *parts: str) -> list[str]:
    partitions = max(4, plays // PLAYS_A_PARTITION)
    conf = ("--conf", f"spark.sql.shuffle.partitions={partitions}")
    return command(
        Submission(BENCH / "marts_spark.py", (str(facts), str(output), *parts), conf, load("local"))
    )


def _duckdb(what: str, given: str, output: Path, *steps: str) -> list[str]:
    return [sys.executable, str(BENCH / "marts_duckdb.py"), what, given, str(output), *steps]


def _run(console: Console, work: Path, line: list[str], name: str) -> Measured | None:
    noise = work / f"{name}.log"
    done = measure(line, environment(), work, noise)
    if done.code:
        console.print(f"{done.said}\n{noise.read_text(errors='replace')[-3_000:]}", markup=False)
        console.print(f"[red]{name} ended with code {done.code}.[/red]")
        return None
    console.print(done.said.strip(), markup=False)
    return done


def _summary(runs: Mapping[int, Mapping[str, Measured]]) -> Table:
    table = Table("plays", title="Wall time, memory and growth", title_justify="left")
    for column in ("spark s", "MB", "growth", "duckdb s", "MB", "growth", "spark / duckdb"):
        table.add_column(column, justify="right")
    first = runs[min(runs)]
    for plays, measured in runs.items():
        cells = []
        for name in ("spark", "duckdb"):
            run = measured.get(name)
            grown = f"x {run.seconds / first[name].seconds:.1f}" if run else ""
            cells += [f"{run.seconds:.1f}", f"{run.peak_bytes / 1e6:,.0f}", grown] if run else ["", "", ""]
        both = {"spark", "duckdb"} <= set(measured)
        ratio = f"{measured['spark'].seconds / measured['duckdb'].seconds:.1f}" if both else ""
        table.add_row(f"{plays:,}", *cells, ratio)
    return table


def _same(console: Console, work: Path, plays: int, tables: Mapping[str, Sequence[str]]) -> bool:
    """Whether the tables of both have the same rows: their number, and sums of what is exact in both."""
    same = True
    with duckdb.connect() as con:
        all_exact = True
        if "fact_audience" in tables:
            audiences = con.from_parquet(f"{work}/duckdb-{plays}/fact_audience.parquet")
            all_exact = not audiences.filter(f"NOT ({EXACT_ONLY})").limit(1).fetchall()
        for table, columns in tables.items():
            prints = {
                "spark": con.from_parquet(f"{work}/spark-{plays}/{table}/*.parquet"),
                "duckdb": con.from_parquet(f"{work}/duckdb-{plays}/{table}.parquet"),
            }
            sums = ", ".join(f"count({column}), round(sum({column}), 3)" for column in columns)
            found = {
                name: rows.filter(EXACT_ONLY if "listeners" in columns else "true")
                .filter("true" if all_exact else f"NOT ({OF_SKETCHES.get(table, 'false')})")
                .aggregate(f"count(*), {sums}")
                .fetchall()
                for name, rows in prints.items()
            }
            if found["spark"] != found["duckdb"]:
                same = False
                console.print(f"[red]{table} differs:[/red] {found}")
    if same:
        console.print(f"[green]{plays:,} plays: both have the same rows.[/green]")
    return same


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
