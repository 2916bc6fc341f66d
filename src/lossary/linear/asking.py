"""What fit_linear was given, read strictly: numbers, shapes, weights, and a loss that a linear model can minimise."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from ..core import catalogue
from ..core.errors import LossaryError, ParameterError, PredictionError, ShapeError, shown
from ..core.lookup import get
from ..core.loss import Loss
from ..data.arrays import array
from ..numerics.backend import double, one_shape
from .rows import filled

Array = np.ndarray
ASKED = "ls.fit_linear(x, y, …) fits a linear model."
LINKS = ("from_logits", "log_rate")  # parameters that let a loss read any number


def matrix(x: Any, name: str = "x", asked: str = ASKED) -> tuple[Array, tuple[str, ...]]:
    """x as float64 (n, p), with the names of its columns."""
    names = [str(name) for name in getattr(x, "column_names", getattr(x, "columns", ()))]
    numbers = _numbers(x, name)
    if numbers.ndim == 1:
        numbers = numbers[:, None]
    if numbers.ndim != 2 or not numbers.size:
        raise ShapeError(
            asked,
            arrived=f"{name} has shape {numbers.shape}.",
            allowed="Expected shape (rows, columns) with at least one of each; (rows,) is one column.",
            do=f"Reshape {name}: one row for each row of y.",
        )
    return numbers, tuple(names) if len(names) == numbers.shape[1] else tuple(f"x{i}" for i in range(numbers.shape[1]))


def _numbers(x: Any, what: str) -> Array:
    found = array(x, what)
    return found.astype(np.int64 if what == "y" and found.dtype.kind in "iu" else np.float64, copy=False)


def column(x: Any, what: str, rows: int, outputs: int | None = None, asked: str = ASKED) -> Array:
    """A weight or an offset: (n,), or (n, outputs) where that is allowed."""
    found = _numbers(x, what)
    shapes = [(rows,), (rows, 1)] + ([(rows, outputs)] if outputs else [])
    if found.ndim == 0:
        found = np.full(rows, float(found))
    if found.shape not in shapes:
        raise ShapeError(
            asked,
            arrived=f"{what} has shape {found.shape} for {rows} rows.",
            allowed=f"Expected one number, or the shape {' or '.join(map(str, dict.fromkeys(shapes)))}.",
            do=f"Pass one {what} for each row.",
        )
    return found if outputs else found.reshape(rows)


def weights(given: Any, rows: int, what: str = "sample_weight", asked: str = ASKED) -> Array:
    """Finite numbers >= 0, not all 0."""
    if given is None:
        return np.ones(rows)
    found = column(given, what, rows, asked=asked)
    if not np.isfinite(found).all() or (found < 0).any() or not found.any():
        seen = found[~np.isfinite(found) | (found < 0)]
        raise wrong_weights(f"{what} holds {seen[0]:g}." if seen.size else f"Every {what} is 0.", asked)
    return found


def wrong_weights(arrived: str, asked: str = ASKED) -> ParameterError:
    """What is said of weights that are none."""
    return ParameterError(
        asked,
        arrived=arrived,
        allowed="Expected finite numbers >= 0, not all of them 0.",
        do="A weight of 2 counts a row twice; 0 leaves it out.",
    )


def finite(x: Array, what: str, names: tuple[str, ...] = (), first: int = 0, asked: str = ASKED) -> None:
    """Refuse NaN and infinity in rows that count, and say where the first one is; `first` is the number of row 0."""
    if x.dtype.kind != "f" or np.isfinite(x).all():
        return
    place = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
    where = f"row {first + place[0]}" + (f", column {names[place[1]]}" if names else "")
    raise LossaryError(
        asked,
        arrived=f"{what} holds {x[place]:g} in {where}.",
        allowed="Expected finite numbers in every row whose weight is not 0.",
        do="Leave such rows out, give them a weight of 0, or fill the cells.",
    )


def penalty(value: Any, name: str) -> float:
    """A finite number >= 0."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if isinstance(value, bool | str) or not np.isfinite(number) or number < 0:
        raise ParameterError(
            ASKED,
            arrived=f"{name} is {shown(value)}.",
            allowed="Expected a finite number >= 0.",
            do=f"Leave {name} out for no such penalty.",
        )
    return number


def loss_of(given: Any) -> Any:
    """The loss that is minimised. A name gives one that reads any number: logits, and logarithms of rates."""
    if isinstance(given, str):
        known = {param.name for param in catalogue.find(given).params}
        loss = get(given, **{link: True for link in LINKS if link in known})
    else:
        loss = get(given)
    if loss is None:
        raise LossaryError(
            ASKED,
            arrived="loss is None.",
            allowed="Expected a loss, its name, its class, or a function of (y_true, y_pred).",
            do='Pass loss="mse", for instance.',
        )
    _check_reads_scores(loss)
    return loss


def _check_reads_scores(loss: Any) -> None:
    for part in getattr(loss, "parts", ()):
        _check_reads_scores(part.loss)
    if not isinstance(loss, Loss):
        return
    wanted = loss.contract.prediction
    if wanted.low == -np.inf and wanted.high == np.inf:
        return
    link = next((name for name in LINKS if name in loss.params), None)
    raise PredictionError(
        f"ls.fit_linear(loss={loss!r}) predicts x @ coefficients + intercept.",
        arrived=f"The loss reads every entry of y_pred as {wanted.words}; a linear model gives any number.",
        allowed="Expected a loss that reads any number.",
        do=f"Pass {type(loss).__name__}({link}=True), or the loss by its name."
        if link
        else "Train a model that ends in softplus or a sigmoid, with ls.train.",
    )


def ignored(loss: Any, y: Array) -> Array:
    """Rows whose label says that there is none."""
    if not isinstance(loss, Loss) or getattr(loss, "ignore_class", None) is None:
        return np.zeros(len(y), dtype=bool)
    with double():
        found = loss.contract.absent and loss.contract.absent(given(y))
    if found is None:
        return np.zeros(len(y), dtype=bool)
    flags: Array = np.asarray(ops.convert_to_numpy(found)).reshape(len(y), -1)
    return np.asarray(flags.all(axis=1))


def check_values(function: Any, y: Array, outputs: int) -> tuple[Array, Array]:
    """Predictions of every kind and their values, with the checks of values on: labels out of range are refused."""
    count = len(y)
    size = filled(count) if one_shape() else count
    eta, y = np.random.default_rng(1).normal(size=(size, outputs)), np.resize(y, (size, *y.shape[1:]))
    with double():
        found = np.asarray(ops.convert_to_numpy(function(given(y), given(eta))))
    return eta[:count], found[:count] if found.shape[:1] == (size,) else found


def given(x: Array) -> Any:
    """An array as a loss gets it."""
    return ops.convert_to_tensor(x, dtype="int32" if x.dtype.kind in "iu" else "float64")


def targets(y: Any, rows: int, loss: Any, outputs: int | None) -> tuple[Array, int]:
    """y as the loss reads it beside predictions (n, k), and k."""
    found = _numbers(y, "y")
    if found.ndim == 0 or found.shape[0] != rows:
        raise ShapeError(
            ASKED,
            arrived=f"x has {rows} rows and y has shape {found.shape}.",
            allowed="Expected a y with one entry, or one row, for each row of x.",
            do="Check how x and y were made.",
        )
    rules = loss.contract if isinstance(loss, Loss) else None
    if rules is not None and rules.shape == "index":
        flat = found.reshape(rows, -1)[:, 0] if found.ndim == 2 and found.shape[1] == 1 else found
        if flat.ndim != 1:
            raise ShapeError(
                ASKED,
                arrived=f"y has shape {found.shape}.",
                allowed=f"{type(loss).__name__} reads one class index for each row, of shape {(rows,)}.",
                do="Pass y.argmax(axis=1), or use the loss for one-hot targets.",
            )
        if flat.dtype.kind == "f" and np.array_equal(flat, np.rint(flat)):
            flat = flat.astype(np.int64)
        counted = flat[flat != rules.ignored] if rules.ignored is not None else flat
        return flat, outputs or max(int(np.max(counted, initial=1)) + 1, 2)
    if rules is not None and rules.shape == "parameters":
        if found.ndim > 2 or (found.ndim == 2 and found.shape[1] != 1):
            raise ShapeError(
                ASKED,
                arrived=f"y has shape {found.shape}.",
                allowed=f"{type(loss).__name__} reads one number for each row, of shape {(rows,)}.",
                do="Fit each column of y on its own.",
            )
        return found.reshape(rows).astype(np.float64), rules.parameters
    if outputs is not None and rules is None and found.ndim == 1 and outputs > 1:
        return found, outputs
    if found.ndim > 2:
        raise ShapeError(
            ASKED,
            arrived=f"y has shape {found.shape}.",
            allowed="Expected shape (rows,) or (rows, outputs).",
            do="Flatten the axes after the first.",
        )
    flat = found.reshape(rows, -1).astype(np.float64, copy=False)
    if outputs not in (None, flat.shape[1]):
        raise ShapeError(
            ASKED,
            arrived=f"outputs={shown(outputs)}, and y has {flat.shape[1]} column(s).",
            allowed="Expected as many outputs as y has columns.",
            do="Leave outputs out.",
        )
    return flat, flat.shape[1]
