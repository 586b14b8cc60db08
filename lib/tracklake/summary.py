"""What a run says at its end: tables for the terminal, one sentence for a failure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from tracklake.lake import Lake, Release
from tracklake.lake.cleaning import Cleaned
from tracklake.lake.delta import Commit
from tracklake.lake.publish import Staged
from tracklake.places import literal
from tracklake.quality import Failure, Verdict, in_words
from tracklake.runs import CRITICAL, RedRun

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
    rows: list[list[object]] = [
        [verdict.table, _expected(failure), failure.observed, "\n".join(map(_without_keys, failure.sample))]
        for verdict in verdicts
        for failure in verdict.of_severity("warning")
    ]
    return ["table", "expectation", "observed", "sample rows"], rows


def _expected(failure: Failure) -> str:
    """What was expected, and of which column where that is not said."""
    is_type = failure.expectation.startswith("expect_")
    return f"{failure.expectation}: {failure.column}" if is_type else failure.expectation


def _without_keys(row: Mapping[str, Any]) -> str:
    """A sample row in words, without hashes where it has anything else to be known by."""
    told = {name: value for name, value in row.items() if not name.endswith("_key")}
    return in_words(told or row)


def releases(listed: Sequence[Release]) -> Rows:
    """Columns and rows of releases, one each: when, made by what, and which rows of which tables came and went."""
    rows: list[list[object]] = [
        [
            str(one.release),
            f"{one.released_at:%Y-%m-%d %H:%M:%S}",
            f"{one.job}, tracklake {one.code_version}\n{one.run_id}",
            "\n".join(_changed(one)) or "nothing",
            _audited(one),
        ]
        for one in listed
    ]
    return ["release", "at (UTC)", "by job and run", "rows in and out", "suites"], rows


def _changed(release: Release) -> list[str]:
    come, gone = release.rows_added, release.rows_removed
    return [
        f"{table} +{come.get(table, 0):,} -{gone.get(table, 0):,}"
        for table in {**come, **gone}
        if come.get(table) or gone.get(table)
    ]


def _audited(release: Release) -> str:
    said = (
        [f"{len(release.suites)} suites, {sum(release.suites.values()):,} expectations met"]
        if release.suites
        else []
    )
    if release.rolled_back_to:
        said.append(f"release {release.rolled_back_to} brought back")
    if release.accepted:
        accepted = "; ".join(release.accepted["expectations"])
        said.append(f"{release.accepted['by']} accepted {accepted}: {release.accepted['reason']}")
    return "\n".join(said)


def maintenance(staged: Mapping[str, Staged], cleaned: Mapping[str, Cleaned]) -> Rows:
    """Columns and rows of what maintenance did: files compacted into how many, files removed, bytes freed."""
    rows: list[list[object]] = []
    for place in dict.fromkeys([*staged, *cleaned]):
        commit = staged[place].commit if place in staged else Commit((), ())
        gone = cleaned.get(place, Cleaned(0, 0))
        rows.append([place, len(commit.removes), len(commit.adds), gone.files, gone.bytes])
    return ["table", "files compacted", "into", "files removed", "bytes freed"], rows


def audits(verdicts: Sequence[Verdict]) -> Rows:
    """Columns and rows of what audits found: one row per expectation that failed, one per suite that passed."""
    rows: list[list[object]] = []
    for verdict in verdicts:
        if verdict.passed:
            rows.append([verdict.table, "", "passed", f"{verdict.expectations} expectations", "", ""])
        for severity in ("critical", "warning", "info"):
            rows += _failures(verdict, severity)
        if not verdict.rows_checked:
            rows.append([verdict.table, "", "all others", "", "not checked", ""])
    return ["table", "severity", "expectation", "column", "observed", "sample rows"], rows


def _failures(verdict: Verdict, severity: str) -> list[list[object]]:
    return [
        [
            verdict.table,
            severity,
            failure.expectation,
            failure.column,
            failure.observed,
            "\n".join(in_words(row) for row in failure.sample),
        ]
        for failure in verdict.of_severity(severity)
    ]


def failures(run: RedRun) -> Rows:
    """Columns and rows of what a red run failed: one row per expectation."""
    rows: list[list[object]] = [
        [name, failure.severity, failure.observed] for name, (_, failure) in run.failures.items()
    ]
    return ["expectation", "severity", "observed"], rows


def staged_tables(run: RedRun) -> list[str]:
    """A line of Python per table that a run has staged, which reads what is staged in a notebook."""
    return [
        f"{table} = spark.read.parquet({literal(staged.path)!r})  # {staged.commit.rows_added:,} rows"
        for table, staged in run.staged.items()
    ]


def how_to_publish(lake: Lake, run: RedRun) -> str:
    """The command that publishes a red run in spite of what it failed; why not, where nothing can."""
    if run.unchecked:
        return f"It cannot be published: the rows of {', '.join(run.unchecked)} were not checked."
    names = [name for name, (_, failure) in run.failures.items() if failure.severity == CRITICAL]
    flags = ["--lake", lake.uri, *(part for name in names for part in ("--accept", name)), "--reason", "..."]
    command = shlex.join(["./spark-submit.sh", "publish_run", run.run_id, *flags])
    return f"If it is right as it is: {command}"


def red(lake: Lake, run: RedRun, docs: str) -> str:
    """The sentence that ends a run with failed suites: table, expectation, column, what was observed, a row."""
    found = []
    for name, (_, failure) in run.failures.items():
        if failure.severity != CRITICAL:
            continue
        sample = f" (for example {in_words(failure.sample[0])})" if failure.sample else ""
        found.append(f"{name}, observed {failure.observed}{sample}")
    found += [f"all else that is expected of {table} was not checked" for table in run.unchecked]
    look = shlex.join(["./spark-submit.sh", "inspect_run", run.run_id, "--lake", lake.uri])
    return (
        f"Nothing of run {run.run_id} was published, for its audit failed: {'; '.join(found)}. "
        f"Look with {look}, or see {docs}."
    )
