"""How Great Expectations counts on Spark here: a whole suite in at most three queries, whatever it expects.

Great Expectations runs every ``unexpected_rows_expectation`` twice, once for its rows and once for their
number, found or not, and one aggregation for each depth of its graph of metrics. Importing this module registers
the two metrics for Spark anew, with the same results, and an engine that aggregates once:

1. everything that a row tells by itself, the number of rows included, is counted in one aggregation, and where
   ``counted_together`` asks only whether all of it holds, as one number: how many rows break any of it;
2. the rules about keys in one query over hashes (``key_checks``), where ``counted_together`` names them;
3. all other rules that it names in one query. Rows are fetched only where there are any.

Only ``tracklake.data_docs`` imports it, after it has silenced Great Expectations.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any

from great_expectations.core.expectation_suite import ExpectationSuite
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricPartialFunctionTypes
from great_expectations.datasource.fluent.spark_datasource import SparkDatasource
from great_expectations.execution_engine.execution_engine import MetricComputationConfiguration
from great_expectations.execution_engine.sparkdf_execution_engine import SparkDFExecutionEngine
from great_expectations.expectations.core.expect_column_values_to_not_be_null import (
    ExpectColumnValuesToNotBeNull,
)
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.column_map_metrics.column_values_non_null import (
    ColumnValuesNonNull,
)
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)
from great_expectations.expectations.metrics.metric_provider import metric_partial, metric_value
from great_expectations.expectations.metrics.query_metrics.query_row_count import (
    unexpected_rows_query_row_count as gx_count,
)
from great_expectations.expectations.metrics.query_metrics.query_table import (
    unexpected_rows_query_table as gx_table,
)
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.expectations.registry import get_metric_provider
from great_expectations.validator.metric_configuration import MetricConfiguration
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.key_checks import all_hold
from tracklake.tables.key_rules import key_rule

BATCH_VIEW = "tmp_view"
"""The name under which Great Expectations registers the staged frame for its queries."""

QUERY = "unexpected_rows_query"
COUNT = f"{QUERY}.row_count"
ROWS = f"{QUERY}.table"
ROW_COUNT = "table.row_count"
NULLS = "column_values.nonnull.unexpected_count"
OF_ALL = ("batch_id", "column", "column_A", "column_B", "column_list")
"""What may be said of where a metric is of, if it is of all rows."""
BROKEN = "tracklake.broken_rows"
COUNTS = "tracklake.query_counts"
ROW_RULE = re.compile(r"SELECT \* FROM \{batch\} WHERE (?!.*\b(?:SELECT|ORDER BY|LIMIT)\b)(.+)", re.DOTALL)


@dataclass(frozen=True)
class Together:
    """The queries that are counted together, ``in_one_task`` where the data is small; the columns whose nulls count,
    and those that are known to have none."""

    queries: tuple[str, ...] = ()
    in_one_task: bool = False
    required: Collection[str] = ()
    without_nulls: Collection[str] = ()


APART = Together()
_together: ContextVar[Together] = ContextVar("together", default=APART)


@contextmanager
def counted_together(
    queries: Iterable[str],
    *,
    in_one_task: bool = False,
    required: Collection[str] = (),
    without_nulls: Collection[str] = (),
) -> Iterator[None]:
    """Within it, the rows that these rules' queries find are counted by one query for all of them, and what rows tell
    by themselves only where any row breaks any of it.

    Nulls are looked for in the columns that are ``required`` (``of_null_counts``), if they are not known to have none.
    """
    to_count = tuple(one for one in queries if row_rule(one) is None)
    token = _together.set(Together(to_count, in_one_task, required, without_nulls))
    try:
        yield
    finally:
        _together.reset(token)


def of_null_counts(suite: ExpectationSuite) -> set[str]:
    """The columns of which an expectation asks how many nulls there are.

    Those of single values only ask whether all are null; a share of distinct values is one of the values there are.
    """
    return {
        one.column
        for one in suite.expectations
        if hasattr(one, "column")
        and (isinstance(one, ExpectColumnValuesToNotBeNull) or not isinstance(one, ColumnMapExpectation))
    }


def row_rule(query: str) -> str | None:
    """The condition of a rule that can be told from one row alone; None for any other rule."""
    match = ROW_RULE.fullmatch(query)
    return match[1] if match else None


class OneAggregation(SparkDFExecutionEngine):
    """Great Expectations' engine, with one aggregation for all that is to be aggregated.

    ``row_count`` is the number of rows that it last counted.
    """

    row_count = 0

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[MetricConfiguration],
        metrics: dict[Any, Any] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[Any, Any]:
        """What can be told now; aggregations wait until nothing else can."""
        wanted = list(metrics_to_resolve)
        direct = [one for one in wanted if get_metric_provider(one.metric_name, self)[1] is not None]
        found = self._if_none_is_broken(wanted, metrics or {}) if wanted and not direct else {}
        found = found or super().resolve_metrics(direct or wanted, metrics, runtime_configuration)
        of_all = (one.id for one in wanted if one.metric_name == ROW_COUNT and not _of_some(one))
        self.row_count = next((found[i] for i in of_all if i in found), self.row_count)
        return found

    def _if_none_is_broken(
        self, counts: Sequence[MetricConfiguration], metrics: Mapping[Any, Any]
    ) -> dict[Any, Any]:
        """The number of rows, and 0 for each count of rows that break something; nothing where one does, or where
        anything else is asked for.

        One number is counted for all of them: a sum for each is several times as much code to be generated,
        compiled and run. The nulls of a column that may have them are 0, too, where nothing asks how many there are.
        """
        if _together.get() is APART or any(map(_of_some, counts)):
            return {}
        broken = []
        for one in counts:
            if one.metric_name == ROW_COUNT or _is_allowed(one):
                continue
            condition = _condition(one, metrics)
            if condition is None:
                return {}
            broken.append(condition)
        numbers = (
            F.count(F.lit(1)).alias("all"),
            F.count_if(reduce(or_, broken, F.lit(False))).alias("broken"),
        )
        try:
            rows = self.get_domain_records({}).agg(*numbers).first()
        except (PySparkException, Py4JJavaError):  # Great Expectations asks again, and says which it was
            return {}
        if rows is None or rows["broken"]:
            return {}
        return {one.id: rows["all"] if one.metric_name == ROW_COUNT else 0 for one in counts}

    def resolve_metric_bundle(
        self, metric_fn_bundle: Iterable[MetricComputationConfiguration]
    ) -> dict[Any, Any]:
        """All aggregates, those of the table with those of its columns: both are of the same rows."""
        same = [replace(one, compute_domain_kwargs=_stated(one)) for one in metric_fn_bundle]
        found: dict[Any, Any] = super().resolve_metric_bundle(same)
        return found


def _condition(count: MetricConfiguration, metrics: Mapping[Any, Any]) -> Column | None:
    """Whether a row is one of those that are counted; None if it is not rows of one kind that are."""
    if count.metric_name == BROKEN:
        return _breaks(count.metric_value_kwargs[QUERY])
    partial = count.metric_dependencies.get("metric_partial_fn")
    condition = partial.metric_dependencies.get("unexpected_condition") if partial else None
    return metrics[condition.id][0] if condition else None


def _breaks(query: str) -> Column:
    """Whether a row breaks a row rule."""
    return F.expr(row_rule(query) or "false")


def _of_some(count: MetricConfiguration) -> bool:
    """Whether it is of other rows than all of the batch: those of a condition, or of another table."""
    return any(value and name not in OF_ALL for name, value in count.metric_domain_kwargs.items())


def _is_allowed(count: MetricConfiguration) -> bool:
    """Whether it counts the nulls of a column of which nothing asks how many there are."""
    return count.metric_name == NULLS and count.metric_domain_kwargs["column"] not in _together.get().required


def _stated(one: MetricComputationConfiguration) -> dict[str, Any]:
    return {name: value for name, value in (one.compute_domain_kwargs or {}).items() if value is not None}


SparkDatasource.execution_engine_override = OneAggregation  # type: ignore[misc]

_gx_dependencies = ColumnMapMetricProvider._get_evaluation_dependencies.__func__  # type: ignore[attr-defined]


def _without_row_count(cls: type, *args: Any, **kwargs: Any) -> dict[str, MetricConfiguration]:
    """What a condition on a column needs. Great Expectations names the number of rows, which no condition reads here,
    and so would count them, and all row rules with them, in an aggregation before that of the columns."""
    needed: dict[str, MetricConfiguration] = _gx_dependencies(cls, *args, **kwargs)
    needed.pop(ROW_COUNT, None)
    return needed


ColumnMapMetricProvider._get_evaluation_dependencies = classmethod(_without_row_count)  # type: ignore[assignment]


class NonNull(ColumnValuesNonNull):
    """Whether a value is there. A column whose files hold no null is not read to tell."""

    condition_metric_name = "column_values.nonnull"
    filter_column_isnull = False

    @column_condition_partial(engine=SparkDFExecutionEngine)
    def _spark(cls, column: Column, **kwargs: Any) -> Column:
        is_known = kwargs["_accessor_domain_kwargs"]["column"] in _together.get().without_nulls
        return F.lit(True) if is_known else column.isNotNull()


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
        return F.count_if(_breaks(metric_value_kwargs[QUERY])), metric_domain_kwargs, {}


class QueryCounts(TableMetricProvider):
    """Number of rows that each of several queries finds, by query; None for those that are worth running."""

    metric_name = COUNTS
    value_keys = ("queries", "in_one_task")

    @metric_value(engine=SparkDFExecutionEngine)
    def _spark(
        cls,
        execution_engine: SparkDFExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: Any,
    ) -> dict[str, int | None]:
        staged = execution_engine.get_domain_records(metric_domain_kwargs)
        staged.createOrReplaceTempView(BATCH_VIEW)
        rules = {query: key_rule(query) for query in metric_value_kwargs["queries"]}
        about_keys = {query: rule for query, rule in rules.items() if rule}
        others = _found(staged, [query for query, rule in rules.items() if not rule])
        if not about_keys:
            return others
        in_one_task = metric_value_kwargs["in_one_task"]
        hold = all_hold(staged, list(about_keys.values()), in_one_task=in_one_task)
        return dict.fromkeys(about_keys, 0 if hold else None) | others


def _found(staged: DataFrame, queries: Sequence[str]) -> dict[str, int | None]:
    """Number of rows that each query finds, by query."""
    if not queries:
        return {}
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
        found = metrics.get(BROKEN)
        if found is None and COUNTS in metrics:
            found = metrics[COUNTS][metric_value_kwargs[QUERY]]
        if found is None:
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
        together = _together.get()
        if query in together.queries:
            wanted = {"queries": together.queries, "in_one_task": together.in_one_task}
            return {COUNTS: MetricConfiguration(COUNTS, metric.metric_domain_kwargs, wanted)}
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
