"""Losses over the probabilities of three classes: each corner of the triangle is certainty of one class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.tri import LinearTriInterpolator, Triangulation

from ..core.errors import LossaryError
from ..core.loss import Loss
from .axes import name_of, names_of
from .maps import inks, levels, scale
from .sampling import pair, rows_of
from .style import HEAT, WHITE, Picture, Theme, headline, look_of, new_figure, plain

SIDES = 60  # steps along a side
CORNERS = np.array([[0.5, np.sqrt(0.75)], [0.0, 0.0], [1.0, 0.0]])  # the true class is the corner at the top


@dataclass(frozen=True)
class Simplex:
    """A loss over three probabilities: p (n, 3) with rows of sum 1, and the value of each row; class 0 is true."""

    name: str
    p: np.ndarray
    value: np.ndarray


def probabilities(sides: int = SIDES) -> np.ndarray:
    """Points of the triangle, (n, 3), evenly spaced and inside it, since the edges hold infinities."""
    steps = [(i, j, sides - i - j) for i in range(sides + 1) for j in range(sides + 1 - i)]
    least = 0.004
    return least + (1 - 3 * least) * np.array(steps, dtype=float) / sides


def simplex(loss: Any, p: np.ndarray | None = None) -> Simplex:
    """The value of a loss for probabilities p (n, 3), by default those of the triangle.

    A loss of logits or scores is given their logarithms: a softmax gives the probabilities back.
    """
    points = probabilities() if p is None else np.asarray(p, dtype=float)
    given = loss.over_classes(points) if isinstance(loss, Loss) else None
    if given is None:
        raise LossaryError(
            f"Cannot draw {name_of(loss)} over the probabilities of three classes.",
            arrived="It does not compare a target with exclusive classes.",
            allowed="Expected a loss for several classes; `lossary list --task multiclass` lists them.",
            do="Draw its curves: leave kind out.",
        )
    slots = given if isinstance(given, Mapping) else pair(*given)
    return Simplex(name_of(loss), points, rows_of(loss, slots))


def triangles_figure(losses: Sequence[Any], *, theme: str | Theme = "light", title: str = "") -> Picture:
    """A triangle for each loss, each with a scale of its own."""
    found = [simplex(loss) for loss in losses]
    columns = min(len(found), 3)
    figure, panels = new_figure(-(-len(found) // columns), columns, width=4.2, height=3.7, theme=theme)
    for panel, one, name in zip(panels, found, names_of(losses), strict=False):
        paint(panel, one)
        panel.set_title(plain(name), loc="left", fontsize=11, fontweight="bold", color=figure.theme.ink)
    for empty in panels[len(found) :]:
        empty.remove()
    headline(figure, plain(title))
    figure.words = f"{title + ': ' if title else ''}{', '.join(names_of(losses))} over the probabilities of 3 classes."
    figure.told = [("How to read it", "Each corner is a certain prediction; the true class is at the top.")]
    return figure


def paint(panel: Axes, one: Simplex) -> None:
    """The filled triangle, its contours, its corners named."""
    look = look_of(panel)
    panel.axis("off")
    panel.set_aspect("equal")
    x, y = (one.p @ CORNERS).T
    (steps, how), shape = levels(one.value), Triangulation(x, y)
    filled = panel.tricontourf(shape, one.value, levels=steps, cmap=HEAT, **how)
    drawn = panel.tricontour(shape, one.value, levels=steps, colors=inks(steps), linewidths=0.6, linestyles="-")
    _write(panel, drawn, LinearTriInterpolator(shape, one.value))
    edge = np.vstack([CORNERS, CORNERS[:1]])
    panel.plot(edge[:, 0], edge[:, 1], color=look.quiet, linewidth=0.8)
    middle = CORNERS.mean(axis=0)
    panel.plot(*middle, "+", color=WHITE, markersize=7)
    for (cx, cy), words, shift in zip(CORNERS, ("true class", "class 2", "class 3"), (0.06, -0.06, -0.06), strict=True):
        panel.text(cx, cy + shift, words, ha="center", va="center", fontsize=9, color=look.ink)
    panel.set_xlim(-0.12, 1.12)
    panel.set_ylim(-0.12, 1.0)
    scale(panel, filled)


def _write(panel: Axes, contours: Any, value: LinearTriInterpolator) -> None:
    """Values on the contour lines, down a line beside the middle; where they crowd, the colour bar has them."""
    t = np.linspace(0.98, 0.1, 300)
    x, y = (np.stack([t, 0.4 * (1 - t), 0.6 * (1 - t)], axis=-1) @ CORNERS).T
    seen = np.ma.filled(value(x, y), np.nan)
    places: list[tuple[float, float]] = []
    written: list[float] = []
    for step in contours.levels[contours.levels > np.nanmin(seen)]:
        crossed = np.flatnonzero(np.diff(np.sign(seen - step)))
        if crossed.size and (not places or places[-1][1] - y[crossed[0]] > 0.09):
            places.append((float(x[crossed[0]]), float(y[crossed[0]])))
            written.append(float(step))
    if places:
        panel.clabel(contours, written, fontsize=7.5, fmt=lambda level: f"{level:.4g}", manual=places)
