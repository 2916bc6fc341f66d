"""How training went, one row for each epoch: target, loss, regularization, metrics; the same for held-out rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..core import notebook
from ..core.errors import LossaryError, shown

Row = dict[str, float]
GREATER = ("accuracy", "acc", "auc", "precision", "recall", "iou", "score", "similarity", "r2")


class ColumnError(LossaryError, KeyError):
    """A history has no such column."""

    __str__ = ValueError.__str__  # a KeyError shows its text in quotes


class History(Mapping[str, list[float]]):
    """A mapping of names to lists, one number for each epoch.

    Columns: `target`, what is minimised (Keras calls it "loss"); `loss` and `regularization`, its two parts, where
    they are told apart; parts of the loss and metrics; `val_...`, the same on the validation rows; `seconds`.

    Attributes:
        epoch: the number of each row, from 1.
        stopped: why training ended before the last epoch, in a sentence; "" where it did not.
        notes: what was left out or is otherwise than asked, in sentences.
        interrupted: whether Ctrl-C ended it.
        batch: the batch on which the target was not finite, as (x, y, sample_weight); None where there is none.
        monitor: the column that decides which epoch is the best.
        history: the same in the names and shape of Keras's History.
    """

    def __init__(self, monitor: str = "target", notes: list[str] | None = None) -> None:
        self.epoch: list[int] = []
        self.history: dict[str, list[Any]] = {}
        self.stopped, self.interrupted, self.monitor = "", False, monitor
        self.notes = [] if notes is None else notes
        self.batch: Any = None
        self._columns: dict[str, list[float]] = {}

    def __getitem__(self, name: str) -> list[float]:
        if not isinstance(name, str) or name not in self._columns:
            early = self.stopped and not self.epoch
            raise ColumnError(
                "A history has one column per logged value.",
                arrived=f"There is no column {shown(name)}.",
                allowed=f"Expected one of {', '.join(map(repr, self))}." if self.epoch else "No epoch has ended.",
                do=f"history.stopped says why: {self.stopped}" if early else "Look at print(history).",
            )
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def add(self, epoch: int, logs: dict[str, Any], seconds: float) -> None:
        """Write down an epoch (from 1) by the logs that Keras would show of it."""
        self.epoch.append(epoch)
        for name, value in logs.items():
            kept = self.history.setdefault(name, [math.nan] * (len(self.epoch) - 1))
            kept.append(value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value)
        for name, number in {**columns(logs), "seconds": seconds}.items():
            self._columns.setdefault(name, [math.nan] * (len(self.epoch) - 1)).append(number)

    @property
    def best_epoch(self) -> int:
        """The number of the epoch that `monitor` calls the best; 0 before the first."""
        values = np.array(self._columns.get(self.monitor, []), dtype=float)
        if not np.isfinite(values).any():
            return 0
        signs = -1.0 if greater(self.monitor) else 1.0
        return self.epoch[int(np.nanargmin(signs * np.where(np.isfinite(values), values, np.nan)))]

    def rows(self) -> list[Row]:
        """One dictionary for each epoch, its number first."""
        return [{"epoch": n, **{name: self[name][k] for name in self}} for k, n in enumerate(self.epoch)]

    def to_pandas(self) -> Any:
        """A pandas.DataFrame, one row for each epoch."""
        import pandas

        return pandas.DataFrame(dict(self), index=pandas.Index(self.epoch, name="epoch"))

    @property
    def table(self) -> str:
        """All epochs as a table to read; `str()` leaves out the middle of a long one."""
        return self._table(len(self.epoch))

    def plot(self) -> Any:
        """A matplotlib figure of the target's parts over the epochs, and of what was held out."""
        import lossary

        return lossary.draw(self)

    def __str__(self) -> str:
        told = [*self.notes, *([f"Stopped: {self.stopped}"] if self.stopped else [])]
        return "\n\n".join([self._table(12), *told])

    def __repr__(self) -> str:
        return f"<History of {len(self.epoch)} epochs: {', '.join(self)}>"

    def _repr_html_(self) -> str:
        title = f"{len(self.epoch)} epochs" + (f", the best is epoch {self.best_epoch}" if self.best_epoch else "")
        stopped = notebook.text(f"Stopped: {self.stopped}") if self.stopped else ""
        if not self.epoch:
            return notebook.box("No epoch has ended.", stopped)
        series = [(name, self.epoch, self[name]) for name in ("target", "val_target") if name in self]
        drawn = notebook.lines(series, "The target over the epochs", (notebook.BLUE, notebook.ORANGE))
        rows = [[_shown(name, value) for name, value in row.items()] for row in self.rows()]
        return notebook.box(title, drawn, notebook.table(["epoch", *self], notebook.cut(rows), left=0), stopped)

    def _table(self, most: int) -> str:
        if not self.epoch:
            return "No epoch has ended."
        kept = self.rows()
        left_out = len(kept) > most
        kept = [*kept[: most - 3], *kept[-3:]] if left_out else kept
        lines = [[*kept[0]], *([_shown(name, value) for name, value in row.items()] for row in kept)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = ["  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines]
        return "\n".join([*text[:-3], "…".rjust(widths[0]), *text[-3:]] if left_out else text)


def columns(logs: dict[str, Any]) -> Row:
    """Logs of Keras, {"loss": the target, ...}, as columns; what is no single number becomes its mean."""
    found: Row = {}
    for held in ("", "val_"):
        own = {
            name[len(held) :]: _number(value) for name, value in logs.items() if name.startswith("val_") == bool(held)
        }
        row = {"target": own.pop("loss")} if "loss" in own else {}
        if "regularization" in own and "target" in row:
            row |= {"loss": row["target"] - own["regularization"], "regularization": own.pop("regularization")}
        found |= {held + name: value for name, value in (row | own).items()}
    return found


def greater(name: str) -> bool:
    """Whether more is better in this column."""
    return name.removeprefix("val_").lower().split("_")[-1].rstrip("0123456789") in GREATER or name.endswith("r2_score")


def check_monitor(monitor: str | None, names: list[str], held: bool) -> str:
    """The column to watch; refuse one that will not be there."""
    known = list(columns(dict.fromkeys(names, 0.0)))
    known += [f"val_{name}" for name in known] if held else []
    if monitor is None:
        return "val_target" if held else "target"
    if not isinstance(monitor, str) or monitor not in known:
        raise LossaryError(
            "train(monitor=...) is the column of the history to watch.",
            arrived=f"It was given monitor={shown(monitor)}.",
            allowed=f"Expected one of {', '.join(map(repr, known))}.",
            do="Leave it out for the target, or pass validation_data=... for the columns of the validation rows.",
        )
    return monitor


def _number(value: Any) -> float:
    return float(np.mean(np.asarray(value, dtype=float)))


def _shown(name: str, value: float) -> str:
    return f"{value:.0f}" if name == "epoch" else f"{value:.2g}" if name == "seconds" else f"{value:.5g}"
