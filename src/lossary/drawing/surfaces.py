"""The loss of a small model around its weights, along two directions, with the way the optimiser took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from .._calls import checked_call
from ..core.errors import LossaryError, shown
from ..core.models import check_inputs
from ..core.params import positive, whole
from ..core.seeds import check_seed
from ..data.arrays import arrays
from ..numerics.backend import compiled
from .axes import names_of
from .losses import one
from .maps import inks, scale
from .style import DARKEST, HEAT, LIGHT, WHITE, Picture, Theme, bare, label, legend_beside, new_figure, plain

Weights = list[np.ndarray]
DIRECTIONS = ("weights", "path", "random")


STEPS = whole("The number of steps between two points of the path.", low=1, optional=True)
POINTS = whole("The number of values a side.", low=2)
REACH = positive("How far a random slice goes, in sizes of the filters.", slide=(0.1, 3.0))


class WeightPath(keras.callbacks.Callback):
    """Remembers the trainable weights before training and after every epoch: model.fit(..., callbacks=[WeightPath()]).

    With `every`, after every so many steps as well. `points` holds them, a list of arrays each.
    """

    @checked_call
    def __init__(self, every: int | None = None) -> None:
        super().__init__()
        self.every = STEPS.check("WeightPath", "every", every)
        self.points: list[Weights] = []

    def on_train_begin(self, logs: Any = None) -> None:
        if not self.points:
            self._remember()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if self.every and (batch + 1) % self.every == 0:
            self._remember()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._remember()

    def _remember(self) -> None:
        self.points.append(weights_of(self.model))


@dataclass(frozen=True)
class Slice:
    """A plane through the weights of a model: its middle, two directions (k,) over all weights, and their names.

    A point (a, b) of the plane is the weights middle + (a - at[0]) first + (b - at[1]) second.
    """

    middle: np.ndarray
    first: np.ndarray
    second: np.ndarray
    labels: tuple[str, str]
    at: tuple[float, float] = (0.0, 0.0)

    def place(self, points: np.ndarray) -> np.ndarray:
        """The coordinates (n, 2) of weights (n, k), as near as the plane comes to them."""
        axes = np.stack([self.first, self.second], axis=1)
        return np.linalg.lstsq(axes, (points - self.middle).T, rcond=None)[0].T + self.at


@dataclass(frozen=True)
class Surface:
    """A loss over a slice: coordinates a (columns) and b (rows), the values, and the ways (n, 2) of the optimisers."""

    name: str
    labels: tuple[str, str]
    a: np.ndarray
    b: np.ndarray
    value: np.ndarray
    paths: list[np.ndarray] = field(default_factory=list)


@checked_call
def landscape(
    model: Any,
    x: Any,
    y: Any,
    losses: Any = None,
    *,
    path: Any = None,
    directions: str | None = None,
    reach: float = 1.0,
    points: int = 25,
    seed: int = 0,
    theme: str | Theme = "light",
    title: str = "",
) -> Picture:
    """The loss of a model on (x, y) around its present weights, as a map; a panel for each loss, over the same slice.

        path = ls.WeightPath()
        model.fit(x, y, epochs=20, callbacks=[path])
        ls.landscape(model, x, y, path=path).save("landscape.svg")
        ls.landscape(model, x, y, ["mse", "huber"])         # the same slice by two losses

    Args:
        model: a built Keras model with one output. It is left as it is.
        losses: a loss, its name, or a list; by default the one the model was compiled with. Regularization is added.
        path: a WeightPath, or a list of weights as model.get_weights gives them, or one of these for each loss.
        directions: "weights" (the two weights of a model that has no more), "path" (the two principal directions of
            the path) or "random" (filter-normalised: each filter moves by its own size; biases stay). By default the
            first that is possible.
        reach: how far a random slice goes, in sizes of the filters.
        points: values a side. seed: of random directions.

    Reference: Li, Xu, Taylor, Studer and Goldstein (2018), Visualizing the loss landscape of neural nets,
    arXiv:1712.09913.
    """
    surfaces = surfaces_of(model, x, y, losses, path=path, directions=directions, reach=reach, points=points, seed=seed)
    figure, panels = new_figure(1, len(surfaces), width=4.9, height=4.1, theme=theme)
    for index, (panel, found) in enumerate(zip(panels, surfaces, strict=True)):
        paint(panel, found, index)
        label(panel, x=plain(found.labels[0]), y=plain(found.labels[1]), title=plain(found.name))
    legend_beside(figure, _marks(surfaces, figure.theme), plain(title))
    names = ", ".join(found.name for found in surfaces)
    figure.words = f"{title + ': ' if title else ''}{names} over two directions of the weights of {model.name}."
    return figure


def surfaces_of(
    model: Any,
    x: Any,
    y: Any,
    losses: Any = None,
    *,
    path: Any = None,
    directions: str | None = None,
    reach: float = 1.0,
    points: int = 25,
    seed: int = 0,
) -> list[Surface]:
    """The numbers of `landscape`, a Surface for each loss."""
    if not isinstance(model, keras.Model):
        raise LossaryError(
            "landscape(model, x, y, losses) draws the loss of a model over its weights.",
            arrived=f"It was given {shown(model, 60)}.",
            allowed="Expected a built Keras model.",
            do='Pass the model first, and losses last: ls.landscape(model, x, y, "mse").',
        )
    check_seed(seed, "landscape(seed=...) fixes the random directions.")
    points, reach = POINTS.check("landscape", "points", points), REACH.check("landscape", "reach", reach)
    chosen = _losses(model, losses)
    x, y = arrays(x, "x"), arrays(y, "y")
    check_inputs("landscape(model, x, y)", model, x)
    middle = weights_of(model)
    paths = _paths(path, middle)
    cut = _slice(model, middle, paths, directions, seed)
    placed = [cut.place(way) for way in paths]
    a, b = _ranges(cut, placed, reach, points)
    more = " + regularization" if model.losses else ""
    names = [name + more for name in names_of(chosen)]
    return [
        Surface(name, cut.labels, a, b, _values(_target(model, x, y, loss), cut, a, b, middle), placed)
        for name, loss in zip(names, chosen, strict=True)
    ]


def weights_of(model: Any) -> Weights:
    """The trainable weights of a model, as NumPy."""
    return [np.array(ops.convert_to_numpy(v), dtype=np.float64) for v in model.trainable_variables]


def _losses(model: Any, losses: Any) -> list[Any]:
    asked = getattr(model, "loss", None) if losses is None else losses
    listed = list(asked) if isinstance(asked, (list, tuple)) else [asked]
    outputs = getattr(model, "outputs", None) or [None]
    if not listed or any(loss is None for loss in listed) or isinstance(asked, dict) or len(outputs) > 1:
        raise LossaryError(
            "landscape(model, x, y, losses) draws the loss of a model over its weights.",
            arrived=f"{model.name} has {len(outputs)} outputs, and the loss is {shown(asked)}.",
            allowed="Expected a model with one output, and the loss it was compiled with or the name of one.",
            do='Name it, for instance landscape(model, x, y, "mse"); for several outputs, draw a model of one.',
        )
    return [one(loss) for loss in listed]


def _paths(path: Any, middle: Weights) -> list[np.ndarray]:
    """The ways as matrices (n, k) of all weights in a row."""
    if path is None:
        return []
    several = isinstance(path, (list, tuple)) and bool(path) and not _is_weights(path[0])
    ways = [getattr(way, "points", way) for way in (path if several else [path])]
    shapes = [w.shape for w in middle]
    for way in ways:
        if not isinstance(way, (list, tuple)):
            raise LossaryError(
                "landscape(path=...) is the path that the optimiser took.",
                arrived=f"It was given {shown(way, 60)}.",
                allowed="Expected an ls.WeightPath, or a list of weights as model.get_weights gives them.",
                do="Record it with path = ls.WeightPath(): model.fit(..., callbacks=[path]).",
            )
        if not len(way) or any([np.shape(w) for w in weights] != shapes for weights in way):
            raise LossaryError(
                "landscape(path=...) is the path that the optimiser took.",
                arrived="It holds no weights." if not len(way) else "Its weights have other shapes than the model's.",
                allowed=f"Expected a list of trainable weights of shapes {', '.join(map(str, shapes))}.",
                do="Record them with path = ls.WeightPath(): model.fit(..., callbacks=[path]).",
            )
    return [np.stack([_flat(weights) for weights in way]) for way in ways]


def _is_weights(thing: Any) -> bool:
    """Whether this is one point of a way: a list of arrays."""
    return isinstance(thing, (list, tuple)) and all(hasattr(w, "shape") for w in thing)


def _flat(weights: Sequence[Any]) -> np.ndarray:
    return np.concatenate([np.asarray(w, dtype=np.float64).ravel() for w in weights])


def _slice(model: Any, middle: Weights, paths: list[np.ndarray], directions: str | None, seed: int) -> Slice:
    count = sum(w.size for w in middle)
    possible = [
        name
        for name, is_so in zip(DIRECTIONS, (count == 2, count > 1 and bool(paths), count > 1), strict=True)
        if is_so
    ]
    chosen = directions or next(iter(possible), None)
    if chosen not in possible:
        raise LossaryError(
            "landscape(directions=...) gives the two directions in the space of the weights.",
            arrived=f"It was given {shown(directions)} for {count} weights {'with' if paths else 'without'} a path.",
            allowed=f"Expected {', '.join(map(repr, possible)) or 'a model with two weights or more'}.",
            do="Leave it out; 'path' needs path=, and 'weights' a model of two weights.",
        )
    flat = _flat(middle)
    if chosen == "weights":
        paths_of = [v.path.split("/", 1)[-1] for v in model.trainable_variables]  # without the model's own name
        names = [name for name, w in zip(paths_of, middle, strict=True) for _ in range(w.size)]
        return Slice(flat, np.array([1.0, 0.0]), np.array([0.0, 1.0]), (names[0], names[1]), (flat[0], flat[1]))
    if chosen == "path":
        return _principal(paths)
    first, second = (_random(middle, np.random.default_rng((seed, place))) for place in range(2))
    words = "random direction, in sizes of the filters"
    return Slice(flat, first, second, (f"first {words}", f"second {words}"))


def _principal(paths: list[np.ndarray]) -> Slice:
    """The plane through the end of the first way that holds most of all ways."""
    end = paths[0][-1]
    steps = np.concatenate(paths) - end
    _, sizes, axes = np.linalg.svd(steps, full_matrices=len(steps) < 2)
    shares = np.append(sizes, [0.0, 0.0])[:2] ** 2 / max(float(np.sum(sizes**2)), 1e-30)
    words = [
        f"{which} principal direction ({s:.0%} of the path)"
        for which, s in zip(("first", "second"), shares, strict=True)
    ]
    return Slice(end, axes[0], axes[1], (words[0], words[1]))


def _random(middle: Weights, rng: np.random.Generator) -> np.ndarray:
    """A direction in which each filter moves by its own size. Biases stay, unless there is too little else."""
    still = sum(w.size for w in middle if w.ndim > 1) > 1
    return _flat([np.zeros_like(w) if still and w.ndim < 2 else _like(w, rng) for w in middle])


def _like(w: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random array whose columns have the sizes of those of w; of a column of 0, the size 1."""
    drawn = rng.normal(size=w.shape)
    axes = tuple(range(w.ndim - 1)) if w.ndim > 1 else None
    size = np.sqrt(np.sum(w**2, axis=axes, keepdims=True))
    return np.asarray(drawn * np.where(size > 0, size, 1.0) / np.sqrt(np.sum(drawn**2, axis=axes, keepdims=True)))


def _ranges(cut: Slice, placed: list[np.ndarray], reach: float, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Ranges that hold the ways with room about them, or `reach` to either side."""
    if placed and "random" not in cut.labels[0]:
        seen = np.concatenate([*placed, [cut.at]])
        low, high = seen.min(axis=0), seen.max(axis=0)
        room = np.maximum(0.3 * (high - low), 0.1 * float(np.max(high - low)) + 1e-3)
        low, high = low - room, high + room
    else:
        size = np.maximum(np.abs(cut.at), 1.0) * reach
        low, high = np.array(cut.at) - size, np.array(cut.at) + size
    return np.linspace(low[0], high[0], points), np.linspace(low[1], high[1], points)


def _target(model: Any, x: Any, y: Any, loss: Any) -> Callable[[list[Any]], Any]:
    """Loss and regularization as a function of the trainable weights; the model itself is not touched."""
    still = [v.value for v in model.non_trainable_variables]
    x, y = keras.tree.map_structure(ops.convert_to_tensor, x), ops.convert_to_tensor(y)

    def target(weights: list[Any]) -> Any:
        outputs, _, terms = model.stateless_call(weights, still, x, training=False, return_losses=True)
        return ops.mean(loss(y, outputs)) + sum(terms)

    return compiled(target)


def _values(target: Callable[[list[Any]], Any], cut: Slice, a: np.ndarray, b: np.ndarray, like: Weights) -> np.ndarray:
    """The target at every point of the slice, (b, a)."""
    ends = np.cumsum([w.size for w in like])[:-1]
    found = np.empty((b.size, a.size))
    for row, up in enumerate(b - cut.at[1]):
        for column, across in enumerate(a - cut.at[0]):
            parts = np.split(cut.middle + across * cut.first + up * cut.second, ends)
            weights = [
                ops.convert_to_tensor(p.reshape(w.shape).astype("float32")) for p, w in zip(parts, like, strict=True)
            ]
            found[row, column] = float(ops.convert_to_numpy(target(weights)))
    return found


def paint(panel: Axes, found: Surface, own: int = 0) -> None:
    """The map with contours that close in on the minimum, and the ways over it: the own one strong, others faint."""
    bare(panel)
    finite = found.value[np.isfinite(found.value)]
    low, usual, high = (float(q) for q in np.quantile(finite, [0, 0.8, 1]))
    top = min(high, low + 1.5 * (usual - low)) if usual > low else low + 1.0
    steps = low + (top - low) * np.linspace(0, 1, 13) ** 2
    steps[0] -= 1e-6 * (abs(low) + top - low)
    how = {"extend": "max"} if high > top else {}
    filled = panel.contourf(found.a, found.b, found.value, levels=steps, cmap=HEAT, **how)
    panel.contour(found.a, found.b, found.value, levels=steps, colors=inks(steps), linewidths=0.5, linestyles="-")
    for place, way in enumerate(found.paths):
        _walk(panel, way, place == own or len(found.paths) == 1)
    panel.set_xlim(found.a[0], found.a[-1])
    panel.set_ylim(found.b[0], found.b[-1])
    panel.locator_params(nbins=6)
    scale(panel, filled, "%.3g")


START: dict[str, Any] = {"marker": "o", "color": DARKEST, "markeredgecolor": WHITE, "markersize": 8}
STEP: dict[str, Any] = {
    "marker": "o",
    "color": WHITE,
    "markeredgecolor": DARKEST,
    "markersize": 3.6,
    "markeredgewidth": 0.6,
}
END: dict[str, Any] = {"marker": "X", "color": LIGHT.series[1], "markeredgecolor": WHITE, "markersize": 9}


def _walk(panel: Axes, way: np.ndarray, strong: bool) -> None:
    """A way: one's own with its steps, start and end; another's as a faint line."""
    if not strong:
        panel.plot(*way.T, color=WHITE, linewidth=1.0, linestyle=(0, (3, 3)))
        return
    panel.plot(*way.T, color=WHITE, linewidth=1.8)
    panel.plot(*way[:: max(1, len(way) // 40)].T, linestyle="none", **STEP)
    panel.plot(*way[0], linestyle="none", **START)
    panel.plot(*way[-1], linestyle="none", **END)


def _marks(surfaces: Sequence[Surface], theme: Theme) -> list[Line2D]:
    if not surfaces[0].paths:
        return []
    marks = [
        Line2D([], [], linestyle="none", label=words, **look)
        for words, look in zip(("start", "end"), (START, END), strict=True)
    ]
    if len(surfaces[0].paths) > 1:
        marks.append(
            Line2D([], [], color=theme.quiet, linewidth=1.0, linestyle=(0, (3, 3)), label="path with the other loss")
        )
    return marks
