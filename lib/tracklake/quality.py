"""The audit: a table's Great Expectations suite, run on exactly the rows that are to be published."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pyspark.sql import DataFrame, SparkSession

from tracklake.data_docs import DataDocs, summed_up
from tracklake.errors import TracklakeError, WrongUsage
from tracklake.failures import spark_cause
from tracklake.places import seen_from
from tracklake.shown import beginning
from tracklake.suite_files import load_suite, refuse_unusable_rules
from tracklake.tables import CONTRACTS, Contract, contract
from tracklake.tables.key_rules import BESIDE

if TYPE_CHECKING:
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration

MOST_SAMPLED = 5

LONGEST_VALUE = 100
"""Characters of a text in a sample row that messages and pages show."""

WITHHELD = frozenset({"raw_record", "extra", "user_agent", "location"})
"""Columns that may say who somebody is: their values, whatever a rule calls them, are in no message and on no page."""
NOT_SHOWN = "(withheld)"
COLUMNS = "expect_table_columns_to_match_ordered_list"
TYPE = "expect_column_values_to_be_of_type"
ROW_COUNT = "expect_table_row_count_to_be_between"
QUERY = "unexpected_rows_expectation"
SPARK_CONDITION = re.compile(r"\[[A-Z][A-Z0-9_.]+\]")
"""How Spark names what is wrong."""
OF_THE_QUERY = re.compile(r"SQLSTATE: 42")
"""How it says that this is the query as it is written: no row was looked at."""
QUOTED = re.compile(r"'.*'|'.*|(?<=input string: ).*")
"""What it quotes in a line, from the first mark to the last."""
WITH_DETAILS = {"result_format": "COMPLETE"}
WITH_ROWS: dict[str, object] = {
    "result_format": "BASIC",
    "include_unexpected_rows": True,
    "partial_unexpected_count": MOST_SAMPLED,
}


@dataclass(frozen=True)
class Failure:
    """An expectation that was not met: what was expected of which column, what was seen, some rows of it.

    ``column`` is empty for an expectation of the whole table, and names several where a rule spans them.
    A sample row holds the table's key, those columns, and what the rule counted.
    """

    expectation: str
    column: str
    severity: str
    observed: str
    sample: tuple[dict[str, Any], ...] = ()

    @property
    def columns(self) -> list[str]:
        """The columns concerned, one by one."""
        return [name for name in self.column.split(", ") if name]


@dataclass(frozen=True)
class Verdict:
    """What an audit found: how many expectations were checked on how many rows, and which were not met.

    Severity is Great Expectations' own: a table passes unless something ``critical`` failed; a ``warning`` is
    published and shown, an ``info`` is recorded in the Data Docs and counted, no more. Where a critical expectation
    of the columns or their types failed, the rows could not be looked at: ``rows_checked`` is false, ``rows`` 0.
    """

    table: str
    expectations: int
    rows: int
    failures: tuple[Failure, ...] = ()
    rows_checked: bool = True

    @property
    def passed(self) -> bool:
        """Whether the rows may be published."""
        return not self.of_severity("critical")

    @property
    def met(self) -> int:
        """How many expectations were met."""
        return self.expectations - len(self.failures)

    def of_severity(self, severity: str) -> list[Failure]:
        """The failures of one severity: critical, warning or info."""
        return [failure for failure in self.failures if failure.severity == severity]


class Auditor:
    """Audits the tables of one run and writes what it found to the lake's Data Docs.

    ``docs`` is the folder of the docs (``<lake>/_docs``), ``run_id`` the name they list the run under.
    Making one loads Great Expectations (four seconds). Audits run one at a time, in any thread: they share
    temporary views named like the tables, which are gone when the audit ends.
    """

    def __init__(self, spark: SparkSession, docs: str, run_id: str) -> None:
        self._spark = spark
        self._docs = DataDocs(seen_from(spark, docs), run_id)

    def audit(
        self,
        table: str,
        staged: DataFrame,
        against: Mapping[str, DataFrame],
        *,
        in_one_task: bool = False,
        without_nulls: Collection[str] = (),
    ) -> Verdict:
        """Runs the table's suite on the staged rows.

        ``against`` holds, by name, every table that the suite refers to, as it will be once the run is
        published, and under BESIDE the rows of the table itself that stay (none, if it is left out).
        ``in_one_task`` is right for rows so few that a shuffle costs more than it spreads. Columns
        ``without_nulls`` are those of which the staged files say so: they are not read for it again. Raises
        WrongUsage if the table has no suite, a rule of it cannot be used, or a table is missing in ``against``, and
        TracklakeError if an expectation could not be checked at all.
        """
        suite = load_suite(table)
        refuse_unusable_rules(suite)
        needed = _tables_named(suite, contract(table))
        if absent := [name for name in needed if name not in against]:
            raise WrongUsage(f"The audit of table {table} needs {', '.join(absent)} to check its references.")
        views = {name: against[name] for name in needed}
        if any(BESIDE in query for query in _queries(suite["expectations"])):
            views[BESIDE] = against.get(BESIDE, contract(table).no_rows(self._spark))
        if in_one_task:
            staged = staged.coalesce(1)
            views = {name: frame.coalesce(1) for name, frame in views.items()}
        with _views(self._spark, views):
            return self._validate(table, staged, suite, in_one_task, without_nulls)

    def build_docs(self) -> str:
        """Makes the Data Docs of what was audited and returns the path or URI of their index.html."""
        return self._docs.build()

    def _validate(
        self,
        table: str,
        staged: DataFrame,
        suite: dict[str, Any],
        in_one_task: bool,
        without_nulls: Collection[str],
    ) -> Verdict:
        from great_expectations.core.expectation_suite import ExpectationSuite

        from tracklake.gx_metrics import counted_together, of_null_counts

        shape, content = _parts(suite)
        batch = self._docs.batch_definition(table).get_batch(batch_parameters={"dataframe": staged})
        result = batch.validate(ExpectationSuite(table, expectations=shape), result_format="SUMMARY")
        checked = [one for one in result.results if not _of_absent_column(one, staged)]
        for one in checked:
            _refuse_raised(one, contract(table))
        rows = 0
        rows_checked = all(one.success or _config(one).severity.value != "critical" for one in checked)
        if rows_checked:
            judged = ExpectationSuite(table, expectations=content)
            with counted_together(
                _queries(content),
                in_one_task=in_one_task,
                required=of_null_counts(judged),
                without_nulls=without_nulls,
            ):
                answers = batch.validate(judged, result_format="BOOLEAN_ONLY")
            rows = batch.data.execution_engine.row_count
            checked += [_with_rows(batch, one, contract(table), rows) for one in answers.results]
        self._docs.add(suite, summed_up(result, checked))
        return Verdict(
            table=table,
            expectations=len(checked),
            rows=rows,
            failures=tuple(_failure(one, contract(table)) for one in checked if not one.success),
            rows_checked=rows_checked,
        )


def _parts(suite: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """The expectations of the table's shape, and those of its content, which need what is critical of that shape.

    Great Expectations tells what it found column by column, the whole table where that is first mentioned.
    """
    parts: dict[bool, list[Any]] = {True: [], False: []}
    for one in sorted(suite["expectations"], key=lambda one: one["type"] == ROW_COUNT):
        parts[one["type"] in (COLUMNS, TYPE)].append(one)
    return parts[True], parts[False]


def _tables_named(suite: dict[str, Any], of: Contract) -> list[str]:
    """The tables that the suite's queries and the contract's references name."""
    queries = " ".join(_queries(suite["expectations"]))
    named = set(re.findall(r"\b(?:FROM|JOIN) (\w+)", queries)) | {one.table for one in of.references}
    return sorted(named & set(CONTRACTS))


def _queries(expectations: Sequence[dict[str, Any]]) -> list[str]:
    return [str(one["kwargs"]["unexpected_rows_query"]) for one in expectations if one["type"] == QUERY]


@contextmanager
def _views(spark: SparkSession, frames: Mapping[str, DataFrame]) -> Iterator[None]:
    """The frames as temporary views under their names, and no view left behind."""
    for name, frame in frames.items():
        frame.createOrReplaceTempView(name)
    try:
        yield
    finally:
        for name in [*frames, "tmp_view"]:  # Great Expectations' own name for the staged frame
            spark.catalog.dropTempView(name)


def _of_absent_column(result: ExpectationValidationResult, staged: DataFrame) -> bool:
    """Whether it is a check of the type of a column that is not there: the column list says so already."""
    return _config(result).type == TYPE and _config(result).kwargs["column"] not in staged.columns


def _refuse_raised(answer: ExpectationValidationResult, of: Contract) -> None:
    """Raises TracklakeError if the expectation could not be checked, with no value of a row that Spark may quote."""
    if raised := _raised(answer):
        if cause := spark_cause(raised):
            raise TracklakeError(
                f"Spark failed in the audit of table {of.name}, {QUOTED.sub(NOT_SHOWN, cause)}: "
                "nothing was published, run again."
            )
        said, _, _ = raised.partition("\n")
        if SPARK_CONDITION.search(said) and not OF_THE_QUERY.search(said):
            said = QUOTED.sub(NOT_SHOWN, said)
        raise TracklakeError(
            f"The audit of table {of.name} stopped: {said}; mend expectations/{of.name}.json."
        )


def _with_rows(
    batch: Batch, answer: ExpectationValidationResult, of: Contract, rows: int
) -> ExpectationValidationResult:
    """The answer, or where it is no, the same expectation checked again with a sample of the rows."""
    _refuse_raised(answer, of)
    config = _config(answer)
    of_all_rows = config.type == ROW_COUNT and "row_condition" not in config.kwargs
    if of_all_rows:
        answer.result = {"observed_value": rows}
    if answer.success or of_all_rows:
        return answer
    is_query = config.type == QUERY
    result = batch.validate(config.to_domain_obj(), result_format=WITH_DETAILS if is_query else WITH_ROWS)
    sample, found = _sample(result, of), result.result
    if is_query:
        broken = found["observed_value"]
        found |= {"element_count": rows, "unexpected_count": broken}
        found["unexpected_percent"] = 100 * broken / max(rows, 1)
        found["details"]["unexpected_rows"] = sample
    else:
        if any(map(is_withheld, _columns(result))):
            found = result.result = _without_values(found)
        found["unexpected_rows"] = sample
    found["partial_unexpected_list"] = [in_words(row) for row in sample]  # what the Data Docs show
    return result


def _without_values(found: Mapping[str, Any]) -> dict[str, Any]:
    """What was found, without what may be a value of a row."""
    counts = {name: value for name, value in found.items() if isinstance(value, int | float)}
    return counts | ({} if found.get("observed_value") is None else {"observed_value": NOT_SHOWN})


def in_words(row: Mapping[str, Any]) -> str:
    """A sample row as people read it: each name and value, numbers to six digits, of long texts the beginning."""
    return ", ".join(f"{name} {_in_short(value)}" for name, value in row.items())


def _in_short(value: object) -> object:
    if isinstance(value, str):
        return beginning(value, LONGEST_VALUE)
    return f"{value:,.6g}" if isinstance(value, float) else value


def _sample(result: ExpectationValidationResult, of: Contract) -> list[dict[str, Any]]:
    """Up to five rows behind a failure, cut to the key, the columns concerned and what was counted."""
    found = result.result
    rows = found.get("unexpected_rows") or found.get("details", {}).get("unexpected_rows") or []
    unconcerned = set(of.names) - set(of.key) - set(_columns(result))
    return [
        withheld({name: value for name, value in row.items() if name not in unconcerned})
        for row in rows[:MOST_SAMPLED]
    ]


def withheld(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what pages and messages do not show."""
    return {
        name: NOT_SHOWN if is_withheld(name) and value is not None else value for name, value in row.items()
    }


def is_withheld(name: str) -> bool:
    """Whether a column of a sample is one of WITHHELD, or what a rule calls one of them: ``following_location``."""
    return any(f"_{name}".endswith(f"_{one}") for one in WITHHELD)


def _failure(result: ExpectationValidationResult, of: Contract) -> Failure:
    return Failure(
        expectation=_named(result),
        column=", ".join(_columns(result)),
        severity=_config(result).severity.value,
        observed=_observed(result),
        sample=tuple(_sample(result, of)),
    )


def _config(result: ExpectationValidationResult) -> ExpectationConfiguration:
    return cast("ExpectationConfiguration", result.expectation_config)


def _named(result: ExpectationValidationResult) -> str:
    return _config(result).description or _config(result).type


def _columns(result: ExpectationValidationResult) -> Sequence[str]:
    """The columns that the expectation is about; none where it is about the table."""
    config = _config(result)
    if named := (config.meta or {}).get("columns"):
        return list(named)
    if config.type.startswith("expect_table_"):
        return []
    single = [config.kwargs[name] for name in ("column", "column_A", "column_B") if name in config.kwargs]
    return single or list(config.kwargs.get("column_list", ()))


def _observed(result: ExpectationValidationResult) -> str:
    """What was seen instead, in words."""
    found = result.result
    match _config(result).type:
        case "expect_table_columns_to_match_ordered_list":
            return f"the columns are {', '.join(found['observed_value'])}"
        case "expect_column_values_to_be_of_type":
            return f"the type is {found['observed_value']}"
        case "expect_table_row_count_to_be_between":
            return _rows_in_words(found["observed_value"])
        case "unexpected_rows_expectation":
            return f"{_rows_in_words(found['observed_value'])} found"
    if "element_count" not in found:  # it is of the column as a whole, such as of its mean
        return _whole(found.get("observed_value"))
    return f"{found['unexpected_count']:,} of {found['element_count']:,} rows"


def _whole(value: object) -> str:
    return "the column is not as expected" if value is None else f"the value is {_in_short(value)}"


def _rows_in_words(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _raised(result: ExpectationValidationResult) -> str | None:
    """What the error says that kept an expectation from being checked, or None."""
    info = result.exception_info or {}
    for one in (info, *info.values()):
        if isinstance(one, dict) and one.get("raised_exception"):
            return str(one.get("exception_message")).strip()
    return None
