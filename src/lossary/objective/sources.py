"""Where a loss finds what is neither y_true nor y_pred: inputs, further columns, hidden layers, a teacher, a prior.

Source
├── Input     an input of the model, or all of them
├── Column    a further entry of the targets y
├── Output    what the model gives at an output
├── Hidden    what a layer inside the model gave in this same pass
├── Teacher   what another model says to the same inputs; it is not trained
├── Fixed     a constant
└── Itself    the model, to be called on something else
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from .._calls import checked_call
from ..core.errors import DefinitionError, LossaryError, shown
from ..core.moments import Moment

Tensor = Any


class Source:
    """Something a Term reads at each step."""

    def read(self, moment: Moment) -> Tensor:
        """The tensor at this moment."""
        raise NotImplementedError(type(self).__name__)

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return dict(vars(self))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Source:
        return cls(**config)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.get_config().values()))})"


class _Named(Source):
    """A source that is one of several, by name."""

    @checked_call
    def __init__(self, name: str | None = None) -> None:
        if name is not None and not isinstance(name, str):
            raise DefinitionError(
                f"{type(self).__name__}(name) is read by a term of the loss.",
                arrived=f"It was given {shown(name)}.",
                allowed="Expected a name, as text.",
                do=f"Pass the name: ls.{type(self).__name__}({str(getattr(name, 'name', 'name'))!r}).",
            )
        self.name = name

    def _pick(self, what: str, everything: Any, names: list[str]) -> Tensor:
        """The one called `name`, from a dictionary, or from a list whose names are known."""
        if self.name is None:
            return everything
        if not isinstance(everything, dict):
            leaves = list(everything) if isinstance(everything, (list, tuple)) else [everything]
            everything = dict(zip(names, leaves, strict=False)) if len(names) == len(leaves) else {}
        if self.name not in everything:
            known = ", ".join(map(str, everything)) or "none with a name"
            raise LossaryError(
                f"A term of the loss reads {self!r}.",
                arrived=f"The model's {what} are: {known}.",
                allowed=f"Expected the name of one of the {what}; without a name all of them are read.",
                do="Correct the name, or pass a dictionary by names.",
            )
        return everything[self.name]


@keras.saving.register_keras_serializable("lossary")
class Input(_Named):
    """The input of the model called `name`, or all of its inputs as they were passed."""

    def read(self, moment: Moment) -> Tensor:
        return self._pick("inputs", moment.inputs, _names(getattr(moment.model, "inputs", None)))


@keras.saving.register_keras_serializable("lossary")
class Column(_Named):
    """An additional entry of the targets: with `fit(x, {"y": y, "income": income})`, Column("income") is the second."""

    @checked_call
    def __init__(self, name: str) -> None:
        super().__init__(name)

    def read(self, moment: Moment) -> Tensor:
        return self._pick("targets", moment.targets, [])


@keras.saving.register_keras_serializable("lossary")
class Output(_Named):
    """The output of the model called `name`, or all of its outputs."""

    def read(self, moment: Moment) -> Tensor:
        return self._pick("outputs", moment.outputs, list(getattr(moment.model, "output_names", None) or []))


@keras.saving.register_keras_serializable("lossary")
class Hidden(_Named):
    """The output of the layer called `name` in the same pass, with its dropout and random draws; gradients flow."""

    @checked_call
    def __init__(self, name: str) -> None:
        super().__init__(name)

    def read(self, moment: Moment) -> Tensor:
        if self.name not in moment.hidden:
            raise LossaryError(
                f"A term of the loss reads {self!r}.",
                arrived=f"It was not called in this pass; these layers were: {', '.join(moment.hidden) or 'none'}.",
                allowed="Expected a layer that the model calls whenever it predicts.",
                do="Call the layer in the model, or read another one.",
            )
        return moment.hidden[self.name]


@keras.saving.register_keras_serializable("lossary")
class Teacher(Source):
    """The output of another model for the same inputs. Its weights are frozen, and saved with the model.

    `name` picks one of its outputs.
    """

    @checked_call
    def __init__(self, model: keras.Model, name: str | None = None) -> None:
        if isinstance(model, dict):
            model = keras.saving.deserialize_keras_object(model)
        if not isinstance(model, keras.Model):
            raise DefinitionError(
                "Teacher(model) is the output of another model for the same inputs.",
                arrived=f"It was given {shown(model)}.",
                allowed="Expected a Keras model.",
                do="Pass the trained model itself.",
            )
        model.trainable = False
        self.model, self.name = model, name

    def read(self, moment: Moment) -> Tensor:
        said = self.model(moment.inputs, training=False)
        return ops.stop_gradient(said if self.name is None else said[self.name])

    def get_config(self) -> dict[str, Any]:
        return {"model": keras.saving.serialize_keras_object(self.model), "name": self.name}

    def __repr__(self) -> str:
        return f"Teacher({self.model.name!r})"


@keras.saving.register_keras_serializable("lossary")
class Fixed(Source):
    """A constant: a prior, a matrix of costs. An array, or nested lists of numbers."""

    @checked_call
    def __init__(self, value: Any) -> None:
        try:
            self.value = np.asarray(value, dtype="float32").tolist()
        except (TypeError, ValueError):
            raise DefinitionError(
                "Fixed(value) is a constant that a term of the loss reads.",
                arrived=f"It was given {shown(value)}.",
                allowed="Expected a number, an array, or nested lists of numbers of equal lengths.",
                do="Pass for instance ls.Fixed([0.2, 0.3, 0.5]).",
            ) from None

    def read(self, moment: Moment) -> Tensor:
        return ops.convert_to_tensor(self.value, dtype="float32")


@keras.saving.register_keras_serializable("lossary")
class Itself(Source):
    """The model itself, to be called again: on shifted inputs, or inside ls.derivative."""

    @checked_call
    def __init__(self) -> None:
        super().__init__()

    def read(self, moment: Moment) -> Any:
        return moment.model


def _names(tensors: Any) -> list[str]:
    return [str(getattr(tensor, "name", "")) for tensor in keras.tree.flatten(tensors)] if tensors is not None else []
