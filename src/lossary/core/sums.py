"""Losses made of losses: `Huber() + 0.1 * CosineSimilarity()`, weights that move, and one loss per output by name.

    total = sum over parts of weight * loss(y_true, y_pred, sample_weight)

Each part is reduced by its own loss first, and keeps its name: in the logs of fit and ls.train, in tables, in files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
from keras import ops

from .._calls import checked_call
from ..numerics.backend import recorded
from . import across, compiling, moments
from .declaration import snake
from .errors import DefinitionError, ParameterError, ShapeError, shown
from .lookup import get
from .params import plain_number
from .places import check_name
from .schedules import Moving, moving

Tensor = Any
Weight = Any  # a number, or a Moving


@dataclass(frozen=True)
class Part:
    """One loss of a sum: `weights` multiply one another; `output` names the output it belongs to, None the only one."""

    loss: Any
    weights: tuple[Weight, ...] = ()
    name: str = ""
    output: str | None = None

    @property
    def moves(self) -> bool:
        """Whether its weight changes while training."""
        return any(isinstance(weight, Moving) for weight in self.weights)

    def weight(self) -> Tensor:
        """The product of its weights at the present moment."""
        whole: Any = 1.0
        for weight in self.weights:
            whole = whole * (weight.now() if isinstance(weight, Moving) else weight)
        return whole

    def to_config(self) -> dict[str, Any]:
        weights = [keras.saving.serialize_keras_object(w) if isinstance(w, Moving) else w for w in self.weights]
        loss = keras.saving.serialize_keras_object(self.loss)
        return {"loss": loss, "weights": weights, "name": self.name, "output": self.output}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Part:
        """Files come from elsewhere: what is no loss is refused when they are read, not when it is called."""
        whole = isinstance(config, Mapping) and {"loss", "weights", "name", "output"} <= set(config)
        loss = get(config["loss"]) if whole else None
        if not isinstance(loss, keras.losses.Loss):
            raise DefinitionError(
                "Cannot rebuild a sum of losses from its saved configuration.",
                arrived=f"Its part {config['name']!r} is a {type(loss).__name__}."
                if whole
                else f"A part is {repr(config)[:80]}.",
                allowed="Expected parts with a loss, a weight, a name and an output.",
                do="lossary did not write this file: load the model with compile=False, and compile it again.",
            )
        weights = tuple(weight for given in config["weights"] for weight in weights_of(given))
        return cls(loss, weights, str(config["name"]), config["output"])


@keras.saving.register_keras_serializable("lossary")
class Sum(keras.losses.Loss):
    """Several losses as one; `a + b` makes it. Each part is a loss, a name, a function, or a Weighted.

    >>> both = Sum(["mse", Weighted("mae", 0.5)])
    >>> float(both([[1.0], [2.0]], [[2.0], [4.0]]))
    3.25

    `sample_weight` and masks reach every part. Nothing else is broadcast: shapes are judged by each part's contract. A
    part's reduction has to give one number.
    """

    plain = True  # nothing but the weighted parts: in another sum, they stand beside its own

    @checked_call
    def __init__(self, parts: Sequence[Any], name: str | None = None) -> None:
        compiling.needed()
        if not isinstance(parts, (list, tuple)):
            raise ParameterError(
                "ls.Sum(parts) takes a list of losses.",
                arrived=f"It was given {shown(parts)}.",
                allowed="Expected a list of losses, names, functions or weighted losses.",
                do='Write it as a list: ls.Sum(["mse", "mae"]).',
            )
        check_name(type(self).__name__, name)
        super().__init__(name=name or snake(type(self).__name__), reduction="sum")
        self.left_out = sorted({output for given in parts for output in getattr(given, "left_out", ())})
        self.parts = _named([part for given in parts for part in _parts(given)])
        if not self.parts:
            raise ParameterError(
                "A sum of losses needs a loss.",
                arrived="It was given none.",
                allowed="Expected a list of losses, names, functions or weighted losses.",
                do='Give at least one: ls.Sum(["mse"]).',
            )

    # -- as a loss ----------------------------------------------------------------------------------------------

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        if self.moves and moments.now() is None and any(map(recorded, keras.tree.flatten(y_pred))):
            raise moments.unknown_step(repr(self))
        return self.total(y_true, y_pred, sample_weight)[1]

    def total(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[list[Tensor], Tensor]:
        """The value of each part without its weight, and the weighted total."""
        values = self.values(y_true, y_pred, sample_weight)
        return values, self.combine(values)

    def values(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> list[Tensor]:
        """The value of each part, without its weight."""
        found = []
        for part in self.parts:
            given = [_of_output(part, what, y) for what, y in (("y_true", y_true), ("y_pred", y_pred))]
            by_output = isinstance(sample_weight, dict) and part.output is not None
            weight = sample_weight.get(part.output) if by_output else sample_weight
            found.append(part.loss(*given, sample_weight=weight))
        moment = moments.now()
        if moment is not None:
            moment.terms.update(zip((part.name for part in self.parts), map(across.whole, found), strict=True))
        return found

    def combine(self, values: Sequence[Tensor]) -> Tensor:
        """The total of the parts' values."""
        total: Any = None
        for part, value in zip(self.parts, values, strict=True):
            weighed = value if not part.weights else value * ops.cast(part.weight(), value.dtype)
            total = weighed if total is None else total + weighed
        return total

    @property
    def moves(self) -> bool:
        """Whether a weight changes while training."""
        return any(part.moves for part in self.parts)

    @property
    def outputs(self) -> set[str]:
        """The outputs that are named: those with a loss, and those knowingly left out."""
        inner = [part.loss.outputs for part in self.parts if isinstance(part.loss, Sum)]
        return {part.output for part in self.parts if part.output is not None}.union(self.left_out, *inner)

    def by_slots(self, outputs: int) -> bool:
        """Whether a part reads targets, or so many outputs, by the names of its slots."""
        if any(part.loss.by_slots(outputs) for part in self.parts if isinstance(part.loss, Sum)):
            return True
        if outputs > 1 and all(getattr(part.loss, "reads_by_name", False) for part in self.parts):
            return True
        heads = outputs > 1 and any(getattr(part.loss, "heads", ()) for part in self.parts)
        return heads or any(bool(getattr(part.loss, "inputs", None)) for part in self.parts)

    def logged_values(self) -> dict[str, Tensor]:
        """What changes while training, by name: weights that move, and what the parts have of their own."""
        found = {f"{part.name}_weight": part.weight() for part in self.parts if part.moves}
        for part in self.parts:
            inner = part.loss.logged_values() if hasattr(part.loss, "logged_values") else {}
            found |= {f"{part.name}_{name}": value for name, value in inner.items()}
        return found

    def term_names(self) -> list[str]:
        """The names under which the values of the parts are logged, those of inner sums included."""
        inner = [name for part in self.parts if isinstance(part.loss, Sum) for name in part.loss.term_names()]
        return list(dict.fromkeys([*(part.name for part in self.parts), *inner]))

    # -- as a formula -------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Sum:
        return added(self, other)

    def __radd__(self, other: Any) -> Sum:
        return added(other, self)

    def __mul__(self, weight: Any) -> Sum:
        weighed = Sum([replace(part, weights=(*part.weights, *weights_of(weight))) for part in self.parts])
        weighed.left_out = self.left_out
        return weighed

    __rmul__ = __mul__

    def _repr_html_(self) -> str:
        from . import notebook

        parts = [
            (part.name, part.output or "", [repr(w) for w in part.weights], repr(part.loss)) for part in self.parts
        ]
        return notebook.sum_of(type(self).__name__, parts)

    def __repr__(self) -> str:
        return " + ".join(_shown(part) for part in self.parts)

    def get_config(self) -> dict[str, Any]:
        parts = [part.to_config() for part in self.parts]
        return {"parts": parts, "left_out": self.left_out, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Sum:
        made = cls.__new__(cls)
        Sum.__init__(made, [Part.from_config(part) for part in config.get("parts", [None])], name=config["name"])
        made.left_out = list(config["left_out"])
        return made


@keras.saving.register_keras_serializable("lossary")
class Weighted(Sum):
    """One loss with a weight: `0.5 * Huber()` makes it. Weights are numbers, schedules, or a Dial; `name` is for logs.

    >>> float(Weighted("mae", 0.5)([[1.0]], [[3.0]]))
    1.0
    """

    @checked_call
    def __init__(self, loss: Any, weight: Weight = 1.0, name: str | None = None) -> None:
        check_name("Weighted", name)
        parts = [replace(part, weights=(*part.weights, *weights_of(weight))) for part in _parts(loss)]
        if name is not None:
            parts = [replace(part, name=name if len(parts) == 1 else f"{name}_{part.name}") for part in parts]
        super().__init__(parts, name=name or (parts[0].name if len(parts) == 1 else None))


@keras.saving.register_keras_serializable("lossary")
class MultiLoss(Sum):
    """One loss per output of a model, by the output's name; None leaves an output out on purpose.

        ls.MultiLoss({"price": ls.Huber(), "kind": 0.5 * ls.SparseCategoricalCrossentropy(), "mask": None})

    Every output of the model has to be named, and no other: a misspelt name is an error before training, not a loss
    that silently is not there. Targets come as a dictionary by the same names, or in the order of the outputs.
    Outputs in nested dictionaries are named in nested dictionaries, or as "a/b".
    `weights` gives weights by name as well. Logs say `price_loss`; where an output has a sum, `price_huber`.
    """

    @checked_call
    def __init__(self, losses: Mapping[str, Any], weights: Mapping[str, Weight] | None = None) -> None:
        for what, given in (("losses", losses), ("weights", {} if weights is None else weights)):
            if not isinstance(given, Mapping):
                raise ParameterError(
                    "MultiLoss(losses, weights) takes dictionaries with the names of outputs.",
                    arrived=f"It was given {what}={shown(given)}.",
                    allowed="Expected a dictionary with names as keys.",
                    do='Write it as {"price": ls.Huber()}.',
                )
        losses, weights = (dict(by_path(given or {})) for given in (losses, weights))
        unknown = set(weights) - set(losses)
        if unknown or not losses:
            raise ParameterError(
                "MultiLoss(losses, weights) has one loss and one weight per output.",
                arrived=f"The weights are for {', '.join(sorted(unknown))}; the losses are for {', '.join(losses)}."
                if losses
                else "It was given no dictionary of losses.",
                allowed="Expected weights only for outputs that have a loss.",
                do="Compare the names.",
            )
        super().__init__(list(_routed(losses, weights)))
        self.left_out = sorted(name for name, loss in losses.items() if loss is None)


def added(left: Any, right: Any) -> Sum:
    """The sum of two losses; 0 stands for none, so that Python's sum() works."""
    return Sum([one for one in (left, right) if not (isinstance(one, (int, float)) and one == 0)])


def whole(loss: Any) -> Any:
    """The loss of `compile` as a sum, so that its parts and the regularization are logged.

    A dictionary by outputs becomes a MultiLoss; None and lists stay what they are.
    """
    if isinstance(loss, dict):
        return MultiLoss(loss)
    return loss if loss is None or isinstance(loss, (Sum, list, tuple)) else Sum([loss])


def _parts(given: Any) -> list[Part]:
    """What a sum takes in: a sum's parts, so that names stay flat, else the loss itself."""
    if isinstance(given, Part):
        return [given]
    loss = get(given)
    if isinstance(loss, Sum) and loss.plain:
        return list(loss.parts)
    if loss is None or getattr(loss, "reduction", "sum") in ("none", None):
        raise ParameterError(
            "A sum adds losses that are a single number each.",
            arrived="It was given None." if loss is None else f"{loss.name} has reduction={loss.reduction!r}.",
            allowed='Expected one of "sum_over_batch_size", "sum", "mean" and "mean_with_sample_weight".',
            do="Leave `reduction` out, or leave the part out.",
        )
    return [Part(loss, (), str(getattr(loss, "name", None) or "loss"))]


def by_path(given: Mapping[str, Any], *path: str) -> Iterator[tuple[str, Any]]:
    """Nested dictionaries as one, with keys such as "a/b"."""
    for name, one in given.items():
        if isinstance(one, Mapping) and "class_name" not in one:  # else it is the configuration of a loss
            yield from by_path(one, *path, str(name))
        else:
            yield "/".join((*path, str(name))), one


def _routed(losses: Mapping[str, Any], weights: Mapping[str, Weight]) -> Iterator[Part]:
    for output, loss in losses.items():
        if loss is None:
            continue
        parts = _parts(loss)
        for part in parts:
            name = f"{output}_loss" if len(parts) == 1 else f"{output}_{part.name}"
            weight = weights_of(weights[output]) if output in weights else ()
            yield Part(part.loss, (*part.weights, *weight), name, output)


def _named(parts: list[Part]) -> list[Part]:
    """Parts with names of their own: huber, huber_2."""
    taken: set[str] = set()
    for place, part in enumerate(parts):
        name, count = part.name, 1
        while name in taken:
            count += 1
            name = f"{part.name}_{count}"
        taken.add(name)
        parts[place] = replace(part, name=name)
    return parts


def weights_of(weight: Any) -> tuple[Weight, ...]:
    """A weight as a Part keeps it, checked."""
    weight = moving(weight)
    if isinstance(weight, Moving):
        return (weight,)
    number = plain_number(weight)
    if number is None:
        raise ParameterError(
            "A loss is multiplied by its weight.",
            arrived=f"It was given weight={shown(weight)}.",
            allowed="Expected a finite number, a schedule or an ls.Dial.",
            do="Pass such a weight, for instance 0.1 * loss.",
        )
    return (float(number),)


def _of_output(part: Part, what: str, y: Any) -> Any:
    """What belongs to the part's output."""
    if part.output is None:
        return y
    if not isinstance(y, dict) or part.output not in y:
        arrived = f"has the keys {', '.join(map(str, y))}" if isinstance(y, dict) else f"is one {type(y).__name__}"
        raise ShapeError(
            f"The loss {part.name} is for the output '{part.output}'.",
            arrived=f"{what} {arrived}.",
            allowed="Expected a dictionary with the names of the outputs as keys.",
            do=f"Pass {what} as a dictionary with the key '{part.output}'.",
        )
    return y[part.output]


def _shown(part: Part) -> str:
    shown = " * ".join([*map(repr, part.weights), repr(part.loss)])
    return shown if part.output is None else f"{part.output}: {shown}"
