"""In which forms the values of columns come."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.sources.conftest import Arrivals
from tracklake.local_rows import local_rows
from tracklake.sources.forms import LOOKED_AT_WHOLE, ONE_IN, forms_of

FIELDS = {
    "number": ("n",),
    "text": ("s",),
    "boolean": ("b",),
    "object": ("o",),
    "array": ("a",),
    "nested": ("o.inner",),
    "second": ("missing", "null", "s"),
    "nothing": ("null",),
}


def looked_at(spark: SparkSession, *lines: str, size: int = 100) -> list[dict[str, str] | None]:
    frame = local_rows(spark, [(line, size) for line in lines], "line string, file_size bigint")
    return [row.forms for row in frame.select(forms_of(FIELDS).alias("forms")).collect()]


def test_forms_are_those_of_the_json_and_not_of_the_text(spark: SparkSession) -> None:
    line = '{"n": -1.5e3, "s": "39", "b": false, "o": {"inner": 1}, "a": [], "null": null}'
    assert looked_at(spark, line) == [
        {
            "number": "number",
            "text": "text",
            "boolean": "boolean",
            "object": "object",
            "array": "array",
            "nested": "number",
            "second": "text",
        }
    ]


def test_what_is_no_json_has_no_forms(spark: SparkSession) -> None:
    assert not any(looked_at(spark, "no json", "", '{"n": 1', '{"n": 1, "n": 2}', "[1]"))


def test_of_a_large_file_few_records_are_looked_at(spark: SparkSession) -> None:
    lines = [f'{{"n": {n}}}' for n in range(ONE_IN * 100)]
    assert all(looked_at(spark, *lines, size=LOOKED_AT_WHOLE))
    found = sum(forms is not None for forms in looked_at(spark, *lines, size=LOOKED_AT_WHOLE + 1))
    assert 50 < found < 200


@pytest.mark.parametrize(
    ("source", "column", "forms"),
    [
        ("native", "duration_ms", ["number", "text"]),
        ("sparkify", "user_id", ["number", "text"]),
        ("listenbrainz", "artist_ids", ["array", "text"]),
        ("spotify_history", "skipped", ["boolean", "number"]),
    ],
)
def test_sources_say_where_their_columns_stand(
    arrivals: Arrivals, source: str, column: str, forms: list[str]
) -> None:
    seen = arrivals(source).where("reason IS NULL").select(F.explode("forms").alias("column", "form"))
    found = seen.where(F.col("column") == column).select("form").distinct().orderBy("form")
    assert [row.form for row in found.collect()] == forms
