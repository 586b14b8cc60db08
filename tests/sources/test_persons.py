"""Personal fields: neither extra nor raw_record holds what they say, however deep and in whatever form."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tests.logs import key_of
from tests.sources.conftest import Arrivals
from tracklake.local_rows import local_rows
from tracklake.sources.text import nameless, without_nested_persons, without_persons

SECRETS = ("192.0.2.1", "a@b.c", "Walburga", "O'Hara")
CLIENT = {"ip": "192.0.2.1", "email": "a@b.c", "os": "iOS", "of": [{"Mail": ["a@b.c"], "n": 1}]}
DROPPED = {"ip": "[dropped]", "email": "[dropped]", "os": "iOS", "of": [{"Mail": "[dropped]", "n": 1}]}
EVENT = {"event_type": "play", "event_time": "2024-02-29T10:00:00Z"}
DAY = "date=2024-02-29/hour=10"


def within(value: object, depth: int) -> object:
    """The value in so many objects, each the text of a field of the next."""
    for _ in range(depth):
        value = {"inner": json.dumps(value), "end": 'a "word"'}
    return value


def test_a_value_is_dropped_whatever_it_is_and_nothing_else(spark: SparkSession) -> None:
    values = ("a@b.c", 'a"b\\', 5, None, ["a@b.c", {"k": ']"'}], {"v4": "192.0.2.1", "more": [[["}"]]]})
    records = [
        within({"a": 'q"\\', "email": value, "page": "Home", "z": {"IP": value}}, depth)
        for value in values
        for depth in range(4)
    ]
    told = local_rows(spark, [(json.dumps(record),) for record in records], "record string")
    found = [json.loads(row[0]) for row in told.select(without_persons(F.col("record"))).collect()]
    dropped = {"a": 'q"\\', "email": "[dropped]", "page": "Home", "z": {"IP": "[dropped]"}}
    assert found == [within(dropped, depth) for _ in values for depth in range(4)]


def test_an_object_that_is_cut_off_in_a_text_leaves_the_record_whole(spark: SparkSession) -> None:
    whole = json.dumps({"a": 1, "email": ["a@b.c", {"k": 'x"]'}], "b": {"ip": '192.0.2.1"'}})
    records = [json.dumps({"inner": whole[:length], "end": "e"}) for length in range(len(whole))]
    told = local_rows(spark, [(record,) for record in records], "record string")
    for (text,) in told.select(without_nested_persons(F.col("record"))).collect():
        found = json.loads(text)
        assert found["end"] == "e"
        assert not [secret for secret in ("@", "192") if secret in found["inner"]]


@pytest.mark.parametrize("end", ['["a@b.c", "a', '{"k": "a@b.c', "[[[[[[[1]]]]]]]", '"a@b.c'])
def test_what_has_no_end_or_is_too_deep_is_dropped_to_the_end(spark: SparkSession, end: str) -> None:
    told = local_rows(spark, [('{"page":"Home","email":' + end,)], "record string")
    [(text,)] = told.select(without_persons(F.col("record"))).collect()
    assert text == '{"page":"Home","email":"[dropped]"'


def test_single_quotes_are_quotes(spark: SparkSession) -> None:
    record = "{'firstName': 'Walburga', 'email': ['a@b.c'], 'page': 'Home'}"
    told = local_rows(spark, [(record,)], "record string")
    [(text,)] = told.select(without_persons(F.col("record"))).collect()
    assert text == "{'firstName': '[dropped]', 'email': '[dropped]', 'page': 'Home'}"


@pytest.mark.parametrize("form", ["utf-16-le", "utf-16-be"])
def test_names_in_utf_16_are_dropped(spark: SparkSession, form: str) -> None:
    """One byte of the letter T in Cyrillic is that of a quote."""
    record = '{"firstName":"Walburga","lastName":"Тест Т","page":"Home"}'.encode(form)
    told = local_rows(spark, [(record,)], "record binary").select(F.col("record").cast("string"))
    [(text,)] = told.select(without_persons(F.col("record"))).collect()
    assert text.startswith('{"firstName":"[dropped]","lastName":"[dropped]"')
    assert text.endswith('page":"Home"}')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"note":"ask jane.d+x@mail.example.org, now"}', '{"note":"ask [dropped], now"}'),
        ('{"note":"hi\\njane@example.org"}', '{"note":"hi\\n[dropped]"}'),
        ('{"note":"hi\\u00e4jane@example.org"}', '{"note":"hi\\u00e4[dropped]"}'),
        ('{"note":"jane\\u0040example.org"}', '{"note":"[dropped]"}'),
        ('{"inner":"{\\"a\\":\\"jörg@exämple.org\\"}"}', '{"inner":"{\\"a\\":\\"[dropped]\\"}"}'),
        ('{"jane@example.org":{"n":1}}', '{"[dropped]":{"n":1}}'),
        *[
            (f'{{"note":"to{before}jane@example.org"}}', f'{{"note":"to{before}[dropped]"}}')
            for before in "<=:,;/?["
        ],
        ('{"song":"Live @ Wembley 4.7.","by":"@handle","at":"a@b"}', None),
    ],
)
def test_addresses_in_a_text_are_dropped_and_it_stays_json(
    spark: SparkSession, text: str, told: str | None
) -> None:
    frame = local_rows(spark, [(text,)], "record string")
    ways = frame.select(without_persons(F.col("record")), without_nested_persons(F.col("record")))
    [found] = ways.collect()
    assert tuple(found) == (told or text,) * 2
    json.loads(found[0])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a" * 10**6 + "@", None),
        ("a@" + "b." * 10**6 + " ", "[dropped]. "),
        ("a@" * 10**6, None),
        ("\\n" * 10**6 + "@", None),
    ],
    ids=["name", "domain", "signs", "escapes"],
)
def test_long_texts_that_look_like_addresses_are_gone_through_once(
    spark: SparkSession, text: str, told: str | None
) -> None:
    """A pattern that went back would not come to an end."""
    frame = local_rows(spark, [(text,)], "record string")
    [found] = frame.select(without_persons(F.col("record")), nameless(F.col("record"))).collect()
    assert tuple(found) == ((told, key_of(text)) if told else (text, text))


def lines(folder: Path, *records: object) -> Path:
    (folder / DAY).mkdir(parents=True)
    (folder / DAY / "0.json").write_text("\n".join(map(json.dumps, records)))
    return folder


def test_what_is_nested_in_an_event_is_dropped_from_extra(arrivals: Arrivals, tmp_path: Path) -> None:
    given = {"extra": {"client": CLIENT, "mood": "calm"}, "device": CLIENT, "ip": "192.0.2.1"}
    unparsed = {"extra": '{"ip": "192.0.2.1", "email": ["a@b.c"', "page": "firstName"}
    found = arrivals("native", lines(tmp_path, EVENT | given, EVENT | unparsed)).select("extra").collect()
    parsed, kept = (json.loads(row.extra) for row in found)
    assert {name: json.loads(parsed[name]) for name in ("client", "device")} == {
        "client": DROPPED,
        "device": DROPPED,
    }
    assert (parsed["mood"], set(parsed)) == ("calm", {"client", "device", "mood"})
    assert kept == {"extra": '{"ip": "[dropped]", "email": "[dropped]"', "page": "firstName"}


def test_an_address_within_an_id_makes_it_a_key(arrivals: Arrivals, tmp_path: Path) -> None:
    ids = ["jane@example.org ", "Jane <jane@example.org>", "@jane", "7"]
    found = arrivals("native", lines(tmp_path, *[EVENT | {"user_id": id_} for id_ in ids])).collect()
    assert sorted(row.user_id for row in found) == sorted([*map(key_of, ids[:2]), *ids[2:]])


@pytest.mark.parametrize("name", ["clientIp", "ipAddr", "IP-Address", "E-Mail", "phoneNumber", "last name"])
def test_a_personal_field_is_one_however_its_words_are_joined(
    spark: SparkSession, arrivals: Arrivals, tmp_path: Path, name: str
) -> None:
    [row] = arrivals("native", lines(tmp_path, EVENT | {name: "Walburga", "mood": "calm"})).collect()
    assert json.loads(row.extra) == {"mood": "calm"}
    record = json.dumps({name: "Walburga", "mood": "calm"})
    cut = local_rows(spark, [(record,), (record.encode("utf-16-le").decode("latin-1"),)], "record string")
    for told in cut.select(without_persons(F.col("record")).alias("record")).collect():
        assert "Walburga" not in told.record
        assert "calm" in told.record


@pytest.mark.parametrize(
    ("source", "record"),
    [
        ("native", EVENT | {"user_id": "jane@example.org"}),
        ("sparkify", {"page": "Home", "ts": 1541073600000, "userId": "jane@example.org"}),
        (
            "listenbrainz",
            {"user_id": "jane@example.org", "listened_at": 1541073600, "track_metadata": {"track_name": "a"}},
        ),
    ],
)
def test_a_listener_whose_id_is_an_address_gets_its_key(
    arrivals: Arrivals, tmp_path: Path, source: str, record: dict[str, object]
) -> None:
    folder = tmp_path / ("log_data/2018/11" if source == "sparkify" else DAY)
    folder.mkdir(parents=True)
    (folder / "0.json").write_text(json.dumps(record))
    [row] = arrivals(source, tmp_path).collect()
    assert row.reason is None
    assert row.user_id == key_of("jane@example.org")
    assert "jane" not in str(row)


def test_a_quarantined_row_of_parquet_holds_no_persons(arrivals: Arrivals, tmp_path: Path) -> None:
    (tmp_path / DAY).mkdir(parents=True)
    rows = [{"event_type": "none", "event_time": "2024-02-29T10:00:00Z", "extra": json.dumps(CLIENT)}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / DAY / "0.parquet")
    [row] = arrivals("native", tmp_path).select("reason", "raw_record").collect()
    assert row.reason == "bad_event_type"
    assert json.loads(json.loads(row.raw_record)["extra"]) == DROPPED
