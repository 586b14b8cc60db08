"""Where a benchmark works: the folder that was asked for, which stays, or one that is removed afterwards."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def workplace(asked: Path | None) -> Iterator[Path]:
    """The absolute path of the folder, which is there."""
    with tempfile.TemporaryDirectory(prefix="tracklake-bench-") as temporary:
        work = (asked or Path(temporary)).absolute()
        work.mkdir(parents=True, exist_ok=True)
        yield work
