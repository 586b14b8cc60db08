"""What went wrong, in one sentence, and with which exit code it ends."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from deltalake.exceptions import DeltaError
from py4j.protocol import Py4JError, Py4JJavaError, Py4JNetworkError
from pyspark.errors import PySparkException

from tracklake.errors import InputMissing, TracklakeError, WrongUsage
from tracklake.jars import DELTA, OBJECT_STORES
from tracklake.places import as_path, local_path

_LONGEST = 300
_HINT = "--debug shows the whole trace."
_NO_DELTA = re.compile(r"\[(CATALOG_PLUGIN_CLASS|DATA_SOURCE)_NOT_FOUND\][^\n]*delta", re.IGNORECASE)
_UNREADABLE_FILE = re.compile(
    r"\[FAILED_READ_FILE\.\w+\] Encountered error while reading file (?P<file>\S+?)\.\s"
)
_GONE = re.compile(
    r"\[PATH_NOT_FOUND\] Path does not exist: (?P<file>[^\n]+?)\.?(?: SQLSTATE|$)", re.MULTILINE
)
_NO_CONNECTOR = re.compile(r'Class [\w.$]+FileSystem not found|No FileSystem for scheme "[\w.+-]*"')
_WRONG_SETTING = re.compile(r"\[INVALID_CONF_VALUE[^\n]*")
_CAUSE_OF_DELTA_RS = re.compile("^Generic |↳")
STOPPED = "on a stopped SparkContext"
"""What Spark says of any call once it has given up, as it does where its master does not answer."""
_CONNECTION_LOST = (Py4JNetworkError, ConnectionError, EOFError)


@dataclass(frozen=True)
class Failure:
    """How a run that failed ends."""

    exit_code: int
    sentence: str


def explain(error: Exception, source_input: str | None = None) -> Failure:
    """Exit code and sentence for any exception.

    What concerns `source_input`, a place in full, or what is below it, counts as missing input.
    """
    if isinstance(error, TracklakeError):
        return Failure(error.exit_code, " ".join(str(error).split()))
    if source_input and (failure := _unreadable_file(str(error), source_input)):
        return failure
    if failure := _no_connector(str(error)):
        return failure
    if lacking := lacks_delta(error):
        return explain(lacking)
    if _WRONG_SETTING.search(str(error)):
        return explain(refused_setting(error))
    text, code = _text(error), 1
    if (
        source_input
        and _names(text, source_input)
        and isinstance(error, OSError | PySparkException | Py4JJavaError)
    ):
        code = InputMissing.exit_code
    return Failure(code, text)


def _names(text: str, place: str) -> bool:
    """Whether a text names a place or something below it. Spark adds the host to a URI that names none."""
    path = local_path(place)
    if path:
        named = r"(?:file:(?://)?)?" + re.escape(str(path).rstrip("/"))
    else:
        named = re.escape(place).replace(":///", "://[^/]*/")
    begins, ends = r"(?:^|(?<=[\s\"'(\[=,]))", r"(?=/|[.:;,]?(?:[\s\"')\]]|$))"
    return re.search(begins + named + ends, unquote(text)) is not None


def _unreadable_file(trace: str, source_input: str) -> Failure | None:
    """What to do about a log file that Spark could not read to its end; None if that is not what happened."""
    found = _UNREADABLE_FILE.search(trace) or _GONE.search(trace)
    if not found or not _names(found["file"], source_input):
        return None
    file = as_path(unquote(found["file"]))
    if found.re is _GONE or "FileNotFoundException" in trace:
        gone = f"{file} went away while it was read: run again. Nothing of this run was published."
        return Failure(InputMissing.exit_code, gone)
    causes = re.findall(r"^Caused by: [\w.$]+: (.+)$", trace, flags=re.MULTILINE)
    return Failure(InputMissing.exit_code, cut_off(file, causes[-1].rstrip(".") if causes else ""))


def cut_off(file: str, why: str = "") -> str:
    """The sentence about a log file that lacks its end, or is damaged before it."""
    cause = f" ({why})" if why else ""
    return (
        f"{file} cannot be read to its end{cause}: it is damaged or still being written; "
        "bring it again or take it out of the logs, and run again. Nothing of this run was published."
    )


def _no_connector(trace: str) -> Failure | None:
    """What to do about a storage for which Spark has no connector; None if that is not what happened."""
    found = _NO_CONNECTOR.search(trace)
    if not found:
        return None
    return Failure(
        WrongUsage.exit_code,
        f"Spark has no connector for the storage that is named ({found[0]}): add `-- --packages {OBJECT_STORES}` "
        "and name S3 as s3a://, or name a folder; docs/configuration.md says more.",
    )


def lacks_delta(error: Exception) -> WrongUsage | None:
    """What is raised in place of an error for which Spark lacks the jars of Delta; None if it is another."""
    if not _NO_DELTA.search(str(error)):
        return None
    return WrongUsage(
        f"The Delta jars are not on Spark's class path: add --packages {DELTA} to spark-submit; in a notebook restart "
        "the kernel and let tracklake.open start the session."
    )


def refused_setting(error: Exception) -> WrongUsage:
    """What is raised in place of an error in which Spark refuses the value of a setting."""
    while cause := getattr(error, "_cause", None):  # where pyspark keeps it
        error = cause
    found = _WRONG_SETTING.search(str(error))
    return WrongUsage(
        f"Spark refuses a setting: {_first_line(found[0] if found else str(error))}; "
        "see to it in [spark.conf] of conf/<env>.toml, or after `--`."
    )


def _text(error: Exception) -> str:
    if isinstance(error, PySparkException):
        return f"Spark says: {_first_line(str(error))}; {_HINT}"
    if isinstance(error, _CONNECTION_LOST) or (
        isinstance(error, Py4JError) and ("Answer from Java" in str(error) or STOPPED in str(error))
    ):
        return (
            "Spark went away in the middle of the run (out of memory, or stopped from outside): "
            "look at its log, give it more with `-- --driver-memory 8g`, and run the same command again."
        )
    if isinstance(error, Py4JJavaError) and "OutOfMemoryError" in str(error):
        return (
            "A task ran out of memory, as it does where a line of a log is too long to be held: give it more with "
            "`-- --driver-memory 8g` (on a cluster --executor-memory), and run the same command again."
        )
    if isinstance(error, Py4JJavaError):
        return f"Spark says: {spark_cause(str(error)) or _first_line(str(error))}; {_HINT}"
    if isinstance(error, DeltaError) or (
        isinstance(error, OSError) and _CAUSE_OF_DELTA_RS.search(str(error))
    ):
        return (
            f"The lake's storage refuses: {_first_line(_of_delta_rs(error))}; see to it and run again: "
            "readers still see the last whole release."
        )
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename} cannot be used: {error.strerror}; see to it and run again."
    said = _first_line(str(error))
    return f"Unexpected {type(error).__name__}{f': {said}' if said else ''}; {_HINT}"


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    line = re.sub(r"\s*SQLSTATE: \w+$", "", line).rstrip(".;: ")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST].rstrip()}..."


def _of_delta_rs(error: Exception) -> str:
    """What delta-rs says, which draws its causes as a coloured tree, in one line."""
    plain = re.sub(r"\x1b\[\d+m", "", str(error))
    return ": ".join(part.strip() for part in re.split(r"[↳\n]", plain) if part.strip())


def spark_cause(text: str) -> str:
    """The innermost cause in the text of an exception that carries a Java stack trace; empty if it carries none."""
    causes = re.findall(r"^(?:Caused by)?: ([\w.$]+(?:Exception|Error)?: .+)$", text, flags=re.MULTILINE)
    if not causes:
        return ""
    name, _, message = causes[-1].partition(": ")
    return _first_line(f"{name.rpartition('.')[2]}: {message}")
