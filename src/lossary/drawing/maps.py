"""Heat maps of losses of two arguments: target and prediction, mean and spread, the two coordinates of a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..core.axes import Plane, predictions
from ..core.errors import LossaryError
from ..core.loss import Loss
from .axes import name_of, names_of
from .sampling import rows_of
from .style import DARKEST, HEAT, WHITE, Picture, Theme, bare, headline, label, look_of, new_figure, plain

POINTS = 81  # a side


@dataclass(frozen=True)
class HeatMap:
    """A loss over a plane: u (columns), v (rows), and the value of one row at each."""

    name: str
    plane: Plane
    u: np.ndarray
    v: np.ndarray
    value: np.ndarray


def plane_of(loss: Any) -> Plane:
    """The two arguments of a loss; one of unknown form is drawn over prediction and target."""
    found = loss.mapped_over() if isinstance(loss, Loss) else predictions()
    if found is None:
        raise LossaryError(
            f"Cannot draw {name_of(loss)} over two arguments.",
            arrived="Its inputs do not say which two these would be.",
            allowed="Expected a loss of a target and a prediction, of two coordinates, or of two parameters.",
            do="Draw its curves: leave kind out.",
        )
    return found


def heat(loss: Any, plane: Plane | None = None, points: int = POINTS) -> HeatMap:
    """A loss over a plane, by default its natural one, at points × points places."""
    where = plane or plane_of(loss)
    u, v = (np.linspace(*span, points) for span in where.spans)
    across, up = (grid.ravel() for grid in np.meshgrid(u, v))
    value = rows_of(loss, where.slots(across, up)).reshape(points, points)
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
