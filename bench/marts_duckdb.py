"""Facts, or the marts of facts, in DuckDB: the SQL of tests/oracle, which shares no code with the library.

python marts_duckdb.py facts PLAYS FOLDER            # fact_stream and what it refers to, to Parquet
python marts_duckdb.py marts FACTS FOLDER STEP ...   # the tables of these steps of the oracle, to Parquet
"""

import re
import sys
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[1]
ORACLE = ROOT / "tests" / "oracle"
FACTS = (
    "fact_stream",
    "fact_session",
    "feedback",
    "dim_track",
    "dim_artist",
    "dim_user",
    "satisfaction_model",
)
KEPT = ("fact_", "mart_", "session_satisfaction")
"""How the steps begin that are written down; the others are on the way to them."""

COMPARED = ROOT / "bench" / "marts_compared.sql"
LONG_WAY = ("listener AS (", "total AS (")
"""What COMPARED replaces in the oracle's mart_interplay: from the first up to the second."""

KINDS = ("('day')", "('week')", "('28_days')")
BY_KIND = ("member_period", "mart_interplay")
MOST_AT_ONCE = 20_000_000
"""Of more plays BY_KIND are made one kind of period after the other, and their CTEs as tables: as one query they do not
fit into 16 GB of memory and 70 GB of disk."""

CTE = re.compile(r"^(?:WITH )?(\w+) AS \(\n(.*?)^\),?$", re.MULTILINE | re.DOTALL)

MEMORY = "16GB"
"""Two thirds of the machine: ten million plays do not fit into the 4 GB of Spark's driver."""


def main(what: str, given: str, folder: Path, steps: list[str]) -> None:
    """Makes the tables and writes one Parquet file each; the database is a file and may outgrow the memory."""
    folder.mkdir(parents=True)
    scratch = folder / "scratch.duckdb"
    settings = {"memory_limit": MEMORY, "preserve_insertion_order": "false"}
    with duckdb.connect(scratch, config=settings) as con:
        con.execute("SET VARIABLE k = 5")
        con.execute((ORACLE / "macros.sql").read_text(encoding="utf-8"))
        if what == "facts":
            con.execute("SET VARIABLE plays = $1", [int(given)])
            con.execute((ROOT / "bench" / "marts_facts.sql").read_text(encoding="utf-8"))
            make(con, "satisfaction_model")
            for table in FACTS:
                write(con, table, folder)
        else:
            for table in FACTS:
                con.execute(f"CREATE VIEW {table} AS FROM '{Path(given) / table}.parquet'")
            con.execute("CREATE VIEW fact_feedback AS FROM feedback")
            for step in steps:
                started = time.monotonic()
                make(con, step)
                print(f"✓ {step} {time.monotonic() - started:.1f} s", flush=True)
                if step.startswith(KEPT):
                    write(con, step, folder)
    scratch.unlink()


def make(con: duckdb.DuckDBPyConnection, step: str) -> None:
    sql = (ORACLE / f"{step}.sql").read_text(encoding="utf-8")
    if step == "mart_interplay":
        before, _, rest = sql.partition(LONG_WAY[0])
        compared = COMPARED.read_text(encoding="utf-8")
        sql = f"{before}{compared}\n{LONG_WAY[1]}{rest.partition(LONG_WAY[1])[2]}"
    [plays] = con.execute("SELECT count(*) FROM fact_stream").fetchone()
    if step not in BY_KIND or plays <= MOST_AT_ONCE:
        con.execute(f"CREATE TABLE {step} AS {sql}")
        return
    for number, kind in enumerate(KINDS):
        query = sql.replace(", ".join(KINDS), kind)
        for name, body in CTE.findall(query):
            con.execute(f"CREATE OR REPLACE TABLE {name} AS {body}")
        rows = CTE.sub("", query)
        con.execute(f"INSERT INTO {step} {rows}" if number else f"CREATE TABLE {step} AS {rows}")


def write(con: duckdb.DuckDBPyConnection, table: str, folder: Path) -> None:
    con.execute(f"COPY {table} TO '{folder / table}.parquet' (COMPRESSION zstd)")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
