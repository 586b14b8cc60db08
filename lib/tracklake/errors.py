"""Errors that end a run. Each one's text is one plain sentence: what is wrong, where, and what to do."""

import difflib
from collections.abc import Iterable


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


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "x"?` for the closest known word, or an empty string when none is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f'; did you mean "{close[0]}"?' if close else ""
