"""Folders and URIs that a person names."""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tracklake.config import Conf
from tracklake.errors import WrongUsage

_FOR_MANY_MACHINES = ("yarn", "k8s:")
_NOT_FOR_TABLES = "%[]^|\\"
_GLOB = re.compile(r"([\\{}\[\]*?])")


def absolute(place: str, conf: Conf | None = None) -> str:
    """A place in full, as Spark names what it finds there: without ``..``, ``//`` or a slash at its end.

    A path is seen from the working folder, with ~ for the home folder; links in it stay as they are. A file: URI is
    the path that it names. Where ``conf`` runs Spark on a cluster whose machines share no file system it stays a URI,
    and WrongUsage is raised for a path.
    """
    shared = conf is not None and shares_no_files(conf)
    path = local_path(place)
    if path is None:
        scheme, _, named = place.partition("://")
        host, _, below = named.partition("/")
        return f"{scheme}://{host}{_plain(f'/{below}').rstrip('/')}"
    if place.startswith("file:"):
        return f"file://{_plain(str(path))}" if shared else _plain(str(path))
    if conf and shared:
        raise WrongUsage(
            f"{place} is a path of this machine, which the cluster ({conf.spark.master}) does not see: "
            "give a URI (hdfs://, gs://, s3a://, abfss://, or file:// for a mounted folder)."
        )
    return _plain(os.path.abspath(os.path.expanduser(place)))


def shares_no_files(conf: Conf) -> bool:
    """Whether Spark runs on a cluster whose machines share no file system with this one."""
    return conf.spark.master.startswith(_FOR_MANY_MACHINES)


def _plain(path: str) -> str:
    """An absolute path without ``..``, ``.``, ``//`` and a slash at its end."""
    return os.path.normpath(f"/{path.lstrip('/')}")


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
