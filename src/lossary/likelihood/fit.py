"""`fit_distribution`, `compare_distributions`: the most likely parameters of a distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.errors import LossaryError, ParameterError
from ..core.forms import Likelihood
from ..linear.rows import row_function
from .engine import End, Problem, minimise
from .judged import judge
from .plain import distribution, known, name_of
from .result import TURNS, LikelihoodFit
from .sample import Sample, check, counted, read

Array = np.ndarray
ASKED = "ls.fit_distribution(data, distribution) fits a distribution to numbers."
FEW = 4000  # rows that a start is searched on


def fit_distribution(
    data: Any,
    distribution: Any = "normal",
    *,
    weights: Any = None,
    censored: Any = None,
    fixed: dict[str, float] | None = None,
) -> DistributionFit:
    """The most likely parameters of a distribution, in float64, with standard errors and what stands against them.

    Args:
        data: numbers, one for each row.
        distribution: its name ("gamma", "student_t", "negative_binomial", …) or its loss, such as ls.GammaNLL().
        weights: how often each row counts.
        censored: for each row 0 if its number was observed, 1 if it is only known to be larger, -1 if smaller.
        fixed: parameters that are known, by name.

    Returns: a DistributionFit: `parameters`, `standard_errors`, `interval`, `aic`, `flags`, `plot`, `sample`.

    Raises: LossaryError for data that the distribution cannot give.

    >>> fit_distribution([1.0, 2.0, 3.0, 6.0], "exponential").parameters["mean"]
    3.0
    """
    loss = _distribution(distribution)
    sample = read(data, weights, censored, ASKED)
    check(loss, sample, ASKED)
    held = _fixed(loss, fixed)
    return _fitted(loss, sample, held)


def compare_distributions(data: Any, distributions: Iterable[Any] | None = None, **options: Any) -> Comparison:
    """Fits of several distributions, the smallest AIC first; those that cannot give the data are told apart.

    Args:
        data: numbers, one for each row.
        distributions: names or losses; by default all that can give the data.
        options: `weights` and `censored`, as for fit_distribution.
    """
    fits: list[DistributionFit] = []
    refused: dict[str, str] = {}
    for name in distributions if distributions is not None else known():
        try:
            fits.append(fit_distribution(data, name, **options))
        except LossaryError as error:
            if distributions is None or len(fits) + len(refused) > 0 or not isinstance(error, ParameterError):
                refused[str(name)] = getattr(error, "arrived", str(error))
            else:
                raise
    return Comparison(tuple(sorted(fits, key=lambda fit: (not fit.success, fit.aic))), refused)


_distribution: Callable[[Any], Likelihood] = lambda name: distribution(name, ASKED)  # noqa: E731


def _fixed(loss: Likelihood, fixed: dict[str, float] | None) -> dict[str, float]:
    held = {name: float(value) for name, value in (fixed or {}).items()}
    wrong = [name for name in held if name not in loss.heads]
    bad = [
        name
        for name, value in held.items()
        if name in loss.heads
        and (
            not math.isfinite(value)
            or (loss.heads[name] != "real" and value <= 0)
            or (loss.heads[name] == "share" and value >= 1)
        )
    ]
    if wrong or bad:
        raise ParameterError(
            ASKED,
            arrived=f"fixed names {', '.join(wrong)}." if wrong else f"fixed holds {bad[0]}={held[bad[0]]:g}.",
            allowed=f"Expected parameters of {type(loss).__name__}: {', '.join(loss.heads)}, at possible values.",
            do="Fix a parameter by its name, at a number that it can have.",
        )
    return held


def _fitted(loss: Likelihood, sample: Sample, held: dict[str, float]) -> DistributionFit:
    names, kinds = tuple(loss.heads), tuple(loss.heads.values())
    short = counted(sample)
    links, free = np.array([kind != "real" for kind in kinds]), np.array([name not in held for name in names])
    flags = ["irregular"] if loss.corner else []
    start = _start(loss, sample, held)
    problem = _problem(loss, short)
    if sample.distinct == 1 and {"scale", "std"} & set(names):
        flags.append("unbounded likelihood")
        end = End(start, -math.inf, np.zeros(len(names)), np.zeros((len(names),) * 2), 0, False)
    else:
        end = _searched(loss, problem, short, start, free, links)
    if loss.corner and not end.converged:  # what is irregular is not asked for more
        flags.append("not converged")
    return DistributionFit(
        model=name_of(loss), names=names, kinds=kinds, end=end, free=free, rows=sample.size, problem=problem,
        judgement=judge(problem, end, free, links, sample.distinct, (*flags, *_ends(loss, end))),
        loss=loss, data=sample,
    )  # fmt: skip


def _ends(loss: Likelihood, end: End) -> list[str]:
    """Supports that end where the shape says: below -1/2 nothing is regular, below -1 there is no bound."""
    if "shape" not in loss.heads or loss.heads["shape"] != "real":
        return []
    shape = float(end.c[list(loss.heads).index("shape")])
    return ["unbounded likelihood"] if shape <= -1 else ["irregular"] if shape < -0.5 else []


def _problem(loss: Likelihood, sample: Sample) -> Problem:
    function = row_function(loss)
    if sample.censored is None:
        return Problem(function, sample.y, sample.w, [None] * loss.outputs)
    from .censoring import part

    seen = sample.censored == 0
    return Problem(function, sample.y[seen], sample.w[seen], [None] * loss.outputs, extra=part(loss, sample, ASKED))


def _start(loss: Likelihood, sample: Sample, held: dict[str, float]) -> Array:
    found = loss.start(sample) | held
    c = []
    for name, kind in loss.heads.items():
        value = found[name]
        if kind == "positive":
            value = min(max(value, 1e-300), 1e300)
        elif kind == "share":
            value = min(max(value, 1e-12), 1 - 1e-12)
        c.append(TURNS[kind][1](value))
    return np.array(c)


def _searched(loss: Likelihood, problem: Problem, sample: Sample, start: Array, free: Array, links: Array) -> End:
    """From the start, and from others where the first one did not do; on few rows first."""
    if loss.corner and free.all() and sample.censored is None:
        value, g, h = problem.expand(start)
        return End(start, value, g, h, 0, True)
    if sample.rows > 4 * FEW and not (loss.exact and free.all() and sample.censored is None):
        few = sample.thinned(FEW)
        near = minimise(_problem(loss, few), start, free, links)
        start = near.c if near.converged else start
    end = minimise(problem, start, free, links)
    rng = np.random.default_rng(0)
    for _ in range(0 if end.converged and _inside(end) else 4):
        other = minimise(
            problem,
            np.where(free, start + rng.normal(size=len(start)) * np.where(links, 1.0, 0.3 * sample.std), start),
            free,
            links,
        )
        if other.value < end.value - 1e-9 * problem.total or (
            other.converged and not end.converged and other.value <= end.value + 1e-9 * problem.total
        ):
            end = other
    return end


def _inside(end: End) -> bool:
    """Whether it is a minimum by its curvature."""
    return bool(np.isfinite(end.curvature).all() and np.linalg.eigvalsh(end.curvature)[0] > 0)


@dataclass(frozen=True, repr=False)
class DistributionFit(LikelihoodFit):
    """A fitted distribution: a LikelihoodFit that knows its density, quantiles and samples."""

    loss: Likelihood = field(kw_only=True, repr=False)
    data: Sample = field(kw_only=True, repr=False)

    @property
    def scipy(self) -> Any:
        """The fitted distribution as a frozen one of scipy.stats."""
        if self.loss.scipy is None:
            raise LossaryError(
                "The fitted distribution is asked for its probabilities.",
                arrived=f"SciPy has no {self.model}.",
                allowed="Expected a distribution of scipy.stats.",
                do="Use log_density, which every distribution has.",
            )
        from scipy import stats

        return getattr(stats, self.loss.scipy)(**self.loss.in_scipy(**self.parameters))

    def log_density(self, y: Any) -> Array:
        """The logarithm of the density, or of the probability of a count."""
        y = np.asarray(y, dtype=float).reshape(-1)
        return -Problem(row_function(self.loss), y, np.ones(len(y)), [None] * len(self.names)).rows.values(
            np.tile(self.end.c, (len(y), 1))
        )

    def cdf(self, y: Any) -> Array:
        """The distribution function."""
        return np.asarray(self.scipy.cdf(y))

    def quantile(self, share: Any) -> Array:
        """The inverse of the distribution function."""
        return np.asarray(self.scipy.ppf(share))

    def sample(self, size: int, seed: int | None = None) -> Array:
        """Random numbers from the fitted distribution."""
        return np.asarray(self.scipy.rvs(size=size, random_state=np.random.default_rng(seed)))

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
        return self.fits[0]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Log-likelihood, AIC and BIC of every fit, as texts."""
        least = self.fits[0].aic if self.fits else 0.0
        rows = [
            [fit.model, ", ".join(f"{n} {v:.4g}" for n, v in fit.parameters.items()), f"{fit.log_likelihood:.6g}",
             f"{fit.aic:.6g}", f"{fit.aic - least:.4g}", f"{fit.bic:.6g}",
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
