"""The oracle of sources: the events of a folder of logs computed a second time, in DuckDB.

Each source is one SQL file beside this module, which makes the tables ``event`` and ``quarantined``.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

HERE = Path(__file__).parent


def load(source: str, folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection with the events of the folder, each once, and the records that are none."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute((HERE.parent / "macros.sql").read_text())
    con.execute("SET VARIABLE folder = ?", [str(folder)])
    con.execute((HERE / f"{source}.sql").read_text())
    return con
