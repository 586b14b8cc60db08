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
            _told(met[table]),
        ]
        for table in staged
    ]
    return ["table", "version", "rows in", "rows out", "suite"], rows


def _told(verdict: Verdict) -> str:
    """What a suite came to, in words."""
    warnings = len(verdict.of_severity("warning"))
    told = f"{verdict.met} of {verdict.expectations} met"
    return f"{told}, {warnings} warning{'s' if warnings > 1 else ''}" if warnings else told


def warnings(verdicts: Sequence[Verdict]) -> Rows:
    """Columns and rows of what was published although it is odd: one row per warning."""
    rows = [row for verdict in verdicts for row in _failures(verdict, "warning")]
    return ["table", "expectation", "column", "observed", "sample rows"], [row[:1] + row[2:] for row in rows]


def audits(verdicts: Sequence[Verdict]) -> Rows:
    """Columns and rows of what audits found: one row per expectation that failed, one per suite that passed."""
    rows: list[list[object]] = []
    for verdict in verdicts:
        if verdict.passed:
            rows.append([verdict.table, "", "passed", f"{verdict.expectations} expectations", "", ""])
        for severity in ("critical", "warning", "info"):
            rows += _failures(verdict, severity)
    return ["table", "severity", "expectation", "column", "observed", "sample rows"], rows


def _failures(verdict: Verdict, severity: str) -> list[list[object]]:
    return [
        [
            verdict.table,
            severity,
            failure.expectation,
            failure.column,
            failure.observed,
            "\n".join(str(row) for row in failure.sample),
        ]
        for failure in verdict.of_severity(severity)
    ]


def red(run_id: str, failed: Sequence[Verdict], docs: str) -> str:
    """The sentence that ends a run with failed suites: table, expectation, column, what was observed, a row."""
    found = []
    for verdict in failed:
        for failure in verdict.of_severity("critical"):
            where = f"{verdict.table}.{failure.column}" if failure.column else verdict.table
            sample = f" (for example {failure.sample[0]})" if failure.sample else ""
            found.append(f"{where}: {failure.expectation}, observed {failure.observed}{sample}")
    return f"Nothing of run {run_id} was published, for its audit failed: {'; '.join(found)}. See {docs}."
