"""The audits of a run: each staged table's suite, run beside the staging of the tables that follow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from functools import cache

from pyspark.sql import DataFrame, SparkSession

from tracklake.metrics import METRICS, Measurements, measure
from tracklake.quality import Auditor, Verdict
from tracklake.suite_files import load_suite


class Audits:
    """One audit after the other in a thread of its own; Great Expectations is loaded there, too (6 s).

    In a second thread the slices are measured, so that the cores have work while the other plans a query.
    """

    def __init__(self, spark: SparkSession, docs: str, run_id: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="audit")
        self._measuring = ThreadPoolExecutor(max_workers=1, thread_name_prefix="measure")
        self._auditor = cache(lambda: Auditor(spark, docs, run_id))
        self._warm: Future[Auditor] | None = None
        self._verdicts: list[Future[Verdict]] = []
        self._measured: list[Future[Measurements]] = []

    def warm_up(self) -> None:
        """Loads Great Expectations while the run is still reading."""
        if not self._warm:
            self._warm = self._thread.submit(self._auditor)

    def start(
        self,
        table: str,
        staged: DataFrame,
        against: Mapping[str, DataFrame],
        *,
        in_one_task: bool,
        without_nulls: Collection[str],
    ) -> None:
        """Starts the audit of what is staged for a table, as ``Auditor.audit``. Raises WrongUsage at once if it has
        no suite, and what an audit raised that has ended meanwhile."""
        load_suite(table)
        for verdict in self._verdicts:
            if verdict.done():
                verdict.result()

        def audit() -> Verdict:
            return self._auditor().audit(
                table, staged, against, in_one_task=in_one_task, without_nulls=without_nulls
            )

        self._verdicts.append(self._thread.submit(audit))

    def start_measuring(self, table: str, staged: DataFrame | None, dates: Collection[date]) -> None:
        """Measures these slices of the staged rows, if there is anything to measure of the table.

        ``staged`` is None where there are none, and were none before.
        """
        if table in METRICS:
            self._measured.append(self._measuring.submit(measure, table, staged, dates))

    def measured(self) -> list[Measurements]:
        """What was measured, in the order of the tables, once all of it is."""
        return [slices.result() for slices in self._measured]

    def verdicts(self) -> list[Verdict]:
        """Every verdict, in the order of the audits, once all have ended."""
        return [verdict.result() for verdict in self._verdicts]

    def docs(self) -> str:
        """Writes the Data Docs of the audits; returns where they are."""
        return self._auditor().build_docs()

    def stop(self) -> None:
        """Ends the threads; audits that have not begun are dropped."""
        for thread in (self._thread, self._measuring):
            thread.shutdown(cancel_futures=True)
