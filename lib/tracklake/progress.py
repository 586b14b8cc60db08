"""What a person sees while a job runs: its steps with rows and seconds, notes, and tables."""

import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tracklake.handover import terminal_width
from tracklake.shown import beginning, printable

_PLAIN_WIDTH = 160
_TITLE_WIDTH = 44

LONGEST_CELL = 3_000
"""Characters of a cell of a table that are shown."""


def console() -> Console:
    """The console of this run. Spark puts a pipe between job and terminal, so the launcher says its width."""
    width = terminal_width()
    if width:
        return Console(force_terminal=True, width=width, highlight=False)
    return Console(highlight=False) if sys.stdout.isatty() else Console(width=_PLAIN_WIDTH, highlight=False)


@dataclass
class Step:
    """One step of a run. Set `rows` while it runs and they are shown when it ends."""

    title: str
    rows: int | None = None


class Steps:
    """Prints steps as they end; on a terminal each has a spinner while it runs. Safe from several threads."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._running = 0
        self._lock = threading.Lock()
        self._spinners = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """A step that lasts as long as the `with` block and prints one line when it ends."""
        step, started = Step(title), time.monotonic()
        spinner = self._spin(title)
        done = False
        try:
            yield step
            done = True
        finally:
            self._unspin(spinner)
            self._print(step, time.monotonic() - started, done)

    def note(self, text: str) -> None:
        """One line of plain text."""
        self.console.print(_as_it_is(text), soft_wrap=True)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """A table; numbers are grouped by thousands and stand to the right."""
        cells = [tuple(row) for row in rows]
        shown = Table(title=_as_it_is(title), title_justify="left", title_style="bold")
        for position, column in enumerate(columns):
            numeric = any(cells) and all(isinstance(row[position], int | float | None) for row in cells)
            shown.add_column(_as_it_is(column), justify="right" if numeric else "left", overflow="fold")
        for row in cells:
            shown.add_row(*(_as_it_is(_cell(value)) for value in row))
        self.console.print(shown)

    def _spin(self, title: str) -> int | None:
        if not self.console.is_terminal:
            return None
        with self._lock:
            self._running += 1
            spinner = self._spinners.add_task(escape(title))
            self._spinners.start()
            return spinner

    def _unspin(self, spinner: int | None) -> None:
        if spinner is None:
            return
        with self._lock:
            self._spinners.remove_task(spinner)  # type: ignore[arg-type]
            self._running -= 1
            if not self._running:
                self._spinners.stop()

    def _print(self, step: Step, seconds: float, done: bool) -> None:
        mark, style = ("✓", "green") if done else ("✗", "red")
        rows = "" if step.rows is None else f"{step.rows:,} rows"
        self.console.print(
            f"[{style}]{mark}[/{style}] {escape(step.title):<{_TITLE_WIDTH}} {rows:>18} {seconds:>8.1f} s",
            soft_wrap=True,
        )


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return beginning(f"{value:,.1f}" if isinstance(value, float) else str(value), LONGEST_CELL)


def _as_it_is(text: str) -> str:
    """Markup that prints as the text, whatever that holds."""
    return escape(printable(text))
