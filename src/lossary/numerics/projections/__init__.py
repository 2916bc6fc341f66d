"""Cross-entropies of logits that are never all in memory at once: a projection, block of rows by block of rows.

The logits of a block are made, turned into their slopes, and multiplied into the gradients of the hidden states and of
the kernel at once: three matrix products, as when all logits are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import keras

from .. import ops
from ..backend import followed, log1p
from ..classes import absent
from ..stable import length

Tensor = Any
BLOCK = 1 << 23  # logits of a block
_OWN = import_module(f"{__name__}.{keras.backend.backend()}")


@dataclass(frozen=True)
class Terms:
    """What a row costs: the cross-entropy with smoothing, plus z_loss times the square of the log of the sum."""

    smoothing: Any = 0.0
    z_loss: Any = 0.0
    cap: float | None = None  # logits are cap * tanh(logits / cap)

    def kernel(self, weights: Tensor | None) -> Callable[..., tuple[Tensor, Tensor]]:
        """Value and slopes of rows from logits, before the cap, and the index of the true class."""

        def kernel(z: Tensor, index: Tensor, *w_t: Tensor) -> tuple[Tensor, Tensor]:
            s = z if self.cap is None else self.cap * ops.tanh(z / self.cap)
            top = ops.row_max(s)
            d = s - top
            d_t = ops.taken(d, index)
            e = ops.put(ops.exp(d), index, 0.0)
            found = self.of_row(
                d_t, ops.exp(d_t), ops.row_sum(e), self.spread(d, weights), top, weights, w_t, length(z)
            )
            slopes = e * found.each
            if not absent(self.smoothing):
                slopes = slopes - found.share * (1.0 if weights is None else weights)
            slopes = ops.put(slopes, index, found.at_t)
            if self.cap is not None:
                fall = ops.exp(-2 * ops.abs(z / self.cap))  # 1 - tanh^2 would cancel
                slopes = slopes * (4 * fall / ops.square(1 + fall))
            return found.value[..., 0], slopes

        return kernel

    def spread(self, d: Tensor, weights: Tensor | None) -> Tensor | None:
        """The sum over the classes that smoothing takes, with one number for each row."""
        if absent(self.smoothing):
            return None
        return ops.row_sum(d if weights is None else d * weights)

    def of_row(
        self, d_t: Tensor, e_t: Tensor, others: Tensor, spread: Tensor | None, top: Tensor, weights: Tensor | None,
        w_t: tuple[Tensor, ...], classes: int,
    ) -> Row:  # fmt: skip
        """From d = logits - top and e = exp(d): those of the true class, and the sum of e over the others."""
        own = w_t[0][..., None] if w_t else 1.0
        share = 0.0 if spread is None else self.smoothing / classes
        every = 1.0 * classes if weights is None else ops.sum(weights)
        mass = own if spread is None else (1 - self.smoothing) * own + share * every
        log = log1p(others + (e_t - 1))
        value = mass * log - (mass - share * every) * d_t
        value = value if spread is None else value - share * spread
        sum_e = others + e_t
        each = mass / sum_e
        at_t = -others * each if spread is None else share * (every - own) - others * each
        if not absent(self.z_loss):
            z = top + log
            value = value + self.z_loss * ops.square(z)
            more = 2 * self.z_loss * z / sum_e
            each, at_t = each + more, at_t + more * e_t
        return Row(value, each, at_t, share)


@dataclass(frozen=True)
class Row:
    """Of each row: its value; what e is multiplied with to be a slope; the true class's slope; what smoothing takes."""

    value: Tensor
    each: Tensor
    at_t: Tensor
    share: Any


def logits(hidden: Tensor, kernel: Tensor, bias: Tensor | None) -> Tensor:
    """All of them: hidden (..., features) by kernel (classes, features)."""
    z = keras.ops.matmul(hidden, keras.ops.transpose(kernel))
    return z if bias is None else z + bias


def values(
    terms: Terms, weights: Tensor | None, hidden: Tensor, kernel: Tensor, bias: Tensor | None, held: tuple[Tensor, ...]
) -> Tensor:
    """The value of each row, from logits that are all in memory."""
    return followed(terms.kernel(weights), True, logits(hidden, kernel, bias), held)


def summed(
    terms: Terms, weights: Tensor | None, hidden: Tensor, kernel: Tensor, bias: Tensor | None,
    held: tuple[Tensor, ...], scale: Tensor,
) -> Tensor | None:  # fmt: skip
    """The sum of the rows, each times its scale, with the gradients by hidden, kernel and bias in one pass.

    Args:
        weights: one number for each class, or None.
        hidden: (rows, features).
        kernel: (classes, features).
        bias: (classes,), or None.
        held: the index of the true class of each row, and that class's weight where there are weights.
        scale: (rows,).

    None where the backend needs steps that it can follow: it is `values` then.
    """
    if 0 in hidden.shape:
        return None
    return _OWN.summed(terms, weights, hidden, kernel, bias, held, scale)


def rows_of_a_block(classes: int) -> int:
    """How many rows have BLOCK logits."""
    return max(1, BLOCK // max(classes, 1))
