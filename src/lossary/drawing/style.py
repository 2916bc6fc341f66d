"""How every figure of lossary looks: legible in print, in the dark, in grey and for colour-blind readers.

Figures are made without pyplot, so drawing neither opens windows nor touches the user's own matplotlib state.
"""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .._errors import visible
from ..core.errors import LossaryError, shown


@dataclass(frozen=True)
class Theme:
    """The colours of a figure: `ink` for words, `quiet` for what stands back, `faint` for grids, `series` for data."""

    name: str
    paper: str
    ink: str
    quiet: str
    faint: str
    series: tuple[str, ...]
    adapts: bool = False  # whether an SVG or a page turns dark where the reader's screen is


# The series were found by a search over seven colours for the largest smallest distance between two of them, as people
# with protanopia, deuteranopia, tritanopia and none of these see them, at a contrast of at least 3 with the paper.
LIGHT = Theme(
    "light", "#ffffff", "#1c1f23", "#5f6670", "#e2e5e9",
    ("#2928d7", "#da7a18", "#12a27b", "#762880", "#702608", "#8689f7", "#1c1f24"),
)  # fmt: skip
DARK = Theme(
    "dark", "#15181c", "#e8eaed", "#a0a7b1", "#31363d",
    ("#899ef5", "#eb8d3e", "#399f76", "#c6adce", "#f1d232", "#a45df7", "#e8eaee"),
)  # fmt: skip
AUTO = Theme("auto", LIGHT.paper, LIGHT.ink, LIGHT.quiet, LIGHT.faint, LIGHT.series, adapts=True)
THEMES = {theme.name: theme for theme in (LIGHT, DARK, AUTO)}
BLUE, VERMILLION, GREEN, PURPLE, BROWN, SKY, BLACK = COLORS = LIGHT.series
GREY = LIGHT.quiet

DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
"""Line patterns, so that lines stay apart in grey print. `stroke` joins them with the colours."""
MARKERS = "osD^vPX"
HEAT = "cividis"
"""A colour map that people see alike whatever their colour vision, and whose brightness rises all the way."""

WHITE, DARKEST = "#fefefe", "#22252a"
"""Lines on maps, which look the same in every theme: they are no colours of a theme, which would turn in the dark."""


class Picture(Figure):
    """A matplotlib figure in the house style. It shows itself in notebooks, and `save` writes it to a file."""

    def __init__(self, *args: Any, theme: Theme = LIGHT, **how: Any) -> None:
        super().__init__(*args, **how)
        self.theme = theme
        self.words = ""  # what the figure shows, for readers who do not see it
        self.told: list[tuple[str, str]] = []  # what a page says below the figure: (heading, text)
        self.numbers: tuple[list[str], list[list[str]]] = ([], [])  # heads, and rows that begin with what they are of
        FigureCanvasAgg(self)

    def save(self, path: str | Path) -> Path:
        """Write .png, .svg, .pdf or .html, by the ending of `path`, whole or not at all. Returns the path."""
        return save(self, path)

    def _repr_svg_(self) -> str:
        from .files import fitting

        return fitting(self)

    def _repr_html_(self) -> str:
        """As wide as the notebook's cell at most; a page that takes no HTML has the SVG."""
        from .files import fitting

        svg = fitting(self)
        return f"<div>{svg[svg.index('<svg') :]}</div>"


def theme_of(name: str | Theme) -> Theme:
    """The theme of this name."""
    if isinstance(name, Theme):
        return name
    if not isinstance(name, str) or name not in THEMES:
        raise LossaryError(
            "theme= is the background that a figure is drawn for.",
            arrived=f"It was given theme={shown(name)}.",
            allowed=f"Expected one of {', '.join(map(repr, THEMES))}; 'auto' follows the system, in SVG and HTML.",
            do="Leave it out for a white background.",
        )
    return THEMES[name]


def new_figure(
    rows: int = 1,
    columns: int = 1,
    *,
    width: float = 5.2,
    height: float = 3.4,
    share_x: bool = False,
    share_y: bool = False,
    theme: str | Theme = "light",
) -> tuple[Picture, np.ndarray]:
    """A figure and its axes as a flat array; `width` and `height` are those of one panel, in inches."""
    look = theme_of(theme)
    size = (width * columns, height * rows)
    figure = Picture(figsize=size, dpi=150, layout="constrained", facecolor=look.paper, theme=look)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=share_x, sharey=share_y)
    for axis in axes.flat:
        tidy(axis)
    return figure, axes.ravel()


def look_of(axis: Axes) -> Theme:
    """The theme of the figure that a panel belongs to."""
    theme: Theme = getattr(axis.figure, "theme", LIGHT)
    return theme


def tidy(axis: Axes) -> None:
    """The house style on one panel: two spines, a faint grid behind the data, readable ticks."""
    look = look_of(axis)
    axis.set_facecolor(look.paper)
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(look.quiet)
    axis.grid(True, color=look.faint, linewidth=0.7)
    axis.set_axisbelow(True)
    axis.tick_params(labelsize=9, color=look.quiet, labelcolor=look.ink, length=3)


def bare(axis: Axes) -> None:
    """A panel for a map: no grid, a thin frame."""
    axis.grid(False)
    axis.spines[["top", "right"]].set_visible(True)
    axis.spines[:].set_color(look_of(axis).quiet)
    axis.spines[:].set_linewidth(0.6)


def label(axis: Axes, *, x: str = "", y: str = "", title: str = "") -> None:
    """Axis labels and a title on the left, where reading starts."""
    ink = look_of(axis).ink
    axis.set_xlabel(x, fontsize=10, color=ink)
    axis.set_ylabel(y, fontsize=10, color=ink)
    if title:
        axis.set_title(title, loc="left", fontsize=11, fontweight="bold", color=ink)


def headline(figure: Figure, title: str) -> None:
    """A title over all panels."""
    if title:
        ink = getattr(figure, "theme", LIGHT).ink
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=ink)


def legend(axis: Axes, **where: Any) -> None:
    """A legend without a box that competes with the data."""
    look = look_of(axis)
    usual = {"fontsize": 9, "frameon": True, "framealpha": 0.85, "edgecolor": "none", "handlelength": 2.6}
    axis.legend(**{**usual, "facecolor": look.paper, "labelcolor": look.ink, **where})


def legend_beside(figure: Figure, handles: list[Any], title: str = "") -> None:
    """A title and one legend for all panels, in rows above them, so that it hides nothing."""
    if not handles:
        headline(figure, title)
        return
    ink = getattr(figure, "theme", LIGHT).ink
    longest = max(len(str(handle.get_label())) for handle in handles)
    columns = max(1, min(len(handles), int(figure.get_figwidth() * 11 / (longest + 6))))
    box = figure.legend(
        handles=handles, loc="outside upper left", ncols=columns, fontsize=9, frameon=False, labelcolor=ink,
        handlelength=2.6, columnspacing=1.6, title=title or None, alignment="left",
        title_fontproperties={"size": 12, "weight": "bold"},
    )  # fmt: skip
    box.get_title().set_color(ink)


def stroke(index: int, theme: Theme = LIGHT) -> dict[str, Any]:
    """Colour and line pattern of the index-th of several lines; 28 are different."""
    # 7 colours and 4 patterns share no divisor, so both may turn at every step.
    series = theme.series
    return {"color": series[index % len(series)], "linestyle": DASHES[index % len(DASHES)], "linewidth": 1.9}


def plain(text: str) -> str:
    """Text that matplotlib must not read as formulas."""
    return visible(str(text)).replace("$", r"\$")


def save(figure: Figure, path: str | Path) -> Path:
    """Writes the figure to `path`, in the format that its ending names (.png, .svg, .pdf, .html), whole or not at all.

    Folders that are not there are made. Returns the path.
    """
    from ..core.files import place_of, write_whole
    from .files import check_ending, content

    if not isinstance(path, (str, PathLike)):
        raise LossaryError(
            "save(path) writes the figure to a file.",
            arrived=f"It was given {shown(path, 60)}.",
            allowed="Expected a path that ends in .svg, .png, .pdf or .html.",
            do='Pass for instance "figure.svg".',
        )
    target = Path(path)
    check_ending(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise LossaryError(
            f"Cannot write the figure to {target}.",
            arrived=f"The system refused: {getattr(error, 'strerror', None) or error}.",
            allowed="Expected a folder that you may write to.",
            do="Choose another folder or file name.",
        ) from error
    place_of(target)  # before the figure is drawn
    write_whole(target, content(figure, target.suffix.lower()))
    return target
