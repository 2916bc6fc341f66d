"""A compiled model as cases: its predictions on the first rows, and which loss meets which output and target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import tree

from ..core.errors import LossaryError
from ..core.sums import Sum
from ..numerics.backend import replicas
from ..numerics.masks import mask_of
from ..target.term import Term
from .case import ROWS, Case, Setup, check_rows, make_case
from .findings import Route
from .known import LossFailed, Subject, to_numpy
from .parts import arrays

PASSING = (
    "Reshape",
    "Flatten",
    "Permute",
    "Dropout",
    "Identity",
    "Cropping1D",
    "Cropping2D",
)  # keep values as they are
Part = tuple[str, Any, Any, Any, Any, float]  # output, loss, target, prediction, sample weight, loss weight


def cases_of_model(model: Any, x: Any, y: Any, w: Any) -> list[Case]:
    """One case per output that has a loss."""
    if not getattr(model, "compiled", False):
        raise LossaryError(
            "check(model, x, y) looks at the loss that a model was compiled with.",
            arrived="This model is not compiled.",
            allowed="Allowed are models after model.compile(loss=...).",
            do="Compile it first, or pass the loss: ls.check(loss, y_true, y_pred, model=model).",
        )
    if x is None or y is None:
        raise LossaryError(
            "check(model, x, y) looks at predictions and targets.",
            arrived=f"{'x' if x is None else 'y'} is missing.",
            allowed="Allowed are arrays, or lists and dictionaries of arrays as the model takes them.",
            do="Pass some rows of the training data: ls.check(model, x[:256], y[:256]).",
        )
    y, w = arrays(y), arrays(w)
    check_rows(*tree.flatten(y))
    first = tree.map_structure(_first_rows, x)
    return cases_of_predictions(model, first, *predict(model, first), y, w)


def cases_of_predictions(model: Any, x: Any, p: Any, masks: list[Any], y: Any, w: Any) -> list[Case]:
    """The same for predictions already made; `x` are the rows they were made of, `masks` those of the outputs."""
    parts = [part for part in route(model, y, p, w) if part[1] is not None and part[2] is not None]
    subjects = [Subject(loss, target, prediction) for _, loss, target, prediction, _, _ in parts]
    routes = [_route(*pair) for pair in zip(subjects, parts, strict=True)]
    names = output_names(model, p)
    places = {name: place for place, name in enumerate(_flat_order(names, p))}
    cases = []
    for subject, (name, _, target, prediction, weight, _) in zip(subjects, parts, strict=True):
        setup = setup_of(model, places[name])
        setup.routes = routes
        setup.total = lambda: _total(model, x, y, p)
        several = name if len(parts) > 1 else ""
        mask = masks[places[name]]
        cases.append(make_case(subject, target, prediction, weight, mask, setup=setup, output=several))
    for case in cases:
        case.setup.cases = cases
    return cases


def predict(model: Any, x: Any) -> tuple[Any, list[Any]]:
    """What the model gives for these rows, in the structure of its outputs, and the masks on it; nothing changes."""
    if not model.built:
        model(tree.map_structure(lambda part: part[:1], x))
    with keras.StatelessScope():
        outputs = model(x, training=False)
        masks = [mask_of(output) for output in tree.flatten(outputs)]
        return tree.map_structure(to_numpy, outputs), [None if m is None else to_numpy(m) for m in masks]


def setup_of(model: Any, place: int) -> Setup:
    """What the model says about its output at this place."""
    optimizer = getattr(model, "optimizer", None)
    steps = int(getattr(optimizer, "gradient_accumulation_steps", None) or 1)
    strategy = getattr(model, "distribute_strategy", None)
    several = int(getattr(strategy, "num_replicas_in_sync", 1)) if strategy is not None else replicas()
    iterations = getattr(optimizer, "iterations", None)
    compiled = getattr(model, "_compile_loss", None)
    return Setup(
        model=model,
        activation=activation_of(model, place),
        untrained=iterations is not None and int(to_numpy(keras.ops.convert_to_tensor(iterations))) == 0,
        steps_back=keras.backend.backend() == "tensorflow",
        parts=steps * several,
        weights=getattr(compiled, "_user_loss_weights", None),
    )


def activation_of(model: Any, place: int) -> str | None:
    """The name of the activation that ends this output, or None where it cannot be read."""
    try:
        tensor = tree.flatten(model.outputs)[place]
        layer = tensor._keras_history.operation
        while type(layer).__name__ in PASSING:
            tensor = tree.flatten(layer.input)[0]
            layer = tensor._keras_history.operation
    except (AttributeError, ValueError, IndexError, TypeError):
        return None
    if type(layer).__name__ in ("Softmax", "ReLU"):
        return type(layer).__name__.lower()
    function = getattr(layer, "activation", None)
    ends = isinstance(layer, (keras.layers.Dense, keras.layers.Activation)) or "Conv" in type(layer).__name__
    return str(getattr(function, "__name__", None) or "") or None if ends else None


def output_names(model: Any, p: Any) -> list[str]:
    """One name per output, in the order of the outputs."""
    if isinstance(p, dict):
        return list(p)
    count = len(p) if isinstance(p, (list, tuple)) else 1
    names = getattr(model, "output_names", None)
    return list(names) if names and len(names) == count else [str(place) for place in range(count)]


def _flat_order(names: list[str], p: Any) -> list[str]:
    """The names in the order in which the outputs lie flat, which backends sort differently for dictionaries."""
    return tree.flatten({name: name for name in names}) if isinstance(p, dict) else names


def route(model: Any, y: Any, p: Any, w: Any) -> Iterator[Part]:
    """Which loss, target and weights the user meant for each output: by name where names were given, else by place."""
    names = output_names(model, p)
    predictions = list(p.values()) if isinstance(p, dict) else list(p) if isinstance(p, (list, tuple)) else [p]
    sums = isinstance(model.loss, Sum)
    losses = [_of_output(model.loss, name, names) for name in names] if sums else _each(model.loss, names)
    weights = _each(getattr(model._compile_loss, "_user_loss_weights", None), names)
    targets, rows = _each(y, names), _each(w, names)
    for name, loss, target, prediction, row, weight in zip(
        names, losses, targets, predictions, rows, weights, strict=True
    ):
        yield name, loss, target, prediction, row, 1.0 if weight is None else float(to_numpy(weight))


def _of_output(whole: Sum, name: str, names: list[str]) -> Any:
    """What a sum says of one output, less what reads more than (y_true, y_pred)."""
    parts = [part for part in whole.parts if part.output == name or (part.output is None and len(names) == 1)]
    parts = [replace(part, output=None) for part in parts if not isinstance(part.loss, Term)]
    if not parts:
        return None
    return parts[0].loss if len(parts) == 1 else Sum(parts)


def _each(given: Any, names: list[str]) -> list[Any]:
    if isinstance(given, dict):
        return [given.get(name) for name in names]
    if isinstance(given, (list, tuple)) and len(given) == len(names):
        return list(given)
    return [given] * len(names)


def _route(subject: Subject, part: Part) -> Route:
    name, _, target, prediction, _, weight = part
    y, p = target[:ROWS], prediction[:ROWS]
    try:
        value = subject.value(to_numpy(y), p)
    except LossFailed:
        value = None
    return Route(name, subject.name, tuple(np.shape(y)), tuple(np.shape(p)), weight, value)


def _total(model: Any, x: Any, y: Any, p: Any) -> float:
    """The loss over all outputs as the model itself adds it up, without regularization and other added losses."""
    targets = tree.map_structure(lambda part: to_numpy(part[:ROWS]), y)
    try:
        with keras.StatelessScope():
            tensors = tree.map_structure(keras.ops.convert_to_tensor, p)
            whole = to_numpy(model.compute_loss(x=x, y=targets, y_pred=tensors, sample_weight=None))
            added = sum(float(to_numpy(keras.ops.sum(loss))) for loss in model.losses)
    except Exception as error:  # an overridden compute_loss may raise anything
        raise LossFailed(error) from error
    return float(whole) - added


def _first_rows(x: Any) -> Any:
    return x[:ROWS] if np.ndim(x) else x
