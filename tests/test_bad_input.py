"""What goes wrong ends in its exit code and one plain sentence, and leaves the lake as it was."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from pyspark.sql import SparkSession

from bench import star_schema
from jobs import (
    build_dimensions,
    build_facts,
    build_marts,
    build_satisfaction,
    ingest_events,
    maintain_lake,
    run_pipeline,
)
from tests.conftest import SMALL_LOGS, Job
from tracklake import cli, resources
from tracklake.config import Conf, SourceSettings
from tracklake.lake import Lake
from tracklake.tables import CONTRACTS

Said = pytest.CaptureFixture[str]


def ends(said: Said, job: ModuleType, *flags: str | Path) -> tuple[int, str]:
    """Exit code and last line of a job with these flags."""
    code = cli.run_job(job.main, [str(flag) for flag in flags])
    seen = said.readouterr()
    assert "Traceback" not in seen.out + seen.err
    return code, (seen.out + seen.err).strip().splitlines()[-1]


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (
            ("--source", "sparkify", "--input", SMALL_LOGS, "--start", "2031-01-01"),
            4,
            "None of the 5 log files",
        ),
        (
            ("--source", "sparkify", "--input", "/nowhere/at/all"),
            4,
            "There is no folder /nowhere/at/all",
        ),
        (
            ("--source", "sparkify", "--input", SMALL_LOGS / "README.md"),
            4,
            "is a file: give --input the folder that holds the logs.",
        ),
        (("--source", "sparkifi", "--input", SMALL_LOGS), 2, 'did you mean "sparkify"?'),
        ((), 2, "--source NAME --input FOLDER"),
    ],
    ids=["no files in the range", "no such folder", "a file", "unknown source", "no source"],
)
def test_wrong_input_is_refused_in_one_sentence(
    tmp_path: Path, capsys: Said, flags: tuple[str | Path, ...], code: int, words: str
) -> None:
    found, sentence = ends(capsys, ingest_events, "--lake", tmp_path / "lake", *flags)
    assert found == code
    assert words in sentence
    assert not (tmp_path / "lake" / "_releases").exists()


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(
    "job", [build_dimensions, build_facts, build_satisfaction, build_marts, maintain_lake]
)
def test_a_job_on_a_lake_that_is_not_there_makes_none(tmp_path: Path, capsys: Said, job: ModuleType) -> None:
    code, sentence = ends(capsys, job, "--lake", tmp_path / "lake")
    assert (code, sentence) == (4, f"There is no lake at {tmp_path / 'lake'} yet: run_pipeline makes one.")
    assert not (tmp_path / "lake").exists()


def test_a_lake_of_an_older_version_is_refused(small: Lake, tmp_path: Path, capsys: Said) -> None:
    """Its events lack a column that today's have."""
    shutil.copytree(small.uri, tmp_path / "lake")
    log = tmp_path / "lake" / "event" / "_delta_log" / f"{0:020}.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    [made] = [action["metaData"] for action in actions if "metaData" in action]
    schema = json.loads(made["schemaString"])
    schema["fields"] = [field for field in schema["fields"] if field["name"] != "ids_by_name"]
    made["schemaString"] = json.dumps(schema)
    log.write_text("".join(f"{json.dumps(action)}\n" for action in actions))
    logs = ("--source", "sparkify", "--input", SMALL_LOGS, "--reprocess")
    code, sentence = ends(capsys, ingest_events, "--lake", tmp_path / "lake", *logs)
    assert (code, sentence) == (
        2,
        f"Table event of {tmp_path / 'lake'} lacks ids_by_name, for an older tracklake made it: "
        "build a new lake from the logs (run_pipeline with another --lake).",
    )


def test_settings_of_a_source_that_there_is_none_of_are_refused(
    tmp_path: Path, capsys: Said, conf: Conf, monkeypatch: pytest.MonkeyPatch
) -> None:
    misspelt = {"spotify_histroy": SourceSettings(id_prefix="sp:")}
    monkeypatch.setattr(cli, "load", lambda env: conf.model_copy(update={"sources": misspelt}))
    code, sentence = ends(capsys, ingest_events, "--lake", tmp_path / "lake")
    assert code == 2
    assert sentence.endswith('unknown key "spotify_histroy" in [sources]; did you mean "spotify_history"?')


@pytest.mark.usefixtures("spark")
def test_a_lake_that_is_a_file_is_refused(tmp_path: Path, capsys: Said) -> None:
    file = tmp_path / "lake"
    file.write_text("not a folder")
    code, sentence = ends(
        capsys, ingest_events, "--lake", file, "--source", "sparkify", "--input", SMALL_LOGS
    )
    assert (code, str(file) in sentence) == (2, True)


def test_an_end_before_the_start_is_refused(capsys: Said) -> None:
    code, sentence = ends(capsys, run_pipeline, "--start", "2018-11-02", "--end", "2018-11-01")
    assert code == 2
    assert "ends before it starts" in sentence


@pytest.fixture
def suites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of expectations/ that the audits use."""
    folder = tmp_path / "expectations"
    folder.mkdir()
    for table in CONTRACTS:
        (folder / f"{table}.json").write_text((resources.suites() / f"{table}.json").read_text())
    monkeypatch.setattr(resources, "suites", lambda: folder)
    return folder


@pytest.mark.usefixtures("spark")
def test_a_table_without_a_suite_is_not_published(tmp_path: Path, capsys: Said, suites: Path) -> None:
    (suites / "event.json").unlink()
    lake = tmp_path / "lake"
    code, sentence = ends(
        capsys, ingest_events, "--lake", lake, "--source", "sparkify", "--input", SMALL_LOGS
    )
    assert code == 2
    assert "Table event has no suite" in sentence
    assert not (lake / "_releases").exists()


def test_a_red_suite_publishes_nothing(
    spark: SparkSession, run_job: Job, tmp_path: Path, capsys: Said, suites: Path
) -> None:
    lake = tmp_path / "lake"
    run_job(ingest_events, lake, SMALL_LOGS)
    before = dict(Lake(spark, str(lake)).release().tables.items())

    suite = json.loads((suites / "dim_user.json").read_text())
    suite["expectations"].append(
        {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": "gender", "value_set": ["X"]},
            "meta": {},
            "severity": "critical",
        }
    )
    (suites / "dim_user.json").write_text(json.dumps(suite))
    logs = ("--source", "sparkify", "--input", SMALL_LOGS)
    code, sentence = ends(capsys, star_schema, "--lake", lake, *logs)

    assert code == 3
    for word in ("dim_user.gender", "expect_column_values_to_be_in_set", "observed", "Nothing of run"):
        assert word in sentence
    assert Lake(spark, str(lake)).release().tables == before
    assert not (lake / "dim_user" / "_delta_log").exists()
    assert list((lake / "dim_user").glob("staged-*/*.parquet"))


def test_no_table_holds_names_of_persons(run_job: Job, tmp_path: Path) -> None:
    """Not even the records that could not be read, or were cut off in the middle of a name."""
    logs = tmp_path / "logs" / "log_data"
    logs.mkdir(parents=True)
    record = {
        "firstName": "Walburga",
        "lastName": 'O"Hara',
        "email": "w@example.org",
        "page": "Home",
        "userId": "1",
    }
    cut = json.dumps(record)[: len('{"firstName": "Walburga')]
    lines = [json.dumps(record | {"ts": 1541073600000}), json.dumps(record), cut, f"[{json.dumps(record)}]"]
    (logs / "2018-11-01.json").write_text("\n".join(lines))
    lake = run_job(ingest_events, tmp_path / "lake", tmp_path / "logs")
    for table in ("event", "quarantine"):
        text = "\n".join(lake.read(table).toPandas().astype(str).agg(" ".join, axis=1))
        assert "Walburga" not in text
        assert "Hara" not in text
        assert "example.org" not in text
    assert lake.read("quarantine").count() == 3
