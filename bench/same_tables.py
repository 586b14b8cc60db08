"""Whether two tables hold the same rows, by sums of hashes that do not depend on the order of rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from tracklake.tables import CONTRACTS, Contract

ONLY_IN_OURS = frozenset({"context_type", "artist_ids", "ids_by_name"})
"""Columns that the other contenders lack: of sparkify's logs two are empty, and ids are always found by name."""

SKETCHES = frozenset({"listeners_sketch"})
"""Columns that DuckDB cannot make: plain PySpark has them."""

NOT_COMPARED = frozenset({"ingested_at", "run_id", "source_file", "detail"}) | ONLY_IN_OURS | SKETCHES
"""When and by which run a record was read, from which of the files that hold it, a refusal's words; the above."""

ONLY_OURS = (
    "mart_",
    "fact_audience",
    "fact_listening",
    "session_satisfaction",
    "satisfaction_model",
    "audit_result",
    "source_",
)
COMPARED = [table for table in CONTRACTS if not table.startswith(ONLY_OURS)]
"""The tables that all contenders build."""

_AS_COMPARED = {
    "timestamp": "epoch_us({})",
    "double": "round({}, 9)",
    "string": "{}",
    "boolean": "{}",
    "date": "CAST({} AS DATE)",
    "bigint": "CAST({} AS BIGINT)",
    "int": "CAST({} AS BIGINT)",
    "array<string>": "CAST({} AS VARCHAR)",
}
_JSON_OBJECT = "CAST(list_sort(map_entries(CAST(CAST({} AS JSON) AS MAP(VARCHAR, VARCHAR)))) AS VARCHAR)"


@dataclass(frozen=True)
class Fingerprint:
    """Number of rows of a table, the sum of its rows' hashes, and that of each column's values."""

    rows: int
    sum_of_rows: int
    sums: Mapping[str, int]


def fingerprint(relation: duckdb.DuckDBPyRelation, contract: Contract) -> Fingerprint:
    """The fingerprint of a table's columns but NOT_COMPARED. Fails if one of the contract's is missing."""
    kinds = {column.name: column.type for column in contract.columns if column.name not in NOT_COMPARED}
    values = {
        name: (_JSON_OBJECT if name == "extra" else _AS_COMPARED[kind]).format(f'"{name}"')
        for name, kind in kinds.items()
    }
    sums = [f"coalesce(sum(hash({value})), 0)" for value in (", ".join(values.values()), *values.values())]
    [(rows, sum_of_rows, *of_columns)] = relation.aggregate(f"count(*), {', '.join(sums)}").fetchall()
    return Fingerprint(rows, sum_of_rows, dict(zip(values, of_columns, strict=True)))


def differences(mine: Fingerprint, theirs: Fingerprint) -> str:
    """What differs between two fingerprints of one table, in words; empty if nothing does."""
    if mine == theirs:
        return ""
    columns = [name for name, total in mine.sums.items() if total != theirs.sums[name]]
    which = ", ".join(columns) if columns else "which values stand in one row"
    return f"{mine.rows:,} rows and {theirs.rows:,}; differing: {which}"
