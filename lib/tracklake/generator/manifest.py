"""What a generated folder of logs holds, exactly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True)
class Manifest:
    """The parameters of a run of the generator, and counts of what it wrote.

    `events` counts the records, late ones and those with mojibake among them; `lines` is events plus the
    extra lines: duplicates and corrupt lines. `dirt` counts the records of each kind.
    """

    users: int
    days: int
    seed: int
    start: date
    dirt_amount: float
    events: int
    anonymous: int
    lines: int
    sessions: int
    artists: int
    songs: int
    pages: Mapping[str, int]
    dirt: Mapping[str, int]

    def as_json(self) -> str:
        values: dict[str, Any] = asdict(self) | {"start": self.start.isoformat()}
        return json.dumps(values, indent=2) + "\n"
