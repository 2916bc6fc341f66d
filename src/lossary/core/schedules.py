"""Numbers that move while a model trains: the weight of a loss, or a parameter of it.

Moving
├── Schedule         any function of the step
├── LinearSchedule   along a line, from `start` to `end`
├── CosineSchedule   along half a cosine, slow at both ends
├── StepSchedule     constant between boundaries
└── Dial             a number that a callback turns
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from .._calls import checked_call
from . import moments
from .errors import ParameterError, shown
from .params import plain_number

Tensor = Any
POINTS = 60  # of a picture
SAMPLES = (0, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000)


class Moving:
    """A number that is evaluated at every step. Works wherever a loss takes a weight or a parameter."""

    def now(self) -> Tensor:
        """The value at the present moment: a float outside training, a float32 tensor inside."""
        raise NotImplementedError(type(self).__name__)

    def first(self) -> float:
        """The value before any training."""
        return float(ops.convert_to_numpy(ops.convert_to_tensor(self.now())))

    def samples(self) -> list[float]:
        """Values that show where it goes; a parameter's bounds are checked on them."""
        return [self.first()]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({shown})"

    def _repr_html_(self) -> str:
        from . import notebook

        return notebook.moving(repr(self), type(self).__name__, *self.way())

    def way(self) -> tuple[list[float], list[float]]:
        """Steps, and the values there, for a picture; where nothing is known of the steps, the value alone."""
        return [], [self.first()]

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        raise NotImplementedError(type(self).__name__)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Moving:
        return cls(**config)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_config, (self.get_config(),)


class _OfStep(Moving):
    """What a schedule is: a formula of the step, in float32."""

    def at(self, step: Tensor) -> Tensor:
        """The value at a step, given as a float32 tensor."""
        raise NotImplementedError(type(self).__name__)

    def __call__(self, step: Any) -> float:
        """The value at a step, as a number."""
        return float(ops.convert_to_numpy(self.at(ops.convert_to_tensor(step, dtype="float32"))))

    def now(self) -> Tensor:
        moment = moments.now()
        return self(0) if moment is None else self.at(ops.cast(moment.step, "float32"))

    def first(self) -> float:
        return self(0)

    @property
    def last(self) -> int:
        """The step from which on nothing changes, or a step that shows enough."""
        return 1000

    def way(self) -> tuple[list[float], list[float]]:
        steps = [float(round(self.last * 1.2 * k / POINTS)) for k in range(POINTS + 1)]
        return steps, [self(step) for step in steps]

    def samples(self) -> list[float]:
        return [self(step) for step in SAMPLES]


@keras.saving.register_keras_serializable("lossary")
class Schedule(_OfStep):
    """Any function of the step: `Schedule(lambda step: 1 / (1 + step / 100))`.

    `of` gets the step as a float32 tensor and returns a number, by arithmetic or keras.ops. Python's `if` cannot look
    at a compiled step: use ops.where. Keras's learning-rate schedules serve as well. For a model that is to be loaded
    again, give a function with a name, registered with keras.saving.register_keras_serializable.
    """

    @checked_call
    def __init__(self, of: Callable[[Tensor], Tensor]) -> None:
        if not callable(of):
            raise ParameterError(
                "Schedule(of) is a function of the step.",
                arrived=f"It was given {shown(of)}.",
                allowed="Expected a function of one argument, the step.",
                do="Write it as a function, or use LinearSchedule, CosineSchedule or StepSchedule.",
            )
        self.of = of

    def at(self, step: Tensor) -> Tensor:
        return ops.cast(self.of(step), "float32")

    def __repr__(self) -> str:  # a lambda has no configuration
        return f"Schedule({getattr(self.of, '__name__', shown(self.of))})"

    def get_config(self) -> dict[str, Any]:
        return {"of": keras.saving.serialize_keras_object(self.of)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Schedule:
        return cls(keras.saving.deserialize_keras_object(config["of"]))


class _Between(_OfStep):
    @checked_call
    def __init__(self, start: float, end: float, steps: int, begin: int = 0) -> None:
        name = type(self).__name__
        self.start, self.end = _number(name, "start", start), _number(name, "end", end)
        self.steps, self.begin = _count(name, "steps", steps, 1), _count(name, "begin", begin, 0)

    def share(self, step: Tensor) -> Tensor:
        """How much of the way is done, from 0 to 1."""
        return ops.clip((step - self.begin) / self.steps, 0.0, 1.0)

    @property
    def last(self) -> int:
        return self.begin + self.steps

    def samples(self) -> list[float]:
        return [self.start, self.end]

    def get_config(self) -> dict[str, Any]:
        return {"start": self.start, "end": self.end, "steps": self.steps, "begin": self.begin}


@keras.saving.register_keras_serializable("lossary")
class LinearSchedule(_Between):
    """`start` until step `begin`, then linear to `end`, which is reached after `steps` steps and kept.

    >>> warm = LinearSchedule(0.0, 1.0, steps=100)
    >>> warm(0), warm(50), warm(1000)
    (0.0, 0.5, 1.0)
    """

    def at(self, step: Tensor) -> Tensor:
        share = self.share(step)
        return (1 - share) * self.start + share * self.end


@keras.saving.register_keras_serializable("lossary")
class CosineSchedule(_Between):
    """As LinearSchedule, along half a cosine: slow at both ends.

    >>> CosineSchedule(1.0, 0.0, steps=100)(50)
    0.5
    """

    def at(self, step: Tensor) -> Tensor:
        share = 0.5 - 0.5 * ops.cos(math.pi * self.share(step))
        return (1 - share) * self.start + share * self.end


@keras.saving.register_keras_serializable("lossary")
class StepSchedule(_OfStep):
    """Constant between boundaries: values[0] before step boundaries[0], values[1] from there on, and so forth.

    >>> halved = StepSchedule([1.0, 0.5, 0.25], boundaries=[100, 200])
    >>> halved(99), halved(100), halved(500)
    (1.0, 0.5, 0.25)
    """

    @checked_call
    def __init__(self, values: Sequence[float], boundaries: Sequence[int]) -> None:
        self.values = [_number("StepSchedule", "values", value) for value in _listed("values", values)]
        self.boundaries = [_count("StepSchedule", "boundaries", step, 0) for step in _listed("boundaries", boundaries)]
        if len(self.values) != len(self.boundaries) + 1 or self.boundaries != sorted(set(self.boundaries)):
            raise ParameterError(
                "StepSchedule(values, boundaries) is constant between its boundaries.",
                arrived=f"There are {len(self.values)} values and the boundaries {self.boundaries}.",
                allowed="Expected increasing boundaries, and one value more than there are boundaries.",
                do="Give the value before the first boundary too: StepSchedule([1.0, 0.1], boundaries=[1000]).",
            )

    def at(self, step: Tensor) -> Tensor:
        value = ops.full_like(step, self.values[0])
        for boundary, after in zip(self.boundaries, self.values[1:], strict=True):
            value = ops.where(step >= boundary, after, value)
        return value

    @property
    def last(self) -> int:
        return max(self.boundaries, default=1)

    def samples(self) -> list[float]:
        return self.values

    def get_config(self) -> dict[str, Any]:
        return {"values": self.values, "boundaries": self.boundaries}


@keras.saving.register_keras_serializable("lossary")
class Dial(Moving):
    """A number that can be changed during training: by a callback, or between two calls of fit.

        beta = ls.Dial(0.0)
        model.compile("adam", ls.MeanSquaredError() + beta * penalty)
        ...
        beta.assign(0.5)  # in a callback; takes effect in the next batch, on every backend, without recompiling

    Its value is saved with the model.
    """

    @checked_call
    def __init__(self, value: float) -> None:
        self.start = _number("Dial", "value", value)
        self.layer = _Held(self.start)
        self.model: Any = None  # told by the attachment: on JAX, fit() keeps the values outside the model

    def now(self) -> Tensor:
        return ops.convert_to_tensor(self.layer.value)

    def assign(self, value: float) -> None:
        """Turn to `value`, from the next step on."""
        number = _number("Dial", "value", value)
        synchronise = getattr(self.model, "jax_state_sync", None)
        if synchronise is not None:
            synchronise()
        self.layer.value.assign(number)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.start}


class _Held(keras.layers.Layer):
    """Holds the variable of a Dial, so that it is tracked and saved as a layer's."""

    def __init__(self, value: float) -> None:
        super().__init__(name="dial")
        start = keras.initializers.Constant(value)
        self.value = self.add_weight(shape=(), dtype="float32", initializer=start, trainable=False, name="value")
        self.built = True


def moving(value: Any) -> Any:
    """A Moving as it is, its saved configuration revived, Keras's learning-rate schedules wrapped; else the value."""
    if isinstance(value, keras.optimizers.schedules.LearningRateSchedule):
        return Schedule(value)
    if isinstance(value, dict) and {"class_name", "config"} <= set(value):
        try:
            return moving(keras.saving.deserialize_keras_object(value))
        except TypeError as error:  # Keras's, for a class that it does not know
            raise ParameterError(
                "A schedule is rebuilt from its saved configuration.",
                arrived=f"It was given {shown(value)}.",
                allowed="Expected the configuration of a schedule or of ls.Dial.",
                do="Register a class of your own with keras.saving.register_keras_serializable, and import it first.",
            ) from error
    return value


def _listed(name: str, given: Any) -> list[Any]:
    if not isinstance(given, (list, tuple)) and not (isinstance(given, np.ndarray) and given.ndim == 1):
        raise ParameterError(
            f"StepSchedule({name}=...) lists the values of a schedule.",
            arrived=f"It was given {shown(given)}.",
            allowed="Expected a list of numbers.",
            do="Write it as a list: StepSchedule([1.0, 0.1], boundaries=[1000]).",
        )
    return list(given)


def _number(owner: str, name: str, value: Any) -> float:
    number = plain_number(value)
    if number is None:
        raise ParameterError(
            f"{owner}({name}=...) is a weight or a parameter of a loss.",
            arrived=f"It was given {shown(value)}.",
            allowed="Expected finite numbers.",
            do="Pass such a number.",
        )
    return float(number)


def _count(owner: str, name: str, value: Any, least: int) -> int:
    number = plain_number(value)
    if not isinstance(number, int) or number < least:
        raise ParameterError(
            f"{owner}({name}=...) counts training steps (batches).",
            arrived=f"It was given {shown(value)}.",
            allowed=f"Expected a whole number >= {least}.",
            do="An epoch has ceil(rows / batch_size) steps; multiply by that for epochs.",
        )
    return number
