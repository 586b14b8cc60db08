"""Facts, or the marts of facts, in DuckDB: the SQL of tests/oracle, which shares no code with the library.

python marts_duckdb.py facts PLAYS FOLDER     # fact_stream and what it refers to, to Parquet
python marts_duckdb.py marts FACTS FOLDER     # days and marts of these, to Parquet
"""

import sys
import time
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[1]
ORACLE = ROOT / "tests" / "oracle"
FACTS = ("fact_stream", "feedback", "dim_track", "dim_artist", "dim_user")
STEPS = (
    "fact_track_day",
    "fact_artist_day",
    "member_listened",
    "member_period",
    "member_level",
    "fact_audience",
    "mart_track_performance",
    "mart_artist",
    "mart_artist_audience",
)
MEMORY = "12GB"
"""Half of the machine: ten million plays do not fit into the 4 GB of Spark's driver."""


def main(what: str, given: str, folder: Path) -> None:
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
            write(con, FACTS, folder)
        else:
            for table in FACTS:
                con.execute(f"CREATE VIEW {table} AS FROM '{Path(given) / table}.parquet'")
            for step in STEPS:
                started = time.monotonic()
                con.execute(f"CREATE TABLE {step} AS {(ORACLE / f'{step}.sql').read_text(encoding='utf-8')}")
                print(f"✓ {step} {time.monotonic() - started:.1f} s", flush=True)
            write(con, [step for step in STEPS if step.startswith(("fact_", "mart_"))], folder)
    scratch.unlink()


def write(con: duckdb.DuckDBPyConnection, tables: tuple[str, ...] | list[str], folder: Path) -> None:
    for table in tables:
        con.execute(f"COPY {table} TO '{folder / table}.parquet' (COMPRESSION zstd)")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
