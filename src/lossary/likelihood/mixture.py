"""Mixtures of distributions of one kind: starts by expectation and maximisation, from several places."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from ..core.contract import COUNT, Values
from ..core.forms import Likelihood
from ..core.forms.likelihoods import Share, named
from ..core.loss import Tensor
from ..core.params import choice, whole
from ..families.mixtures import KINDS
from ..heads.laws import Mixed, law_of
from ..linear.rows import Rows, row_function
from ..numerics import ops
from ..numerics.special import log_sum_of_exp
from .result import TURNS
from .sample import Sample

Array = np.ndarray
STARTS, ROUNDS, ROWS = 8, 200, 5000
CLOSED_IN = 1e-3  # of the spread of the sample: a component with less has closed in on equal or few numbers


class FittedMixture(Likelihood, abstract=True):
    """A mixture in the order of its first parameters; each weight is a share of what others leave."""

    distribution: Annotated[str, choice("The kind of the distributions.", *KINDS)] = "normal"
    components: Annotated[int, whole("The number of distributions.", low=2, unusual=3)] = 2

    def validate(self) -> None:
        self.part = KINDS[self.distribution](dtype=self.dtype)

    @property
    def target(self) -> Values:  # type: ignore[override]
        return self.part.target

    @property
    def heads(self) -> dict[str, str]:  # type: ignore[override]
        each = range(1, self.components + 1)
        return named(
            **{f"weight_{k}" if k == 1 else f"weight_{k}_of_rest": "share" for k in each[:-1]},
            **{f"{name}_{k}": kind for name, kind in self.part.heads.items() for k in each},
        )

    def read(self, y: Tensor) -> Tensor:
        return self.part.read(y)

    def nll(self, y: Tensor, *parameters: Any) -> Tensor:
        k = self.components
        weights: tuple[Share, ...] = parameters[: k - 1]
        left: Any = 0.0
        terms = []
        for place in range(k):
            cost = left + (weights[place].yes if place < k - 1 else 0.0)
            left = left + (weights[place].no if place < k - 1 else 0.0)
            terms.append(-cost - self.part.nll(y, *parameters[k - 1 + place :: k]))
        return -log_sum_of_exp(ops.stack(terms, axis=-1))

    def rest(self, y: Tensor) -> Any:
        return self.part.rest(y)

    def start(self, data: Sample) -> dict[str, float]:
        w, each = best_of_starts(data.thinned(ROWS), self.part, self.components)
        order = np.argsort(each[:, 0])
        w, each = w[order], each[order]
        left = 1 - np.concatenate([[0.0], np.cumsum(w)[:-1]])
        return dict(zip(self.heads, [*(w / left)[:-1], *each.T.reshape(-1)], strict=True))

    def against(self, parameters: dict[str, float], data: Sample) -> list[str]:
        """What stands against a fit of it."""
        with np.errstate(all="ignore"):  # of numbers whose squares are no numbers
            spreads = self.law(**parameters).base.std()
        return ["unbounded likelihood" if _closed(self.part, spreads, data) else "several maxima"]

    def law(self, **parameters: float) -> Mixed:
        """The distribution with its functions."""
        k, values = self.components, np.array(list(parameters.values()))
        left = np.concatenate([[1.0], np.cumprod(1 - values[: k - 1])])
        weights = left * np.append(values[: k - 1], 1.0)
        parts = dict(zip(self.part.heads, values[k - 1 :].reshape(-1, k), strict=True))
        return Mixed(weights, law_of(self.part, parts), self.part.target is COUNT)


def _closed(part: Likelihood, spreads: Array, data: Sample) -> bool:
    """Whether a component has closed in on a number; counts have none that makes the likelihood grow for ever."""
    return part.target is not COUNT and bool(np.min(spreads) <= CLOSED_IN * data.std)


def best_of_starts(data: Sample, part: Likelihood, components: int) -> tuple[Array, Array]:
    """Weights, and parameters (components, parameters), of the best end where no component has closed in."""
    rng, found = np.random.default_rng(0), []
    for place in range(STARTS):
        middles = np.array([data.quantile((k + 0.5) / components) for k in range(components)])
        middles = middles if place == 0 else rng.choice(data.y, components)
        found.append(_raised(data, part, np.sort(middles)))
    with np.errstate(all="ignore"):
        spreads = [law_of(part, dict(zip(part.heads, one[1][1].T, strict=True))).std() for one in found]
    good = [one for one, spread in zip(found, spreads, strict=True) if not _closed(part, spread, data)] or found
    return max(good, key=lambda one: one[0])[1]


def _raised(data: Sample, part: Likelihood, middles: Array) -> tuple[float, tuple[Array, Array]]:
    """Expectation and maximisation from heaps of the rows around these; the estimates of a heap are a fit's start."""
    near = np.exp(-np.abs(data.y[:, None] - middles) * (2 * len(middles) / max(data.std, 1e-300)))
    share, before = near / near.sum(1, keepdims=True) * data.w[:, None], -np.inf
    best: tuple[float, tuple[Array, Array]] | None = None
    with np.errstate(all="ignore"):
        for _ in range(ROUNDS):
            w = np.maximum(share.sum(0), 1e-12 * data.size)
            each = np.array([_estimates(part, Sample(data.y, heap + 1e-12)) for heap in share.T])
            line = np.log(w / w.sum()) + _log_densities(part, data.y, each)
            top = line.max(1, keepdims=True)
            share = np.exp(line - top)
            total = share.sum(1, keepdims=True)
            value = float(data.w @ (top + np.log(total))[:, 0])
            share = share / total * data.w[:, None]
            if np.isfinite(value) and (best is None or value > best[0]):
                best = value, (w / w.sum(), each)
            if not value > before + 1e-7 * data.size:
                break
            before = value
    return best or (before, (w / w.sum(), each))


def _estimates(part: Likelihood, heap: Sample) -> list[float]:
    found = part.start(heap)
    least = max(1e-6 * heap.std if "std" in part.heads else 0.0, 1e-300)
    return [max(found[name], least) if kind == "positive" else found[name] for name, kind in part.heads.items()]


def _log_densities(part: Likelihood, y: Array, each: Array) -> Array:
    """(rows, components)"""
    turned = np.array([[TURNS[kind][1](v) for kind, v in zip(part.heads.values(), one, strict=True)] for one in each])
    rows = Rows(row_function(part), np.tile(y, len(each)), turned.shape[1])
    return -rows.slopes(np.repeat(turned, len(y), axis=0))[0].reshape(len(each), -1).T
