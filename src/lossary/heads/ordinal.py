"""Heads of ordinal regression: one number for each threshold between two levels."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
from keras import ops

from .._calls import checked_call
from ..core.params import Param
from ..families.ordinal import Coral as CoralLoss
from ..families.ordinal import Corn as CornLoss
from ..families.ordinal import CumulativeLink as CumulativeLinkLoss
from ..numerics.stable import sigmoid
from .base import Head, Tensor
from .rising import rising

LEVELS = Param("The number of levels.", kind="whole", low=2, closed=True)


class _Ordinal(Head):
    settings = {"levels": LEVELS}  # noqa: RUF012

    @checked_call
    def __init__(self, levels: int, targets: int | None = None, **kwargs: Any) -> None:
        super().__init__(targets, {"levels": levels}, **kwargs)

    @property
    def outputs(self) -> int:
        return self.levels - 1

    def passing(self, outputs: Tensor) -> Tensor:
        """The probability of each threshold that the level lies above it, (..., levels - 1)."""
        return sigmoid(outputs)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """The probability of each level, (..., levels)."""
        passing = self.passing(outputs)
        edge = ops.ones_like(passing[..., :1])
        return ops.concatenate([edge, passing], -1) - ops.concatenate([passing, 0 * edge], -1)

    def point(self, outputs: Tensor) -> Tensor:
        """The level in the middle: how many thresholds are passed with a probability above 1/2."""
        return ops.sum(ops.cast(self.passing(outputs) > 0.5, "int32"), axis=-1)


class Coral(_Ordinal):
    """One score for all thresholds, and a bias for each: `ls.Coral` reads the logits of passing them.

    The biases start in falling order, and the best ones fall too. Where they do not yet, a threshold counts as passed
    with at most the probability of the one before it.

    >>> head = Coral(levels=4)
    >>> head(np.zeros((2, 3))).shape
    (2, 3)
    """

    pairs_with = CoralLoss
    use_bias = False

    @property
    def raw(self) -> int:
        return 1

    def add_more_weights(self, shape: tuple[int, ...]) -> None:
        def falling(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            steps = 1 - ops.arange(shape[-1], dtype=dtype) / shape[-1]
            return ops.zeros(shape, dtype) + steps

        self.bias = self.add_weight(shape=(*shape, self.outputs), initializer=falling, name="bias")

    def arrange(self, numbers: Tensor) -> Tensor:
        return numbers + self.bias

    def passing(self, outputs: Tensor) -> Tensor:
        each = ops.unstack(sigmoid(outputs), self.outputs, axis=-1)
        return ops.stack(list(accumulate(each, ops.minimum)), axis=-1)


class Corn(_Ordinal):
    """Weights of its own for each threshold: `ls.Corn` reads the logits of passing one that has been reached.

    >>> head = Corn(levels=4)
    >>> head.probabilities(head(np.zeros((1, 3))))
    [[0.5, 0.25, 0.125, 0.125]]
    """

    pairs_with = CornLoss

    def passing(self, outputs: Tensor) -> Tensor:
        return ops.cumprod(sigmoid(outputs), axis=-1)


class CumulativeLink(_Ordinal):
    """One score, and thresholds that stay in order: `ls.CumulativeLink` reads the thresholds less the score.

    >>> head = CumulativeLink(levels=3)
    >>> head(np.zeros((1, 2)))
    [[-1.0, 1.0]]
    """

    pairs_with = CumulativeLinkLoss
    settings = {"levels": LEVELS, "noise": CumulativeLinkLoss.params["noise"]}  # noqa: RUF012
    use_bias = False
    rises = True

    @checked_call
    def __init__(self, levels: int, noise: str = "logistic", targets: int | None = None, **kwargs: Any) -> None:
        Head.__init__(self, targets, {"levels": levels, "noise": noise}, **kwargs)

    def fixed(self) -> dict[str, Any]:
        return {"noise": self.noise}

    @property
    def raw(self) -> int:
        return 1

    def add_more_weights(self, shape: tuple[int, ...]) -> None:
        """The first threshold, and of each further one how far it is from the one before: softplus of the weight."""
        gap, count = 2.0 / max(self.outputs - 1, 1), self.outputs
        start = -1.0 if count > 1 else 0.0

        def evenly(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
            row = ops.convert_to_tensor([start] + [float(np.log(np.expm1(gap)))] * (count - 1), dtype=dtype)
            return ops.zeros(shape, dtype) + row

        self.steps = self.add_weight(shape=(*shape, count), initializer=evenly, name="steps")

    def arrange(self, numbers: Tensor) -> Tensor:
        steps = ops.convert_to_tensor(self.steps)
        return rising(steps) - numbers

    def passing(self, outputs: Tensor) -> Tensor:
        return sigmoid(-outputs) if self.noise == "logistic" else 0.5 * ops.erfc(np.sqrt(0.5) * outputs)
