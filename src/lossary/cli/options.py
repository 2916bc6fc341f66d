"""Numbers on the command line: finite, in their range, and written as people write them."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import click

WRITTEN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


class Number(click.ParamType):
    """A number from `low` to `high`, or above `low` where it is open; a whole one if asked. Never nan or infinite."""

    name = "number"

    def __init__(
        self, low: float | None = None, high: float | None = None, *, above: bool = False, whole: bool = False
    ):
        self.low, self.high, self.above, self.whole = low, high, above, whole

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | int:
        if not isinstance(value, str):
            return value if isinstance(value, int) else float(value)
        text = value.strip()
        number = float(text) if WRITTEN.fullmatch(text) else math.nan
        wrong = not math.isfinite(number) or (self.whole and not re.fullmatch(r"[+-]?\d+", text))
        low = self.low is not None and (number <= self.low if self.above else number < self.low)
        if wrong or low or (self.high is not None and number > self.high):
            self.fail(f"{value!r} is not {self}.", param, ctx)
        return int(text) if self.whole else number

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a finite number"
        low, high = (None if end is None else f"{end:.15g}" for end in (self.low, self.high))
        if low is not None and high is not None:
            return f"{kind} from {low} to {high}"
        return kind if low is None else f"{kind} above {low}" if self.above else f"{kind} of {low} or more"

    def get_metavar(self, param: click.Parameter, ctx: Any = None) -> str:
        return "INTEGER" if self.whole else "NUMBER"


class FilePath(click.ParamType):
    """The path of a file to be written, whatever it holds: `place_of` judges it."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        return Path(value)
