"""Heat maps of losses of two arguments: target and prediction, mean and spread, the two coordinates of a vector."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..core.contract import PROBABILITY, SOFT_LABEL
from ..core.errors import LossaryError
from ..core.forms import Binary, Categorical, Distance, Overlap, Parameters, Pointwise, Sparse, Vector
from ..core.loss import Loss
from .axes import name_of, names_of
from .sampling import rows_of
from .style import DARKEST, HEAT, WHITE, Picture, Theme, bare, headline, label, look_of, new_figure, plain

Inputs = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
POINTS = 81  # a side


@dataclass(frozen=True)
class Plane:
    """Two arguments of a loss: labels, ranges, and (y_true, y_pred) for arrays u and v of n values, n rows each.

    `ridge` is the line where the prediction is right, as two points (u, v), if there is such a line.
    """

    labels: tuple[str, str]
    spans: tuple[tuple[float, float], tuple[float, float]]
    inputs: Inputs
    ridge: tuple[tuple[float, float], tuple[float, float]] | None = None


@dataclass(frozen=True)
class HeatMap:
    """A loss over a plane: u (columns), v (rows), and the value of one row at each."""

    name: str
    plane: Plane
    u: np.ndarray
    v: np.ndarray
    value: np.ndarray


def _pair(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The prediction u against the target v."""
    return v[:, None], u[:, None]


def _coordinates(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The vector (u, v) against the target (1, 0)."""
    return np.tile([1.0, 0.0], (u.size, 1)), np.stack([u, v], axis=-1)


def _first_true(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same with the index of the true class as target."""
    return np.zeros(u.size, "int32"), np.stack([u, v], axis=-1)


def _shares(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two shares: u of the first predicted, v true."""
    return np.stack([v, 1 - v], axis=-1), np.stack([u, 1 - u], axis=-1)


def _two_parameters(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The parameters (u, v) of a distribution; the target is 0."""
    return np.zeros(u.size), np.stack([u, v], axis=-1)


WIDE, INSIDE, OPEN = (-3.0, 3.0), (0.0, 1.0), (0.01, 0.99)


def plane_of(loss: Any) -> Plane:
    """The two arguments of a loss; one of unknown form is drawn over prediction and target."""
    found = _plane_of_form(loss) if isinstance(loss, Loss) else _errors(WIDE)
    if found is None:
        raise LossaryError(
            f"{name_of(loss)} was to be drawn over two arguments.",
            arrived="Its form and its contract do not say which two these would be.",
            allowed="Allowed are losses of a target and a prediction, of two coordinates or of two parameters.",
            do="Draw its curves: leave kind out.",
        )
    return found


def _errors(span: tuple[float, float]) -> Plane:
    return Plane(("prediction", "target"), (span, span), _pair, ((span[0], span[0]), (span[1], span[1])))


def _plane_of_form(loss: Loss) -> Plane | None:
    logits = bool(getattr(loss, "from_logits", False))
    rules = loss.contract
    if isinstance(loss, Pointwise):
        if getattr(loss, "log_rate", False):
            return Plane(("logarithm of the rate", "target"), ((-2.0, 2.0), (0.0, 4.0)), _pair)
        return _errors((0.05, 4.0))
    if isinstance(loss, Binary):
        words = "logit of a yes" if logits else "probability of a yes"
        spans = ((-5.0, 5.0) if logits else OPEN, INSIDE)
        return Plane((words, "label"), spans, _pair, None if logits else ((0.0, 0.0), (1.0, 1.0)))
    if isinstance(loss, Parameters) and loss.outputs == 2:
        return _parameters(loss)
    if isinstance(loss, (Overlap, Categorical)):
        return _entries(loss, logits)
    if isinstance(loss, Vector):
        return Plane(("first coordinate (target: 1)", "second coordinate (target: 0)"), (WIDE, WIDE), _coordinates)
    if rules.target is SOFT_LABEL and rules.prediction is PROBABILITY:
        return Plane(("predicted share of the first of two", "true share"), (OPEN, OPEN), _shares, ((0, 0), (1, 1)))
    if "multiclass" in loss.tasks:
        return Plane(("score of the true class", "score of the other class"), (WIDE, WIDE), _coordinates)
    return _errors(WIDE) if isinstance(loss, Distance) or (rules.shape == "free" and not loss.tasks) else None


def _parameters(loss: Parameters) -> Plane:
    spread = str(getattr(loss, "spread", ""))
    second = (-2.0, 3.0) if not spread or spread.startswith("log") else (0.1, 4.0)
    if "q" in loss.params:
        words = tuple(f"prediction of the {q:g} quantile (target: 0)" for q in loss.q)
        return Plane((words[0], words[1]), (WIDE, WIDE), _two_parameters)
    return Plane(("mean (target: 0)", spread.replace("_", " ") or "second parameter"), (WIDE, second), _two_parameters)


def _entries(loss: Loss, logits: bool) -> Plane:
    """Two entries of which the first is true: the pixels of a mask, or the scores of two classes."""
    word = "logit" if logits else "probability"
    thing = ("the true pixel", "a false pixel") if isinstance(loss, Overlap) else ("the true class", "the other class")
    span = (-5.0, 5.0) if logits else OPEN
    inputs = _first_true if isinstance(loss, Sparse) else _coordinates
    return Plane((f"{word} of {thing[0]}", f"{word} of {thing[1]}"), (span, span), inputs)


def heat(loss: Any, plane: Plane | None = None, points: int = POINTS) -> HeatMap:
    """A loss over a plane, by default its natural one, at points × points places."""
    where = plane or plane_of(loss)
    u, v = (np.linspace(*span, points) for span in where.spans)
    across, up = (grid.ravel() for grid in np.meshgrid(u, v))
    value = rows_of(loss, *where.inputs(across, up)).reshape(points, points)
    return HeatMap(name_of(loss), where, u, v, value)


def maps_figure(losses: Sequence[Any], *, theme: str | Theme = "light", title: str = "") -> Picture:
    """A heat map with contour lines for each loss, each with a scale of its own."""
    found = [heat(loss) for loss in losses]
    columns = min(len(found), 3)
    figure, panels = new_figure(-(-len(found) // columns), columns, width=4.6, height=3.8, theme=theme)
    for panel, one, name in zip(panels, found, names_of(losses), strict=False):
        paint(panel, one)
        label(panel, x=plain(one.plane.labels[0]), y=plain(one.plane.labels[1]), title=plain(name))
    for empty in panels[len(found) :]:
        empty.remove()
    headline(figure, plain(title))
    over = "; ".join(dict.fromkeys(" and ".join(one.plane.labels) for one in found))
    figure.words = f"{title + ': ' if title else ''}{', '.join(names_of(losses))} over {over}."
    return figure


def paint(panel: Axes, one: HeatMap) -> None:
    """The map, its contours with their values, and the line where the prediction is right."""
    bare(panel)
    steps, how = levels(one.value)
    filled = panel.contourf(one.u, one.v, one.value, levels=steps, cmap=HEAT, **how)
    drawn = panel.contour(one.u, one.v, one.value, levels=steps, colors=inks(steps), linewidths=0.6, linestyles="-")
    written(panel, drawn, steps[1:-1:2])
    if one.plane.ridge is not None:
        ends = np.array(one.plane.ridge)
        panel.plot(ends[:, 0], ends[:, 1], color=WHITE, linewidth=1.2, linestyle=(0, (4, 3)))
    panel.set_xlim(one.u[0], one.u[-1])
    panel.set_ylim(one.v[0], one.v[-1])
    scale(panel, filled)


def levels(value: np.ndarray, count: int = 11) -> tuple[np.ndarray, dict[str, Any]]:
    """Round steps from the smallest value up. What lies far above most of the map is drawn as its top, and said so."""
    finite = value[np.isfinite(value)]
    low, usual, high = (float(q) for q in np.quantile(finite, [0, 0.75, 1]))
    top = min(high, low + 1.8 * (usual - low)) if usual > low else high
    steps = np.asarray(MaxNLocator(nbins=count).tick_values(low, top if top > low else low + 1.0))
    return steps, {"extend": "max"} if high > steps[-1] else {}


def inks(steps: np.ndarray) -> list[str]:
    """White lines on the dark half of the colour map, dark ones on the bright half."""
    return [WHITE if place < 0.62 * len(steps) else DARKEST for place in range(len(steps))]


def written(panel: Axes, contours: Any, steps: np.ndarray) -> None:
    """The values of these contour lines, on them."""
    panel.clabel(contours, steps, fontsize=7.5, fmt=lambda level: f"{level:.4g}".replace("-", "−"))


def scale(panel: Axes, filled: Any, numbers: str | None = None) -> None:
    """The colour bar."""
    look = look_of(panel)
    bar = panel.figure.colorbar(filled, ax=panel, pad=0.02, aspect=28, format=numbers)
    bar.outline.set_edgecolor(look.quiet)
    bar.outline.set_linewidth(0.6)
    bar.ax.tick_params(labelsize=8, color=look.quiet, labelcolor=look.ink, length=2)
