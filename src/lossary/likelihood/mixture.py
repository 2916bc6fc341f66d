"""Mixtures of normal distributions: starts by expectation and maximisation, from several places."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from ..core.contract import REAL
from ..core.forms import Likelihood
from ..core.forms.likelihoods import Share, named
from ..core.loss import Tensor
from ..core.params import whole
from ..heads.laws import Mixed
from ..numerics import ops
from ..numerics.special import log_sum_of_exp
from .sample import Sample

Array = np.ndarray
STARTS, ROUNDS, ROWS = 8, 200, 5000
CLOSED_IN = 1e-3  # of the spread of the sample: a component with less has closed in on equal or few numbers
HALF_LOG_TAU = 0.5 * float(np.log(2 * np.pi))


class NormalMixture(Likelihood, abstract=True):
    """A mixture of normal distributions in the order of their means; each weight is a share of what others leave."""

    components: Annotated[int, whole("The number of normal distributions.", low=2, unusual=3)] = 2
    target = REAL

    @property
    def heads(self) -> dict[str, str]:  # type: ignore[override]
        each = range(1, self.components + 1)
        return named(
            **{f"weight_{k}" if k == 1 else f"weight_{k}_of_rest": "share" for k in each[:-1]},
            **{f"mean_{k}": "real" for k in each},
            **{f"std_{k}": "positive" for k in each},
        )

    def nll(self, y: Tensor, *parameters: Any) -> Tensor:
        k = self.components
        weights: tuple[Share, ...] = parameters[: k - 1]
        left: Any = 0.0
        terms = []
        for place in range(k):
            mean, std = parameters[k - 1 + place], parameters[2 * k - 1 + place]
            cost = left + (weights[place].yes if place < k - 1 else 0.0)
            left = left + (weights[place].no if place < k - 1 else 0.0)
            z = std.under(y - mean)
            terms.append(-cost - std.log - 0.5 * (z * z))
        return -log_sum_of_exp(ops.stack(terms, axis=-1))

    def rest(self, y: Tensor) -> float:
        return HALF_LOG_TAU

    def start(self, data: Sample) -> dict[str, float]:
        found = best_of_starts(data.thinned(ROWS), self.components)
        order = np.argsort(found[1])
        w, mean, std = (part[order] for part in found)
        left = 1 - np.concatenate([[0.0], np.cumsum(w)[:-1]])
        return dict(zip(self.heads, [*(w / left)[:-1], *mean, *std], strict=True))

    def against(self, parameters: dict[str, float], data: Sample) -> list[str]:
        """What stands against a fit of it."""
        std = [value for name, value in parameters.items() if name.startswith("std")]
        return ["several maxima" if min(std) > CLOSED_IN * data.std else "unbounded likelihood"]

    def law(self, **parameters: float) -> Mixed:
        """The distribution with its functions."""
        from scipy import stats

        k, values = self.components, np.array(list(parameters.values()))
        left = np.concatenate([[1.0], np.cumprod(1 - values[: k - 1])])
        weights = left * np.append(values[: k - 1], 1.0)
        return Mixed(weights, stats.norm(values[k - 1 : 2 * k - 1], values[2 * k - 1 :]))


def best_of_starts(data: Sample, components: int) -> tuple[Array, Array, Array]:
    """Weights, means and spreads of the best end without a component that has closed in."""
    rng, found = np.random.default_rng(0), []
    for place in range(STARTS):
        means = np.array([data.quantile((k + 0.5) / components) for k in range(components)])
        means = means if place == 0 else rng.choice(data.y, components)
        found.append(_raised(data, means))
    good = [one for one in found if one[1][2].min() > CLOSED_IN * data.std] or found
    return max(good, key=lambda one: one[0])[1]


def _raised(data: Sample, mean: Array) -> tuple[float, tuple[Array, Array, Array]]:
    """Expectation and maximisation from these means."""
    w, std, before = np.full(len(mean), 1 / len(mean)), np.full(len(mean), data.std / len(mean)), -np.inf
    with np.errstate(all="ignore"):
        for _ in range(ROUNDS):
            line = np.log(w) - np.log(std) - 0.5 * np.square((data.y[:, None] - mean) / std)
            top = line.max(1, keepdims=True)
            share = np.exp(line - top)
            total = share.sum(1, keepdims=True)
            value = float(data.w @ (top + np.log(total))[:, 0])
            if not value > before + 1e-7 * data.size:
                break
            before, share = value, share / total * data.w[:, None]
            heaps = np.maximum(share.sum(0), 1e-300)
            w, mean = heaps / heaps.sum(), (share.T @ data.y) / heaps
            std = np.sqrt((share * np.square(data.y[:, None] - mean)).sum(0) / heaps)
            std = np.maximum(std, 1e-6 * data.std)
    return before, (w, mean, std)
