"""The harness of faults on jobs without Spark: it kills when it should, and sees what is wrong."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests import by_hand
from tests.by_hand import FIRST, SECOND, Work, open_lake, release
from tests.conftest import ROOT
from tests.faults import kill as kill_module
from tests.faults.kill import Kill, inflict, plan
from tests.faults.lakes import Lakes

JOB = """
import os, signal, sys, time
from pathlib import Path
from tests.by_hand import *
lake, before_write, red = open_lake(Path(sys.argv[1])), int(sys.argv[2]), sys.argv[3] == "red"
left = iter(range(before_write))
if before_write >= 0:
    before_each_write(lambda _: None if next(left, None) is not None else os.killpg(0, signal.SIGKILL))
for step in range(3):
    print("✓ Step", step, flush=True)
    time.sleep(0.3)
{unaudited}
if red:
    sys.exit(3)
release(lake, SECOND)
print("✓ Publishing", flush=True)
"""
UNAUDITED = """
rows = stage(lake, lake.ledger.newest(), Work("bad", 99))["dim_track"]
lake.log("dim_track").commit(1, rows.commit, "bad")
time.sleep(3)
"""
STEPS = [("Step 0", 0.0), ("Step 1", 0.3), ("Step 2", 0.3), ("Publishing", 0.3)]


def run_again(folder: Path) -> str:
    lake = open_lake(folder)
    if lake.ledger.newest().release == 1:
        release(lake, Work("again", SECOND.marker))
    return ""


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> Lakes:
    folder = tmp_path_factory.mktemp("lakes")
    release(open_lake(folder / "history"), FIRST)
    shutil.copytree(folder / "history", folder / "undisturbed")
    release(open_lake(folder / "undisturbed"), SECOND)
    return Lakes(by_hand, folder / "history", folder / "undisturbed", folder, run_again, STEPS, 9)


@pytest.fixture(params=[""], ids=["a good job"])
def job(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def started(
        _job: ModuleType, lake: Path, *_flags: str, before_write: int = -1, suites: Path | None = None
    ) -> subprocess.Popen[str]:
        script = JOB.format(unaudited=request.param)
        return subprocess.Popen(
            [sys.executable, "-c", script, str(lake), str(before_write), "red" if suites else ""],
            cwd=ROOT,
            env={"PYTHONPATH": f"{ROOT / 'lib'}:{ROOT}"},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    monkeypatch.setattr(kill_module, "started", started)


KILLS = {
    "after a step": (Kill(after_step=1), True),
    "in the middle of a step": (Kill(after_step=1, delay=0.1), True),
    "before a write": (Kill(before_write=6), True),
    "with a suite that fails": (Kill(after_step=0, red=True), True),
    "too late": (Kill(before_write=99), False),
}


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize(("kill", "dies"), KILLS.values(), ids=KILLS.keys())
def test_a_job_dies_as_planned_and_nothing_is_wrong(
    lakes: Lakes, tmp_path: Path, kill: Kill, dies: bool
) -> None:
    outcome = inflict(kill, lakes, tmp_path / "lake")
    assert (outcome.wrong, outcome.died) == ([], dies)


@pytest.mark.usefixtures("job")
@pytest.mark.parametrize("job", [UNAUDITED], indirect=True, ids=["a job that commits before its audit"])
def test_rows_that_were_seen_before_their_audit_are_reported(lakes: Lakes, tmp_path: Path) -> None:
    outcome = inflict(Kill(before_write=3), lakes, tmp_path / "lake")
    assert any("dim_track version 2 held rows that are in no release" in one for one in outcome.wrong)


@pytest.mark.usefixtures("job")
def test_a_re_run_that_gives_other_tables_is_reported(lakes: Lakes, tmp_path: Path) -> None:
    other = Lakes(
        by_hand,
        lakes.history,
        lakes.undisturbed,
        lakes.suites_that_fail,
        lambda _: "",
        lakes.steps,
        lakes.writes,
    )
    outcome = inflict(Kill(before_write=5), other, tmp_path / "lake")
    assert "the re-run did not give the tables of an undisturbed run" in outcome.wrong
    assert any(one.startswith("the tables are at") for one in outcome.wrong)


def test_a_plan_reaches_every_step_and_every_write_and_is_the_same_for_a_seed() -> None:
    steps = [(f"Step {n}", random.Random(n).random()) for n in range(20)]
    kills = plan(100, 7, steps, 28)
    assert kills == plan(100, 7, steps, 28) != plan(100, 8, steps, 28)
    assert {one.before_write for one in kills if one.before_write >= 0} == set(range(28))
    assert {one.after_step for one in kills if one.before_write < 0 and not one.delay} == set(range(20))
    assert sum(one.red for one in kills) == 10
