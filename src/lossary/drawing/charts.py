"""The figures of a comparison. Each fit keeps its colour and its pattern through all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

import lossary as ls
from lossary.data.results import Comparison, Fit
from lossary.drawing.curves import curves_figure, sampled
from lossary.drawing.predictions import paint_numbers
from lossary.drawing.style import MARKERS, Picture, label, legend, legend_beside, look_of, new_figure, plain, stroke

THEME = "auto"
WIDTH = 8.6


def fitted_lines(found: Comparison, fits: list[Fit]) -> Picture:
    """The rows and every fitted line over the one input."""
    figure, (axes,) = new_figure(width=WIDTH, height=4.8, theme=THEME)
    look = figure.theme
    rows: dict[str, Any] = {"color": look.quiet, "linestyle": "none", "marker": "o", "markersize": 5, "alpha": 0.75}
    axes.plot(found.x, found.y, **rows)
    lines = [Line2D([], [], label=plain(f"{found.target} (each row)"), **rows)]
    for place, fit in enumerate(fits):
        axes.plot(found.grid, fit.line, **stroke(place, look))
        lines.append(Line2D([], [], label=plain(fit.label), **stroke(place, look)))
    label(axes, x=plain(found.inputs[0]), y=plain(found.target))
    legend_beside(figure, lines)
    figure.words = f"{found.target} over {found.inputs[0]}, and the line of each fit"
    return figure


def loss_shapes(fits: list[Fit]) -> Picture:
    """Value and gradient of the losses that were compared, at their parameters, over the number they are written in."""
    losses = []
    for fit in fits:
        logits = any(param.name == "from_logits" for param in ls.card(fit.function).params)
        losses.append(ls.get(fit.function, **fit.params, **({"from_logits": True} if logits else {})))
    curves = [replace(curve, name=fit.label) for curve, fit in zip(sampled(losses), fits, strict=True)]
    return curves_figure(curves, ["value", "gradient"], theme=THEME)


def predicted_against_true(found: Comparison, fits: list[Fit]) -> Picture:
    """One small panel a fit; on the thin line prediction and truth are equal."""

    def one(axes: Axes, fit: Fit, place: int) -> None:
        paint_numbers(axes, np.array(found.y), np.array(fit.predictions), place)

    return _panels("Predicted against true, a panel for each fit", fits, one, "true", "predicted")


def gap_histograms(found: Comparison, fits: list[Fit]) -> Picture:
    """Residuals (regression) or margins (classes) of each fit on common bins, from the 1st to the 99th percentile."""
    gaps = np.concatenate([fit.gaps for fit in fits])
    low, high = np.percentile(gaps, [1, 99])
    bins = np.linspace(low, high if high > low else low + 1, 31)

    def one(axes: Axes, fit: Fit, place: int) -> None:
        look = look_of(axes)
        axes.hist(np.clip(fit.gaps, bins[0], bins[-1]), bins=list(bins), color=stroke(place, look)["color"])
        axes.axvline(0, color=look.ink, linewidth=1)
        axes.xaxis.set_major_locator(MaxNLocator(5))

    what, x = ("Residuals", "residual") if found.task == "regression" else ("Margins", "margin of the true class")
    return _panels(f"{what}, a histogram for each fit", fits, one, x, "rows")


def loss_curves(fits: list[Fit]) -> Picture:
    """How training went: the loss on rows fitted and held out, and the regularization on top of it."""

    def one(axes: Axes, fit: Fit, place: int) -> None:
        curve, look = fit.curve, look_of(axes)
        own = {"color": stroke(place, look)["color"], "linewidth": 2.0}
        axes.plot(curve.epoch, curve.loss, **own, label="loss, training rows")
        if curve.valid:
            axes.plot(
                curve.epoch, curve.valid, color=look.ink, linestyle="--", linewidth=1.2, label="loss, validation rows"
            )
        if any(curve.regularization):
            target = np.add(curve.loss, curve.regularization)
            axes.fill_between(curve.epoch, curve.loss, target, alpha=0.2, linewidth=0, color=own["color"])
            axes.plot(curve.epoch, target, color=own["color"], linewidth=1, linestyle=":", label="+ regularization")
        if curve.valid or any(curve.regularization):
            legend(axes, fontsize=8)

    return _panels("Loss over epochs, a panel for each fit", fits, one, "epoch", "loss", shared=False)


def recalls(found: Comparison, fits: list[Fit]) -> Picture:
    """For each class, the share of its rows that each fit gets right."""
    part = "valid" if found.valid_rows else "train"
    names = found.classes
    figure, (axes,) = new_figure(width=WIDTH, height=4.0, theme=THEME)
    marks = []
    for place, fit in enumerate(fits):
        recall = fit.figures[part]["recall"]
        shift = (place - (len(fits) - 1) / 2) * 0.14
        x = [k + shift for k, name in enumerate(names) if name in recall]
        y = [recall[name] for name in names if name in recall]
        look: dict[str, Any] = {"color": stroke(place, figure.theme)["color"], "marker": MARKERS[place % len(MARKERS)]}
        axes.plot(x, y, linestyle="none", markersize=6, **look)
        marks.append(Line2D([], [], linestyle="none", markersize=6, label=plain(fit.label), **look))
    axes.set_xticks(range(len(names)), [plain(name) for name in names])
    axes.set_ylim(min(0.9, axes.get_ylim()[0]), 1.02)
    label(axes, x=plain(found.target), y="recall")
    legend_beside(figure, marks)
    figure.words = "Recall of each class for each fit"
    return figure


def _panels(
    words: str, fits: list[Fit], one: Callable[[Axes, Fit, int], None], x: str, y: str, shared: bool = True
) -> Picture:
    across = 2 if len(fits) in (2, 4) else min(3, len(fits))
    down = -(-len(fits) // across)
    figure, panels = new_figure(
        down, across, width=WIDTH / across, height=2.5, share_x=shared, share_y=shared, theme=THEME
    )
    for place, axes in enumerate(panels):
        if place >= len(fits):
            axes.set_visible(False)
            continue
        one(axes, fits[place], place)
        label(axes, title=plain(fits[place].label))
        axes.tick_params(labelbottom=not shared or place + across >= len(fits))
    ink = figure.theme.ink
    figure.supxlabel(x, fontsize=10, color=ink)
    figure.supylabel(y, fontsize=10, color=ink)
    figure.words = words
    return figure
