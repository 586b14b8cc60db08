"""What the launcher tells a job by the environment: Spark stands between the two and merges outputs."""

import os
import sys
from pathlib import Path

from tracklake.shown import printable

MASTER = "TRACKLAKE_MASTER"  # where Spark runs, which the command line may say in place of conf/<env>.toml
TERMINAL_WIDTH = "TRACKLAKE_TERMINAL_WIDTH"  # set only when the launcher writes to a terminal
NOISE_FILE = "TRACKLAKE_NOISE_FILE"  # the log that takes all of stderr
SENTENCE_FILE = "TRACKLAKE_SENTENCE_FILE"  # takes the closing sentence of a failure

INTERRUPTED = "Interrupted: readers still see the last whole release; the same command starts again."


def master() -> str | None:
    """The master that the launcher started Spark with; None when there is no launcher."""
    return os.environ.get(MASTER)


def terminal_width() -> int | None:
    """The width of the launcher's terminal; None when it has none, or there is no launcher."""
    width = os.environ.get(TERMINAL_WIDTH)
    return int(width) if width else None


def send_noise_to_log() -> None:
    """From here on stderr, Java's children included, goes to the launcher's log if there is one."""
    log = os.environ.get(NOISE_FILE)
    if log:
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644), sys.stderr.fileno())


def stderr_is_a_log() -> bool:
    """Whether what is written to stderr ends in a log file, out of a person's way."""
    return bool(os.environ.get(NOISE_FILE))


def say(sentence: str) -> None:
    """Hands the closing sentence of a failure to the launcher, or prints it where there is none."""
    sentence = printable(sentence)
    file = os.environ.get(SENTENCE_FILE)
    if file:
        Path(file).write_text(sentence, encoding="utf-8")
    else:
        print(sentence, file=sys.stderr)
