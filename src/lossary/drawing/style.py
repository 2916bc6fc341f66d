"""How every figure of lossary looks: legible in print, in grey and for colour-blind readers, nothing that says nothing.

Figures are made without pyplot, so drawing neither opens windows nor touches the user's own matplotlib state.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..core.errors import LossaryError

BLUE, VERMILLION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
ORANGE, SKY, BLACK, GREY = "#E69F00", "#56B4E9", "#000000", "#6E6E6E"

COLORS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, BLACK)
"""Okabe and Ito's colours, told apart by colour-blind readers; the darker ones first. Yellow is too pale for lines."""

DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
"""Line patterns, so that lines stay apart in grey print. `strokes` joins them with the colours."""

VALUE = {"color": BLUE, "linestyle": DASHES[0], "linewidth": 2.0}
GRADIENT = {"color": VERMILLION, "linestyle": DASHES[1], "linewidth": 2.0}


def new_figure(
    rows: int = 1, columns: int = 1, *, width: float = 5.2, height: float = 3.4, share_x: bool = False
) -> tuple[Figure, np.ndarray]:
    """A figure and its axes as a flat array; `width` and `height` are those of one panel, in inches."""
    figure = Figure(figsize=(width * columns, height * rows), dpi=150, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=share_x)
    for axis in axes.flat:
        tidy(axis)
    return figure, axes.ravel()


def tidy(axis: Axes) -> None:
    """The house style on one panel: two spines, a faint grid behind the data, readable ticks."""
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(GREY)
    axis.grid(True, color="#E4E4E4", linewidth=0.7)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=9, colors="#333333", length=3)


def label(axis: Axes, *, x: str = "", y: str = "", title: str = "") -> None:
    """Axis labels and a title on the left, where reading starts."""
    axis.set_xlabel(x, fontsize=10)
    axis.set_ylabel(y, fontsize=10)
    if title:
        axis.set_title(title, loc="left", fontsize=11, fontweight="bold")


def legend(axis: Axes, **where: Any) -> None:
    """A legend without a box that competes with the data."""
    axis.legend(
        **{"fontsize": 9, "frameon": True, "framealpha": 0.85, "edgecolor": "none", "handlelength": 2.6, **where}
    )


def stroke(index: int) -> dict[str, Any]:
    """Colour and line pattern of the index-th of several lines; 28 are different."""
    # 7 colours and 4 patterns share no divisor, so both may turn at every step.
    return {"color": COLORS[index % len(COLORS)], "linestyle": DASHES[index % len(DASHES)], "linewidth": 1.9}


def save(figure: Figure, path: str | Path) -> Path:
    """Writes the figure to `path`, in the format that its ending names (.png, .svg, .pdf), and returns the path."""
    target = Path(path)
    endings: Sequence[str] = sorted(figure.canvas.get_supported_filetypes())
    if target.suffix.lstrip(".").lower() not in endings:
        raise LossaryError(
            "A figure is written in the format that the file's ending names.",
            arrived=f"The file is called {target.name!r}.",
            allowed=f"Allowed endings are {', '.join(endings)}.",
            do=f"Call it {target.stem or 'figure'}.png, for instance.",
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(target)
    except OSError as error:
        raise LossaryError(
            f"The figure was to be written to {target}.",
            arrived=f"The system refused: {error.strerror or error}.",
            allowed="Allowed is a folder that you may write to.",
            do="Choose another folder or file name.",
        ) from error
    return target
