"""The loss inside the model: a layer that sees targets and outputs, adds their loss, and passes the outputs on."""

from typing import Any

import keras
from keras import ops

from ..core.errors import LossaryError
from ..core.lookup import get


@keras.saving.register_keras_serializable(package="lossary")
class LossLayer(keras.layers.Layer):
    """Adds a loss between two tensors of a model to what training minimises.

    `LossLayer(loss, weight=1.0)([targets, outputs])` returns `outputs` unchanged, whatever the targets are; so
    predictions never depend on the targets. A third tensor, `[targets, outputs, sample_weight]`, weighs the rows.
    Such a model is compiled without a loss and trained by `model.fit([x, y])`.

    `loss` is a loss object, a function of (y_true, y_pred), or a name. `weight` scales the loss; 0 keeps it out.
    The loss and its parameters are saved with the model. `without_targets(model)` gives the model for predicting.

    >>> x, y = keras.Input((1,)), keras.Input((1,))
    >>> outputs = keras.layers.Dense(1)(x)
    >>> model = keras.Model([x, y], LossLayer("mse")([y, outputs]))
    >>> model.compile(optimizer="sgd")
    """

    def __init__(self, loss: Any = "mean_squared_error", weight: float = 1.0, **kwargs: Any) -> None:
        # Without autocast the outputs keep their dtype, and targets are not rounded to float16 before the loss.
        super().__init__(**{"autocast": False, **kwargs})
        self.loss = _resolve(loss)
        self.weight = _finite(weight)
        self.supports_masking = True

    def __call__(self, inputs: Any, **kwargs: Any) -> Any:
        _parts(inputs)  # refused here, an error keeps its type; Keras rewraps what `call` raises
        return super().__call__(inputs, **kwargs)

    def call(self, inputs: Any) -> Any:
        targets, outputs, sample_weight = _parts(inputs)
        value = self.loss(targets, outputs, sample_weight=sample_weight)
        self.add_loss(value * ops.cast(self.weight, value.dtype))
        return outputs

    def compute_output_spec(self, inputs: Any) -> Any:
        _, outputs, _ = _parts(inputs)
        return keras.KerasTensor(outputs.shape, dtype=outputs.dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return previous_mask[1] if isinstance(previous_mask, (list, tuple)) else None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "loss": keras.losses.serialize(self.loss), "weight": self.weight}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "LossLayer":
        return cls(**{**config, "loss": get(config["loss"])})


def without_targets(model: keras.Model) -> keras.Model:
    """The model for predicting: `model` less its loss layers and the inputs that fed only those.

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
            arrived=f"It was given a {type(model).__name__}, whose layers are joined in its own code.",
            allowed="Allowed are models made by keras.Model(inputs, outputs), and Sequential ones.",
            do="Write a second `call` that leaves the loss layer out.",
        )
    rewired = keras.models.clone_model(model, clone_function=_same, call_function=_call_without_loss)
    needed = _ancestors(rewired.outputs)
    return keras.Model(_kept(rewired.input, needed), rewired.output, name=model.name)


def _resolve(loss: Any) -> Any:
    """A loss object that reduces to one number."""
    found = get(loss)
    if found is None:
        raise LossaryError(
            "LossLayer(loss) adds a loss to what training minimises.",
            arrived="It was given None.",
            allowed="Allowed is a loss object, a function of (y_true, y_pred), or a name.",
            do='Name one, for instance LossLayer("mse").',
        )
    if getattr(found, "reduction", "") in ("none", None):
        raise LossaryError(
            "LossLayer(loss) adds one number to what training minimises.",
            arrived=f"{found.name} has reduction={found.reduction!r} and gives one value per row.",
            allowed='Allowed are the reductions "sum_over_batch_size", "sum", "mean" and "mean_with_sample_weight".',
            do="Leave `reduction` out, or choose one of these.",
        )
    return found


def _finite(weight: float) -> float:
    try:
        number = float(weight)
    except (TypeError, ValueError):
        number = float("nan")
    if not abs(number) < float("inf"):
        raise LossaryError(
            "LossLayer(weight=...) scales the loss.",
            arrived=f"It was given weight={weight!r}.",
            allowed="Allowed is a finite number.",
            do="Pass such a number, or leave `weight` out for 1.0.",
        )
    return number


def _parts(inputs: Any) -> tuple[Any, Any, Any]:
    if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
        count = f"{len(inputs)} tensors" if isinstance(inputs, (list, tuple)) else f"one {type(inputs).__name__}"
        raise LossaryError(
            "LossLayer joins targets and outputs.",
            arrived=f"It was called on {count}.",
            allowed="Allowed is a list [targets, outputs] or [targets, outputs, sample_weight].",
            do="Call it as LossLayer(loss)([targets, outputs]).",
        )
    targets, outputs, *rest = inputs
    return targets, outputs, rest[0] if rest else None


def _same(layer: keras.layers.Layer) -> keras.layers.Layer:
    return layer


def _call_without_loss(layer: Any, *args: Any, **kwargs: Any) -> Any:
    if isinstance(layer, LossLayer):
        return _parts(args[0] if args else kwargs["inputs"])[1]
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
        # Keras has no public way to ask a symbolic tensor for what it came from.
        operation, node, _ = tensor._keras_history
        waiting.extend(operation._inbound_nodes[node].input_tensors)
    return found


def _kept(inputs: Any, needed: set[int]) -> Any:
    """The inputs that are needed, in the structure they were given in; a single one stands alone."""
    if isinstance(inputs, dict):
        return {name: tensor for name, tensor in inputs.items() if id(tensor) in needed}
    if not isinstance(inputs, (list, tuple)):
        return inputs
    kept = [tensor for tensor in inputs if id(tensor) in needed]
    return kept[0] if len(kept) == 1 else kept
