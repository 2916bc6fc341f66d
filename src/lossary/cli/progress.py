"""Progress on standard error: bars on a terminal, one line a fit elsewhere, nothing when quiet."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any, Self

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lossary._errors import visible
from lossary.cli.interrupts import WATCH


class Bars:
    """Called with (which loss, epochs done, epochs in all); the fits are counted by the changes of the loss."""

    def __init__(self, quiet: bool) -> None:
        console = Console(stderr=True)
        self.bars = console.is_terminal and not quiet
        self.lines = not console.is_terminal and not quiet
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self.progress = Progress(
            *columns,
            console=console,
            transient=True,
            disable=not self.bars,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self.task: Any = None
        self.label = ""

    def __enter__(self) -> Self:
        self.progress.start()
        if self.bars:
            WATCH.at_end = lambda: print("\r\x1b[K\x1b[?25h", end="", file=sys.stderr, flush=True)  # the cursor again
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()
        WATCH.at_end = lambda: None

    def say(self, text: str) -> None:
        """Show that something takes long before there is anything to count."""
        self._begin(visible(text), None)

    def __call__(self, label: str, done: int, of: int) -> None:
        if label != self.label:
            if self.label and "(start for" not in self.label:
                WATCH.keep()  # a fit is finished
            self.label = label
            self._begin(f"Fitting with {visible(label)}", of)
        if self.bars:
            self.progress.update(self.task, completed=done)

    def _begin(self, text: str, of: int | None) -> None:
        if self.lines:
            click.echo(text if text.endswith("…") else f"{text} …", err=True)
        elif self.bars:
            if self.task is not None:
                self.progress.remove_task(self.task)
            self.task = self.progress.add_task(escape(text), total=of)
