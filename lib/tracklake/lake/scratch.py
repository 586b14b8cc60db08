"""Scratch: what a run keeps for itself while it lasts, and the removal of folders."""

from __future__ import annotations

import shutil
from pathlib import Path

from pyarrow import fs


def remove(uri: str) -> None:
    """Removes a folder and all below it; nothing happens where there is none."""
    if "://" not in uri:
        shutil.rmtree(Path(uri), ignore_errors=True)
        return
    storage, path = fs.FileSystem.from_uri(uri)
    if storage.get_file_info(path).type is fs.FileType.Directory:
        storage.delete_dir(path)
