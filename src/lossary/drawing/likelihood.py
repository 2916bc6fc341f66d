"""Figures of fits: a line through points, a descent, a normal distribution, and the likelihood over a parameter."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .style import Picture, Theme, label, legend, look_of, new_figure, plain, stroke


def line_fit(
    x: Any,
    y: Any,
    slope: float,
    intercept: float,
    *,
    x_name: str = "x",
    y_name: str = "y",
    theme: str | Theme = "light",
) -> Picture:
    """The points (x, y), one per row, and the line fitted to them."""
    across, up = np.asarray(x, dtype=float).ravel(), np.asarray(y, dtype=float).ravel()
    margin = 0.05 * float(np.ptp(across))
    ends = np.array([across.min() - margin, across.max() + margin])
    figure, (axis,) = new_figure(theme=theme)
    series = figure.theme.series
    rows = f"data ({up.size} rows)"
    axis.plot(across, up, "o", color=series[0], markersize=4, alpha=0.55, markeredgewidth=0, label=rows)
    text = f"fit: {slope:.3g} {x_name} {'+' if intercept >= 0 else '−'} {abs(intercept):.4g}".replace("-", "−")
    axis.plot(ends, slope * ends + intercept, color=series[1], linewidth=2.2, label=plain(text))
    label(axis, x=plain(x_name), y=plain(y_name), title="Fitted line")
    legend(axis)
    figure.words = f"{y_name} over {x_name}, {up.size} rows, and the fitted line of slope {slope:.3g}."
    return figure


def history(values: Any, *, y: str = "loss", title: str = "", theme: str | Theme = "light") -> Picture:
    """The value of a loss over the epochs of a training, one number per epoch, or several such series by name."""
    several = values if isinstance(values, dict) else {"": values}
    figure, (axis,) = new_figure(theme=theme)
    for index, (name, series) in enumerate(several.items()):
        heights = np.asarray(series, dtype=float).ravel()
        look = stroke(index, figure.theme)
        axis.plot(np.arange(1, heights.size + 1), heights, marker="o", markersize=3.5, label=plain(str(name)), **look)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    label(axis, x="epoch", y=y, title=plain(title))
    if isinstance(values, dict):
        legend(axis)
    figure.words = f"{title + ': ' if title else ''}{y} over epochs."
    return figure


def likelihood_curve(
    parameter: Any,
    log_likelihood: Any,
    *,
    name: str = "mean",
    truth: float | None = None,
    level: float | None = None,
    theme: str | Theme = "light",
) -> Picture:
    """The log-likelihood of a sample over one parameter (others held, or at their best: a profile), its peak marked.

    `parameter` and `log_likelihood` are sequences of equal length; `truth` marks the value that made the data. With
    `level`, say 0.95, the interval is shaded in which the log-likelihood stays within half the quantile of chi-squared
    of its peak: by Wilks's theorem (1938, doi:10.1214/aoms/1177732360) it holds the true value that often.
    """
    x, y = np.asarray(parameter, dtype=float), np.asarray(log_likelihood, dtype=float)
    best = int(np.argmax(y))
    figure, (axis,) = new_figure(theme=theme)
    look = figure.theme
    axis.plot(x, y, marker="o" if x.size < 60 else "", markersize=4, **stroke(0, look))
    axis.plot(x[best], y[best], "o", color=look.series[1], markersize=9, label=f"highest at {x[best]:.3g}")
    figure.words = f"Log-likelihood over the {name}, highest at {x[best]:.3g}."
    if truth is not None:
        axis.axvline(truth, color=look.quiet, linewidth=1.2, linestyle=":", label=f"the data's {name}: {truth:g}")
    if level is not None:
        low, high = interval(x, y, level)
        words = f"{level:.0%} interval: {low:.3g} to {high:.3g}".replace("-", "−")
        axis.axvspan(low, high, color=look.series[0], alpha=0.13, linewidth=0, label=words)
        figure.words += f" The {words}."
    label(axis, x=plain(name), y="log-likelihood", title=f"Log-likelihood over the {plain(name)}")
    legend(axis, loc="lower center")
    return figure


def interval(x: np.ndarray, y: np.ndarray, level: float) -> tuple[float, float]:
    """The values of x between which y stays within half the chi-squared quantile (one degree) of its highest point."""
    best = int(np.argmax(y))
    floor = y[best] - 0.5 * NormalDist().inv_cdf(0.5 + level / 2) ** 2
    left, right = np.flatnonzero(y[:best] < floor), best + np.flatnonzero(y[best:] < floor)
    low = np.interp(floor, y[left[-1] : left[-1] + 2], x[left[-1] : left[-1] + 2]) if left.size else x[0]
    high = np.interp(floor, y[[right[0], right[0] - 1]], x[[right[0], right[0] - 1]]) if right.size else x[-1]
    return float(low), float(high)


def gaussian_fit(
    sample: Any,
    mean: float,
    deviation: float,
    *,
    start: tuple[float, float] | None = None,
    theme: str | Theme = "light",
) -> Picture:
    """A sample's histogram (as a density) under the fitted normal density.

    `deviation` is the standard deviation; `start` is the (mean, deviation) that the fit set out from.
    """
    values = np.asarray(sample, dtype=float).ravel()
    figure, (axis,) = new_figure(theme=theme)
    look = figure.theme
    bars = {"color": look.series[0], "alpha": 0.3, "edgecolor": look.paper, "label": f"data ({values.size:,} values)"}
    axis.hist(values, bins=30, density=True, **bars)
    span = np.linspace(values.min(), values.max(), 300)
    if start is not None:
        text = f"start: mean {start[0]:.2f}, s.d. {start[1]:.2f}"
        axis.plot(span, _density(span, *start), color=look.quiet, linestyle=":", linewidth=1.8, label=text)
    text = f"fit: mean {mean:.2f}, s.d. {deviation:.2f}"
    axis.plot(span, _density(span, mean, deviation), color=look.series[1], linewidth=2.2, label=text)
    label(axis, x="value", y="density", title="Normal distribution by maximum likelihood")
    axis.set_ylim(0, axis.get_ylim()[1] * 1.35)  # room for the legend over the peak
    legend(axis, loc="upper right")
    figure.words = f"{values.size:,} values and the normal density fitted to them, {text.removeprefix('fit: ')}."
    return figure


def mse_and_likelihood(
    parameter: Any, mse: Any, log_likelihood: Any, *, name: str = "slope", theme: str | Theme = "light"
) -> Picture:
    """Mean squared error above, log-likelihood below, over the same parameter: where one is lowest, the other peaks."""
    x = np.asarray(parameter, dtype=float)
    lower, upper = np.asarray(mse, dtype=float), np.asarray(log_likelihood, dtype=float)
    figure, (top, bottom) = new_figure(2, 1, height=2.6, share_x=True, theme=theme)
    _extreme(top, x, lower, int(np.argmin(lower)), figure.theme.series[0], "lowest")
    _extreme(bottom, x, upper, int(np.argmax(upper)), figure.theme.series[2], "highest")
    label(top, y="mean squared error", title="Squared error and likelihood agree on the best fit")
    label(bottom, x=plain(name), y="log-likelihood")
    figure.words = f"Mean squared error and log-likelihood over the {name}."
    return figure


def _extreme(axis: Axes, x: np.ndarray, y: np.ndarray, at: int, color: str, word: str) -> None:
    look = look_of(axis)
    axis.plot(x, y, color=color, linewidth=2.0)
    axis.axvline(x[at], color=look.quiet, linewidth=1.2, linestyle=":")
    axis.plot(x[at], y[at], "o", color=look.series[1], markersize=8, label=f"{word} at {x[at]:.3g}")
    axis.margins(y=0.08)
    legend(axis, loc="upper center" if word == "lowest" else "lower center")


def _density(x: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    return np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi))
