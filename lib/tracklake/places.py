"""Folders and URIs that a person names."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tracklake.config import Conf
from tracklake.errors import WrongUsage

_SHARED_BY_ALL_NODES = ("yarn", "k8s:")
_NOT_FOR_TABLES = "%[]^|\\"
_GLOB = re.compile(r"([\\{}\[\]*?])")


def absolute(place: str, conf: Conf) -> str:
    """A URI as it is; a path as an absolute one, seen from the working folder.

    Raises WrongUsage for a path where Spark runs on a cluster whose machines share no file system.
    """
    if "://" in place or place.startswith("file:"):
        return place
    if conf.spark.master.startswith(_SHARED_BY_ALL_NODES):
        raise WrongUsage(
            f"{place} is a path of this machine, which the cluster of conf/{conf.env}.toml does not see: "
            "give a URI (hdfs://, gs://, s3a://, abfss://, or file:// for a mounted folder)."
        )
    return str(Path(place).absolute())


def local_path(place: str) -> Path | None:
    """The path of a place on this machine's file system; None when it is elsewhere."""
    if place.startswith("file:"):
        return Path(unquote(urlsplit(place).path))
    return None if "://" in place else Path(place)


def refuse_for_tables(path: Path) -> None:
    """Raises WrongUsage for a path with a character that the readers and writers of Delta tables do not all take for
    what it is."""
    if found := [character for character in _NOT_FOR_TABLES if character in str(path)]:
        raise WrongUsage(
            f"The lake cannot be at {path}: Delta tables cannot be where a folder has {' '.join(found)} in its name; "
            "choose another."
        )


def literal(path: str) -> str:
    """The path with the characters escaped that Spark would read as a pattern."""
    return _GLOB.sub(r"\\\1", path)
