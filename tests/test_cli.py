"""The command line: flags, how a failure ends, what spark-submit is handed. No Spark is started here."""

import os
import signal
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from pyspark.errors import PySparkException

from tests.by_hand import open_lake
from tracklake import cli, submit
from tracklake.config import load
from tracklake.errors import AuditFailed, InputMissing, WrongUsage
from tracklake.failures import explain
from tracklake.handover import MASTER
from tracklake.places import absolute


def job(
    run: object, days: Annotated[int, typer.Option(help="How many days.")] = 30, dirty: bool = False
) -> None:
    """Counts days."""


def failing(error: BaseException) -> Any:
    def perform(*_: object) -> None:
        raise error

    return perform


# Flags of a job


def test_a_job_has_the_common_flags_and_its_own() -> None:
    request = cli.parse(job, "--env yarn --start 2018-11-01 --end 2018-11-30 --days 7 --dirty".split())

    assert request == cli.Request(
        env="yarn", start=date(2018, 11, 1), end=date(2018, 11, 30), own={"days": 7, "dirty": True}
    )


def test_without_flags_everything_has_a_default() -> None:
    assert cli.parse(job, []) == cli.Request(own={"days": 30, "dirty": False})


def test_a_range_may_be_one_day() -> None:
    request = cli.parse(job, "--start 2018-11-01 --end 2018-11-01".split())

    assert request is not None
    assert request.start == request.end == date(2018, 11, 1)


def test_help_is_made_from_the_job(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run_job(job, ["--help"]) == 0

    shown = capsys.readouterr().out
    assert "Counts days." in shown
    assert "How many days." in shown
    assert "--lake" in shown


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ("--start 2018-13-01", '"2018-13-01" is not a date'),
        ("--start yesterday", '"yesterday" is not a date'),
        ("--start 2018-11-02 --end 2018-11-01", "The range ends before it starts"),
        ("--source sparkify", "--source needs --input too"),
        ("--input logs", "--input needs --source too"),
        ("--strat 2018-11-02", "--strat"),
        ("--days many", "--days"),
        ("--days", "--days"),
        ("stray", "stray"),
        ("--env nowhere", 'Unknown environment "nowhere"'),
        (f"--lake {__file__}", "is a file; give --lake a folder"),
        (f"--lake {__file__}/below", "is a file; give --lake a folder"),
        (f"--lake file://{__file__}", "is a file; give --lake a folder"),
        ("--lake /data/lake[1]", "Delta tables cannot be where a folder has [ ] in its name; choose another"),
        ("--lake file:///data/100%25", "Delta tables cannot be where a folder has % in its name"),
        ("--env yarn --lake /data/lake", "give a URI"),
        ("--env yarn", "Where is the lake? Give --lake URI"),
        ("--lake=", "--lake names nothing: give a folder or a URI"),
        ("--source sparkify --input=", "--input names nothing: give a folder or a URI"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(
    args: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run_job(job, args.split()) == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert sentence in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [("team #1", "#"), ("what?", "?"), ("two\nlines", r"'\n'"), ("\ttab", r"'\t'"), ("del\x7f", r"'\x7f'")],
)
def test_a_lake_is_refused_where_its_tables_could_not_be_written(
    name: str, shown: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run_job(job, ["--lake", str(tmp_path / name / "lake")]) == 2

    said = capsys.readouterr().err
    assert f"Delta tables cannot be where a folder has {shown} in its name" in said
    assert said.count("\n") == 1
    with pytest.raises(WrongUsage):
        open_lake(tmp_path / name)


@pytest.mark.parametrize(
    "place", ["--lake /data/lake", "--lake gs://bucket/lake --input logs --source sparkify", ""]
)
def test_a_path_is_refused_on_a_cluster_that_only_the_command_line_names(
    place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(MASTER, "yarn")

    assert cli.run_job(job, ["--env", "local", *place.split()]) == 2

    assert "is a path of this machine, which the cluster (yarn) does not see" in capsys.readouterr().err


def test_a_path_may_be_given_where_the_command_line_runs_a_clusters_environment_here(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(MASTER, "local[2]")

    assert cli.run_job(job, ["--env", "k8s", "--lake", __file__]) == 2

    assert "is a file; give --lake a folder" in capsys.readouterr().err  # a path, and judged as one


def test_without_the_launcher_the_file_says_where_spark_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(MASTER, raising=False)

    assert cli.run_job(job, ["--env", "yarn", "--lake", "/data/lake"]) == 2
    assert "give a URI" in capsys.readouterr().err


def test_a_place_is_seen_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert absolute("lake", load("local")) == str(tmp_path / "lake")
    assert absolute("gs://bucket/lake", load("yarn")) == "gs://bucket/lake"


@pytest.mark.parametrize(
    ("spelt", "place"),
    [
        ("../logs", "/data/logs"),
        ("logs/./a//b/", "/data/here/logs/a/b"),
        ("//data/logs/..", "/data"),
        ("~/logs", "/home/ada/logs"),
        ("/", "/"),
        ("file:///data/a%20b/../logs/", "file:///data/logs"),
        ("file:/data/a%20b", "file:///data/a b"),
        ("file:///data/a%23b%2520c%3F", "file:///data/a%23b%2520c%3F"),
        ("hdfs://host:9000/data/../logs//a/.", "hdfs://host:9000/logs/a"),
        ("hdfs:///logs/", "hdfs:///logs"),
        ("gs://bucket/", "gs://bucket"),
    ],
)
def test_a_place_has_one_spelling(spelt: str, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setattr("os.getcwd", lambda: "/data/here")

    assert absolute(spelt) == place
    assert absolute(place) == place


def test_where_machines_share_no_files_a_mounted_folder_stays_a_uri() -> None:
    place = absolute("file:///data/../logs/", load("yarn"))

    assert place == "file:///logs"
    assert absolute(place) == absolute(place, load("yarn")) == place


def test_links_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "logs")

    assert absolute(f"{tmp_path}/link/") == f"{tmp_path}/link"


def test_the_home_folder_may_stand_behind_an_equals_sign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Shells leave --lake=~/lake as it is."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "lake").touch()

    assert cli.run_job(job, ["--lake=~/lake"]) == 2

    assert f"{tmp_path}/lake is a file" in capsys.readouterr().err


# How a run ends


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (AuditFailed("Table event failed."), 3, "Table event failed."),
        (InputMissing("No files in logs."), 4, "No files in logs."),
        (WrongUsage("Unknown source."), 2, "Unknown source."),
        (ValueError("bad\nmore of it"), 1, "Unexpected ValueError: bad; --debug shows the whole trace."),
        (PermissionError(13, "Permission denied", "/lake/x"), 1, "/lake/x cannot be used: Permission denied"),
        (ConnectionRefusedError(111, "Connection refused"), 1, "Spark went away in the middle of the run"),
        (KeyboardInterrupt(), 1, "Interrupted"),
    ],
)
def test_a_failure_ends_in_its_code_and_one_sentence(
    error: BaseException,
    code: int,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cli, "_perform", failing(error))

    assert cli.run_job(job, []) == code

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(sentence)
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "spelt",
    ["--input /data/logs", "--input=/data/logs/", "--input ../logs", "--input file:///data/x/../logs"],
)
def test_what_concerns_the_input_counts_as_missing_input(spelt: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getcwd", lambda: "/data/here")
    monkeypatch.setattr(cli, "_perform", failing(PermissionError(13, "Permission denied", "/data/logs/2018")))

    assert cli.run_job(job, ["--source", "sparkify", *spelt.split()]) == 4


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("/data/logs", 4),
        ("/data/logs/2018/x y.json", 4),
        ("/data/logs-lake/event/x.parquet", 1),
        ("/data/logs.lake/event/x.parquet", 1),
        ("/backup/data/logs/x.json", 1),
        ("hdfs://host/data/logs/x.json", 1),
    ],
)
def test_a_place_that_is_merely_called_like_the_input_is_not_the_input(text: str, code: int) -> None:
    assert explain(OSError(28, "No space left on device", text), "/data/logs").exit_code == code
    assert explain(PySparkException(f"It is at file:{text}."), "/data/logs").exit_code == code


UNREADABLE = (
    "[FAILED_READ_FILE.NO_HINT] Encountered error while reading file {}. SQLSTATE: KD001\n"
    "Caused by: java.io.EOFException: Unexpected end of input stream"
)


@pytest.mark.parametrize(
    ("logs", "file", "shown"),
    [
        ("/data/my logs", "file:///data/my%20logs/a%2520b.gz", "/data/my logs/a%20b.gz"),
        ("hdfs://host:9000/logs", "hdfs://host:9000/logs/a.gz", "hdfs://host:9000/logs/a.gz"),
        ("hdfs:///logs", "hdfs://host:9000/logs/a.gz", "hdfs://host:9000/logs/a.gz"),
    ],
)
def test_a_log_file_that_cannot_be_read_is_named(logs: str, file: str, shown: str) -> None:
    failure = explain(PySparkException(UNREADABLE.format(file)), logs)

    assert failure.exit_code == 4
    assert failure.sentence.startswith(f"{shown} cannot be read to its end (Unexpected end of input stream)")


def test_a_file_of_the_lake_that_cannot_be_read_is_no_missing_input() -> None:
    error = PySparkException(UNREADABLE.format("file:///data/logs-lake/event/x.parquet"))

    assert explain(error, "/data/logs").exit_code == 1


def test_what_delta_rs_says_of_a_storage_is_said_in_one_line() -> None:
    said = "Operation not supported\n  \x1b[31m↳\x1b[0m failed to load credentials\n    \x1b[31m↳\x1b[0m forbidden.\n"
    assert explain(OSError(said)).sentence.startswith(
        "The lake's storage refuses: Operation not supported: failed to load credentials: forbidden; see to it"
    )


def test_a_setting_that_spark_refuses_when_it_starts_is_wrong_usage() -> None:
    said = (
        "[INVALID_CONF_VALUE.TYPE_MISMATCH] The value 'maybe' in the config \"spark.ui.enabled\" is invalid."
    )
    failure = explain(
        OSError(f"An error occurred.\n: SparkIllegalArgumentException: {said} SQLSTATE: 22022\n\tat org")
    )
    assert failure.exit_code == 2
    assert failure.sentence.startswith(f"Spark refuses a setting: {said[:-1]}; see to it in [spark.conf]")


def test_debug_shows_the_trace(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cli, "_perform", failing(ValueError("bad")))

    assert cli.run_job(job, ["--debug"]) == 1

    assert "Traceback" in capsys.readouterr().out


# The launcher


@pytest.fixture
def two_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "count_days.py").write_text('def main(run):\n    """Counts days.\n\n    Slowly."""\n')
    (tmp_path / "other.py").write_text('"""Another job."""\n')
    (tmp_path / "__init__.py").touch()
    monkeypatch.setattr(submit, "JOBS", tmp_path)
    return tmp_path


def test_jobs_are_listed_with_their_first_line(two_jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert submit.main(["--help"]) == 0
    assert submit.abouts() == {"count_days": "Counts days.", "other": "Another job."}
    assert "Counts days." in capsys.readouterr().out


def test_a_job_that_cannot_be_read_keeps_no_other_from_running(two_jobs: Path) -> None:
    (two_jobs / "half_written.py").write_text("def main(\n")

    assert submit.take_apart(["count_days"]).job == two_jobs / "count_days.py"
    assert submit.abouts()["half_written"].startswith("(cannot be read")


def test_no_job_at_all_is_wrong_usage(two_jobs: Path) -> None:
    assert submit.main([]) == 2


def test_an_unknown_job_is_told_the_closest(two_jobs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert submit.main(["count_day"]) == 2
    assert capsys.readouterr().err == (
        'Unknown job "count_day": jobs/ has count_days, other; did you mean "count_days"?\n'
    )


def test_the_master_is_the_launchers_and_the_rest_the_jobs(two_jobs: Path) -> None:
    taken = submit.take_apart("count_days --env standalone --master spark://here:7077 --days 3".split())

    assert taken.job == two_jobs / "count_days.py"
    assert taken.job_args == ("--env", "standalone", "--days", "3")
    assert taken.conf.env == "standalone"
    assert taken.conf.spark.master == "spark://here:7077"


def test_what_follows_the_dashes_comes_last_so_that_it_wins(
    two_jobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submit, "pack", lambda: Path("library.zip"))
    args = "count_days --days 3 -- --conf spark.sql.shuffle.partitions=9 --py-files mine.zip"

    made = submit.command(submit.take_apart(args.split()))

    assert made[-3:] == [str(two_jobs / "count_days.py"), "--days", "3"]
    assert made.index("spark.sql.shuffle.partitions=9") > made.index("spark.sql.shuffle.partitions=4")
    assert made[made.index("--py-files") + 1] == "mine.zip"
    assert made[made.index("--master") + 1] == "local[*]"


def test_on_a_cluster_the_library_goes_along(two_jobs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "pack", lambda: Path("library.zip"))
    args = "count_days --env standalone -- --py-files mine.zip --jars mine.jar"

    made = submit.command(submit.take_apart(args.split()))

    assert made[made.index("--py-files") + 1] == "library.zip,mine.zip"
    assert made[made.index("--jars") + 1].endswith("mine.jar")
    assert made.count("--py-files") == made.count("--jars") == 1


def test_a_flag_without_its_value_is_wrong_usage(two_jobs: Path) -> None:
    with pytest.raises(WrongUsage, match="--master needs a value"):
        submit.take_apart(["count_days", "--master"])


@pytest.mark.parametrize(
    ("ends_with", "code"),
    [
        ("exit 0", 0),
        ("exit 3", 3),
        ("exit 4", 4),
        ("kill -9 $$", 1),
        ("exit 50", 1),
        ("printf 'Spark went away.' >$TRACKLAKE_SENTENCE_FILE; kill -9 $$", 1),
        ("printf 'Spark went away.' >$TRACKLAKE_SENTENCE_FILE; exit 52", 1),
    ],
)
def test_the_exit_code_is_the_jobs_and_a_kill_is_an_outage(
    ends_with: str, code: int, two_jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submit, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(submit, "resolve", list)
    monkeypatch.setattr(submit, "command", lambda _: ["sh", "-c", f"echo noise >&2; {ends_with}"])

    assert submit.main(["count_days"]) == code

    (log,) = (tmp_path / "logs").iterdir()
    assert log.read_text() == "noise\n"


def test_a_failure_says_where_the_log_is_and_ends_in_the_jobs_sentence(
    two_jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(submit, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(submit, "resolve", list)
    says = "printf 'No files in logs.' >$TRACKLAKE_SENTENCE_FILE; exit 4"
    monkeypatch.setattr(submit, "command", lambda _: ["sh", "-c", says])

    assert submit.main(["count_days"]) == 4

    place, sentence = capsys.readouterr().err.splitlines()
    assert place.startswith(f"Spark's log: {tmp_path}/logs/")
    assert sentence == "No files in logs."


def test_what_spark_submit_refuses_is_wrong_usage(
    two_jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(submit, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(submit, "resolve", list)
    refuses = "echo 'Error: Unrecognized option: --bogus' >&2; exit 1"
    monkeypatch.setattr(submit, "command", lambda _: ["sh", "-c", refuses])

    assert submit.main(["count_days"]) == 2
    assert "Unrecognized option: --bogus" in capsys.readouterr().err


def test_a_checkout_that_may_not_be_written_to_is_one_sentence(
    two_jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(submit, "LOGS", tmp_path / "file" / "logs")
    monkeypatch.setattr(submit, "resolve", list)

    assert submit.main(["count_days"]) == 1

    said = capsys.readouterr().err
    assert said.startswith(f"{tmp_path}/file/logs cannot be used: Not a directory; see to it that you may")
    assert said.count("\n") == 1


def test_a_full_disk_is_one_sentence(
    two_jobs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Python does not say which file it was writing to."""
    monkeypatch.setattr(submit, "resolve", failing(OSError(28, "No space left on device")))

    assert submit.main(["count_days"]) == 1

    said = capsys.readouterr().err
    assert said.startswith(f"{submit.CHECKOUT}, or the folder for temporary files, cannot be used: No space")
    assert said.count("\n") == 1


@pytest.mark.parametrize("master", ["here", "spark", "spark://", "yarnn", "local[two]", "local[0]", "k8s://"])
def test_a_master_that_is_none_is_wrong_usage(two_jobs: Path, master: str) -> None:
    with pytest.raises(WrongUsage, match="is no master"):
        submit.take_apart(["count_days", "--master", master])


def environment_of(job: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment that the launcher hands to spark-submit."""
    monkeypatch.setattr(submit, "LOGS", tmp_path / "logs")
    monkeypatch.setattr(submit, "resolve", list)
    monkeypatch.setattr(submit, "command", lambda _: ["sh", "-c", f"env -0 >{tmp_path}/environment"])
    assert submit.main(job.split()) == 0
    lines = (tmp_path / "environment").read_text().split("\0")
    return dict(line.split("=", 1) for line in lines if line)


def test_a_profile_that_starts_notebooks_does_not_start_them_for_a_job(
    two_jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYSPARK_DRIVER_PYTHON", "jupyter")
    monkeypatch.setenv("PYSPARK_DRIVER_PYTHON_OPTS", "notebook")

    handed = environment_of("count_days", tmp_path, monkeypatch)

    assert handed["PYSPARK_DRIVER_PYTHON"] == sys.executable
    assert "PYSPARK_DRIVER_PYTHON_OPTS" not in handed


@pytest.mark.parametrize(
    ("args", "master"),
    [
        ("", "local[*]"),
        ("--env yarn", "yarn"),
        ("--master yarn", "yarn"),
        ("--env k8s --master local[2]", "local[2]"),
        ("--master local[2] -- --master k8s://https://here:6443", "k8s://https://here:6443"),
    ],
)
def test_a_job_is_told_which_master_counts(
    args: str, master: str, two_jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert environment_of(f"count_days {args}", tmp_path, monkeypatch)[MASTER] == master


@pytest.mark.parametrize(
    ("locale", "handed"),
    [
        ({"LC_ALL": "C"}, "C.UTF-8"),
        ({"LC_ALL": "de_DE.ISO-8859-1", "LANG": "de_DE.UTF-8"}, "C.UTF-8"),
        ({"LC_CTYPE": "de_DE.ISO-8859-1"}, "C.UTF-8"),
        ({"LANG": "de_DE"}, "C.UTF-8"),
        ({"LC_ALL": "de_DE.UTF-8"}, "de_DE.UTF-8"),
        ({"LC_ALL": "en_US.utf8", "LANG": "C"}, "en_US.utf8"),
        ({"LC_ALL": "", "LANG": "de_DE.UTF-8"}, ""),
    ],
)
def test_java_reads_names_as_utf_8_whatever_the_locale(
    locale: dict[str, str], handed: str, two_jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in locale.items():
        monkeypatch.setenv(name, value)

    assert environment_of("count_days", tmp_path, monkeypatch).get("LC_ALL", "") == handed


def test_the_librarys_own_folders_come_before_those_of_a_profile(
    two_jobs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another Spark's Python stands on the path of many profiles."""
    another = tmp_path / "spark" / "python"
    (another / "pyspark").mkdir(parents=True)
    (another / "pyspark" / "__init__.py").touch()
    monkeypatch.syspath_prepend(another)
    monkeypatch.setenv("PYTHONPATH", str(another))

    handed = environment_of("count_days", tmp_path, monkeypatch)

    assert Path(handed["SPARK_HOME"], "bin", "spark-submit").is_file()
    assert handed["PYTHONPATH"].split(os.pathsep) == [
        str(submit.CHECKOUT),
        str(submit.CHECKOUT / "lib"),
        str(another),
    ]


@pytest.mark.parametrize("where", ["--env yarn", "--master spark://here:7077"])
def test_help_is_said_wherever_the_job_would_run(where: str) -> None:
    command = [sys.executable, "-m", "tracklake.submit", "run_pipeline", *where.split(), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--start" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_launcher_leaves_no_process_behind(number: signal.Signals, tmp_path: Path) -> None:
    works = (
        "import subprocess as s; child = s.Popen(['sleep', '60']); print(child.pid, flush=True); child.wait()"
    )
    program = (
        "import sys; from pathlib import Path; from tracklake import submit; "
        f"submit.LOGS = Path({str(tmp_path)!r}); submit.JOBS = submit.LOGS; submit.resolve = list; "
        f"submit.command = lambda _: [sys.executable, '-c', {works!r}]; "
        "sys.exit(submit.main(['count_days']))"
    )
    (tmp_path / "count_days.py").touch()
    launcher = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert launcher.stdout is not None
    child = int(launcher.stdout.readline())

    launcher.send_signal(number)
    _, said = launcher.communicate(timeout=30)

    assert launcher.returncode == 1
    assert said.splitlines()[-1].startswith("Interrupted")
    assert not is_running(child)


def test_a_signal_that_nohup_ignores_ends_nothing(tmp_path: Path) -> None:
    works = "import os, signal; os.kill(os.getppid(), signal.SIGHUP); os.kill(os.getpid(), signal.SIGHUP)"
    program = (
        "import signal, sys; from pathlib import Path; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
        f"from tracklake import submit; submit.LOGS = Path({str(tmp_path)!r}); submit.JOBS = submit.LOGS; "
        f"submit.resolve = list; submit.command = lambda _: [sys.executable, '-c', {works!r}]; "
        "sys.exit(submit.main(['count_days']))"
    )
    (tmp_path / "count_days.py").touch()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def is_running(process: int) -> bool:
    for _ in range(50):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return False
        if state == "Z":  # ended; nobody has asked how yet
            return False
        time.sleep(0.1)
    return True
