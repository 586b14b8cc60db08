"""Starts a job by Spark's own spark-submit: JOB [flags] [-- anything for spark-submit].

Spark's noise goes to a log file; the job's lines, its closing sentence and exit code reach the caller.
"""

import ast
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import IO

from tracklake.config import Conf, load
from tracklake.errors import EXIT_CODES, TracklakeError, WrongUsage, did_you_mean, say
from tracklake.handover import INTERRUPTED, MASTER, NOISE_FILE, SENTENCE_FILE, TERMINAL_WIDTH
from tracklake.jars import resolve, spark_environment, spark_submit
from tracklake.packing import pack
from tracklake.resources import CHECKOUT, JOBS
from tracklake.session import class_path, spark_settings

LOGS = CHECKOUT / "logs"
_USAGE = """\
Usage: ./spark-submit.sh JOB [--env NAME] [--master URL] [--lake URI] [--source NAME --input URI]
                         [--start DATE] [--end DATE] [the job's own flags] [-- anything for spark-submit]

Jobs (JOB --help shows a job's flags):"""
_FIRST_SIGNAL_CODE = 128
_SECONDS_TO_SETTLE = 10.0


@dataclass(frozen=True)
class Submission:
    """A command line, taken apart."""

    job: Path
    job_args: tuple[str, ...]
    spark_args: tuple[str, ...]
    conf: Conf


def main(argv: Sequence[str]) -> int:
    """Starts what the command line asks for and returns its exit code."""
    if not argv or argv[0] in ("--help", "-h"):
        print(_USAGE, *(f"  {name:<20} {about}" for name, about in abouts().items()), sep="\n")
        return 0 if argv else WrongUsage.exit_code
    try:
        submission = take_apart(argv)
        if "--help" in submission.job_args:
            return subprocess.call(
                [sys.executable, str(submission.job), "--help"],
                env=_environment(submission.conf.on("local")),  # it is said here, wherever the job would run
            )
        return _submit(submission)
    except (TracklakeError, OSError) as error:
        return say(error)
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        return TracklakeError.exit_code


def jobs() -> list[str]:
    """The names of all jobs."""
    return sorted(file.stem for file in JOBS.glob("[a-z]*.py"))


def abouts() -> dict[str, str]:
    """The first docstring line of every job, read without running any."""
    return {job: _about(JOBS / f"{job}.py") for job in jobs()}


def take_apart(argv: Sequence[str]) -> Submission:
    """The parts of a command line. Raises WrongUsage for an unknown job, environment or master."""
    at = argv.index("--") if "--" in argv else len(argv)
    ours, theirs = list(argv[:at]), list(argv[at + 1 :])
    known = jobs()
    if not ours or ours[0] not in known:
        asked = ours[0] if ours else ""
        raise WrongUsage(
            f'Unknown job "{asked}": jobs/ has {", ".join(known)}{did_you_mean(asked, known) or "."}'
        )
    job, *rest = ours
    master = _taken(rest, "--master")
    env = _taken(list(rest), "--env") or "local"
    conf = load(env)
    asked_master = _taken(list(theirs), "--master") or master
    if asked_master:
        conf = conf.on(asked_master)
    return Submission(JOBS / f"{job}.py", tuple(rest), tuple(theirs), conf)


def command(submission: Submission) -> list[str]:
    """The spark-submit command; what stands after `--` comes last, so that it wins."""
    conf, theirs = submission.conf, list(submission.spark_args)
    settings = {**spark_settings(conf), **class_path(conf)}
    library = pack()
    lists = {"--jars": settings.pop("spark.jars", ""), "--py-files": "" if conf.is_local else str(library)}
    options = ["--master", conf.spark.master, "--name", f"tracklake {submission.job.stem}"]
    for key, value in settings.items():
        options += ["--conf", f"{key}={value}"]
    for flag, ours in lists.items():
        values = [value for value in (ours, _taken(theirs, flag)) if value]
        options += [flag, ",".join(values)] if values else []
    return [*spark_submit(), *options, *theirs, str(submission.job), *submission.job_args]


def _submit(submission: Submission) -> int:
    resolve()
    LOGS.mkdir(exist_ok=True)
    log = LOGS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}-{submission.job.stem}-{os.getpid()}.log"
    with tempfile.NamedTemporaryFile(prefix="tracklake-", suffix=".txt") as closing, log.open("ab") as noise:
        environment = {**_environment(submission.conf), NOISE_FILE: str(log), SENTENCE_FILE: closing.name}
        code, interrupted = _run(command(submission), environment, noise)
        if not code and not interrupted:
            return 0
        sentence = Path(closing.name).read_text(encoding="utf-8")
    if interrupted:
        code, sentence = TracklakeError.exit_code, INTERRUPTED
    elif not sentence:
        code, sentence = _unexplained(log, code)
    print(f"Spark's log: {log}", file=sys.stderr)
    print(sentence, file=sys.stderr)
    return code if code in EXIT_CODES else TracklakeError.exit_code  # Spark's own codes, and signals


def _environment(conf: Conf) -> dict[str, str]:
    """The caller's environment, with pip's Spark, its master and this Python for the job."""
    environment = {**spark_environment(), MASTER: conf.spark.master}
    if conf.spark.master.startswith(("local", "spark:")):
        environment.setdefault("PYSPARK_PYTHON", sys.executable)
    if conf.is_local:
        environment.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        ours = [str(CHECKOUT), str(CHECKOUT / "lib")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [*ours, environment.get("PYTHONPATH")]))
    if sys.stdout.isatty():
        environment[TERMINAL_WIDTH] = str(shutil.get_terminal_size().columns)
    return environment


def _run(command: Sequence[str], environment: dict[str, str], noise: IO[bytes]) -> tuple[int, bool]:
    """Exit code of the command, and whether a signal ended it; none of its processes outlives this call."""
    signals: list[int] = []
    process: subprocess.Popen[bytes] | None = None

    def forward(number: int, _frame: FrameType | None) -> None:
        signals.append(number)
        if process:
            _signal_group(process.pid, number)

    before = {
        number: signal.signal(number, forward)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) != signal.SIG_IGN  # nohup asks for that, and the job inherits it
    }
    try:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stderr=noise, process_group=0
        )
        for number in signals:  # those that came before there was anyone to forward them to
            _signal_group(process.pid, number)
        code = process.wait()
        deadline = time.monotonic() + _SECONDS_TO_SETTLE
        while _signal_group(process.pid, 0) and time.monotonic() < deadline:
            time.sleep(0.05)
        _signal_group(process.pid, signal.SIGKILL)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code, bool(signals)


def _signal_group(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def _taken(args: list[str], flag: str) -> str | None:
    """Takes a flag out of the arguments and returns its value, None without one; the last counts."""
    value: str | None = None
    kept: list[str] = []
    rest = iter(args)
    for arg in rest:
        if arg == flag:
            value = next(rest, None)
            if value is None:
                raise WrongUsage(f"{flag} needs a value.")
        elif arg.startswith(f"{flag}="):
            value = arg.partition("=")[2]
        else:
            kept.append(arg)
    args[:] = kept
    return value


def _unexplained(log: Path, code: int) -> tuple[int, str]:
    """Exit code and sentence for a job that ended without its own: Spark refused to start, or was killed."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = [
        line.strip()[:300].rstrip(".")
        for line in lines
        if line.startswith(("Error: ", "Exception in thread"))
    ]
    if said and said[-1].startswith("Error: "):
        refusal = said[-1].removeprefix("Error: ")
        return WrongUsage.exit_code, f"spark-submit refuses to start: {refusal}; look at what follows `--`."
    if not 0 < code < _FIRST_SIGNAL_CODE:
        return (
            TracklakeError.exit_code,
            "Spark was killed in the middle of the run: run the same command again.",
        )
    reason = f" ({said[-1]})" if said else ""
    return code, f"The job ended with code {code} and did not say why{reason}: Spark's log tells more."


def _about(file: Path) -> str:
    try:
        module = ast.parse(file.read_text(encoding="utf-8"))
    except SyntaxError as error:
        return f"(cannot be read: {error})"
    mains = (node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "main")
    docs = ast.get_docstring(next(mains, module)) or ""
    return docs.partition("\n")[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
