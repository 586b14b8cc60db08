"""How the jars that pyspark lacks come into the checkout. Nothing is fetched here."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tracklake import jars


class Ivy:
    """Stands for spark-submit: brings the jar that it is asked for, and keeps the environment it was handed."""

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}

    def __call__(self, command: list[str], **said: Any) -> subprocess.CompletedProcess[str]:
        self.environment = said["env"]
        (ivy,) = (part.partition("=")[2] for part in command if part.startswith("spark.jars.ivy="))
        bring(Path(ivy, "jars"))
        return subprocess.CompletedProcess(command, 0, stdout="", stderr="")


def bring(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "here.tracks_tracks-spark_1.0.jar").touch()


@pytest.fixture
def ivy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ivy:
    ivy = Ivy()
    monkeypatch.setattr(jars, "CACHE", tmp_path / "jars")
    monkeypatch.setattr(jars, "COORDINATES", ("here.tracks:tracks-spark:1.0",))
    monkeypatch.setattr(subprocess, "run", ivy)
    return ivy


def test_a_profile_that_starts_notebooks_does_not_start_them_for_jars(
    ivy: Ivy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYSPARK_DRIVER_PYTHON", "jupyter")
    monkeypatch.setenv("PYSPARK_DRIVER_PYTHON_OPTS", "notebook")

    assert len(jars.resolve()) == 1

    assert ivy.environment["PYSPARK_DRIVER_PYTHON"] == sys.executable
    assert "PYSPARK_DRIVER_PYTHON_OPTS" not in ivy.environment


def test_of_two_first_starts_the_slower_one_takes_the_jars_of_the_faster(
    ivy: Ivy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rename_too_late(fetched: Path, to: Path) -> None:
        bring(to)
        os.rename(fetched, to)

    monkeypatch.setattr(Path, "rename", rename_too_late)

    (jar,) = jars.resolve()

    assert jar.parent == tmp_path / "jars" / "here.tracks_tracks-spark_1.0"


def test_jars_that_cannot_be_put_into_the_cache_are_not_passed_over(
    ivy: Ivy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(fetched: Path, to: Path) -> None:
        raise PermissionError(13, "Permission denied", str(fetched))

    monkeypatch.setattr(Path, "rename", refuse)

    with pytest.raises(PermissionError):
        jars.resolve()


def test_a_cache_that_may_not_be_written_to_is_one_sentence(
    ivy: Ivy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(jars, "CACHE", tmp_path / "file" / "jars")

    assert jars.main() == 1

    said = capsys.readouterr().err
    assert (
        f"\n{tmp_path}/file/jars cannot be used: Not a directory; see to it that you may write there" in said
    )
    assert said.count("\n") == 2  # after that which says what is resolved


def test_a_disk_that_is_full_when_jars_come_is_one_sentence(
    ivy: Ivy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def is_full(folder: Path, **how: bool) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", is_full)

    assert jars.main() == 1

    assert "cannot be used: No space left on device" in capsys.readouterr().err
