"""Target = loss + regularization, and each term of it by name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from .._calls import checked_call
from ..core.errors import LossaryError, shown
from ..core.models import check_inputs, check_targets, takes_text
from ..core.params import Param
from ..data.arrays import arrays
from ..numerics.keras_private import added_losses, compiled_loss, layers_of
from .attachment import attachment_of
from .layers import LossLayer, TermLayer
from .routing import Routed

BATCH_SIZE = Param("How many rows are computed at once.", kind="whole", low=0)


@dataclass(frozen=True)
class Target:
    """What training minimises, split into its terms.

    `loss` is the compiled loss plus every LossLayer and TermLayer. `regularization` holds one number per term:
    "dense/kernel" for a weight's regularizer, "dense/activity" for an activity regularizer or whatever a layer added.
    `value` is their sum: what `model.evaluate` reports as "loss". `parts` holds the value of each part of a sum of
    losses, without its weight.
    """

    loss: float
    regularization: dict[str, float] = field(default_factory=dict)
    parts: dict[str, float] = field(default_factory=dict)

    @property
    def value(self) -> float:
        return self.loss + sum(self.regularization.values())

    def __str__(self) -> str:
        return target_table({"": self})


@checked_call
def target_table(targets: dict[str, Target]) -> str:
    """Several targets side by side: loss + regularization = target.

        print(ls.target_table({"before": before, "after": after}))

    Parts of the loss, and what each term of the regularization comes to, stand below what they add up to.
    """
    if not isinstance(targets, dict) or not all(isinstance(target, Target) for target in targets.values()):
        raise LossaryError(
            "target_table(targets) shows several targets side by side.",
            arrived=f"It was given {'one target' if isinstance(targets, Target) else f'a {type(targets).__name__}'}.",
            allowed="Expected a dictionary of names and targets, as ls.target_split gives them.",
            do='Pass for instance {"before": before, "after": after}; print(target) shows one alone.',
        )
    names = list(targets)
    rows: dict[str, list[float]] = {"loss": [target.loss for target in targets.values()]}
    for part in dict.fromkeys(name for target in targets.values() for name in target.parts):
        rows[f"  {part}"] = [target.parts.get(part, float("nan")) for target in targets.values()]
    terms = dict.fromkeys(name for target in targets.values() for name in target.regularization)
    if len(terms) != 1:
        rows["regularization"] = [sum(target.regularization.values()) for target in targets.values()]
    for term in terms:
        rows[f"  {term}"] = [target.regularization.get(term, 0.0) for target in targets.values()]
    rows["target"] = [target.value for target in targets.values()]
    width = max(map(len, rows))
    head = [" ".join([" " * width, *(f"{name:>13}" for name in names)])] if any(names) else []
    return "\n".join(
        head + [" ".join([f"{row:<{width}}", *(f"{v:13.6f}" for v in values)]) for row, values in rows.items()]
    )


@checked_call
def regularization(model: keras.Model, x: Any = None, batch_size: int = 32) -> dict[str, float]:
    """Every regularization term of a built model by name, as numbers.

    Without `x` these are the terms of the weights. Activity regularizers depend on what flows through the model:
    given inputs `x` (an array, or a list or dictionary of arrays, rows first), they are averaged over batches of
    `batch_size` rows. Weights that are not trainable are not regularized, as in Keras.

    >>> regularized = keras.layers.Dense(1, kernel_regularizer="l2", kernel_initializer="ones", name="line")
    >>> regularization(keras.Sequential([keras.Input((2,)), regularized]))
    {'line/kernel': 0.02}
    """
    if not isinstance(model, keras.Model):
        raise LossaryError(
            "regularization(model, x) computes the terms that a model's weights and layers add.",
            arrived=f"It was given {shown(model)}.",
            allowed="Expected a Keras model, and the arrays that it takes.",
            do="Pass the model first.",
        )
    size = _size("regularization", batch_size)
    terms = _weight_terms(model)
    if x is not None:
        x = _arrays(x, "x", takes_text(model))
        check_inputs("regularization(model, x)", model, x)
        for rows, share in _batches(_row_count(x), size):
            model(_rows(x, rows), training=False)
            _add(terms, _added_terms(model), share)
    return terms


@checked_call
def target_split(model: keras.Model, x: Any, y: Any = None, sample_weight: Any = None, batch_size: int = 32) -> Target:
    """The target of a compiled model on arrays, as loss and regularization terms apart.

    `x`, `y` and `sample_weight` are what `model.evaluate` takes, as arrays (or lists or dictionaries of arrays, rows
    first). With the same `batch_size`, `target_split(...).value` is the "loss" that `model.evaluate` reports: each
    term is the mean over the batches, weighted by their rows. `y` stays out where the loss is inside the model.
    """
    if not isinstance(model, keras.Model) or x is None:
        raise LossaryError(
            "target_split(model, x, y) computes a model's loss and regularization.",
            arrived=f"It was given {shown(model)}." if x is not None else "x is None.",
            allowed="Expected a Keras model and arrays whose first axis is the rows.",
            do="Pass what model.evaluate takes.",
        )
    size = _size("target_split", batch_size)
    x, y, sample_weight = _arrays(x, "x", takes_text(model)), _arrays(y, "y"), _arrays(sample_weight, "sample_weight")
    count = _row_count(x, y, sample_weight)
    check_inputs("target_split(model, x, y)", model, x)
    _check_y(model, y)
    terms = _weight_terms(model)
    losses, parts = {"loss": 0.0}, dict[str, float]()
    for rows, share in _batches(count, size):
        batch = _rows(x, rows)
        y_pred = model(batch, training=False)
        found, whole = _compiled_loss(model, batch, _rows(y, rows), y_pred, _rows(sample_weight, rows))
        _add(losses, {"loss": whole}, share)
        _add(parts, found, share)
        _add(losses, {"loss": _inner_loss(model)}, share)
        _add(terms, _added_terms(model), share)
    return Target(losses["loss"], terms, parts)


def _weight_terms(model: keras.Model) -> dict[str, float]:
    named: dict[str, float] = {}
    for weight in model.trainable_weights:
        regularizer = getattr(weight, "regularizer", None)
        if regularizer is not None:
            short = "/".join(weight.path.split("/")[-2:])
            named[_unused(short, named)] = _number(regularizer(weight))
    return named


def _added_terms(model: keras.Model) -> dict[str, float]:
    """What layers other than LossLayer and TermLayer added in the last eager call."""
    named: dict[str, float] = {}
    for layer, losses in _own_losses(model):
        if not isinstance(layer, (LossLayer, TermLayer)):
            named[_unused(f"{layer.name}/activity", named)] = sum(map(_number, losses))
    return named


def _inner_loss(model: keras.Model) -> float:
    return sum(
        _number(loss)
        for layer, losses in _own_losses(model)
        if isinstance(layer, (LossLayer, TermLayer))
        for loss in losses
    )


def _own_losses(model: keras.Model) -> Iterator[tuple[Any, list[Any]]]:
    for layer in layers_of(model):  # `layer.losses` also lists the losses of sublayers and weights
        losses = added_losses(layer)
        if losses:
            yield layer, losses


def _compiled_loss(model: keras.Model, x: Any, y: Any, y_pred: Any, weight: Any) -> tuple[dict[str, float], float]:
    # `model.compute_loss` returns the sum with the regularization; subtracting it would cost digits.
    compiled = compiled_loss(model)
    if compiled is None:
        return {}, 0.0
    if isinstance(compiled, Routed):
        with attachment_of(model).moment(x, y, y_pred, training=False):
            parts, total = compiled.split(y, y_pred, weight)
        return {name: _number(value) for name, value in parts.items()}, _number(total)
    value = compiled(y, y_pred, weight)
    return {}, 0.0 if value is None else _number(value)


def _number(value: Any) -> float:
    return float(np.sum(ops.convert_to_numpy(ops.cast(value, "float32")), dtype="float64"))


def _unused(name: str, taken: dict[str, float]) -> str:
    """`name`, or name_1, name_2 … when two layers in nested models share it."""
    count, fresh = 0, name
    while fresh in taken:
        count += 1
        fresh = f"{name}_{count}"
    return fresh


def _add(totals: dict[str, float], values: dict[str, float], share: float) -> None:
    for name, value in values.items():
        totals[name] = totals.get(name, 0.0) + share * value


def _arrays(values: Any, what: str, text: bool = False) -> Any:
    return arrays(values, what, int64=True, text=text)


def _rows(values: Any, rows: slice) -> Any:
    return keras.tree.map_structure(lambda array: array[rows], values) if values is not None else None


def _size(owner: str, batch_size: Any) -> int:
    return int(BATCH_SIZE.check(owner, "batch_size", batch_size))


def _check_y(model: keras.Model, y: Any) -> None:
    """Whether the compiled loss can compare y with the outputs; where there is none, y would be of no use."""
    compiled = compiled_loss(model)
    needed = compiled is not None and not (attachment_of(model) and attachment_of(model).named)
    if (y is None and needed) or (y is not None and compiled is None):
        raise LossaryError(
            "target_split(model, x, y) computes the loss that the model was compiled with, and what its layers add.",
            arrived="y is missing." if y is None else "There is y, and the model is not compiled with a loss.",
            allowed="Expected a model compiled with a loss, x and y; or a model whose layers hold the loss, and x.",
            do="Pass what model.evaluate takes.",
        )
    if not isinstance(compiled, Routed):
        check_targets("target_split(model, x, y)", model, y)


def _row_count(*data: Any) -> int:
    counts = {len(array) for array in keras.tree.flatten(data) if array is not None}
    if len(counts) != 1 or counts == {0}:
        raise LossaryError(
            "target_split(model, x, y) reads the data in batches of rows.",
            arrived=f"The data hold {' and '.join(map(str, sorted(counts)))} rows.",
            allowed="Expected arrays with the same number of rows, and at least one row.",
            do="Pass whole arrays, rows first.",
        )
    return counts.pop()


def _batches(count: int, batch_size: int) -> Iterator[tuple[slice, float]]:
    for start in range(0, count, batch_size):
        stop = min(start + batch_size, count)
        yield slice(start, stop), (stop - start) / count
