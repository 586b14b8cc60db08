"""inspect_source says what a folder holds, and leaves everything as it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs import inspect_source
from tests.logs import record, write
from tests.sources.conftest import FIXTURES
from tests.test_bad_input import Said, ends
from tracklake import cli
from tracklake.sources.inspection import Field, fields_of, files_of
from tracklake.sources.sample import Sample


def test_files_are_counted_by_form_and_compression_and_dated_by_their_paths() -> None:
    paths = ["file:/logs/date=2024-02-29/hour=10/a.json.gz", "file:/logs/date=2024-03-01/hour=00/b.json"]
    found = files_of("/logs", [*paths, "file:/logs/README", "file:/logs/c.JSON.GZ"])
    assert found.by_ending == [("json", "gz", 2), ("json", "none", 1), ("(none)", "none", 1)]
    assert found.by_layout == [("date=#-#-#/hour=#", 2), (".", 2)]
    assert (str(found.first), str(found.last), found.undated) == ("2024-02-29", "2024-03-01", 2)


def test_fields_have_types_and_a_share_of_nulls() -> None:
    lines = ['{"a": 1, "b": "x"}', '{"a": "1", "b": null}', '{"a": 2, "c": [1]}', "garbage"]
    assert fields_of(Sample(["/a"], {"/a": lines}, {})) == [
        Field("a", "number or text", 0.0),
        Field("b", "text", 1 - 1 / 3),
        Field("c", "list", 1 - 1 / 3),
    ]


@pytest.fixture
def in_new_york() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", "America/New_York")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("spark", "in_new_york")
def test_it_prints_what_the_logs_are_and_writes_nothing(
    capsys: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run_job(inspect_source.main, ["--input", str(FIXTURES / "lastfm_1k")]) == 0
    printed = capsys.readouterr().out
    for words in (
        "tsv",
        "No path says a date",
        "Source: lastfm_1k, because lines have six fields with tabs between, an ISO time in the second.",
        "10 records: 5 cannot become events.",
        "Events from 2009-05-04 23:08:57 to 2009-05-05 00:04:00 UTC.",
        "bad_columns",
    ):
        assert words in printed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("name", ["native", "listenbrainz"])
def test_logs_are_read_however_many_other_files_come_before_them(
    capsys: Said, tmp_path: Path, name: str
) -> None:
    for n in range(6):
        write(tmp_path, f"{n}.csv", ["a,b"])
    write(tmp_path, "z.jsonl", ['{"rating": 5}'])
    assert cli.run_job(inspect_source.main, ["--input", str(tmp_path), "--source", name]) == 0
    assert "1 records: 1 cannot become events." in capsys.readouterr().out


@pytest.mark.usefixtures("spark")
def test_of_a_source_that_is_named_only_its_logs_are_looked_into(capsys: Said, tmp_path: Path) -> None:
    write(tmp_path, "Follow.json", ['{"followers": 5}'])
    write(tmp_path, "endsong_0.json", ['[{"ts": "2024-01-01T00:00:00Z", "ms_played": 1}]'])
    assert cli.run_job(inspect_source.main, ["--input", str(tmp_path), "--source", "spotify_history"]) == 0
    printed = capsys.readouterr().out
    assert ("ms_played" in printed, "followers" in printed) == (True, False)


@pytest.mark.usefixtures("spark")
def test_the_fields_are_those_of_the_logs_of_the_source_that_is_found(capsys: Said, tmp_path: Path) -> None:
    write(tmp_path, "log_data/2018-11-01.json", [record(0)])
    write(tmp_path, "song_data/A/1.json", ['{"song_id": "S1"}'])
    assert cli.run_job(inspect_source.main, ["--input", str(tmp_path), "--source", "auto"]) == 0
    printed = capsys.readouterr().out
    assert ("itemInSession" in printed.partition("Fields")[2], "song_id" in printed) == (True, False)


@pytest.mark.usefixtures("spark")
def test_a_source_that_is_named_and_has_no_log_there_is_refused(capsys: Said, tmp_path: Path) -> None:
    write(tmp_path, "a.csv", ["a,b"])
    code, sentence = ends(capsys, inspect_source, "--input", tmp_path, "--source", "native")
    assert (code, "There is no log file in" in sentence) == (4, True)


@pytest.mark.usefixtures("spark")
def test_archives_are_shown_and_to_be_unpacked(capsys: Said, tmp_path: Path) -> None:
    write(tmp_path, "my_spotify_data.zip", ["PK"])
    code, sentence = ends(capsys, inspect_source, "--input", tmp_path)
    assert (code, "such as my_spotify_data.zip: unpack them" in sentence) == (4, True)


@pytest.mark.usefixtures("spark")
def test_logs_that_no_sample_is_taken_of_are_read_all_the_same(capsys: Said, tmp_path: Path) -> None:
    write(tmp_path, "log_data/2018-11-01.txt", [record(0)])
    assert cli.run_job(inspect_source.main, ["--input", str(tmp_path), "--source", "sparkify"]) == 0
    assert "1 records: 0 cannot become events." in capsys.readouterr().out


@pytest.mark.usefixtures("spark")
def test_a_folder_that_is_not_there_or_not_named_is_refused(capsys: Said) -> None:
    code, sentence = ends(capsys, inspect_source, "--input", "/nowhere/at/all")
    assert (code, "There is no folder /nowhere/at/all" in sentence) == (4, True)
    code, sentence = ends(capsys, inspect_source)
    assert (code, "--input FOLDER" in sentence) == (2, True)
