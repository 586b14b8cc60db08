"""A run of a job: what it reads, pinned to one release, what it stages, and how all of that is published."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake import __version__, runs, summary
from tracklake.against import Against
from tracklake.audits import Audits
from tracklake.changes import Changes
from tracklake.config import Conf
from tracklake.errors import AuditFailed, Overtaken, WrongUsage
from tracklake.history import as_rows, results
from tracklake.lake import Lake, Release, scratch, staging
from tracklake.lake.delta import Commit, DataFile
from tracklake.lake.footers import without_nulls
from tracklake.lake.lake import no_lake, on_dates
from tracklake.lake.publish import Staged, publish, withdraw
from tracklake.places import seen_from
from tracklake.progress import Steps
from tracklake.quality import Verdict
from tracklake.runs import RedRun
from tracklake.sources import source as named_source
from tracklake.sources.detect import AUTO, guess
from tracklake.sources.source import Source
from tracklake.storage import Folder
from tracklake.tables import contract
from tracklake.transforms.keys import hash_of


class Run:
    """One run of a job on a lake. Jobs are handed it by ``cli.launch``; notebooks and tests make one.

    Everything is read as of one release, ``base``, the newest when the run began, together with what the run
    itself has staged. Others see nothing of that before ``finish`` has published all of it.
    """

    def __init__(
        self,
        spark: SparkSession,
        conf: Conf,
        steps: Steps,
        *,
        job: str,
        lake: str,
        source: str | None = None,
        input: str | None = None,
        start: date | None = None,
        end: date | None = None,
    ) -> None:
        self.spark = spark
        self.conf = conf
        self.steps = steps
        self.job = job
        self.lake = Lake(spark, lake)
        Folder(self.lake.uri).open()  # what its storage lacks is said now, and not once all is read
        self.source: Source | None = None
        self.input: str | None = None
        if source and input:
            self.read_logs(source, input)
        self.start = start
        self.end = end
        self.began_at = datetime.now(UTC)
        self.run_id = f"{self.began_at:%Y%m%dT%H%M%SZ}-{job.replace('_', '-')}-{secrets.token_hex(3)}"
        self.base = self.lake.ledger.newest()
        self.staged: dict[str, Staged] = {}
        self.records_read = 0  # those that the dates pick
        self.records_quarantined = 0
        self._reads_logs = False
        self.afterwards: list[Callable[[Release], None]] = []  # what is to be done once all is published
        self._inputs: dict[str, tuple[str, ...]] = {}
        self._audits = Audits(spark, self.lake.path("_docs"), self.run_id)

    def read_logs(self, source: str, folder: str) -> None:
        """From now on the run's logs are those of a source in a folder; source "auto" is found out.

        Raises WrongUsage for an unknown source, and where it cannot be found out.
        """
        self.input = seen_from(self.spark, folder)
        if source != AUTO:
            self.source = named_source(source)
            return
        found = guess(self.spark, self.input)
        self.source = found.source
        self.steps.note(f"Source: {found.source.name}, because {found.why}.")

    def logs(self) -> tuple[Source, str]:
        """The source and the folder of logs that the command names; WrongUsage if it names none."""
        if self.source is None or self.input is None:
            raise WrongUsage(f"{self.job} reads logs: say which with --source NAME --input FOLDER.")
        self._reads_logs = True
        return self.source, self.input

    # Reading

    def read(self, table: str, dates: Collection[date] | None = None) -> DataFrame:
        """A table as it will be once this run is published; only the slices of ``dates`` where they are given."""
        staged = self.staged.get(table)
        if staged is None:
            return self.published(table, dates)
        rows = staging.read(self.spark, contract(table), staged.path)
        if dates is not None:
            rows = rows.where(on_dates(contract(table), dates))
        stays = staged.commit.kept(self._files(table))
        if staged.dates is None:
            return self.lake.of_files(table, stays).unionByName(rows) if stays else rows
        slices = {file.slice for file in stays if file.slice and (dates is None or file.slice in dates)}
        return self.published(table, slices).unionByName(rows) if slices else rows

    def published(self, table: str, dates: Collection[date] | None = None) -> DataFrame:
        """A table as the base release has it; no rows where it has no such table."""
        version = self._version(table)
        if version is None:
            return contract(table).no_rows(self.spark)
        return self.lake.slices(table, version, dates)

    def slices(self, table: str) -> set[date]:
        """The dates of which the table has rows, as ``read`` would see it."""
        staged, files = self.staged.get(table), self._files(table)
        if staged:
            files = staged.commit.after(files)
        return {file.slice for file in files if file.slice is not None}

    def rows(self, table: str) -> tuple[int, int]:
        """How many rows the table has in the base release, and how many as ``read`` would see it."""
        staged, before = self.staged.get(table), sum(file.rows for file in self._files(table))
        return before, before + (staged.commit.rows_added - staged.commit.rows_removed if staged else 0)

    def builds(self, job: str) -> bool:
        """Whether the run brings up to date what ``job`` builds."""
        return job in self._inputs

    def asked_for(self, table: str) -> set[date]:
        """The slices of a table in the range of dates, where the run reads no logs, which the range would pick: to be
        built again although nothing may have changed."""
        if self._reads_logs or (self.start is None and self.end is None):
            return set()
        return {
            day
            for day in self.slices(table)
            if (self.start is None or day >= self.start) and (self.end is None or day <= self.end)
        }

    def stamp(self) -> dict[str, Column]:
        """The columns that say by which run a row was read, and when."""
        return {"ingested_at": F.lit(self.began_at), "run_id": F.lit(self.run_id)}

    def refuse_no_lake(self) -> None:
        """Raises InputMissing where there is no lake, and the run makes none."""
        if not self.base.release and not self.staged:
            raise no_lake(self.lake.uri)

    def changes(self, job: str, *tables: str) -> Changes:
        """What has changed in the tables since ``job`` last built from them, which it now does again.

        The release of this run will say so. Raises InputMissing where there is no lake, and the run makes none.
        """
        self.refuse_no_lake()
        self._inputs[job] = tables
        return Changes(self.lake, self.base.built_from.get(job, {}), self.base.tables, self.staged)

    # Staging

    def keep(self, name: str, frame: DataFrame, by: str | None = None) -> DataFrame:
        """The frame, written down for as long as the run lasts, one folder per value of the column ``by``."""
        self._audits.warm_up()
        return scratch.keep(self.spark, frame, f"{self._scratch}/{name}", by)

    def stage(self, table: str, frame: DataFrame, dates: Collection[date]) -> Staged:
        """Stages the slices of ``dates``: all the rows that the table will have on them."""
        with self.steps.step(f"Staging {table}") as step:
            gone = [file for file in self._files(table) if file.slice in dates]
            staged = self._write(table, frame, gone, frozenset(dates), None)
            step.rows = staged.commit.rows_added
        return staged

    def stage_members(
        self, table: str, frame: DataFrame, member: str, gone: DataFrame | None = None
    ) -> Staged | None:
        """Stages members of a dimension, where they differ from what is published: all rows of each member.

        Members in the column ``member`` of ``gone`` are taken out of the table. Files that hold rows of such
        members are replaced, the rest of the table is left alone. All rows of a member are written to one file.
        """
        with self.steps.step(f"Staging {table}") as step:
            if not self._files(table):
                staged: Staged | None = self._write(table, frame, [], None, member)
            else:
                staged = self._stage_changed(table, self.keep(table, frame), member, gone)
            step.rows = staged.commit.rows_added if staged else 0
        return staged

    def stage_new(self, table: str, frame: DataFrame) -> Staged:
        """Stages rows to be added to a table that is only ever added to."""
        with self.steps.step(f"Staging {table}") as step:
            staged = self._write(table, frame, [], None, None)
            step.rows = staged.commit.rows_added
        return staged

    def _write(
        self,
        table: str,
        frame: DataFrame,
        gone: Sequence[DataFile],
        dates: frozenset[date] | None,
        member: str | None,
    ) -> Staged:
        path = f"{self.lake.path(table)}/{staging.folder(self.run_id)}"
        staging.write(frame, contract(table), path)
        come = staging.describe(contract(table), path)
        staged = Staged(path, Commit(gone, come), dates, member)
        if gone or come or table not in self.base.tables:
            self.staged[table] = staged
            against = Against(self.lake, self.base.tables, self.staged)
            rows, is_small = staging.read(self.spark, contract(table), path), against.is_small(table)
            full = without_nulls((file.stats for file in come), contract(table))
            self._audits.start(table, rows, against.of(table), in_one_task=is_small, without_nulls=full)
            self._audits.start_measuring(table, rows.coalesce(1) if is_small else rows, dates or ())
        else:
            self._audits.start_measuring(table, None, dates or ())
        return staged

    def _stage_changed(
        self, table: str, rows: DataFrame, member: str, removed: DataFrame | None
    ) -> Staged | None:
        """Stages the members whose rows differ, together with the other rows of the files that hold them."""
        of_members = self.published(table).join(rows.select(member).distinct(), on=member, how="left_semi")
        columns = contract(table).names
        stated = [name for name in columns if name not in ("run_id", "ingested_at", "read_at")]
        was, now = (_fingerprint(x.select(*stated), member) for x in (of_members, rows))
        same = was.join(now, on=[member, "rows", "hash"], how="left_semi")
        differ = now.join(same, on=member, how="left_anti").select(member)
        differ = differ if removed is None else differ.unionByName(removed.select(member))
        changed = self.keep(f"{table}-changed", differ)
        gone = self._sharing(table, changed, member)
        beside = self.lake.of_files(table, gone).join(changed, on=member, how="left_anti")
        renewed = rows.join(changed, on=member, how="left_semi").select(*columns)
        together = beside.select(*columns).unionByName(renewed).repartition(member)
        return self._write(table, together, gone, None, member)

    def _sharing(self, table: str, members: DataFrame, member: str) -> list[DataFile]:
        """The files that hold rows of the members, and those that share another member with one of these: an audit
        of part of a member's rows would find that they do not fit."""
        others, found = list(self._files(table)), []
        while others:
            rows = self.lake.of_files(table, others).withColumn("_file", F.col("_metadata.file_path"))
            holding = rows.join(members, on=member, how="left_semi").select("_file").distinct().collect()
            names = {row["_file"].rpartition(f"/{table}/")[2] for row in holding}
            if not names:
                break
            new = [file for file in others if file.path in names]
            found += new
            others = [file for file in others if file.path not in names]
            members = self.lake.of_files(table, new).select(member)
        return found

    def _files(self, table: str) -> Sequence[DataFile]:
        return self.lake.files(table, self._version(table))

    def _version(self, table: str) -> int | None:
        """The table's version in the base release, None where it has none.

        Raises WrongUsage for a table that lacks columns of its contract: what they would say of its rows is not known.
        """
        version = self.base.tables.get(table)
        if version is not None and (
            lacking := set(contract(table).names) - self.lake.columns(table, version)
        ):
            raise WrongUsage(
                f"Table {table} of {self.lake.uri} lacks {', '.join(sorted(lacking))}, for an older tracklake made it: "
                "build a new lake from the logs (run_pipeline with another --lake)."
            )
        return version

    @property
    def _scratch(self) -> str:
        return self.lake.path(f"_scratch/{self.run_id}")

    # Publishing

    def finish(self) -> Release:
        """Publishes what is staged, once every suite has passed; returns the release that readers now see.

        A run that changed nothing makes no release. Raises AuditFailed if a suite failed: nothing is published
        then, and the staged rows stay where they are; TracklakeError if audits counted other rows than are staged.
        """
        if not self.staged and not self._inputs_have_moved():
            if self.source or self._inputs:
                self.steps.note(
                    f"Nothing has changed: release {self.base.release} of {self.lake.uri} stands."
                )
            return self.base
        self._stage_results()
        with self.steps.step("Waiting for the audits"):
            verdicts = self._audits.verdicts()
        docs = ""
        if verdicts:
            with self.steps.step("Writing the Data Docs"):
                docs = self._audits.docs()
        if not all(verdict.passed for verdict in verdicts):
            self.steps.table("Audits", *summary.audits(verdicts))
            red = RedRun(self.as_release(), self.base.release, self.staged, self._inputs, tuple(verdicts))
            runs.write(self.lake, red)
            raise AuditFailed(summary.red(self.lake, red, docs))
        with self.steps.step("Publishing"):
            release = self._publish(verdicts)
        self.steps.table(f"Release {release.release}", *summary.published(release, self.staged, verdicts))
        if any(verdict.of_severity("warning") for verdict in verdicts):
            self.steps.table("Warnings", *summary.warnings(verdicts))
        self.steps.note(f"Tables:    {self.lake.uri}")
        if docs:
            self.steps.note(f"Data Docs: {docs}")
        return release

    def as_release(self) -> Release:
        """The release after ``base`` as far as the run alone knows it: its number, the run, its job and code."""
        return Release(
            self.base.release + 1, self.began_at, self.run_id, self.job, __version__, self.base.tables
        )

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *failure: object) -> None:
        """Ends the run's threads and removes its scratch; what is staged and not published stays."""
        self._audits.stop()
        with suppress(OSError):  # maintain_lake removes what stays
            Folder(self._scratch).remove()

    def _inputs_have_moved(self) -> bool:
        return any(
            self.base.built_from.get(job) != self._versions(tables) for job, tables in self._inputs.items()
        )

    def _stage_results(self) -> None:
        """Stages what was measured, judged by what earlier runs measured; nothing where nothing was."""
        with self.steps.step("Comparing with earlier days") as step:
            found = results(self._audits.measured(), self)
            step.rows = len(found)
        if found:
            self.stage_new("audit_result", as_rows(self.spark, found, self.run_id, self.began_at))

    def _publish(self, verdicts: list[Verdict]) -> Release:
        runs.refuse_uncounted(self.staged, verdicts)
        release = replace(
            self.as_release(),
            rows_added={table: staged.commit.rows_added for table, staged in self.staged.items()},
            rows_removed={table: staged.commit.rows_removed for table, staged in self.staged.items()},
            suites={verdict.table: verdict.met for verdict in verdicts},
        )
        retention_days = self.conf.lake.retention_days
        try:
            return publish(
                self.lake, self.base, self.staged, self._inputs, release, retention_days, self.steps.note
            )
        except Overtaken:
            withdraw(self.lake, self.base, self.staged)
            raise

    def _versions(self, tables: Collection[str]) -> dict[str, int]:
        return {table: self.base.tables[table] for table in tables if table in self.base.tables}


def _fingerprint(rows: DataFrame, member: str) -> DataFrame:
    """One row per member: how many rows it has, and a hash of them that does not depend on their order."""
    return rows.groupBy(member).agg(
        F.count(F.lit(1)).alias("rows"), F.bit_xor(hash_of(rows.columns)).alias("hash")
    )
