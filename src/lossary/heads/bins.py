"""A head of a distribution over bins along a line."""

from __future__ import annotations

from typing import Any

from keras import ops

from .._calls import checked_call
from ..core.params import Param
from ..families.ordinal import DistributionFocal as DistributionFocalLoss
from ..numerics.classes import probabilities_of_logits
from .base import Head, Tensor

BINS = Param("The number of bins: targets lie between 0 and one less.", kind="whole", low=2, closed=True)


class DistributionFocal(Head):
    """Logits of bins, whose mean is the answer: `ls.DistributionFocal` reads them. Of boxes, targets=4 sides.

    >>> head = DistributionFocal(bins=5)
    >>> head.point(head(np.zeros((1, 2))))
    [2.0]
    """

    pairs_with = DistributionFocalLoss
    settings = {"bins": BINS}  # noqa: RUF012

    @checked_call
    def __init__(self, bins: int, targets: int | None = None, **kwargs: Any) -> None:
        super().__init__(targets, {"bins": bins}, **kwargs)

    @property
    def outputs(self) -> int:
        return self.bins

    def point(self, outputs: Tensor) -> Tensor:
        """The mean place on the grid of bins."""
        p, _ = probabilities_of_logits(outputs)
        return ops.sum(p * ops.arange(self.bins, dtype=p.dtype), axis=-1)
