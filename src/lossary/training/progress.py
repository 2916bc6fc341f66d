"""One line on how training goes, drawn anew after each chunk; nothing when quiet."""

from __future__ import annotations

import sys
import time

from .history import Row

WAIT = 1.0  # seconds between lines where a line cannot be drawn over


class Line:
    """`verbose` is that of fit: 0 quiet, 1 or "auto" one line drawn over, 2 a line for each chunk."""

    def __init__(self, epochs: int, verbose: int | str) -> None:
        self.epochs, self.quiet, self.every = epochs, verbose == 0, verbose == 2
        self.over = sys.stdout.isatty() and not self.every
        self.width, self.last = 0, -WAIT

    def epoch(self, number: int, row: Row, seconds: float) -> None:
        """After a chunk whose last epoch is `number`."""
        now = time.perf_counter()
        if self.quiet or not (self.over or self.every or number == self.epochs or now - self.last >= WAIT):
            return
        self.last = now
        figures = "  ".join(f"{name} {value:.5g}" for name, value in row.items())
        self._write(f"epoch {number}/{self.epochs}  {figures}  {_time(seconds)} an epoch")

    def step(self, number: int, done: int, of: int | None) -> None:
        """Inside of a long epoch."""
        if self.over and not self.quiet:
            self._write(f"epoch {number}/{self.epochs}  step {done}" + (f"/{of}" if of else ""))

    def end(self, notes: list[str], sentence: str) -> None:
        """After the last chunk."""
        if self.quiet:
            return
        if self.over and self.width:
            print(flush=True)
        for told in [*notes, *([f"Stopped: {sentence}"] if sentence else [])]:
            print(told, flush=True)

    def _write(self, text: str) -> None:
        if self.over:
            print("\r" + text.ljust(self.width), end="", flush=True)
            self.width = len(text)
        else:
            print(text, flush=True)


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.1f} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"
