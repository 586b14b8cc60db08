"""What the events of a source look like on a day, field by field, and how that drifts."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from tracklake.tables import contract

ALL_READ_UP_TO = 200_000
"""Events of which every extra field is looked at; of more only one event in ONE_IN."""

ONE_IN = 16

NEAR_DAYS = 31
"""A source that had no event for longer begins anew."""

RARE = 0.99
"""Null share above which a field may miss a day without being gone."""

FORMS = ("array", "boolean", "number", "object", "text")
_AND = ", "

_OF_NO_SOURCE = (
    *("event_id", "event_date", "source", "source_file", "ingested_at", "run_id", "extra"),
    *("ids_by_name", "ms_played_inferred"),
)
_FIELDS = [column for column in contract("event").columns if column.name not in _OF_NO_SOURCE]
_DAY = ("source", "event_date")


def profile(events: DataFrame, rows: int, seen: DataFrame) -> DataFrame:
    """One row per source, event_date and field that has a value: records, null_share, types.

    ``rows`` is about how many events there are. Types are the forms that the records' values have: array, boolean,
    number, object, text. Of columns they are those ``seen`` (rows of ``forms_seen``), where none is that of ``event``.
    """
    return _columns(events, seen).unionByName(_extra(events, ONE_IN if rows > ALL_READ_UP_TO else 1))


def forms_seen(arrivals: DataFrame, profiles: DataFrame) -> DataFrame:
    """One row per source, event_date and column of event: ``seen``, the forms that the records' values have.

    They are those of the good arrivals, and those that ``profiles``, rows of source_profile, know of the days:
    so it is all the same in which runs the records came.
    """
    now = arrivals.where(F.col("reason").isNull()).select(*_DAY, F.explode("forms").alias("field", "form"))
    before = profiles.select(*_DAY, "field", F.explode(F.split("types", _AND)).alias("form"))
    return (
        now.unionByName(before.where(F.col("form").isin(*FORMS)))
        .groupBy(*_DAY, "field")
        .agg(_listed(F.col("form")).alias("seen"))
    )


def _columns(events: DataFrame, seen: DataFrame) -> DataFrame:
    counted = events.groupBy(*_DAY).agg(
        F.count(F.lit(1)).alias("records"), *[F.count(column.name).alias(column.name) for column in _FIELDS]
    )
    each = [
        F.struct(
            F.lit(column.name).alias("field"),
            F.col(column.name).alias("held"),
            F.lit(column.type).alias("stored"),
        )
        for column in _FIELDS
    ]
    return (
        counted.select(*_DAY, "records", F.inline(F.array(*each)))
        .where("held > 0")
        .join(seen, on=[*_DAY, "field"], how="left")
        .withColumn("types", F.coalesce("seen", "stored"))
        .select(*_profiled())
    )


def _extra(events: DataFrame, one_in: int) -> DataFrame:
    days = events.groupBy(*_DAY).agg(F.count(F.lit(1)).alias("records"))
    seen = events.select(*_DAY, "event_id", "extra")
    if one_in > 1:
        seen = seen.where(F.pmod(F.xxhash64("event_id"), F.lit(one_in)) == 0)
    fields = seen.select(*_DAY, F.explode_outer(F.from_json("extra", "map<string,string>")))
    looked_at = seen.groupBy(*_DAY).agg(F.count(F.lit(1)).alias("looked_at"))
    return (
        fields.where(F.col("value").isNotNull())
        .groupBy(*_DAY, F.concat(F.lit("extra."), "key").alias("field"))
        .agg(
            F.count(F.lit(1)).alias("seen"),
            _listed(_form(F.col("value"))).alias("types"),
        )
        .join(looked_at, on=list(_DAY), how="inner")
        .join(days, on=list(_DAY), how="inner")
        .withColumn("held", F.col("seen") * F.col("records") / F.col("looked_at"))
        .select(*_profiled())
    )


def _profiled() -> list[Column]:
    share = F.round(F.greatest(F.lit(0.0), 1 - F.col("held") / F.col("records")), 6)
    return [*[F.col(name) for name in (*_DAY, "field", "records")], share.alias("null_share"), F.col("types")]


def _listed(form: Column) -> Column:
    return F.array_join(F.array_sort(F.collect_set(form)), _AND)


def _form(value: Column) -> Column:
    return (
        F.when(value.startswith("{"), "object")
        .when(value.startswith("["), "array")
        .when(value.isin("true", "false"), "boolean")
        .when(value.try_cast("double").isNotNull(), "number")
        .otherwise("text")
    )


def drift(profiles: DataFrame) -> DataFrame:
    """source_profile rows of all the days in ``profiles`` (see ``profile``), each against the source's day before.

    Of the first day of a source, and of one that comes more than NEAR_DAYS after the one before, everything is known.
    """
    of_source = Window.partitionBy("source").orderBy("event_date")
    days = (
        profiles.groupBy(*_DAY)
        .agg(F.max("records").alias("day_records"))
        .withColumn("previous", F.lag("event_date").over(of_source))
        .withColumn("previous", F.when(F.datediff("event_date", "previous") <= NEAR_DAYS, F.col("previous")))
    )
    before = (
        profiles.withColumnRenamed("event_date", "previous")
        .join(days.select("source", "event_date", "previous"), on=["source", "previous"], how="inner")
        .select(*_DAY, "field", F.col("types").alias("were"), F.col("null_share").alias("was_null"))
    )
    status = (
        F.when(F.col("previous").isNull(), "known")
        .when(F.col("records").isNull(), "gone")
        .when(F.col("were").isNull(), "new")
        .when(F.col("types") != F.col("were"), "changed")
        .otherwise("known")
    )
    return (
        profiles.join(before, on=[*_DAY, "field"], how="full")
        .join(days, on=list(_DAY), how="inner")
        .where(F.col("records").isNotNull() | (F.col("was_null") <= RARE))
        .select(
            *_DAY,
            "field",
            F.col("day_records").alias("records"),
            F.coalesce("null_share", F.lit(1.0)).alias("null_share"),
            "types",
            status.alias("status"),
        )
    )
