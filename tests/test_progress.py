"""What a person sees of a run."""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from rich.console import Console

from tracklake.handover import say
from tracklake.progress import Steps
from tracklake.quality import in_words
from tracklake.shown import printable


def shown_by(steps: Steps) -> str:
    file = steps.console.file
    assert isinstance(file, StringIO)
    return file.getvalue()


@pytest.fixture
def plain() -> Steps:
    return Steps(Console(file=StringIO(), width=100))


@pytest.fixture
def terminal() -> Steps:
    return Steps(Console(file=StringIO(), width=100, force_terminal=True))


def test_a_step_is_one_line_with_rows_and_seconds(plain: Steps) -> None:
    with plain.step("Reading [raw] logs") as step:
        step.rows = 4965

    assert shown_by(plain).split() == "✓ Reading [raw] logs 4,965 rows 0.0 s".split()


def test_a_step_that_fails_is_marked(plain: Steps) -> None:
    with pytest.raises(ValueError, match="bad"), plain.step("Reading"):
        raise ValueError("bad")

    assert shown_by(plain).startswith("✗ Reading")


@pytest.mark.parametrize("kind", ["plain", "terminal"])
def test_steps_may_run_side_by_side(kind: str, request: pytest.FixtureRequest) -> None:
    steps: Steps = request.getfixturevalue(kind)

    def run(number: int) -> None:
        with steps.step(f"Table {number}"):
            pass

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(run, range(20)))

    assert shown_by(steps).count("✓") == 20


def test_numbers_of_a_table_are_grouped_and_what_is_unknown_is_blank(plain: Steps) -> None:
    plain.table("Published", ["table", "rows", "green"], [("event", 4965, True), ("dim_date", None, False)])

    assert "4,965" in shown_by(plain)
    assert "yes" in shown_by(plain)
    assert "None" not in shown_by(plain)


CLEARED = "\x1b[2J\x1b[32mAll suites passed.\x1b[8m \u202eabc"
SHOWN = r"\x1b[2J\x1b[32mAll suites passed.\x1b[8m \u202eabc"


def test_a_name_does_nothing_to_the_terminal(plain: Steps, capsys: pytest.CaptureFixture[str]) -> None:
    plain.note(CLEARED)
    plain.table(CLEARED, [CLEARED], [(CLEARED,)])
    say(CLEARED)

    assert shown_by(plain).count(SHOWN) == 4
    assert capsys.readouterr().err.strip() == SHOWN
    assert printable("👨\u200d👩 می\u200cخواهم\nÅ") == "👨\u200d👩 می\u200cخواهم\nÅ"


def test_of_a_long_text_the_beginning_is_shown(plain: Steps) -> None:
    plain.table("Rows", ["name"], [("x" * 200_000,)])

    assert 1_000 < shown_by(plain).count("x") < 5_000
    assert in_words({"title": "x" * 200_000, "ms": 1.5}) == f"title {'x' * 99}…, ms 1.5"
