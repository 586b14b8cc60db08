"""The suites in expectations/, as audits take them: each whole, with rules that can all be checked, or none at all."""

from __future__ import annotations

import json
from typing import Any

from tracklake import resources
from tracklake.errors import WrongUsage, did_you_mean


def load_suite(table: str) -> dict[str, Any]:
    """The suite of a table as Great Expectations reads it.

    Raises WrongUsage if there is none, or it is no JSON object with the table's name and a list of rules, each of
    which has a type and arguments.
    """
    path = resources.suites() / f"{table}.json"
    if not path.is_file():
        raise WrongUsage(
            f"Table {table} has no suite: write expectations/{table}.json, or the table is not published."
        )
    try:
        suite = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise WrongUsage(
            f"The suite expectations/{table}.json is not JSON, line {error.lineno}: {error.msg}; mend it."
        ) from error
    except UnicodeDecodeError as error:
        raise WrongUsage(f"The suite expectations/{table}.json is not UTF-8; mend it.") from error
    if not isinstance(suite, dict) or suite.get("name") != table:
        raise WrongUsage(
            f'The suite expectations/{table}.json is no JSON object with "name": "{table}"; mend it.'
        )
    if not isinstance(suite.get("expectations"), list):
        raise WrongUsage(
            f'The suite expectations/{table}.json has no list of rules as its "expectations"; mend it.'
        )
    for number, rule in enumerate(suite["expectations"], start=1):
        if not isinstance(rule, dict):
            raise _unusable(table, number, {}, "it is no JSON object")
        if not isinstance(rule.get("type"), str):
            raise _unusable(table, number, rule, 'it has no text as its "type"')
        if not isinstance(rule.get("kwargs"), dict):
            raise _unusable(table, number, rule, 'it has no JSON object as its "kwargs"')
    return suite


def refuse_unusable_rules(suite: dict[str, Any]) -> None:
    """Raises WrongUsage for the first rule that Great Expectations does not take.

    In a suite of its own it would leave such a rule out, as that of an unknown type or severity, and say nothing.
    """
    from great_expectations.compatibility.pydantic import ValidationError
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError, GreatExpectationsError
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    for number, rule in enumerate(suite["expectations"], start=1):
        try:
            ExpectationConfiguration(**rule).to_domain_obj()
        except ExpectationNotFoundError as error:
            kind, kinds = rule["type"], list_registered_expectation_implementations()
            wrong = f"Great Expectations knows no type {kind}{did_you_mean(kind, kinds)}"
            raise _unusable(suite["name"], number, rule, wrong) from error
        except ValidationError as error:
            raise _unusable(suite["name"], number, rule, _in_words(error.errors())) from error
        except (GreatExpectationsError, TypeError, ValueError) as error:
            raise _unusable(suite["name"], number, rule, str(error)) from error


def _in_words(errors: list[Any]) -> str:
    """What is wrong with which argument, once for each."""
    told = {".".join(str(part) for part in one["loc"] if part != "__root__"): one["msg"] for one in errors}
    return "; ".join(f"{name}: {said}" if name else said for name, said in told.items())


def _unusable(table: str, number: int, rule: dict[str, Any], wrong: str) -> WrongUsage:
    named = rule.get("description") or rule.get("type")
    return WrongUsage(
        f"Rule {number} of expectations/{table}.json{f' ({named})' if named else ''} cannot be used, and nothing was "
        f"published; mend it: {wrong}"
    )
