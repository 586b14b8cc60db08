"""The last step of every source: records as arrivals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from tracklake.sources.allowed import allowed, known
from tracklake.sources.forms import forms_of
from tracklake.sources.text import nameless, without_nested_persons, without_persons
from tracklake.tables import Column as Contracted
from tracklake.tables import contract
from tracklake.transforms.arrivals import FORMS_TYPE

PLACED = ("location", "country", "context_type")
"""Columns that become groups of plays, where "(unknown)" is the group of those that say nothing."""


def as_arrivals(
    records: DataFrame,
    source: str,
    columns: Mapping[str, Column],
    reasons: Mapping[str, str],
    places: Mapping[str, Sequence[str]] | None = None,
) -> DataFrame:
    """Arrivals, one per record (``line``, ``source_file``, ``reason``).

    A column of ``event`` is that of ``columns``, else that of the records, else null; null where the contract does
    not allow what it holds, too, whatever the source let through. ``reasons`` says in words what each reason means.
    ``places`` says where in a record, if it is JSON, each column's value may stand.
    """
    values = {"event_date": F.to_date("event_time"), "source": F.lit(source), **columns}
    of_event = [
        _held(column, values.get(column.name, F.col(column.name) if column.name in records.columns else None))
        for column in contract("event").columns
        if column.name not in ("ingested_at", "run_id")
    ]
    raw = F.when(F.col("reason").isNotNull(), without_persons(F.col("line")))
    detail = one_of(F.col("reason"), reasons, None)
    forms = forms_of(places) if places else F.lit(None).cast(FORMS_TYPE)
    told = records.select(
        *of_event, raw.alias("raw_record"), "reason", detail.alias("detail"), forms.alias("forms")
    )
    return told.withColumn("extra", without_nested_persons(F.col("extra")))


def _held(column: Contracted, value: Column | None) -> Column:
    if value is None:
        return F.lit(None).cast(column.spark_type).alias(column.name)
    held = allowed(value.cast(column.spark_type), column)
    return (known(held) if column.name in PLACED else held).alias(column.name)


def one_of(value: Column, names: Mapping[str, str], otherwise: str | None) -> Column:
    """The meaning of the name that the value is."""
    chosen = F.lit(otherwise)
    for name, meaning in names.items():
        chosen = F.when(value == name, meaning).otherwise(chosen)
    return chosen


def prefixed(id_prefix: str, id_: Column) -> Column:
    """An id of the source as one of the lake; null where it is the lake's own word for none."""
    return F.concat(F.lit(id_prefix), known(id_)) if id_prefix else known(id_)


def listener(id_prefix: str, id_: Column) -> Column:
    """A listener's id of the source as one of the lake, which does not say who that is."""
    return prefixed(id_prefix, nameless(id_))
