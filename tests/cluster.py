"""A Spark standalone cluster on loopback, as real ones are: its machines have Spark and Python, no packages."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tracklake.jars import spark_home

LITTLE = "-XX:+UseSerialGC -XX:ReservedCodeCacheSize=400m"
"""For a JVM that shares two cores with others."""

QUICK = f"-XX:TieredStopAtLevel=1 {LITTLE}"
"""For a JVM that lives for seconds: it has no time to optimise."""

_SECONDS_TO_START = 60
_SECONDS_TO_RUN = 900  # a machine that tests keep busy is slow
_SECONDS_TO_END = 15


@dataclass(frozen=True)
class Cluster:
    """A running cluster: its address, the folder of its executors, and the environment of its machines."""

    master: str
    executors: Path
    environment: dict[str, str]

    def submit(self, command: Sequence[str | Path], log: Path) -> int:
        """Runs a command that submits to the cluster; its output goes to ``log``. Nothing of it stays."""
        environment = {**self.environment, "PYSPARK_DRIVER_PYTHON": sys.executable}
        with _running(command, environment, log) as process:
            return process.wait(_SECONDS_TO_RUN)


@contextmanager
def standalone_cluster(folder: Path) -> Iterator[Cluster]:
    """A master and a worker with room for two executors of 1 GB; all that they write is below ``folder``."""
    environment = _environment(_python_without_packages(folder))
    spark_class = spark_home() / "bin" / "spark-class"
    here = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
    executors = folder / "executors"
    room = ("--cores", "2", "--memory", "2g", "--work-dir", executors)
    with ExitStack() as stack:

        def start(name: str, arguments: Sequence[str | Path], until: str) -> str:
            log = folder / f"{name}.log"
            command = (spark_class, f"org.apache.spark.deploy.{name.lower()}.{name}", *arguments)
            return _said(until, log, stack.enter_context(_running(command, environment, log)))

        master = start("Master", here, r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
        start("Worker", (*here, *room, master), r"Successfully registered with (master)")
        yield Cluster(master, executors, environment)


def _python_without_packages(folder: Path) -> Path:
    """This Python without its site-packages, hence without the .pth file that leads to the checkout."""
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    python.chmod(0o755)
    return python


def _environment(python: Path) -> dict[str, str]:
    """What a machine of the cluster has: no word of the checkout, nor of the Spark that runs the tests."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYSPARK", "SPARK", "VIRTUAL_ENV"))
    }
    return {
        **kept,
        "SPARK_HOME": str(spark_home()),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "256m",
        "SPARK_DAEMON_JAVA_OPTS": QUICK,
        "PYSPARK_PYTHON": str(python),
    }


@contextmanager
def _running(
    command: Sequence[str | Path], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """The command as a process group of its own, which ends with the context, come what may."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _said(pattern: str, log: Path, process: subprocess.Popen[bytes]) -> str:
    """What the process says in its log, as soon as it does."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        said = re.search(pattern, log.read_text(errors="replace"))
        if said:
            return said[1]
        time.sleep(0.1)
    raise AssertionError(f"{log} does not say {pattern!r}:\n{log.read_text(errors='replace')[-2000:]}")
