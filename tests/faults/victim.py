"""A job in a process of its own, as spark-submit would start it, on small data; it may kill its whole group.

    python -m tests.faults.victim JOB BEFORE_WRITE SUITES JOB'S FLAGS...

JOB is the job's module; BEFORE_WRITE is the write of publishing before which it dies, or -1; SUITES a folder of
suites, or "".
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.by_hand import before_each_write
from tests.cluster import QUICK
from tests.conftest import for_small_data
from tracklake import cli, resources
from tracklake.config import load
from tracklake.session import spark_session


def main(job: str, before_write: int, suites: str, args: Sequence[str]) -> int:
    """Runs the job with these flags and returns its exit code, if it lives so long."""
    left = iter(range(before_write))

    def die(_write: str) -> None:
        if next(left, None) is None:
            os.killpg(os.getpgid(0), signal.SIGKILL)

    if before_write >= 0:
        before_each_write(die)
    if suites:
        resources.suites = lambda: Path(suites)
    conf = for_small_data(
        load("local"), {"spark.driver.extraJavaOptions": QUICK, "spark.driver.memory": "1g"}
    )
    spark_session(conf, "tracklake victim").sparkContext.setLogLevel("OFF")
    return cli.run_job(importlib.import_module(job).main, args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
