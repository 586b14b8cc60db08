"""Claims: which run is publishing to a lake right now, so that runs wait for each other instead of colliding.

What keeps a lake whole is not the claim but the compare-and-set of every commit; a claim that is wrongly taken
over costs one of the two runs its publication, never a reader a mix of both.
"""

from __future__ import annotations

import json
import math
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError, DeltaError

from tracklake.errors import Overtaken
from tracklake.lake.delta import properties

LEASE = 120.0
"""Seconds after which a claim that has not changed is taken over, by the clock of the run that waits."""

LOOKS_EVERY = 0.2
"""Seconds between two looks at a claim of another run."""


_HELD_HERE: set[str] = set()
"""Runs of this process that hold a claim or wait for one; a claim of any other stayed because storage failed."""


@dataclass(frozen=True)
class Claim:
    """Who publishes: the run, and the machine and process it runs in. No run: nobody does."""

    run_id: str = ""
    machine: str = ""
    process: int = 0

    @property
    def is_of_the_dead(self) -> bool:
        """Whether run or process are known to be gone. Of another machine's processes nothing is known."""
        if self.machine != _machine():
            return False
        if self.process == os.getpid():
            return self.run_id not in _HELD_HERE
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return True
        except PermissionError:  # someone else's process, and alive
            return False
        return False


@dataclass(frozen=True)
class Claims:
    """The Delta table ``_claims`` at ``uri``. It has no rows: each version's commit says who publishes since then."""

    uri: str

    @contextmanager
    def held_by(self, run_id: str, waiting: Callable[[str], None]) -> Iterator[Held]:
        """The one claim, while the ``with`` block lasts.

        Waits for a run that holds it, and tells ``waiting`` so in a sentence; takes over from one whose process
        is gone, or whose claim is LEASE seconds old.
        """
        _HELD_HERE.add(run_id)
        try:
            mine = Claim(run_id, _machine(), os.getpid())
            held = Held(self, mine, self._take(mine, waiting))
            try:
                yield held
            finally:
                with suppress(DeltaError, OSError):  # else the next run finds that this one is gone
                    self._write(held.version, Claim())
        finally:
            _HELD_HERE.discard(run_id)

    def newest(self) -> tuple[int, Claim]:
        """The version of the table, and the claim that it states.

        A commit that a power failure left empty states none: whoever wrote it is gone.
        """
        table = self._table()
        commits: list[dict[str, Any]] = table.history(limit=1)
        said = commits[0].get("userMetadata") if commits else None
        return table.version(), Claim(**json.loads(said)) if said else Claim()

    def _take(self, mine: Claim, waiting: Callable[[str], None]) -> int:
        seen, since, awaited = -1, 0.0, ""
        while True:
            version, claim = self.newest()
            is_free = not claim.run_id or claim == mine or claim.is_of_the_dead
            if version != seen:
                seen, since = version, time.monotonic()
            if not is_free and claim.run_id != awaited:
                awaited = claim.run_id
                waiting(f"Run {awaited} is publishing to this lake: waiting until it is done.")
            if is_free or time.monotonic() - since > LEASE:
                try:
                    return self._write(version, mine)
                except CommitFailedError:
                    continue  # another run was quicker
            time.sleep(LOOKS_EVERY)

    def _write(self, base: int, claim: Claim) -> int:
        """States the claim in the version after ``base``; CommitFailedError if that is there already."""
        table = DeltaTable(self.uri, version=base)
        table.create_write_transaction(
            actions=[],
            mode="append",
            schema=table.schema(),
            commit_properties=properties(json.dumps(asdict(claim))),
        )
        return base + 1

    def _table(self) -> DeltaTable:
        if not DeltaTable.is_deltatable(self.uri):
            with suppress(CommitFailedError):  # another run was quicker
                DeltaTable.create(
                    self.uri,
                    pa.schema([("claim", pa.string())]),
                    mode="ignore",
                    name="_claims",
                    configuration={"delta.logRetentionDuration": "interval 2 days"},
                )
        return DeltaTable(self.uri)


@dataclass
class Held:
    """A claim that is held: the version of the table of claims that says so, and when that was last renewed."""

    claims: Claims
    claim: Claim
    version: int
    renewed_at: float = -math.inf

    def keep(self) -> None:
        """Renews the claim where a quarter of LEASE has passed: for before each thing that only its holder may do.

        Raises Overtaken if another run has taken it over, or soon may, since storage took half of LEASE to answer.
        """
        began = time.monotonic()
        if began - self.renewed_at < LEASE / 4:
            return
        try:
            self.version = self.claims._write(self.version, self.claim)
        except CommitFailedError as error:
            raise self._overtaken() from error
        self.renewed_at = began
        if time.monotonic() - began > LEASE / 2:
            raise self._overtaken()

    def _overtaken(self) -> Overtaken:
        return Overtaken(
            f"The claim of run {self.claim.run_id} took too long: another run has taken it over, or may. Run it again."
        )


def _machine() -> str:
    """The name of this machine and, where there are such, of its space of process numbers (a container's)."""
    space = Path("/proc/self/ns/pid")
    return f"{socket.gethostname()} {os.readlink(space) if space.is_symlink() else ''}".strip()
