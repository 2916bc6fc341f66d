"""The head of vectors that are normal with a covariance of their own in each row."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from keras import ops

from .._calls import checked_call
from ..core.params import Param
from ..families.vector_likelihoods import MultivariateNormalNLL
from .asked import compared, generator, probability, sample_size
from .base import Head, Shape, Tensor

Array = np.ndarray


class MultivariateNormal(Head):
    """A mean and a covariance of vectors: `ls.MultivariateNormalNLL` reads them.

    >>> head = MultivariateNormal(features=2)
    >>> head.predicted(head(np.zeros((1, 3)))).covariance()
    [[[1.0, 0.0], [0.0, 1.0]]]
    """

    pairs_with = MultivariateNormalNLL
    settings: ClassVar[dict[str, Param]] = {
        "features": Param("The length of the vectors.", kind="whole", low=1, closed=True),
        "rank": Param("How many columns W has; None is all.", kind="whole", low=1, closed=True, optional=True),
    }
    features: int
    rank: int | None

    @checked_call
    def __init__(self, features: int, rank: int | None = None, **kwargs: Any) -> None:
        super().__init__(None, {"features": features, "rank": rank}, **kwargs)

    def fixed(self) -> dict[str, Any]:
        return {"rank": self.rank}

    @property
    def outputs(self) -> int:
        return MultivariateNormalNLL(rank=self.rank).numbers(self.features)

    def point(self, outputs: Tensor) -> Tensor:
        """The mean, (row, features)."""
        return outputs[..., : self.features]

    def get_config(self) -> dict[str, Any]:
        return {name: value for name, value in super().get_config().items() if name != "targets"}

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.outputs)

    def predicted(self, outputs: Any) -> PredictedVectors:
        """The distributions that outputs of this head stand for."""
        return PredictedVectors(np.asarray(ops.convert_to_numpy(outputs), dtype=float), self.features, self.rank)


class PredictedVectors:
    """One multivariate normal distribution for each row, in float64."""

    def __init__(self, outputs: Array, features: int, rank: int | None) -> None:
        d, self.outputs = features, outputs
        diagonal, rest = np.exp(outputs[:, d : 2 * d]), outputs[:, 2 * d :]
        wide = np.zeros((len(outputs), d, d if rank is None else d + rank))
        wide[:, range(d), range(d)] = diagonal
        if rank is None:
            wide[:, *np.tril_indices(d, -1)] = rest
        else:
            wide[:, :, d:] = rest.reshape(-1, d, rank)
        self.factor = wide  # the covariance is its square

    def mean(self) -> Array:
        """(row, features)."""
        return self.outputs[:, : self.factor.shape[1]]

    def covariance(self) -> Array:
        """(row, features, features)."""
        return np.asarray(self.factor @ np.swapaxes(self.factor, 1, 2))

    def std(self) -> Array:
        """The standard deviation of each feature, (row, features)."""
        return np.asarray(np.sqrt((self.factor**2).sum(-1)))

    def sample(self, size: int, seed: int | None = None) -> Array:
        """Random vectors, (size, row, features)."""
        shape = (sample_size(size), len(self.factor), self.factor.shape[2])
        return self.mean() + np.einsum("rfk,srk->srf", self.factor, generator(seed).normal(size=shape))

    def log_prob(self, y: Any) -> Array:
        """The log-density of each vector."""
        covariance = self.covariance()
        _, log_determinant = np.linalg.slogdet(covariance)
        d = covariance.shape[1]
        return np.asarray(-0.5 * (self._squares(y) + log_determinant + d * np.log(2 * np.pi)))

    def _squares(self, y: Any) -> Array:
        """The squared distance of each vector from the mean, in standard deviations."""
        off = compared(y, self.mean().shape) - self.mean()
        return np.asarray((off * np.linalg.solve(self.covariance(), off[..., None])[..., 0]).sum(-1))

    def pit(self, y: Any) -> Array:
        """The probability of lying nearer to the mean, in standard deviations: evenly spread if calibrated."""
        from scipy import stats

        return np.asarray(stats.chi2(self.factor.shape[1]).cdf(self._squares(y)))

    def coverage(self, y: Any, level: float = 0.9) -> float:
        """The share of vectors inside the ellipsoid that holds one with this probability."""
        return float(np.mean(self.pit(y) <= probability(level)))
