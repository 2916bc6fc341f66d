"""A head of several quantiles that cannot cross."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._calls import checked_call
from ..core.params import numbers
from ..families.quantiles import MultiQuantile
from .base import Head, Tensor
from .rising import rising

QUANTILES = numbers(
    "The quantiles, one for each output.", low=0.0, high=1.0, closed=False, unusual=None, optional=False
)


class Quantiles(Head):
    """Quantiles in order: the lowest, and how far each further one lies above it. `ls.MultiQuantile` reads them.

    >>> head = Quantiles([0.1, 0.5, 0.9])
    >>> head(np.zeros((1, 2)))
    [[0.0, 0.69314718, 1.38629436]]
    """

    pairs_with = MultiQuantile
    settings = {"q": QUANTILES}  # noqa: RUF012
    rises = True

    @checked_call
    def __init__(self, q: Sequence[float] = (0.1, 0.5, 0.9), targets: int | None = None, **kwargs: Any) -> None:
        super().__init__(targets, {"q": q}, **kwargs)
        MultiQuantile(q=self.q)  # refuses quantiles that are not in order

    @property
    def outputs(self) -> int:
        return len(self.q)

    def fixed(self) -> dict[str, Any]:
        return {"q": tuple(self.q)}

    def arrange(self, numbers: Tensor) -> Tensor:
        return rising(numbers)

    def point(self, outputs: Tensor) -> Tensor:
        """The quantile nearest to the median."""
        return outputs[..., min(range(self.outputs), key=lambda i: abs(self.q[i] - 0.5))]
