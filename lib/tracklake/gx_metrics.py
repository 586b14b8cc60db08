"""How Great Expectations' SQL rules are counted on Spark: all rules of a suite in two passes.

Great Expectations runs every ``unexpected_rows_expectation`` twice, once for its rows and once for their
number, found or not. Importing this module registers the same two metrics for Spark anew, with the same
results: rules of the form ``SELECT * FROM {batch} WHERE <condition>`` are all counted in one aggregation,
other rules in one query where ``counted_together`` names them, and rows are fetched only where there are any.

Only ``tracklake.data_docs`` imports it, after it has silenced Great Expectations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.metrics.metric_provider import metric_partial, metric_value
from great_expectations.expectations.metrics.query_metrics.query_row_count import (
    unexpected_rows_query_row_count as gx_count,
)
from great_expectations.expectations.metrics.query_metrics.query_table import (
    unexpected_rows_query_table as gx_table,
)
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.validator.metric_configuration import MetricConfiguration
from pyspark.sql import Column
from pyspark.sql import functions as F

BATCH_VIEW = "tmp_view"
"""The name under which Great Expectations registers the staged frame for its queries."""

QUERY = "unexpected_rows_query"
COUNT = f"{QUERY}.row_count"
ROWS = f"{QUERY}.table"
BROKEN = "tracklake.broken_rows"
COUNTS = "tracklake.query_counts"
ROW_RULE = re.compile(r"SELECT \* FROM \{batch\} WHERE (?!.*\b(?:SELECT|ORDER BY|LIMIT)\b)(.+)", re.DOTALL)

_together: ContextVar[tuple[str, ...]] = ContextVar("together", default=())


@contextmanager
def counted_together(queries: Iterable[str]) -> Iterator[None]:
    """Within it, the rows that these rules' queries find are counted by one query for all of them."""
    token = _together.set(tuple(one for one in queries if row_rule(one) is None))
    try:
        yield
    finally:
        _together.reset(token)


def row_rule(query: str) -> str | None:
    """The condition of a rule that can be told from one row alone; None for any other rule."""
    match = ROW_RULE.fullmatch(query)
    return match[1] if match else None


class BrokenRows(TableMetricProvider):
    """Number of rows that break a row rule, as one column of an aggregation."""

    metric_name = BROKEN
    value_keys = (QUERY,)

    @metric_partial(
        engine=SparkDFExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _spark(
        cls, metric_domain_kwargs: dict[str, Any], metric_value_kwargs: dict[str, Any], **_: Any
    ) -> tuple[Column, dict[str, Any], dict[str, Any]]:
        broken = row_rule(metric_value_kwargs[QUERY]) or "false"
        return F.count_if(F.expr(broken)), metric_domain_kwargs, {}


class QueryCounts(TableMetricProvider):
    """Number of rows that each of several queries finds, by query."""

    metric_name = COUNTS
    value_keys = ("queries",)

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(
        cls,
        execution_engine: SparkDFExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> dict[str, int]:
        queries = metric_value_kwargs["queries"]
        staged = execution_engine.get_domain_records(metric_domain_kwargs)
        staged.createOrReplaceTempView(BATCH_VIEW)
        counts = " UNION ALL ".join(
            f"SELECT {number} AS query, count(*) AS found FROM ({query.format(batch=BATCH_VIEW)})"
            for number, query in enumerate(queries)
        )
        return {queries[row["query"]]: row["found"] for row in staged.sparkSession.sql(counts).collect()}


class RuleCount(gx_count.UnexpectedRowsQueryRowCount):
    """Number of rows that a rule's query finds."""

    metric_name = COUNT

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(  # type: ignore[override]  # called by keywords only
        cls, metrics: dict[str, Any], metric_value_kwargs: dict[str, Any], **kwargs: Any
    ) -> int:
        if BROKEN in metrics:
            found = metrics[BROKEN]
        elif COUNTS in metrics:
            found = metrics[COUNTS][metric_value_kwargs[QUERY]]
        else:
            found = gx_count.UnexpectedRowsQueryRowCount._spark(
                cls, metrics=metrics, metric_value_kwargs=metric_value_kwargs, **kwargs
            )
        return int(found)

    @classmethod
    def _get_evaluation_dependencies(
        cls, metric: MetricConfiguration, *_: Any, **__: Any
    ) -> dict[str, MetricConfiguration]:
        query = metric.metric_value_kwargs[QUERY]
        if row_rule(query) is not None:
            return {BROKEN: MetricConfiguration(BROKEN, metric.metric_domain_kwargs, {QUERY: query})}
        if query in _together.get():
            queries = {"queries": _together.get()}
            return {COUNTS: MetricConfiguration(COUNTS, metric.metric_domain_kwargs, queries)}
        return {}


class RuleRows(gx_table.UnexpectedRowsQueryTable):
    """Up to 200 of the rows that a rule's query finds."""

    metric_name = ROWS

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(  # type: ignore[override]  # called by keywords only
        cls, metrics: dict[str, Any], **kwargs: Any
    ) -> list[dict[str, Any]]:
        if metrics[COUNT] == 0:
            return []
        return list(gx_table.UnexpectedRowsQueryTable._spark(cls, metrics=metrics, **kwargs))

    @classmethod
    def _get_evaluation_dependencies(
        cls, metric: MetricConfiguration, *_: Any, **__: Any
    ) -> dict[str, MetricConfiguration]:
        return {COUNT: MetricConfiguration(COUNT, metric.metric_domain_kwargs, metric.metric_value_kwargs)}
