"""How a loss behaves among other things: it shows itself, is added to others, and has a picture and a card."""

from __future__ import annotations

from importlib import import_module
from inspect import Signature
from typing import Any, ClassVar

from . import catalogue
from .cards import Card, read_docstring
from .declaration import COMMON, Fields, param_card, snake
from .params import Param
from .schedules import Moving
from .slots import Forms


class Manners(Fields):
    """What a loss can do beside being computed, and what its card says."""

    params: ClassVar[dict[str, Param]] = {}
    tasks: ClassVar[tuple[str, ...]] = ()
    traits: ClassVar[tuple[str, ...]] = ()
    aliases: ClassVar[tuple[str, ...]] = ()
    family: ClassVar[str] = "custom"
    inputs: ClassVar[Any] = Forms()  # the slots of a loss that reads more than one y_true and one y_pred (core.slots)
    unfit: ClassVar[str] = ""  # why a column of predictions (for each class) cannot be trained with it, if so
    signature: ClassVar[Signature] = Signature(COMMON)
    _arguments: dict[str, Any]
    _moving: dict[str, Moving]  # parameters that follow a schedule

    def __repr__(self) -> str:
        defaults = {name: p.default for name, p in type(self).signature.parameters.items()}
        defaults["name"] = snake(type(self).__name__)
        now = {n: self._moving.get(n, getattr(self, n, v)) for n, v in self._arguments.items() if v is not None}
        shown = [f"{n}={v!r}" for n, v in now.items() if v != defaults.get(n) and n != "dtype"]
        return f"{type(self).__name__}({', '.join(shown)})"

    def _repr_html_(self) -> str:
        from . import notebook

        return notebook.loss(self, catalogue.names().get(type(self).__name__) or type(self).card())

    def __add__(self, other: Any) -> Any:
        """Several losses as one: `Huber() + 0.1 * CosineSimilarity()`; see lossary.core.sums."""
        return _sums().added(self, other)

    def __radd__(self, other: Any) -> Any:
        return _sums().added(other, self)

    def __mul__(self, weight: Any) -> Any:
        """The loss with a weight: a number, or a schedule."""
        return _sums().Weighted(self, weight)

    __rmul__ = __mul__

    def plot(self, **how: Any) -> Any:
        """A figure of this loss: value, gradient and curvature. It takes the arguments of `lossary.draw`.

        ls.Huber().plot(delta=[0.5, 1, 2]).save("huber.svg")
        """
        return import_module("lossary").draw(self, **how)

    @classmethod
    def card(cls) -> Card:
        """What the catalogue, the documents and the explorer show."""
        parameters = cls.signature.parameters
        slots = cls.inputs if isinstance(cls.inputs, Forms) else Forms()
        return Card(
            name=cls.__name__,
            function=snake(cls.__name__),
            module=cls.__module__,
            family=cls.family,
            tasks=cls.tasks,
            traits=cls.traits,
            aliases=cls.aliases,
            params=tuple(param_card(n, p, parameters[n]) for n, p in cls.params.items()),
            inputs=slots.words(),
            unfit=cls.unfit or (f"it reads {slots.names()}" if slots else ""),
            **read_docstring(cls.__dict__.get("__doc__")),
        )


def _sums() -> Any:
    """The losses of losses, which are losses themselves: loaded when they are first made."""
    return import_module(f"{__package__}.sums")
