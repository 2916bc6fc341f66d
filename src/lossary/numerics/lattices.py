"""Sums over all ways through a grid, from its first node to its last: down, to the right, or both at once."""

from __future__ import annotations

from typing import Any

from keras import ops

from .backend import accumulated, log1p
from .stable import sigmoid, smaller, with_slopes

Tensor = Any
FAR = 1e30  # the price of a step that there is not


def soft_smaller(a: Tensor, b: Tensor) -> Tensor:
    """-log(e^-a + e^-b), and its slopes, which do not depend on which of two equal numbers comes first."""
    return with_slopes(
        lambda a, b: smaller(a, b) - log1p(ops.exp(-ops.abs(a - b))), lambda a, b: (sigmoid(b - a), sigmoid(a - b))
    )(a, b)


def diagonals(x: Tensor) -> Tensor:
    """(row, n, m) as (n + m - 1, row, n): entry i of diagonal k is x[:, i, k - i], far where there is none."""
    _, n, m = ops.shape(x)
    wide = ops.concatenate([x, FAR + ops.zeros_like(x[:, :, :1]) + ops.zeros((1, 1, n), x.dtype)], axis=2)
    flat = ops.reshape(wide, (ops.shape(x)[0], n * (m + n)))[:, : n * (m + n - 1)]  # each line one place further right
    return ops.transpose(ops.reshape(flat, (ops.shape(x)[0], n, m + n - 1)), (2, 0, 1))


def ways(down: Tensor, right: Tensor, both: Tensor) -> Tensor:
    """-log of the sum of e^-price over all ways to each node, (n + m - 1, row, n) by diagonals.

    Args:
        down: (row, n, m), the price of the step to a node from the one above; `right` from the left, `both` from above
            on the left. A node that cannot be reached so has FAR. both[:, 0, 0] is the price of the start.
    """

    def step(carry: Tensor, price: Tensor) -> Tensor:
        last, across = carry[0], carry[1]  # the diagonal before, and the one before that, moved down by one
        above = ops.concatenate([FAR + ops.zeros_like(last[:, :1]), last[:, :-1]], axis=1)
        here = soft_smaller(soft_smaller(last + price[1], above + price[0]), across + price[2])
        return ops.stack([here, above])

    prices = ops.stack([diagonals(x) for x in (down, right, both)], axis=1)
    far = FAR + ops.zeros_like(prices[0, 0])
    start = ops.concatenate([ops.zeros_like(far[:, :1]), far[:, 1:]], axis=1)
    return accumulated(step, ops.stack([far, start]), prices)[:, 0]
