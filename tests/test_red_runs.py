"""A red run: looked at by a person, and published if that person says which expectations do not matter, and why."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from bench import star_schema
from jobs import build_facts, inspect_run, publish_run
from tests.by_hand import NO_SPARK, TABLES, Work, open_lake, release, stage
from tests.conftest import SMALL_LOGS, Audit, Job
from tests.logs import write
from tests.staged_rows import frame
from tracklake import cli, resources, runs, summary
from tracklake.errors import AuditFailed, TracklakeError, WrongUsage
from tracklake.evidence import rows_behind
from tracklake.lake import Lake, staging
from tracklake.lake.delta import Commit
from tracklake.lake.publish import Staged
from tracklake.lake.releases import NO_RELEASE
from tracklake.places import literal
from tracklake.quality import Failure, Verdict
from tracklake.tables import CONTRACTS
from tracklake.transforms.plays import stream_facts

Said = pytest.CaptureFixture[str]
LEVEL = "fact_stream.level: expect_column_values_to_be_in_set"
RULES = {"expect_column_values_to_be_in_set": {"column": "level", "value_set": ["gold"]}}


@pytest.fixture(scope="module")
def red(run_job: Job, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """An empty lake with one red run: its fact_stream, like every other, knows no level "gold"."""
    folder = tmp_path_factory.mktemp("red")
    suites = folder / "expectations"
    suites.mkdir()
    for table in CONTRACTS:
        suite = json.loads((resources.suites() / f"{table}.json").read_text())
        if table == "fact_stream":
            suite["expectations"] += [
                {"type": kind, "kwargs": kwargs, "meta": {}, "severity": "critical"}
                for kind, kwargs in RULES.items()
            ]
        (suites / f"{table}.json").write_text(json.dumps(suite))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resources, "suites", lambda: suites)
        with pytest.raises(AuditFailed, match="inspect_run"):
            run_job(star_schema, folder / "lake", SMALL_LOGS, date(2018, 12, 28), date(2018, 12, 29))
    return Lake(spark, str(folder / "lake"))


def of(lake: Lake) -> runs.RedRun:
    (run_id,) = runs.red_runs(lake)
    return runs.read(lake, run_id)


@pytest.fixture
def copy(red: Lake, tmp_path: Path) -> Lake:
    """The red lake, to be changed."""
    shutil.copytree(red.uri, tmp_path / "lake")
    return Lake(red.spark, str(tmp_path / "lake"))


def test_the_record_says_what_failed_and_holds_no_personal_data(red: Lake) -> None:
    (verdict, failure) = of(red).failures[LEVEL]
    assert (verdict.table, failure.severity, failure.column) == ("fact_stream", "critical", "level")
    assert all(set(row) == {"event_id", "level"} for row in failure.sample)
    text = Path(red.path("_runs"), f"{of(red).run_id}.json").read_text()
    users = {row.user_id for row in red.spark.read.parquet(of(red).staged["event"].path).collect()} - {None}
    assert users
    assert not [user for user in users if f'"{user}"' in text]


def test_a_new_day_that_loses_all_its_plays_is_not_published(
    run_job: Job, small: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(small.uri, tmp_path / "lake")
    play = {"event_id": "e", "event_type": "play", "event_time": "2019-01-07T12:00:00Z", "user_id": "u"}
    write(tmp_path / "logs", "date=2019-01-07/plays.jsonl", [json.dumps(play | {"track_id": "t"})])
    monkeypatch.setattr(build_facts, "stream_facts", lambda *frames: stream_facts(*frames).limit(0))
    with pytest.raises(AuditFailed, match="as many plays on each day as those that they were built from"):
        run_job(star_schema, tmp_path / "lake", tmp_path / "logs", source="native")


def test_inspect_run_shows_expectation_rows_files_and_how_to_go_on(red: Lake, capsys: Said) -> None:
    run_id = of(red).run_id
    assert cli.run_job(inspect_run.main, [run_id, "--lake", red.uri]) == 0
    said = " ".join(capsys.readouterr().out.split())
    (sample, *_) = of(red).failures[LEVEL][1].sample
    for words in (LEVEL, sample["event_id"], "2018-12-2", "-events.json", "staged-", "spark.read.parquet("):
        assert words in said
    assert f"publish_run {run_id} --lake {red.uri} --accept '{LEVEL}' --reason ..." in said


def test_values_that_may_say_who_somebody_is_are_withheld_from_the_rows_behind_a_failure(red: Lake) -> None:
    event = red.spark.read.parquet(of(red).staged["event"].path).where("location IS NOT NULL").first()
    assert event is not None
    failure = Failure("a rule", "location, level", "critical", "1 row", ({"event_id": event.event_id},))
    (row,) = rows_behind(red, of(red), "event", failure)
    assert (row["location"], row["level"]) == ("(withheld)", event.level)
    assert row["source_file"] == event.source_file


def test_rows_of_a_reference_and_of_a_member_are_found_by_what_the_record_keeps_of_them(copy: Lake) -> None:
    run = of(copy)
    play = copy.spark.read.parquet(run.staged["fact_stream"].path).where("user_id IS NOT NULL").first()
    user = copy.spark.read.parquet(run.staged["dim_user"].path).where("location IS NOT NULL").first()
    assert play is not None
    assert user is not None
    dangling = Failure("A reference.", "user_key", "critical", "1 row", ({"user_key": play.user_key},))
    version = {name: user[name] for name in ("user_id", "valid_from", "location")} | {"versions": 2}
    of_a_member = Failure("A rule.", "user_id, valid_from, location", "critical", "1 row", (version,))
    verdicts = Verdict("fact_stream", 1, 1, (dangling,)), Verdict("dim_user", 1, 1, (of_a_member,))
    runs.write(copy, replace(run, verdicts=verdicts))
    assert user.location not in Path(copy.path("_runs"), f"{run.run_id}.json").read_text()

    (_, dangling), (_, of_a_member) = of(copy).failures.values()
    plays = rows_behind(copy, of(copy), "fact_stream", dangling)
    assert 0 < len(plays) <= 20
    assert {row["user_key"] for row in plays} == {play.user_key}
    assert all(row["event_id"] and row["source_file"].endswith(".json") for row in plays)
    (found,) = rows_behind(copy, of(copy), "dim_user", of_a_member)
    assert (found["user_key"], found["location"]) == (user.user_key, "(withheld)")


def test_rows_of_an_artist_whose_tiers_are_not_all_listeners_are_found(
    spark: SparkSession, audit: Audit, tmp_path: Path
) -> None:
    lake, table = Lake(spark, str(tmp_path / "lake")), "mart_artist_audience"
    of_all = {"artist_id": "AR1", "kind": "tier", "period_start": date(2018, 10, 29), "listeners": 6, "k": 5}
    groups = [of_all | {"group_name": name, "share": 0.3} for name in ("casual", "fan")]
    failures = [one for one in audit(table, *groups) if one.expectation.startswith("Tiers and places")]
    release = replace(NO_RELEASE, run_id="run-1")
    staged = Staged(f"{lake.path(table)}/{staging.folder('run-1')}", Commit((), ()))
    frame(spark, table, *groups).write.parquet(staged.path)
    verdict = Verdict(table, 1, 2, tuple(failures))
    runs.write(lake, runs.RedRun(release, 0, {table: staged}, {}, (verdict,)))

    ((_, failure),) = runs.read(lake, "run-1").failures.values()
    found = rows_behind(lake, runs.read(lake, "run-1"), table, failure)
    assert sorted((row["group_name"], row["share"]) for row in found) == [("casual", 0.3), ("fan", 0.3)]


def test_an_accepted_run_is_published_with_who_and_why(
    copy: Lake, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "ada")
    run = of(copy)
    flags = ["--lake", copy.uri, "--accept", LEVEL, "--reason", "level gold is new"]
    assert cli.run_job(publish_run.main, [run.run_id, *flags]) == 0
    assert "ada accepted" in " ".join(capsys.readouterr().out.split())
    release = copy.release()
    assert release.accepted == {"by": "ada", "reason": "level gold is new", "expectations": [LEVEL]}
    assert (release.run_id, release.job, set(release.tables)) == (run.run_id, "star_schema", set(run.staged))
    assert copy.read("fact_stream").count() == run.staged["fact_stream"].commit.rows_added
    assert release.built_from["build_facts"]["event"] == release.tables["event"]

    assert cli.run_job(publish_run.main, [run.run_id, *flags]) == 2
    assert "is published as release 1." in capsys.readouterr().err


def test_what_is_not_accepted_by_name_is_not_published(red: Lake) -> None:
    run = of(red)
    with pytest.raises(AuditFailed, match=r"accept these critical expectations, too.*fact_stream\.level"):
        runs.accepted(red, run, [], "ada", "why not")
    with pytest.raises(WrongUsage, match="did you mean"):
        runs.accepted(red, run, [LEVEL.replace("level", "levels")], "ada", "why not")
    with pytest.raises(WrongUsage, match="--reason is empty"):
        runs.accepted(red, run, [LEVEL], "ada", " ")
    assert runs.accepted(red, run, ["expect_column_values_to_be_in_set"], "ada", "why").accepted[
        "expectations"
    ] == [LEVEL]


def test_rows_that_were_not_checked_are_not_published_whoever_accepts_them(red: Lake) -> None:
    run = of(red)
    unchecked = replace(
        run, verdicts=tuple(replace(one, rows=0, rows_checked=False) for one in run.verdicts[:1])
    )
    with pytest.raises(WrongUsage, match=rf"the rows of {run.verdicts[0].table} were not checked"):
        runs.accepted(red, unchecked, [], "ada", "why")
    assert "cannot be published" in summary.how_to_publish(red, unchecked)
    assert "was not checked" in summary.red(red, unchecked, "docs")


def test_rows_that_no_audit_counted_are_not_published(red: Lake) -> None:
    run = of(red)
    more = replace(
        run,
        verdicts=tuple(replace(one, rows=one.rows + (one.table == "fact_stream")) for one in run.verdicts),
    )
    with pytest.raises(TracklakeError, match=r"^The audit of table fact_stream counted .* are staged"):
        runs.accepted(red, more, [LEVEL], "ada", "why")


def test_a_run_whose_base_is_no_longer_the_newest_is_refused(copy: Lake) -> None:
    release(copy, Work("quick", 1))
    with pytest.raises(
        WrongUsage, match="is built on release 0, which is no longer the newest: run it again"
    ):
        runs.accepted(copy, of(copy), [LEVEL], "ada", "why")


def test_a_run_whose_staged_files_are_gone_is_refused(copy: Lake) -> None:
    shutil.rmtree(of(copy).staged["fact_session"].path)
    with pytest.raises(WrongUsage, match="staged files of table fact_session are gone"):
        runs.accepted(copy, of(copy), [LEVEL], "ada", "why")


def test_inspect_run_says_that_staged_files_are_gone(copy: Lake, capsys: Said) -> None:
    shutil.rmtree(of(copy).staged["fact_stream"].path)
    assert cli.run_job(inspect_run.main, [of(copy).run_id, "--lake", copy.uri]) == 0
    said = capsys.readouterr().out
    assert LEVEL in said
    assert "Its staged files of fact_stream are gone, some or all: run the job again." in said
    assert "publish_run" not in said


def test_runs_wait_that_were_built_on_the_newest_release(by_hand: Lake) -> None:
    Path(by_hand.path("_runs"), "cut-off.json").write_text('{"run": "cut')
    assert runs.waiting(by_hand) == ["red-1"]
    release(by_hand, Work("next", 3))
    assert runs.waiting(by_hand) == []


def test_an_unknown_run_is_refused_with_the_closest(red: Lake, capsys: Said) -> None:
    assert cli.run_job(inspect_run.main, [of(red).run_id[:-1], "--lake", red.uri]) == 2
    assert f'did you mean "{of(red).run_id}"' in capsys.readouterr().err


@pytest.fixture
def by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake with one release, on which a red run was built, in a folder with an odd name; for what needs no Spark."""
    monkeypatch.setattr(cli, "spark_session", lambda *_: NO_SPARK)
    lake = open_lake(tmp_path / "my {red} lake*")
    base = release(lake, Work("first", 1))
    failed = Failure("expect_few", "plays", "critical", "1 row")
    verdicts = tuple(Verdict(table, 1, 1, (failed,) if table == "dim_track" else ()) for table in TABLES)
    would_be = replace(base, release=2, run_id="red-1")
    runs.write(lake, runs.RedRun(would_be, 1, stage(lake, base, Work("red-1", 2)), {}, verdicts))
    return lake


def test_inspect_run_says_that_a_run_is_published(by_hand: Lake, capsys: Said) -> None:
    inspect = ["red-1", "--lake", by_hand.uri]
    assert cli.run_job(inspect_run.main, inspect) == 0
    said = capsys.readouterr().out
    assert "Run red-1 of by_hand is built on release 1 and not published." in said
    assert f"publish_run red-1 --lake {shlex.quote(by_hand.uri)} --accept" in said

    assert cli.run_job(publish_run.main, [*inspect, "--accept", "expect_few", "--reason", "few"]) == 0
    assert cli.run_job(inspect_run.main, inspect) == 0
    said = capsys.readouterr().out
    assert "Run red-1 of by_hand is published as release 2." in said
    assert "publish_run" not in said


def test_inspect_run_offers_no_run_whose_base_is_no_longer_the_newest(by_hand: Lake, capsys: Said) -> None:
    release(by_hand, Work("quick", 3))
    assert cli.run_job(inspect_run.main, ["red-1", "--lake", by_hand.uri]) == 0
    said = capsys.readouterr().out
    assert "is built on release 1, which is no longer the newest: run it again." in said
    assert "publish_run" not in said


def test_what_is_said_of_a_red_run_can_be_copied_whatever_the_folder_is_called(by_hand: Lake) -> None:
    run = runs.read(by_hand, "red-1")
    assert f"inspect_run red-1 --lake {shlex.quote(by_hand.uri)}, or" in summary.red(by_hand, run, "docs")
    for line, staged in zip(summary.staged_tables(run), run.staged.values(), strict=True):
        (said,) = re.findall(r"spark\.read\.parquet\((.+)\)  #", line)
        assert ast.literal_eval(said) == literal(staged.path) != staged.path


def test_two_failures_of_one_name_are_two() -> None:
    worse, better = (Failure("A rule.", "level", severity, "1 row") for severity in ("critical", "warning"))
    verdict = Verdict("fact_stream", 2, 1, (worse, better))
    run = runs.RedRun(NO_RELEASE, 0, {}, {}, (verdict,))
    assert {name: failure for name, (_, failure) in run.failures.items()} == {
        "fact_stream.level: A rule.": worse,
        "fact_stream.level: A rule. (2)": better,
    }
