"""Files of a lake as its storage has them, wherever that is."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from pyarrow import fs

from tracklake.errors import WrongUsage
from tracklake.places import as_path, local_path

READERS = 8
"""Files of which the beginning or the end is read at the same time: the driver waits for storage most of the while."""


@dataclass(frozen=True)
class StoredFile:
    """A file: its path below the folder that was listed, its size in bytes, and when it was written."""

    path: str
    size: int
    modified_at: datetime


@dataclass(frozen=True)
class Folder:
    """A folder at a path or URI, which need not exist."""

    uri: str

    def files(self) -> list[StoredFile]:
        """All files below the folder."""
        storage, root = self.opened
        found = storage.get_file_info(fs.FileSelector(root, allow_not_found=True, recursive=True))
        return [
            StoredFile(info.path.removeprefix(root).lstrip("/"), info.size, info.mtime or datetime.now(UTC))
            for info in found
            if info.type is fs.FileType.File
        ]

    def is_empty(self) -> bool:
        """Whether there is nothing in the folder, not even a folder, or no such folder."""
        storage, root = self.opened
        kind = storage.get_file_info(root).type
        if kind is fs.FileType.Directory:
            return not storage.get_file_info(fs.FileSelector(root))
        return kind is fs.FileType.NotFound

    def lacks(self, paths: Collection[str]) -> list[str]:
        """Those of the paths below the folder at which there is no file."""
        storage, root = self.opened
        found = storage.get_file_info([f"{root}/{path}" for path in paths])
        return [path for path, info in zip(paths, found, strict=True) if info.type is not fs.FileType.File]

    def read(self, path: str) -> bytes | None:
        """What a file below the folder holds; None where there is none."""
        if self.lacks([path]):
            return None
        storage, root = self.opened
        with storage.open_input_stream(f"{root}/{path}", compression=None) as file:
            return bytes(file.read())

    def write(self, path: str, content: bytes) -> None:
        """Writes a file below the folder, in place of one that may be there."""
        storage, root = self.opened
        where = f"{root}/{path}"
        storage.create_dir(where.rpartition("/")[0], recursive=True)
        with storage.open_output_stream(where, compression=None) as file:
            file.write(content)

    def remove_file(self, path: str) -> None:
        """Removes a file below the folder."""
        storage, root = self.opened
        storage.delete_file(f"{root}/{path}")

    def remove(self) -> None:
        """Removes the folder and all below it; nothing happens where there is none."""
        storage, root = self.opened
        if storage.get_file_info(root).type is fs.FileType.Directory:
            storage.delete_dir(root)

    @cached_property
    def opened(self) -> tuple[fs.FileSystem, str]:
        """What ``open`` returned."""
        return self.open()

    def open(self) -> tuple[fs.FileSystem, str]:
        """The file system that the folder is on, and its path there. Raises WrongUsage where this machine lacks the
        library that reaches it."""
        if path := local_path(self.uri):
            return fs.LocalFileSystem(), str(path)
        try:
            storage, path = fs.FileSystem.from_uri(re.sub("^s3a:", "s3:", self.uri))
        except OSError as error:
            if not str(error).startswith("Unable to load lib"):
                raise
            raise WrongUsage(
                f"{self.uri} cannot be reached from this machine ({error}): HDFS takes a Java and a Hadoop here: set "
                "JAVA_HOME, HADOOP_HOME and CLASSPATH=$(hadoop classpath --glob); docs/configuration.md says more."
            ) from error
        return storage, path.rstrip("/")


def file_system_of(file: str) -> tuple[fs.FileSystem, str]:
    """The file system that a file is on as Spark lists it, and its path there."""
    place = as_path(file)
    root = re.match(r"[\w.+-]+://[^/]*", place)
    if not root:
        return fs.LocalFileSystem(), place
    storage, above = Folder(root[0]).opened
    return storage, above + place[root.end() :]
