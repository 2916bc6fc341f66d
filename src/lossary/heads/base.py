"""What all heads share: a linear layer of their own, and an arrangement of its numbers that their loss can read."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from ..core.errors import ShapeError
from ..core.loss import Loss
from ..core.params import Param

Tensor = Any
Shape = tuple[int | None, ...]


READ_OUTPUTS = {"point", "probabilities", "passing", "predicted"}


def _of_own_outputs(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method that reads outputs of its head, and refuses any other array."""

    @wraps(method)
    def checked(self: Head, outputs: Any, *args: Any, **kwargs: Any) -> Any:
        shape = getattr(outputs, "shape", None) or np.shape(outputs)
        if not len(shape) or shape[-1] not in (None, self.outputs):
            raise ShapeError(
                f"heads.{type(self).__name__}.{method.__name__}(outputs) reads the outputs of a model that ends in it.",
                arrived=f"The outputs have shape {tuple(shape)}.",
                allowed=f"Expected a last axis of length {self.outputs}.",
                do=f"Call the model first: head.{method.__name__}(model(x)).",
            )
        return method(self, outputs, *args, **kwargs)

    return checked


class Head(keras.layers.Layer):
    """The last layer of a model: a linear layer whose numbers are arranged as one loss reads them.

    A subclass names its loss (`pairs_with`), its settings, how many numbers it needs for each target (`raw`) and how
    many it gives (`outputs`). Outputs are (row, outputs), or (row, targets, outputs) where `targets` is given.
    """

    pairs_with: ClassVar[type[Loss]]
    settings: ClassVar[dict[str, Param]] = {}
    use_bias: ClassVar[bool] = True
    rises: ClassVar[bool] = False  # whether outputs never fall along the last axis, whatever the weights are

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in READ_OUTPUTS & vars(cls).keys():
            setattr(cls, name, _of_own_outputs(vars(cls)[name]))
        keras.saving.register_keras_serializable("lossary.heads")(cls)

    def __init__(self, targets: int | None, given: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        kinds = {"targets": Param("The number of targets of a row.", kind="whole", low=1, closed=True, optional=True)}
        for name, value in {"targets": targets, **given}.items():
            setattr(self, name, (kinds | self.settings)[name].check(type(self).__name__, name, value))

    @property
    def outputs(self) -> int:
        """How many numbers the loss reads for each target."""
        raise NotImplementedError

    @property
    def raw(self) -> int:
        """How many numbers of the linear layer they are made of."""
        return self.outputs

    def fixed(self) -> dict[str, Any]:
        """The parameters of the loss that the head decides."""
        return {}

    def loss(self, **parameters: Any) -> Loss:
        """The loss that reads these outputs, with further parameters."""
        return self.pairs_with(**{**self.fixed(), **parameters})

    def arrange(self, numbers: Tensor) -> Tensor:
        """Outputs (..., outputs) from the numbers of the linear layer (..., raw)."""
        return numbers

    def point(self, outputs: Tensor) -> Tensor:
        """The one best answer for each target, from outputs: a level, or a number."""
        raise NotImplementedError

    def add_more_weights(self, shape: tuple[int, ...]) -> None:
        """Weights beside the linear layer; `shape` is (), or (targets,)."""

    def build(self, input_shape: Shape) -> None:
        self.linear = keras.layers.Dense(
            self.raw * (self.targets or 1), use_bias=self.use_bias, dtype=self.dtype_policy, name="linear"
        )
        self.linear.build(input_shape)
        self.add_more_weights(() if self.targets is None else (self.targets,))
        self.built = True

    def call(self, inputs: Tensor) -> Tensor:
        numbers = self.linear(inputs)
        if self.targets is not None:
            numbers = ops.reshape(numbers, (*ops.shape(numbers)[:-1], self.targets, self.raw))
        return self.arrange(numbers)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], *(() if self.targets is None else (self.targets,)), self.outputs)

    def get_config(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in ("targets", *self.settings)}
        return {**super().get_config(), **own}
