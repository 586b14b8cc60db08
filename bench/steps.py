"""The steps that a job, or a contender that prints as one, said it had ended."""

import re
from typing import NamedTuple

_STEP = re.compile(r"^✓ (?P<title>.*?)\s+(?:(?P<rows>[\d,]+) rows\s+)?(?P<seconds>[\d.]+) s$", re.MULTILINE)


class Step(NamedTuple):
    """Rows are as printed, "" where the step told none."""

    title: str
    rows: str
    seconds: float


def steps(said: str) -> list[Step]:
    """The steps in a job's output, in their order."""
    return [Step(one["title"], one["rows"] or "", float(one["seconds"])) for one in _STEP.finditer(said)]
