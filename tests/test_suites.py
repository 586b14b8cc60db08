"""Every table has a suite, and every suite covers its table's contract."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from tracklake.resources import CHECKOUT
from tracklake.suite_files import load_suite
from tracklake.tables import CONTRACTS, Contract
from tracklake.tables.key_rules import BESIDE, KeyRule, key_rule
from tracklake.tables.suite import contract_expectations, missing, rules_of

every_contract = pytest.mark.parametrize("table", CONTRACTS.values(), ids=CONTRACTS)
every_contract_expectation = pytest.mark.parametrize(
    ("table", "number"),
    [
        pytest.param(table, number, id=f"{table.name}-{number}-{one['type']}")
        for table in CONTRACTS.values()
        for number, one in enumerate(contract_expectations(table))
    ],
)


def test_there_is_a_suite_for_every_table_and_no_other() -> None:
    assert {path.stem for path in Path(CHECKOUT, "expectations").glob("*.json")} == set(CONTRACTS)


def test_readme_shows_a_suite_as_large_as_it_is() -> None:
    page = Path(CHECKOUT, "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"│ (\w+) .*│ (\d+) of (\d+) met │", page)
    assert shown
    for table, *numbers in shown:
        assert numbers == [str(len(load_suite(table)["expectations"]))] * 2, table


@every_contract
def test_a_suite_covers_its_contract(table: Contract) -> None:
    assert missing(table, load_suite(table.name)) == []


@every_contract_expectation
def test_a_suite_that_lacks_one_expectation_of_its_contract_is_found(table: Contract, number: int) -> None:
    wanted = contract_expectations(table)[number]
    suite = load_suite(table.name)
    suite["expectations"] = [one for one in suite["expectations"] if one != wanted]
    assert missing(table, suite) == [wanted]


@every_contract_expectation
def test_a_suite_that_weakens_one_expectation_of_its_contract_is_found(table: Contract, number: int) -> None:
    wanted = contract_expectations(table)[number]
    suite = copy.deepcopy(load_suite(table.name))
    next(one for one in suite["expectations"] if one == wanted)["severity"] = "warning"
    assert missing(table, suite) == [wanted]


@every_contract
def test_the_contract_part_says_columns_types_nulls_keys_references_values_ranges_rows_and_no_figures(
    table: Contract,
) -> None:
    said: dict[str, list[Any]] = {}
    for one in contract_expectations(table):
        said.setdefault(one["type"], []).append(one["kwargs"].get("column", one["description"]))
    limited = [one.name for one in table.columns if one.minimum is not None or one.maximum is not None]
    queries = [f"No two rows have the same {' and '.join(table.key)}."] if table.key else []
    queries += [f"Every {one.column} is a {one.target} of {one.table}." for one in table.references]
    queries += ["What is suppressed has no figures."] if "is_suppressed" in table.names else []
    expected = {
        "expect_table_columns_to_match_ordered_list": [
            "The columns are those of the contract, in its order."
        ],
        "expect_table_row_count_to_be_between": [
            "There may be no row." if table.may_be_empty else "There is a row."
        ],
        "expect_column_values_to_be_of_type": list(table.names),
        "expect_column_values_to_not_be_null": [one.name for one in table.columns if not one.nullable],
        "expect_column_values_to_be_in_set": [one.name for one in table.columns if one.values],
        "expect_column_values_to_be_between": limited,
        "unexpected_rows_expectation": queries,
    }
    assert said == {kind: names for kind, names in expected.items() if names}


@every_contract
def test_every_rule_about_keys_is_counted_by_hash(table: Contract) -> None:
    """The fast way recognises what the suite says; a rule said otherwise would be slow, and none may be missed."""
    queries = {
        one["description"]: one["kwargs"]["unexpected_rows_query"]
        for one in load_suite(table.name)["expectations"]
        if one["type"] == "unexpected_rows_expectation"
    }
    rules = {told: key_rule(query) for told, query in queries.items()}
    for reference in table.references:
        told = f"Every {reference.column} is a {reference.target} of {reference.table}."
        assert rules[told] == KeyRule((reference.column,), reference.table, reference.target)
    told = f"No two rows have the same {' and '.join(table.key)}."
    elsewhere = None if table.partition_by in table.key else BESIDE
    assert rules.get(told) == (KeyRule(table.key, elsewhere) if table.key else None)
    others = [told for told, rule in rules.items() if rule is None]
    assert not [told for told in others if told.startswith(("No two rows", "Every ")) and " is a " in told]


def test_every_text_that_a_rule_finds_is_called_as_its_column_is(spark: SparkSession) -> None:
    """Or by a name that ends so, ``following_location``: what is withheld from messages and pages goes by names."""
    for table in CONTRACTS.values():
        table.no_rows(spark).createOrReplaceTempView(table.name)
    for table in CONTRACTS.values():
        table.no_rows(spark).createOrReplaceTempView(BESIDE)
        for one in load_suite(table.name)["expectations"]:
            if one["type"] == "unexpected_rows_expectation":
                found = spark.sql(one["kwargs"]["unexpected_rows_query"].format(batch=table.name)).dtypes
                others = {name for name, kind in found if kind == "string"} - set(table.names)
                assert not [name for name in others if not name.endswith(tuple(f"_{x}" for x in table.names))]
    for name in (*CONTRACTS, BESIDE):
        spark.catalog.dropTempView(name)


@every_contract
def test_nothing_that_a_rule_counts_is_called_as_a_column_of_its_table_is(table: Contract) -> None:
    """Or ``inspect_run`` would look for the rows that have this number in that column."""
    for one in load_suite(table.name)["expectations"]:
        told = re.findall(r"\bAS (\w+)", one["kwargs"].get("unexpected_rows_query", ""))
        assert not set(told) & set(table.names)


def test_a_contract_rule_is_a_sentence_about_its_column() -> None:
    said = [one["description"] for one in contract_expectations(CONTRACTS["fact_stream"])]
    assert {
        "event_id is never null.",
        "ms_played is of type bigint.",
        "ms_played is at least 0.",
        "completion is from 0 to 1.",
        "level is one of free, paid.",
    } <= {*said}


def test_a_column_added_to_a_contract_is_missing_in_its_suite() -> None:
    table = CONTRACTS["dim_track"]
    longer = replace(table, columns=(*table.columns, replace(table.column("title"), name="isrc")))
    assert [one["type"] for one in missing(longer, load_suite("dim_track"))] == [
        "expect_table_columns_to_match_ordered_list",
        "expect_column_values_to_be_of_type",
    ]


@every_contract
def test_every_rule_beyond_the_contract_says_what_and_why(table: Contract) -> None:
    rules = rules_of(load_suite(table.name))
    assert rules
    for rule in rules:
        assert rule["notes"].endswith(".")
        assert rule["severity"] in ("critical", "warning", "info")
        if rule["type"] == "unexpected_rows_expectation":
            assert rule["description"].endswith(".")
            assert set(rule["meta"]["columns"]) <= set(table.names)


@every_contract
def test_a_suite_is_great_expectations_own_json(table: Contract) -> None:
    from great_expectations.core.expectation_suite import ExpectationSuite

    suite = load_suite(table.name)
    read = ExpectationSuite(**suite).to_json_dict()
    assert [(one["type"], one["kwargs"]) for one in read["expectations"]] == [
        (one["type"], one["kwargs"]) for one in suite["expectations"]
    ]
