"""The reader's side of a lake: tables as the releases tie them together."""

from __future__ import annotations

import html
import operator
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, time
from functools import lru_cache

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from tracklake.errors import InputMissing, WrongUsage
from tracklake.failures import lacks_delta
from tracklake.lake.claims import Claims
from tracklake.lake.delta import DataFile, DeltaLog
from tracklake.lake.releases import NO_RELEASE, Ledger, Release
from tracklake.local_rows import local_rows
from tracklake.places import literal, refuse_for_tables, seen_from
from tracklake.storage import Folder
from tracklake.tables import Contract, contract
from tracklake.transforms.periods import is_on

FEW_FILES, FEW_BYTES = 32, 64 * 1024**2
"""Up to so many files, of so many bytes together, are read as they are, without Delta's reader."""

REFUSES_OLD_VERSIONS = "spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration"
"""Delta refuses a version that was committed before the retention, and is not the newest, although all of its files are
there: a table that did not change for so long, in a release that is kept."""

VERSIONS_KNOWN = 64
"""Versions of tables whose lists of files are kept: they never change."""


class Lake:
    """The lake at ``uri``: ``read``, ``tables`` and ``releases`` show whole releases only.

    Made by ``tracklake.open``. Its versions are looked up anew at every call, so that a notebook that stays
    open sees new releases.
    """

    def __init__(self, spark: SparkSession, uri: str) -> None:
        self.spark = spark
        self.uri = seen_from(spark, uri)
        refuse_for_tables(self.uri)
        self.ledger = Ledger(self.path("_releases"))
        self.claims = Claims(self.path("_claims"))
        self._files = lru_cache(VERSIONS_KNOWN)(lambda table, version: tuple(self.log(table).files(version)))
        self.columns = lru_cache(VERSIONS_KNOWN)(lambda table, version: self.log(table).columns(version))

    def path(self, name: str) -> str:
        """Where a table, or another thing of the lake, is."""
        return f"{self.uri}/{name}"

    def log(self, table: str) -> DeltaLog:
        """The transaction log of a table."""
        return DeltaLog(self.path(table))

    def files(self, table: str, version: int | None) -> Sequence[DataFile]:
        """The files of a version of a table; none of no version."""
        return () if version is None else self._files(table, version)

    def paths(self, table: str, version: int | None) -> set[str]:
        """The paths of these, below the table's folder."""
        return {file.path for file in self.files(table, version)}

    def read(self, table: str, as_of: int | date | datetime | str | None = None) -> DataFrame:
        """A table as of a release: the newest one, or the one that ``as_of`` names.

        ``as_of`` is a release number, a moment (the newest release at that time; naive ones count as UTC), a
        date (the newest release up to its end, UTC), or such a moment or date in ISO form. Spark collects times without
        a zone, in that of the machine: in place of a ``released_at`` from ``releases`` name the release's number, or
        ``lake.release(number).released_at``, which has a zone. Without ``as_of`` two reads are of two releases where a
        run publishes between them: tables that are joined are read as of one number, such as
        ``lake.release().release``, the newest. The grain, columns and units are the contract's. Raises WrongUsage for
        an unknown table or release and for an older one whose files of the table are gone, as they are after the
        retention, InputMissing for a table that the release does not have, or where no lake is.
        """
        contract(table)
        release = self.release(as_of)
        if table not in release.tables:
            raise InputMissing(
                f"Release {release.release} of the lake {self.uri} has no table {table}: run the job that builds it."
            )
        version = release.tables[table]
        if as_of is not None and (lost := self.lost(table, version, self.ledger.newest().tables.get(table))):
            raise WrongUsage(f"{not_whole(self.uri, release, table, lost)}; read a newer release.")
        return self.at_version(table, version)

    def lost(self, table: str, version: int | None, there: int | None) -> list[str]:
        """The files of a version of a table that are gone; those are not looked for that version ``there`` has, too."""
        asked = sorted(self.paths(table, version) - self.paths(table, there))
        return Folder(self.path(table)).lacks(asked) if asked else []

    def at_version(self, table: str, version: int) -> DataFrame:
        """One version of a table, released or not."""
        self.spark.conf.set(REFUSES_OLD_VERSIONS, "false")
        return self._delta(self.path(table), versionAsOf=version)

    def _delta(self, uri: str, **options: int) -> DataFrame:
        """A Delta table as Spark reads it. Raises WrongUsage where the session lacks the jars for that."""
        try:
            return self.spark.read.format("delta").options(**options).load(uri)
        except (PySparkException, Py4JJavaError) as error:
            if lacking := lacks_delta(error):
                raise lacking from error
            raise

    def slices(self, table: str, version: int, dates: Collection[date] | None = None) -> DataFrame:
        """One version of a table, released or not; of its slices only those of ``dates``, where they are given.

        Delta's reader takes two Spark jobs to tell which files to read. Where they are few and small, that would be
        most of the work.
        """
        asked = None if dates is None else on_dates(contract(table), dates)
        files = [file for file in self.files(table, version) if dates is None or file.slice in dates]
        if len(files) <= FEW_FILES and sum(file.size for file in files) <= FEW_BYTES:
            return self.of_files(table, files)
        rows = self.at_version(table, version)
        return rows if asked is None else rows.where(asked)

    def of_files(self, table: str, files: Collection[DataFile]) -> DataFrame:
        """The rows of these files of a table, of whichever versions; a row's slice is told from its file's path."""
        of = contract(table)
        if not files:
            return of.no_rows(self.spark)
        rows = self.spark.read.schema(of.schema()).parquet(
            *[literal(f"{self.path(table)}/{file.path}") for file in files]
        )
        if of.partition_by is None:
            return rows
        said = F.substring_index(F.col("_metadata.file_path"), f"{of.partition_by}=", -1)
        return rows.withColumn(of.partition_by, F.left(said, F.lit(len("2026-01-31"))).cast("date"))

    def release(self, as_of: int | date | datetime | str | None = None) -> Release:
        """The release that ``as_of`` names, see ``read``."""
        if as_of is None:
            release = self.ledger.newest()
            if release is NO_RELEASE:
                raise no_lake(self.uri)
            return release
        wanted = _as_release_or_moment(as_of)
        if isinstance(wanted, datetime):
            found = next((one for one in reversed(self.ledger.all()) if one.released_at <= wanted), None)
        else:
            found = self.ledger.numbered(wanted)
        if found is not None:
            return found
        if not self.ledger.newest().release:
            raise no_lake(self.uri)
        raise WrongUsage(
            f"The lake {self.uri} has no release {as_of}: the job releases lists those there are."
        )

    def releases(self) -> DataFrame:
        """The releases, newest first: one row each, as the table ``_releases`` has them. ``read`` is told their number,
        see there."""
        if not self.ledger.newest().release:
            raise no_lake(self.uri)
        return self._delta(self.ledger.uri).orderBy("release", ascending=False)

    def tables(self) -> DataFrame:
        """One row per table of the newest release: name, grain, version, rows, and what it is about."""
        release = self.release()
        rows = [
            (
                name,
                contract(name).grain,
                version,
                sum(file.rows for file in self.files(name, version)),
                contract(name).about,
            )
            for name, version in release.tables.items()
        ]
        return local_rows(
            self.spark, rows, "table string, grain string, version bigint, rows bigint, about string"
        )

    def __repr__(self) -> str:
        release = self.ledger.newest()
        if not release.release:
            return f"Lake {self.uri}: empty, run_pipeline fills it."
        lines = [
            f"Lake {self.uri}",
            f"release {release.release} of {release.released_at:%Y-%m-%d %H:%M:%S} UTC, run {release.run_id}",
        ]
        counts = {name: sum(f.rows for f in self.files(name, v)) for name, v in release.tables.items()}
        width = max(len(name) for name in counts)
        lines += [f"  {name:<{width}} {rows:>13,}  {contract(name).grain}" for name, rows in counts.items()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(repr(self))}</pre>"


def no_lake(uri: str) -> InputMissing:
    """What is raised where a lake is needed and none is."""
    return InputMissing(f"There is no lake at {uri} yet: run_pipeline makes one.")


def not_whole(uri: str, release: Release, table: str, lost: Sequence[str]) -> str:
    """That a release cannot be read any more, and why, without what to do about it."""
    return (
        f"Release {release.release} of the lake {uri} is not whole any more: {len(lost)} files of table {table} are "
        f"gone, {lost[0]} among them, as VACUUM removes them after a change by hand, and maintain_lake after the "
        "retention"
    )


def on_dates(contract: Contract, dates: Collection[date]) -> Column:
    """Whether a row belongs to the slices of these dates, said so that Delta reads no other slice."""
    assert contract.partition_by, f"{contract.name} has no slices"
    return is_on(contract.partition_by, dates)


def _as_release_or_moment(as_of: int | date | datetime | str) -> int | datetime:
    if isinstance(as_of, str):
        try:
            as_of = int(as_of) if as_of.isdigit() else _from_iso(as_of)
        except ValueError as error:
            raise WrongUsage(
                f"{as_of!r} names no release: give its number, or a date or time in ISO form."
            ) from error
    if isinstance(as_of, datetime):
        return as_of if as_of.tzinfo else as_of.replace(tzinfo=UTC)
    if isinstance(as_of, date):
        return datetime.combine(as_of, time.max, UTC)
    if isinstance(as_of, bool) or not hasattr(as_of, "__index__"):
        raise WrongUsage(f"{as_of!r} names no release: give its number, or a date or time.")
    return operator.index(as_of)  # a number of numpy's, too


def _from_iso(text: str) -> date | datetime:
    return date.fromisoformat(text) if len(text) == len("2026-01-31") else datetime.fromisoformat(text)
