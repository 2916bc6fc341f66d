"""Rows of the user, or a formula of the user: values, gradients, the rows of the highest loss, and the checks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from lossary.checking.check import check
from lossary.checking.explain import explain
from lossary.core.contract import checks
from lossary.core.errors import LossaryError
from lossary.core.loss import Loss
from lossary.data.csvfile import parse
from lossary.data.reading import Reading
from lossary.explorer import formulas
from lossary.explorer.curves import label, measured
from lossary.explorer.question import Array, Question
from lossary.numerics.backend import gradient

MOST_ROWS, MOST_COLUMNS, SHOWN = 5000, 200, 100
MOST_PAIRS = 500_000  # of rows, where each looks at all others
NAMES = {
    "y": ("y", "y_true", "target", "label", "true", "actual"),
    "p": ("p", "y_pred", "pred", "prediction", "score", "predicted", "fit"),
    "w": ("w", "weight", "sample_weight", "weights"),
}


def formula_answer(question: dict[str, Any]) -> dict[str, Any]:
    """The curves of a typed formula, over the error or over the prediction for one target."""
    asked = Question(question)
    formula = formulas.parse(asked.text("formula", formulas.LONGEST))
    values = _values(asked, formula)
    kind = asked.choice("over", "error", "prediction", "probability")
    low, high = {"error": (-4.0, 4.0), "prediction": (0.02, 5.0), "probability": (0.0, 1.0)}[kind]
    target = 0.0 if kind == "error" else asked.number("second", 1.0, -10.0, 10.0)
    step = (high - low) / 320
    x = low + step * (np.arange(320) + 0.5)
    curve = measured(lambda p: formula.of(ops.zeros_like(p) + target, p, values), x)
    return {"parameters": formula.parameters, "x": x, "second": target, **curve}


def rows_answer(question: dict[str, Any]) -> dict[str, Any]:
    """What a loss, or a typed formula, makes of the rows of a table."""
    asked = Question(question)
    y, p, w, notes = read(asked.text("table", 900_000))
    loss: Any
    if asked.text("formula", formulas.LONGEST):
        formula = formulas.parse(asked.text("formula", formulas.LONGEST))
        loss, name = formula.as_loss(_values(asked, formula)), formula.text
        y, p = (y[:, None], p[:, None]) if p.ndim == 1 else (np.repeat(y[:, None], p.shape[1], axis=1), p)
    else:
        loss = asked.losses()[0]
        name = label(loss)
        if loss.inputs and not any(slots.takes(y, p, {}) and not slots.own() for slots in loss.inputs.values()):
            raise LossaryError(
                f"Cannot compute {name} for a pasted table.",
                arrived="A pasted table has targets and predictions only.",
                allowed=f"Expected {loss.inputs.names()}.",
                do="Call the loss in Python.",
            )
        if loss.coupled and len(y) ** 2 > MOST_PAIRS:
            raise LossaryError(
                f"{name} cannot be computed here for a table this long.",
                arrived=f"It has {len(y):,} rows, and this loss compares every row with every other.",
                allowed=f"Expected at most {int(MOST_PAIRS**0.5)} rows on the page.",
                do="Select some of the rows, or call the loss in Python.",
            )
        y, p = _shaped(loss, y, p)
    found = check(loss, y, p, w, ignore=[] if isinstance(loss, Loss) else ["L009"])  # a formula is never saved
    answer = {"label": name, "count": len(y), "notes": notes, "summary": found.summary()}
    answer["findings"] = [{k: getattr(f, k) for k in ("id", "rule", "severity", "message", "do")} for f in found]
    try:
        return {**answer, **_costs(loss, y, p, w)}
    except LossaryError as error:  # the checks above still say why
        parts = {k: getattr(error, k) for k in ("asked", "arrived", "allowed", "do")}
        return {**answer, "error": {"kind": type(error).__name__, **parts}}


def _values(asked: Question, formula: formulas.Formula) -> dict[str, float]:
    given = asked.mapping("values")
    return {name: given.number(name, 1.0, -1e6, 1e6) for name in formula.parameters}


def read(table: str) -> tuple[Array, Array, Array | None, list[str]]:
    """Targets (n,), predictions (n,) or (n, classes), weights, and notes on how the columns were understood."""
    columns, notes = parse(table, Path("pasted table"), Reading(most_columns=MOST_COLUMNS))
    by_name = {column.name.strip().lower(): column.numbers for column in columns if column.numbers is not None}
    y = _first(by_name, "y")
    several = [name for name in by_name if name[:1] == "p" and name[1:].lstrip("_").isdigit()]
    p = np.stack([by_name[name] for name in several], axis=-1) if several else _first(by_name, "p")
    if (y is None or p is None) and len(by_name) >= 2:
        (first, y), (second, p) = list(by_name.items())[:2]
        notes = [*notes, f"Read as target: {first}; as prediction: {second}. Name columns y, p and weight to choose."]
    if y is None or p is None or len(y) > MOST_ROWS:
        names = ", ".join(list(by_name)[:8]) or "none"
        rows = f"It has {len(columns[0].missing):,} rows" if columns else "It has only a column of row numbers"
        raise _unread(f"{rows}, and its numeric columns are: {names}.")
    return y, p, _first(by_name, "w"), notes


def _unread(arrived: str) -> LossaryError:
    return LossaryError(
        "The pasted table cannot be read as targets, predictions and weights.",
        arrived=arrived,
        allowed=f"Expected columns y and p (p0, p1, … for classes) and weight, with up to {MOST_ROWS:,} rows and "
        f"{MOST_COLUMNS} columns.",
        do="Name the columns in the first line, for instance: y,p,weight.",
    )


def _first(columns: dict[str, Array], kind: str) -> Any:
    return next((columns[name] for name in NAMES[kind] if name in columns), None)


def _shaped(loss: Loss, y: Array, p: Array) -> tuple[Array, Array]:
    """Class indices as whole numbers, and one prediction a row as (n, 1); one-hot where a loss of classes needs it."""
    if loss.inputs:
        return (y.astype("int64") if np.all(y == np.rint(y)) else y), p
    if p.ndim == 1:
        return (y, p) if loss.contract.shape == "index" else (y[:, None], p[:, None])
    if loss.contract.shape == "index":
        return y.astype("int64") if np.all(y == np.rint(y)) else y, p
    seen = np.clip(np.nan_to_num(y), 0, p.shape[1] - 1).astype(int)
    return (seen[:, None] == np.arange(p.shape[1])).astype("float64"), p


def _costs(loss: Any, y: Array, p: Array, w: Array | None) -> dict[str, Any]:
    told = explain(loss, y, p, w)
    target = ops.convert_to_tensor(y if y.dtype.kind == "i" else y.astype("float32"))
    rows = loss.rows if isinstance(loss, Loss) else loss
    with checks(False):
        slopes = ops.convert_to_numpy(gradient(lambda q: rows(target, q), p.astype("float32")))
    values, parts = told.parts.spread_values, told.parts
    order = np.argsort(-np.nan_to_num(parts.contributions, nan=np.inf), kind="stable")[:SHOWN]
    total = parts.contributions.sum()
    cells = {"y": y.reshape(len(y), -1), "p": p.reshape(len(p), -1), "gradient": slopes.reshape(len(p), -1)}
    table = [
        {
            "row": int(i),
            **{name: cell[i] if cell.shape[1] > 1 else cell[i, 0] for name, cell in cells.items()},
            "value": values[i],
            "weight": parts.spread_weights[i],
            "share": parts.contributions[i] / total if 0 < total < np.inf else None,
        }
        for i in order
        if np.ndim(values[i]) == 0
    ]
    return {"value": told.value, "reduction": told.reduction, "text": str(told), "rows": table}
