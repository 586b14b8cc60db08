"""The oracle of the logs by hand and of the real logs, each computed once."""

import os
from pathlib import Path

import duckdb
import pytest

from . import load

ROOT = Path(__file__).parents[2]
BY_HAND = ROOT / "tests" / "fixtures" / "sparkify"
REAL = Path(os.environ.get("TRACKLAKE_SPARKIFY_LOGS", ROOT.parent / "shared" / "data" / "sparkify"))


@pytest.fixture(scope="session")
def by_hand() -> duckdb.DuckDBPyConnection:
    return load(BY_HAND)


@pytest.fixture(scope="session")
def real() -> duckdb.DuckDBPyConnection:
    if not REAL.is_dir():
        pytest.skip(f"The real logs are not at {REAL}; TRACKLAKE_SPARKIFY_LOGS may name another place.")
    return load(REAL)
