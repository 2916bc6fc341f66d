"""Exclusive classes along the last axis: softmax, its surprises and what is left of one, relatively exact.

Every quantity is written against the winner, the largest entry. Nothing then cancels, in a value or in a derivative,
also where one class is nearly certain and where thousands are equally likely.
"""

from __future__ import annotations

from typing import Any

from . import ops
from .backend import derived, log1p, total
from .stable import at_least, reciprocal, surprise

Tensor = Any


def surprise_of_logits(z: Tensor) -> Tensor:
    """-log(softmax(z)) of every class along the last axis, exact also where one class is nearly certain.

    With k the largest logit: (z_k - z_c) + log(1 + sum over the others of e^(z_c - z_k)): nothing cancels, in the
    value or in its derivative.
    """

    def value(z: Tensor) -> Tensor:
        behind, _, others, _ = _against_the_winner(z)
        return log1p(others) - behind

    def push(z: Tensor, change: Tensor) -> Tensor:
        p, q = chances_of_logits(z)
        return _of_others(p * change) - q * change

    def pull(z: Tensor, g: Tensor) -> Tensor:
        p, q = chances_of_logits(z)
        return p * _of_others(g) - q * g

    return derived(value, push, pull)(z)


def surprise_of_one_logit(z: Tensor, index: Tensor) -> Tensor:
    """-log(softmax(z)) of the class `index` alone, along the last axis."""

    def value(z: Tensor, index: Tensor) -> Tensor:
        behind, _, others, _ = _against_the_winner(z)
        return log1p(ops.squeeze(others, axis=-1)) - pick(behind, index)

    def slope(z: Tensor, index: Tensor) -> Tensor:
        p, q = chances_of_logits(z)
        return ops.where(one_hot(index, z), -q, p)

    def push(z: Tensor, index: Tensor, change: Tensor, _: Tensor) -> Tensor:
        return total(slope(z, index) * change, -1)

    def pull(z: Tensor, index: Tensor, g: Tensor) -> tuple[Tensor, None]:
        return slope(z, index) * ops.expand_dims(g, -1), None

    return derived(value, push, pull)(z, index)


def chances_of_logits(z: Tensor) -> tuple[Tensor, Tensor]:
    """softmax(z) and 1 - softmax(z) along the last axis, both relatively exact."""
    _, e, others, first = _against_the_winner(z)
    return _shares(e, others, first)


def _against_the_winner(z: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """z less its largest entry; e to that, 0 at the winner; the sum of these; and where the winner is (one of them)."""
    top, first = _winner(z)
    behind = ops.where(first, 0.0, z - top)
    e = ops.where(first, 0.0, ops.exp(behind) * (1 + _lost_in(behind, z, top)))
    return behind, e, ops.expand_dims(total(e, -1), -1), first


def _winner(x: Tensor) -> tuple[Tensor, Tensor]:
    """The largest entry along the last axis, and where it is (one of them)."""
    place = ops.cast(ops.stop_gradient(ops.argmax(x, axis=-1)), "int32")
    return ops.expand_dims(pick(x, place), -1), one_hot(place, x)


def _shares(e: Tensor, others: Tensor, first: Tensor) -> tuple[Tensor, Tensor]:
    """The share of each class and what is left of one, from their ratios to the winner's."""
    return ops.where(first, 1.0, e) / (1 + others), ops.where(first, others, 1 + (others - e)) / (1 + others)


def _lost_in(difference: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """What rounding took from difference = a - b, where e^difference could tell (Knuth's two-sum)."""
    back = difference - a
    lost = (a - (difference - back)) - (b + back)
    return ops.stop_gradient(ops.where(difference > -128, lost, 0.0))


def _of_others(g: Tensor) -> Tensor:
    """For each class the sum over all other classes."""
    return ops.expand_dims(total(g, -1), -1) - g


def surprise_of_shares(x: Tensor, dtype: str) -> Tensor:
    """-log(x_c / sum x) for numbers >= 0 along the last axis; of a row of zeros, the classes count as equal."""

    def value(x: Tensor) -> Tensor:
        winner, _, others, first = _against_the_largest(x)
        behind = surprise(x, dtype) - surprise(winner, dtype)
        return log1p(others) + ops.where(first, 0.0, behind)

    def slopes(x: Tensor) -> tuple[Tensor, Tensor]:
        winner, _, others, _ = _against_the_largest(x)
        _, q = chances_of_shares(x)
        return reciprocal(winner, dtype) / (1 + others), q * reciprocal(x, dtype)

    def push(x: Tensor, change: Tensor) -> Tensor:
        of_all, of_itself = slopes(x)
        return _of_others(of_all * change) - of_itself * change

    def pull(x: Tensor, g: Tensor) -> Tensor:
        of_all, of_itself = slopes(x)
        return of_all * _of_others(g) - of_itself * g

    return derived(value, push, pull)(x)


def chances_of_shares(x: Tensor) -> tuple[Tensor, Tensor]:
    """x_c / sum x and 1 less that, along the last axis, both relatively exact."""
    _, e, others, first = _against_the_largest(x)
    return _shares(e, others, first)


def _against_the_largest(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The largest entry; x divided by it, 0 at the largest; the sum of these; and where it is (one of them)."""
    top, first = _winner(x)
    empty = top <= 0
    e = ops.where(first, 0.0, ops.where(empty, 1.0, at_least(x, 0.0) / ops.where(empty, 1.0, top)))
    return top, e, ops.expand_dims(total(e, -1), -1), first


def one_hot(index: Tensor, like: Tensor) -> Tensor:
    """A boolean tensor in the shape of `like`: whether the place along the last axis is `index`."""
    places = ops.arange(ops.shape(like)[-1], dtype="int32")
    return ops.equal(ops.expand_dims(ops.cast(index, "int32"), -1), places)


def pick(values: Tensor, index: Tensor) -> Tensor:
    """The entry `index` of `values` along the last axis."""
    chosen = ops.take_along_axis(values, ops.expand_dims(ops.cast(index, "int32"), -1), axis=-1)
    return ops.squeeze(chosen, axis=-1)
