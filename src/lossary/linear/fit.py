"""`fit_linear`: a linear model at the optimum of any loss."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from keras import ops

from .._calls import checked_call
from ..core.errors import LossaryError, ParameterError
from ..core.loss import Loss
from ..core.params import flag, whole
from ..core.results import RisingSums
from ..numerics.backend import one_shape
from . import asking
from .data import ArrayData, LinearData, squares
from .design import Design, arrange
from .result import Certificate, LinearFit
from .rows import Array, Function, Rows, coupled, in_double, row_function
from .solver import SAMPLE, Ending, looks_convex, minimise, natural_scale
from .target import Target

FIRST = "mean_absolute_error"  # robust, convex, and without a constant: where losses with several minima start

INTERCEPT = flag("Whether there is an intercept.")
STANDARDISE = flag("Whether the penalty is on coefficients of standardised columns.")
OUTPUTS = whole("The number of outputs.", optional=True)


@checked_call
def fit_linear(
    x: Any,
    y: Any,
    *,
    loss: Any = "mse",
    l1: float = 0.0,
    l2: float = 0.0,
    sample_weight: Any = None,
    intercept: bool = True,
    offset: Any = None,
    standardise: bool = False,
    outputs: int | None = None,
    inputs: Any = None,
    engine: str = "local",
    workers: int | None = None,
    progress: Any = None,
) -> LinearFit:
    """The linear model at the optimum of a loss, in float64, with a certificate. No setting of yours is changed.

    It minimises, over coefficients b (p, k) and intercepts a (k,),

        (1 / Σ w) Σ w v(y, offset + x b + a)  +  l1 Σ |b|  +  l2 Σ b²

    with v the loss's value of a row. The loss is anything with one value per row: of lossary, of Keras, or your own
    function of (y_true, y_pred); its own `reduction` is not used. Names give losses that read any number:
    "binary_crossentropy" reads logits, "poisson" logarithms of rates.

    Args:
        x: (n, p) numbers; a table keeps the names of its columns. (n,) is one column. Or the path of a Parquet file, or
            of a folder of them, of any number of rows: then y, sample_weight and offset are names of columns.
        y: (n,) or (n, k); class numbers for sparse losses.
        loss: a loss, its name or class, or a function.
        l1, l2: penalties on the coefficients in the data's own units; never on the intercept. l1 gives exact zeros.
        sample_weight: (n,): 2 counts a row twice, 0 leaves it out, whatever it holds.
        intercept: whether there is one.
        offset: (n,) or (n, k), added to the predictions.
        standardise: penalise b times the standard deviation of its column instead, as if x had been standardised.
        outputs: k, where y does not tell it (a sparse loss of Keras, or a class that y does not hold).
        inputs: of files, the names of the columns that are inputs; by default all that are nothing else.
        engine: where files are read: "local", here; "ray", by actors; "dask", by workers. Both keep rows in memory.
        workers: how many actors or workers there are; by default as many as processors.
        progress: a function of (pass, parts done, parts in all), called while files are read.

    Returns: a LinearFit: coefficients and intercept in the data's own units, `certificate`, `predict`, `save`.

    Raises: LossaryError for what is not finite, does not fit, or is no loss of rows.

    >>> fit_linear([[0.0], [1.0], [2.0], [9.0]], [1.0, 3.0, 5.0, 0.0], loss="mae").coefficients
    [2.]
    """
    if isinstance(x, (str, Path)):
        from .table import Asked, fit_table

        files = Asked(x, y, sample_weight, offset, inputs, engine, workers, progress)
        return fit_table(files, loss, l1, l2, intercept, standardise, outputs)
    if inputs is not None or engine != "local" or workers is not None:
        raise _no_files(x)
    numbers, names = asking.matrix(x)
    n = len(numbers)
    intercept = INTERCEPT.check("fit_linear", "intercept", intercept)
    standardise = STANDARDISE.check("fit_linear", "standardise", standardise)
    outputs = OUTPUTS.check("fit_linear", "outputs", outputs)
    l1, l2 = asking.penalty(l1, "l1"), asking.penalty(l2, "l2")
    read = asking.loss_of(loss)
    target, k = asking.targets(y, n, read, outputs)
    weight = asking.weights(sample_weight, n)
    moved = np.zeros((n, k)) if offset is None else asking.column(offset, "offset", n, k).reshape(n, -1)
    keep = weight > 0
    ignored = asking.ignored(read, target)
    keep &= ~ignored
    moved = np.broadcast_to(moved, (n, k))
    if not keep.all():
        numbers, target, weight, moved = (part[keep] for part in (numbers, target, weight, moved))
    for part, what, where in ((numbers, "x", names), (target, "y", ()), (moved, "offset", ())):
        asking.finite(part, what, where)
    function = row_function(read)
    try_out(read, function, target, k)
    if getattr(read, "gives", None) is RisingSums and (l1 or l2):
        raise rooted(read)
    asked = LinearProblem(numbers, target, k, function, weight, moved, intercept, l1, l2, standardise)
    found = solve(asked)
    return fitted(found, read, loss, names, len(numbers), float(weight.sum()), asked)


def fitted(
    found: Found, read: Any, loss: Any, names: tuple[str, ...], rows: int, weight: float, asked: Penalties
) -> LinearFit:
    """The result that a user sees."""
    value = found.ending_value
    if getattr(read, "gives", None) is RisingSums:
        value = float(np.sqrt(value))
    settings = {
        "loss": repr(read) if not callable(loss) or isinstance(read, Loss) else getattr(loss, "__name__", "loss")
    }
    settings |= {"l1": asked.l1, "l2": asked.l2, "standardise": asked.standardise, "fitted_intercept": asked.intercept}
    single = found.coefficients.shape[1] == 1
    return LinearFit(
        coefficients=found.coefficients[:, 0] if single else found.coefficients,
        intercept=float(found.intercepts[0]) if single else found.intercepts,
        loss=value,
        penalty=found.penalty,
        certificate=certificate(found, names),
        names=names,
        rows=rows,
        weight=weight,
        settings=settings,
        values=tuple(found.ending.values),
    )


class Penalties(Protocol):
    """What is asked beside the rows."""

    @property
    def intercept(self) -> bool: ...

    @property
    def l1(self) -> float: ...

    @property
    def l2(self) -> float: ...

    @property
    def standardise(self) -> bool: ...


@dataclass(frozen=True)
class LinearProblem:
    """A linear problem in numbers: rows that count, their loss, and the penalties."""

    x: Array
    y: Array
    outputs: int
    function: Function
    weight: Array
    offset: Array
    intercept: bool = True
    l1: float = 0.0
    l2: float = 0.0
    standardise: bool = False
    start: tuple[Array, Array] | None = None  # coefficients (p, k) and intercepts (k,) to start from
    start_words: str = ""


@dataclass(frozen=True)
class Found:
    """The answer in the data's own units, with the solver's own words on it."""

    coefficients: Array
    intercepts: Array
    ending: Ending
    penalty: float
    design: Design
    start: str
    away: Array | None

    @property
    def ending_value(self) -> float:
        """The mean loss, without penalties."""
        return self.ending.value - self.penalty


def solve(asked: LinearProblem) -> Found:
    """The minimum of a linear problem."""
    penalised = bool(asked.l1 or asked.l2)
    design = arrange(asked.x, asked.weight, asked.intercept, penalised)
    rows = Rows(asked.function, asked.y, asked.outputs)
    data = ArrayData(design.matrix, rows, asked.weight, asked.offset)
    target = target_of(data, design, asked, sees_differences(rows, asked.offset))
    start, words = _start(target, asked, design)
    return outwards(target, design, minimise(target, start), words)


def target_of(data: LinearData, design: Design, asked: Penalties, shifts: bool) -> Target:
    """What is minimised: penalties are on coefficients in the data's own units, or in units of the columns' spreads."""
    p = len(design.mean)
    charged = np.zeros((data.columns, data.outputs))
    if asked.l1 or asked.l2:
        unit = 1.0 if asked.standardise else 1.0 / design.spread
        charged[:p] = np.broadcast_to(unit, p)[:, None]
    return Target(data, asked.l1 * charged, asked.l2 * charged**2, shifts)


def outwards(target: Target, design: Design, ending: Ending, words: str) -> Found:
    """An end in the data's own units."""
    inner = ending.c.reshape(target.shape)
    if target.shifts:  # only differences count: outputs sum to 0 where no penalty decides
        free = (target.l1 == 0).all(axis=1)
        inner = np.where(free[:, None], inner - inner.mean(axis=1, keepdims=True), inner)
    coefficients, intercepts = design.outwards(inner)
    away = None if ending.away is None else _columns_of(design, ending.away.reshape(target.shape))
    cost = float((target.l1 * np.abs(inner)).sum() + (target.l2 * inner**2).sum())
    return Found(coefficients, intercepts, ending, cost, design, words if ending.kind == "stationary" else "", away)


def certificate(found: Found, names: tuple[str, ...]) -> Certificate:
    """What is known of an answer, with the names of the columns."""
    ending, design = found.ending, found.design
    collinear = tuple(names[place] for place in design.collinear) if not found.penalty else ()
    unique = ending.unique
    if collinear and unique:
        unique = False
    direction: tuple[str, ...] = ()
    if found.away is not None:
        strong = np.argsort(-found.away, kind="stable")
        direction = tuple(names[place] for place in strong if found.away[place] > 0.05 * found.away.max(initial=0.0))
        direction = direction or ("the intercept",)
    return Certificate(
        kind=ending.kind,
        unique=unique,
        gap=None if not np.isfinite(ending.gap) else ending.gap,
        gradient=None if not np.isfinite(ending.slant) else ending.slant,
        collinear=collinear,
        direction=direction,
        start=found.start,
        method=ending.method,
        iterations=max(len(ending.values) - 1, 0),
    )


def _columns_of(design: Design, inner: Array) -> Array:
    """How much of a direction goes along each column, in units of the columns' spreads."""
    slopes = inner[:-1] if design.intercept else inner
    return np.asarray(np.abs(design.back @ slopes).max(axis=1))


def _start(target: Target, asked: LinearProblem, design: Design) -> tuple[Array, str]:
    """Least squares where targets are what is predicted, else 0; the fit by absolute errors for several minima."""
    data = target.data
    assert isinstance(data, ArrayData)
    if asked.start is not None:
        return inwards(design, *asked.start).ravel(), asked.start_words
    zero = np.zeros(target.l1.size)
    if asked.y.dtype.kind != "f" or asked.y.shape != (len(asked.x), asked.outputs):
        return zero, "zero coefficients"
    seen = asked.y[:, 0]
    if np.all((seen == seen.min()) | (seen == seen.max())):  # labels
        return zero, "zero coefficients"
    weight = asked.weight[:, None]
    products = squares(design.matrix, weight[:, :, None], 1)
    square = np.linalg.lstsq(products, design.matrix.T @ (weight * (asked.y - asked.offset)), rcond=1e-14)[0].ravel()
    few = target.of_some(SAMPLE)
    at = [few.at(c, curvature=False).value for c in (zero, square)]
    start = square if np.isfinite(at[1]) and at[1] < at[0] else zero
    eta = data.predictions(start.reshape(target.shape))
    if looks_convex(data.rows, eta, natural_scale(data, eta)):
        return start, ""
    absolute = Rows(row_function(asking.loss_of(FIRST)), asked.y, asked.outputs)
    first = Target(ArrayData(data.x, absolute, data.weight, data.offset), target.l1, target.l2)
    return minimise(first, square).c, "the fit with mean_absolute_error"


def inwards(design: Design, coefficients: Array, intercepts: Array) -> Array:
    """The inner coefficients of those in the data's own units."""
    inner = np.linalg.lstsq(design.back, coefficients * design.spread[:, None], rcond=None)[0]
    if not design.intercept:
        return np.asarray(inner)
    return np.concatenate([inner, (intercepts + design.mean @ coefficients)[None]])


def sees_differences(rows: Rows, offset: Array) -> bool:
    """Whether moving all outputs of a row by one number changes nothing."""
    if rows.outputs == 1:
        return False
    few = np.arange(min(rows.count, 32))
    eta = offset[few] + np.random.default_rng(0).normal(size=(len(few), rows.outputs))
    before, after = (rows.slopes(eta + shift, few)[0] for shift in (0.0, 0.7))
    return bool(np.allclose(before, after, rtol=1e-9, atol=1e-12))


def try_out(loss: Any, function: Function, y: Array, outputs: int) -> None:
    """A first call with the checks of values on: labels out of range are refused here, and rows that are not apart."""
    eta, whole = asking.check_values(function, y, outputs)
    name = getattr(loss, "name", None) or getattr(loss, "__name__", repr(loss))
    few = np.arange(min(len(y), 64))
    with in_double():  # among copies of itself: where operations are compiled for a shape, in the shape of before
        copies = (asking.given(np.repeat(part[:1], len(y) if one_shape() else 2, axis=0)) for part in (y, eta))
        alone = np.asarray(ops.convert_to_numpy(function(*copies)))
    if whole.shape != (len(y),) or not np.allclose(alone[:1], whole[:1], rtol=1e-5, atol=1e-12, equal_nan=True):
        raise coupled(name)
    rows, step = Rows(function, y, outputs), 1e-9
    (up, _), (down, _), (_, slope) = (rows.slopes(eta[few] + side * step, few) for side in (1.0, -1.0, 0.0))
    expected = 2 * step * slope.sum(axis=1)
    off = np.abs(up - down - expected) > 0.2 * step * np.abs(slope).sum(axis=1) + 1e-12 * np.abs(whole[few])
    if off.mean() > 0.5:
        raise LossaryError(
            f"ls.fit_linear(loss={name}) computes in float64.",
            arrived="A part of the loss computes in float32, or its gradient is not that of its value: steps of 1e-9 "
            "do not change its values as the gradient says.",
            allowed="Expected a loss that keeps the dtype of y_pred.",
            do="Use lossary's loss of that name; in a function of your own make constants with "
            "ops.cast(c, y_pred.dtype).",
        )


def rooted(loss: Any) -> Exception:
    return ParameterError(
        f"{type(loss).__name__} cannot be minimised with a penalty.",
        arrived="It is the root of a mean over rows, to which no penalty can be added.",
        allowed="Expected this loss without penalties; it then has the same optimum as the mean squared error.",
        do='Pass loss="mse" with the penalty.',
    )


def _no_files(x: Any) -> Exception:
    return ParameterError(
        "inputs, engine and workers of ls.fit_linear are for rows in files.",
        arrived=f"x is {type(x).__name__}: its rows are in memory.",
        allowed="Expected the path of a Parquet file or of a folder as x, or none of these three.",
        do="Leave them out; choose columns of a table by x[columns].",
    )
