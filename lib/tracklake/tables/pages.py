"""docs/tables.md: every table's grain, key, slices and columns, as its contract says them."""

from __future__ import annotations

from collections.abc import Iterable

from tracklake.tables.contract import Column, Contract

HEAD = """# Tables

Every table of a lake, each a Delta table at `<lake>/<table>`.
Times are UTC. Keys are 32 hex digits, date_key is yyyymmdd.
This page is written from the contracts in lib/tracklake/tables by `python -m tracklake.tables`.
"""


def tables_page(contracts: Iterable[Contract]) -> str:
    """The whole page as Markdown, tables in the order given."""
    contracts = list(contracts)
    index = "\n".join(f"- [{one.name}](#{one.name}): {one.grain}" for one in contracts)
    return "\n".join([HEAD, index, *(_section(one) for one in contracts)])


def _section(contract: Contract) -> str:
    facts = [
        f"- Grain: {contract.grain}.",
        f"- Unique: {', '.join(contract.key) or 'nothing'}.",
        f"- Partitioned by: {contract.partition_by or 'nothing'}.",
        f"- Owner: {contract.owner}.",
    ]
    head = ["| column | type | null | meaning | values |", "|---|---|---|---|---|"]
    rows = [_row(column) for column in contract.columns]
    return "\n".join(["", f"## {contract.name}", "", contract.about, "", *facts, "", *head, *rows, ""])


def _row(column: Column) -> str:
    null = "yes" if column.nullable else "no"
    return f"| {column.name} | {column.type} | {null} | {column.about} | {_allowed(column)} |"


def _allowed(column: Column) -> str:
    if column.reference:
        return f"of {column.reference.table}.{column.reference.target}"
    return ", ".join(column.values) or column.bounds
