"""Links of regressions: from a linear predictor to a mean, and to the output that a loss reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Three = tuple[Array, Array, Array]


@dataclass(frozen=True)
class Link:
    """A mean from a linear predictor, its two derivatives from both, and back."""

    mean: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]
    bend: Callable[[Array, Array], Array]
    back: Callable[[float], float]


def _expit(eta: Array) -> Array:
    small = np.exp(-np.abs(eta))
    return np.asarray(np.where(eta < 0, small, 1.0) / (1 + small))


def _normal(name: str) -> Callable[[Array], Array]:
    def of(x: Array) -> Array:
        from scipy import special

        return np.asarray(getattr(special, name)(x))

    return of


def _bell(eta: Array, mean: Array) -> Array:
    return np.exp(-0.5 * eta * eta) / np.sqrt(2 * np.pi)


LINKS = {
    "identity": Link(lambda e: e, lambda e, m: np.ones_like(e), lambda e, m: np.zeros_like(e), lambda m: m),
    "log": Link(np.exp, lambda e, m: m, lambda e, m: m, lambda m: float(np.log(m))),
    "inverse": Link(lambda e: 1 / e, lambda e, m: -m * m, lambda e, m: 2 * m**3, lambda m: 1 / m),
    "sqrt": Link(np.square, lambda e, m: 2 * e, lambda e, m: np.full_like(e, 2.0), lambda m: float(np.sqrt(m))),
    "inverse_squared": Link(
        lambda e: e**-0.5, lambda e, m: -0.5 * m**3, lambda e, m: 0.75 * m**5, lambda m: float(m**-2)
    ),
    "logit": Link(
        _expit, lambda e, m: m * (1 - m), lambda e, m: m * (1 - m) * (1 - 2 * m), lambda m: float(np.log(m / (1 - m)))
    ),
    "probit": Link(
        _normal("ndtr"), _bell, lambda e, m: -e * _bell(e, m), lambda m: float(_normal("ndtri")(np.asarray(m)))
    ),
    "cloglog": Link(
        lambda e: -np.expm1(-np.exp(e)),
        lambda e, m: np.exp(e - np.exp(e)),
        lambda e, m: np.exp(e - np.exp(e)) * (1 - np.exp(e)),
        lambda m: float(np.log(-np.log1p(-m))),
    ),
}
ALLOWED = {
    "real": ("identity", "log", "inverse"),
    "positive": ("log", "identity", "inverse", "sqrt", "inverse_squared"),
    "share": ("logit", "probit", "cloglog", "log", "identity"),
}  # by kind of the first parameter; the first is what its loss reads


def _logarithm(times: float) -> Callable[[Array], Three]:
    return lambda eta: (times * np.log(np.abs(eta)) + 0 * np.sqrt(eta), times / eta, -times / eta**2)


def _probit(eta: Array) -> Three:
    up, down = _normal("log_ndtr")(eta), _normal("log_ndtr")(-eta)
    line = -0.5 * eta * eta - 0.5 * np.log(2 * np.pi)
    a, b = np.exp(line - up), np.exp(line - down)
    return up - down, a + b, b * (b - eta) - a * (a + eta)


def _cloglog(eta: Array) -> Three:
    u = np.exp(eta)
    slope = u / -np.expm1(-u)
    return u + np.log(-np.expm1(-u)), slope, slope * (1 + u - slope)


def _log_of_share(eta: Array) -> Three:
    slope = 1 / -np.expm1(eta)
    return eta - np.log(-np.expm1(eta)), slope, slope * (slope - 1)


TURNED: dict[tuple[str, str], Callable[[Array], Three]] = {
    ("positive", "identity"): _logarithm(1.0),
    ("positive", "inverse"): _logarithm(-1.0),
    ("positive", "sqrt"): lambda eta: (2 * np.log(np.abs(eta)), 2 / eta, -2 / eta**2),
    ("positive", "inverse_squared"): _logarithm(-0.5),
    ("real", "log"): lambda eta: (np.exp(eta),) * 3,
    ("real", "inverse"): lambda eta: (1 / eta, -1 / eta**2, 2 / eta**3),
    ("share", "probit"): _probit,
    ("share", "cloglog"): _cloglog,
    ("share", "log"): _log_of_share,
    ("share", "identity"): lambda eta: (
        np.log(eta) - np.log1p(-eta), 1 / (eta * (1 - eta)), (2 * eta - 1) / (eta * (1 - eta)) ** 2
    ),
}  # outputs of a loss from linear predictors, with two derivatives, where they are not the same  # fmt: skip
