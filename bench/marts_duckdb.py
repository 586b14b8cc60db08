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
FACTS = (
    "fact_stream",
    "fact_session",
    "feedback",
    "dim_track",
    "dim_artist",
    "dim_user",
    "satisfaction_model",
)
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
    "session_behaviour",
    "session_satisfaction",
    "mart_user_satisfaction",
    "mart_interplay",
)
KEPT = ("fact_", "mart_", "session_satisfaction")
"""How the steps begin that are written down; the others are on the way to them."""

COMPARED = ROOT / "bench" / "marts_compared.sql"
LONG_WAY = ("listener AS (", "total AS (")
"""What COMPARED replaces in the oracle's mart_interplay: from the first up to the second."""

KINDS = ("('day')", "('week')", "('28_days')")
MOST_AT_ONCE = 20_000_000
"""Of more plays mart_interplay is made one kind of period after the other: all at once fill 70 GB of disk."""

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
            make(con, "satisfaction_model")
            write(con, FACTS, folder)
        else:
            for table in FACTS:
                con.execute(f"CREATE VIEW {table} AS FROM '{Path(given) / table}.parquet'")
            con.execute("CREATE VIEW fact_feedback AS FROM feedback")
            for step in STEPS:
                started = time.monotonic()
                make(con, step)
                print(f"✓ {step} {time.monotonic() - started:.1f} s", flush=True)
            write(con, [step for step in STEPS if step.startswith(KEPT)], folder)
    scratch.unlink()


def make(con: duckdb.DuckDBPyConnection, step: str) -> None:
    sql = (ORACLE / f"{step}.sql").read_text(encoding="utf-8")
    parts = [sql]
    if step == "mart_interplay":
        before, _, rest = sql.partition(LONG_WAY[0])
        compared = COMPARED.read_text(encoding="utf-8")
        sql = f"{before}{compared}\n{LONG_WAY[1]}{rest.partition(LONG_WAY[1])[2]}"
        [plays] = con.execute("SELECT count(*) FROM fact_stream").fetchone()
        at_once = [", ".join(KINDS)] if plays <= MOST_AT_ONCE else KINDS
        parts = [sql.replace(", ".join(KINDS), kinds) for kinds in at_once]
    for number, part in enumerate(parts):
        con.execute(f"INSERT INTO {step} {part}" if number else f"CREATE TABLE {step} AS {part}")


def write(con: duckdb.DuckDBPyConnection, tables: tuple[str, ...] | list[str], folder: Path) -> None:
    for table in tables:
        con.execute(f"COPY {table} TO '{folder / table}.parquet' (COMPRESSION zstd)")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
