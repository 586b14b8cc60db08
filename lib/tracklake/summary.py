"""What a run says at its end: tables for the terminal, one sentence for a failure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tracklake.lake import Release
from tracklake.lake.publish import Staged
from tracklake.quality import Verdict

Rows = tuple[list[str], list[list[object]]]


def published(release: Release, staged: Mapping[str, Staged], verdicts: Sequence[Verdict]) -> Rows:
    """Columns and rows of what a release changed: one row per table that the run staged."""
    met = {verdict.table: verdict for verdict in verdicts}
    rows: list[list[object]] = [
        [
            table,
            release.tables[table],
            release.rows_added[table],
            release.rows_removed[table],
            f"{met[table].expectations} of {met[table].expectations} met",
        ]
        for table in staged
    ]
    return ["table", "version", "rows in", "rows out", "suite"], rows


def audits(verdicts: Sequence[Verdict]) -> Rows:
    """Columns and rows of what audits found: one row per expectation that failed, one per suite that passed."""
    rows: list[list[object]] = []
    for verdict in verdicts:
        if verdict.passed:
            rows.append([verdict.table, "passed", f"{verdict.expectations} expectations", "", ""])
        for failure in verdict.failures:
            sample = "\n".join(str(row) for row in failure.sample)
            rows.append([verdict.table, failure.expectation, failure.column or "", failure.observed, sample])
    return ["table", "expectation", "column", "observed", "sample rows"], rows


def red(run_id: str, failed: Sequence[Verdict], docs: str) -> str:
    """The sentence that ends a run with failed suites: table, expectation, column, what was observed, a row."""
    found = []
    for verdict in failed:
        for failure in verdict.failures:
            where = f"{verdict.table}.{failure.column}" if failure.column else verdict.table
            sample = f" (for example {failure.sample[0]})" if failure.sample else ""
            found.append(f"{where}: {failure.expectation}, observed {failure.observed}{sample}")
    return f"Nothing of run {run_id} was published, for its audit failed: {'; '.join(found)}. See {docs}."
