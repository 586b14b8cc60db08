"""Where the files that ship with the library are: its suites and its configurations.

In a checkout they lie beside lib/; in a wheel or the zip for --py-files they are package data of tracklake.
"""

from importlib.abc import Traversable
from importlib.resources import files
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
JOBS = CHECKOUT / "jobs"


def is_checkout() -> bool:
    """Whether the library runs from a checkout, and was not installed from one."""
    return (CHECKOUT / "pyproject.toml").exists()


def suites() -> Traversable:
    """The folder of Great Expectations suites, one <table>.json each."""
    return _folder("expectations")


def configurations() -> Traversable:
    """The folder of configurations, one <env>.toml each."""
    return _folder("conf")


def _folder(name: str) -> Traversable:
    packed = files("tracklake") / name
    return packed if packed.is_dir() else CHECKOUT / name
