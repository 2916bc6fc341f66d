"""One batch through a compiled model, forward and backward, eagerly; every tensor on the way is looked at.

All of it happens in Keras's stateless scope: weights, seeds and the optimizer's state stay what they were.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from ..core.contract import checks
from ..core.errors import LossaryError
from ..core.loss import Loss
from ..core.models import check_inputs
from ..numerics.backend import concrete, gradient, gradients
from ..numerics.keras_private import added_losses, calls_of_losses, compiled_loss, layers_of
from ..numerics.masks import mask_of, with_mask
from ..objective.attachment import attachment_of
from .feeds import same_rows
from .parts import Array, arrays, copied, measure, numbers
from .untouched import untouched


@dataclass(frozen=True)
class NotFinite:
    """A tensor that is not finite. `around` holds what its place is explained by."""

    kind: str
    place: str
    array: Array
    output: str = ""
    dtype: str = ""
    around: dict[str, Any] = field(default_factory=dict)


@dataclass
class Watch:
    """What was looked at so far: how many tensors of each kind, the largest number in each, and what is not finite."""

    seen: dict[str, int] = field(default_factory=dict)
    largest: dict[str, float] = field(default_factory=dict)
    found: list[NotFinite] = field(default_factory=list)
    harmless: list[str] = field(default_factory=list)
    stopped: str = ""

    @property
    def finite(self) -> bool:
        """Whether the step is; gradients by the weights, where there are any, outdo those by the predictions."""
        fatal = {found.kind for found in self.found} & {"weight", "value", "regularization", "slope", "gradient"}
        return not self.stopped and not (fatal - {"slope"} if "gradient" in self.seen else fatal)

    def look(self, kind: str, place: str, tensor: Any, output: str = "", **around: Any) -> None:
        """Look at one tensor, or array; what is no floating-point number, or only traced, is passed over."""
        dtype = keras.backend.standardize_dtype(tensor.dtype)
        if "float" not in dtype or (ops.is_tensor(tensor) and not concrete(tensor)):
            return
        array = numbers(tensor)
        finite = np.isfinite(array)
        self.seen[kind] = self.seen.get(kind, 0) + 1
        if finite.any():
            self.largest[kind] = max(self.largest.get(kind, 0.0), float(np.abs(array[finite]).max()))
        if not finite.all():
            self.found.append(NotFinite(kind, place, array, output, dtype, around))

    def data(self, kind: str, place: str, values: Any, spared: Array | None = None) -> None:
        """Look at the arrays of a structure. Rows that the loss leaves out (`spared`) are only noted."""
        for path, leaf in _leaves(values):
            if spared is not None and "float" in str(leaf.dtype) and spared.shape == leaf.shape[:1]:
                leaf = self._without(leaf, spared, f"{place}{path}")
            self.look(kind, f"{place}{path}", leaf)

    def _without(self, leaf: Any, spared: Array, place: str) -> Array:
        array = numbers(leaf)
        if not np.isfinite(array[spared]).all():
            self.harmless.append(f"{place} is not finite in rows of weight 0, which the loss leaves out.")
        array[spared] = 0.0
        return array


@dataclass(frozen=True)
class Call:
    """One loss of a model as it is called: which output it belongs to, and what it is given."""

    loss: keras.losses.Loss
    scale: float
    y_true: Any
    y_pred: Any
    weight: Any
    index: int = 0  # of the output
    output: str = ""  # its name, where there are several

    def value(self, y_pred: Any) -> Any:
        """The loss of other predictions in the same place."""
        return self.scale * self.loss(self.y_true, with_mask(y_pred, mask_of(self.y_pred)), copied(self.weight))


def watch_model(model: keras.Model, x: Any, y: Any, sample_weight: Any) -> Watch:
    """One training step of a compiled model; nothing about the model changes."""
    x, y, weight = tensors(x), tensors(y), tensors(sample_weight)
    _check_ready(model, x, y)
    same_rows("diagnose", x=x, y=y, sample_weight=weight)
    watch = Watch()
    watch.data("input", "inputs x", x)
    watch.data("target", "targets y", y, spared(weight, _losses(model)))
    watch.data("sample weight", "sample weights", weight)
    for variable in model.weights:
        watch.look("weight", f"weight '{short(variable)}'", variable.value)
    with to_the_end(watch):
        _watch_step(watch, model, x, y, weight)
    return watch


@contextlib.contextmanager
def to_the_end(watch: Watch) -> Iterator[None]:
    """Without value checks, so that the numbers themselves tell. An error is passed on, unless what was not finite
    before it is to blame."""
    try:
        with checks(False):
            yield
    except LossaryError:
        raise
    except Exception as error:
        if not watch.found:
            raise
        watch.stopped = f"Then the step stopped: {type(error).__name__}: {error}"


def _watch_step(watch: Watch, model: keras.Model, x: Any, y: Any, weight: Any) -> None:
    """The step itself: forward, the losses, the added terms, backward."""
    with untouched(), keras.StatelessScope([], collect_losses=True):
        with listening(model, watch):
            y_pred = _run(model, x)
        terms = _terms(model)
        whole = _own_loss(model, x, y, y_pred, weight)
    watch.data("prediction", "predictions", y_pred)
    calls = _calls(model, y, y_pred, weight)
    if not calls and not terms and whole is None:
        raise LossaryError(
            "diagnose(model, x, y) inspects one training step.",
            arrived=f"The model '{model.name}' has nothing to minimise: no loss in compile, and none in a layer.",
            allowed="Expected a model with a loss.",
            do="Pass one to model.compile, for instance loss=ls.Huber().",
        )
    for call in calls:
        watch_call(watch, call)
    if whole is not None:
        watch.look("value", "value of compute_loss", whole)
    for name, term in terms.items():
        watch.look("regularization", name, term)
    for call in calls:
        watch_slope(watch, call)
    _watch_gradients(watch, model, x, y, weight, calls)


def watch_call(watch: Watch, call: Call, place: str = "loss value") -> None:
    """The value of a loss, row by row, and their sum."""
    parts = measure(call.loss, call.y_true, call.y_pred, call.weight)
    place += of(call.output)
    watch.look("value", place, parts.contributions, call.output, call=call, parts=parts)
    if np.isfinite(parts.contributions).all():
        watch.look("value", place, call.value(call.y_pred), call.output, call=call, parts=parts)


def watch_slope(watch: Watch, call: Call, place: str = "gradient with respect to the predictions") -> None:
    """The derivative of a loss by its predictions."""
    slope = gradient(call.value, call.y_pred)
    watch.look("slope", place + of(call.output), slope, call.output, call=call)


def spared(weight: Any, losses: list[Any]) -> Array | None:
    """Which rows have weight 0, where every loss is lossary's and leaves them out; else None."""
    if weight is None or keras.tree.is_nested(weight) or not losses or not all(isinstance(x, Loss) for x in losses):
        return None
    flat = numbers(weight)
    return flat == 0 if flat.ndim == 1 else None


def tensors(values: Any) -> Any:
    """Data as `fit` hands them to a model: floating-point numbers in floatx, integers as they are."""
    return keras.tree.map_structure(_tensor, arrays(values)) if values is not None else None


def _tensor(x: Any) -> Any:
    if x is None:  # no weights for one of several outputs
        return None
    floating = "float" in str(x.dtype)
    return ops.convert_to_tensor(x, dtype=keras.config.floatx() if floating else None)


def short(variable: Any) -> str:
    """'dense/kernel' of a longer path."""
    return "/".join(str(variable.path).split("/")[-2:])


def of(output: str) -> str:
    return f" of output '{output}'" if output else ""


def _leaves(values: Any) -> list[tuple[str, Any]]:
    """The tensors of a structure with their places in it: ('', x), ('[0]', x0), ("['a']", xa)."""
    if values is None:
        return []
    if isinstance(values, dict):
        return [(f"[{key!r}]{path}", leaf) for key, part in values.items() for path, leaf in _leaves(part)]
    if isinstance(values, (list, tuple)):
        return [(f"[{key}]{path}", leaf) for key, part in enumerate(values) for path, leaf in _leaves(part)]
    return [("", values)]


def _run(model: keras.Model, x: Any) -> Any:
    return model(x, training=True) if "training" in model.call_signature_parameters else model(x)


def _terms(model: keras.Model) -> dict[str, Any]:
    """Every regularization term, and every loss that a layer adds; inside the scope of a call."""
    named: dict[str, Any] = {}
    for layer in layers_of(model):  # `losses` would not tell which layer added which
        for number, loss in enumerate(added_losses(layer)):
            named[f"loss {number} added by layer '{layer.name}'"] = loss
    for variable in model.trainable_weights:
        if getattr(variable, "regularizer", None) is not None:
            named[f"regularization of weight '{short(variable)}'"] = variable.regularizer(variable.value)
    return named


@contextlib.contextmanager
def listening(model: keras.Model, watch: Watch) -> Iterator[None]:
    """While the block runs, the output of every layer and operation inside the model is looked at, in their order."""
    heard = _operations(model)
    before = [operation.__dict__.get("call") for operation in heard]
    try:
        for operation in heard:  # past the __setattr__ of Keras and torch, which would track it
            object.__setattr__(operation, "call", _ear(operation, operation.call, watch))
        yield
    finally:
        for operation, call in zip(heard, before, strict=True):
            if call is not None:
                object.__setattr__(operation, "call", call)
            elif "call" in operation.__dict__:
                object.__delattr__(operation, "call")


def _operations(model: keras.Model) -> list[Any]:
    """Every layer inside the model, nested ones too, and the operations of functional models, each once."""
    models = layers_of(model)
    every = models[1:] + [operation for part in models for operation in getattr(part, "operations", [])]
    return list({id(operation): operation for operation in every}.values())


def _ear(operation: Any, call: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    what = "layer" if isinstance(operation, keras.layers.Layer) else "operation"

    def heard(*args: Any, **kwargs: Any) -> Any:
        outputs = call(*args, **kwargs)
        inputs = [leaf for leaf in keras.tree.flatten((args, kwargs)) if ops.is_tensor(leaf)]
        for leaf in keras.tree.flatten(outputs):
            if ops.is_tensor(leaf):
                watch.look("layer", f"{what} '{operation.name}' output", leaf, operation=operation, inputs=inputs)
        return outputs

    return heard


def _calls(model: keras.Model, y: Any, y_pred: Any, weight: Any) -> list[Call]:
    """The losses of `compile` with what each is given."""
    if compiled_loss(model) is None or y is None or _computes_its_loss(model):
        return []
    flat = keras.tree.flatten(y_pred)
    names = list(getattr(model, "output_names", None) or range(len(flat)))
    calls: list[Call] = []
    calls_of_losses(model, lambda: (y, y_pred, copied(weight)), lambda part: _recorder(part, calls, flat, names))
    return calls


def _recorder(part: Any, calls: list[Call], flat: list[Any], names: list[Any]) -> Callable[..., Any]:
    def record(y_true: Any, y_pred: Any, weight: Any = None) -> Any:
        index = next((i for i, leaf in enumerate(flat) if leaf is y_pred), 0)
        scale = 1.0 if part.loss_weights is None else float(part.loss_weights)
        output = str(names[index]) if len(flat) > 1 else ""
        calls.append(Call(part.loss, scale, y_true, y_pred, weight, index, output))
        return ops.zeros(())

    return record


def _losses(model: keras.Model) -> list[Any]:
    """The losses of `compile` as they were given."""
    return [loss for loss in keras.tree.flatten(getattr(model, "loss", None)) if loss is not None]


def _computes_its_loss(model: keras.Model) -> bool:
    """Whether a class has a compute_loss of its own, or its loss reads more than (y_true, y_pred)."""
    return type(model).compute_loss is not keras.Model.compute_loss or attachment_of(model) is not None


def _own_loss(model: keras.Model, x: Any, y: Any, y_pred: Any, weight: Any) -> Any:
    """What a `compute_loss` of the model's own gives, inside the scope of a call; None where it has none."""
    if not _computes_its_loss(model):
        return None
    return model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=copied(weight))


def _watch_gradients(watch: Watch, model: keras.Model, x: Any, y: Any, weight: Any, calls: list[Call]) -> None:
    """The derivative of everything that is minimised by each weight, in the order of the backward pass: last first."""
    variables = list(model.trainable_variables)

    def minimised(values: list[Any]) -> Any:
        with keras.StatelessScope(list(zip(variables, values, strict=True)), collect_losses=True):
            y_pred = _run(model, x)
            whole = _own_loss(model, x, y, y_pred, weight)
            if whole is not None:
                return whole
            flat = keras.tree.flatten(y_pred)
            added = [call.value(flat[call.index]) for call in calls] + list(_terms(model).values())
            return sum(ops.sum(ops.cast(term, "float32")) for term in added)

    if not variables:
        return
    with untouched():
        slopes = gradients(minimised, [ops.convert_to_tensor(variable.value) for variable in variables])
    for variable, slope in list(zip(variables, slopes, strict=True))[::-1]:
        watch.look("gradient", f"gradient of weight '{short(variable)}'", slope)


def _check_ready(model: keras.Model, x: Any, y: Any) -> None:
    if not model.built or not getattr(model, "compiled", False):
        raise LossaryError(
            "diagnose(model, x, y) inspects one training step.",
            arrived=f"The model '{model.name}' is not {'compiled' if model.built else 'built: it has no weights yet'}.",
            allowed="Expected a model that is built and compiled.",
            do="Call model.compile(...)." if model.built else "Call it once on a batch: model(x[:1]).",
        )
    check_inputs("diagnose(model, x, y)", model, x)
    if y is None and _losses(model):
        raise LossaryError(
            "diagnose(model, x, y) inspects one training step.",
            arrived=f"The model '{model.name}' is compiled with a loss, and there are no targets.",
            allowed="Expected y, or a model whose losses are all inside it.",
            do="Pass y, as to model.fit.",
        )
