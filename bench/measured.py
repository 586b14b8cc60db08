"""A command in a process of its own: how long it takes, and how much memory its whole tree holds at most."""

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLED_EVERY = 0.2  # seconds


@dataclass(frozen=True)
class Measured:
    """What a command said (its standard output), its exit code, wall seconds, and peak bytes of memory.

    Memory is the sum of the resident sets of the process and all below it, sampled every SAMPLED_EVERY
    seconds; a page that two processes share counts twice.
    """

    said: str
    code: int
    seconds: float
    peak_bytes: int


def measure(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    noise: Path,
    uncounted: str | None = None,
) -> Measured:
    """Runs the command in ``folder``; what it writes to standard error goes to the file ``noise``.

    Memory of processes with the word ``uncounted`` in their command lines is not counted.
    """
    with noise.open("wb") as errors:
        started = time.monotonic()
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        ended = threading.Event()
        peak = [0]
        sampler = threading.Thread(target=_sample, args=(process.pid, ended, peak, uncounted), daemon=True)
        sampler.start()
        try:
            said, _ = process.communicate()
        except BaseException:
            process.terminate()  # the launcher hands it on to what it has started
            raise
        finally:
            ended.set()
        seconds = time.monotonic() - started
        sampler.join()
    return Measured(said, process.returncode, seconds, peak[0])


def _sample(pid: int, ended: threading.Event, peak: list[int], uncounted: str | None) -> None:
    known: set[psutil.Process] = set()
    while not ended.wait(SAMPLED_EVERY):
        tree = {process for process in _tree(pid) if not _names(process, uncounted)}
        # A process just forked still shows its parent's memory as its own: it counts from the second sample.
        peak[0] = max(peak[0], sum(_resident(process) for process in tree & known))
        known = tree


def _tree(pid: int) -> set[psutil.Process]:
    """A process and all below it; none if it has ended."""
    try:
        root = psutil.Process(pid)
        return {root, *root.children(recursive=True)}
    except psutil.NoSuchProcess:
        return set()


def _names(process: psutil.Process, word: str | None) -> bool:
    """Whether the process's command line has the word; not if the process has ended."""
    try:
        return word is not None and any(word in argument for argument in process.cmdline())
    except psutil.NoSuchProcess:
        return False


def _resident(process: psutil.Process) -> int:
    """Bytes that a process holds now; 0 if it has ended."""
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
