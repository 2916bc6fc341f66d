"""Losses inside the model: layers that add a term to what training minimises, and pass tensors on unchanged.

LossLayer   a loss between targets and outputs, both tensors of the model
TermLayer   a function of any tensors of the model: what `add_loss` was used for
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import ops

from .._calls import checked_call
from ..core import compiling, reduction
from ..core.errors import LossaryError, shown
from ..core.lookup import get
from ..core.loss import Loss
from ..core.metrics import own_loss
from ..core.moments import Moment, open_moment
from ..core.schedules import Moving
from ..core.slots import sized
from ..core.sums import Part, weights_of
from ..numerics.keras_private import parents_of
from .attachment import carried_by, leaves_of
from .term import filled

Tensor = Any


class _AddsLoss(keras.layers.Layer):
    """What both layers share: a weight that may move with the step, counted by the layer, and learned variables."""

    adds_loss = True  # what it adds is a loss, no regularization

    def __init__(self, loss: Any, weight: Any, **kwargs: Any) -> None:
        compiling.needed()
        # Without autocast the outputs keep their dtype, and targets are not rounded to float16 before the loss.
        super().__init__(**{"autocast": False, **kwargs})
        self.supports_masking = True
        self._part = Part(loss, weights_of(weight))
        self.weight = self._part.weights[0]
        leaves = [*leaves_of(loss), *self._part.weights]
        self.carried = [layer for leaf in leaves for layer in carried_by(leaf)]
        self.step = None
        if any(isinstance(leaf, Moving) for leaf in leaves):
            self.step = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="step")

    @contextlib.contextmanager
    def _moment(self, training: bool | None) -> Iterator[None]:
        """One call in training is one step."""
        step = 0 if self.step is None else ops.convert_to_tensor(self.step)
        with open_moment(Moment(step, bool(training))):
            yield
        if training and self.step is not None:
            self.step.assign(self.step + 1)

    def _ready(self, loss: Any, inputs: dict[str, Any]) -> None:
        """Refuse names that the loss does not know, and make the weights that it owns."""
        rest = filled(loss, [name for name in inputs if name != "sample_weight"])
        if rest:
            raise LossaryError(
                f"{type(self).__name__} is called on the tensors of {loss!r}, by name.",
                arrived=f"It was called on {', '.join(inputs) or 'none'}; it lacks {' and '.join(rest)}.",
                allowed=f"Expected {loss.inputs.values()[0] if loss.inputs else 'y_true and y_pred'}, and "
                "optionally sample_weight.",
                do="Pass all of them, by name.",
            )
        if loss.inputs.own() and loss.layer is None:
            shapes = {n: x.shape for n, x in inputs.items()}
            form = next((form for form in loss.inputs.values() if set(shapes) <= {*form.slots, "sample_weight"}), None)
            told = [sized(form.slots[n].axes, shapes[n]) for n in shapes if n in form.slots] if form else []
            known = {axis: size for one in told for axis, size in one.items()}
            if loss.build_weights(known):
                self.carried.append(loss.layer)

    def _add(self, value: Tensor) -> None:
        self.add_loss(value * ops.cast(self._part.weight(), value.dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self._part.to_config()["weights"][0]}


@keras.saving.register_keras_serializable(package="lossary")
class LossLayer(_AddsLoss):
    """Adds a loss between two tensors of a model to what training minimises.

    `LossLayer(loss, weight=1.0)([targets, outputs])` returns `outputs` unchanged, whatever the targets are; so
    predictions never depend on the targets. A third tensor, `[targets, outputs, sample_weight]`, weighs the rows.
    Such a model is compiled without a loss and trained by `model.fit([x, y])`.

    A loss of other tensors takes them by name: `LossLayer(ls.TripletMargin())({"anchor": a, "positive": p, "negative":
    n})`, with "sample_weight" beside them if need be. It returns its predictions: a dictionary, or the only one.

    `loss` is a loss object, a sum of losses, a function of (y_true, y_pred), or a name. `weight` scales the loss; 0
    keeps it out; a schedule or a Dial moves it. The loss, its parameters and what it learns are saved with the model.
    `without_targets(model)` gives the model for predicting.

    >>> x, y = keras.Input((1,)), keras.Input((1,))
    >>> outputs = keras.layers.Dense(1)(x)
    >>> model = keras.Model([x, y], LossLayer("mse")([y, outputs]))
    >>> model.compile(optimizer="sgd")
    """

    @checked_call
    def __init__(self, loss: Any = "mean_squared_error", weight: Any = 1.0, **kwargs: Any) -> None:
        self.loss: Any = None
        loss = _resolve(loss)
        super().__init__(loss, weight, **kwargs)
        self.loss = loss

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        if isinstance(inputs, dict) and isinstance(self.loss, Loss):
            self._ready(self.loss, inputs)
        else:
            _parts(inputs)  # refused here, an error keeps its type; Keras rewraps what `call` raises
        return super().__call__(inputs, **kwargs)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        with self._moment(training):
            if isinstance(inputs, dict):
                self._add(self.loss(**inputs))
            else:
                targets, outputs, sample_weight = _parts(inputs)
                self._add(self.loss(targets, outputs, sample_weight=sample_weight))
        return self.passed(inputs)

    def passed(self, inputs: Any) -> Any:
        """What goes on from here: the predictions."""
        if not isinstance(inputs, dict):
            return _parts(inputs)[1]
        sides = [slots.side("pred") for slots in self.loss.inputs.values()] or [["y_pred", *self.loss.heads]]
        names = {name for side in sides for name in side}
        found = {name: x for name, x in inputs.items() if name in names}
        return next(iter(found.values())) if len(found) == 1 else found

    def compute_output_spec(self, inputs: Any, training: bool | None = None) -> Any:
        return keras.tree.map_structure(lambda x: keras.KerasTensor(x.shape, dtype=x.dtype), self.passed(inputs))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        if isinstance(inputs, dict):
            return self.passed(previous_mask) if isinstance(previous_mask, dict) else None
        return previous_mask[1] if isinstance(previous_mask, (list, tuple)) else None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "loss": keras.losses.serialize(self.loss)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LossLayer:
        return cls(**{**config, "loss": get(config["loss"])})


@keras.saving.register_keras_serializable(package="lossary")
class TermLayer(_AddsLoss):
    """Adds a function of any tensors of the model to what training minimises: what `model.add_loss` was used for.

        z = ls.TermLayer(kl, weight=0.1)({"mean": mean, "log_var": log_var})
        z["mean"]  # go on from here, so that the layer is part of the model

    Args:
        of: a function of named tensors, the keys of the input; it gives one value per row (averaged) or one number. To
            be loaded again, it has to be registered with keras.saving.register_keras_serializable. Or a loss, with
            tensors by its names.
        weight: a number, a schedule or a Dial.

    Returns the dictionary it was called on, unchanged.
    """

    @checked_call
    def __init__(self, of: Callable[..., Tensor], weight: Any = 1.0, **kwargs: Any) -> None:
        if not callable(of):
            raise LossaryError(
                "TermLayer(of) adds a function of the model's tensors to the loss.",
                arrived=f"It was given {shown(of)}.",
                allowed="Expected a function of named tensors.",
                do='Write the term as a function, and call the layer on {"argument": tensor, ...}.',
            )
        loss = own_loss(of)
        super().__init__(loss or of, weight, **kwargs)
        self.of = loss or of

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        if not isinstance(inputs, dict):
            raise LossaryError(
                "TermLayer is called on the arguments of its function, by name.",
                arrived=f"It was called on {type(inputs).__name__}.",
                allowed="Expected a dictionary of tensors.",
                do='Call it as TermLayer(of)({"mean": mean, "log_var": log_var}).',
            )
        if isinstance(self.of, Loss):
            self._ready(self.of, inputs)
        return super().__call__(inputs, **kwargs)

    def call(self, inputs: dict[str, Tensor], training: bool | None = None) -> dict[str, Tensor]:
        with self._moment(training):
            values = ops.convert_to_tensor(self.of(**inputs))
            self._add(reduction.reduce(values, None, None, "sum_over_batch_size"))
        return inputs

    def compute_output_spec(self, inputs: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        return {name: keras.KerasTensor(tensor.shape, dtype=tensor.dtype) for name, tensor in inputs.items()}

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return previous_mask

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "of": keras.saving.serialize_keras_object(self.of)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> TermLayer:
        return cls(**{**config, "of": keras.saving.deserialize_keras_object(config["of"])})


@checked_call
def without_targets(model: keras.Model) -> keras.Model:
    """The model for predicting: `model` without its loss layers and the inputs that only those use.

    Layers and weights are shared with `model`, so training one trains the other. Only functional models
    (`keras.Model(inputs, outputs)`) can be rewired; others raise LossaryError.

    >>> x, y = keras.Input((2,)), keras.Input((1,))
    >>> model = keras.Model([x, y], LossLayer("mse")([y, keras.layers.Dense(1)(x)]))
    >>> without_targets(model).input_shape
    (None, 2)
    """
    if isinstance(model, keras.Sequential):
        return model
    if not hasattr(model, "operations"):
        raise LossaryError(
            "without_targets(model) rewires a functional model.",
            arrived=f"It was given a {type(model).__name__}, whose layers are connected in its own `call`.",
            allowed="Expected a functional model, keras.Model(inputs, outputs), or a Sequential one.",
            do="Write a second `call` that leaves the loss layer out.",
        )
    rewired = keras.models.clone_model(model, clone_function=_same, call_function=_call_without_loss)
    needed = _ancestors(rewired.outputs)
    return keras.Model(_kept(rewired.input, needed), rewired.output, name=model.name)


def _resolve(loss: Any) -> Any:
    """A loss object that reduces to one number."""
    found = get(loss)
    if not isinstance(found, keras.losses.Loss):
        raise LossaryError(
            "LossLayer(loss) adds a loss to what training minimises.",
            arrived=f"It was given {'None' if found is None else f'a {type(found).__name__}'}.",
            allowed="Expected a loss object, a function of (y_true, y_pred), or a name.",
            do='Name one, for instance LossLayer("mse").',
        )
    if getattr(found, "reduction", "") in ("none", None):
        raise LossaryError(
            "LossLayer(loss) adds one number to what training minimises.",
            arrived=f"{found.name} has reduction={found.reduction!r} and gives one value per row.",
            allowed='Expected one of "sum_over_batch_size", "sum", "mean" and "mean_with_sample_weight".',
            do="Leave `reduction` out, or choose one of these.",
        )
    return found


def _parts(inputs: Any) -> tuple[Any, Any, Any]:
    if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
        count = f"{len(inputs)} tensors" if isinstance(inputs, (list, tuple)) else f"one {type(inputs).__name__}"
        raise LossaryError(
            "LossLayer joins targets and outputs.",
            arrived=f"It was called on {count}.",
            allowed="Expected a list [targets, outputs] or [targets, outputs, sample_weight].",
            do="Call it as LossLayer(loss)([targets, outputs]).",
        )
    targets, outputs, *rest = inputs
    return targets, outputs, rest[0] if rest else None


def _same(layer: keras.layers.Layer) -> keras.layers.Layer:
    return layer


def _call_without_loss(layer: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(layer, _AddsLoss):
        given = args[0] if args else kwargs["inputs"]
        for tensor in keras.tree.flatten(given):  # Keras 3.12 refuses a model one of whose inputs leads nowhere
            keras.layers.Identity()(tensor)
        return layer.passed(given) if isinstance(layer, LossLayer) else given
    return layer(*args, **kwargs)


def _ancestors(tensors: list[Any]) -> set[int]:
    """The ids of all symbolic tensors that `tensors` are computed from, themselves included."""
    found: set[int] = set()
    waiting = list(tensors)
    while waiting:
        tensor = waiting.pop()
        if id(tensor) in found:
            continue
        found.add(id(tensor))
        waiting.extend(parents_of(tensor))
    return found


def _kept(inputs: Any, needed: set[int]) -> Any:
    """The inputs that are needed, in the structure they were given in; a single one stands alone."""
    if isinstance(inputs, dict):
        return {name: tensor for name, tensor in inputs.items() if id(tensor) in needed}
    if not isinstance(inputs, (list, tuple)):
        return inputs
    kept = [tensor for tensor in inputs if id(tensor) in needed]
    return kept[0] if len(kept) == 1 else kept
