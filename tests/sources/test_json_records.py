"""Which lines are one JSON object, and which documents are one array."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import SparkSession

from tracklake.local_rows import local_rows
from tracklake.sources.json_records import elements, is_one_object, number_as_text, records

ONE = (
    '{"a":1}',
    '{"a":{"b":1}}',
    '{"a":{"b":1},"c":2}',
    '{"a":[{"b":1},{"b":2}],"c":{"d":{"e":{"f":{"g":{"h":{}}}}}}}',
    '{"a":"},{","b":{"c":"\\"}{\\\\"}}',
    '{"a":{"b":"{"}}',
    '{"a":"it\'s","b":{"c":"}"}}',
    "{'a':{'b':'},{'}}",
    '{"a":NaN,"b":{}}',
    '{"a":{"b":1,"b":2}}',
)
MORE = (
    '{"a":1},{"a":2}',
    '{"a":1} , {"a":2}',
    '{"a":1}{"a":2}',
    '{"a":1} {"a":2}',
    '{"a":1}]{"a":2}',
    '{"a":1},{"a":2}]{"a":3}',
    '{"a":1},"b":{"c":2}',
    '{"a":1},"b":2}',
    '{"a":{"b":1}},{"a":{"b":2}}',
    '{"a":"{"},{"b":"}"}',
    "{'a':'\"'},{'b':'\"'}",
    '{"a":1} garbage }',
    '{"a":{"b":1}} {"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}',
)


def fields(spark: SparkSession, *lines: str) -> list[dict[str, str] | None]:
    frame = local_rows(spark, [(line,) for line in lines], "line string")
    return [row.m for row in records(frame).select("m").collect()]


def test_one_object_is_a_record_however_deep(spark: SparkSession) -> None:
    told = local_rows(spark, [(line,) for line in ONE], "line string").select(is_one_object("line"))
    assert [found for (found,) in told.collect()] == [True] * len(ONE)
    assert all(fields(spark, *ONE))


def test_two_values_on_a_line_are_no_record(spark: SparkSession) -> None:
    assert fields(spark, *MORE) == [None] * len(MORE)


def test_whitespace_around_a_record_is_nothing(spark: SparkSession) -> None:
    assert fields(spark, '\t{"a":1}\t ', '\u00a0{"a":1}\u3000', '{"a":1}\t.') == [
        {"a": "1"},
        {"a": "1"},
        None,
    ]


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ('[{"a":1},{"a":2}]', 2),
        ('[{"a":"],["}]', 1),
        ("[]", 0),
        ('[{"a":1}],[{"a":2}]', None),
        ('[{"a":1}] [{"a":2}]', None),
        ('[{"a":1}]],[{"a":2}]', None),
        ('[{"a":1}]{"b":[]', None),
        ('[{"a":1}],{"b":[1]}]', None),
        (json.dumps({"a": []}), None),
    ],
)
def test_a_document_is_one_array(spark: SparkSession, document: str, found: int | None) -> None:
    frame = local_rows(spark, [(document,)], "document string")
    [row] = frame.select(elements("document").alias("elements")).collect()
    assert (row.elements if row.elements is None else len(row.elements)) == found


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("39", "39"),
        ("39.0", "39"),
        ("12345678.0", "12345678"),
        ("9007199254740991.0", "9007199254740991"),
        ("12345678.5", "1.23456785E7"),
        ("1e19", "10000000000000000000"),
        ('"9.9E19"', "99000000000000000000"),
        ('"12345678.0"', "12345678"),
        ('"007"', "007"),
        ('"1E5"', "1E5"),
        ('"1.5E300"', "1.5E300"),
    ],
)
def test_a_whole_number_is_its_digits_however_it_is_written(
    spark: SparkSession, written: str, read: str
) -> None:
    lines = records(local_rows(spark, [(f'{{"id": {written}}}',)], "line string"))
    assert [row.id for row in lines.select(number_as_text("id").alias("id")).collect()] == [read]
