"""Progress on standard error: bars on a terminal, one line a fit elsewhere, nothing when quiet."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class Bars:
    """Called with (which loss, epochs done, epochs in all); the fits are counted by the changes of the loss."""

    def __init__(self, fits: int, quiet: bool) -> None:
        console = Console(stderr=True)
        self.bars = console.is_terminal and not quiet
        self.lines = not console.is_terminal and not quiet
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self.progress = Progress(*columns, console=console, transient=True, disable=not self.bars)
        self.task: Any = None
        self.label = ""

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def say(self, text: str) -> None:
        """Show that something takes long before there is anything to count."""
        if self.lines:
            click.echo(text, err=True)
        elif self.bars:
            self.task = self.progress.add_task(text, total=None)

    def __call__(self, label: str, done: int, of: int) -> None:
        if label != self.label:
            self.label = label
            if self.lines:
                click.echo(f"Fitting by {label} …", err=True)
            elif self.bars:
                self.progress.remove_task(self.task)
                self.task = self.progress.add_task(f"Fitting by {label}", total=of)
        if self.bars:
            self.progress.update(self.task, completed=done)
