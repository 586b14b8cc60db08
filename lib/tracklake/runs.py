"""Red runs: what one staged and what its audit found, written down so that a person can look and decide.

The record of a run lies at ``<lake>/_runs/<run>.json``. Of sample rows it holds what finds them again, the key and the
columns concerned, but nothing that is withheld; the rows themselves are looked up when someone asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from itertools import chain, count
from typing import Any

from tracklake.errors import AuditFailed, TracklakeError, WrongUsage, did_you_mean
from tracklake.lake import Lake, Release, staging
from tracklake.lake.delta import Commit, DataFile
from tracklake.lake.publish import Staged
from tracklake.quality import Failure, Verdict, is_withheld
from tracklake.storage import Folder
from tracklake.tables import contract

CRITICAL = "critical"


@dataclass(frozen=True)
class RedRun:
    """A run whose audit failed.

    ``release`` is what it would have become, ``base`` the number of the release that it built on; ``staged`` and
    ``inputs`` are what ``publish`` takes. The verdicts' sample rows hold what finds them again.
    """

    release: Release
    base: int
    staged: dict[str, Staged]
    inputs: dict[str, tuple[str, ...]]
    verdicts: tuple[Verdict, ...]

    @property
    def run_id(self) -> str:
        """The run's id, as its rows have it."""
        return self.release.run_id

    @property
    def failures(self) -> dict[str, tuple[Verdict, Failure]]:
        """Every expectation that was not met, by its name: ``table.column: expectation``, and where another one bears
        it, too, a number."""
        found: dict[str, tuple[Verdict, Failure]] = {}
        for verdict in self.verdicts:
            for failure in verdict.failures:
                name = named(verdict.table, failure)
                numbered = (f"{name} ({number})" for number in count(2))
                found[next(one for one in chain([name], numbered) if one not in found)] = (verdict, failure)
        return found

    @property
    def unchecked(self) -> list[str]:
        """The tables whose rows the audit could not look at, since their columns are not those that are expected."""
        return [verdict.table for verdict in self.verdicts if not verdict.rows_checked]


def named(table: str, failure: Failure) -> str:
    """What a failed expectation is called, in messages and by ``--accept``."""
    return (
        f"{table}.{failure.column}: {failure.expectation}"
        if failure.column
        else f"{table}: {failure.expectation}"
    )


def write(lake: Lake, run: RedRun) -> None:
    """Writes the record of a red run."""
    record = {
        "run": run.run_id,
        "job": run.release.job,
        "code_version": run.release.code_version,
        "ended_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "base": run.base,
        "inputs": run.inputs,
        "staged": {table: _staged_as_json(staged) for table, staged in run.staged.items()},
        "verdicts": [asdict(_to_be_found(verdict)) for verdict in run.verdicts],
    }
    _folder(lake).write(f"{run.run_id}.json", json.dumps(record, indent=1, default=_as_text).encode())


def read(lake: Lake, run_id: str) -> RedRun:
    """The record of a red run. Raises WrongUsage if there is none of that id, naming the closest."""
    content = _folder(lake).read(f"{run_id}.json") if "/" not in run_id else None
    if content is None:
        known = red_runs(lake)
        hint = (
            did_you_mean(run_id, known) or f"; the newest is {known[-1]}." if known else ": no run was red."
        )
        raise WrongUsage(f'There is no record of a red run "{run_id}" in the lake {lake.uri}{hint}')
    try:
        record = json.loads(content)
    except json.JSONDecodeError as error:
        raise TracklakeError(
            f"The record {lake.path('_runs')}/{run_id}.json was cut off while it was written: run the job again."
        ) from error
    verdicts = tuple(_verdict(one) for one in record["verdicts"])
    staged = {table: _staged(lake, table, run_id, one) for table, one in record["staged"].items()}
    release = Release(
        release=record["base"] + 1,
        released_at=datetime.fromisoformat(record["ended_at"]),
        run_id=run_id,
        job=record["job"],
        code_version=record["code_version"],
        tables={},
        rows_added={table: one.commit.rows_added for table, one in staged.items()},
        rows_removed={table: one.commit.rows_removed for table, one in staged.items()},
        suites={verdict.table: verdict.met for verdict in verdicts},
    )
    inputs = {job: tuple(tables) for job, tables in record["inputs"].items()}
    return RedRun(release, record["base"], staged, inputs, verdicts)


def red_runs(lake: Lake) -> list[str]:
    """The ids of all red runs that are on record, oldest first."""
    return sorted(
        file.path.removesuffix(".json") for file in _folder(lake).files() if file.path.endswith(".json")
    )


def settled(lake: Lake, run: RedRun) -> str:
    """What has become of a red run that can be published no more: it is, or its base is not the newest release now.

    Empty for one whose rows still fit.
    """
    releases = lake.ledger.all()
    for one in releases:
        if one.run_id == run.run_id:
            return f"published as release {one.release}"
    if run.base != (releases[-1].release if releases else 0):
        return f"built on release {run.base}, which is no longer the newest: run it again"
    return ""


def waiting(lake: Lake) -> list[str]:
    """The ids of the red runs that may still be published, oldest first: those built on the newest release."""
    newest = lake.ledger.newest().release
    found = []
    for run_id in red_runs(lake):
        content = _folder(lake).read(f"{run_id}.json") or b"{}"
        with suppress(json.JSONDecodeError):  # it was cut off
            if json.loads(content).get("base") == newest:
                found.append(run_id)
    return found


def lost(lake: Lake, run: RedRun) -> dict[str, int]:
    """How many staged files of a red run are gone, by table; tables of which none is are left out."""
    gone = {
        table: len(Folder(lake.path(table)).lacks([file.path for file in staged.commit.adds]))
        for table, staged in run.staged.items()
    }
    return {table: files for table, files in gone.items() if files}


def accepted(lake: Lake, run: RedRun, accept: Sequence[str], by: str, reason: str) -> Release:
    """The release that the run becomes once a person has accepted its failed expectations; publishes nothing.

    ``accept`` names them as ``named`` does, or by the expectation alone where that is clear. Raises WrongUsage if
    a name or the reason is none, the run is published already or not built on the newest release, rows were not
    checked, or staged files are gone; AuditFailed if a failed critical expectation was not accepted.
    """
    if not reason.strip():
        raise WrongUsage("--reason is empty: say why these rows may be published, the release keeps it.")
    names = [_one_of(run.failures, name, run.run_id) for name in accept]
    if fate := settled(lake, run):
        raise WrongUsage(f"Run {run.run_id} is {fate}.")
    if run.unchecked:
        raise WrongUsage(
            f"Run {run.run_id} cannot be published: the rows of {', '.join(run.unchecked)} were not checked, since "
            "their columns or types are not those of the suite; mend expectations/ or the job, and run it again."
        )
    left = [
        name
        for name, (_, failure) in run.failures.items()
        if failure.severity == CRITICAL and name not in names
    ]
    if left:
        raise AuditFailed(
            f"Nothing of run {run.run_id} was published: accept these critical expectations, too, or mend what "
            f"they found: {'; '.join(left)}."
        )
    for table, files in lost(lake, run).items():
        raise WrongUsage(
            f"Run {run.run_id} cannot be published: {files} of its staged files of table {table} are gone, run the job "
            "again."
        )
    refuse_uncounted(run.staged, run.verdicts)
    return replace(
        run.release, accepted={"by": by, "reason": reason.strip(), "expectations": sorted(set(names))}
    )


def refuse_uncounted(staged: Mapping[str, Staged], verdicts: Sequence[Verdict]) -> None:
    """Raises TracklakeError unless the audits counted as many rows as would be committed."""
    for verdict in verdicts:
        committed = staged[verdict.table].commit.rows_added
        if verdict.rows != committed:
            raise TracklakeError(
                f"The audit of table {verdict.table} counted {verdict.rows:,} rows, and {committed:,} are staged: "
                "nothing was published; run again, and if it stays so, report it."
            )


def _one_of(failures: Mapping[str, tuple[Verdict, Failure]], name: str, run_id: str) -> str:
    meant = [full for full, (_, failure) in failures.items() if name in (full, failure.expectation)]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise WrongUsage(f'"{name}" failed in several places, name one of them: {"; ".join(meant)}.')
    known = did_you_mean(name, failures) or f": those that failed are {'; '.join(failures)}."
    raise WrongUsage(f'No expectation "{name}" failed in run {run_id}{known}')


def _folder(lake: Lake) -> Folder:
    return Folder(lake.path("_runs"))


def _as_text(value: object) -> str:
    """A value that JSON has no form for, as Spark reads it: collected moments are naive, in the time zone of Python."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _to_be_found(verdict: Verdict) -> Verdict:
    """The verdict with samples cut to what finds the rows again: key and columns concerned, if they may be shown."""
    key = contract(verdict.table).key
    failures = []
    for failure in verdict.failures:
        wanted = {name for name in (*key, *failure.columns) if not is_withheld(name)}
        rows = [{name: value for name, value in row.items() if name in wanted} for row in failure.sample]
        failures.append(replace(failure, sample=tuple(row for row in rows if row)))
    return replace(verdict, failures=tuple(failures))


def _staged_as_json(staged: Staged) -> dict[str, Any]:
    return {
        "dates": None if staged.dates is None else sorted(str(day) for day in staged.dates),
        "member": staged.member,
        "removes": [asdict(file) for file in staged.commit.removes],
        "adds": [asdict(file) for file in staged.commit.adds],
    }


def _staged(lake: Lake, table: str, run_id: str, record: Mapping[str, Any]) -> Staged:
    dates = record["dates"]
    return Staged(
        path=f"{lake.path(table)}/{staging.folder(run_id)}",
        commit=Commit(_files(record["removes"]), _files(record["adds"])),
        dates=None if dates is None else frozenset(date.fromisoformat(day) for day in dates),
        member=record["member"],
    )


def _files(records: Sequence[Mapping[str, Any]]) -> list[DataFile]:
    return [
        DataFile(**{**one, "slice": date.fromisoformat(one["slice"]) if one["slice"] else None})
        for one in records
    ]


def _verdict(record: Mapping[str, Any]) -> Verdict:
    failures = tuple(Failure(**{**one, "sample": tuple(one["sample"])}) for one in record["failures"])
    return Verdict(**{**record, "failures": failures})
