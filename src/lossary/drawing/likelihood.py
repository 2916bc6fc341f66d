"""Figures of fits: a line through points, a descent, a normal distribution, and the likelihood over a parameter."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .style import BLUE, GREEN, GREY, VALUE, VERMILLION, label, legend, new_figure, stroke


def line_fit(x: Any, y: Any, slope: float, intercept: float, *, x_name: str = "x", y_name: str = "y") -> Figure:
    """The points (x, y), one per row, and the line fitted to them."""
    across, up = np.asarray(x, dtype=float).ravel(), np.asarray(y, dtype=float).ravel()
    margin = 0.05 * float(np.ptp(across))
    ends = np.array([across.min() - margin, across.max() + margin])
    figure, (axis,) = new_figure()
    axis.plot(across, up, "o", color=BLUE, markersize=4, alpha=0.55, markeredgewidth=0, label=f"data ({up.size} rows)")
    text = f"fit: {slope:.3g} {x_name} {'+' if intercept >= 0 else '−'} {abs(intercept):.4g}".replace("-", "−")
    axis.plot(ends, slope * ends + intercept, color=VERMILLION, linewidth=2.2, label=text)
    label(axis, x=x_name, y=y_name, title="Fitted line")
    legend(axis)
    return figure


def history(values: Any, *, y: str = "loss", title: str = "") -> Figure:
    """The value of a loss over the epochs of a training, one number per epoch, or several such series by name."""
    several = values if isinstance(values, dict) else {"": values}
    figure, (axis,) = new_figure()
    for index, (name, series) in enumerate(several.items()):
        heights = np.asarray(series, dtype=float).ravel()
        axis.plot(np.arange(1, heights.size + 1), heights, marker="o", markersize=3.5, label=name, **stroke(index))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    label(axis, x="epoch", y=y, title=title)
    if isinstance(values, dict):
        legend(axis)
    return figure


def likelihood_curve(parameter: Any, log_likelihood: Any, *, name: str = "mean", truth: float | None = None) -> Figure:
    """The log-likelihood of a sample over one parameter, its highest point marked.

    `parameter` and `log_likelihood` are sequences of equal length; `truth` marks the value that made the data.
    """
    x, y = np.asarray(parameter, dtype=float), np.asarray(log_likelihood, dtype=float)
    best = int(np.argmax(y))
    figure, (axis,) = new_figure()
    axis.plot(x, y, marker="o", markersize=4, **VALUE)
    axis.plot(x[best], y[best], "o", color=VERMILLION, markersize=9, label=f"highest at {x[best]:.3g}")
    if truth is not None:
        axis.axvline(truth, color=GREY, linewidth=1.2, linestyle=":", label=f"the data's {name}: {truth:g}")
    label(axis, x=name, y="log-likelihood", title=f"Log-likelihood over the {name}")
    legend(axis, loc="lower center")
    return figure


def gaussian_fit(sample: Any, mean: float, deviation: float, *, start: tuple[float, float] | None = None) -> Figure:
    """A sample's histogram (as a density) under the fitted normal density.

    `deviation` is the standard deviation; `start` is the (mean, deviation) that the fit set out from.
    """
    values = np.asarray(sample, dtype=float).ravel()
    figure, (axis,) = new_figure()
    axis.hist(values, bins=30, density=True, color="#BFD9EA", edgecolor="white", label=f"data ({values.size:,} values)")
    span = np.linspace(values.min(), values.max(), 300)
    if start is not None:
        text = f"start: mean {start[0]:.2f}, s.d. {start[1]:.2f}"
        axis.plot(span, _density(span, *start), color=GREY, linestyle=":", linewidth=1.8, label=text)
    text = f"fit: mean {mean:.2f}, s.d. {deviation:.2f}"
    axis.plot(span, _density(span, mean, deviation), color=VERMILLION, linewidth=2.2, label=text)
    label(axis, x="value", y="density", title="Normal distribution by maximum likelihood")
    axis.set_ylim(0, axis.get_ylim()[1] * 1.35)  # room for the legend over the peak
    legend(axis, loc="upper right")
    return figure


def mse_and_likelihood(parameter: Any, mse: Any, log_likelihood: Any, *, name: str = "slope") -> Figure:
    """Mean squared error above, log-likelihood below, over the same parameter: where one is lowest, the other peaks."""
    x = np.asarray(parameter, dtype=float)
    lower, upper = np.asarray(mse, dtype=float), np.asarray(log_likelihood, dtype=float)
    figure, (top, bottom) = new_figure(2, 1, height=2.6, share_x=True)
    _extreme(top, x, lower, int(np.argmin(lower)), BLUE, "lowest")
    _extreme(bottom, x, upper, int(np.argmax(upper)), GREEN, "highest")
    label(top, y="mean squared error", title="Squared error and likelihood agree on the best fit")
    label(bottom, x=name, y="log-likelihood")
    return figure


def _extreme(axis: Axes, x: np.ndarray, y: np.ndarray, at: int, color: str, word: str) -> None:
    axis.plot(x, y, color=color, linewidth=2.0)
    axis.axvline(x[at], color=GREY, linewidth=1.2, linestyle=":")
    axis.plot(x[at], y[at], "o", color=VERMILLION, markersize=8, label=f"{word} at {x[at]:.3g}")
    axis.margins(y=0.08)
    legend(axis, loc="upper center" if word == "lowest" else "lower center")


def _density(x: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    return np.exp(-0.5 * ((x - mean) / deviation) ** 2) / (deviation * np.sqrt(2 * np.pi))
