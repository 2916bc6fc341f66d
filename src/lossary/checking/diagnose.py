"""`diagnose`: the first tensor of a training step that is not finite, and what to do about it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from html import escape
from typing import Any

import keras
import numpy as np

from .._calls import checked_call
from ..core import notebook
from ..core.contract import checks
from .advice import advise
from .parts import Array, arrays, measure, name_of, numbers, resolve, row_weights
from .step import Call, NotFinite, Watch, spared, tensors, to_the_end, watch_call, watch_model, watch_slope

WIDTH = 100
TERMS = {"sample weight": "weight", "slope": "gradient"}
KINDS = {  # in the order of a step, as they are counted on the screen
    "input": "inputs", "target": "targets", "sample weight": "sample weights", "weight": "weights of the model",
    "layer": "outputs of layers", "prediction": "predictions", "value": "values of the loss",
    "regularization": "regularization terms and added losses", "slope": "gradients by the predictions",
    "gradient": "gradients by the weights",
}  # fmt: skip


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found; `print` it.

    `finite` says whether one training step stays finite. If not: `place` names the first tensor that does not, such as
    "layer 'dense_1' output"; `row` the first row in it (None where rows have no meaning); `index` the first entry;
    `value` what stands there (nan, inf or -inf); `output` which output of several; `advice` what to do. `term` is one
    of input, target, weight, layer, prediction, value, regularization, gradient. `around` holds the numbers next to it.
    """

    finite: bool
    place: str = ""
    row: int | None = None
    index: tuple[int, ...] = ()
    value: float = 0.0
    term: str = ""
    output: str = ""
    advice: str = ""
    around: dict[str, str] = field(default_factory=dict)
    looked_at: dict[str, int] = field(default_factory=dict)
    largest: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([*(_all_well(self) if self.finite else _trouble(self)), *self.notes])

    def _repr_html_(self) -> str:
        title, _, told = str(self).partition("\n")
        if self.finite:
            return notebook.box(escape(title), f'<pre style="background:none;color:inherit">{escape(told)}</pre>')
        around = notebook.table(["", ""], list(self.around.items()), left=2)
        advice = notebook.text(f"Do: {self.advice}")
        return notebook.box(escape(title), around, advice, *map(notebook.text, self.notes), mark=notebook.RED)


@checked_call
def diagnose(subject: Any, x: Any, y: Any = None, sample_weight: Any = None) -> Diagnosis:
    """The first tensor that is not finite: `ls.diagnose(model, x, y)` or `ls.diagnose(loss, y_true, y_pred)`.

    A compiled model goes through one training step on this batch, forward and backward, eagerly. Looked at in order:
    inputs, targets, sample weights, weights, the output of each layer, predictions, the loss row by row,
    regularization terms, the gradient by the predictions, and by each weight (the last layer first, as in the backward
    pass). Nothing changes: weights, seeds and the optimizer's state are kept. A `train_step` of the model's own is not
    run; a `compute_loss` of its own is.

    What is not finite but does no harm, such as a missing target of weight 0 under a loss of lossary, is only noted.

    Args:
        subject: a compiled Keras model, or a loss: an object, a function of (y_true, y_pred), or a name.
        x, y: inputs and targets of the model, as for `fit`; for a loss y_true and y_pred.
        sample_weight: as for `fit`, or for the loss.

    Raises: LossaryError for a model that is not built, not compiled or has no loss; errors of the model and its losses.
    """
    look = watch_model if isinstance(subject, keras.Model) else _watch_loss
    watch = look(subject, x, y, sample_weight)
    if watch.finite:
        passed = [f"{found.place} is not finite, but neither loss nor gradients depend on it." for found in watch.found]
        return Diagnosis(True, looked_at=watch.seen, largest=watch.largest, notes=(*watch.harmless, *passed))
    return _diagnosis(watch.found[0], watch)


def _watch_loss(loss: Any, y_true: Any, y_pred: Any, sample_weight: Any) -> Watch:
    found, watch = resolve(loss), Watch()
    y_true, y_pred, weight = tensors(y_true), tensors(y_pred), tensors(row_weights(found, sample_weight))
    left_out = spared(weight, [found])
    watch.data("target", "y_true", y_true, left_out)
    watch.data("prediction", "y_pred", y_pred, left_out)
    watch.data("sample weight", "sample_weight", weight)
    call = Call(found, 1.0, y_true, y_pred, weight)
    with to_the_end(watch):
        watch_call(watch, call)
        watch_slope(watch, call, "gradient with respect to y_pred")
    return watch


def _diagnosis(found: NotFinite, watch: Watch) -> Diagnosis:
    index = tuple(int(i) for i in np.argwhere(~np.isfinite(found.array))[0])
    rows = found.kind not in ("weight", "regularization", "gradient") and found.array.ndim > 0
    row = index[0] if rows else None
    term, advice = advise(found, row)
    return Diagnosis(
        finite=False,
        place=found.place,
        row=row,
        index=index,
        value=float(found.array[index]),
        term=term or TERMS.get(found.kind, found.kind),
        output=found.output,
        advice=advice,
        around=_around(found, row),
        looked_at=watch.seen,
        largest=watch.largest,
        notes=tuple(filter(None, (*watch.harmless, watch.stopped))),
    )


def _around(found: NotFinite, row: int | None) -> dict[str, str]:
    """The numbers next to the place, by name."""
    shown: dict[str, str] = {}
    bad = ~np.isfinite(found.array)
    if row is not None:
        shown["rows"] = f"{int(bad.reshape(len(bad), -1).any(axis=1).sum())} of {len(bad)} are not finite"
        shown["this row"] = cells(found.array[row])
    elif found.array.ndim:
        shown["entries"] = f"{int(bad.sum())} of {bad.size} are not finite"
    if "inputs" in found.around:
        shown["its inputs"] = "; ".join(spread(numbers(x)) for x in found.around["inputs"]) or "none"
    call: Call | None = found.around.get("call")
    if call is not None and row is not None:
        shown |= _of_row(found, call, row)
    return shown


def _of_row(found: NotFinite, call: Call, row: int) -> dict[str, str]:
    parts = found.around.get("parts")
    if parts is None:
        with checks(False):
            parts = measure(call.loss, call.y_true, call.y_pred, call.weight)
    shown = {"loss": name_of(call.loss), "target": row_of(call.y_true, row), "prediction": row_of(call.y_pred, row)}
    if call.weight is not None:
        shown["weight"] = row_of(call.weight, row)
    if parts.values.ndim:
        shown["value"] = row_of(parts.values, row)
    return shown


def row_of(values: Any, row: int) -> str:
    """One row of an array, shortened."""
    array = numbers(arrays(values))
    return cells(array[row]) if array.ndim and row < len(array) else cells(array)


def cells(values: Array) -> str:
    """Up to six numbers; where there are more, those about the first that is not finite."""
    flat = np.atleast_1d(values).ravel()
    bad = np.flatnonzero(~np.isfinite(flat))
    start = max(0, int(bad[0]) - 2) if bad.size and bad[0] > 5 else 0
    shown = ", ".join(f"{x:.6g}" for x in flat[start : start + 6])
    return f"{'…, ' if start else ''}{shown}{', …' if flat.size > start + 6 else ''}"


def spread(values: Array) -> str:
    """The range of an array."""
    finite = values[np.isfinite(values)]
    return f"from {finite.min():.6g} to {finite.max():.6g}" if finite.size else "nothing finite"


def _trouble(d: Diagnosis) -> list[str]:
    where = f", row {d.row}" if d.row is not None else ""
    width = max(map(len, d.around), default=0)
    lines = [f"First tensor that is not finite: {d.place}{where} ({d.value:g})", ""]
    lines += [f"  {name:<{width}}  {text}" for name, text in d.around.items()]
    return [*lines, *([""] if d.around else []), *textwrap.wrap(f"Do: {d.advice}", WIDTH, subsequent_indent="    ")]


def _all_well(d: Diagnosis) -> list[str]:
    lines = ["One training step is finite." if "gradient" in d.looked_at else "Loss and gradient are finite.", ""]
    width = max(len(KINDS[kind]) for kind in d.looked_at)
    for kind, words in KINDS.items():
        if kind in d.looked_at:
            count, top = d.looked_at[kind], d.largest.get(kind, 0.0)
            lines.append(f"  {words:<{width}}  {count:>4}, up to {top:.4g} in size")
    return lines
