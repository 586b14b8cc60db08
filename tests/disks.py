"""Disks of a few megabytes that can be filled, or made read-only; where that may be done."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Disk:
    """A file system of its own at ``folder``."""

    folder: Path

    def fill(self, room: int = 0) -> None:
        """Leaves so many bytes, and none beyond."""
        (self.folder / "filling").write_bytes(bytes(max(0, shutil.disk_usage(self.folder).free - room)))

    def empty(self) -> None:
        """There is room again."""
        (self.folder / "filling").unlink()

    def remount(self, options: str) -> None:
        """With the options ``ro`` nothing can be written any more, with ``rw`` it can."""
        subprocess.run(["mount", "-o", f"remount,{options}", str(self.folder)], check=True)


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Disk]:
    """A disk of that size for as long as the block lasts; the test is skipped where none can be had."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() or not shutil.which("mount") or subprocess.run(command, check=False).returncode:
        pytest.skip("A disk to be filled takes a mount, which only root may do, on Linux.")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
