"""Likelihoods whose distribution function is known in closed form: censored and truncated targets."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Any, ClassVar, TypeVar, cast

import numpy as np

from ...numerics import ops
from ...numerics.stable import SMALLEST, largest, read_at_least, wide
from ...numerics.tails import Tails
from .. import axes
from ..contract import Contract, Values, looks
from ..errors import ParameterError, TargetError
from ..loss import Tensor
from ..params import Param, flag
from .likelihoods import Likelihood

CENSORING = ("censored", "above", "below")  # its fields
Bound = float | None
Drawn = TypeVar("Drawn", axes.Axis, axes.Plane)


class Censorable(Likelihood, abstract=True):
    """A likelihood of targets that may be known by their bounds only, or seen in a range only.

    `tails` are those of a variable z that rises with the target: `standard` gives z, and `apart` the distance of two.
    """

    heads: ClassVar[dict[str, str]] = {}
    tails: ClassVar[Tails]

    censored: Annotated[
        bool, flag("Whether targets are given by two ends, equal where known; infinite ones are open.")
    ] = False
    above: Annotated[Bound, Param("Only targets above it were recorded (truncation).", optional=True)] = None
    below: Annotated[Bound, Param("Only targets below it were recorded (truncation).", optional=True)] = None

    def drawn_over(self) -> list[axes.Axis]:
        return [both_ends(axis) for axis in super().drawn_over()] if self.censored else super().drawn_over()

    def mapped_over(self) -> axes.Plane | None:
        found = super().mapped_over()
        return both_ends(found) if found is not None and self.censored else found

    def validate(self) -> None:
        if self.above is not None and self.below is not None and not self.above < self.below:
            raise ParameterError(
                f"{type(self).__name__}(above=..., below=...) are the limits between which targets were recorded.",
                arrived=f"It was given above={self.above:g} and below={self.below:g}.",
                allowed="Expected above < below.",
                do="Swap them, or leave one out.",
            )

    @property
    def contract(self) -> Contract:
        inside, target = self.target, self.target
        if self.censored:
            words = f"{inside.words}, given by both ends of where it lies"
            target = Values(words, neutral=inside.neutral, draw=lambda rng, shape, top: drawn(inside, rng, shape))
        return Contract(target, self.prediction, shape="parameters", parameters=self.outputs, ends=self.censored)

    def standard(self, y: Tensor, *parameters: Any) -> Tensor:
        """The variable whose tails are known, at a target."""
        raise NotImplementedError

    def apart(self, a: Tensor, b: Tensor, *parameters: Any) -> Tensor:
        """The variable at b, less that at a, also where they are nearly equal."""
        raise NotImplementedError

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        value = self._of_ends(y, parts) if self.censored else super().of(y, parts)
        low, high = self._range()
        if self.above is None and self.below is None:
            return value
        like = ops.zeros_like(parts[..., 0])
        return value - self._inside(low + like, high + like, parts)

    def _range(self) -> tuple[float, float]:
        return self.above if self.above is not None else -math.inf, self.below if self.below is not None else math.inf

    def _of_ends(self, ends: Tensor, parts: Tensor) -> Tensor:
        """Known targets by their density, others by the probability of where they lie."""
        low, high = ends[..., 0], ends[..., 1]
        self._check(low, high)
        known = ops.equal(self.read(low), self.read(high))
        somewhere = ops.expand_dims(known, -1)
        density = super().of(ops.where(known, high, self.target.neutral), ops.where(somewhere, parts, 0.0))
        chance = self._inside(
            ops.where(known, -math.inf, low), ops.where(known, math.inf, high), ops.where(somewhere, 0.0, parts)
        )
        return ops.where(known, density, chance)

    def _inside(self, low: Tensor, high: Tensor, parts: Tensor) -> Tensor:
        """Minus the log-probability of lying between two numbers, of which either may be infinite."""
        inside, where = self.target, ops.where
        from_low, to_high = ops.logical_not(low <= inside.low), ops.logical_not(high >= inside.high)  # NaN is a bound
        both = ops.logical_and(from_low, to_high)
        a = self.read(where(from_low, low, where(to_high, high, inside.neutral)))
        b = self.read(where(to_high, high, where(from_low, low, inside.neutral)))
        over, under = ops.logical_xor(from_low, both), ops.logical_xor(to_high, both)
        inner, over, under = self.chances(a, b, both, over, under, self.parameters(parts))
        return where(both, inner, where(from_low, over, where(to_high, under, 0.0 * largest(parts))))

    def chances(
        self, a: Tensor, b: Tensor, both: Tensor, over: Tensor, under: Tensor, made: list[Any]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Minus the log-probability of lying between a and b, above a and below b, each where it is asked for."""
        where = ops.where
        at_a, at_b = self.standard(a, *made), self.standard(b, *made)
        gap = read_at_least(where(both, self.apart(a, b, *made), 1.0), SMALLEST[wide(self.dtype)])
        inner = self.tails.between(where(both, at_a, 1.0), where(both, at_b, 2.0), gap)
        return inner, self.tails.above(where(over, at_a, 1.0)), self.tails.below(where(under, at_b, 1.0))

    def _check(self, low: Tensor, high: Tensor) -> None:
        if not looks(type(self).__name__, "ends", low):
            return
        inside = self.target
        wrong = ops.logical_or(low > high, ops.logical_or(high < inside.low, low > inside.high))
        if bool(ops.convert_to_numpy(ops.any(wrong))):
            raise TargetError(
                f"{type(self).__name__}(censored=True) reads y_true as the two ends of each target's interval.",
                arrived="In some rows the first is larger than the second, or no target can lie between them.",
                allowed=f"Expected the lower end first, equal ends where the target is known: {inside.words}.",
                do="Write np.stack([lower, upper], axis=-1), with np.inf where a target is only known to be larger.",
            )


def both_ends(drawn: Drawn) -> Drawn:
    """An axis or a plane whose target is given by both ends."""

    def inputs(*x: Any) -> axes.Given:
        y, p = cast(tuple[axes.Array, axes.Array], drawn.inputs(*x))
        return np.stack([y, y], axis=-1), p

    return replace(drawn, inputs=inputs)


def drawn(inside: Values, rng: Any, shape: tuple[int, ...]) -> Any:
    """Ends of lawful targets, (..., 2): known, larger than a number, smaller than one, between two, and unknown."""
    shape = shape[:-1] if len(shape) > 1 and shape[-1] == 2 else shape
    one, other = (inside.draw(rng, shape, 0) if inside.draw else rng.normal(size=shape) for _ in range(2))
    kind = rng.integers(0, 5, shape)
    low, high = np.minimum(one, other), np.maximum(one, other)
    low = np.where(kind == 0, one, np.where(kind % 2 == 0, inside.low, low))
    return np.stack([low, np.where(kind == 0, one, np.where(np.isin(kind, (1, 4)), inside.high, high))], axis=-1)
