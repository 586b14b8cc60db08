"""The lakes that kills are measured against: a history, and what an undisturbed run makes of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path
from types import ModuleType

from pyspark.sql import SparkSession
from rich.console import Console

from bench.steps import steps
from tests.by_hand import before_each_write
from tests.conftest import SMALL_LOGS, for_small_data
from tracklake import resources
from tracklake.config import load
from tracklake.progress import Steps
from tracklake.run import Run
from tracklake.tables import CONTRACTS

HISTORY = (date(2018, 12, 28), date(2018, 12, 29))
RANGE = (date(2018, 12, 30), date(2018, 12, 31))
"""What the killed jobs read; the last day of the small logs is left out."""

_STARTED = ("Starting Spark", 0.0)


@dataclass(frozen=True)
class Lakes:
    """A lake with history, what an undisturbed run makes of it, and how to run again in this process.

    ``job`` made both of them. ``steps`` are the steps of the undisturbed run with the seconds that each took, none for
    the start of Spark; ``writes`` is how often it wrote while it published. ``suites_that_fail`` is a folder of suites
    of which the last to run fails.
    """

    job: ModuleType
    history: Path
    undisturbed: Path
    suites_that_fail: Path
    run_again: Callable[[Path], str]
    steps: list[tuple[str, float]]
    writes: int


def lakes_of(spark: SparkSession, folder: Path, job: ModuleType) -> Lakes:
    """Makes the lakes below ``folder`` by two runs of the job."""
    history, undisturbed = folder / "history", folder / "undisturbed"
    run(spark, job, history, *HISTORY)
    shutil.copytree(history, undisturbed)
    writes: list[str] = []
    kept = []

    def patch(owner: type, name: str, replacement: object) -> None:
        kept.append((owner, name, getattr(owner, name)))
        setattr(owner, name, replacement)

    before_each_write(writes.append, patch)
    said = run(spark, job, undisturbed, *RANGE)
    for owner, name, original in kept:
        setattr(owner, name, original)
    return Lakes(
        job,
        history,
        undisturbed,
        _suites_that_fail(folder / "expectations"),
        lambda lake: run(spark, job, lake, *RANGE),
        [_STARTED, *[(step.title, step.seconds) for step in steps(said)]],
        len(writes),
    )


def run(spark: SparkSession, job: ModuleType, lake: Path, start: date, end: date) -> str:
    """Runs the job on the small logs in this process; returns what it said."""
    said = StringIO()
    with Run(
        spark,
        for_small_data(load("local")),
        Steps(Console(file=said, width=160)),
        job=job.__name__.rpartition(".")[2],
        lake=str(lake),
        source="sparkify",
        input=str(SMALL_LOGS),
        start=start,
        end=end,
    ) as this:
        job.main(this)
        this.finish()
    return said.getvalue()


def _suites_that_fail(folder: Path) -> Path:
    folder.mkdir()
    for table in CONTRACTS:
        suite = json.loads((resources.suites() / f"{table}.json").read_text())
        if table == "audit_result":
            rule = {"column": "status", "value_set": ["as it never is"]}
            suite["expectations"].append(
                {
                    "type": "expect_column_values_to_be_in_set",
                    "kwargs": rule,
                    "meta": {},
                    "severity": "critical",
                }
            )
        (folder / f"{table}.json").write_text(json.dumps(suite))
    return folder
