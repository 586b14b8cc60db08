"""The oracle: the lake's tables computed a second time, in DuckDB, from the raw sparkify logs.

It shares no code with the library. Each table is one SQL file beside this module; `load` runs them in order.
Three columns are left to the pipeline: fact_stream's platform, country and context_type, which the logs do not state.
"""

import gzip
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas
import pyarrow as pa

TABLES = (
    "event",
    "quarantine",
    "catalogue",
    "dim_user",
    "dim_track",
    "dim_artist",
    "bridge_track_artist",
    "dim_date",
    "fact_stream",
    "fact_session",
    "fact_feedback",
    "fact_track_day",
    "fact_artist_day",
    "satisfaction_model",
    "session_satisfaction",
    "mart_user_satisfaction",
    "mart_interplay",
    "fact_listening",
    "fact_audience",
    "mart_track_performance",
    "mart_artist",
    "mart_artist_audience",
)
STEPS = (
    "record",
    "quarantine",
    "event",
    "counts",
    "catalogue",
    "credit",
    "dim_user",
    "dim_track",
    "dim_artist",
    "bridge_track_artist",
    "dim_date",
    "session",
    "fact_stream",
    "fact_session",
    "feedback",
    "fact_feedback",
    "fact_track_day",
    "fact_artist_day",
    "session_behaviour",
    "satisfaction_model",
    "session_satisfaction",
    "mart_user_satisfaction",
    "mart_interplay",
    "fact_listening",
    "member_listened",
    "member_period",
    "member_level",
    "fact_audience",
    "mart_track_performance",
    "mart_artist",
    "mart_artist_audience",
)
MARTS = STEPS[STEPS.index("member_listened") :]
"""The steps from facts to marts."""

SQL = Path(__file__).parent
SHOWN = 5
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})")
_MONTH = re.compile(r"(?:^|/)(\d{4})/(\d{2})/")
_CP1252 = {
    bytes([code]).decode("cp1252"): code
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def load(
    input_dir: str | Path, start: date | str | None = None, end: date | str | None = None, k: int = 5
) -> duckdb.DuckDBPyConnection:
    """A connection with all tables of the lake (TABLES), and `counts`: read, events, duplicates, quarantined.

    `k` is the number of listeners of which marts may tell at least. Sketches are left out.

    The range picks log files by the day (or month) in their path, both ends included; a path that has neither
    is always read.
    """
    folder = Path(input_dir)
    first, last = (str(day) if day is not None else None for day in (start, end))
    con = connect(k)
    con.create_function("repaired", repaired, ["VARCHAR"], "VARCHAR")
    logs = [
        path
        for path in _files(folder / "log_data")
        if _in_range(path.relative_to(folder).as_posix(), first, last)
    ]
    _fill(con, "log_line", _lines(folder, logs))
    _fill(con, "catalogue_line", _lines(folder, _files(folder / "song_data")))
    compute(con, STEPS)
    return con


def connect(k: int = 5) -> duckdb.DuckDBPyConnection:
    """A connection without tables, to which `compute` may add steps."""
    con = duckdb.connect()
    con.execute("SET VARIABLE k = $1", [k])
    con.execute((SQL / "macros.sql").read_text())
    return con


def compute(con: duckdb.DuckDBPyConnection, steps: Sequence[str]) -> None:
    """Adds the tables of some of the steps to a connection that has those before."""
    for step in steps:
        con.execute(f"CREATE TABLE {step} AS {(SQL / f'{step}.sql').read_text()}")


def repaired(text: str) -> str:
    """The text that was meant, where UTF-8 was read as cp1252 or latin-1 once or twice: BjÃ¶rk is Björk."""
    for _ in range(2):
        codes = [ord(char) if ord(char) < 0x100 else _CP1252.get(char, -1) for char in text]
        if -1 in codes or all(code < 0x80 for code in codes):
            break
        try:
            text = bytes(codes).decode("utf-8")
        except UnicodeDecodeError:
            break
    return text


def assert_same(
    con: duckdb.DuckDBPyConnection, table: str, found: Any, columns: Sequence[str] | None = None
) -> None:
    """Raise AssertionError, with the first rows that differ, unless `found` holds the oracle's rows.

    Rows are compared as a multiset on `columns` (default: all that the oracle has). `found` is a Spark or
    pandas frame, an Arrow table or a deltalake table. Types are the oracle's, times are UTC, doubles
    are equal to 9 places.
    """
    types = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE {table}").fetchall()}
    wanted = list(columns or types)
    arrow = _arrow(found)
    missing = [name for name in wanted if name not in arrow.column_names]
    assert not missing, (
        f"{table}: the table found has no column {', '.join(missing)}; it has {', '.join(arrow.column_names)}"
    )
    con.register("found", arrow.select(wanted))
    try:
        mine, theirs = (f"SELECT {_compared(wanted, types)} FROM {name}" for name in (table, "found"))
        only_mine = con.execute(f"{mine} EXCEPT ALL {theirs}").df()
        only_theirs = con.execute(f"{theirs} EXCEPT ALL {mine}").df()
        rows = [con.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for name in (table, "found")]
    finally:
        con.unregister("found")
    assert len(only_mine) + len(only_theirs) == 0, (
        f"{table} differs: the oracle has {rows[0]} rows, the table found {rows[1]}.\n"
        + _shown("Only in the oracle", only_mine)
        + _shown("Only in the table found", only_theirs)
    )


def _files(folder: Path) -> list[Path]:
    """Every log or catalogue file below the folder; hidden files and markers such as _SUCCESS are none."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.name.endswith((".json", ".json.gz", ".jsonl", ".jsonl.gz")) and path.name[0] not in "._"
    )


def _in_range(path: str, first: str | None, last: str | None) -> bool:
    if days := _DAY.findall(path):
        low = high = days[-1]
    elif months := _MONTH.findall(path):
        low, high = f"{months[-1][0]}-{months[-1][1]}-01", f"{months[-1][0]}-{months[-1][1]}-31"
    else:
        return True
    return (first is None or high >= first) and (last is None or low <= last)


def _lines(folder: Path, paths: Iterable[Path]) -> Iterator[tuple[str, int, str]]:
    """(file, line number, line) of every line that is not blank; bytes that are no UTF-8 become U+FFFD."""
    for path in paths:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for number, line in enumerate(data.splitlines(), start=1):
            if line.strip():
                yield path.relative_to(folder).as_posix(), number, line.decode("utf-8", errors="replace")


def _fill(con: duckdb.DuckDBPyConnection, table: str, lines: Iterator[tuple[str, int, str]]) -> None:
    columns = list(zip(*lines, strict=True)) or [(), (), ()]
    kinds = {"source_file": pa.string(), "line_number": pa.int64(), "line": pa.string()}
    found = pa.table(
        {name: pa.array(values, kind) for (name, kind), values in zip(kinds.items(), columns, strict=True)}
    )
    con.register("lines_read", found)
    con.execute(f"CREATE TABLE {table} AS SELECT * FROM lines_read")
    con.unregister("lines_read")


def _compared(columns: Sequence[str], types: dict[str, str]) -> str:
    return ", ".join(
        f'round(CAST("{name}" AS DOUBLE), 9) AS "{name}"'
        if types[name] == "DOUBLE"
        else f'CAST("{name}" AS {types[name]}) AS "{name}"'
        for name in columns
    )


def _arrow(found: Any) -> pa.Table:
    if isinstance(found, pandas.DataFrame):
        found = pa.Table.from_pandas(found, preserve_index=False)
    elif hasattr(found, "toArrow"):
        found = found.toArrow()
    elif hasattr(found, "to_pyarrow_table"):
        found = found.to_pyarrow_table()
    for position, field in enumerate(found.schema):
        if pa.types.is_timestamp(field.type):
            plain = found.column(position).cast(pa.timestamp("us", tz=field.type.tz)).cast(pa.timestamp("us"))
            found = found.set_column(position, field.name, plain)
    return found


def _shown(title: str, rows: pandas.DataFrame) -> str:
    if rows.empty:
        return ""
    first = rows.sort_values(list(rows.columns)[:1]).head(SHOWN)
    return f"{title} ({len(rows)} rows, the first {len(first)}):\n{first.to_string(index=False)}\n"
