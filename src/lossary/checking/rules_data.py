"""Rules about what surrounds targets and predictions: weights, inputs, and whether the two can ever meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.contract import COUNT, REAL, SIGN
from ..core.errors import LossaryError
from ..core.loss import Loss
from .case import Case
from .findings import ERROR, WARNING
from .known import LossFailed, Subject
from .rule import Sign, rule
from .rules_values import HALF, merged

BEYOND = 0.02  # of the errors: a threshold below that is far below
FEW = 0.05  # of the rows, or targets: more is no exception


@rule("L016", "impossible-weights", slots=True)
def impossible_weights(case: Case) -> Iterator[Sign]:
    """Sample weights are invalid: not finite, negative, or all 0.

    Fires: a weight is NaN or infinite; all weights are 0, so that no row counts; or (WARNING) weights are negative. All
        rows are checked.
    Quiet: rows of weight 0 beside others, and boolean masks.
    Seen: https://github.com/keras-team/keras/issues/3270
    Bad:
        y, p = np.array([[0.0], [1.0]]), np.array([[0.5], [0.5]])
        ls.check("mse", y, p, sample_weight=np.array([np.nan, 1.0]))
    Good:
        y, p = np.array([[0.0], [1.0]]), np.array([[0.5], [0.5]])
        ls.check("mse", y, p, sample_weight=np.array([0.5, 1.5]))
    """
    given = case.every if case.every is not None else case
    if given.w is None or not np.size(given.w):
        return
    w = np.asarray(given.w, "float64")
    rows = w.reshape(len(w), -1) if w.ndim else w.reshape(1, 1)
    broken, below = ~np.isfinite(rows).all(axis=1), (rows < 0).any(axis=1)
    if broken.any():
        row = int(np.argmax(broken))
        yield Sign(
            f"{broken.sum()} of {len(rows)} sample weights are NaN or infinite, the first in row {row}: so are the "
            "loss and every gradient.",
            "Look at what computed them, often a division by the count of an empty class; weight 0 leaves a row out.",
            {"row": row, "bad": int(broken.sum())},
        )
    elif not rows.any():
        yield Sign(
            f"All {len(rows)} sample weights are 0: no row counts, and nothing is learned.",
            "Weight 0 leaves a row out: pass 1 for rows that count. A mask of padding has True where a value counts.",
            {"rows": len(rows)},
            WARNING if case.setup.one_batch else ERROR,
        )
    elif below.any():
        row = int(np.argmax(below))
        yield Sign(
            f"{below.mean():.0%} of the sample weights are negative, down to {rows.min():.3g} (row {row}): these rows "
            "are driven away from their targets, and the loss is unbounded below.",
            "Weights say how much a row counts, and are >= 0: look at what computed them, such as a difference or a "
            "logarithm.",
            {"row": row, "low": float(rows.min())},
            WARNING,
        )


@rule("L017", "out-of-reach", after=("L001", "L002", "L003"), parts=True)
def out_of_reach(case: Case) -> Iterator[Sign]:
    """The last activation of the model cannot reach the targets.

    Fires: more than 5 % of the targets (a WARNING: some) lie outside the range of the last activation, such as -1 … 1
        of a tanh and 0 … of a relu; or the loss reads signs, and the activation has no negative outputs.
    Quiet: losses whose predictions are of another kind than their targets, and activations without bounds.
    Seen: https://github.com/keras-team/keras/issues/2399, https://github.com/keras-team/keras/issues/1874
    Bad:
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("sgd", loss="mse")
        ls.check(model, np.linspace(0, 1, 8)[:, None], np.linspace(0, 5, 8)[:, None])
    Good:
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("sgd", loss="mse")
        ls.check(model, np.linspace(0, 1, 8)[:, None], np.linspace(0, 1, 8)[:, None])
    """
    reach, contract = case.setup.reach, case.subject.contract
    if reach is None or contract.shape != "same" or not case.subject.known:
        return
    low, high = reach
    y = (case.every or case).labels
    if not y.size or not np.isfinite(y).all():
        return
    if contract.target is SIGN:
        if low >= 0 and (y <= 0).any():
            yield Sign(
                f"{case.subject.name} reads the sign of a prediction, and the model ends in {case.setup.activation}, "
                "whose output is never negative: no row with label -1 (or 0) reaches its margin.",
                "Remove the activation at the end of the model, or use binary_crossentropy.",
                {"low": low},
            )
        return
    if contract.target not in (REAL, COUNT) and contract.target != contract.prediction:
        return
    if contract.prediction != contract.target and contract.target is not COUNT:
        return
    if contract.prediction is REAL and contract.target is COUNT:  # the logarithm of a rate
        return
    slack = 1e-6 * max(1.0, float(np.abs(y).max()))
    outside = (y < low - slack) | (y > high + slack)
    if outside.any():
        yield Sign(
            f"The model ends in {case.setup.activation}, whose output is from {low:.3g} to {high:.3g}; "
            f"{_percent(outside.mean())} of the targets lie outside, from {y.min():.3g} to {y.max():.3g}, and cannot "
            "be reached.",
            "Remove the activation at the end of the model, or scale the targets into its range.",
            {"low": low, "high": high, "outside": float(outside.mean())},
            ERROR if outside.mean() > FEW else WARNING,
        )


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.01 else f"{share:.2g} of 1"


@rule("L018", "far-threshold", WARNING, after=("L001", "L002", "L003", "L005", "L006", "L017"), parts=True)
def far_threshold(case: Case) -> Iterator[Sign]:
    """A threshold in units of the target lies far below the errors: nearly every row counts as an outlier.

    Fires: a parameter such as Huber's delta, which scales with the errors, is below 2 % of the spread of the targets
        and of the typical error.
    Quiet: thresholds near the errors or above; predictions that already fit; tolerances within which the loss is 0;
        learned parameters.
    Seen: https://github.com/SwarmRL/SwarmRL/issues/36
    Bad:
        y = np.linspace(-2000, 2000, 50)[:, None]
        ls.check(ls.Huber(delta=1.0), y, np.zeros((50, 1)))
    Good:
        y = np.linspace(-2, 2, 50)[:, None]
        ls.check(ls.Huber(delta=1.0), y, np.zeros((50, 1)))
    """
    subject, y = case.subject, case.labels
    twin = subject.twin
    if not subject.known or not case.same_shape or twin is None or subject.coupled or case.failure is not None:
        return
    if subject.contract.target is not REAL or subject.contract.prediction is not REAL or y.size < 8:
        return
    errors = np.abs(case.predictions - y)
    spread = float(np.median(np.abs(y - np.median(y))))
    scale = min(spread, float(np.median(errors)))
    if not np.isfinite(scale) or scale == 0:
        return
    for name in _thresholds(twin, scale):
        value = float(getattr(twin, name))
        flat = "redescending" in twin.traits
        yield Sign(
            f"{subject.name}({name}={value:g}) is for errors of about {value:g}; here the median error is "
            f"{np.median(errors):.3g}, and the targets spread by {spread:.3g}. {np.mean(errors > value):.0%} of the "
            f"values lie beyond {name}, where "
            + ("there is next to no gradient." if flat else "the loss is a multiple of the absolute error."),
            f"Divide the targets by their spread, or choose {name} near the error that still counts as good, such as "
            f"{name}={_round(scale)}.",
            {"parameter": value, "scale": scale},
        )


def _thresholds(loss: Loss, scale: float) -> Iterator[str]:
    """The parameters that are numbers in the unit of the errors, and far below `scale`.

    What is in that unit shows: with errors and parameter twice as large, the loss is a fixed multiple of itself.
    """
    errors = np.array([[0.3], [0.7], [1.3], [2.9]], "float32")
    for name, param in type(loss).params.items():
        value = getattr(loss, name, None)
        if param.kind != "number" or not isinstance(value, (int, float)) or not 0 < value < BEYOND * scale:
            continue
        try:
            once, twice = (_rows_at(loss, name, k, k * errors) for k in (1.0, 2.0))
            tiny = _rows_at(loss, name, 1.0, 0.25 * errors[:1])
        except (LossFailed, LossaryError):
            continue
        if tiny[0] == 0 or not (once > 0).all():  # a tolerance, or no loss of errors
            continue
        ratio = twice / once
        if np.allclose(ratio, ratio[0], rtol=1e-3) and _bends(loss, name):
            yield name


def _rows_at(loss: Loss, name: str, value: float, errors: Any) -> Any:
    other = type(loss).from_config({**loss.get_config(), name: value, "reduction": None})
    return Subject(other).raw(np.zeros_like(errors), errors).reshape(-1)


def _bends(loss: Loss, name: str) -> bool:
    """Whether the parameter is where a parabola ends: far inside, twice the error costs four times as much."""
    small, double = (_rows_at(loss, name, 1.0, np.array([[e]], "float32"))[0] for e in (1e-2, 2e-2))
    return bool(np.isclose(double / small, 4, rtol=0.1))


def _round(x: float) -> str:
    return f"{float(f'{x:.1g}'):g}"


@rule("L019", "impossible-inputs")
def impossible_inputs(case: Case) -> Iterator[Sign]:
    """Inputs of the model are not finite, or float32 cannot tell them apart.

    Fires: inputs hold NaN or infinity and the training step on these rows does not stay finite; or (WARNING) a column
        of the inputs lies so far from 0, such as timestamps, that float32 merges its values. All rows are checked.
    Quiet: models that read missing values themselves; whole numbers, such as ids and tokens.
    Seen: https://github.com/tensorflow/tensorflow/issues/42885
    Bad:
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", loss="mse")
        ls.check(model, np.array([[0.0], [np.nan], [1.0]]), np.array([[0.0], [1.0], [2.0]]))
    Good:
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", loss="mse")
        ls.check(model, np.array([[0.0], [0.5], [1.0]]), np.array([[0.0], [1.0], [2.0]]))
    """
    inputs = case.setup.inputs
    if inputs is None or (case.setup.cases and case is not case.setup.cases[0]):
        return
    for place, array in inputs.arrays:
        if array.dtype.kind != "f" or not array.size:
            continue
        broken = ~np.isfinite(array.reshape(len(array), -1))
        rows = np.flatnonzero(broken.any(axis=1))
        if rows.size:
            if inputs.spoils(rows[:4]):
                yield _not_finite(place, array, rows)
            return
        yield from _far_columns(place, array)


def _not_finite(place: str, array: Any, rows: Any) -> Sign:
    row = int(rows[0])
    column = int(np.argmax(~np.isfinite(array[row].reshape(-1))))
    where = f", at number {column} of the row" if array[row].size > 1 else ""
    return Sign(
        f"The inputs{place} hold NaN or infinity in {rows.size} of {len(array)} rows, the first in row {row}{where}: "
        "neither these rows nor the weights stay finite in training.",
        "Clean the data: drop or fill these rows. Look at what computed them: a missing cell, a division by a standard "
        "deviation of 0, a logarithm of 0.",
        {"row": row, "rows": int(rows.size)},
        whole=True,
    )


def _far_columns(place: str, array: Any) -> Iterator[Sign]:
    if array.dtype.itemsize < 4 or array.ndim > 2:
        return
    columns = array.reshape(len(array), -1)
    with np.errstate(over="ignore"):
        far = np.flatnonzero(np.abs(columns.mean(axis=0, dtype="float64")) > 1e4 * columns.std(axis=0, dtype="float64"))
    for column in far:
        found = merged(columns[:, column], HALF["float32"])
        if found is not None:
            yield Sign(
                f"Column {column} of the inputs{place} lies about {np.median(columns[:, column]):.9g} and spreads by "
                f"{found[0]:.3g}, but float32 holds numbers of that size only in steps of {found[1]:.3g}: they are "
                "rounded together.",
                "Subtract the first value, or the mean, and divide by the spread, before they become small floats.",
                {"column": int(column), "spread": found[0], "step": found[1]},
                WARNING,
                whole=True,
            )
            return
