"""`fit_glm`: regression by likelihood, with the first parameter of a distribution linear in inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..core.errors import ParameterError, shown
from ..core.forms import Likelihood
from ..linear import asking
from ..linear.rows import row_function
from .engine import Problem, minimise
from .fit import _start
from .judged import judge
from .plain import distribution, name_of
from .reading import check, numbers
from .result import LikelihoodFit
from .sample import Sample

Array = np.ndarray
ASKED = "ls.fit_glm(x, y, family=…) fits a regression by likelihood."
LINKS = {"real": "identity", "positive": "log", "share": "logit"}


def fit_glm(
    x: Any,
    y: Any,
    *,
    family: Any = "normal",
    link: str | None = None,
    scale_x: Any = None,
    offset: Any = None,
    weights: Any = None,
    frequency_weights: Any = None,
) -> GLMFit:
    """A distribution whose first parameter follows inputs: through a logarithm, a logit, or as it is.

    Args:
        x: (n, p) numbers; a table keeps the names of its columns. An intercept is added.
        y: (n,) numbers.
        family: a distribution by name or loss: "poisson", "gamma", "negative_binomial", "normal", "binomial", …
        link: of the first parameter; each has one: "log" above 0, "logit" between 0 and 1, else "identity".
        scale_x: (n, q) inputs of the second parameter, through its own link; by default it is one number.
        offset: (n,), added to the linear predictor.
        weights: how exact each row is: estimates weigh rows so, standard errors are the robust ones.
        frequency_weights: how often each row counts.

    Returns: a GLMFit: `parameters`, `standard_errors`, `predict`, `flags`. Columns that say the same as others before
        are left out, with the flag "collinear".
    """
    loss: Likelihood = distribution(family, ASKED)
    kinds = list(loss.heads.values())
    if link is not None and link != LINKS[kinds[0]]:
        raise ParameterError(
            ASKED,
            arrived=f"link={shown(link)} for {type(loss).__name__}.",
            allowed=f"Expected {LINKS[kinds[0]]!r}, the link of its first parameter, {next(iter(loss.heads))}.",
            do="Leave link out.",
        )
    matrix, names = asking.matrix(x)
    n = len(matrix)
    target = numbers(y, "y", ASKED)
    if len(target) != n:
        raise ParameterError(
            ASKED,
            arrived=f"x has {n} rows, and y {len(target)}.",
            allowed="Expected one y for each row of x.",
            do="Pass the same rows.",
        )
    exact = asking.weights(weights, n)
    often = asking.weights(frequency_weights, n)
    w = exact * often
    moved = None if offset is None else numbers(offset, "offset", ASKED)
    keep = w > 0
    matrix, target, w = matrix[keep], target[keep], w[keep]
    moved = None if moved is None else moved[keep]
    asking.finite(matrix, "x", names)
    sample = Sample(target, w)
    check(loss, sample, ASKED)
    first, labels, left = _columns(matrix, w, names)
    designs: list[Array | None] = [first, *[None] * (loss.outputs - 1)]
    heads = list(loss.heads)
    all_names = [*labels, *heads[1:]]
    all_kinds = ["real"] * len(labels) + kinds[1:]
    if scale_x is not None:
        other, more = asking.matrix(scale_x)
        second, said, also = _columns(other[keep], w, more)
        designs[1], left = second, left + also
        all_names = [*labels, *(f"{heads[1]}: {name}" for name in said), *heads[2:]]
        all_kinds = ["real"] * (len(labels) + len(said)) + kinds[2:]
    at = _start(loss, sample, {})
    start = np.concatenate([np.eye(1 if d is None else d.shape[1])[0] * at[k] for k, d in enumerate(designs)])
    problem = Problem(row_function(loss), target, w, designs, moved)
    links, free = np.array([kind != "real" for kind in all_kinds]), np.ones(len(start), bool)
    end = minimise(problem, start, free, links)
    flags = ("collinear",) if left else ()
    found = judge(problem, end, free, links, sample.distinct if len(labels) == 1 else len(target), flags)
    if (
        np.abs(problem.outputs(end.c)[:, 0] * (kinds[0] != "real")).max(initial=0.0) > 25
        and "boundary" not in found.flags
    ):
        found = judge(problem, end, free, links, len(target), (*flags, "boundary"))
    return GLMFit(
        model=f"{name_of(loss)} regression", names=tuple(all_names), kinds=tuple(all_kinds),
        c=end.c, free=free, rows=float(often[keep].sum()), find=lambda: (problem, end, found), loss=loss,
        columns=tuple(names), left=tuple(left),
    )  # fmt: skip


def _columns(matrix: Array, w: Array, names: tuple[str, ...]) -> tuple[Array, list[str], list[str]]:
    """An intercept and the columns that say something of their own; the names of those, and of the others."""
    inside = np.concatenate([np.ones((len(matrix), 1)), matrix], axis=1)
    labels, kept, left = ["intercept", *names], [0], []
    basis = inside[:, :1] / np.linalg.norm(inside[:, :1])
    for place in range(1, inside.shape[1]):
        column = inside[:, place]
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        if np.linalg.norm(rest) <= 1e-10 * max(float(np.linalg.norm(column)), 1e-300):
            left.append(labels[place])
            continue
        kept.append(place)
        basis = np.concatenate([basis, (rest / np.linalg.norm(rest))[:, None]], axis=1)
    return inside[:, kept], [labels[k] for k in kept], left


@dataclass(frozen=True, repr=False)
class GLMFit(LikelihoodFit):
    """A LikelihoodFit of a regression. `left` names columns that were left out, since others say the same."""

    loss: Likelihood = field(kw_only=True, repr=False)
    columns: tuple[str, ...] = field(kw_only=True, default=())
    left: tuple[str, ...] = field(kw_only=True, default=())

    def predict(self, x: Any, offset: Any = None) -> Array:
        """The first parameter at new inputs: a mean, a rate or a location."""
        matrix, _ = asking.matrix(x)
        kept = [k for k, name in enumerate(self.columns) if name not in self.left]
        eta = self.c[0] + matrix[:, kept] @ self.c[1 : len(kept) + 1]
        eta = eta if offset is None else eta + numbers(offset, "offset", ASKED)
        kind = next(iter(self.loss.heads.values()))
        return eta if kind == "real" else np.exp(eta) if kind == "positive" else 1 / (1 + np.exp(-eta))
