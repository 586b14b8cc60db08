"""Folders and URIs that a person names."""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from tracklake.config import Conf
from tracklake.errors import WrongUsage

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DEFAULT_FILES = "spark.hadoop.fs.defaultFS"
"""The setting that says on which file system Spark looks for a path."""

_FOR_MANY_MACHINES = ("yarn", "k8s:")
_NOT_FOR_TABLES = re.compile(r"[%#?\[\]^|\\\x00-\x1f\x7f]")
_BEFORE_THE_PATH = re.compile("^file:(//[^/]*)?")
_LISTED_HERE = re.compile("^file:/+")
_GLOB = re.compile(r"([\\{}\[\]*?])")
_MEANT_OTHERWISE_IN_A_URI = str.maketrans({character: quote(character) for character in "%#?"})


def absolute(place: str, conf: Conf | None = None) -> str:
    """A place in full, as Spark names what it finds there: without ``..``, ``//`` or a slash at its end.

    A path is seen from the working folder, with ~ for the home folder; links in it stay as they are. A file: URI stays
    one: Spark may look for paths elsewhere. Where ``conf`` runs Spark on a cluster whose machines share no file system,
    WrongUsage is raised for a path.
    """
    path = local_path(place)
    if path is None:
        scheme, _, named = place.partition("://")
        host, _, below = named.partition("/")
        return f"{scheme}://{host}{_plain(f'/{below}').rstrip('/')}"
    if place.startswith("file:"):
        return _file_uri(_plain(str(path)))
    if conf and shares_no_files(conf):
        raise WrongUsage(
            f"{place} is a path of this machine, which the cluster ({conf.spark.master}) does not see: "
            "give a URI (hdfs://, gs://, s3a://, abfss://, or file:// for a mounted folder)."
        )
    return _plain(os.path.abspath(os.path.expanduser(place)))


def seen_from(spark: "SparkSession", place: str) -> str:
    """A place in full, as ``absolute`` has it, in the form in which Spark finds it.

    What is on this machine is a path where Spark is told to look for paths here, and a file: URI where it is told to
    look elsewhere. Where it is told neither, as on a cluster, the place keeps the form that it has. Raises WrongUsage
    for a file: URI with a character in a folder's name that Spark takes for another there.
    """
    full, default = absolute(place), spark.conf.get(DEFAULT_FILES, None)
    path = local_path(full)
    if path is None or (default is None and not full.startswith("file:")):
        return full
    if default is not None and default.startswith("file:"):
        return str(path)
    uri = _file_uri(str(path))
    if uri != f"file://{path}":
        raise WrongUsage(
            f"{path} cannot be named by a URI, which is needed where Spark looks for paths elsewhere: "
            "Spark takes %, # and ? in one for other characters; give the folder another name."
        )
    return uri


def shares_no_files(conf: Conf) -> bool:
    """Whether Spark runs on a cluster whose machines share no file system with this one."""
    return conf.spark.master.startswith(_FOR_MANY_MACHINES)


def _file_uri(path: str) -> str:
    return f"file://{path.translate(_MEANT_OTHERWISE_IN_A_URI)}"


def _plain(path: str) -> str:
    """An absolute path without ``..``, ``.``, ``//`` and a slash at its end."""
    return os.path.normpath(f"/{path.lstrip('/')}")


def local_path(place: str) -> Path | None:
    """The path of a place on this machine's file system; None when it is elsewhere."""
    if place.startswith("file:"):
        return Path(unquote(_BEFORE_THE_PATH.sub("", place)))
    return None if "://" in place else Path(place)


def in_the_way(place: str) -> Path | None:
    """The file that is where a folder of this machine should be, or above it; None where there is none."""
    path = local_path(place)
    nearest = path and next((one for one in (path, *path.parents) if one.exists()), None)
    return nearest if nearest and not nearest.is_dir() else None


def as_path(file: str) -> str:
    """A file as Spark lists it, by its path alone where it is on this machine; one elsewhere as it is."""
    return _LISTED_HERE.sub("/", file)


def refuse_for_tables(place: str) -> None:
    """Raises WrongUsage for a place on this machine with a character that the readers and writers of Delta tables do
    not all take for what it is."""
    if local_path(place) and (found := dict.fromkeys(_NOT_FOR_TABLES.findall(place))):
        shown = " ".join(one if one.isprintable() else repr(one) for one in found)
        raise WrongUsage(
            f"The lake cannot be at {place}: Delta tables cannot be where a folder has {shown} in its name; "
            "choose another."
        )


def literal(path: str) -> str:
    """The path with the characters escaped that Spark would read as a pattern."""
    return _GLOB.sub(r"\\\1", path)
