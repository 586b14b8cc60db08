"""Source native on tests/fixtures/native, and the same events as Parquet and Avro."""

from __future__ import annotations

import bz2
import gzip
import json
import zlib
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from jsonschema import Draft202012Validator
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from tests.logs import write
from tests.sources.conftest import FIXTURES, Arrivals, broken_rules, events, reasons, rows
from tracklake.errors import InputMissing
from tracklake.sources.detect import guess
from tracklake.sources.inspection import columns_of
from tracklake.sources.rows import by_schema, file_rows
from tracklake.tables import contract
from tracklake.tables.event import PRODUCED

DAY = "date=2024-02-29/hour=10"


@pytest.fixture(scope="module")
def found(arrivals: Arrivals) -> DataFrame:
    return arrivals("native")


@pytest.fixture(scope="module")
def told(found: DataFrame) -> DataFrame:
    return events(found).withColumn("at", F.date_format("event_time", "dd HH:mm:ss.SSSSSS")).cache()


def test_events_are_taken_as_they_are(told: DataFrame) -> None:
    shown = ("at", "event_type", "user_id", "track_id", "artist_id", "ms_played", "ms_played_inferred")
    assert rows(told, *shown) == [
        ("29 10:00:00.123456", "play", "u1", "t1", "a1", 180_000, False),
        ("29 10:00:01.000000", "like", "u1", "t1", "a1", None, None),  # +02:00
        ("29 10:05:00.000000", "play", "u2", None, None, None, None),
        ("29 10:06:00.000000", "search", None, None, None, None, None),
        ("01 00:00:00.000000", "exposure", "u1", "t1", "a1", None, None),
    ]
    assert rows(told, "artist_ids", "skipped", "shuffle", "level", "duration_ms")[0] == (
        ["a1", "a2"],
        False,
        True,
        "paid",
        200_000,
    )


def test_the_id_is_the_producers_else_a_hash_of_the_record(told: DataFrame) -> None:
    ids = [event_id for (event_id,) in rows(told, "event_id")]
    assert [ids[0], ids[3], ids[4]] == ["e1", "e4", "f1"]
    assert {len(ids[1]), len(ids[2])} == {32}


def test_what_breaks_the_contract_and_what_it_lacks_is_kept_in_extra(told: DataFrame) -> None:
    extras = [extra and json.loads(extra) for (extra,) in rows(told, "extra")]
    assert extras == [
        {"campaign": "spring"},
        {"ms_played": "5"},
        {"mood": "calm", "ms_played": "-5", "level": "gold", "skipped": "maybe"},
        None,
        None,
    ]
    assert rows(told, "duration_ms", "level", "skipped")[2] == (200_000, None, None)


def test_no_track_is_longer_than_a_day(spark: SparkSession, arrivals: Arrivals, tmp_path: Path) -> None:
    """Else a play might be ended by an event of any later day: only those of the day before are looked at again."""
    play = {"event_type": "play", "event_time": "2024-02-29T10:00:00Z", "ms_played_inferred": True}
    lengths = (86_400_000, 86_400_001)
    lines = [json.dumps({**play, "user_id": str(n), "duration_ms": ms}) for n, ms in enumerate(lengths)]
    write(tmp_path, f"{DAY}/0.jsonl", lines)
    found = (
        events(arrivals("native", tmp_path)).orderBy("user_id").select("duration_ms", "ms_played", "extra")
    )
    assert [tuple(row) for row in found.collect()] == [
        (86_400_000, 86_400_000, None),
        (None, None, '{"duration_ms":"86400001"}'),
    ]
    schema = json.loads((FIXTURES.parents[1] / "docs" / "schemas" / "event.schema.json").read_text())
    assert [Draft202012Validator(schema).is_valid(json.loads(line)) for line in lines] == [True, False]


ODD = {
    "anonymous": {"user_id": "(anonymous)", "track_id": "(unknown)", "artist_ids": ["(unknown)", "a1", "a1"]},
    "unknown": {
        "user_id": "(unknown)",
        "artist_id": "(unknown)",
        "country": "(unknown)",
        "location": "(unknown)",
    },
    "like": {"event_type": "like", "ms_played_inferred": True, "duration_ms": 1000},
    "early": {"registered_at": "0001-01-01T00:00:00+01:00"},
    "late": {"registered_at": "9999-12-31T23:59:59-05:00"},
    "numbers": {"item_in_session": -1, "duration_ms": 86_400_001, "ms_played": 2**52, "level": "Free"},
    "empty": {"user_id": "", "track_id": "", "artist_ids": [], "level": "", "registered_at": ""},
    "extra": {
        "level": "gold",
        "extra": {"level": "own", "skipped": "own", "ms_played": "own", "mood": "calm"},
    },
}


@pytest.fixture(scope="module")
def odd(arrivals: Arrivals, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Row]:
    """An event for each of ODD, a play unless it says else, by its id."""
    folder = tmp_path_factory.mktemp("odd")
    known = {"event_type": "play", "event_time": "2024-02-29T10:00:00Z"}
    (folder / DAY).mkdir(parents=True)
    (folder / DAY / "0.json").write_text(
        "\n".join(json.dumps(known | {"event_id": name} | fields) for name, fields in ODD.items())
    )
    told = events(arrivals("native", folder))
    assert broken_rules(told) == []
    return {row.event_id: row for row in told.collect()}


def test_what_the_contract_does_not_allow_is_null_and_breaks_no_rule(odd: dict[str, Row]) -> None:
    assert set(odd) == set(ODD)
    numbers = odd["numbers"]
    assert [numbers[name] for name in ODD["numbers"]] == [None] * 4
    assert json.loads(numbers.extra) == {name: str(value) for name, value in ODD["numbers"].items()}
    assert (odd["like"].ms_played, odd["like"].ms_played_inferred) == (None, None)
    assert json.loads(odd["like"].extra) == {"ms_played_inferred": "true"}
    kept = {"level": "gold", "skipped": "own", "ms_played": "own", "mood": "calm"}
    assert json.loads(odd["extra"].extra) == kept
    for name in ("early", "late"):
        assert (odd[name].registered_at, json.loads(odd[name].extra)) == (None, ODD[name])


def test_the_lakes_words_for_nobody_and_nothing_are_no_ids(odd: dict[str, Row]) -> None:
    anonymous, unknown = odd["anonymous"], odd["unknown"]
    assert (anonymous.user_id, anonymous.track_id) == (None, None)
    assert (anonymous.artist_id, anonymous.artist_ids) == ("a1", ["a1"])
    assert [unknown[name] for name in ODD["unknown"]] == [None] * 4
    assert (anonymous.extra, unknown.extra) == (None, None)


def test_what_cannot_be_an_event_says_why(found: DataFrame) -> None:
    assert reasons(found) == [
        "bad_event_type",
        "bad_time",
        "no_event_type",
        "no_time",
        "not_json",
        "time_out_of_bounds",
    ]


def test_the_shipped_json_schema_tells_a_producer_what_would_not_be_taken_as_it_is() -> None:
    schema = json.loads((FIXTURES.parents[1] / "docs" / "schemas" / "event.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    lines = [line for file in sorted((FIXTURES / "native").rglob("*.json*")) for line in file.open()]
    wrong = [
        {
            ".".join(map(str, error.path)) or error.validator
            for error in validator.iter_errors(json.loads(line))
        }
        for line in lines
    ]
    assert wrong == [
        *(set(), set(), set()),
        {"duration_ms", "ms_played", "level", "skipped"},
        set(),
        {"event_type"},
        *({"required"}, {"required"}),
        *(set(), set()),  # times are told by their form, which a validator need not check
        {"type"},
        set(),
    ]
    too_long = {"event_type": "play", "event_time": "2024-03-01T10:00:00Z", "item_in_session": 2**31}
    assert [error.validator for error in validator.iter_errors(too_long)] == ["maximum"]


@pytest.mark.parametrize("form", ["parquet", "avro"])
def test_parquet_and_avro_give_the_same_events_as_json(
    spark: SparkSession, arrivals: Arrivals, told: DataFrame, tmp_path: Path, form: str
) -> None:
    """What the producer adds to the contract (mood) is kept in extra, too; a file may lack optional columns."""
    typed = [F.col(name).cast(contract("event").column(name).spark_type).alias(name) for name in PRODUCED]
    written = told.select(*typed, F.lit("calm").alias("mood")).drop("ms_played_inferred")
    path = str(tmp_path / DAY)
    if form == "avro":
        schema = json.loads((FIXTURES.parents[1] / "docs" / "schemas" / "event.avsc").read_text())
        schema["fields"] = [field for field in schema["fields"] if field["name"] != "ms_played_inferred"]
        schema["fields"].append({"name": "mood", "type": "string"})
        written.write.format("avro").option("avroSchema", json.dumps(schema)).save(path)
    else:
        written.write.parquet(path)
    again = events(arrivals("native", tmp_path))
    same = [name for name in PRODUCED if name != "extra"]
    assert rows(again, *same) == rows(told, *same)
    assert {json.loads(extra)["mood"] for (extra,) in rows(again, "extra")} == {"calm"}


def test_an_id_is_the_same_in_all_forms_and_a_text_stays_as_it_is(
    spark: SparkSession, arrivals: Arrivals, tmp_path: Path
) -> None:
    """pandas makes floats of whole numbers where one is missing: 12345 becomes 12345.0."""
    ids = {name: 12345 for name in PRODUCED if name.endswith("_id")}
    like = {"event_type": "like", "event_time": "2024-02-29T10:00:00Z", **ids, "artist_ids": [12345, 7]}
    gap = dict.fromkeys(ids) | {"event_id": 7654321}
    texts = dict.fromkeys(ids, "12345.0") | {"artist_ids": ["12345.0", "1.5E1"]}
    write(tmp_path, f"{DAY}/0.json", [json.dumps(like), json.dumps(like | texts)])
    frame = pd.DataFrame([like, like | gap])
    frame["artist_ids"] = [[12345.0, 7.0], None]
    frame.to_parquet(tmp_path / DAY / "1.parquet")
    pd.DataFrame([like | texts]).to_parquet(tmp_path / DAY / "2.parquet")
    floats = spark.read.parquet(str(tmp_path / DAY / "1.parquet"))
    floats.write.format("avro").save(str(tmp_path / DAY / "3"))
    found = arrivals("native", tmp_path).select(*ids, "artist_ids").collect()
    assert {tuple(map(str, row)) for row in found} == {
        ("12345",) * len(ids) + ("['12345', '7']",),
        ("12345.0",) * len(ids) + ("['12345.0', '1.5E1']",),
        ("7654321",) + ("None",) * len(ids),
    }


def test_a_file_is_read_by_its_ending_in_capitals_too(
    spark: SparkSession, arrivals: Arrivals, tmp_path: Path
) -> None:
    """Of text whatever packs it, to its end."""
    named = {
        "a.JSON": bytes,
        "b.ndjson": bytes,
        "c.json.GZ": gzip.compress,
        "d.JSONL.BZ2": bz2.compress,
        "e.NDJSON.Zst": lambda text: pa.Codec("zstd").compress(text, asbytes=True),
        "f.json.DEFLATE": zlib.compress,
    }
    folder = tmp_path / DAY
    folder.mkdir(parents=True)
    like = {"event_type": "like", "event_time": "2024-02-29T10:00:00Z"}
    for name, packed in named.items():
        lines = [json.dumps(like | {"event_id": f"{name} {n}"}) for n in (1, 2)]
        (folder / name).write_bytes(packed("\n".join(lines).encode()))
    pd.DataFrame([like | {"event_id": f"g.PARQUET {n}"} for n in (1, 2)]).to_parquet(folder / "g.PARQUET")
    rows = spark.createDataFrame([Row(**like, event_id=f"h.AVRO {n}") for n in (1, 2)])
    rows.coalesce(1).write.format("avro").save(str(tmp_path / "avro"))
    (written,) = (tmp_path / "avro").glob("*.avro")
    written.rename(folder / "h.AVRO")
    found = {(row.event_id, row.reason) for row in arrivals("native", tmp_path).collect()}
    assert found == {(f"{name} {n}", None) for name in (*named, "g.PARQUET", "h.AVRO") for n in (1, 2)}
    (tmp_path / "capitals").mkdir()
    (folder / "g.PARQUET").rename(tmp_path / "capitals" / "g.PARQUET")
    assert guess(spark, str(tmp_path / "capitals")).source.name == "native"


SAID = "event_type string, event_time string, user_id string, "


@pytest.mark.parametrize("form", ["parquet", "avro"])
def test_no_field_of_any_file_is_lost_whatever_its_type_there(
    spark: SparkSession, arrivals: Arrivals, tmp_path: Path, form: str
) -> None:
    """Two producers, one of which took a field away, and changed the types of two others."""
    files = {
        "1-old": ("mood string, rating int, duration_ms string", ("calm", 5, "200000")),
        "2-other": ("Mood string, campaign string, rating boolean", ("wild", "spring", True)),
        "3-new": ("rating string, duration_ms bigint", ("five", 200_000)),
    }
    for name, (fields, values) in files.items():
        rows = [("play", f"2024-02-29 10:0{name[0]}:00", "u", *values)]
        written = spark.createDataFrame(rows, SAID + fields).coalesce(1)
        written.write.format(form).save(str(tmp_path / DAY / name))
    found = rows_of(events(arrivals("native", tmp_path)))
    assert found == [
        (200_000, {"mood": "calm", "rating": "5"}),
        (None, {"Mood": "wild", "campaign": "spring", "rating": "true"}),
        (200_000, {"rating": "five"}),
    ]


@pytest.mark.parametrize("form", ["parquet", "avro"])
def test_a_column_that_one_file_spells_in_another_case_is_not_lost_in_the_others(
    spark: SparkSession, arrivals: Arrivals, tmp_path: Path, form: str
) -> None:
    for minute, name in enumerate(("Mood", "mood", "Mood")):
        rows = [("play", f"2024-02-29 10:0{minute}:00", "u", 5, "calm")]
        written = spark.createDataFrame(rows, f"{SAID} duration_ms int, {name} string").coalesce(1)
        written.write.format(form).save(str(tmp_path / DAY / str(minute)))
    found = rows_of(events(arrivals("native", tmp_path)))
    assert found == [(5, {"Mood": "calm"}), (5, {"mood": "calm"}), (5, {"Mood": "calm"})]
    assert spark.conf.get("spark.sql.caseSensitive") == "false"


@pytest.mark.parametrize(
    ("ending", "why"),
    [
        ("snappy", "is compressed in a way that cannot be read"),
        ("lz4", "is compressed in a way that cannot be read"),
        ("xz", "is compressed in a way that cannot be read"),
        ("zip", "is an archive"),
    ],
)
def test_a_log_that_spark_does_not_unpack_is_refused(
    arrivals: Arrivals, tmp_path: Path, ending: str, why: str
) -> None:
    write(tmp_path, f"{DAY}/0.json.{ending}", ["{}"])
    with pytest.raises(InputMissing, match=rf"/0\.json\.{ending} {why}"):
        arrivals("native", tmp_path)


def test_a_file_with_a_column_in_two_spellings_is_named(arrivals: Arrivals, tmp_path: Path) -> None:
    (tmp_path / DAY).mkdir(parents=True)
    names = ("event_type", "mood", "Mood")
    pq.write_table(pa.table({name: ["play"] for name in names}), tmp_path / DAY / "odd.parquet")
    with pytest.raises(InputMissing, match=r"/odd\.parquet has two columns whose names differ in small"):
        arrivals("native", tmp_path)


@pytest.mark.parametrize("zone", [None, "UTC"], ids=["no zone", "UTC"])
def test_a_timestamp_in_nanoseconds_is_the_moment_it_says_to_the_microsecond(
    spark: SparkSession, arrivals: Arrivals, tmp_path: Path, zone: str | None
) -> None:
    """As pandas writes times; a double is off by up to 128 of them. What is a number in another file stays one."""
    times = pd.to_datetime(["2024-02-29T10:00:00.123456999", "2024-02-29T10:00:01.0"]).tz_localize(zone)
    rated = pd.to_datetime(["1969-12-31T23:59:59.999999999", None]).tz_localize(zone)
    (tmp_path / DAY).mkdir(parents=True)
    for name, event_time, rating in (
        ("a b%20", times, rated),
        ("numbers", ["2024-02-29 11:00:00", "2024-02-29 11:00:01"], [5, 6]),
    ):
        written = pd.DataFrame(
            {"event_type": "play", "event_time": event_time, "ms_played": 5, "rating": rating}
        )
        written.to_parquet(tmp_path / DAY / f"{name}.parquet")
    told = events(arrivals("native", tmp_path)).withColumn(
        "at", F.date_format("event_time", "HH:mm:ss.SSSSSS")
    )
    assert rows(told, "at", "ms_played", "extra") == [
        ("10:00:00.123456", 5, '{"rating":"1969-12-31 23:59:59.999999"}'),
        ("10:00:01.000000", 5, None),
        ("11:00:00.000000", 5, '{"rating":"5"}'),
        ("11:00:01.000000", 5, '{"rating":"6"}'),
    ]
    assert guess(spark, str(tmp_path)).source.name == "native"


def test_columns_of_any_name_are_kept(spark: SparkSession, arrivals: Arrivals, tmp_path: Path) -> None:
    (tmp_path / DAY).mkdir(parents=True)
    columns = {"event_type": ["play"], "event_time": ["2024-03-01T10:00:00Z"], "a`b": [1], "_rows": [None]}
    pq.write_table(pa.table(columns), tmp_path / DAY / "odd.parquet")
    [told] = arrivals("native", tmp_path).collect()
    assert json.loads(told.extra) == {"a`b": "1"}
    seen = columns_of(file_rows(spark, str(tmp_path / DAY / "odd.parquet")))
    assert {field.name: field.nulls for field in seen} == dict.fromkeys(columns, 0.0) | {"_rows": 1.0}


def test_a_parquet_file_with_a_type_that_spark_cannot_read_is_named(
    spark: SparkSession, arrivals: Arrivals, tmp_path: Path
) -> None:
    (tmp_path / DAY).mkdir(parents=True)
    noon = pa.array([0], pa.time64("ns"))
    pq.write_table(pa.table({"event_type": ["play"], "noon": noon}), tmp_path / DAY / "odd.parquet")
    with pytest.raises(InputMissing, match=r"/odd\.parquet has a column of a type that Spark cannot read"):
        arrivals("native", tmp_path)


def rows_of(told: DataFrame) -> list[tuple[int | None, dict[str, str]]]:
    """duration_ms and extra of each event, in the order of their time."""
    return [(duration_ms, json.loads(extra)) for duration_ms, extra in rows(told, "duration_ms", "extra")]


@pytest.mark.usefixtures("spark")  # it parses the types
def test_files_are_read_together_as_long_as_no_field_has_two_types_or_cases() -> None:
    """So that a thousand files make no plan of a thousand parts; what may be null does not part them."""
    listed = {
        "1": "a int, b array<int>",
        "2": "a int, c string",
        "3": "a bigint",
        "4": "A int",
        "5": "b array<int>, c string",
        "6": "a bigint, c int",
    }
    schemas = [(path, T.StructType.fromDDL(ddl)) for path, ddl in listed.items()]
    schemas.append(("7", T.StructType([T.StructField("b", T.ArrayType(T.IntegerType(), False), False)])))
    groups = [(schema.names, paths) for schema, paths in by_schema(schemas)]
    assert groups == [
        (["a", "b", "c"], ["1", "2", "5", "7"]),
        (["a", "c"], ["3", "6"]),
        (["A"], ["4"]),
    ]


def test_an_avro_file_that_is_none_ends_the_run_and_is_named(
    spark: SparkSession, arrivals: Arrivals, tmp_path: Path
) -> None:
    write(tmp_path, "date=2024-02-29/cut.avro", ["Obj\x01"])
    with pytest.raises(InputMissing, match=r"The header of .*/cut\.avro cannot be read \(\w+"):
        arrivals("native", tmp_path)


def test_a_range_of_dates_reads_its_folders_only(spark: SparkSession) -> None:
    from datetime import date

    from tracklake.sources import source

    day = date(2024, 3, 1)
    (file,) = source("native").find(spark, str(FIXTURES / "native"), day, day)
    assert "date=2024-03-01/hour=00" in getattr(file, "path", file)
