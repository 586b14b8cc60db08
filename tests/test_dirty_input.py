"""Bad input, case by case: what docs/ingestion.md says of each is what happens."""

from __future__ import annotations

import bz2
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from io import StringIO
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest
from pyspark.sql import Row, SparkSession
from rich.console import Console

from jobs import ingest_events
from tests.conftest import ROOT, Job
from tests.logs import NOON, Reads, files, key_of, record, write
from tracklake.config import Conf, Limits
from tracklake.errors import TracklakeError
from tracklake.failures import explain
from tracklake.lake import Lake, staging
from tracklake.progress import Steps
from tracklake.run import Run
from tracklake.sources import sparkify

_number = count(1000)


def good(**fields: object) -> str:
    """A record like no other, unless its ts is given."""
    number = next(_number)
    return record(1, number, **fields)


def other(**fields: object) -> str:
    """A record that differs from the good ones in these fields, written as they are."""
    known = json.loads(good())
    values = {name: fields.get(name, json.dumps(known.get(name))) for name in known | fields}
    return "{" + ", ".join(f"{json.dumps(name)}: {value}" for name, value in values.items()) + "}"


def text(*lines: str, end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode()


def two() -> bytes:
    return text(good(), good())


def zst(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


BOM = b"\xef\xbb\xbf"
IN_AN_HOUR, IN_TWO_DAYS = (
    round(datetime.now(UTC).timestamp() * 1000) + hours * 3_600_000 for hours in (1, 48)
)
LEAP = round(datetime(2016, 2, 29, 23, 59, 59, 999_000, tzinfo=UTC).timestamp() * 1000)
SAME = good()
TWICE = good(page="NextSong", artist="BjÃ¶rk").replace("{", '{"page": "Home", "x": 1, "x": 2, ')
FRAGMENTS = ("'; DROP TABLE event; --", "../../etc/passwd", "${spark.master}`{x}*?[a]")
UNICODE = ("👩‍🎤🎧", "שלום \u202eabc\u202c", "zero\u200bwidth\ufeffinside")

CASES: dict[str, tuple[str, bytes]] = {
    "empty": (".json", b""),
    "empty-partition": ("/hour=07/part-0.json", b""),
    "empty-gz": (".json.gz", gzip.compress(b"")),
    "gz": (".json.gz", gzip.compress(two())),
    "bz2": (".json.bz2", bz2.compress(two())),
    "zst": (".json.zst", zst(two())),
    "two-members": (".json.gz", gzip.compress(text(good())) + gzip.compress(text(good()))),
    "bom": (".json", BOM + two()),
    "bom-inside": (".json", BOM + text(good()) + BOM + text(good())),
    "utf-16": (".json", two().decode().encode("utf-16")),
    "utf-16-crlf": (".json", text(good(), good(), end="\r\n").decode().encode("utf-16")),
    "crlf": (".json", text(good(), good(), end="\r\n")),
    "cr": (".json", text(good(), good(), end="\r")),
    "blank-lines": (".json", text("", good(), "   ", "\t", "\u3000\u00a0", "", f"\t{good()}\t ", "")),
    "no-newline": (".json", good().encode()),
    "nul": (".json", text(good(), good(song="a").replace('"a"', '"a\0b"')) + b"\0" * 64),
    "latin-1": (".json", good(song="Bj\u00f6rk", page="NextSong").replace("\\u00f6", "\u00f6").encode("latin-1")),
    "array": (".json", text(f"[{good()}, {good()}]")),
    "number": (".json", text("39")),
    "string": (".json", text('"Home"')),
    "null": (".json", text("null")),
    "garbage": (".json", text("%PDF-1.4 \\x00 }{")),
    "cut-off": (".json", text(good()) + good()[:-20].encode()),
    "two-in-one": (".json", text(good() + good())),
    "two-by-comma": (".json", text(f"{good()},{good()}", f"{good()}, {good(more={})}", f"{good()}]{good()}")),
    "nested": (".json", text(other(more="[" * 100 + "]" * 100))),
    "nested-too-deep": (".json", text(other(more="[" * 2_000 + "]" * 2_000))),
    "object-for-text": (".json", text(good(userId={"id": 7, "of": [1, None]}))),
    "address": (".json", text(good(userId="jane@example.org", note="ask jane@example.org"))),
    "duplicate-keys": (".json", text(TWICE)),
    "nan": (".json", text(other(length="NaN"))),
    "infinity": (".json", text(other(length="Infinity"))),
    "empty-length": (".json", text(good(length=""))),
    "nan-time": (".json", text(other(ts="NaN"))),
    "negative-item": (".json", text(good(itemInSession=-1))),
    "reserved": (".json", text(good(userId="(anonymous)", location="(unknown)"), good(userId="(unknown)"))),
    "name-of-a-name": (".json", text(good(sort="firstName"))),
    "numbers-as-text": (".json", text(good(ts=str(NOON + 1), length="200.5", itemInSession="3"))),
    "scientific": (".json", text(other(ts="1.541073600001E12"))),
    "seconds": (".json", text(good(ts=NOON // 1000))),
    "microseconds": (".json", text(good(ts=NOON * 1000))),
    "nanoseconds": (".json", text(good(ts=NOON * 1_000_000))),
    "negative": (".json", text(good(ts=-NOON))),
    "zero": (".json", text(good(ts=0))),
    "year-9999": (".json", text(good(ts=253_402_300_799_000))),
    "huge": (".json", text(other(ts="1" + "0" * 30))),
    "future": (".json", text(good(ts=IN_AN_HOUR), good(ts=IN_TWO_DAYS))),
    "local-time": (".json", text(good(ts="2018-11-01T12:00:00+01:00"))),
    "no-time": (".json", text('{"page": "Home", "userId": "7"}')),
    "no-page": (".json", text(good(page=None))),
    "leap-day": (".json", text(good(ts=LEAP))),
    "long-id": (".json", text(good(userId="9" * 100_000))),
    "fragments": (".json", text(*(good(userId=words, sessionId=words) for words in FRAGMENTS))),
    "unicode": (".json", text(*(good(page="NextSong", artist=words, song=words) for words in UNICODE))),
    "duplicates": (".json", text(SAME, SAME, SAME)),
    "long-line": (".json", text(good(more="x" * 2**20), good())),
}  # fmt: skip
"""What stands in the file of each case: the end of its name, and its bytes."""


def song(number: int, **fields: object) -> str:
    known = {"song_id": f"S{number}", "title": "Title", "artist_id": f"A{number}", "artist_name": "Name"}
    return json.dumps(known | {"year": 2001, "duration": 200.5} | fields)


SONGS = text(
    song(1),
    song(2, title="", artist_name=" \t", artist_location=" "),
    *(song(3 + place, year=year) for place, year in enumerate((0, 999, 1000, 2100, 20080, -1, "x"))),
    song(20, artist_latitude=90.5, artist_longitude=-180, duration=-1),
    "\t",
    f"{song(30)},{song(31)}",
    song(32, song_id="(unknown)"),
    song(33, artist_id="inferred:ab"),
    song(34, song_id=""),
    song(35, artist_id=None),
    song(36, more="x" * 2**20),
)


def rows_of(table: str) -> Iterator[list[str]]:
    """Cells of the rows of the table in docs/ingestion.md whose head begins with these words."""
    lines = iter((ROOT / "docs" / "ingestion.md").read_text(encoding="utf-8").splitlines())
    for line in lines:
        if line.startswith(f"| {table}"):
            next(lines)
            for row in lines:
                if not row.startswith("|"):
                    return
                yield [cell.strip() for cell in row.strip("|").split("|")]


EXPECTED = {
    case: (int(events), reasons) for case, _, events, reasons in rows_of("case | what it is | events")
}
STOPS = {case: (int(code), words) for case, _, code, words in rows_of("case | what it is | exit code")}


def limited(conf: Conf) -> Conf:
    return conf.model_copy(update={"limits": Limits(longest_line_mb=1)})


@pytest.fixture(scope="module")
def dirty(spark: SparkSession, conf: Conf, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake after one audited run over a folder with a file for every case."""
    folder = tmp_path_factory.mktemp("dirty")
    for case, (name, data) in CASES.items():
        file = folder / "logs" / "log_data" / f"{case}{name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    songs = folder / "logs" / "song_data" / "songs.json"
    songs.parent.mkdir()
    songs.write_bytes(SONGS)
    return perform(spark, limited(conf), folder)


def begun(spark: SparkSession, conf: Conf, folder: Path) -> Run:
    return Run(
        spark,
        conf,
        Steps(Console(file=StringIO())),
        job="ingest_events",
        lake=str(folder / "lake"),
        source="sparkify",
        input=str(folder / "logs"),
    )


def case_of(path: str) -> str:
    return re.split(r"[./]", path.partition("/log_data/")[2])[0]


def test_the_page_has_exactly_the_cases() -> None:
    assert set(EXPECTED) == set(CASES)
    assert set(STOPS) == {*CUT_OFF, "vanished", "circle", "two-runs", "disk-full"}


def test_every_record_becomes_what_the_page_says(dirty: Lake) -> None:
    events = Counter(case_of(row.source_file) for row in dirty.read("event").select("source_file").collect())
    bad = Counter((case_of(row.source_file), row.reason) for row in dirty.read("quarantine").collect())
    found = {
        case: (
            events[case],
            ", ".join(f"{times} {reason}" for (of, reason), times in sorted(bad.items()) if of == case),
        )
        for case in CASES
    }
    assert found == EXPECTED


def test_what_is_kept_is_kept_as_it_was(dirty: Lake) -> None:
    events: dict[str, list[Row]] = {}
    for row in dirty.read("event").orderBy("event_time").collect():
        events.setdefault(case_of(row.source_file), []).append(row)
    assert [row.user_id for row in events["fragments"]] == list(FRAGMENTS)
    assert [row.artist_name for row in events["unicode"]] == list(UNICODE)
    assert [len(row.user_id) for row in events["long-id"]] == [100_000]
    assert [row.track_name for row in events["latin-1"]] == ["Bj\ufffdrk"]
    assert [row.event_time.isoformat() for row in events["leap-day"]] == ["2016-02-29T23:59:59.999000"]
    [object_] = events["object-for-text"]
    assert object_.user_id == key_of('{"id":7,"of":[1,null]}')
    [address] = events["address"]
    assert address.user_id == key_of("jane@example.org")
    assert json.loads(address.extra)["note"] == "ask [dropped]"
    [numbers] = events["numbers-as-text"]
    assert (numbers.duration_ms, numbers.item_in_session) == (200_500, 3)
    [twice] = events["duplicate-keys"]
    assert (twice.event_type, twice.artist_name, json.loads(twice.extra)["x"]) == ("page_view", "Björk", "2")


def test_what_a_column_does_not_allow_is_null_and_kept_in_extra(dirty: Lake) -> None:
    events: dict[str, list[Row]] = {}
    for row in dirty.read("event").collect():
        events.setdefault(case_of(row.source_file), []).append(row)
    [item] = events["negative-item"]
    assert (item.item_in_session, json.loads(item.extra)["itemInSession"]) == (None, "-1")
    assert [(row.user_id, row.location) for row in events["reserved"]] == [(None, None)] * 2


def test_a_song_has_no_title_that_is_blank_and_no_year_that_is_none(dirty: Lake) -> None:
    songs = {row.track_id: row for row in dirty.read("catalogue").collect()}
    assert set(songs) == {*(f"S{number}" for number in range(1, 10)), "S20"}
    assert (songs["S1"].title, songs["S1"].artist_name, songs["S1"].duration_ms) == ("Title", "Name", 200_500)
    assert (songs["S2"].title, songs["S2"].artist_name, songs["S2"].artist_location) == (None, None, None)
    years = [songs[f"S{number}"].release_year for number in range(3, 10)]
    assert years == [None, None, 1000, 2100, None, None, None]
    assert (songs["S20"].artist_latitude, songs["S20"].artist_longitude) == (None, -180)
    assert songs["S20"].duration_ms is None
    bad = dirty.read("quarantine").where("source_file LIKE '%/songs.json'").collect()
    assert sorted(row.reason for row in bad) == [
        *("line_too_long", "no_artist_id", "no_song_id", "not_json", "reserved_id", "reserved_id"),
    ]


def test_of_a_long_line_the_head_is_kept(dirty: Lake) -> None:
    [row] = (
        dirty.read("quarantine")
        .where("reason = 'line_too_long' AND source_file LIKE '%/log_data/%'")
        .collect()
    )
    assert row.raw_record.startswith('{"ts"')
    assert len(row.raw_record) == 1_000
    assert "limits.longest_line_mb" in row.detail


def test_every_file_with_a_byte_in_it_is_known(dirty: Lake) -> None:
    known = {case_of(row.path) for row in dirty.read("source_file").where("kind = 'log'").collect()}
    assert known == {case for case, (_, data) in CASES.items() if data}


def half(data: bytes) -> bytes:
    return data[: len(data) // 2]


MANY = text(*(good() for _ in range(200)))
CUT_OFF = {
    "cut-off-gz": (".gz", half(gzip.compress(MANY))),
    "cut-off-bz2": (".bz2", half(bz2.compress(MANY))),
    "cut-off-zst": (".zst", half(zst(MANY))),
    "cut-off-zst-frames": (".zst", zst(two()) + half(zst(MANY))),
    "snappy": (".snappy", pa.Codec("snappy").compress(MANY, asbytes=True)),
    "lz4": (".lz4", pa.Codec("lz4").compress(MANY, asbytes=True)),
    "not-gz": (".gz", MANY),
    "archive": (".tar.gz", gzip.compress(MANY)),
    "table": (".parquet", MANY),
}


def perform(spark: SparkSession, conf: Conf, folder: Path) -> Lake:
    with begun(spark, conf, folder) as run:
        ingest_events.main(run)
        run.finish()
    return run.lake


def stopped(spark: SparkSession, conf: Conf, folder: Path) -> tuple[int, str]:
    """Exit code and sentence of a run over the logs in a folder, which publishes nothing."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is, explain says it in one sentence
        perform(spark, conf, folder)
    assert not (folder / "lake" / "_releases").exists()
    failure = explain(caught.value, str(folder / "logs"))
    return failure.exit_code, failure.sentence


@pytest.mark.usefixtures("unaudited")
@pytest.mark.parametrize("case", CUT_OFF)
def test_a_file_that_cannot_be_read_to_its_end_stops_the_run(
    spark: SparkSession, conf: Conf, tmp_path: Path, case: str
) -> None:
    end, data = CUT_OFF[case]
    logs = tmp_path / "logs" / "log_data"
    write(logs, "2018-11-02.json", [good()])
    (logs / f"some one.json{end}").write_bytes(data)
    code, sentence = stopped(spark, conf, tmp_path)
    assert (code, STOPS[case][1] in sentence) == (STOPS[case][0], True)
    assert f"{logs}/some one.json{end}" in sentence


@pytest.mark.usefixtures("unaudited")
@pytest.mark.parametrize("when", ["before it is opened", "before it is read"])
def test_a_file_that_goes_away_stops_the_run(
    spark: SparkSession, conf: Conf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    file = write(tmp_path / "logs" / "log_data", "2018-11-02.json", [good()])
    lines = sparkify.read_lines

    def vanishing(*args: object) -> object:
        if when == "before it is opened":
            file.unlink()
            return lines(*args)
        frame = lines(*args)
        file.unlink()
        return frame

    monkeypatch.setattr(sparkify, "read_lines", vanishing)
    code, sentence = stopped(spark, conf, tmp_path)
    assert (code, STOPS["vanished"][1] in sentence) == (STOPS["vanished"][0], True)
    assert str(file) in sentence


def test_links_in_a_circle_stop_the_run(spark: SparkSession, conf: Conf, tmp_path: Path) -> None:
    logs = write(tmp_path / "logs" / "log_data", "2018-11-02.json", [good()]).parent
    (logs / "again").symlink_to(logs)
    code, sentence = stopped(spark, conf, tmp_path)
    assert (code, STOPS["circle"][1] in sentence) == (STOPS["circle"][0], True)


@pytest.mark.usefixtures("unaudited")
def test_a_full_disk_stops_the_run(
    spark: SparkSession, conf: Conf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "logs" / "log_data", "2018-11-02.json", [good()])
    writing = staging.write

    def full(frame: object, contract: object, path: str) -> None:
        if "/event/" in path:
            raise OSError(28, "No space left on device", path)
        writing(frame, contract, path)

    with monkeypatch.context() as patched:
        patched.setattr(staging, "write", full)
        code, sentence = stopped(spark, conf, tmp_path)
    assert (code, STOPS["disk-full"][1] in sentence) == (STOPS["disk-full"][0], True)
    assert perform(spark, conf, tmp_path).read("event").count() == 1


@pytest.mark.usefixtures("unaudited")
def test_of_two_runs_at_once_the_second_to_publish_is_refused(
    spark: SparkSession, conf: Conf, tmp_path: Path
) -> None:
    write(tmp_path / "logs" / "log_data", "2018-11-02.json", [good(), good()])
    with ExitStack() as stack:
        first, second = (stack.enter_context(begun(spark, conf, tmp_path)) for _ in range(2))
        for run in (first, second):
            ingest_events.main(run)
        first.finish()
        with pytest.raises(TracklakeError) as refused:
            second.finish()
    failure = explain(refused.value)
    assert (failure.exit_code, STOPS["two-runs"][1] in failure.sentence) == (STOPS["two-runs"][0], True)
    assert first.lake.read("event").count() == 2
    there = {run: Path(run.staged["event"].path).exists() for run in (first, second)}
    assert there == {first: True, second: False}, "what was overtaken is staged anew"


@pytest.mark.usefixtures("unaudited")
def test_a_file_that_grows_while_it_is_read_is_read_again(
    run_job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = Reads(run_job, tmp_path)
    first, rest = good(), [good(), good()]
    file = reads.write("2018-11-02.json", first)
    lines = sparkify.read_lines

    def growing(*args: object) -> object:
        frame = lines(*args)
        with file.open("a") as log:
            log.write("".join(f"{line}\n" for line in rest))
        return frame

    with monkeypatch.context() as patched:
        patched.setattr(sparkify, "read_lines", growing)
        lake = reads.run()
    assert lake.read("event").count() < 3
    lake = reads.run()
    assert "Reading 1 of 1 log files" in reads.said
    assert "3 records read" in reads.said
    assert files(lake)["2018-11-02.json"] == (3, 3, 0, 0, 0)
