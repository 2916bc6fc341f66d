"""Exclusive classes along the last axis: softmax, minus its logarithm and what is left of one, relatively exact.

Every quantity is written against the winner, the largest entry. Nothing then cancels, in a value or in a derivative,
also where one class is nearly certain and where thousands are equally likely.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import ops
from .backend import derived, log, log1p, total
from .stable import (
    LARGEST,
    SMALLEST,
    STEEPEST,
    at_least,
    largest,
    length,
    nll,
    reciprocal,
    shallow,
    softplus,
    wide,
    with_slope,
)

Tensor = Any
NO_CLASS = -(1 << 30)


def absent(parameter: Any) -> bool:
    """Whether a parameter is 0, so that its term may be left out; one that moves with the step is not."""
    return isinstance(parameter, (int, float)) and parameter == 0


# -- kernels: values and slopes of rows in one pass (core.results.Fused) ---------------------------------------------
#
# Only the true class has to be set apart, never the largest logit. With d = z - max, o the sum of e^d over the other
# classes: -log p_t = log1p(o + (e^d_t - 1)) - d_t. Where the true class has the largest logit, the last two terms are
# exactly 0 and o keeps its digits; elsewhere the value is at least log 2, and an ulp of the terms is an ulp of it.


Function = Callable[
    [Tensor, Tensor, Tensor], tuple[Tensor, Tensor]
]  # of -log p, p, 1 - p: value and slope by the first
Kernel = Callable[..., tuple[Tensor, Tensor]]
AtZero = Callable[[Tensor], Any]  # of -log p: the slope by p of all else in a value, where p is 0


def logits_kernel(of: Function | None) -> Kernel:
    """A function of -log p_t, by default that itself, from logits and the index t of the true class.

    A third tensor is the weight of each row's class.
    """

    def kernel(z: Tensor, index: Tensor, *w_t: Tensor) -> tuple[Tensor, Tensor]:
        index = ops.place(z, index)
        far, _, d_t, p, p_t, q_t = _apart(z, index)
        value, by = far - d_t, None
        if of is not None:
            value, by = of(value, p_t, q_t)
        if w_t:
            value, by = value * w_t[0][..., None], w_t[0][..., None] * (1.0 if by is None else by)
        if by is not None:
            p, q_t = ops.spent(p) * by, q_t * by
        return value[..., 0], ops.put(p, index, -q_t)

    return kernel


def smoothed_kernel(smoothing: Any, weights: Tensor | None) -> Kernel:
    """The cross-entropy from logits and the index of the true class, with smoothing and a weight for each class."""

    def kernel(z: Tensor, index: Tensor, *w_t: Tensor) -> tuple[Tensor, Tensor]:
        index, share = ops.place(z, index), smoothing / length(z)
        own, every, each = (1.0, length(z), 1.0) if weights is None else (w_t[0][..., None], ops.sum(weights), weights)
        mass = (1 - smoothing) * own + share * every
        far, d, d_t, p, _, q_t = _apart(z, index, mass)
        value = mass * far - (1 - smoothing) * own * d_t
        value = value - ops.row_sum(
            ops.spent(d) * (share * each)
        )  # (all of them, without their share, may be too large)
        return value[..., 0], ops.put(ops.spent(p) - share * each, index, share * (every - own) - q_t)

    return kernel


def shares_kernel(of: Function | None, dtype: str, normalised: bool, at_zero: AtZero | None = None) -> Kernel:
    """A function of -log p_t, by default that itself, from probabilities and the index t of the true class.

    p_t is the share of the sum, unless probabilities are taken as they are. A slope by -log p_t has the factor p_t, so
    that nothing of it is left where that is 0: `at_zero` is what it loses there.
    """

    def kernel(x: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
        index = ops.place(x, index)
        x_t, nothing = ops.taken(x, index), 0.0 * x
        by_x = reciprocal(x_t, dtype)
        if not normalised:
            value, by = nll(x_t, dtype), 1.0
            if of is not None:
                value, by = of(value, floored(x_t, by_x, dtype), 1 - x_t)
            return value[..., 0], ops.put(nothing, index, -by * by_x)
        others = ops.row_sum(ops.put(at_least(x, 0.0), index, 0.0))
        empty = others + x_t <= 0  # then the classes count as equal
        others = ops.where(empty, length(x) - 1.0, others)
        some = ops.where(empty, 1.0, x_t)
        every = others + some
        sure = others < some * 2.0**100
        near = log1p(ops.where(sure, others / ops.where(sure, some, 1.0), 0.0))
        value = s = ops.where(sure, near, nll(some, dtype) - nll(every, dtype))
        p, q, by = some / every, others / every, 1.0
        if of is not None:
            value, by = of(s, p, q)
        by_one = ops.where(empty, STEEPEST[dtype] / length(x), 1 / every)
        r = by * by_one
        at_t = -by * q * by_x
        if at_zero is not None:
            at_t = at_t + ops.where(some > 0, 0.0, at_zero(s) * by_one)  # there 1 - p_t is 1
        return value[..., 0], ops.put(nothing + r, index, at_t)

    return kernel


def dense_kernel(of: Function | None, smoothing: Any, weights: Tensor | None) -> Kernel:
    """A function of -log p_c, by default that itself, from logits, weighed by labels that may be soft.

    With smoothing of the labels, and a weight for each class.
    """

    def kernel(z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        index = ops.only(y)
        if index is not None and (of is None or absent(smoothing)):  # one class in each row takes less
            known = logits_kernel(of) if absent(smoothing) else smoothed_kernel(smoothing, weights)
            return known(z, index, *(() if weights is None else (ops.take(weights, index, axis=0),)))
        if ops.at_once(z):
            return _by_softmax(of, z, _labels(y, smoothing, weights))
        top, place, ties = ops.winner(z)
        d = at_least(ops.spent(z - top), -LARGEST)  # of -inf nothing is left where the label is 0
        e = ops.exp(d)
        e = ops.put(e, place, ops.there(e, place) - 1)  # 0, whose slope is that of e^d: of ties, it counts
        others = ops.row_sum(e) + (ties - 1)
        y = _labels(y, smoothing, weights)
        value, g, at_winner, whole, of_sure = _weighed(of, y, d, e, others, place)
        theirs = ops.spent(e) * whole
        of_winner = ops.where(others < 1, of_sure, whole - at_winner + ops.there(theirs, place))
        return value[..., 0], ops.put(ops.spent(theirs) - g, place, of_winner)

    return kernel


def dense_shares_kernel(
    of: Function | None, smoothing: Any, weights: Tensor | None, dtype: str, at_zero: AtZero | None = None
) -> Kernel:
    """The same from probabilities, which are divided by their sum; of a row of zeros, the classes count as equal."""

    def kernel(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        index = ops.only(y)
        if index is not None and absent(smoothing):
            value, slope = shares_kernel(of, dtype, True, at_zero)(x, index)
            w_t = None if weights is None else ops.take(weights, index, axis=0)
            return (value, slope) if w_t is None else (value * w_t, slope * w_t[..., None])
        top, place, ties = ops.winner(x)
        empty = ops.cast(top <= 0, x.dtype)
        e, top_or_one = at_least(x + empty, 0.0), top + empty
        e = ops.put(e, place, ops.there(e, place) - top_or_one)
        others = ops.row_sum(e) / top_or_one + (ties - 1)
        if of is not None:
            e = e / top_or_one
        d = nll(top, dtype) - nll(x, dtype)
        y, steepest = _labels(y, smoothing, weights), reciprocal(top, dtype)
        value, g, at_winner, whole, of_sure = _weighed(of, y, d, e, others, place)
        by_x = reciprocal(x, dtype)
        of_winner = ops.where(others < 1, of_sure * steepest, whole * steepest - at_winner * ops.there(by_x, place))
        slopes = whole * steepest - g * by_x
        if shallow(dtype):  # of a 0, the slope of the nll is that of -log 0: none of it is the sum's
            rest = 0.0 if at_zero is None else y * at_zero(log1p(others) - d)
            slopes = slopes + ops.where(x + empty > 0, 0.0, (rest - g) * (steepest / (1 + others)))
        return value[..., 0], ops.put(slopes, place, of_winner)

    return kernel


def floored(p: Tensor, by_p: Tensor, dtype: str) -> Tensor:
    """Probabilities of which `by_p` are the reciprocals; where that is not quite so, as of 0, what it is that of."""
    return ops.where(p < SMALLEST[wide(dtype)], 1 / by_p, p)


def _labels(y: Tensor, smoothing: Any, weights: Tensor | None) -> Tensor:
    if not absent(smoothing):
        y = y + smoothing * (1 / length(y) - y)
    return y if weights is None else y * weights


def _weighed(
    of: Function | None, y: Tensor, d: Tensor, e: Tensor, others: Tensor, place: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The value of each row; the weight of each class's slope, 0 at the winner, and the winner's; their sum times the
    share of the winner; and the slope of a winner that is surer than all others together.

    With g the weights of the slopes, the winner's is p sum(g) - g, which would cancel where p is nearly 1: it is
    p (the others' g) - g (1 - p). Several winners have slopes of their own: what is put at their places keeps them.
    """
    r, far = 1 / (1 + others), log1p(others)
    if of is None:
        g = y
    else:
        winner = ops.there(e, place)
        p = ops.put(1.0 * e, place, 1 + winner) * r
        q = ops.put(1 - p, place, (others - winner) * r)  # only the winner's p may be above a half
        value, by = of(far - d, p, q)
        g = y * by
        value = ops.row_sum(y * value)
    at_winner, mine = ops.there(g, place), ops.taken(g, place)
    g = ops.put(g, place, 0.0)
    theirs = ops.row_sum(g)
    mass = mine + theirs
    if of is None:
        value = mass * far - ops.row_sum(ops.spent(d) * g)
    return value, g, at_winner, mass * r, (theirs - mine * others) * r


def _apart(z: Tensor, index: Tensor, mass: Any = None) -> tuple[Tensor, ...]:
    """-log p of the largest logit; how far logits lie below it, and that of the true class; times a mass p, 0 at that
    class, and there p and 1 - p."""
    largest = ops.row_max(z)
    d = z - largest
    if ops.at_once(z):
        p = ops.softmax(z)
        top, p_t = ops.row_max(p), ops.taken(p, index)
        p = ops.put(p, index, 0.0)
        q_t = ops.row_sum(p)
        scaled = (p * mass, p_t * mass, q_t * mass) if mass is not None else (p, p_t, q_t)
        return _log_of(top, q_t), d, ops.taken(z, index) - largest, *scaled
    d_t = ops.taken(d, index)
    e, e_t = ops.put(ops.exp(d), index, 0.0), ops.exp(d_t)
    others = ops.row_sum(e)
    r = (1.0 if mass is None else mass) / (others + e_t)
    return log1p(others + (e_t - 1)), d, d_t, ops.spent(e) * r, e_t * r, others * r


def _log_of(p: Tensor, q: Tensor) -> Tensor:
    """-log p of the largest logit. Where q < 1/2 is the share of all but one class, that class is it, and p = 1 - q."""
    return ops.where(q < 0.5, -log1p(-ops.at_most(q, 0.5)), -log(at_least(p, SMALLEST["float32"])))


def _by_softmax(of: Function | None, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The dense kernel from probabilities that the backend makes in one operation."""
    top, place, _ = ops.winner(z)
    p = ops.softmax(z)
    of_winner = ops.taken(p, place)
    p = ops.put(p, place, 0.0)
    rest = ops.row_sum(p)
    far, g = _log_of(of_winner, rest), y
    d = at_least(ops.spent(z - top), -LARGEST)  # of -inf nothing is left where the label is 0
    if of is not None:
        every = ops.put(1.0 * p, place, of_winner)
        value, by = of(far - d, every, ops.put(1 - every, place, rest))
        g, value = y * by, ops.row_sum(y * value)
    mine = ops.taken(g, place)
    g = ops.put(1.0 * g, place, 0.0)
    theirs = ops.row_sum(g)
    mass = mine + theirs
    if of is None:
        value = mass * far - ops.row_sum(ops.spent(d) * g)
    return value[..., 0], ops.put(ops.spent(ops.spent(p) * mass) - g, place, theirs * of_winner - mine * rest)


def nll_of_logits(z: Tensor) -> Tensor:
    """-log(softmax(z)) of every class along the last axis, exact also where one class is nearly certain.

    With k the largest logit: (z_k - z_c) + log(1 + sum over the others of e^(z_c - z_k)): nothing cancels, in the
    value or in its derivative.
    """

    def value(z: Tensor) -> Tensor:
        behind, _, others, _ = _against_the_winner(z)
        return log1p(others) - behind

    def jvp(z: Tensor, change: Tensor) -> Tensor:
        _, e, others, first = _against_the_winner(z)
        p, q = _shares(e, others, first)
        return of_others(p * change, first) - q * change

    def vjp(z: Tensor, g: Tensor) -> Tensor:
        _, e, others, first = _against_the_winner(z)
        p, q = _shares(e, others, first)
        return p * of_others(g, first) - q * g

    return derived(value, jvp, vjp)(z)


def nll_of_one_logit(z: Tensor, index: Tensor) -> Tensor:
    """-log(softmax(z)) of the class `index` alone, along the last axis."""

    def value(z: Tensor, index: Tensor) -> Tensor:
        behind, _, others, _ = _against_the_winner(z)
        return log1p(ops.squeeze(others, axis=-1)) - pick(behind, index)

    def slope(z: Tensor, index: Tensor) -> Tensor:
        p, q = probabilities_of_logits(z)
        return ops.where(one_hot(index, z), -q, p)

    def jvp(z: Tensor, index: Tensor, change: Tensor, _: Tensor) -> Tensor:
        return total(slope(z, index) * change, -1)

    def vjp(z: Tensor, index: Tensor, g: Tensor) -> tuple[Tensor, None]:
        return slope(z, index) * ops.expand_dims(g, -1), None

    return derived(value, jvp, vjp)(z, index)


def nll_of_several_logits(z: Tensor, share: Tensor, rest: Tensor) -> Tensor:
    """-log of the sum of share_c softmax(z)_c along the last axis, for shares from 0 to 1 and rest = 1 - share."""

    def of(d: Tensor, part: Tensor) -> Tensor:
        some = part > 0
        return ops.where(some, d + log(ops.where(some, part, 1.0)), -(2.0**100))

    def value(z: Tensor, share: Tensor, rest: Tensor) -> Tensor:
        d = z - largest(z, keepdims=True)
        return softplus(ops.logsumexp(of(d, rest), axis=-1) - ops.logsumexp(of(d, share), axis=-1))

    def slope(z: Tensor, share: Tensor, rest: Tensor) -> Tensor:
        d, e, others, first = _against_the_winner(z)
        p, q = _shares(e, others, first)
        said = total(p * share, -1)[..., None]
        seen = said > 1e-30
        exact = (p / ops.where(seen, said, 1.0)) * (of_others(p * share, first) - share * q)
        logs = of(d, share)
        return ops.where(seen, exact, p - ops.exp(logs - ops.logsumexp(logs, axis=-1, keepdims=True)))

    def jvp(z: Tensor, share: Tensor, rest: Tensor, change: Tensor, *_: Tensor) -> Tensor:
        return total(slope(z, share, rest) * change, -1)

    def vjp(z: Tensor, share: Tensor, rest: Tensor, g: Tensor) -> tuple[Tensor, None, None]:
        return slope(z, share, rest) * ops.expand_dims(g, -1), None, None

    return derived(value, jvp, vjp)(z, share, rest)


def probabilities_of_logits(z: Tensor) -> tuple[Tensor, Tensor]:
    """softmax(z) and 1 - softmax(z) along the last axis, both relatively exact."""
    _, e, others, first = _against_the_winner(z)
    return _shares(e, others, first)


def misses_of_logits(z: Tensor, sign: Tensor) -> Tensor:
    """softmax(z) along the last axis where the sign is 1, 1 - softmax(z) where it is -1; the slopes are exact too."""

    def value(z: Tensor, sign: Tensor) -> Tensor:
        p, q = probabilities_of_logits(z)
        return ops.where(sign < 0, q, p)

    def along(z: Tensor, change: Tensor) -> Tensor:
        """The change of the softmax with z. (The matrix of its slopes is symmetric.)"""
        (p, q), (_, first) = probabilities_of_logits(z), _winner(z)
        return p * (q * change - of_others(p * change, first))

    def jvp(z: Tensor, sign: Tensor, dz: Tensor, _: Tensor) -> Tensor:
        return sign * along(z, dz)

    def vjp(z: Tensor, sign: Tensor, g: Tensor) -> tuple[Tensor, None]:
        return along(z, sign * g), None

    return derived(value, jvp, vjp)(z, sign)


def misses_of_shares(x: Tensor, sign: Tensor, dtype: str) -> Tensor:
    """x_c / sum x along the last axis where the sign is 1, 1 less that where it is -1; the slopes are exact too."""

    def parts(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        top, e, others, first = _against_the_largest(x)
        return *_shares(e, others, first), reciprocal(top, dtype) / (1 + others), first

    def value(x: Tensor, sign: Tensor) -> Tensor:
        p, q, _, _ = parts(x)
        return ops.where(sign < 0, q, p)

    def jvp(x: Tensor, sign: Tensor, dx: Tensor, _: Tensor) -> Tensor:
        p, q, by, first = parts(x)
        return sign * (q * (by * dx) - p * of_others(by * dx, first))

    def vjp(x: Tensor, sign: Tensor, g: Tensor) -> tuple[Tensor, None]:
        p, q, by, first = parts(x)
        return by * (q * (sign * g) - of_others(p * (sign * g), first)), None

    return derived(value, jvp, vjp)(x, sign)


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
    p = ops.where(first, 1.0, e) / (1 + others)
    return p, ops.where(first, others / (1 + others), 1 - p)  # only the winner's p may be above a half


def _lost_in(difference: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """What rounding took from difference = a - b, where e^difference could tell (Knuth's two-sum)."""
    back = difference - a
    lost = (a - (difference - back)) - (b + back)
    return ops.stop_gradient(ops.where(difference > -128, lost, 0.0))


def of_others(g: Tensor, first: Tensor) -> Tensor:
    """For each class the sum over all other classes; of the winner, whose own may be the largest, without it."""
    rest = ops.expand_dims(total(ops.where(first, 0.0, g), -1), -1)
    return ops.where(first, rest, ops.expand_dims(total(g, -1), -1) - g)


def nll_of_probabilities(x: Tensor, dtype: str) -> Tensor:
    """-log(x_c / sum x) for numbers >= 0 along the last axis; of a row of zeros, the classes count as equal."""

    def value(x: Tensor) -> Tensor:
        winner, _, others, first = _against_the_largest(x)
        behind = nll(x, dtype) - nll(winner, dtype)
        return log1p(others) + ops.where(first, 0.0, behind)

    def slopes(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        winner, e, others, first = _against_the_largest(x)
        _, q = _shares(e, others, first)
        return reciprocal(winner, dtype) / (1 + others), q * reciprocal(x, dtype), first

    def jvp(x: Tensor, change: Tensor) -> Tensor:
        of_all, of_itself, first = slopes(x)
        return of_others(of_all * change, first) - of_itself * change

    def vjp(x: Tensor, g: Tensor) -> Tensor:
        of_all, of_itself, first = slopes(x)
        return of_all * of_others(g, first) - of_itself * g

    return derived(value, jvp, vjp)(x)


def probabilities_of_shares(x: Tensor) -> tuple[Tensor, Tensor]:
    """x_c / sum x and 1 less that, along the last axis, both relatively exact."""
    _, e, others, first = _against_the_largest(x)
    return _shares(e, others, first)


def slope_at_zero(x: Tensor, by: Tensor, dtype: str) -> Tensor:
    """Nothing, whose slope by shares x_c / sum x along the last axis is `by` where these are 0; see shares_kernel."""

    def slope(x: Tensor, by: Tensor) -> Tensor:
        top, _, others, _ = _against_the_largest(x)
        zero = ops.logical_and(top > 0, x <= 0)
        return ops.where(zero, by * (reciprocal(top, dtype) / (1 + others)), 0.0)

    return with_slope(lambda x, by: 0.0 * x, slope)(x, by + 0.0 * x)


def _against_the_largest(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The largest entry; x divided by it, 0 at the largest; the sum of these; and where it is (one of them)."""
    top, first = _winner(x)
    empty = top <= 0
    e = ops.where(first, 0.0, ops.where(empty, 1.0, at_least(x, 0.0) / ops.where(empty, 1.0, top)))
    return top, e, ops.expand_dims(total(e, -1), -1), first


def whole_index(y: Tensor) -> Tensor:
    """Labels as int32. Of floats, a fraction or NaN is no class, and becomes a negative number."""
    index = ops.cast(y, "int32")
    return ops.where(ops.equal(ops.cast(index, y.dtype), y), index, NO_CLASS) if "float" in str(y.dtype) else index


def one_hot(index: Tensor, like: Tensor) -> Tensor:
    """A boolean tensor in the shape of `like`: whether the place along the last axis is `index`."""
    places = ops.arange(ops.shape(like)[-1], dtype="int32")
    return ops.equal(ops.expand_dims(ops.cast(index, "int32"), -1), places)


def pick(values: Tensor, index: Tensor) -> Tensor:
    """The entry `index` of `values` along the last axis."""
    chosen = ops.take_along_axis(values, ops.expand_dims(ops.cast(index, "int32"), -1), axis=-1)
    return ops.squeeze(chosen, axis=-1)
