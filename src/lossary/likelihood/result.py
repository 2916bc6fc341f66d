"""What a fit by maximum likelihood found, and how far it can be trusted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ..core import notebook
from ..core.errors import ParameterError, shown
from ..data.arrays import array
from .engine import End, Problem, minimise
from .judged import SAID, Judgement
from .reading import is_real

Array = np.ndarray
TURNS: dict[str, tuple[Callable[[float], float], Callable[[float], float], Callable[[float], float]]] = {
    "real": (lambda z: z, lambda p: p, lambda z: 1.0),
    "positive": (lambda z: math.exp(min(z, 700.0)), math.log, lambda z: math.exp(min(z, 700.0))),
    "share": (
        lambda z: 1 / (1 + math.exp(-z)) if z > -700 else 0.0,
        lambda p: math.log(p / (1 - p)),
        lambda z: math.exp(-abs(z)) / (1 + math.exp(-abs(z))) ** 2,
    ),
}  # by kind of parameter: from the coefficient, to it, and the slope


@dataclass(frozen=True)
class LikelihoodFit:
    """Estimates by maximum likelihood, with what is known of them.

    Attributes:
        parameters: the estimates by name.
        standard_errors: from the observed information; NaN where none hold. 0 for what was fixed.
        robust_errors: the sandwich, which holds when the variance is not that of the distribution.
        log_likelihood, aic, bic: of all rows, each as often as its weight says; `rows` is the sum of weights.
        gradient: the largest slope of the mean log-likelihood in the units of the curvature: 0 at an estimate.
        condition: the condition number of the information, in the units of its diagonal.
        flags: what stands against the fit: "not converged", "unbounded likelihood", "boundary", "not identified",
            "too few data"; and notes: "irregular", "several maxima", "collinear", "rounding". `success` is False for
            all but the notes.
    """

    model: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    c: Array
    free: Array
    rows: float
    find: Callable[[], tuple[Problem, End, Judgement]] = field(repr=False)

    @cached_property
    def _found(self) -> tuple[Problem, End, Judgement]:
        return self.find()

    @property
    def problem(self) -> Problem:
        return self._found[0]

    @property
    def end(self) -> End:
        return self._found[1]

    @property
    def judgement(self) -> Judgement:
        return self._found[2]

    @property
    def success(self) -> bool:
        return self.judgement.success

    @property
    def flags(self) -> tuple[str, ...]:
        return self.judgement.flags

    @property
    def gradient(self) -> float:
        return self.judgement.gradient

    @property
    def condition(self) -> float:
        return self.judgement.condition

    @property
    def parameters(self) -> dict[str, float]:
        """The estimates by name."""
        return {name: float(TURNS[kind][0](z)) for name, kind, z in zip(self.names, self.kinds, self.c, strict=True)}

    def _errors(self, covariance: Array) -> dict[str, float]:
        with np.errstate(invalid="ignore"):
            return {
                name: float(TURNS[kind][2](z) * np.sqrt(covariance[k, k]))
                for k, (name, kind, z) in enumerate(zip(self.names, self.kinds, self.end.c, strict=True))
            }

    @property
    def standard_errors(self) -> dict[str, float]:
        return self._errors(self.covariance)

    @property
    def covariance(self) -> Array:
        """Of the coefficients that are searched."""
        return self.judgement.covariance

    @property
    def robust_errors(self) -> dict[str, float]:
        return self._errors(self.robust)

    @cached_property
    def robust(self) -> Array:
        """The sandwich: the covariance of the coefficients, which the distribution need not be right for."""
        inner = self.judgement.covariance
        return inner if np.isnan(inner).any() else inner @ self.of_rows().outer(self.c) @ inner

    def of_rows(self) -> Problem:
        """The likelihood with the slopes of single rows."""
        return self.problem

    @property
    def log_likelihood(self) -> float:
        return -self.end.value

    @property
    def count(self) -> int:
        """How many parameters were estimated."""
        return int(self.free.sum())

    @property
    def aic(self) -> float:
        return 2 * self.count - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        return self.count * math.log(self.rows) - 2 * self.log_likelihood

    def interval(
        self, name: str, level: float = 0.95, method: str = "wald", robust: bool = False
    ) -> tuple[float, float]:
        """An interval of one parameter: "wald", on the scale that it is searched on, or "profile"."""
        k = self._place(name)
        if not is_real(level) or not 0 < level < 1 or method not in ("wald", "profile"):
            raise ParameterError(
                "interval(name, level, method) gives an interval of one parameter.",
                arrived=f"It was given level={shown(level)}, method={shown(method)}.",
                allowed="Expected a level between 0 and 1, and the method 'wald' or 'profile'.",
                do="Leave them out for a Wald interval of 95 %.",
            )
        from statistics import NormalDist

        z, c = NormalDist().inv_cdf((1 + level) / 2), self.end.c[k]
        covariance = self.robust if robust else self.covariance
        with np.errstate(invalid="ignore"):
            error = float(np.sqrt(covariance[k, k]))
        if not error > 0:
            return (float("nan"), float("nan")) if error != 0 else (self.parameters[name],) * 2
        ends = (c - z * error, c + z * error) if method == "wald" else self._profiled(k, z, error)
        low, high = (TURNS[self.kinds[k]][0](end) for end in ends)
        return (low, high)

    def _profiled(self, k: int, z: float, error: float) -> tuple[float, float]:
        """Where the profile has fallen by z^2 / 2, found by secants of its signed root."""
        found = []
        for sign in (-1, 1):
            low, high = 0.0, z
            for _ in range(60):  # the signed root grows with the distance
                if self._root(k, self.end.c[k] + sign * high * error) >= z or high > 1e3:
                    break
                low, high = high, 1.6 * high
            for _ in range(40):
                middle = (low + high) / 2
                low, high = (
                    (middle, high) if self._root(k, self.end.c[k] + sign * middle * error) < z else (low, middle)
                )
                if high - low < 1e-6 * z:
                    break
            found.append(float(self.end.c[k] + sign * high * error) if high < 1e3 else sign * math.inf)
        return found[0], found[1]

    def _root(self, k: int, c: float) -> float:
        return math.sqrt(max(2 * (self._profile(k, c) - self.end.value), 0.0))

    def _profile(self, k: int, c: float) -> float:
        """The smallest value with one coefficient held."""
        return self._held(self.problem, self.end.c, k, c)

    def _held(self, problem: Problem, near: Array, k: int, c: float) -> float:
        start, free = near.copy(), self.free.copy()
        start[k], free[k] = c, False
        links = np.array([kind != "real" for kind in self.kinds])
        return minimise(problem, start, free, links).value if free.any() else problem.value(start)

    def profile(self, name: str, values: Any = None) -> tuple[Array, Array]:
        """Values of one parameter, and the log-likelihood with the others at their best, less its largest."""
        k = self._place(name)
        _, inside, _ = TURNS[self.kinds[k]]
        ends = self.interval(name, 0.999) if values is None else (0.0, 0.0)
        if values is None and not ends[0] < ends[1]:
            raise ParameterError(
                "profile(name) lays values around the estimate, as far as its standard error says.",
                arrived=f"{name} has none" + ("." if self.free[k] else ": it was fixed."),
                allowed="Expected a parameter with a standard error, or values.",
                do=f"Pass values: fit.profile({name!r}, [...]).",
            )
        around = np.linspace(*ends, 25) if values is None else values
        at = array(around, "values").astype(float).reshape(-1)
        least, most = {"real": (-np.inf, np.inf), "positive": (0.0, np.inf), "share": (0.0, 1.0)}[self.kinds[k]]
        bad = ~((at > least) & (at < most))
        if bad.any() and values is not None:
            raise ParameterError(
                "profile(name, values) holds one parameter at each of these values.",
                arrived=f"values holds {at[bad][0]:g} for {name}.",
                allowed=f"Expected numbers between {least:g} and {most:g}.",
                do="Leave values out for those around the estimate.",
            )
        return at, np.array(
            [self.end.value - self._profile(k, inside(float(v))) if np.isfinite(v) else np.nan for v in at]
        )

    def _place(self, name: str) -> int:
        if name in self.names:
            return self.names.index(name)
        raise ParameterError(
            f"The fit of {self.model} has parameters with names.",
            arrived=f"It was asked for {shown(name)}.",
            allowed=f"Expected one of {', '.join(self.names)}.",
            do="Pass one of these names.",
        )

    # -- shown ------------------------------------------------------------------------------------------------------

    def sentences(self) -> list[str]:
        """What a reader has to know before using the estimates."""
        return [SAID[flag] for flag in self.flags]

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Names, estimates, standard errors and intervals, as texts."""
        errors, robust = self.standard_errors, self.robust_errors
        rows = []
        for name, value in self.parameters.items():
            low, high = self.interval(name)
            place = _short_to(errors[name])
            rows.append([name, place(value), _short(errors[name]), _short(robust[name]), place(low), place(high)])
        return ["parameter", "estimate", "standard error", "robust error", "95 % from", "to"], rows

    def summary(self) -> str:
        """One line on the fit as a whole."""
        return (
            f"log-likelihood {self.log_likelihood:.6g} · AIC {self.aic:.6g} · BIC {self.bic:.6g} · "
            f"{self.rows:g} rows · " + ("converged" if self.success else ", ".join(self.flags))
        )

    def __repr__(self) -> str:
        head, rows = self.table()
        wide = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
        lines = [
            "  ".join([row[0].ljust(wide[0]), *(cell.rjust(w) for cell, w in zip(row[1:], wide[1:], strict=True))])
            for row in [head, *rows]
        ]
        return "\n".join([f"{self.model}, fitted by maximum likelihood", *lines, self.summary(), *self.sentences()])

    def _repr_html_(self) -> str:
        head, rows = self.table()
        said = [notebook.text(self.summary(), quiet=True), *(notebook.text(one) for one in self.sentences())]
        return notebook.box(self.model, notebook.table(head, rows), *said)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain numbers and texts, for JSON; what is not finite is None."""
        plain = {
            "distribution": self.model, "parameters": self.parameters, "standard_errors": self.standard_errors,
            "robust_errors": self.robust_errors, "intervals": {n: list(self.interval(n)) for n in self.names},
            "log_likelihood": self.log_likelihood, "aic": self.aic, "bic": self.bic, "rows": self.rows,
            "gradient": self.gradient, "condition": self.condition, "flags": list(self.flags), "success": self.success,
        }  # fmt: skip
        return {key: _finite(value) for key, value in plain.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _short(x: float, digits: int = 5) -> str:
    return "–" if math.isnan(x) else f"{x:.{digits}g}"


def _short_to(error: float) -> Callable[[float], str]:
    """Five digits, and as many as tell an interval of this standard error from its middle."""

    def text(x: float) -> str:
        apart = abs(x) / error if error > 0 and math.isfinite(x) else 1.0
        return _short(x, min(max(5, math.ceil(math.log10(max(apart, 1.0))) + 2), 17))

    return text
