"""Rows of published tables, read from their files as they are and by Delta's reader."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from deltalake import DeltaTable
from rich.console import Console

from tests.by_hand import DAY, FIRST, NEXT_DAY, NO_SPARK, Work, open_lake, release
from tests.same_lake import counted
from tracklake.config import load
from tracklake.lake import Lake
from tracklake.lake import lake as reading
from tracklake.progress import Steps
from tracklake.run import Run
from tracklake.tables import contract

TABLES = ("event", "fact_session", "fact_audience", "dim_user", "quarantine")
"""Slices of each kind of date, and tables without slices."""

DAYS = {date(2018, 12, 28), date(2018, 12, 31), date(1999, 1, 1)}


@pytest.mark.parametrize("table", TABLES)
def test_a_few_files_are_read_as_delta_reads_them(small: Lake, table: str) -> None:
    version = small.release().tables[table]
    mine, deltas = small.slices(table, version).toArrow(), small.at_version(table, version).toArrow()
    assert [(field.name, field.type) for field in mine.schema] == [
        (field.name, field.type) for field in deltas.schema
    ]
    assert counted(mine) == counted(deltas)


@pytest.mark.parametrize("table", ["event", "fact_session"])
@pytest.mark.parametrize("few", [0, 32])
def test_only_the_slices_asked_for_are_read(
    small: Lake, table: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "FEW_FILES", few)
    slice_, version = str(contract(table).partition_by), small.release().tables[table]
    found = [row[0] for row in small.slices(table, version, DAYS).select(slice_).collect()]
    all_ = (
        DeltaTable(small.path(table), version=version)
        .to_pyarrow_table(columns=[slice_])
        .column(0)
        .to_pylist()
    )
    assert sorted(found) == sorted(day for day in all_ if day in DAYS)
    assert found


def test_a_range_of_dates_is_built_again_by_a_run_that_reads_no_logs_whatever_its_command_names(
    tmp_path: Path,
) -> None:
    lake = open_lake(tmp_path / "lake")
    release(lake, FIRST)
    release(lake, Work("second", 2, NEXT_DAY))
    with Run(
        NO_SPARK,
        load("local"),
        Steps(Console()),
        job="build_facts",
        lake=lake.uri,
        source="sparkify",
        input=str(tmp_path),
        start=DAY,
        end=DAY,
    ) as run:
        assert run.asked_for("fact_track_day") == {DAY}
        run.logs()
        assert run.asked_for("fact_track_day") == set()


@pytest.mark.parametrize("table", [*TABLES, "dim_track", "fact_stream", "mart_artist"])
def test_delta_rs_finds_rows_by_any_column(small: Lake, table: str) -> None:
    published = DeltaTable(small.path(table), version=small.release().tables[table]).to_pyarrow_dataset()
    rows = published.to_table()
    for field in published.schema:
        known = rows.column(field.name).drop_null()
        if len(known) and not pa.types.is_nested(field.type) and not pa.types.is_binary(field.type):
            same = ds.field(field.name) == known[0]
            assert published.count_rows(filter=same) == rows.filter(same).num_rows > 0, field.name
