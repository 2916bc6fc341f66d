"""Predicted against true: a panel for each model, with the rows that cost most; for classes, what is taken for what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm

from .._calls import checked_call
from ..core.errors import LossaryError
from ..data.arrays import array
from .maps import scale
from .sampling import pair, rows_of
from .style import DARKEST, HEAT, MARKERS, WHITE, Picture, Theme, bare, headline, label, look_of, new_figure, plain

MANY = 2000  # rows from which marks would hide one another
COSTLY = 5


@checked_call
def draw_predictions(
    y_true: Any,
    y_pred: Any,
    *,
    loss: Any = None,
    classes: Any = None,
    name: str = "",
    theme: str | Theme = "light",
    title: str = "",
) -> Picture:
    """Predictions against the truth; on the thin line they are equal.

        ls.draw_predictions(y, model.predict(x))
        ls.draw_predictions(y, {"mse": p1, "huber": p2}, loss="huber", name="price")

    Class indices with probabilities or scores (n, classes) give a table of the shares of each true class instead.

    Args:
        y_true: (n,), (n, 1), or class indices (n,).
        y_pred: (n,), (n, 1), or (n, classes); or a dictionary of these by the names of the models.
        loss: the rows with the highest value of this loss are marked with their numbers.
        classes: names of the classes, in the order of their indices.
        name: what is predicted.
    """
    true = _flat(y_true, "y_true")
    named = dict(y_pred) if isinstance(y_pred, Mapping) else {"": y_pred}
    arrays = {key: _checked(true, p) for key, p in named.items()}
    columns = min(len(arrays), 3)
    rows, numbers = -(-len(arrays) // columns), all(p.ndim == 1 for p in arrays.values())
    figure, panels = new_figure(rows, columns, width=4.2, height=3.8, theme=theme, share_x=numbers, share_y=numbers)
    for place, (panel, (key, p)) in enumerate(zip(panels, arrays.items(), strict=False)):
        if p.ndim > 1:
            paint_classes(panel, true.astype(int), p.argmax(axis=1), _names(classes, p.shape[1]))
            label(panel, x=f"predicted {plain(name)}".strip(), y=f"true {plain(name)}".strip(), title=plain(key))
            continue
        paint_numbers(panel, true, p, place)
        if loss is not None:
            _mark_costly(panel, true, p, loss)
        label(panel, x=f"true {plain(name)}".strip(), y=f"predicted {plain(name)}".strip(), title=plain(key))
    for empty in panels[len(arrays) :]:
        empty.remove()
    headline(figure, plain(title))
    by = f" by {', '.join(filter(None, arrays))}" if any(arrays) else ""
    figure.words = f"{title + ': ' if title else ''}{name or 'values'} predicted{by} against true, {true.size} rows."
    figure.words += f" The {COSTLY} rows with the highest loss are ringed and numbered." if loss is not None else ""
    return figure


def _flat(y: Any, what: str) -> np.ndarray:
    found = array(y, what)
    return found.reshape(-1) if found.ndim in (1, 2) and found.size == len(found) else found


def _checked(true: np.ndarray, y_pred: Any) -> np.ndarray:
    p = _flat(y_pred, "y_pred")
    if true.ndim != 1 or p.ndim not in (1, 2) or len(p) != len(true) or not p.size:
        raise LossaryError(
            "draw_predictions(y_true, y_pred) draws predictions against the truth.",
            arrived=f"y_true has shape {true.shape} and y_pred has shape {p.shape}.",
            allowed="Expected one true value per row, and one prediction per row or one per class.",
            do="Draw one output at a time, for instance y_true[:, 0] and y_pred[:, 0].",
        )
    return p


def _names(classes: Any, count: int) -> list[str]:
    return [str(one) for one in classes] if classes is not None else [str(index) for index in range(count)]


def paint_numbers(panel: Axes, true: np.ndarray, p: np.ndarray, place: int = 0) -> None:
    """A mark for each row, or, of very many, how many lie where; and the line on which both are equal."""
    look = look_of(panel)
    seen = np.concatenate([true, p])
    ends = [float(np.nanmin(seen)), float(np.nanmax(seen))]
    if true.size > MANY:
        dense = panel.hexbin(true, p, gridsize=40, cmap=HEAT, norm=LogNorm(), mincnt=1, linewidths=0)
        scale(panel, dense)
    else:
        color, marker = look.series[place % len(look.series)], MARKERS[place % len(MARKERS)]
        size = 5 if true.size < 60 else 3.5
        panel.plot(true, p, marker, color=color, alpha=0.55, markersize=size, markeredgewidth=0)
    panel.plot(ends, ends, color=look.quiet, linewidth=1, zorder=1)


def _mark_costly(panel: Axes, true: np.ndarray, p: np.ndarray, loss: Any) -> None:
    """A ring about each of the rows that cost most, and its number."""
    look = look_of(panel)
    cost = rows_of(loss, pair(true[:, None].astype("float32"), p[:, None].astype("float32")))
    worst = np.argsort(-cost, kind="stable")[:COSTLY]
    ring: dict[str, Any] = {
        "markerfacecolor": "none",
        "markeredgecolor": look.ink,
        "markersize": 8,
        "markeredgewidth": 1.0,
    }
    panel.plot(true[worst], p[worst], "o", **ring)
    for row in worst:
        panel.annotate(
            str(row), (true[row], p[row]), xytext=(6, -3), textcoords="offset points", fontsize=8, color=look.ink
        )


def paint_classes(panel: Axes, true: np.ndarray, p: np.ndarray, names: list[str]) -> None:
    """For each true class (a row), the share of its rows that is taken for each class."""
    count = len(names)
    table = np.zeros((count, count))
    np.add.at(table, (true, p), 1)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    bare(panel)
    panel.pcolormesh(np.arange(count + 1) - 0.5, np.arange(count + 1) - 0.5, shares, cmap=HEAT, vmin=0, vmax=1)
    if count <= 12:
        for row, column in np.argwhere(table > 0):
            ink = WHITE if shares[row, column] < 0.62 else DARKEST
            panel.text(column, row, f"{shares[row, column]:.0%}", ha="center", va="center", fontsize=8, color=ink)
    panel.set_xticks(range(count), [plain(one) for one in names], rotation=45 if max(map(len, names)) > 3 else 0)
    panel.set_yticks(range(count), [plain(one) for one in names])
    panel.set_ylim(count - 0.5, -0.5)
