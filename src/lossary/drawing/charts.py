"""Charts of a comparison as SVG text that stands inside a page: same input, same bytes; colours follow the page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from lossary.data.results import Comparison, Fit

# Drawn colours are stand-ins that become CSS variables, so that one drawing serves light, dark and print.
INK = "#010203"
FAINT = "#040506"
SERIES = tuple(f"#0a0b{number:02x}" for number in range(8))
DASHES = ("-", "--", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (3, 1)), (0, (1, 3)))
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "lossary",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "legend.frameon": False,
}


def draw(name: str, title: str, size: tuple[float, float], paint: Callable[[Figure], None]) -> str:
    """An <svg> whose ids start with `name` (a page holds several) and whose title screen readers read."""
    with rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        paint(figure)
        figure.patch.set_alpha(0)
        for axes in figure.axes:
            axes.patch.set_alpha(0)
        out = io.StringIO()
        FigureCanvasSVG(figure).print_svg(out, metadata={"Date": None, "Creator": None})
    return _embed(out.getvalue(), name, title)


def _embed(svg: str, name: str, title: str) -> str:
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    svg = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', svg)
    svg = svg.replace(INK, "var(--ink)").replace(FAINT, "var(--faint)")
    for number, colour in enumerate(SERIES):
        svg = svg.replace(colour, f"var(--series-{number})")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{_attribute(title)}" ', 1)


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str) -> str:
    """Text that matplotlib must not read as formulas."""
    return text.replace("$", r"\$")


def colour(place: int) -> str:
    return SERIES[place % len(SERIES)]


def dash(place: int) -> Any:
    return DASHES[place % len(DASHES)]


def fitted_lines(found: Comparison, fits: list[Fit]) -> str:
    """The rows and every fitted line over the one input."""

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(
            found.x, found.y, "o", color=INK, alpha=0.55, markersize=5, label=plain(f"{found.target} (a row each)")
        )
        for place, fit in enumerate(fits):
            label = plain(fit.label)
            axes.plot(found.grid, fit.line, color=colour(place), linestyle=dash(place), linewidth=2.2, label=label)
        axes.set_xlabel(plain(found.inputs[0]))
        axes.set_ylabel(plain(found.target))
        figure.legend(loc="outside right upper")

    return draw("lines", f"{found.target} over {found.inputs[0]}, and the line of each fit", (8.6, 4.6), paint)


def predicted_against_true(found: Comparison, fits: list[Fit]) -> str:
    """One small panel a fit; on the grey line prediction and truth are equal."""
    values = [value for fit in fits for value in fit.predictions] + found.y

    def one(axes: Any, fit: Fit, place: int) -> None:
        ends = [min(values), max(values)]
        axes.plot(ends, ends, color=INK, alpha=0.4, linewidth=1)
        axes.plot(found.y, fit.predictions, "o", color=colour(place), alpha=0.5, markersize=3)

    return _panels("against", "Predicted against true, a panel for each fit", fits, one, "true", "predicted")


def gap_histograms(found: Comparison, fits: list[Fit]) -> str:
    """Residuals (regression) or margins (classes) of each fit on common bins, from the 1st to the 99th percentile."""
    gaps = np.concatenate([fit.gaps for fit in fits])
    low, high = np.percentile(gaps, [1, 99])
    bins = np.linspace(low, high if high > low else low + 1, 31)
    label = "residual" if found.task == "regression" else "margin of the right class"

    def one(axes: Any, fit: Fit, place: int) -> None:
        axes.hist(np.clip(fit.gaps, bins[0], bins[-1]), bins=bins, color=colour(place))
        axes.axvline(0, color=INK, linewidth=1)

    what = "Residuals" if found.task == "regression" else "Margins"
    return _panels("gaps", f"{what}, a histogram for each fit", fits, one, label, "rows")


def loss_curves(found: Comparison, fits: list[Fit]) -> str:
    """How training went: the loss itself, on rows fitted and held back, and the regularization."""

    def one(axes: Any, fit: Fit, place: int) -> None:
        curve = fit.curve
        axes.plot(curve.epoch, curve.loss, color=colour(place), linewidth=2, label="rows fitted")
        if curve.valid:
            axes.plot(curve.epoch, curve.valid, color=INK, linestyle="--", linewidth=1.2, label="held back")
        if any(curve.regularization):
            axes.plot(
                curve.epoch, curve.regularization, color=INK, linestyle=":", linewidth=1.2, label="regularization"
            )
        if curve.valid or any(curve.regularization):
            axes.legend(fontsize=8)

    return _panels("curves", "Loss over epochs, a panel for each fit", fits, one, "epoch", "loss", shared=False)


def recalls(found: Comparison, fits: list[Fit]) -> str:
    """For each class, the share of its rows that each fit gets right."""
    part = "valid" if found.valid_rows else "train"
    names = found.classes
    markers = "osD^vPX*"

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        for place, fit in enumerate(fits):
            recall = fit.figures[part]["recall"]
            shift = (place - (len(fits) - 1) / 2) * 0.14
            x = [k + shift for k, name in enumerate(names) if name in recall]
            y = [recall[name] for name in names if name in recall]
            axes.plot(x, y, markers[place % len(markers)], color=colour(place), label=plain(fit.label), markersize=6)
        axes.set_xticks(range(len(names)), [plain(name) for name in names])
        axes.set_ylim(min(0.9, axes.get_ylim()[0]), 1.02)
        axes.set_ylabel("share got right")
        axes.set_xlabel(plain(found.target))
        figure.legend(loc="outside right upper")

    return draw("recalls", "Share of each class that each fit gets right", (8.6, 3.8), paint)


def _panels(
    name: str, title: str, fits: list[Fit], one: Callable[[Any, Fit, int], None], x: str, y: str, shared: bool = True
) -> str:
    across = 2 if len(fits) in (2, 4) else min(3, len(fits))
    down = -(-len(fits) // across)

    def paint(figure: Figure) -> None:
        grid = figure.subplots(down, across, sharex=shared, sharey=shared, squeeze=False)
        for place, axes in enumerate(grid.flat):
            if place >= len(fits):
                axes.set_visible(False)
                continue
            one(axes, fits[place], place)
            axes.set_title(plain(fits[place].label), fontsize=10)
            axes.tick_params(labelbottom=not shared or place + across >= len(fits))
        figure.supxlabel(x, fontsize=10)
        figure.supylabel(y, fontsize=10)

    return draw(name, title, (8.6, 0.6 + 2.4 * down), paint)
