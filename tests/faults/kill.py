"""One kill: a job is started on a copy of a lake with history, killed, looked at, run again, and compared."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.conftest import ROOT, SMALL_LOGS
from tests.faults import reader
from tests.faults.lakes import RANGE, Lakes

LONGEST = 600
"""Seconds after which a job that should have ended counts as hanging."""


@dataclass(frozen=True)
class Kill:
    """When a job is killed: ``delay`` seconds after its n-th step has ended, or before the n-th write of publishing.

    A job of a ``red`` kill has a suite that fails at its end, so that nothing it stages may ever be seen.
    """

    after_step: int = -1
    delay: float = 0.0
    before_write: int = -1
    red: bool = False

    def __str__(self) -> str:
        when = (
            f"before write {self.before_write} of publishing"
            if self.before_write >= 0
            else f"{self.delay:.1f} s after step {self.after_step}"
        )
        return f"{when}, with a suite that fails" if self.red else when


@dataclass
class Outcome:
    """What one kill came to: ``wrong`` says what should not have been, and is empty if all was well."""

    kill: Kill
    died: bool = False
    last_step: str = ""
    looks: int = 0
    versions: int = 0
    wrong: list[str] = field(default_factory=list)


def plan(kills: int, seed: int, steps: Sequence[tuple[str, float]], writes: int) -> list[Kill]:
    """That many kills: every step's end and every write of publishing as far as they reach, and random moments.

    Of ten kills four come before a write, three at the end of a step, two in the middle of one, and one hits a job
    with a suite that fails.
    """
    chance = random.Random(seed)
    ends = _endless(chance, range(len(steps)))
    before = _endless(chance, range(writes))
    made = []
    for n in range(kills):
        step = chance.randrange(len(steps) - 1)
        delay = chance.random() * steps[step + 1][1]
        match n % 10:
            case 0 | 3 | 5 | 8:
                made.append(Kill(before_write=next(before)))
            case 1 | 4 | 7:
                made.append(Kill(after_step=next(ends)))
            case 2 | 6:
                made.append(Kill(after_step=step, delay=delay))
            case _:
                made.append(Kill(after_step=step, delay=delay, red=True))
    return made


def inflict(kill: Kill, lakes: Lakes, lake: Path) -> Outcome:
    """Kills one job on a copy of the history at ``lake``, runs it again, and says what was wrong, if anything."""
    outcome = Outcome(kill)
    shutil.copytree(lakes.history, lake)
    with _reading(lake) as seen:
        outcome.died, outcome.last_step = _killed(kill, lakes, lake)
        left = reader.releases(lake)
        lakes.run_again(lake)
    outcome.looks, outcome.versions = seen["looks"], sum(len(one) for one in seen["seen"].values())
    outcome.wrong += _wrong(lakes, lake, seen, left, kill)
    return outcome


def started(
    job: ModuleType, lake: Path, *flags: str, before_write: int = -1, suites: Path | None = None
) -> subprocess.Popen[str]:
    """The job on the small logs, started in a process group of its own; what it says comes line by line."""
    command = [
        sys.executable,
        "-m",
        "tests.faults.victim",
        job.__name__,
        str(before_write),
        str(suites or ""),
    ]
    logs = ("--source", "sparkify", "--input", str(SMALL_LOGS))
    return subprocess.Popen(
        [*command, "--lake", str(lake), *logs, *flags],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONPATH": f"{ROOT / 'lib'}:{ROOT}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def _killed(kill: Kill, lakes: Lakes, lake: Path) -> tuple[bool, str]:
    """Whether the job died of the kill, and the last step that it said it had ended."""
    suites = lakes.suites_that_fail if kill.red else None
    start, end = (str(day) for day in RANGE)
    dates = ("--start", start, "--end", end)
    job = started(lakes.job, lake, *dates, before_write=kill.before_write, suites=suites)
    assert job.stdout
    steps, said = [], []
    try:
        for line in job.stdout:
            said.append(line)
            if line.startswith("✓"):
                steps.append(line[2:46].strip())
                if kill.before_write < 0 and len(steps) == kill.after_step + 1:
                    time.sleep(kill.delay)
                    break
    finally:
        if kill.before_write < 0 or job.poll() is None:
            kill_group(job)
    code = job.wait(LONGEST)
    fine = (-signal.SIGKILL, 0, 3 if kill.red else 0)
    assert code in fine, f"the job ended by itself with code {code}: {''.join(said[-5:])}"
    return code == -signal.SIGKILL, steps[-1] if steps else ""


def kill_group(job: subprocess.Popen[str]) -> None:
    """Kills a job and all that it started, if it is still there."""
    try:
        os.killpg(job.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def _reading(lake: Path) -> Iterator[dict[str, Any]]:
    """A reader of the lake while the block lasts; afterwards, what it saw."""
    looking = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.reader", str(lake)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert looking.stdout
    assert looking.stdout.readline() == "looking\n"
    seen: dict[str, Any] = {}
    try:
        yield seen
    finally:
        said, _ = looking.communicate("enough\n", LONGEST)
        assert looking.returncode == 0, "the reader could not read"
        seen |= json.loads(said)


def _wrong(
    lakes: Lakes, lake: Path, seen: dict[str, Any], left: dict[int, dict[str, int]], kill: Kill
) -> Iterator[str]:
    """Everything that should not have been."""
    before, after = digests(lakes.history), digests(lakes.undisturbed)
    nothing = _first_digests(lakes.undisturbed)
    for table, versions in seen["seen"].items():
        fine = {before.get(table), after[table], nothing[table]}
        for version, digest in versions.items():
            if digest not in fine:
                yield f"{table} version {version} held rows that are in no release"
    for number, tables in seen["releases"].items():
        found = {table: seen["seen"][table][str(version)] for table, version in tables.items()}
        if found not in (before, after):
            yield f"release {number} was no whole one"
    if kill.red and len(left) > len(reader.releases(lakes.history)):
        yield "a run whose audit fails made a release"
    if digests(lake) != after:
        yield "the re-run did not give the tables of an undisturbed run"
    tied = reader.releases(lake)
    if len(tied) != len(reader.releases(lakes.undisturbed)):
        yield f"there are {len(tied)} releases"
    heads = {table.name: reader.newest(table) for table in reader.tables(lake)}
    if heads != tied[max(tied)]:
        yield f"the tables are at {heads}, the newest release says {tied[max(tied)]}"


def digests(lake: Path) -> dict[str, str]:
    """The rows of the newest release."""
    tied = reader.releases(lake)
    return {table: reader.digest(lake / table, version) for table, version in tied[max(tied)].items()}


def _first_digests(lake: Path) -> dict[str, str]:
    """The tables as they are created: without rows."""
    return {table.name: reader.digest(table, 0) for table in reader.tables(lake)}


def _endless(chance: random.Random, of: range) -> Iterator[int]:
    """All of them in a random order, then all in another, and so on."""
    while True:
        yield from chance.sample(of, len(of))
