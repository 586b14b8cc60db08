"""A release is all or nothing: whatever dies whenever, and whoever else publishes at the same time."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from tests.by_hand import (
    FIRST,
    KILLED,
    NEXT_DAY,
    RETENTION_DAYS,
    SECOND,
    TABLES,
    THIRD,
    Work,
    before_each_write,
    die_before_release,
    heads,
    mixed,
    open_lake,
    release,
    released,
    whole,
)
from tests.conftest import ROOT
from tests.disks import Disk, disk
from tracklake import cli
from tracklake.errors import Overtaken
from tracklake.failures import explain
from tracklake.lake import Lake, Release, claims
from tracklake.lake.claims import Claim
from tracklake.lake.delta import DeltaLog
from tracklake.run import Run


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with one release, of run FIRST."""
    lake = open_lake(tmp_path / "lake")
    release(lake, FIRST)
    return lake


MOST_WRITES = 14
"""More than a run of tests/by_hand.py makes; the last few of that many kills come too late."""


def killed_before_each_write(lakes: list[Lake]) -> list[bool]:
    """Whether run SECOND died: on the n-th lake it is killed before its n-th write, if it makes that many."""
    command = [sys.executable, "-m", "tests.by_hand", *[lake.uri for lake in lakes]]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    codes = [int(code) for code in done.stdout.split()]
    assert set(codes) <= {0, KILLED}, done.stderr
    return [code == KILLED for code in codes]


def test_a_kill_before_any_write_leaves_a_whole_release_and_the_next_run_mends(tmp_path: Path) -> None:
    lakes = [open_lake(tmp_path / f"lake-{n}") for n in range(MOST_WRITES)]
    for lake in lakes:
        release(lake, FIRST)
    died = killed_before_each_write(lakes)
    reached = []
    for lake in lakes:
        newest = lake.ledger.newest()
        now = newest.release
        reached.append(now)
        assert released(lake, newest) == whole(now)
        assert all(markers in ([1], [2]) for markers in heads(lake).values()), "audited rows, and no others"

        third = release(lake, Work("third", 3, NEXT_DAY))
        assert released(lake, third) == heads(lake) == mixed(3, now, 3)
        assert [one.release for one in lake.ledger.all()] == list(range(1, now + 2))
    last = died.index(False) - 1
    assert reached[: last + 1] == [1] * last + [2], "the last write only gives the claim back"


def test_a_kill_before_any_write_of_the_very_first_run(tmp_path: Path) -> None:
    lakes = [open_lake(tmp_path / f"lake-{n}") for n in range(MOST_WRITES)]
    assert True in killed_before_each_write(lakes)
    for lake in lakes:
        assert released(lake, lake.ledger.newest()) in ({}, whole(2))
        assert released(lake, release(lake, THIRD)) == heads(lake) == whole(3)


def test_a_run_that_began_before_another_published_is_refused(lake: Lake) -> None:
    base = lake.ledger.newest()
    release(lake, SECOND)
    with pytest.raises(Overtaken, match="Release 2 of the lake"):
        release(lake, THIRD, base)
    assert released(lake, lake.ledger.newest()) == heads(lake) == whole(2)


class Turn:
    """A run in a thread, which stops once before the write that ``until`` picks, and goes on when it may."""

    def __init__(self, until: Callable[[int, str], bool]) -> None:
        self.until = until
        self.writes = count()
        self.stopped, self.go_on = threading.Event(), threading.Event()
        self.outcome: object = None
        self.thread: threading.Thread | None = None

    def begin(self, publish: Callable[[], Release]) -> threading.Thread:
        def body() -> None:
            try:
                self.outcome = publish()
            except Overtaken as error:
                self.outcome = error
            self.stopped.set()

        self.thread = threading.Thread(target=body)
        self.thread.start()
        return self.thread

    def stop(self, write: str) -> None:
        if threading.current_thread() is self.thread and self.until(next(self.writes), write):
            self.stopped.set()
            assert self.go_on.wait(20)


def paused_at(n: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Callable[[], None], threading.Event]:
    """A thread that calls the first function of the pair becomes the one that stops before its n-th write; it
    goes on when the event is set."""
    mine: list[int] = []
    writes, go_on = count(), threading.Event()

    def wait(_write: str) -> None:
        if threading.get_ident() in mine and next(writes) == n:
            assert go_on.wait(20)

    before_each_write(wait, monkeypatch.setattr)
    return lambda: mine.append(threading.get_ident()), go_on


@pytest.mark.parametrize("n", range(1, 9))
@pytest.mark.parametrize("has_history", [True, False], ids=["on a release", "on an empty lake"])
def test_two_runs_that_publish_at_once_never_mix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int, has_history: bool
) -> None:
    """The slow run stops before its n-th write for so long that the other one takes its claim over."""
    lake = open_lake(tmp_path / "lake")
    if has_history:
        release(lake, FIRST)
    base = lake.ledger.newest()
    monkeypatch.setattr(claims, "LEASE", 0.05)
    monkeypatch.setattr(claims, "LOOKS_EVERY", 0.01)
    i_am_slow, go_on = paused_at(n, monkeypatch)
    outcome: list[object] = []

    def slow_run() -> None:
        i_am_slow()
        try:
            outcome.append(release(lake, SECOND, base))
        except Overtaken as error:
            outcome.append(error)

    slow = threading.Thread(target=slow_run)
    slow.start()
    try:
        quick = release(lake, THIRD, base)
    except Overtaken:
        quick = None
    go_on.set()
    slow.join()

    (of_slow,) = outcome
    assert isinstance(of_slow, Overtaken) != (quick is None), "exactly one of the two lands"
    newest = lake.ledger.newest()
    assert newest.release == base.release + 1
    assert released(lake, newest) == whole(3 if quick else 2)
    fourth = release(lake, Work("fourth", 4))
    assert released(lake, fourth) == heads(lake) == whole(4)


@pytest.mark.parametrize("n", range(1, 9))
@pytest.mark.parametrize("has_history", [True, False], ids=["on a release", "on an empty lake"])
def test_two_runs_that_take_turns_never_mix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n: int, has_history: bool
) -> None:
    """The slow run stops before its n-th write, the other one before its release; then the slow one goes on."""
    lake = open_lake(tmp_path / "lake")
    if has_history:
        release(lake, FIRST)
    base = lake.ledger.newest()
    monkeypatch.setattr(claims, "LEASE", 0.05)
    monkeypatch.setattr(claims, "LOOKS_EVERY", 0.01)
    slow, quick = Turn(lambda nth, _: nth == n), Turn(lambda _, write: write == "Ledger.append")
    before_each_write(lambda write: [turn.stop(write) for turn in (slow, quick)], monkeypatch.setattr)
    of_slow = slow.begin(lambda: release(lake, SECOND, base))
    slow.stopped.wait(20)
    of_quick = quick.begin(lambda: release(lake, THIRD, base))
    quick.stopped.wait(20)
    slow.go_on.set()
    of_slow.join()
    quick.go_on.set()
    of_quick.join()

    landed = [marker for marker, turn in ((2, slow), (3, quick)) if not isinstance(turn.outcome, Overtaken)]
    assert len(landed) == 1, "exactly one of the two lands"
    assert released(lake, lake.ledger.newest()) == whole(*landed)
    fourth = release(lake, Work("fourth", 4))
    assert released(lake, fourth) == heads(lake) == whole(4)


def test_a_run_waits_for_one_that_is_publishing_and_says_so(lake: Lake) -> None:
    base = lake.ledger.newest()
    said: list[str] = []
    order: list[str] = []
    with lake.claims.held_by("busy", said.append):

        def late() -> None:
            with lake.claims.held_by("late", said.append):
                order.append("late")

        thread = threading.Thread(target=late)
        thread.start()
        while not said:
            pass
        order.append("busy")
    thread.join()
    assert order == ["busy", "late"]
    assert said == ["Run busy is publishing to this lake: waiting until it is done."]
    assert lake.ledger.newest() == base


def test_the_claim_of_a_dead_process_is_taken_over_at_once(lake: Lake) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    version, _ = lake.claims.newest()
    lake.claims._write(version, Claim("dead", claims._machine(), dead.pid))
    said: list[str] = []
    with lake.claims.held_by("next", said.append):
        assert lake.claims.newest()[1].run_id == "next"
    assert said == []


def test_the_claim_of_another_machine_is_taken_over_when_its_lease_ends(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "LEASE", 0.3)
    version, _ = lake.claims.newest()
    lake.claims._write(version, Claim("elsewhere", "another machine", 1))
    said: list[str] = []
    with lake.claims.held_by("next", said.append):
        assert lake.claims.newest()[1].run_id == "next"
    assert len(said) == 1


def test_a_claim_that_a_power_failure_left_empty_is_none(lake: Lake) -> None:
    claimed, _ = lake.claims.newest()
    Path(lake.claims.uri, "_delta_log", f"{claimed:020}.json").write_text("")
    assert lake.claims.newest() == (claimed, Claim())
    assert released(lake, release(lake, SECOND)) == heads(lake) == whole(2)


def test_a_commit_whose_answer_was_lost_counts_as_made(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Storage that loses its first answer and is asked again says that the version is there already."""
    once = DeltaLog.commit

    def twice(log: DeltaLog, *args: object) -> int:
        once(log, *args)  # type: ignore[arg-type]
        return once(log, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(DeltaLog, "commit", twice)
    assert released(lake, release(lake, SECOND)) == heads(lake) == whole(2)


STORAGE_FAILS = {
    "a full disk": (lambda disk: disk.fill(), lambda disk: disk.empty()),
    "a read-only disk": (lambda disk: disk.remount("ro"), lambda disk: disk.remount("rw")),
}


@pytest.mark.parametrize(("fail", "mend"), STORAGE_FAILS.values(), ids=STORAGE_FAILS.keys())
def test_storage_that_fails_ends_in_one_sentence_and_the_next_run_mends(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fail: Callable[[Disk], None],
    mend: Callable[[Disk], None],
) -> None:
    """It fails when everything is staged, before the n-th write, for every n."""
    with disk(tmp_path / "disk", "8m") as small:
        for n in range(8):
            lake = open_lake(small.folder / f"lake-{n}")
            release(lake, FIRST)
            with monkeypatch.context() as patch:
                left = iter(range(n))
                before_each_write(
                    lambda _, left=left: None if next(left, None) is not None else fail(small), patch.setattr
                )
                with pytest.raises((DeltaError, OSError)) as caught:
                    release(lake, SECOND)
            failure = explain(caught.value)
            assert (failure.exit_code, failure.sentence.count("\n")) == (1, 0)
            assert ("No space left" in failure.sentence) or ("Read-only file system" in failure.sentence)
            mend(small)
            assert released(lake, lake.ledger.newest()) == whole(1)
            assert released(lake, release(lake, THIRD)) == heads(lake) == whole(3)


def test_what_a_dead_run_touched_does_not_count_as_changed(tmp_path: Path) -> None:
    """Versions that a job has built from get other numbers when their rows are brought back; it is told so."""
    lakes = [open_lake(tmp_path / f"lake-{n}") for n in range(6)]
    for lake in lakes:
        before = release(lake, FIRST, inputs={"a_job": TABLES})
    assert before.built_from == {"a_job": dict.fromkeys(TABLES, 1)}
    assert killed_before_each_write(lakes)[5], (
        "after the claim, three checkpoints and the commit to dim_track"
    )
    after = release(lakes[5], Work("third", 3, NEXT_DAY))
    assert after.built_from == {"a_job": {"dim_track": 3, "fact_track_day": 1, "fact_artist_day": 1}}
    assert after.tables == {"dim_track": 4, "fact_track_day": 2, "fact_artist_day": 2}


def test_what_is_changed_by_hand_is_taken_back_and_said(lake: Lake) -> None:
    table = DeltaTable(lake.path("fact_track_day"))
    table.update(updates={"plays": "9"})
    table.delete("plays = 9")
    said: list[str] = []
    assert released(lake, release(lake, Work("second", 2, NEXT_DAY), note=said.append)) == mixed(2, 1, 2)
    (sentence,) = said
    assert sentence.startswith(
        "Table fact_track_day was changed by hand after release 1 (UPDATE in version 2, "
    )
    assert "DELETE in version 3): that is taken back" in sentence


def test_what_a_dead_run_committed_is_not_called_changed_by_hand(lake: Lake) -> None:
    die_before_release(lake, Work("dead", 9))
    said: list[str] = []
    assert released(lake, release(lake, SECOND, note=said.append)) == heads(lake) == whole(2)
    assert said == []


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize(("overtaken", "code"), [(2, 0), (3, 1)], ids=["twice", "once too often"])
def test_a_job_that_was_overtaken_starts_over_from_the_newest_release(
    lake: Lake, capsys: pytest.CaptureFixture[str], overtaken: int, code: int
) -> None:
    bases = []

    def main(run: Run) -> None:
        """A job beside which others publish."""
        bases.append(run.base.release)
        if len(bases) <= overtaken:
            release(lake, Work(f"quick-{len(bases)}", 9))
            raise Overtaken("Another run was quicker, run it again.")

    assert cli.run_job(main, ["--lake", lake.uri]) == code
    assert bases == [1, 2, 3]
    said = capsys.readouterr()
    assert said.out.count("starts over from the newest release") == 2
    assert ("run it again" in said.err) == (code == 1)


def test_logs_of_tables_have_checkpoints_and_keep_what_releases_need(tmp_path: Path) -> None:
    lake = open_lake(tmp_path / "lake")
    for number in range(1, 13):
        release(lake, Work(f"run {number}", number))
    for table in TABLES:
        assert list(Path(lake.path(table), "_delta_log").glob("*.checkpoint.parquet")), table
        properties = DeltaTable(lake.path(table)).metadata().configuration
        assert properties["delta.deletedFileRetentionDuration"] == f"interval {RETENTION_DAYS} days"
        assert properties["delta.enableExpiredLogCleanup"] == "false"


def test_the_claim_of_another_machine_is_waited_for_though_no_process_here_has_its_number(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "LEASE", 0.3)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    version, _ = lake.claims.newest()
    lake.claims._write(version, Claim("elsewhere", "another machine", dead.pid))
    said: list[str] = []
    with lake.claims.held_by("next", said.append):
        pass
    assert said == ["Run elsewhere is publishing to this lake: waiting until it is done."]


def test_a_claim_that_is_renewed_is_waited_for_however_long(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As maintenance renews it, which removes files meanwhile."""
    busy = Claim("busy", "another machine", 1)
    stated = lake.claims._write(lake.claims.newest()[0], busy)
    seconds, looks = [0.0], count()

    def sleep(_seconds: float) -> None:
        nonlocal stated
        seconds[0] += claims.LEASE * 0.6
        stated = lake.claims._write(stated, busy if next(looks) < 5 else Claim())

    monkeypatch.setattr(claims, "time", SimpleNamespace(monotonic=lambda: seconds[0], sleep=sleep))
    with lake.claims.held_by("next", lambda _: None):
        assert next(looks) == 6
