"""Figures of a fitted distribution; matplotlib is loaded when one is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core.errors import ParameterError, shown
from ..heads.supports import is_count

KINDS = ("density", "qq", "profile")


def plotted(fit: Any, kind: str, parameter: str | None) -> Any:
    """The figure of one kind."""
    if kind not in KINDS:
        raise ParameterError(
            "fit.plot(kind) draws a fitted distribution.",
            arrived=f"It was given kind={shown(kind)}.",
            allowed=f"Expected {', '.join(KINDS)}.",
            do="Pass one of these.",
        )
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.add_subplot()
    {"density": _density, "qq": _quantiles, "profile": _profile}[kind](fit, axes, parameter)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _density(fit: Any, axes: Any, parameter: str | None) -> None:
    y, w = fit.data.y, fit.data.w
    counts = is_count(fit.loss)
    low, high = fit.data.quantile(0.002), fit.data.quantile(0.998)
    room = max(high - low, 1e-12 * abs(low)) if high > low else 0.01 * abs(low) or 1.0  # equal numbers too
    if counts and room < 1000:
        at = np.arange(np.floor(low), np.ceil(high) + 1)
        bins = np.append(at, at[-1] + 1) - 0.5
    else:
        bins = np.linspace(low, low + room, min(max(int(np.sqrt(len(y))), 10), 60))
        at = np.linspace(low, low + room, 400)[1:-1]
        at = np.unique(np.rint(at)) if counts else at
    heights, edges = np.histogram(y, bins, weights=w)
    heights = heights / w.sum() / np.diff(edges)
    axes.stairs(heights, edges, fill=True, alpha=0.35, label="data")
    axes.plot(at, density(fit, at, heights), "o-" if counts else "-", color="C3", label=f"{fit.model}, fitted")
    axes.set_xlabel("data")
    axes.set_ylabel("probability" if counts else "density")
    axes.legend(frameon=False)


def density(fit: Any, at: Any, heights: Any) -> Any:
    """The density where it is a number; where it has no bound, as far as the data's bars tell something beside it."""
    with np.errstate(all="ignore"):
        found = np.nan_to_num(np.exp(fit.log_density(at)), nan=0.0, posinf=1e300)
    top = float(heights.max())
    return np.minimum(found, 3 * top) if found.max() > 100 * top > 0 else found


def _quantiles(fit: Any, axes: Any, parameter: str | None) -> None:
    shares = (np.arange(min(len(fit.data.y), 400)) + 0.5) / min(len(fit.data.y), 400)
    with np.errstate(all="ignore"):
        seen, told = np.array([fit.data.quantile(s) for s in shares]), fit.quantile(shares)
    there = np.isfinite(told)
    seen, told = (seen[there], told[there]) if there.any() else (seen, seen)
    axes.plot(told, seen, "o", ms=3, label="quantiles")
    ends = [min(told.min(), seen.min()), max(told.max(), seen.max())]
    axes.plot(ends, ends, color="C3", lw=1, label="equal")
    axes.set_xlabel(f"quantiles of the fitted {fit.model}")
    axes.set_ylabel("quantiles of the data")
    axes.legend(frameon=False)


def _profile(fit: Any, axes: Any, parameter: str | None) -> None:
    name = parameter if parameter is not None else fit.names[0]
    at, values = fit.profile(name)
    axes.plot(at, values)
    axes.axhline(-1.9207, color="C3", lw=1, label="95 % interval")
    axes.axvline(fit.parameters[name], color="0.6", lw=1, label="estimate")
    axes.set_xlabel(name)
    axes.set_ylabel("log-likelihood, less its largest")
    axes.legend(frameon=False)


def page(found: Any, title: str) -> str:
    """One HTML file: the table, and figures of the best fit."""
    from html import escape
    from io import StringIO

    from ..core import notebook

    shown = []
    for kind in ("density", "qq"):
        text = StringIO()
        plotted(found.best, kind, None).savefig(text, format="svg", metadata={"Date": None})
        shown.append(text.getvalue()[text.getvalue().index("<svg") :])
    body = [found._repr_html_(), found.best._repr_html_(), *shown]
    refused = [notebook.text(f"{name} was left out: {why}", quiet=True) for name, why in found.refused.items()]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width"><style>body{font:16px/1.5 system-ui;max-width:60rem;'
        "margin:2rem auto;padding:0 1rem}svg{max-width:100%;height:auto}</style>"
        f"<h1>{escape(title)}</h1>{''.join([*body, *refused])}</html>\n"
    )
