"""What a run reads: new files, changed ones, and of files without a date the events of the range."""

from __future__ import annotations

import json
import os
import re
from datetime import date
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis.strategies import text, uuids
from pyspark.sql import SparkSession
from rich.console import Console

from jobs import build_dimensions, ingest_events
from tests.conftest import Job
from tests.logs import Reads, files, record, write
from tracklake import cli
from tracklake.config import Conf, SourceSettings
from tracklake.errors import InputMissing, TracklakeError, WrongUsage
from tracklake.incoming import sources_of, warn_of_mixed_ids
from tracklake.lake import Lake
from tracklake.places import absolute
from tracklake.progress import Steps
from tracklake.run import Run
from tracklake.sources import source
from tracklake.sources.files import below, days_of, list_files
from tracklake.transforms.arrivals import none, within
from tracklake.transforms.events import dates_with_other_ids, names_told_otherwise, unresolved

pytestmark = pytest.mark.usefixtures("unaudited")


def song(number: int, title: str, artist: str) -> str:
    ids = {"song_id": f"S{number}", "artist_id": f"A{number}"}
    return json.dumps(ids | {"title": title, "artist_name": artist, "duration": 200.0, "year": 0})


@pytest.fixture
def reads(run_job: Job, tmp_path: Path) -> Reads:
    return Reads(run_job, tmp_path)


def test_a_run_reads_new_and_changed_files_only(reads: Reads) -> None:
    first = reads.write("2018-11-02.json", record(1, 0), record(1, 1), "broken")
    reads.write("2018-11-03.json.gz", record(2, 0), record(1, 1))
    lake = reads.run()
    assert "5 records read = 3 events + 1 duplicates + 1 quarantined" in reads.said
    assert files(lake) == {"2018-11-02.json": (3, 2, 0, 1, 0), "2018-11-03.json.gz": (2, 1, 1, 0, 0)}

    before = lake.release()
    assert reads.run().release() == before
    assert "No new files: all 2 log files" in reads.said

    reads.write("2018-11-02.json", record(1, 0), record(1, 1), "broken", record(1, 2))
    reads.write("2018-11-04.json", record(3, 0))
    lake = reads.run()
    assert "Reading 2 of 3 log files" in reads.said
    assert "5 records read = 2 events + 2 duplicates + 1 quarantined" in reads.said
    assert files(lake)["2018-11-02.json"] == (4, 3, 0, 1, 0)
    assert (lake.read("event").count(), lake.read("quarantine").count()) == (5, 1)

    later = first.stat().st_mtime + 60  # the same bytes, written again
    os.utime(first, (later, later))
    reads.run()
    assert "Reading 1 of 3 log files" in reads.said
    assert "4 records read = 0 events + 3 duplicates + 1 quarantined" in reads.said

    lake = reads.run(reprocess=True)
    assert "Reading 3 of 3 log files" in reads.said
    assert (lake.read("event").count(), lake.read("quarantine").count()) == (5, 1)


def test_a_late_record_brings_its_own_day_up_to_date_and_no_other(reads: Reads) -> None:
    for day in (1, 2, 3, 4):
        reads.write(f"2018-11-0{day + 1}.json", record(day))
    reads.run()
    reads.write("2018-11-06.json", record(3, 1), record(5))
    release = reads.run().release()
    assert "2 records read = 2 events + 0 duplicates + 0 quarantined" in reads.said
    # 2018-11-04 and 2018-11-06, and the days before them, whose last plays they may end.
    assert (release.rows_added["event"], release.rows_removed["event"]) == (5, 3)


def test_where_a_path_says_no_date_the_range_picks_events(reads: Reads) -> None:
    reads.write("all.json", record(1), record(2), record(3), record(4), "broken")
    reads.write("2018-11-03.json", record(2, 5), record(1, 5))
    lake = reads.run(start=2, end=3)
    assert "5 records read = 4 events + 0 duplicates + 1 quarantined (+ 2 outside the range)" in reads.said
    assert files(lake) == {"all.json": (5, 2, 0, 1, 2), "2018-11-03.json": (2, 2, 0, 0, 0)}

    reads.run(start=3, end=3)
    assert "No new files" in reads.said

    lake = reads.run(start=1, end=4)
    assert "Reading 1 of 2 log files" in reads.said
    assert "5 records read = 2 events + 2 duplicates + 1 quarantined" in reads.said
    assert lake.read("event").count() == 6
    assert lake.read("quarantine").count() == 1


def test_a_file_that_was_read_in_part_is_read_again_once_its_path_says_a_date(
    run_job: Job, tmp_path: Path
) -> None:
    """Below its own folder a path says no date, and the range picks events: not the late one."""
    logs, day = tmp_path / "logs", date(2024, 3, 2)
    likes = [{"event_type": "like", "event_time": f"2024-03-0{day}T10:00:00Z"} for day in (1, 2)]
    write(logs, "date=2024-03-02/part-0.json", map(json.dumps, likes))
    for folder, events in ((logs / "date=2024-03-02", 1), (logs, 2)):
        lake = run_job(ingest_events, tmp_path / "lake", folder, day, day, source="native")
        assert lake.read("event").count() == events


@pytest.mark.parametrize(("own", "other", "warned"), [("", "", True), ("s:", "", False), ("", "n:", False)])
def test_a_second_source_without_id_prefix_is_warned_about(
    spark: SparkSession, conf: Conf, own: str, other: str, warned: bool
) -> None:
    prefixes = {"sparkify": SourceSettings(id_prefix=own), "native": SourceSettings(id_prefix=other)}
    notes: list[str] = []
    run = SimpleNamespace(
        logs=lambda: (source("sparkify"), "logs"),
        conf=conf.model_copy(update={"sources": prefixes}),
        published=lambda table: spark.createDataFrame(
            [("sparkify", own), ("native", other)], "source string, id_prefix string"
        ),
        steps=SimpleNamespace(note=notes.append),
    )
    assert sources_of(run) == {"native": other, "sparkify": own}
    warn_of_mixed_ids(run, sources_of(run))
    assert [("native" in note and "id_prefix" in note) for note in notes] == [True] * warned


def prefixed_run(spark: SparkSession, conf: Conf, reads: Reads) -> Run:
    """A run of ingest_events in which ids of the logs begin with s:."""
    prefixed = conf.model_copy(update={"sources": {"sparkify": SourceSettings(id_prefix="s:")}})
    lake, steps = str(reads.lake_at), Steps(Console(file=StringIO()))
    flags = {"job": "ingest_events", "lake": lake, "source": "sparkify", "input": str(reads.logs)}
    return Run(spark, prefixed, steps, **flags)


@pytest.mark.usefixtures("unaudited")
def test_ids_of_logs_and_catalogue_begin_with_the_prefix_of_their_source(
    spark: SparkSession, conf: Conf, reads: Reads
) -> None:
    reads.write("2018-11-02.json", play(1, 0, "Known", "Twins"))
    write(reads.logs / "song_data", "A/1.json", [song(1, "Known", "Twins")])
    with prefixed_run(spark, conf, reads) as run:
        ingest_events.main(run)
        run.finish()
    [event] = Lake(spark, str(reads.lake_at)).read("event").collect()
    assert (event.user_id, event.track_id, event.artist_id) == ("s:7", "s:S1", "s:A1")


def test_a_source_whose_id_prefix_has_changed_is_refused(
    spark: SparkSession, conf: Conf, reads: Reads
) -> None:
    """A record that came before, without it, would be nobody's copy."""
    reads.write("2018-11-02.json", play(1, 0, "Known", "Twins"))
    before = reads.run().ledger.newest()
    reads.write("2018-11-03.json", play(1, 0, "Known", "Twins"), play(2, 0, "Known", "Twins"))
    with (
        prefixed_run(spark, conf, reads) as run,
        pytest.raises(
            WrongUsage, match=r'has read sparkify with id_prefix "", and conf/local\.toml says "s:"'
        ),
    ):
        ingest_events.main(run)
    assert reads.run().ledger.newest().release == before.release + 1


def play(day: int, item: int, title: str, artist: str) -> str:
    return record(day, item, page="NextSong", song=title, artist=artist, length=200.0)


SONGS = {
    "A/1.json": song(1, "Known", "Twins"),
    "A/2.json": song(2, "Late", "Sole"),
    "A/3.json": song(3, "Other", "Twins"),
}
"""Twins is first one artist, then two: plays of their other titles belong to an inferred artist then."""


@pytest.mark.slow
def test_a_catalogue_that_grows_gives_the_lake_of_one_that_was_there_from_the_start(
    reads: Reads, run_job: Job, tmp_path: Path
) -> None:
    songs = reads.logs / "song_data"
    reads.write(
        "2018-11-02.json", play(1, 0, "Late", "Sole"), play(1, 1, "Else", "Sole"), play(1, 2, "X", "Twins")
    )
    reads.write("2018-11-05.json", play(4, 0, "Known", "Twins"), play(4, 1, "Y", "Nobody"))
    write(songs, "A/1.json", [SONGS["A/1.json"]])
    reads.run()
    run_job(build_dimensions, reads.lake_at)

    for name in ("A/2.json", "A/3.json"):
        write(songs, name, [SONGS[name]])
    write(songs, "A/4.json", ['{"title": "No ids", "artist_name": "Sole"}'])
    lake = reads.run()
    assert "0 records read = 0 events" in reads.said
    assert "1 catalogue records quarantined" in reads.said
    ids = {row.track_name: (row.track_id, row.artist_id) for row in lake.read("event").collect()}
    assert ids["Late"] == ("S2", "A2")
    assert ids["Else"][1] == "A2"
    assert ids["X"][1].startswith("inferred:")
    assert lake.release().rows_added["event"] == 3  # the slice of 2018-11-02 alone
    lake = run_job(build_dimensions, reads.lake_at)

    at_once = run_job(ingest_events, tmp_path / "at-once", reads.logs)
    at_once = run_job(build_dimensions, tmp_path / "at-once")
    for table, columns in {
        "event": ("event_id", "track_id", "artist_id"),
        "dim_artist": ("artist_key", "artist_name", "is_inferred", "is_current"),
        "dim_track": ("track_key", "title", "artist_id", "is_inferred"),
        "bridge_track_artist": ("track_id", "artist_id"),
        "quarantine": ("raw_record", "reason"),
    }.items():
        mine, theirs = (each.read(table).select(*columns) for each in (lake, at_once))
        assert sorted(mine.collect()) == sorted(theirs.collect())


def test_a_record_that_is_broken_as_one_in_an_earlier_file_is_quarantined_too(reads: Reads) -> None:
    for day in (1, 2):
        reads.write(f"2018-11-0{day + 1}.json", record(day), "broken")
        lake = reads.run()
        assert "1 quarantined" in reads.said
        assert lake.read("quarantine").count() == day


def test_ids_that_the_source_itself_gave_stay(spark: SparkSession) -> None:
    """Those, too, that the catalogue would have found by name: d2 states them, d6 does not."""
    columns = (
        "event_date string, track_name string, artist_name string, track_id string, artist_id string, "
        "ids_by_name array<string>"
    )
    before, after = (
        spark.createDataFrame(rows, "title string, artist_name string, track_id string, artist_id string")
        for rows in ([("T", "A", "S2", "A2")], [("T", "A", "S2", "A2"), ("T", "A", "S1", "A1")])
    )
    events = spark.createDataFrame(
        [
            ("d1", "T", "A", "own", "A9", None),
            ("d2", "T", "A", "S2", "A2", None),
            ("d3", None, None, None, None, None),
            ("d4", "T", "A", "own", "A2", ["artist_id"]),
            ("d5", "T", "A", "S2", "A9", ["track_id"]),
            ("d6", "T", "A", "S2", "A2", ["track_id", "artist_id"]),
        ],
        columns,
    )
    told = {row.event_date: tuple(row)[3:] for row in unresolved(events).collect()}
    assert told == {
        "d1": ("own", "A9", None),
        "d2": ("S2", "A2", None),
        "d3": (None, None, None),
        "d4": ("own", None, None),
        "d5": (None, "A9", None),
        "d6": (None, None, None),
    }
    names = names_told_otherwise(before, after)
    dates = {row.event_date for row in dates_with_other_ids(events, names, after).collect()}
    assert dates == {"d4", "d5", "d6"}


def test_a_catalogue_that_grows_leaves_ids_alone_that_a_producer_stated(
    run_job: Job, reads: Reads, tmp_path: Path
) -> None:
    write(reads.logs / "song_data", "A/2.json", [song(2, "T", "A")])
    reads.write("2018-11-02.json", record(1))
    reads.run()
    play = {"event_type": "play", "event_time": "2018-11-02T10:00:00Z", "track_name": "T", "artist_name": "A"}
    own = [
        {"event_id": "both", "track_id": "S2", "artist_id": "A2"},
        {"event_id": "artist", "artist_id": "A2", "ids_by_name": ["artist_id"]},
        {"event_id": "none"},
    ]
    write(tmp_path / "native", "date=2018-11-02/0.json", [json.dumps(play | ids) for ids in own])
    run_job(ingest_events, reads.lake_at, tmp_path / "native", source="native")

    write(reads.logs / "song_data", "A/1.json", [song(1, "T", "A")])
    events = reads.run().read("event").where("source = 'native'").collect()
    assert {row.event_id: (row.track_id, row.artist_id, row.ids_by_name) for row in events} == {
        "both": ("S2", "A2", None),
        "artist": ("S1", "A2", ["track_id"]),
        "none": ("S1", "A1", ["track_id", "artist_id"]),
    }
    (extra,) = [row.extra for row in events if row.event_id == "artist"]
    assert json.loads(extra) == {"ids_by_name": '["artist_id"]'}


def test_links_that_go_round_in_a_circle_are_refused(spark: SparkSession, tmp_path: Path) -> None:
    write(tmp_path / "logs", "2018-11-02.json", ["{}"])
    write(tmp_path / "elsewhere", "more.json", ["{}"])
    (tmp_path / "logs" / "link").symlink_to(tmp_path / "elsewhere")
    assert [Path(file.path).name for file in list_files(spark, str(tmp_path / "logs"))] == [
        "2018-11-02.json",
        "more.json",
    ]
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "logs")
    with pytest.raises(InputMissing, match="leads back to"):
        list_files(spark, str(tmp_path / "logs"))


def test_a_link_to_itself_is_passed_over(spark: SparkSession, tmp_path: Path) -> None:
    written = write(tmp_path / "logs", "2018-11-02.json", ["{}"])
    (tmp_path / "logs" / "self").symlink_to(tmp_path / "logs" / "self")
    assert [file.path for file in list_files(spark, str(tmp_path / "logs"))] == [f"file:{written}"]


def test_a_range_may_begin_and_end_with_the_calendar(spark: SparkSession) -> None:
    assert within(none(spark), date(1, 1, 1), date(9999, 12, 31)).count() == 0


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (b"bj\xf6rk.json", r"bj\xf6rk.json cannot be read by this name, which is not in UTF-8: rename it"),
        (b"dir\xe9/x.json", r"dir\xe9/x.json cannot be read by this name, which is not in UTF-8"),
        (b"a [b]/10:00.json", "10:00.json cannot be read by this name, which holds a colon and one of {}"),
    ],
)
def test_a_file_of_a_name_that_spark_cannot_read_is_refused(
    spark: SparkSession, tmp_path: Path, name: bytes, says: str
) -> None:
    for folder in ("_hidden", "logs"):
        file = Path(os.fsdecode(os.fsencode(tmp_path / "all" / folder) + b"/" + name))
        file.parent.mkdir(parents=True)
        file.write_text("{}")
        write(tmp_path / "all", "2018-11-02T10:00.json", ["{}"])
        if folder == "_hidden":
            assert len(list_files(spark, str(tmp_path / "all"))) == 1
    with pytest.raises(InputMissing, match=re.escape(says)):
        list_files(spark, str(tmp_path / "all"))


def test_a_file_is_listed_as_it_stands_whatever_its_name(spark: SparkSession, tmp_path: Path) -> None:
    name = "date=2018-11-02/a b%20[1]{x}#ü.json"
    written = write(tmp_path / "2031-01-01 logs", name, ["{}"])
    write(tmp_path / "2031-01-01 logs", "_hidden/x.json", ["{}"])
    [file] = list_files(spark, str(tmp_path / "2031-01-01 logs"))
    assert file.path == f"file:{written}"
    assert file.size == written.stat().st_size
    assert file.modified_at.timestamp() == pytest.approx(written.stat().st_mtime, abs=0.001)
    assert file.days == (date(2018, 11, 2), date(2018, 11, 2))


@pytest.mark.parametrize(
    ("path", "first", "last"),
    [
        ("2018/11/part.json", date(2018, 11, 1), date(2018, 11, 30)),
        ("2018/11/2018-11-05-events.json", date(2018, 11, 5), date(2018, 11, 5)),
        ("year=2020/month=2/x.json", date(2020, 2, 1), date(2020, 2, 29)),
        ("year=2020/month=2/day=29/x.json", date(2020, 2, 29), date(2020, 2, 29)),
        ("date=20181105/hour=07/x.json.gz", date(2018, 11, 5), date(2018, 11, 5)),
        ("date=2018-11-05/written-2018-11-06.json", date(2018, 11, 5), date(2018, 11, 5)),
        ("date=2018-11-05/2018-11-06/x.json", date(2018, 11, 5), date(2018, 11, 5)),
        ("year=2018/month=11/day=05/2018-11-06.json", date(2018, 11, 5), date(2018, 11, 5)),
        ("2018/11/05/2018-11-06.json", date(2018, 11, 5), date(2018, 11, 5)),
        ("2018/11/05-events.json", date(2018, 11, 5), date(2018, 11, 5)),
        ("2018-11-05/20181106T0005.json", date(2018, 11, 5), date(2018, 11, 5)),
        ("2018-11-01/2018-11-05/x.json", date(2018, 11, 5), date(2018, 11, 5)),
        ("events_2018-11-01_2018-11-07.json", date(2018, 11, 1), date(2018, 11, 7)),
        ("week=2018-11-07_2018-11-01/x.json", date(2018, 11, 1), date(2018, 11, 7)),
        ("20181105-d41d8cd98f00b204e9800998ecf8427e.json", date(2018, 11, 5), date(2018, 11, 5)),
    ],
)
def test_a_path_says_which_days_it_is_of(path: str, first: date, last: date) -> None:
    assert days_of(path) == (first, last)


@pytest.mark.parametrize(
    "path",
    [
        "all.json",
        "2019-02-30.json",
        "part-0001.json",
        "1541073600000.json",
        "79071201.json",
        "1989/12/x.json",
        "part-7db90d73-acb5-4b50-85be-20181105da15.json",
    ],
)
def test_a_path_without_a_date_says_none(path: str) -> None:
    assert days_of(path) is None


DAY_OF_FOLDER = (date(2024, 2, 29), date(2024, 2, 29))


@given(uuid=uuids())
@example(uuid=UUID("7db90d73-acb5-4b50-85be-79071201da15"))
@example(uuid=UUID("20181105-acb5-4b50-85be-20181105da15"))
def test_a_uuid_in_a_files_name_is_no_date(uuid: UUID) -> None:
    name = f"part-00000-{uuid}-c000.json.gz"
    for folder in ("date=2024-02-29/hour=10", "year=2024/month=2/day=29", "2024/02/29", "2024-02-29"):
        assert days_of(f"{folder}/{name}") == DAY_OF_FOLDER
    assert days_of(f"2024/02/{name}") == (date(2024, 2, 1), date(2024, 2, 29))
    assert days_of(name) is days_of(f"{uuid.hex}.json") is None


@given(name=text("0123456789-_.", min_size=1))
@example(name="2018-11-05.json")
def test_whatever_a_file_is_called_its_folder_says_the_day(name: str) -> None:
    assert days_of(f"date=2024-02-29/hour=10/{name}") == DAY_OF_FOLDER


@pytest.mark.parametrize("spelt", ["{0}/x/../logs", "{0}//logs/.", "file://{0}/x/../logs/", "../logs"])
def test_a_files_days_are_known_however_the_folder_is_spelt(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelt: str
) -> None:
    write(tmp_path / "logs", "2018-11-02.json", ["{}"])
    (tmp_path / "x").mkdir()
    monkeypatch.chdir(tmp_path / "x")
    [file] = list_files(spark, absolute(spelt.format(tmp_path)))
    assert (file.path, file.days) == (
        f"file:{tmp_path}/logs/2018-11-02.json",
        (date(2018, 11, 2), date(2018, 11, 2)),
    )


def test_logs_named_from_another_folder_are_read_by_their_days(
    reads: Reads, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The late record in the file of the 3rd is of the 2nd: it is read, and only that file is."""
    reads.write("2018-11-02.json", record(1))
    reads.write("2018-11-03.json", record(2), record(1, 1))
    elsewhere = reads.logs.parent / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    where = ["--lake", "../lake", "--source", "sparkify", "--input", "../logs"]
    assert cli.run_job(ingest_events.main, [*where, "--start", "2018-11-03", "--end", "2018-11-03"]) == 0
    assert "2 records read = 2 events + 0 duplicates + 0 quarantined\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("/logs", "file:/logs/a b/x.json"),
        ("file:///logs", "file:/logs/a b/x.json"),
        ("hdfs:///logs", "hdfs://host:9000/logs/a b/x.json"),
        ("hdfs://host:9000/logs/", "hdfs://host:9000/logs/a b/x.json"),
        ("gs://logs", "gs://logs/a b/x.json"),
        ("/", "file:/a b/x.json"),
    ],
)
def test_a_file_is_seen_from_its_folder(folder: str, path: str) -> None:
    assert below(folder, path) == "/a b/x.json"


def test_a_file_that_is_not_below_its_folder_is_not_taken_for_one_without_a_date() -> None:
    with pytest.raises(TracklakeError, match=r"file:/logs-2/2018-11-02.json was listed below /logs, but"):
        below("/logs", "file:/logs-2/2018-11-02.json")
