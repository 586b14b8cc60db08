"""The part of a table's suite that follows from its contract, as Great Expectations writes it to JSON.

Expectations marked ``"origin": "contract"`` are written by ``python -m tracklake.tables``; the others in
expectations/<table>.json are the table's business rules, kept by hand and left as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tracklake.tables.contract import Column, Contract, Reference
from tracklake.tables.key_rules import exists, unique

SUPPRESSED = "is_suppressed"
"""The column of a mart that says of a row that it has no figures: of whatever may be null, nothing is there."""

Expectation = dict[str, Any]
Suite = dict[str, Any]


def contract_expectations(contract: Contract) -> list[Expectation]:
    """Every expectation that the contract implies, in the order in which they are told to a reader."""
    return [
        _native(
            "The columns are those of the contract, in its order.",
            "expect_table_columns_to_match_ordered_list",
            column_list=list(contract.names),
        ),
        _row_count(contract),
        *(_type(column) for column in contract.columns),
        *_not_null(contract),
        *_values(contract),
        *_ranges(contract),
        *([_unique(contract)] if contract.key else []),
        *(_exists(reference) for reference in contract.references),
        *([_suppressed(contract)] if SUPPRESSED in contract.names else []),
    ]


def suite_with(contract: Contract, rules: Iterable[Expectation]) -> Suite:
    """The whole suite: what the contract implies, then the business rules."""
    return {
        "name": contract.name,
        "id": None,
        "expectations": [*contract_expectations(contract), *rules],
        "meta": {"owner": contract.owner, "grain": contract.grain},
        "notes": contract.about,
    }


def rules_of(suite: Suite) -> list[Expectation]:
    """The expectations of a suite that do not come from its contract."""
    return [one for one in suite["expectations"] if one["meta"].get("origin") != "contract"]


def missing(contract: Contract, suite: Suite) -> list[Expectation]:
    """What the contract implies and the suite does not say; nothing if the suite covers its contract."""
    said = {_identity(one) for one in suite["expectations"]}
    return [one for one in contract_expectations(contract) if _identity(one) not in said]


def _identity(expectation: Expectation) -> str:
    return json.dumps([expectation["type"], expectation["kwargs"], expectation["severity"]], sort_keys=True)


def _native(description: str, kind: str, **kwargs: Any) -> Expectation:
    return {
        "type": kind,
        "kwargs": kwargs,
        "meta": {"origin": "contract"},
        "description": description,
        "severity": "critical",
    }


def _query(description: str, query: str, columns: Iterable[str]) -> Expectation:
    rule = _native(description, "unexpected_rows_expectation", unexpected_rows_query=query)
    return rule | {"meta": rule["meta"] | {"columns": list(columns)}}


def _row_count(contract: Contract) -> Expectation:
    least = 0 if contract.may_be_empty else 1
    return _native(
        "There is a row." if least else "There may be no row.",
        "expect_table_row_count_to_be_between",
        min_value=least,
    )


def _type(column: Column) -> Expectation:
    return _native(
        f"{column.name} is of type {column.type}.",
        "expect_column_values_to_be_of_type",
        column=column.name,
        type_=type(column.spark_type).__name__,
    )


def _not_null(contract: Contract) -> list[Expectation]:
    return [
        _native(f"{column.name} is never null.", "expect_column_values_to_not_be_null", column=column.name)
        for column in contract.columns
        if not column.nullable
    ]


def _values(contract: Contract) -> list[Expectation]:
    return [
        _native(
            f"{column.name} is one of {', '.join(column.values)}.",
            "expect_column_values_to_be_in_set",
            column=column.name,
            value_set=list(column.values),
        )
        for column in contract.columns
        if column.values
    ]


def _ranges(contract: Contract) -> list[Expectation]:
    return [
        _native(
            f"{column.name} is {column.bounds}.",
            "expect_column_values_to_be_between",
            column=column.name,
            **({} if column.minimum is None else {"min_value": column.minimum}),
            **({} if column.maximum is None else {"max_value": column.maximum}),
        )
        for column in contract.columns
        if column.bounds
    ]


def _unique(contract: Contract) -> Expectation:
    """Keys that hold the date of their slice cannot meet in another one; all others are looked for there."""
    query = unique(contract.key, beside=contract.partition_by not in contract.key)
    return _query(f"No two rows have the same {' and '.join(contract.key)}.", query, contract.key)


def _exists(reference: Reference) -> Expectation:
    column, table, target = reference.column, reference.table, reference.target
    return _query(f"Every {column} is a {target} of {table}.", exists(column, table, target), [column])


def _suppressed(contract: Contract) -> Expectation:
    figures = [column.name for column in contract.columns if column.nullable]
    told = " OR ".join(f"{figure} IS NOT NULL" for figure in figures)
    query = f"SELECT * FROM {{batch}} WHERE {SUPPRESSED} AND ({told})"
    return _query("What is suppressed has no figures.", query, [SUPPRESSED])
