"""20 days of real logs: the known numbers, the oracle, and blocks of days in any order."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from jobs import run_pipeline
from tests.against_oracle import COMPARED, same_as_oracle
from tests.conftest import Job
from tests.oracle import load as oracle_of
from tests.same_lake import same_lake
from tracklake.lake import Lake

REAL_NUMBERS = {
    "event": "SELECT count(*), count_if(user_id IS NULL), count_if(event_type = 'play') FROM event",
    "fact_stream": "SELECT count_if(is_stream), count_if(is_skip), sum(ms_played) FROM fact_stream",
    "dim_user": "SELECT count(DISTINCT user_id), count(*) FROM dim_user WHERE user_id <> '(anonymous)'",
    "fact_session": "SELECT count(*) FROM fact_session",
}


@pytest.mark.slow
def test_the_real_logs_give_the_known_numbers(real: Lake) -> None:
    found = {}
    for table, query in REAL_NUMBERS.items():
        real.read(table).createOrReplaceTempView(table)
        found[table] = tuple(real.spark.sql(query).collect()[0])
        real.spark.catalog.dropTempView(table)
    assert found == {
        "event": (4_965, 139, 4_223),
        "fact_stream": (4_115, 108, 999_449_330),
        "dim_user": (89, 96),
        "fact_session": (597,),
    }


@pytest.mark.slow
def test_the_real_logs_equal_the_oracle(real: Lake, real_logs: Path) -> None:
    oracle = oracle_of(real_logs, k=1)
    for table in COMPARED:
        same_as_oracle(real, oracle, table)


@pytest.mark.slow
def test_blocks_of_the_real_logs_in_any_order_equal_one_run(
    run_job: Job, real: Lake, real_logs: Path, tmp_path: Path
) -> None:
    """The last days come first."""
    for first, last in ((9, 20), (1, 8)):
        lake = run_job(
            run_pipeline, tmp_path / "lake", real_logs, date(2018, 11, first), date(2018, 11, last)
        )
    same_lake(lake, real)
