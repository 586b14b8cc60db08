"""Runs ingest_events on what could take a driver down: 50,000 files, large .gz, a bomb, a line of 100 MB."""

import argparse
import base64
import gzip
import json
import random
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from contenders import environment, ingestion
from generated import logs_of
from measured import measure
from rich.console import Console
from rich.table import Table
from workplace import workplace

NOON_MS = 1_541_073_600_000  # 2018-11-01T12:00:00Z
_READ = re.compile(r"^[\d,]+ records read = .*$", re.MULTILINE)


def main(argv: Sequence[str]) -> int:
    """Runs all of them, each on a lake of its own; 1 if one ended with another code than 0."""
    asked = _arguments(argv)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    table = Table("input", title="ingest_events, whole processes", title_justify="left")
    for column in ("size, MB", "seconds", "peak memory, MB", "exit code"):
        table.add_column(column, justify="right")
    table.add_column("said")
    codes = []
    with workplace(asked.work) as work:
        for name in asked.only:
            logs, lake = work / name / "logs", work / name / "lake"
            shutil.rmtree(work / name, ignore_errors=True)
            (logs / "log_data").mkdir(parents=True)
            console.print(f"Making {name} ...")
            INPUTS[name](logs / "log_data", work, asked.events)
            megabytes = sum(file.stat().st_size for file in logs.rglob("*") if file.is_file()) / 1e6
            console.print(f"Reading {name} ...")
            done = measure(ingestion(logs, lake), environment(), work, work / f"{name}.log")
            codes.append(done.code)
            said = _READ.search(done.said)
            figures = (
                f"{megabytes:,.1f}",
                f"{done.seconds:.1f}",
                f"{done.peak_bytes / 1e6:,.0f}",
                str(done.code),
            )
            table.add_row(name, *figures, said[0] if said else done.said.strip().rpartition("\n")[2])
    console.print(table)
    return 1 if any(codes) else 0


def _record(number: int, **fields: str) -> str:
    known = {
        "ts": NOON_MS + number,
        "userId": str(number % 997),
        "sessionId": 1,
        "itemInSession": number,
        "page": "Home",
    }
    return json.dumps(known | fields)


def _many_files(folder: Path, _work: Path, _events: int) -> None:
    """50,000 files of one record each."""
    for number in range(50_000):
        hour = folder / "2018-11-01" / f"{number % 24:02}"
        hour.mkdir(parents=True, exist_ok=True)
        (hour / f"part-{number}.json").write_text(_record(number) + "\n", encoding="utf-8")


def _one_gz(folder: Path, work: Path, events: int) -> None:
    """All generated logs in one .gz, which one task has to read from its start to its end."""
    logs = logs_of(events, 1.0, work)
    with (folder / "all.json.gz").open("wb") as whole:
        for file in sorted((logs / "log_data").rglob("*.gz")):
            with file.open("rb") as part:
                shutil.copyfileobj(part, whole)


def _large_gz(folder: Path, _work: Path, _events: int) -> None:
    """A .gz of 5 GB: a million records, each with a field of 6.7 KB that hardly compresses."""
    noise = random.Random(5)
    with gzip.open(folder / "2018-11-01.json.gz", "wb", compresslevel=1) as large:
        for number in range(1_000_000):
            payload = base64.b64encode(noise.randbytes(5_000)).decode()
            large.write(_record(number, payload=payload).encode() + b"\n")


def _bomb(folder: Path, _work: Path, _events: int) -> None:
    """A .gz of 5 MB that unpacks to 5 GB of blank lines, and one record."""
    blank = (" " * 99_999 + "\n").encode() * 10
    with gzip.open(folder / "2018-11-01.json.gz", "wb", compresslevel=6) as bomb:
        for _ in range(5_000):
            bomb.write(blank)
        bomb.write(_record(0).encode())


def _long_line(folder: Path, _work: Path, _events: int) -> None:
    """A line of 100 MB between two records."""
    line = json.dumps({"page": "Home", "noise": "x" * 100_000_000})
    (folder / "2018-11-01.json").write_text("\n".join((_record(0), line, _record(1))), encoding="utf-8")


INPUTS: dict[str, Callable[[Path, Path, int], None]] = {
    "many-files": _many_files,
    "one-gz": _one_gz,
    "large-gz": _large_gz,
    "bomb": _bomb,
    "long-line": _long_line,
}


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/extremes", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=INPUTS, default=[*INPUTS], metavar="INPUT")
    parser.add_argument("--events", type=int, default=4_000_000, help="about how many stand in the one .gz")
    parser.add_argument("--work", type=Path, help="where logs and lakes stay (else a folder that is removed)")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
