"""What it costs to move one sample onto another, with a blur: Sinkhorn's algorithm on potentials."""

from __future__ import annotations

from typing import Any

from keras import ops

from .backend import accumulated, log, total

Tensor = Any


def _cost(a: Tensor, b: Tensor, blur: float) -> Tensor:
    """Half the squared distances of rows of a and of b, in units of the blur's square."""
    return 0.5 * total(ops.square((ops.expand_dims(a, 1) - ops.expand_dims(b, 0)) / blur), -1)


def moved(
    pairs: tuple[tuple[Tensor, Tensor], ...], samples: tuple[Tensor, Tensor], w: Tensor, blur: float, steps: int
) -> list[Tensor]:
    """The cost of each row of the first of a pair, moved onto the second: of both samples onto the other, and of each
    onto itself. Potentials are those of the samples after some steps, with the weights w, and have no gradient."""
    a, b = samples
    log_w = ops.where(w > 0, log(ops.where(w > 0, w, 1.0)), -1e30)

    def met(cost: Tensor, potential: Tensor) -> Tensor:
        return -ops.logsumexp(log_w + (potential - cost), axis=-1)

    every = [ops.stop_gradient(_cost(*two, blur)) for two in ((a, b), (b, a), (a, a), (b, b))]

    def step(held: Tensor, _: Tensor) -> Tensor:
        turned = (held[1], held[0], held[2], held[3])
        return 0.5 * (held + ops.stack([met(*both) for both in zip(every, turned, strict=True)]))

    start = ops.stack([0.0 * cost[:, 0] for cost in every])
    f, g, own_a, own_b = ops.unstack(
        ops.stop_gradient(accumulated(step, start, ops.zeros((steps,), start.dtype)))[-1], 4
    )
    return [met(_cost(*two, blur), held) for two, held in zip(pairs, (g, f, own_a, own_b), strict=True)]
