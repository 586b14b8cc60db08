"""The thirteen tables in DuckDB, to one Parquet file each: the SQL beside this file, run from top to bottom.

    python duckdb_pipeline.py LOGS FOLDER

The database is a file in FOLDER, so that it may be larger than the memory; it is removed at the end.
"""

import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

SQL = Path(__file__).with_suffix(".sql")
MEMORY = "4GB"
"""As much as conf/local.toml gives Spark's driver."""
_CREATED = re.compile(r"CREATE TABLE (\w+) AS")
_CP1252 = {
    bytes([code]).decode("cp1252"): code
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}


def main(logs: Path, folder: Path) -> None:
    """Builds every table and writes it; a table whose name begins with _ is a step on the way."""
    folder.mkdir(parents=True)
    scratch = folder / "scratch.duckdb"
    with duckdb.connect(scratch, config={"memory_limit": MEMORY, "preserve_insertion_order": "false"}) as con:
        con.create_function("repaired", repaired, ["VARCHAR"], "VARCHAR")
        con.execute("SET VARIABLE logs = $1", [log_files(logs / "log_data")])
        con.execute("SET VARIABLE songs = $1", [log_files(logs / "song_data")])
        con.execute("SET VARIABLE now = $1::TIMESTAMP", [datetime.now(UTC).replace(tzinfo=None)])
        for statement in con.extract_statements(SQL.read_text(encoding="utf-8")):
            started = time.monotonic()
            con.execute(statement)
            created = _CREATED.search(statement.query)
            if not created:
                continue
            table = created[1]
            if not table.startswith("_"):
                con.execute(f"COPY {table} TO '{folder / table}.parquet' (COMPRESSION zstd)")
            print(f"✓ {table} {time.monotonic() - started:.1f} s", flush=True)
    scratch.unlink()


def log_files(folder: Path) -> list[str]:
    """The JSON files below a folder, hidden ones aside."""
    return sorted(
        str(path)
        for path in folder.rglob("*")
        if path.name.endswith((".json", ".json.gz")) and not path.name.startswith((".", "_"))
    )


def repaired(text: str) -> str:
    """Mojibake, once or twice encoded, as it was meant; other text as it is."""
    for _ in range(2):
        codes = [ord(char) if ord(char) < 0x100 else _CP1252.get(char, -1) for char in text]
        if not any(0xC2 <= code <= 0xF4 for code in codes) or -1 in codes:
            break
        try:
            text = bytes(codes).decode("utf-8")
        except UnicodeDecodeError:
            break
    return text


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
