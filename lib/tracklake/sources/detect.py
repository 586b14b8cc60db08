"""Which source the logs in a folder are of, told from a few of its files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, zip_longest

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from tracklake.errors import InputMissing, WrongUsage
from tracklake.sources import SOURCES
from tracklake.sources.compressed import is_archive
from tracklake.sources.files import below, list_files
from tracklake.sources.lines import read_lines
from tracklake.sources.rows import FORMS, file_rows, form_of
from tracklake.sources.sample import Sample
from tracklake.sources.source import Source

AUTO = "auto"
"""The name by which ``--source`` asks for a guess."""

TEXT_FILES, OTHER_FILES = 6, 2
"""How many files of lines, and how many of each other form, are looked into."""

_LINES, _CHARACTERS = 200, 20_000
_ANY_JSON = "/a.json"
"""What only a source calls a log that calls every JSON file one."""

_NO_LOGS = (".pdf", ".png", ".jpg", ".md", ".txt", ".html", ".xz")


@dataclass(frozen=True)
class Guess:
    """A source, and by what its logs are known."""

    source: Source
    why: str


def guess(spark: SparkSession, folder: str) -> Guess:
    """The source of the logs in a folder. Raises WrongUsage if none or several of them fit, InputMissing if
    there is no file, or nothing but archives."""
    paths = [file.path for file in list_files(spark, folder)]
    if not paths:
        raise InputMissing(f"There is no file in {folder}: give --input the folder that holds the logs.")
    return told_by(take_sample(spark, folder, paths), folder)


def told_by(sample: Sample, folder: str) -> Guess:
    """The one source that recognises the sample; WrongUsage if none or several do, InputMissing if there are only
    archives."""
    archives = [path for path in sample.paths if is_archive(path)]
    if archives and not sample.heads and not sample.columns:
        raise InputMissing(
            f"There are no logs in {folder}, only archives such as {archives[0].strip('/')}: unpack them, "
            "and give --input the folder that holds what was in them."
        )
    found = {name: why for name, source in SOURCES.items() if (why := source.recognise(sample))}
    if len(found) == 1:
        ((name, why),) = found.items()
        return Guess(SOURCES[name], why)
    looked = f"{len(sample.heads) + len(sample.columns)} of {len(sample.paths)} files"
    if not found:
        raise WrongUsage(
            f"The logs in {folder} are of no source that is known, as far as {looked} tell: "
            f"say it with --source NAME ({', '.join(SOURCES)})."
        )
    each = ", and ".join(f"of {name}, because {why}" for name, why in found.items())
    raise WrongUsage(f"The logs in {folder} look as if they were {each}: say which with --source NAME.")


def take_sample(spark: SparkSession, folder: str, paths: list[str]) -> Sample:
    """Some files of each form below the folder, each with its first records or its columns: the first that each
    source would read."""
    of_form = [[path for path in paths if form_of(path) == form] for form in FORMS]
    texts = [path for path in paths if not form_of(path) and not _is_no_log(path)]
    return Sample(
        paths=[below(folder, path) for path in paths],
        heads={path: _head(spark, path) for path in of_each_source(folder, texts)[:TEXT_FILES]},
        columns={
            path: file_rows(spark, path).columns
            for files in of_form
            for path in of_each_source(folder, files)[:OTHER_FILES]
        },
    )


def _is_no_log(path: str) -> bool:
    """Whether a file, by its name, is of no source."""
    return path.lower().endswith(_NO_LOGS) or is_archive(path)


def of_each_source(folder: str, paths: Iterable[str]) -> list[str]:
    """The paths, each once: a log of each source by its name in turn, and last what no source calls a log.

    In turn, because some sources call every JSON file a log, and would leave no room for the logs of another. In its
    turn each of these has what no source with names of its own calls a log, first where no such logs lie.
    """
    shown = {path: below(folder, path) for path in paths}
    named = [[path for path in shown if source.names_a_log(shown[path])] for source in SOURCES.values()]
    of_any = [source.names_a_log(_ANY_JSON) for source in SOURCES.values()]
    own = {path for logs, is_of_any in zip(named, of_any, strict=True) if not is_of_any for path in logs}
    folders = {_top_folder(shown[path]) for path in own}

    def rank(path: str) -> tuple[bool, bool]:
        return path in own, _top_folder(shown[path]) in folders

    def in_order(logs: list[str]) -> list[str]:
        """One of each top folder before a second of the same."""
        of_folders = defaultdict(list)
        for path in logs:
            of_folders[path in own, _top_folder(shown[path])].append(path)
        return sorted(_in_turn(of_folders.values()), key=rank)

    return [*dict.fromkeys((*_in_turn(map(in_order, named)), *shown))]


def _in_turn(lists: Iterable[list[str]]) -> list[str]:
    """The first of each list, then the second of each, and so on."""
    return [one for one in chain.from_iterable(zip_longest(*lists)) if one is not None]


def _top_folder(path: str) -> str:
    """The folder just below the input that a path leads through; empty for a file of the input itself."""
    return path.strip("/").rpartition("/")[0].partition("/")[0]


def _head(spark: SparkSession, path: str) -> list[str]:
    """The first lines of a file; of a file that is one JSON array, its first elements."""
    cut = F.substring("line", 1, _CHARACTERS).alias("line")
    lines = [row.line for row in read_lines(spark, [path]).select(cut).limit(_LINES).collect()]
    return _elements("\n".join(lines)) if lines and lines[0].startswith("[") else lines


def _elements(text: str) -> list[str]:
    """The JSON text of the elements of an array that may be cut off."""
    decoder, at = json.JSONDecoder(), 1
    found: list[str] = []
    while len(found) < _LINES:
        rest = text[at:].lstrip(" \t\r\n,")
        try:
            element, used = decoder.raw_decode(rest)
        except ValueError:
            break
        found.append(json.dumps(element))
        at = len(text) - len(rest) + used
    return found
