"""Facts, or the marts of facts, in DuckDB: the SQL of tests/oracle, which shares no code with the library.

python marts_duckdb.py facts PLAYS FOLDER            # fact_stream and what it refers to, to Parquet
python marts_duckdb.py marts FACTS FOLDER PART ...   # the marts of PARTS, and what they need, to Parquet
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
PARTS = {
    "performance": (
        "fact_track_day",
        "fact_artist_day",
        "member_listened",
        "member_period",
        "member_level",
        "fact_audience",
        "mart_track_performance",
        "mart_artist",
        "mart_artist_audience",
    ),
    "satisfaction": ("session_behaviour", "session_satisfaction", "mart_user_satisfaction"),
    "interplay": ("mart_interplay",),
}
"""The steps of each part; no part needs another."""

KEPT = ("fact_", "mart_", "session_satisfaction")
"""How the steps begin that are written down; the others are on the way to them."""

COMPARED = ROOT / "bench" / "marts_compared.sql"
LONG_WAY = ("listener AS (", "total AS (")
"""What COMPARED replaces in the oracle's mart_interplay: from the first up to the second."""

KINDS = ("('day')", "('week')", "('28_days')")
BY_KIND = ("member_period", "mart_interplay")
MOST_AT_ONCE = 20_000_000
"""Of more plays BY_KIND are made one kind of period after the other, and the CTEs of mart_interplay as tables: as one
query they do not fit into 16 GB of memory and 70 GB of disk."""

CTE = re.compile(r"^(?:WITH )?(\w+) AS \(\n(.*?)^\),?$", re.MULTILINE | re.DOTALL)

MEMORY = "16GB"
"""Two thirds of the machine: ten million plays do not fit into the 4 GB of Spark's driver."""


def main(what: str, given: str, folder: Path, parts: list[str]) -> None:
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
            write(con, FACTS, folder)
        else:
            for table in FACTS:
                con.execute(f"CREATE VIEW {table} AS FROM '{Path(given) / table}.parquet'")
            con.execute("CREATE VIEW fact_feedback AS FROM feedback")
            for step in (step for part in parts for step in PARTS[part]):
                started = time.monotonic()
                make(con, step)
                print(f"✓ {step} {time.monotonic() - started:.1f} s", flush=True)
                if step.startswith(KEPT):
                    write(con, [step], folder)
    scratch.unlink()


def make(con: duckdb.DuckDBPyConnection, step: str) -> None:
    sql = (ORACLE / f"{step}.sql").read_text(encoding="utf-8")
    if step == "mart_interplay":
        before, _, rest = sql.partition(LONG_WAY[0])
        compared = COMPARED.read_text(encoding="utf-8")
        sql = f"{before}{compared}\n{LONG_WAY[1]}{rest.partition(LONG_WAY[1])[2]}"
    large = step in BY_KIND and con.sql("SELECT count(*) FROM fact_stream").fetchall() > [(MOST_AT_ONCE,)]
    for number, kind in enumerate(KINDS if large else [", ".join(KINDS)]):
        query = sql.replace(", ".join(KINDS), kind)
        if large and step == "mart_interplay":
            for name, body in CTE.findall(query):
                con.execute(f"CREATE OR REPLACE TABLE {name} AS {body}")
            query = CTE.sub("", query)
        con.execute(f"INSERT INTO {step} {query}" if number else f"CREATE TABLE {step} AS {query}")


def write(con: duckdb.DuckDBPyConnection, tables: tuple[str, ...] | list[str], folder: Path) -> None:
    for table in tables:
        con.execute(f"COPY {table} TO '{folder / table}.parquet' (COMPRESSION zstd)")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
