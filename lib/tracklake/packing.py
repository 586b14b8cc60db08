"""The library as a wheel, and as the zip that spark-submit --py-files takes to a cluster.

The zip is the wheel's content and the jobs, so that a job finds those that it is made of.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from tracklake import __version__
from tracklake.errors import TracklakeError, WrongUsage
from tracklake.resources import CHECKOUT, JOBS, is_checkout

FOLDER = CHECKOUT / ".cache"
WHEEL = FOLDER / f"tracklake-{__version__}-py3-none-any.whl"
ZIP = FOLDER / f"tracklake-{__version__}.zip"


def pack() -> Path:
    """The path of an up-to-date zip; it and the wheel are built anew when a source file is newer.

    Raises WrongUsage where there is no checkout to pack, TracklakeError where the wheel cannot be built.
    """
    if not is_checkout():
        raise WrongUsage(
            "The library is packed in a checkout of tracklake, and here it is installed from one."
        )
    if not _is_fresh():
        FOLDER.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
            command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", scratch]
            built = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True)
            if built.returncode:
                said = (built.stderr or built.stdout).strip().splitlines() or ["it gave no reason"]
                raise TracklakeError(
                    f"The library could not be packed in {FOLDER}: {said[-1].rstrip('.')}; "
                    "see to it and run the command again."
                )
            wheel = Path(scratch, WHEEL.name)
            copy = shutil.copy(wheel, Path(scratch, ZIP.name))
            with zipfile.ZipFile(copy, "a", zipfile.ZIP_DEFLATED) as library:
                for job in sorted(JOBS.glob("*.py")):
                    library.write(job, f"jobs/{job.name}")
            os.replace(wheel, WHEEL)
            os.replace(copy, ZIP)
    return ZIP


def _is_fresh() -> bool:
    if not (WHEEL.exists() and ZIP.exists()):
        return False
    built = min(WHEEL.stat().st_mtime_ns, ZIP.stat().st_mtime_ns)
    return all(source.stat().st_mtime_ns < built for source in _sources())


def _sources() -> Iterator[Path]:
    """Everything the wheel is made of; folders too, whose time changes when a file goes."""
    yield CHECKOUT / "pyproject.toml"
    for folder in (CHECKOUT / "lib", CHECKOUT / "expectations", CHECKOUT / "conf", JOBS):
        yield folder
        yield from (
            path for path in folder.rglob("*") if "__pycache__" not in path.parts and path.suffix != ".pyc"
        )


if __name__ == "__main__":
    try:
        print(pack())
    except TracklakeError as error:
        sys.exit(str(error))
