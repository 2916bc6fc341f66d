"""`fit_likelihood`: the most likely parameters of a function of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from keras import ops

from .._calls import checked_call
from ..core.errors import LossaryError, ParameterError, ShapeError, shown
from ..data.arrays import array
from ..linear.rows import Programs
from .engine import Problem, minimise
from .judged import judge
from .reading import check_length, is_real, numbers
from .result import TURNS, LikelihoodFit

ASKED = "ls.fit_likelihood(f, data, start=…) fits the parameters of a log-likelihood f(data, parameters)."


@checked_call
def fit_likelihood(
    f: Callable[[Any, dict[str, Any]], Any],
    data: Any,
    *,
    start: Mapping[str, float],
    positive: tuple[str, ...] = (),
    weights: Any = None,
) -> LikelihoodFit:
    """The parameters at which the log-likelihood of the data is largest, in float64, with standard errors and flags.

    Args:
        f: maps data (n, …) and a dictionary of parameters, tensors of shape (n,), to the log-likelihood of each row
            (n,), by keras.ops and arithmetic. It is differentiated twice.
        data: numbers, one row for each observation.
        start: where each parameter starts.
        positive: parameters that stay above 0; they are searched on the scale of their logarithm.
        weights: how often each row counts.

    >>> fit_likelihood(lambda y, p: -y / p["mean"] - ops.log(p["mean"]), [1.0, 3.0], start={"mean": 1.0},
    ...     positive=("mean",)).parameters["mean"]
    2.0
    """
    y = array(data, "data").astype(float)
    if y.ndim == 0 or not y.size or not np.isfinite(y).all():
        raise LossaryError(
            ASKED,
            arrived=f"data has shape {y.shape}" + (", and holds numbers that are not finite." if y.size else "."),
            allowed="Expected finite numbers, one row for each observation.",
            do="Leave out rows that are missing.",
        )
    if not callable(f):
        raise ParameterError(
            ASKED,
            arrived=f"f is {shown(f)}.",
            allowed="Expected a function of data and a dictionary of parameters.",
            do="Pass a function, or a distribution by its name to ls.fit_distribution.",
        )
    if not _starts(start, positive):
        raise ParameterError(
            ASKED,
            arrived=f"start holds {shown(start)}, positive {shown(positive)}.",
            allowed="Expected a start for every parameter, above 0 for those in positive.",
            do="Pass start={'mean': 1.0, …}.",
        )
    names = tuple(start)
    kinds = tuple("positive" if n in positive else "real" for n in names)

    def loss(target: Any, outputs: Any) -> Any:
        turned = {
            n: ops.exp(outputs[:, k]) if kind == "positive" else outputs[:, k]
            for k, (n, kind) in enumerate(zip(names, kinds, strict=True))
        }
        found = f(target, turned)
        shape = getattr(found, "shape", None)
        if shape is None or isinstance(found, np.ndarray | np.generic) or tuple(shape) != (outputs.shape[0],):
            sizes = ", ".join("n" if size == outputs.shape[0] else str(size) for size in shape or ())
            kind = f"numbers of shape ({sizes})" if ops.is_tensor(found) else f"a {type(found).__name__}"
            raise ShapeError(
                ASKED,
                arrived=f"f returned {kind} for n rows.",
                allowed="Expected one log-likelihood for each row, shape (n,).",
                do="Return one value per row, made from the parameters by keras.ops: they are summed afterwards.",
            )
        return -found

    w = np.ones(len(y)) if weights is None else numbers(weights, "weights", ASKED)
    check_length(w, "weights", len(y), ASKED)
    problem = Problem(Programs(loss), y, w, [None] * len(names))
    at = np.array([TURNS[kind][1](float(start[n])) for n, kind in zip(names, kinds, strict=True)])
    free, links = np.ones(len(names), bool), np.array([kind != "real" for kind in kinds])
    if not np.isfinite(problem.value(at)):
        raise LossaryError(
            ASKED,
            arrived=f"The log-likelihood at the start is {-problem.value(at)}.",
            allowed="Expected a finite number.",
            do="Start where the data have a positive density.",
        )
    end = minimise(problem, at, free, links)
    distinct = len(np.unique(y.reshape(len(y), -1)[:, 0][:100_000]))
    found = problem, end, judge(problem, end, free, links, distinct, ())
    return LikelihoodFit(
        model=getattr(f, "__name__", "likelihood").replace("<lambda>", "likelihood"), names=names, kinds=kinds, c=end.c,
        free=free, rows=float(w.sum()), find=lambda: found,
    )  # fmt: skip


def _starts(start: Any, positive: Any) -> bool:
    """Whether there is a finite number for every parameter, above 0 where it has to be."""
    return (
        isinstance(start, Mapping)
        and bool(start)
        and all(is_real(value) and np.isfinite(float(value)) for value in start.values())
        and not isinstance(positive, str)
        and all(name in start and start[name] > 0 for name in positive)
    )
