"""`fit_likelihood`: the most likely parameters of a function of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from keras import ops

from .._calls import checked_call
from ..core.errors import LossaryError, ParameterError, ShapeError, shown
from ..data.arrays import array
from ..linear.rows import Programs, Rows
from .engine import SIZES, Problem, minimise
from .judged import judge
from .reading import check_weights, is_real, numbers
from .result import TURNS, LikelihoodFit

Array = np.ndarray
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

    Raises: LossaryError for what f cannot be asked; what f itself raises is its cause.

    >>> fit_likelihood(lambda y, p: -y / p["mean"] - ops.log(p["mean"]), [1.0, 3.0], start={"mean": 1.0},
    ...     positive=("mean",)).parameters["mean"]
    2.0
    """
    if not callable(f):
        raise ParameterError(
            ASKED,
            arrived=f"f is {shown(f)}.",
            allowed="Expected a function of data and a dictionary of parameters.",
            do="Pass a function, or a distribution by its name to ls.fit_distribution.",
        )
    y = _rows_of(data)
    _check_start(start, positive)
    names = tuple(start)
    kinds = tuple("positive" if n in positive else "real" for n in names)
    w = np.ones(len(y)) if weights is None else numbers(weights, "weights", ASKED)
    check_weights(w, len(y), ASKED)
    y, w = y[w > 0], w[w > 0]
    problem = Problem(Programs(_asked_of(f, names, kinds, y.shape)), y, w, [None] * len(names))
    at = np.array([TURNS[kind][1](float(start[n])) for n, kind in zip(names, kinds, strict=True)])
    free, links = np.ones(len(names), bool), np.array([kind != "real" for kind in kinds])
    with np.errstate(all="ignore"):
        _check_there(problem, at, names)
    end = minimise(problem, at, free, links)
    distinct = len(np.unique(y.reshape(len(y), -1)[:, 0][:100_000]))
    found = problem, end, judge(problem, end, free, links, distinct, ())
    return LikelihoodFit(
        model=getattr(f, "__name__", "likelihood").replace("<lambda>", "likelihood"), names=names, kinds=kinds, c=end.c,
        free=free, rows=float(w.sum()), find=lambda: found,
    )  # fmt: skip


def _rows_of(data: Any) -> Array:
    y = array(data, "data").astype(float)
    if y.ndim == 0 or not y.size:
        raise ShapeError(
            ASKED,
            arrived=f"data is {shown(data)}." if y.ndim == 0 else f"data has shape {y.shape}.",
            allowed="Expected one row of numbers for each observation, at least one row.",
            do="Pass an array of shape (n,) or (n, columns).",
        )
    if not np.isfinite(y).all():
        row = int(np.argmin(np.isfinite(y).reshape(len(y), -1).all(1)))
        raise LossaryError(
            ASKED,
            arrived=f"data holds {y[row].reshape(-1)[np.argmin(np.isfinite(y[row]).reshape(-1))]:g} in row {row}.",
            allowed="Expected finite numbers, one row for each observation.",
            do="Leave out rows that are missing.",
        )
    return y


def _check_start(start: Any, positive: Any) -> None:
    """Refuse anything but a finite number for every parameter, above 0 where it has to be."""
    wrong = None
    if not isinstance(start, Mapping) or not start:
        wrong = f"start is {shown(start)}."
    elif isinstance(positive, str) or not isinstance(positive, (tuple, list, set, frozenset)):
        wrong = f"positive is {shown(positive)}."
    else:
        for name, value in start.items():
            if not isinstance(name, str) or not is_real(value) or not np.isfinite(float(value)):
                wrong = wrong or f"start holds {shown(value)} for {shown(name)}."
        for name in positive:
            if not isinstance(name, str) or name not in start:
                wrong = wrong or f"positive names {shown(name)}, which is not in start: {', '.join(map(str, start))}."
            elif not wrong and not float(start[name]) > 0:
                wrong = f"start holds {shown(start[name])} for {name}, which is in positive."
    if wrong:
        raise ParameterError(
            ASKED,
            arrived=wrong,
            allowed="Expected a finite number for every parameter, by its name, above 0 for those in positive.",
            do="Pass start={'mean': 0.0, 'scale': 1.0}, positive=('scale',), with the names that f asks for.",
        )


def _asked_of(
    f: Callable[..., Any], names: tuple[str, ...], kinds: tuple[str, ...], shape: tuple[int, ...]
) -> Callable[[Any, Any], Any]:
    """Minus the log-likelihood of rows from their outputs; what f does wrong is said."""
    own = "(n" + "".join(f", {size}" for size in shape[1:]) + ("," if len(shape) == 1 else "") + ")"

    def loss(target: Any, outputs: Any) -> Any:
        turned = {
            n: ops.exp(outputs[:, k]) if kind == "positive" else outputs[:, k]
            for k, (n, kind) in enumerate(zip(names, kinds, strict=True))
        }
        try:
            found = f(target, turned)
        except LossaryError:
            raise
        except Exception as error:
            raise _raised(error, names, own) from error
        _check_returned(found, outputs)
        return -found

    return loss


def _raised(error: Exception, names: tuple[str, ...], shape: str) -> LossaryError:
    said = " ".join(str(error).split())[:200]
    if isinstance(error, KeyError) and error.args and error.args[0] not in names:
        return ParameterError(
            ASKED,
            arrived=f"f asks for the parameter {error.args[0]!r}; start has {', '.join(names)}.",
            allowed="Expected a start for every parameter that f asks for.",
            do="Add it to start, or correct its name in f.",
        )
    return LossaryError(
        ASKED,
        arrived=f"f raised {type(error).__name__}" + (f": {said}" if said else "") + ("" if said[-1:] == "." else "."),
        allowed=f"Expected f(data, parameters) to return numbers, for a tensor of data, {shape}, and a dictionary of "
        f"tensors, (n,) each: {', '.join(names)}.",
        do="Write f by keras.ops and arithmetic: no NumPy, no float(), no `if` on a tensor. Call it with such tensors "
        "to see where it fails.",
    )


def _check_returned(found: Any, outputs: Any) -> None:
    """Refuse anything but one floating-point number for each row."""
    rows, returned = outputs.shape[0], ""
    if not ops.is_tensor(found):
        returned = f"a {type(found).__name__}"
    elif tuple(found.shape) != (rows,):
        sizes = ", ".join("n" if size == rows else str(size) for size in found.shape)
        returned = f"numbers of shape ({sizes}) for n rows"
    elif "float" not in (kind := str(getattr(found.dtype, "name", found.dtype))):
        returned = f"numbers of type {kind.removeprefix('torch.')}"
    if returned:
        raise ShapeError(
            ASKED,
            arrived=f"f returned {returned}.",
            allowed="Expected one log-likelihood for each row: floating-point numbers of shape (n,).",
            do="Return one value per row, made from the parameters by keras.ops: they are summed afterwards.",
        )


def _check_there(problem: Problem, at: Array, names: tuple[str, ...]) -> None:
    """Refuse a start where there is no likelihood or no slope, and rows that look at others."""
    outputs, y = problem.outputs(at), problem.rows.y
    value, slope, bend = problem.rows.expand(outputs)
    if not np.isfinite(value).all():
        bad = ~np.isfinite(value)
        row = int(np.argmax(bad))
        raise LossaryError(
            ASKED,
            arrived=f"At the start f gives {-value[row]:g} for {shown(y[row].tolist())}, in row {row} of those that "
            f"count (such rows in all: {int(bad.sum())}).",
            allowed="Expected a finite log-likelihood for every row.",
            do="Start where all data have a positive density, and leave out what cannot happen.",
        )
    if not (np.isfinite(slope).all() and np.isfinite(bend).all()):
        row, place = np.argwhere(~(np.isfinite(slope) & np.isfinite(bend).all(2)))[0]
        raise LossaryError(
            ASKED,
            arrived=f"At the start the derivatives of f by {names[place]} are not finite in row {row}.",
            allowed="Expected a function with two derivatives.",
            do="Both branches of ops.where are differentiated: replace what is not allowed in its argument too.",
        )
    flat = [n for k, n in enumerate(names) if not (slope[:, k].any() or bend[:, k].any() or bend[:, :, k].any())]
    if flat:
        raise LossaryError(
            ASKED,
            arrived=f"At the start f does not change with {', '.join(flat)}.",
            allowed="Expected a log-likelihood that depends on every parameter in start, by differentiable operations.",
            do="Use the parameter in f by keras.ops, leave it out of start, or start elsewhere.",
        )
    few = max(len(y) // 2, 1)
    alone = Rows(problem.rows.function, y[:few], len(names), SIZES).expand(outputs[:few])[0]
    if not np.allclose(alone, value[:few], rtol=1e-6, atol=1e-9):
        row = int(np.argmax(np.abs(alone - value[:few])))
        raise LossaryError(
            ASKED,
            arrived=f"f gives another number for row {row} where half of the rows are left out.",
            allowed="Expected a log-likelihood of each row that depends on no other row.",
            do="Compute means and other sums over all rows before the fit.",
        )
