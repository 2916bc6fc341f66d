"""How training went: the target's parts over the epochs, stacked, and beside them those of the rows held out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..core.errors import LossaryError
from .style import Picture, Theme, headline, label, legend, look_of, new_figure, plain, stroke

PARTS = ("target", "loss", "regularization")
HELD = "val_"


def is_history(given: Any) -> bool:
    """Whether this is what `lossary.train` returns."""
    return all(hasattr(given, name) for name in ("best_epoch", "epoch", "rows", "stopped"))


def draw_history(history: Any, title: str = "", theme: str | Theme = "light") -> Picture:
    """A panel for the target, one for it on the rows held out, and one for each other column that was logged.

    Where loss and regularization are told apart they are stacked, so that their upper edge is the target. A dotted
    line marks the best epoch by `history.monitor`.
    """
    if not history.epoch:
        raise LossaryError(
            "draw(history) draws one point per epoch.",
            arrived="No epoch has ended." + (f" Training stopped: {history.stopped}" if history.stopped else ""),
            allowed="Expected the history of at least one epoch.",
            do="Train for at least one epoch.",
        )
    held = f"{HELD}target" in history
    others = [name for name in history if name not in (*PARTS, "seconds") and not name.startswith(HELD)]
    figure, panels = new_figure(
        -(-(1 + held + len(others)) // 3), min(3, 1 + held + len(others)), width=4.4, theme=theme
    )
    _target(panels[0], history, "")
    label(panels[0], x="epoch", title="target" if title == "" or held or others else title)
    if held:
        _target(panels[1], history, HELD)
        label(panels[1], x="epoch", title="target, validation")
        top = max(panel.get_ylim()[1] for panel in panels[:2])
        bottom = min(panel.get_ylim()[0] for panel in panels[:2])
        for panel in panels[:2]:
            panel.set_ylim(bottom, top)
    for panel, name in zip(panels[1 + held :], others, strict=False):
        _metric(panel, history, name)
    for empty in panels[1 + held + len(others) :]:
        empty.remove()
    headline(figure, plain(title))
    last = f"{history['target'][-1]:.4g} after {len(history.epoch)} epochs"
    figure.words = f"{title + ': ' if title else ''}the target and its parts over the epochs; {last}."
    return figure


def _target(panel: Axes, history: Any, held: str) -> None:
    """Loss and regularization stacked; the target alone where they are not told apart, or are below 0."""
    series = look_of(panel).series
    target = np.array(history[f"{held}target"], dtype=float)
    parts = [np.array(history.get(held + name, ()), dtype=float) for name in ("regularization", "loss")]
    if all(part.size and np.nanmin(part) >= 0 for part in parts):
        panel.stackplot(
            history.epoch, *parts, labels=["regularization", "loss"], colors=[series[1], series[5]], alpha=0.55
        )
    panel.plot(history.epoch, target, color=series[0], linewidth=2.0, label="target", marker=_mark(history))
    _best(panel, history)
    panel.set_ylim(*_limits([target, *[part for part in parts if part.size]]))
    legend(panel)


def _metric(panel: Axes, history: Any, name: str) -> None:
    lines = [np.array(history[name], dtype=float)]
    look = look_of(panel)
    panel.plot(history.epoch, lines[0], **stroke(0, look), label="training", marker=_mark(history))
    if HELD + name in history:
        lines.append(np.array(history[HELD + name], dtype=float))
        panel.plot(history.epoch, lines[1], **stroke(1, look), label="validation")
    _best(panel, history)
    label(panel, x="epoch", title=plain(name))
    legend(panel)


def _mark(history: Any) -> str:
    """A point, where one epoch makes no line."""
    return "o" if len(history.epoch) == 1 else ""


def _best(panel: Axes, history: Any) -> None:
    if history.best_epoch:
        panel.axvline(history.best_epoch, color=look_of(panel).quiet, linewidth=1.0, linestyle=":", zorder=1)


def _limits(lines: Sequence[np.ndarray]) -> tuple[float, float]:
    """From 0, or from below it; the first epochs may be cut off, where they would flatten all others."""
    values = np.concatenate([line[np.isfinite(line)] for line in lines])
    if not values.size:
        return 0.0, 1.0
    usual = float(np.quantile(values, 0.95))
    top = min(float(values.max()), usual + 1.5 * abs(usual))
    low = min(0.0, float(values.min()))
    return low, top + 0.06 * ((top - low) or 1.0)
