"""Storage: the file system that a place is on, for what is no work for Spark."""

from __future__ import annotations

from pyarrow import fs


def storage_of(uri: str) -> tuple[fs.FileSystem, str]:
    """The file system of a path or URI, and the path within it."""
    if "://" not in uri:
        return fs.LocalFileSystem(), uri
    system, path = fs.FileSystem.from_uri(uri.replace("s3a://", "s3://", 1))
    return system, path
