"""Numbers, times and truths, however a producer writes them: null where the text says none."""

from __future__ import annotations

from datetime import UTC, datetime

from pyspark.sql import Column
from pyspark.sql import functions as F

from tracklake.sources.source import Bounds
from tracklake.tables.event import LONGEST_MS

REGISTERED = Bounds(datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
"""Between which moments a user may have registered."""

SECONDS = "decimal(12,7)"
"""The type in which seconds are read, so that their halves of milliseconds are exact."""

_YEARS = (-62_135_596_800, 253_402_300_799)
_DAY_AND_TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}"


def whole(text: Column) -> Column:
    """A whole number below 2^53, however it is written (12, "12", 12.0, 1.2E1)."""
    return text.try_cast("double").try_cast("bigint")


def digits(text: Column) -> Column:
    """A whole number written as a double (39.0, 1.2345678E7) as its digits; any other text as it is."""
    number = F.when(text.rlike(r"^\d\.\d+E1?\d$"), text.try_cast("decimal(38,18)"))
    as_digits = F.when(number == F.floor(number), number.cast("decimal(20,0)").cast("string"))
    return (
        F.when(text.endswith(".0"), F.regexp_replace(text, r"^(\d+)\.0$", "$1"))
        .when(text.contains("E"), F.coalesce(as_digits, text))
        .otherwise(text)
    )


def seconds_as_ms(seconds: Column) -> Column:
    """Seconds (SECONDS) as milliseconds, rounded half up; null if they are none of a day."""
    return F.when(seconds.between(0, LONGEST_MS // 1000), F.round(seconds * 1000).cast("bigint"))


def truth(text: Column) -> Column:
    """true, false, 1 or 0 as a boolean."""
    said = F.lower(text)
    return F.when(said.isin("true", "1"), True).when(said.isin("false", "0"), False)


def since_1970(seconds: Column) -> Column:
    """Whole seconds since 1970 as a moment of the years 1 to 9999: Spark fails on those beyond what it can count."""
    return F.when(seconds.between(*_YEARS), F.timestamp_seconds(seconds))


def moment(text: Column) -> Column:
    """An ISO date and time, UTC unless it states an offset. A time without a date is none: Spark would read
    it as one of today."""
    return F.when(text.rlike(_DAY_AND_TIME), text.try_cast("timestamp"))


def within(time: Column, bounds: Bounds) -> Column:
    """The moment where it lies within the bounds."""
    return F.when(time.between(F.lit(bounds.earliest), F.lit(bounds.latest)), time)


def millis(bounds: Bounds) -> tuple[Column, Column]:
    """The bounds as milliseconds since 1970."""
    earliest, latest = (round(moment.timestamp() * 1000) for moment in (bounds.earliest, bounds.latest))
    return F.lit(earliest), F.lit(latest)
