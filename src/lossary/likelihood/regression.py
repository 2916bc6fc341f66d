"""The result of `fit_glm`."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..core.forms import Likelihood
from ..linear import asking
from .engine import End
from .links import LINKS
from .means import Rows
from .plain import Quasi
from .reading import numbers
from .result import LikelihoodFit

Array = np.ndarray
PREDICTS = "fit.predict(x, offset) predicts from the columns of the fit."


@dataclass(frozen=True, repr=False)
class GLMFit(LikelihoodFit):
    """A LikelihoodFit of a regression. `left` names columns that were left out, since others say the same.

    Attributes:
        dispersion: by Pearson's residuals, of a generalised linear model; 1 where the distribution says so.
        expected_errors: from the expected information and this dispersion, as other libraries print them.
        standard_errors: from the observed information of the likelihood. With `weights`, and for a deviance, they are
            the expected ones, or the robust ones where the model is not a generalised linear one.
    """

    loss: Likelihood = field(kw_only=True, repr=False)
    link: str = field(kw_only=True)
    means: Rows | None = field(kw_only=True, repr=False)
    weighed: bool = field(kw_only=True, default=False)
    columns: tuple[str, ...] = field(kw_only=True, default=())
    left: tuple[str, ...] = field(kw_only=True, default=())
    inner: Array = field(kw_only=True, repr=False)
    turn: Array | None = field(kw_only=True, repr=False)
    shifts: Array = field(kw_only=True, repr=False)

    @property
    def end(self) -> End:
        """The end of the search, which knew the columns less their means, in the coefficients of the columns."""
        return replace(self._found[1], c=self.c)

    def _turned(self, covariance: Array) -> Array:
        return covariance if self.turn is None else self.turn @ covariance @ self.turn.T

    @cached_property
    def robust(self) -> Array:
        middle = self.judgement.covariance
        rows = middle if np.isnan(middle).any() else self.problem.outer(self.inner)
        return self._turned(middle if np.isnan(middle).any() else middle @ rows @ middle)

    def _profile(self, k: int, c: float) -> float:
        """An intercept is held by itself only where the columns are as they are."""
        problem, at = self.problem, self.inner
        if self.turn is not None and np.count_nonzero(self.turn[k]) > 1:
            spread = self._turned(self.judgement.covariance)
            problem, at = copy(problem), self.c + spread[:, k] * ((c - self.c[k]) / spread[k, k])  # means stay near
            ends = [part.start for part in problem.parts]
            problem.designs = [
                None
                if design is None
                else design - np.concatenate([[0.0], self.turn[first, first + 1 : first + design.shape[1]]])
                for design, first in zip(problem.designs, ends, strict=True)
            ]
        return self._held(problem, at, k, c)

    @cached_property
    def dispersion(self) -> float:
        if self.means is None:
            return float("nan")
        if self.loss.outputs == 1 and not isinstance(self.loss, Quasi):
            return 1.0
        k = self.means.x.shape[1]
        return float(self.means.w @ self.means.pearson(self.inner[:k]) / (self.rows - k))

    @cached_property
    def _expected(self) -> Array:
        found = np.full((len(self.c),) * 2, np.nan)
        if self.means is not None and not np.isnan(self.judgement.covariance).all():
            k = self.means.x.shape[1]
            found[:k, :k] = self.dispersion * np.linalg.inv(self.means.expand(self.inner[:k])[2])
        return self._turned(found)

    @property
    def expected_errors(self) -> dict[str, float]:
        return self._errors(self._expected)

    @property
    def covariance(self) -> Array:
        if not self.weighed and not isinstance(self.loss, Quasi):
            return self._turned(self.judgement.covariance)
        return self.robust if self.means is None else self._expected

    @property
    def log_likelihood(self) -> float:
        """NaN of a deviance, which is none."""
        return float("nan") if isinstance(self.loss, Quasi) else -self.end.value

    def _same_columns(self, x: Any) -> Array:
        """The numbers of the columns that were fitted: of a table by their names, else by their order."""
        given = [str(name) for name in getattr(x, "column_names", getattr(x, "columns", ()))]
        named = bool(given) and self.columns != tuple(f"x{k}" for k in range(len(self.columns)))
        matrix, names = asking.matrix(x, "x", PREDICTS)
        if named and len(set(given)) == len(given) and set(self.columns) <= set(given):
            return matrix[:, [given.index(name) for name in self.columns]]
        if named or matrix.shape[1] != len(self.columns):
            raise ShapeError(
                PREDICTS,
                arrived=f"x has {matrix.shape[1]} column(s): {', '.join(names[:6])}.",
                allowed=f"Expected {len(self.columns)} column(s): {', '.join(self.columns[:6])}.",
                do="Pass the columns that were fitted.",
            )
        return matrix

    def predict(self, x: Any, offset: Any = None) -> Array:
        """The first parameter at new inputs: a mean, a rate or a location."""
        matrix = self._same_columns(x)
        kept = [k for k, name in enumerate(self.columns) if name not in self.left]
        eta = self.inner[0] + (matrix[:, kept] - self.shifts[1:]) @ self.inner[1 : len(kept) + 1]
        if offset is not None:
            eta = eta + numbers(asking.column(offset, "offset", len(eta), asked=PREDICTS), "offset", PREDICTS)
        return LINKS[self.link].mean(eta)
