"""A compiled model as cases: its predictions on the first rows, and which loss meets which output and target."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import keras
import numpy as np
from keras import tree

from ..core.errors import LossaryError
from ..core.loss import Loss
from ..core.models import check_inputs
from ..core.sums import Sum
from ..numerics.backend import together
from ..numerics.keras_private import loss_weights, operation_of
from ..numerics.masks import mask_of
from ..objective.attachment import by_name
from ..objective.term import Term
from .case import ROWS, Case, Setup, as_columns, make_case
from .feeds import Feed, feed
from .findings import Route
from .known import LossFailed, Subject, to_numpy
from .slots import slot_case
from .step import watch_model

PASSING = (
    "Reshape",
    "Flatten",
    "Permute",
    "Dropout",
    "Identity",
    "Cropping1D",
    "Cropping2D",
)  # keep values as they are
FAR = 80.0  # e to the power of more leaves float32
REACHED = np.concatenate([np.linspace(-FAR, FAR, 321), np.linspace(-4, 4, 801)]).astype("float32")
BEYOND = np.array([-1e30, -1e4, 1e4, 1e30], "float32")  # what rises slowly has no bound either
Part = tuple[str, Any, Any, Any, Any, float]  # output, loss, target, prediction, sample weight, loss weight


def cases_of_model(model: Any, x: Any, y: Any, w: Any) -> list[Case]:
    """One case per output that has a loss, and one per part where that is a sum."""
    if not getattr(model, "compiled", False):
        raise LossaryError(
            "check(model, x, y) checks the loss that the model was compiled with.",
            arrived="This model is not compiled.",
            allowed="Expected a model compiled with a loss: model.compile(loss=...).",
            do="Compile it first, or pass the loss: ls.check(loss, y_true, y_pred, model=model).",
        )
    fed = feed(x, y, w)
    check_inputs("check(model, x, y)", model, fed.x)
    found = Inputs(model, fed)
    p, masks = _predicted(model, fed.x)
    cases = cases_of_predictions(model, fed.x, p, masks, fed.y, fed.w, found)
    if not cases:
        raise LossaryError(
            "check(model, x, y) checks outputs that have a loss and targets.",
            arrived=f"No output has both: the outputs are {', '.join(output_names(model, p))}"
            + (f", and the targets are for {', '.join(map(str, fed.y))}." if isinstance(fed.y, dict) else "."),
            allowed="Expected targets by output name or in the order of the outputs, and a loss in compile.",
            do="Compare the names.",
        )
    if not any(mask is not None for mask in masks):  # which further rows a model masks, only its predictions tell
        _with_every_row(model, cases, fed, p)
    return cases


def _predicted(model: Any, x: Any) -> tuple[Any, list[Any]]:
    try:
        return predict(model, x)
    except LossaryError:
        raise
    except Exception as error:  # whatever Keras says of a model and its inputs
        text = " ".join(re.sub("\x1b\\[[0-9;]*m", "", str(error)).partition("Arguments received by")[0].split())
        raise LossaryError(
            f"Cannot run the model '{model.name}' on x.",
            arrived=f"It raised {type(error).__name__}: {text[:300]}{' …' if len(text) > 300 else ''}",
            allowed="Expected inputs as the model takes them in fit.",
            do="Run model.predict(x) on a few rows first.",
        ) from error


def _with_every_row(model: Any, cases: list[Case], fed: Feed, p: Any) -> None:
    """Tell the cases the targets and weights of all rows."""
    every = {part[0]: part for part in route(model, fed.every_y, p, fed.every_w)}
    for case in cases:
        _, _, target, _, weight, _ = every[case.place]
        if target is not None and not case.subject.slotted and len(target) > case.n:
            case.every = replace(case, y=as_columns(target, case), p=case.p[:0], w=weight, mask=None, every=None)


def cases_of_predictions(
    model: Any, x: Any, p: Any, masks: list[Any], y: Any, w: Any, inputs: Inputs | None = None, one_batch: bool = False
) -> list[Case]:
    """The same for predictions already made; `x` are the rows they were made of, `masks` those of the outputs."""
    parts = [part for part in route(model, y, p, w) if part[1] is not None and part[2] is not None]
    subjects = [Subject(loss, target, prediction) for _, loss, target, prediction, _, _ in parts]
    routes = [_route(*pair) for pair in zip(subjects, parts, strict=True)]
    names = output_names(model, p)
    places = {name: place for place, name in enumerate(_flat_order(names, p))}
    cases = []
    for subject, (name, _, target, prediction, weight, _) in zip(subjects, parts, strict=True):
        setup = setup_of(model, places[name])
        setup.routes, setup.inputs, setup.one_batch = routes, inputs, one_batch
        setup.total = lambda: _total(model, x, y, p)
        several = name if len(parts) > 1 else ""
        mask = masks[places[name]]
        make = slot_case if isinstance(subject.loss, Loss) and subject.loss.inputs else make_case
        cases.append(
            make(subject, target, prediction, weight, mask, setup=setup, output=several, place=name, predicted=True)
        )
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
    several, averaged = int(getattr(strategy, "num_replicas_in_sync", 1)), False
    if several == 1:
        several, averaged = together()
    iterations = getattr(optimizer, "iterations", None)
    return Setup(
        model=model,
        activation=activation_of(model, place),
        reach=reach_of(model, place),
        rests=rests_of(model, place),
        untrained=iterations is not None and int(to_numpy(keras.ops.convert_to_tensor(iterations))) == 0,
        steps_back=keras.backend.backend() == "tensorflow",
        steps=steps,
        replicas=several,
        averaged=averaged and several > 1,
        scope=strategy.scope if several > 1 and strategy is not None else nullcontext,
        whole=model.loss if isinstance(getattr(model, "loss", None), Sum) else None,
        weights=loss_weights(model),
    )


class Inputs:
    """The inputs of a model, all rows of them, and what a training step makes of some."""

    def __init__(self, model: Any, fed: Feed) -> None:
        self.model, self.fed = model, fed

    @property
    def arrays(self) -> list[tuple[str, Any]]:
        """Every array of inputs with its place among several: ('', x), (" 'a'", xa), (' 1', x1)."""
        x = self.fed.every_x
        if isinstance(x, dict):
            named = [(f" {name!r}", part) for name, part in x.items()]
        else:
            named = [(f" {k}", part) for k, part in enumerate(x)] if isinstance(x, (list, tuple)) else [("", x)]
        found = [(place, part) for place, part in named if isinstance(part, np.ndarray) or keras.ops.is_tensor(part)]
        return [(place, part if isinstance(part, np.ndarray) else _floats(part)) for place, part in found]

    def spoils(self, rows: Any) -> bool:
        """Whether a training step on these rows does not stay finite."""
        fed = self.fed
        given = (
            None if part is None else tree.map_structure(lambda leaf: np.asarray(to_numpy(leaf))[rows], part)
            for part in (fed.every_x, fed.every_y, fed.every_w)
        )
        try:
            return not watch_model(self.model, *given).finite
        except Exception:  # a training step of the model's own kind
            return True


def _floats(tensor: Any) -> Any:
    """A tensor as NumPy where it holds floats; else nothing to look at."""
    holds = "float" in keras.backend.standardize_dtype(tensor.dtype)
    return to_numpy(tensor) if holds else np.zeros((0,), "int32")


def activation_of(model: Any, place: int) -> str | None:
    """The name of the activation that ends this output, or None where it cannot be read."""
    layer = last_layer(model, place)
    if layer is None:
        return None
    if type(layer).__name__ in ("Softmax", "ReLU"):
        return type(layer).__name__.lower()
    function = getattr(layer, "activation", None)
    return str(getattr(function, "__name__", None) or "") or None if _ends(layer) else None


def _ends(layer: Any) -> bool:
    return isinstance(layer, (keras.layers.Dense, keras.layers.Activation)) or "Conv" in type(layer).__name__


def last_layer(model: Any, place: int) -> Any:
    """The layer that gives this output's values, or None."""
    try:
        tensor = tree.flatten(model.outputs)[place]
        layer = operation_of(tensor)
        while type(layer).__name__ in PASSING:
            tensor = tree.flatten(layer.input)[0]
            layer = operation_of(tensor)
    except (AttributeError, ValueError, IndexError, TypeError):
        return None
    return layer


def reach_of(model: Any, place: int) -> tuple[float, float] | None:
    """The least and largest number that this output can give, seen from its last activation; None without bounds."""
    layer = last_layer(model, place)
    name = type(layer).__name__
    if name in ("LSTM", "GRU") and getattr(layer.activation, "__name__", "") == "tanh":
        return -1.0, 1.0
    if name == "Softmax":
        return 0.0, 1.0
    of_vectors = {"softmax": (0.0, 1.0), "log_softmax": (-np.inf, 0.0)}
    known = of_vectors.get(getattr(getattr(layer, "activation", None), "__name__", ""))
    if known is not None:
        return known
    got = _given_by(layer)
    if got is None:
        return None
    low, high = float(np.nanmin(got)), float(np.nanmax(got))
    low, high = (-np.inf if low < -FAR / 2 else low), (np.inf if high > FAR / 2 else high)
    return None if low == -np.inf and high == np.inf else (low, high)


def rests_of(model: Any, place: int) -> tuple[float, ...]:
    """The edges of its reach where the last activation stays for ordinary inputs: 0 for a relu, none for a sigmoid."""
    got = _given_by(last_layer(model, place))
    if got is None:
        return ()
    got = got[: len(REACHED)]
    ordinary = got[np.abs(REACHED) <= 4]
    return tuple(edge for edge in (float(got.min()), float(got.max())) if np.mean(ordinary == edge) > 0.1)


def _given_by(layer: Any) -> Any:
    """What the activation of a layer gives at REACHED and BEYOND; None where that cannot be said."""
    function = layer if type(layer).__name__ == "ReLU" else getattr(layer, "activation", None) if _ends(layer) else None
    if function is None or getattr(function, "__name__", "") == "linear":
        return None
    numbers, usual = np.concatenate([REACHED, BEYOND]), len(REACHED)
    try:
        with keras.StatelessScope():
            got, part = (
                to_numpy(function(keras.ops.convert_to_tensor(x))).astype("float64") for x in (numbers, numbers[:usual])
            )
    except Exception:  # of some inputs only
        return None
    each = got.shape == numbers.shape and np.allclose(got[:usual], part, equal_nan=True)  # and not one of vectors
    return got if each and not np.isnan(part).any() else None


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
    whole = model.loss[0] if isinstance(model.loss, (list, tuple)) and len(model.loss) == 1 else model.loss
    if isinstance(whole, Loss) and by_name(whole, len(names)):  # it reads all outputs
        yield names[0], whole, y, p, w, 1.0
        return
    predictions = list(p.values()) if isinstance(p, dict) else list(p) if isinstance(p, (list, tuple)) else [p]
    sums = isinstance(model.loss, Sum)
    losses = [_of_output(model.loss, name, names) for name in names] if sums else _each(model.loss, names)
    weights = _each(loss_weights(model), names)
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
    if isinstance(prediction, (dict, list, tuple)):  # a loss that reads all outputs
        return Route(name, subject.name, (), (), weight, None)
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
