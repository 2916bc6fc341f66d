"""Curves of losses: value, gradient and curvature over the number they are written in, with their corners marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .._calls import checked_call
from ..core.axes import AXES, Axis
from ..core.cards import readable
from ..core.errors import LossaryError, shown
from ..core.loss import Loss
from .axes import axis_of, checked_span, chosen_axis, name_of, names_of
from .histories import draw_history, is_history
from .losses import several
from .sampling import Corner, Sampled, jumps, sample
from .style import Picture, Theme, headline, label, legend, legend_beside, new_figure, plain, stroke

__all__ = ["AXES", "QUANTITIES", "Axis", "Corner", "Sampled", "axis_of", "curves_figure", "draw", "name_of", "sample"]

QUANTITIES = {"value": "value", "gradient": "slope", "curvature": "curvature"}
KINDS = ("curves", "map", "triangle")
MARKS = {"corner": "D", "bend": "o", "jump": "s"}
MEANING = {"corner": "the gradient jumps", "bend": "the curvature jumps", "jump": "the value jumps"}


@checked_call
def draw(
    losses: Any,
    *,
    kind: str = "curves",
    axis: str | Axis | None = None,
    span: tuple[float, float] | None = None,
    show: Sequence[str] | str | None = None,
    together: bool = True,
    theme: str | Theme = "light",
    title: str = "",
    **values: Any,
) -> Picture:
    """A figure of one or several losses.

        ls.draw("huber")                                  # value, gradient and curvature over the error
        ls.draw(["mse", "mae", ls.Huber(delta=2.0)])      # several on the same axes
        ls.draw("huber", delta=[0.5, 1, 2])               # one at several values; also "huber:delta=0.5,1,2"
        ls.draw("categorical_focal", kind="triangle")     # over the probabilities of three classes
        ls.draw("gaussian_nll", kind="map")               # over two arguments, as a heat map
        ls.draw("bce", theme="auto").save("bce.svg")      # .png, .svg, .pdf or .html

    Args:
        losses: a name, a loss object, a function of (y_true, y_pred), or a list of these; or what `lossary.train`
            returned, whose target is then drawn over the epochs, split into its parts.
        kind: "curves"; "map", a heat map over two arguments; or "triangle", over the probabilities of three classes.
        axis: one of AXES, or an Axis of your own; by default each loss has one of its own. For curves.
        span: the range of x, by default that of the axis.
        show: which of "value", "gradient" and "curvature" curves show; by default all three.
        together: with False, each loss has one panel of its own, with value and gradient.
        theme: "light", "dark", or "auto", which follows the reader's screen in SVG and HTML.
        title: a title over the figure.
        values: values of the losses' parameters; a list gives a curve for each.

    Gradients are the backend's own. Marks show where a loss is not smooth: a corner, where its gradient jumps, and a
    bend, where its curvature does. Losses over different axes are drawn in separate rows.
    """
    if is_history(losses):
        return draw_history(losses, title, theme)
    if not isinstance(kind, str) or kind not in KINDS:
        raise LossaryError(
            "draw(kind=...) is the kind of figure.",
            arrived=f"It was given kind={shown(kind)}.",
            allowed=f"Expected one of {', '.join(map(repr, KINDS))}.",
            do="Leave it out for curves.",
        )
    chosen = several(losses, values)
    if kind == "map":
        from .maps import maps_figure

        return maps_figure(chosen, theme=theme, title=title)
    if kind == "triangle":
        from .triangles import triangles_figure

        return triangles_figure(chosen, theme=theme, title=title)
    quantities = _quantities(show, together)
    figure = curves_figure(sampled(chosen, axis, span), quantities, together=together, theme=theme, title=title)
    figure.told = [_told(loss) for loss in {type(loss): loss for loss in chosen if isinstance(loss, Loss)}.values()]
    return figure


def _quantities(show: Sequence[str] | str | None, together: bool) -> list[str]:
    if show is None:
        return list(QUANTITIES) if together else ["value", "gradient"]
    asked: list[Any] = list(show) if isinstance(show, (list, tuple, set)) else [show]
    if not asked or not all(isinstance(one, str) and one in QUANTITIES for one in asked):
        raise LossaryError(
            "draw(show=...) lists the curves to draw.",
            arrived=f"It was given show={shown(show)}.",
            allowed=f"Expected one or several of {', '.join(map(repr, QUANTITIES))}.",
            do="Leave it out for all three.",
        )
    return list(dict.fromkeys(asked))


def sampled(
    losses: Sequence[Any], axis: str | Axis | None = None, span: tuple[float, float] | None = None
) -> list[Sampled]:
    """The curves, those over the same number all over the widest of their ranges."""
    axes = [chosen_axis(loss, axis) for loss in losses]
    widest = {
        one.label: (
            min(other.span[0] for other in axes if other.label == one.label),
            max(other.span[1] for other in axes if other.label == one.label),
        )
        for one in axes
    }
    fixed = None if span is None else checked_span(span)
    found = [sample(loss, axis=at, span=fixed or widest[at.label]) for loss, at in zip(losses, axes, strict=True)]
    return [replace(curve, name=name) for curve, name in zip(found, names_of(losses), strict=True)]


def curves_figure(
    curves: Sequence[Sampled],
    show: Sequence[str] = tuple(QUANTITIES),
    *,
    together: bool = True,
    theme: str | Theme = "light",
    title: str = "",
) -> Picture:
    """A figure of curves that are already sampled; see `draw`."""
    figure = (_linked if together else _apart)(curves, show, theme, plain(title))
    names = ", ".join(curve.name for curve in curves)
    over = "; ".join(dict.fromkeys(curve.axis for curve in curves))
    figure.words = f"{title + ': ' if title else ''}{names}: {_listed(list(show))} over the {over}."
    figure.words += "".join(f" {curve.name} has {_places(curve.corners)}." for curve in curves if curve.corners)
    figure.numbers = _numbers(curves)
    return figure


def _linked(curves: Sequence[Sampled], show: Sequence[str], theme: str | Theme, title: str) -> Picture:
    """A row of panels for each axis, a panel for each quantity, a line for each loss."""
    rows = list(dict.fromkeys(curve.axis for curve in curves))
    width = {1: 5.4, 2: 4.3}.get(len(show), 3.5)
    figure, panels = new_figure(len(rows), len(show), width=width, height=3.1, theme=theme)
    looks = [stroke(index, figure.theme) for index in range(len(curves))]
    for name, row in zip(rows, panels.reshape(len(rows), len(show)), strict=True):
        here = [(curve, look) for curve, look in zip(curves, looks, strict=True) if curve.axis == name]
        for panel, quantity in zip(row, show, strict=True):
            for curve, look in here:
                _line(panel, curve, quantity, look)
            _finish(panel, [curve for curve, _ in here], [quantity])
            alone = quantity == show[0] and len(curves) == 1
            label(panel, x=plain(name), title=f"{plain(curves[0].name)}: {quantity}" if alone else quantity)
    lines = [Line2D([], [], label=plain(c.name), **look) for c, look in zip(curves, looks, strict=True)]
    legend_beside(figure, (lines if len(curves) > 1 else []) + _marks(curves, figure.theme), title)
    return figure


def _apart(curves: Sequence[Sampled], show: Sequence[str], theme: str | Theme, title: str) -> Picture:
    """A panel for each loss, a line for each quantity."""
    columns = min(len(curves), 3 if len(curves) % 3 == 0 or len(curves) > 4 else 2)
    figure, panels = new_figure(-(-len(curves) // columns), columns, width=5.2 if columns == 1 else 4.0, theme=theme)
    for panel, curve in zip(panels, curves, strict=False):
        for index, quantity in enumerate(show):
            _line(panel, curve, quantity, {**stroke(index, figure.theme), "label": quantity})
        _finish(panel, [curve], show)
        label(panel, x=plain(curve.axis), title=plain(curve.name))
        legend(panel)
    for empty in panels[len(curves) :]:
        empty.remove()
    headline(figure, title)
    return figure


def _line(panel: Axes, curve: Sampled, quantity: str, look: dict[str, Any]) -> None:
    """A line that breaks where it jumps, a thin dotted line across the jump, and marks at the corners."""
    x, y = curve.x, getattr(curve, QUANTITIES[quantity])
    breaks = jumps(y)
    panel.plot(np.insert(x, breaks + 1, np.nan), np.insert(y, breaks + 1, np.nan), **look)
    for at in breaks:
        panel.plot(x[at : at + 2], y[at : at + 2], color=look["color"], linewidth=1.0, linestyle=(0, (1, 2)))
    marked = {"value": ("corner", "jump"), "gradient": ("bend",), "curvature": ()}[quantity]
    for corner in curve.corners:
        if corner.kind in marked:
            height = float(np.interp(corner.x, x, y))
            panel.plot(corner.x, height, MARKS[corner.kind], **_mark(look["color"], panel.get_facecolor()))


def _mark(color: str, paper: Any) -> dict[str, Any]:
    return {"markerfacecolor": paper, "markeredgecolor": color, "markersize": 5.5, "markeredgewidth": 1.4, "zorder": 4}


def _finish(panel: Axes, curves: Sequence[Sampled], quantities: Sequence[str]) -> None:
    """The range, and a line at 0."""
    lines = [getattr(curve, QUANTITIES[quantity]) for curve in curves for quantity in quantities]
    width = float(np.ptp(curves[0].x))
    least = max(
        (float(np.ptp(c.value[np.isfinite(c.value)])) for c in curves if np.isfinite(c.value).any()), default=1.0
    )
    # A curvature of 0 is a row of rounding errors: the range is never less than what the value's own would suggest.
    least *= {"value": 0.05, "gradient": 0.2 / width, "curvature": 0.8 / width**2}[quantities[-1]]
    panel.set_ylim(*_limits(lines, least or 1.0))
    quiet = panel.spines["left"].get_edgecolor()
    panel.axhline(0, color=quiet, linewidth=0.8, zorder=1)


def _limits(lines: Sequence[np.ndarray], least: float) -> tuple[float, float]:
    """A vertical range that shows most lines well: a pole, or one that outgrows the others, is cut off."""
    finite = [line[np.isfinite(line)] for line in lines]
    heights = [float(np.quantile(np.abs(line), 0.9)) for line in finite if line.size] or [1.0]
    usual = min(max(heights), 3 * sorted(heights)[(len(heights) - 1) // 2]) or max(heights) or 1.0
    low = max(min((float(line.min()) for line in finite if line.size), default=0.0), -1.3 * usual)
    high = min(max((float(line.max()) for line in finite if line.size), default=1.0), 1.3 * usual)
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < least:
        low, high = min(low, -0.5 * least), max(high, 0.5 * least)
    room = 0.06 * (high - low)
    return low - room, high + room


def _marks(curves: Sequence[Sampled], theme: Theme) -> list[Line2D]:
    """What the marks mean; for one curve alone, also where they are."""
    marks = []
    for kind, sign in MARKS.items():
        corners = [corner for curve in curves for corner in curve.corners if corner.kind == kind]
        if corners:
            words = f"{_places(corners)}: {MEANING[kind]}" if len(curves) == 1 else f"{kind}: {MEANING[kind]}"
            look = _mark(theme.ink, theme.paper)
            marks.append(Line2D([], [], marker=sign, linestyle="none", label=words, **look))
    return marks


def _places(corners: Sequence[Corner]) -> str:
    """`a corner at 0 and bends at −1 and 1`."""
    parts = []
    for kind in MARKS:
        at = [f"{corner.x:.4g}".replace("-", "−") for corner in corners if corner.kind == kind]
        if at:
            parts.append(f"a {kind} at {at[0]}" if len(at) == 1 else f"{kind}s at {_listed(at)}")
    return _listed(parts)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _told(loss: Loss) -> tuple[str, str]:
    """Formula and summary of a loss, for the page below its figure."""
    card = type(loss).card()
    return card.name, "\n".join(filter(None, (readable(card.formula), card.summary.replace("`", ""))))


def _numbers(curves: Sequence[Sampled]) -> tuple[list[str], list[list[str]]]:
    """Value and gradient at round places, for readers who do not see the figure; only where one axis serves all."""
    if len({(curve.axis, *curve.table[0]) for curve in curves}) > 1:
        return [], []
    heads = [curves[0].axis, *(f"{c.name}, {what}" for c in curves for what in ("value", "gradient"))]
    rows = []
    for place, at in enumerate(curves[0].table[0]):
        cells = [_shown(at)]
        for curve in curves:
            broken = any(abs(at - corner.x) < 1e-6 and corner.kind != "bend" for corner in curve.corners)
            cells += [_shown(curve.table[1, place]), "–" if broken else _shown(curve.table[2, place])]
        rows.append(cells)
    return heads, rows


def _shown(number: float) -> str:
    return f"{number + 0.0:.4g}".replace("-", "−")
