"""Shares of classes that may be exactly 0, and the losses that they are the gradients of.

Scores below a threshold have no share. Losses are sums of terms >= 0: none loses its digits where it is nearly 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import ops
from .backend import derived, expm1, log, log1p, total
from .classes import of_others, one_hot, pick
from .stable import at_least, exp_less_line, largest, power, rising_power

Tensor = Any
NEWTON = 10  # steps
Shares = Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]


def _behind(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How far scores lie behind the largest; the same in their order, no farther than shares reach; 1, 2, 3 ..."""
    d = z - ops.stop_gradient(largest(z, keepdims=True))
    ordered = -ops.sort(ops.stop_gradient(-at_least(d, -4.0)), axis=-1)
    return d, ordered, ops.cumsum(ops.ones_like(ordered), axis=-1)


def sparsemax(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The nearest point to z whose entries are shares; the same; and by how much z lies below the threshold."""
    d, ordered, k = _behind(z)
    inside = 1 + k * ordered > ops.cumsum(ordered, axis=-1)
    first = (total(ops.where(inside, ordered, 0.0), -1) - 1) / total(ops.cast(inside, z.dtype), -1)
    kept = d > ops.expand_dims(first, -1)
    low = (total(ops.where(kept, d, 0.0), -1) - 1) / total(ops.cast(kept, z.dtype), -1)
    p = at_least(d - ops.expand_dims(low, -1), 0.0)
    return p, p, at_least(ops.expand_dims(low, -1) - d, 0.0)


def entmax15(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Shares that are squares of z / 2 above a threshold; their roots; and by how much z / 2 lies below it."""
    d, ordered, k = _behind(z)
    x, ordered = 0.5 * d, 0.5 * ordered
    mean = ops.cumsum(ordered, axis=-1) / k
    spread = ops.cumsum(ops.square(ordered), axis=-1) - k * ops.square(mean)
    lows = mean - ops.sqrt(at_least((1 - spread) / k, 0.0))
    count = total(ops.cast(lows <= ordered, z.dtype), -1)
    low = total(ops.where(ops.equal(k, ops.expand_dims(count, -1)), lows, 0.0), -1)
    for _ in range(3):  # Newton's steps for the norm of the roots, which shall be 1; the last one has the derivative
        root = at_least(x - ops.expand_dims(ops.stop_gradient(low), -1), 0.0)
        norm = ops.sqrt(total(ops.square(root), -1))
        low = ops.stop_gradient(low) + (norm - 1) * norm / total(root, -1)
    root = at_least(x - ops.expand_dims(low, -1), 0.0)
    return ops.square(root), root, at_least(ops.expand_dims(low, -1) - x, 0.0)


def _loss_of(shares: Shares, made: Callable[..., Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of scores and the index t of the true class whose gradient is the shares, less 1 at t.

    `made` takes the shares of the others, their roots, their sum, the root of the true one, and how far t lies below.
    """

    def apart(z: Tensor, index: Tensor) -> tuple[Any, ...]:
        p, root, below = shares(z)
        own = one_hot(index, z)
        others = ops.where(own, 0.0, p)
        return p, root, below, own, others, total(others, -1)

    def value(z: Tensor, index: Tensor) -> Tensor:
        _, root, below, _, others, left = apart(z, index)
        return made(others, root, left, pick(root, index), pick(below, index))

    def slope(z: Tensor, index: Tensor) -> Tensor:
        p, _, _, own, _, left = apart(z, index)
        return ops.where(own, -ops.expand_dims(left, -1), p)

    return _of_rows(value, slope)


def _of_rows(
    value: Callable[[Tensor, Tensor], Tensor], slope: Callable[[Tensor, Tensor], Tensor]
) -> Callable[[Tensor, Tensor], Tensor]:
    """A value for each row of scores, with its slopes by them; the index of the true class is held."""

    def jvp(z: Tensor, index: Tensor, change: Tensor, _: Tensor) -> Tensor:
        return total(slope(z, index) * change, -1)

    def vjp(z: Tensor, index: Tensor, g: Tensor) -> tuple[Tensor, None]:
        return slope(z, index) * ops.expand_dims(g, -1), None

    return derived(value, jvp, vjp)


def _of_sparsemax(others: Tensor, root: Tensor, left: Tensor, own: Tensor, below: Tensor) -> Tensor:
    return 0.5 * (total(ops.square(others), -1) + ops.square(left)) + below


def _of_entmax15(others: Tensor, root: Tensor, left: Tensor, own: Tensor, below: Tensor) -> Tensor:
    return (total(others * root, -1) + (2 + own) * ops.square(left / (1 + own))) * (2 / 3) + 2 * below


sparsemax_loss = _loss_of(sparsemax, _of_sparsemax)
entmax15_loss = _loss_of(entmax15, _of_entmax15)


def entmax(alpha: float) -> Shares:
    """Shares that are powers 1 / (alpha - 1) of (alpha - 1) z above a threshold, which halving finds; see entmax15."""
    r = 1 / (alpha - 1)

    def shares(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        d = (alpha - 1) * (z - ops.stop_gradient(largest(z, keepdims=True)))
        low, high = 0.0 * d[..., :1], 0.0 * d[..., :1] + 1.0  # of what the largest score is above the threshold
        for _ in range(60 if "float64" in str(z.dtype) else 32):
            middle = ops.stop_gradient((low + high) / 2)
            enough = ops.expand_dims(total(rising_power(at_least(d + middle, 0.0), r), -1), -1) > 1
            low, high = ops.where(enough, low, middle), ops.where(enough, middle, high)
        above = d + ops.stop_gradient(high)
        inside = above > 0
        u = ops.where(inside, above, 1.0)
        p, steep = (ops.where(inside, power(u, k), 0.0) for k in (r, r - 1))
        step = (total(p, -1) - 1) / total(r * steep, -1)  # Newton's, for its derivative
        above = above - ops.expand_dims(step, -1)
        root = at_least(above, 0.0)
        return rising_power(root, r), root, at_least(-above, 0.0)

    return shares


def entmax_loss(alpha: float) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of scores and the index of the true class whose gradient is these shares, less 1 at the index."""
    a = alpha - 1

    def made(others: Tensor, root: Tensor, left: Tensor, own: Tensor, below: Tensor) -> Tensor:
        sure = left < 0.4
        x = log1p(-ops.where(sure, left, 0.0))
        near = exp_less_line(alpha * x) / alpha - exp_less_line(a * x) / a
        far = (1 + a * rising_power(own, alpha / a) - alpha * own) / (alpha * a)
        return total(others * root, -1) / alpha + below / a + ops.where(sure, near, far)

    return _loss_of(entmax(alpha), made)


def tempered(z: Tensor, t: float) -> Tensor:
    """For t > 1, by how much 1 / p^(t - 1) exceeds nothing: the shares p fall off as powers of the distance behind.

    It is m + (t - 1) d, with d how far a score lies behind the largest and one m for each row, so that shares sum to 1.
    """
    b = t - 1
    behind = b * (largest(z, keepdims=True) - z)
    m = 1.0 + 0.0 * behind[..., :1]
    for _ in range(NEWTON):  # for the sum of the shares to the power -b, which rises with m nearly as a line
        p = power(m + behind, -1 / b)
        whole = ops.expand_dims(total(p, -1), -1)
        m = m + whole * expm1(b * log(whole)) / ops.expand_dims(total(p / (m + behind), -1), -1)
    return m + behind


def bi_tempered(t1: float, t2: float) -> Callable[[Tensor, Tensor], Tensor]:
    """The divergence that t1 < 1 makes of the true class and the shares that t2 > 1 makes of scores."""
    a, b = 1 - t1, t2 - 1

    def apart(z: Tensor, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, own = tempered(z, t2), one_hot(index, z)
        return x, own, total(ops.where(own, 0.0, power(x, -1 / b)), -1)

    def value(z: Tensor, index: Tensor) -> Tensor:
        x, own, left = apart(z, index)
        sure = left < 0.4
        near = log1p(-ops.where(sure, left, 0.0))
        far = -log(ops.where(sure, 1.0, pick(x, index))) / b
        own_part = exp_less_line((1 + a) * near) / (1 + a) - exp_less_line(a * near) / a
        own_part = ops.where(sure, own_part, expm1((1 + a) * far) / (1 + a) - expm1(a * far) / a)
        return own_part + total(ops.where(own, 0.0, power(x, -(1 + a) / b)), -1) / (1 + a)

    def slope(z: Tensor, index: Tensor) -> Tensor:
        x, own, left = apart(z, index)
        by_share = ops.where(own, -ops.expand_dims(left, -1) * power(x, -(t2 - t1) / b), power(x, -(1 + t2 - t1) / b))
        escort = power(x, -t2 / b)
        escort = escort / ops.expand_dims(total(escort, -1), -1)
        first = one_hot(ops.argmax(z, axis=-1), z)
        return by_share * of_others(escort, first) - escort * of_others(by_share, first)

    return _of_rows(value, slope)
