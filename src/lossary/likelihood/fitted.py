"""A fitted distribution, and several of one sample side by side."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.errors import LossaryError, ParameterError
from ..core.forms import Likelihood
from ..heads.asked import generator, numbers, sample_size
from ..heads.laws import MADE, law_of
from ..heads.supports import beyond
from ..linear.rows import row_function
from .engine import Problem
from .mixture import FittedMixture
from .result import LikelihoodFit
from .sample import Sample

Array = np.ndarray


@dataclass(frozen=True, repr=False)
class DistributionFit(LikelihoodFit):
    """A fitted distribution: a LikelihoodFit that knows its density, quantiles and samples."""

    loss: Likelihood = field(kw_only=True, repr=False)
    data: Sample = field(kw_only=True, repr=False)
    whole: Callable[[], Problem | None] = field(kw_only=True, repr=False)

    def of_rows(self) -> Problem:
        return self.whole() or self.problem

    @property
    def scipy(self) -> Any:
        """The fitted distribution as a frozen one of scipy.stats."""
        if self.loss.scipy is None:
            raise LossaryError(
                "The probabilities of a fitted distribution come from SciPy.",
                arrived=f"SciPy has no {self.model}.",
                allowed="Expected a distribution of scipy.stats.",
                do="Use log_density, which every distribution has.",
            )
        from scipy import stats

        return getattr(stats, self.loss.scipy)(**self.loss.in_scipy(**self.parameters))

    @property
    def law(self) -> Any:
        """What knows the distribution function: a frozen distribution of SciPy, or one that answers as it does."""
        if isinstance(self.loss, FittedMixture):
            return self.loss.law(**self.parameters)
        if self.loss.scipy is None and type(self.loss) in MADE:
            return law_of(self.loss, {name: np.asarray(value) for name, value in self.parameters.items()})
        return self.scipy

    def log_density(self, y: Any) -> Array:
        """The logarithm of the density, or of the probability of a count."""
        y = numbers(y, "y", "fit.log_density(y) gives the logarithm of the density.").reshape(-1)
        outputs = np.tile(self.c, (len(y), 1))
        found = -Problem(row_function(self.loss), y, np.ones(len(y)), [None] * len(self.names)).rows.values(outputs)
        known = {name: np.asarray(value) for name, value in self.parameters.items()}
        return np.where(np.isnan(y), np.nan, np.where(beyond(self.loss, y, known), -np.inf, found))

    def cdf(self, y: Any) -> Array:
        """The distribution function."""
        return np.asarray(self.law.cdf(numbers(y, "y", "fit.cdf(y) gives the distribution function.")))

    def quantile(self, share: Any) -> Array:
        """The inverse of the distribution function."""
        asked = "fit.quantile(share) gives the number below which a share of all lies."
        share = numbers(share, "share", asked)
        bad = (share < 0) | (share > 1)
        if bad.any():
            raise ParameterError(
                asked,
                arrived=f"share holds {share[bad][0]:g}.",
                allowed="Expected numbers from 0 to 1.",
                do="Write 0.9 for 90 %.",
            )
        return np.asarray(self.law.ppf(share))

    def sample(self, size: int, seed: int | None = None) -> Array:
        """Random numbers from the fitted distribution."""
        asked = "fit.sample(size, seed) draws from the fitted distribution."
        return np.asarray(self.law.rvs(size=(sample_size(size, asked),), random_state=generator(seed, asked)))

    def plot(self, kind: str = "density", parameter: str | None = None) -> Any:
        """A matplotlib figure: "density" (with the histogram), "qq" (quantiles) or "profile" (of a parameter)."""
        from ..drawing.fits import plotted

        return plotted(self, kind, parameter)


@dataclass(frozen=True, repr=False)
class Comparison:
    """Fits of several distributions, the smallest AIC first, and why others were not fitted."""

    fits: tuple[DistributionFit, ...]
    refused: dict[str, str]

    @property
    def best(self) -> DistributionFit:
        """The fit of smallest AIC among those that ended well."""
        if not self.fits:
            raise LossaryError(
                "best is the fit of smallest AIC.",
                arrived="; ".join(f"{name}: {why}" for name, why in self.refused.items())[:300],
                allowed="Expected a distribution that can produce these numbers.",
                do="Compare other distributions; `refused` says what stands against each.",
            )
        return self.fits[0]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Log-likelihood, AIC and BIC of every fit, as texts."""
        least = next((fit.aic for fit in self.fits if fit.success), math.nan)
        rows = [
            [fit.model, ", ".join(f"{n} {v:.4g}" for n, v in fit.parameters.items()), f"{fit.log_likelihood:.6g}",
             f"{fit.aic:.6g}", f"{fit.aic - least:.4g}" if fit.success else "–", f"{fit.bic:.6g}",
             "converged" if fit.success and not fit.flags else ", ".join(fit.flags)]
            for fit in self.fits
        ]  # fmt: skip
        return ["distribution", "parameters", "log-likelihood", "AIC", "difference", "BIC", "ended"], rows

    def __repr__(self) -> str:
        head, rows = self.table()
        wide = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, wide, strict=True)).rstrip() for row in [head, *rows]]
        return "\n".join(lines + [f"{name} was left out: {why}" for name, why in self.refused.items()])

    def _repr_html_(self) -> str:
        from ..core import notebook

        return notebook.box("Distributions", notebook.table(*self.table()))
