"""Scratch: what a run keeps for itself while it lasts, and the removal of folders."""

from __future__ import annotations

from pyarrow import fs

from tracklake.lake.storage import storage_of


def remove(uri: str) -> None:
    """Removes a folder and all below it; nothing happens where there is none."""
    storage, path = storage_of(uri)
    if storage.get_file_info(path).type is fs.FileType.Directory:
        storage.delete_dir(path)
