"""Errors that end a run. Each one's text is one plain sentence: what is wrong, where, and what to do."""

import difflib
import sys
from collections.abc import Iterable

from tracklake.resources import CHECKOUT


class TracklakeError(Exception):
    """A defect or an outage (exit code 1), and the base of every error the library raises itself."""

    exit_code = 1


class Overtaken(TracklakeError):
    """Another run published first; nothing of this one was published, and it may be run again."""


class WrongUsage(TracklakeError):
    """Wrong flags or a wrong configuration."""

    exit_code = 2


class AuditFailed(TracklakeError):
    """A suite failed; nothing of the run was published."""

    exit_code = 3


class InputMissing(TracklakeError):
    """Input that is not there, or cannot be read."""

    exit_code = 4


EXIT_CODES = frozenset(error.exit_code for error in (TracklakeError, WrongUsage, AuditFailed, InputMissing))
"""The codes with which a run that failed may end."""


def say(error: TracklakeError | OSError) -> int:
    """Prints the sentence of an error on standard error; returns the exit code.

    An OSError is that of a checkout or a temporary folder which may not be used, or of a full disk.
    """
    if isinstance(error, TracklakeError):
        print(error, file=sys.stderr)
        return error.exit_code
    where = error.filename or f"{CHECKOUT}, or the folder for temporary files,"
    print(
        f"{where} cannot be used: {error.strerror or error}; "
        "see to it that you may write there and that the disk has room, and run the command again.",
        file=sys.stderr,
    )
    return TracklakeError.exit_code


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the closest known word, or an empty string when none is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
