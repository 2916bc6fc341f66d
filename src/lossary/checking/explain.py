"""`explain`: the number that a loss shows, and how it comes about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Any

import keras
import numpy as np

from .._calls import checked_call
from ..core import notebook
from ..core.errors import LossaryError
from ..core.loss import Loss, unknown_names
from ..core.results import Sums
from ..data.arrays import array
from .known import masked
from .parts import UNWEIGHTED, Array, Parts, arrays, copied, is_root, measure, name_of, numbers, resolve, row_weights

FORMULAS = {
    "sum": "Σ m w v",
    "sum_over_batch_size": "Σ m w v / Σ m",
    "mean_with_sample_weight": "Σ m w v / Σ m w",
    UNWEIGHTED: "Σ m v / Σ m",
    "none": "m w v",
}
BY_CLASS = {"mean_with_class_weight": "Σ m w v / Σ m w c"}  # c is the class weight of the true class
SHOWN = 5  # rows in the table
WORST = ["row", "value v", "weight w", "m w v", "share", "y_true", "y_pred"]
MEANS = ["", "reduction", "formula", "value"]


@dataclass(frozen=True)
class Row:
    """One value of the batch: where it stands, what it adds to the numerator, and its share of it.

    `share` is None where contributions of both signs, or numbers that are not finite, make shares meaningless.
    """

    place: tuple[int, ...]
    value: float
    weight: float
    contribution: float
    share: float | None
    y_true: str = ""
    y_pred: str = ""


@dataclass(frozen=True)
class Explanation:
    """How a loss came to its number; `print` it. All attributes are NumPy or plain Python.

    `value` is what the loss returned. `numerator / denominator` is the same number; of a root mean square it is the
    square of that number, and v are the squares of the values (`is_root`). With `reduction="none"` the numerator is
    the array m w v over 1. `parts` holds values, weights, mask and m w v; `means` the number that each reduction would
    give; `worst` the rows with the highest loss; `notes` what else entered the values.
    """

    loss: str
    value: Any
    reduction: str
    parts: Parts
    numerator: Any
    denominator: float
    is_root: bool
    means: dict[str, Any]
    worst: tuple[Row, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*_head(self), *_table(self), *_comparison(self), *_notes(self)])

    def _repr_html_(self) -> str:
        worst, means = _worst_rows(self), _other_means(self)
        body = [notebook.table(["", ""], _facts(self), left=2)]
        body += [notebook.table(WORST, worst, left=0, caption="Rows with the highest loss")] if worst else []
        body += [notebook.table(MEANS, means, left=3, caption="The same values by other reductions")] if means else []
        return notebook.box(escape(_title(self)), *body, *map(notebook.text, self.notes))


@checked_call
def explain(
    loss: Any, y_true: Any = None, y_pred: Any = None, sample_weight: Any = None, mask: Any = None, **slots: Any
) -> Explanation:
    """The number that `loss` shows for a batch, and how it comes about: `print(ls.explain("huber", y_true, y_pred))`.

    Args:
        loss: a loss of lossary or of Keras, a class, a function of (y_true, y_pred), or a name as `ls.get` reads it
            (for Keras's own pass `keras.losses.get(name)`). Functions are treated as `compile` treats them.
        y_true, y_pred: the batch, as the loss takes it.
        sample_weight: weights, as the loss takes them.
        mask: which rows exist, as a layer such as Masking would attach it to y_pred.
        slots: what a loss of named slots takes, by name; dictionaries, tuples and stacked arrays serve as well.

    Raises: LossaryError for what is no loss, and whatever the loss itself raises.
    """
    if isinstance(loss, keras.Model):
        raise LossaryError(
            "explain(loss, y_true, y_pred) shows how the value of a loss is computed.",
            arrived=f"It was given the model '{loss.name}'.",
            allowed="Expected a loss, and targets with the predictions for them.",
            do="Pass the loss and the predictions: ls.explain(model.loss, y, model.predict(x)).",
        )
    found = resolve(loss)
    y_true, y_pred, sample_weight = arrays(y_true), arrays(y_pred), row_weights(found, sample_weight)
    slots = {name: arrays(part) for name, part in slots.items()}
    if isinstance(found, Loss) and found.inputs:
        slots |= {} if mask is None else {"mask": arrays(mask)}
    elif slots:
        raise unknown_names(name_of(found), slots)
    else:
        y_pred = y_pred if mask is None else _masked(y_pred, mask)
    returned = numbers(found(y_true, y_pred, copied(sample_weight), **slots))
    parts = measure(found, y_true, y_pred, sample_weight, **slots)
    reduction = found.reduction or "none"
    numerator, denominator = parts.fraction("sum" if reduction in BY_CLASS else reduction)
    made = parts.mean(reduction)
    if reduction in BY_CLASS:  # parts do not know the classes
        made, denominator = returned, float(numerator / returned) if returned else 1.0
    return Explanation(
        loss=name_of(found),
        value=float(returned) if returned.ndim == 0 else returned,
        reduction="sum_over_batch_size" if reduction == "mean" else reduction,
        parts=parts,
        numerator=numerator,
        denominator=denominator,
        is_root=is_root(found),
        means={name: _rooted(found, parts.mean(name)) for name in FORMULAS if name != "none"},
        worst=tuple(_worst(found, parts, y_true, y_pred)),
        notes=tuple(_remarks(found, parts, returned, _rooted(found, made))),
    )


def _masked(y_pred: Any, mask: Any) -> Any:
    if isinstance(y_pred, (dict, list)):
        raise LossaryError(
            "explain(mask=...) marks the rows of y_pred that count.",
            arrived=f"y_pred is a {type(y_pred).__name__} of tensors.",
            allowed="Expected a mask only with a single tensor of predictions.",
            do="Pass 0 and 1 as sample_weight instead.",
        )
    return masked(y_pred, array(mask, "mask").astype(bool))


def _rooted(loss: keras.losses.Loss, reduced: Any) -> Any:
    """The reduced number, or the root of it where the loss takes one."""
    return np.sqrt(reduced) if is_root(loss) else reduced


def _worst(loss: keras.losses.Loss, parts: Parts, y_true: Any, y_pred: Any) -> Iterator[Row]:
    """The rows that add most to the numerator, the largest first; those that are not finite come before all."""
    added = parts.contributions
    if parts.values.ndim == 0:
        return
    order = np.argsort(-np.where(np.isfinite(added), added, np.inf), axis=None, kind="stable")
    total = added.sum()
    shares = bool(np.isfinite(total) and total > 0 and (added >= 0).all())
    visible = added.ndim <= 1 or getattr(loss, "axis", -1) in (-1, None)  # else the axes of y stand elsewhere
    for flat in order[:SHOWN]:
        place = tuple(int(i) for i in np.unravel_index(flat, added.shape))
        if not parts.kept[place] or added[place] == 0:
            continue
        yield Row(
            place,
            float(parts.spread_values[place]),
            float(parts.spread_weights[place]),
            float(added[place]),
            float(added[place] / total) if shares else None,
            *((_entry(y, place, added.shape) for y in (y_true, y_pred)) if visible else ("", "")),
        )


def _entry(y: Any, place: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """The entries of y that belong to one value, shortened."""
    if y is None or isinstance(y, (dict, list)) or not place:
        return ""
    array = numbers(y)
    if array.shape[: len(shape)] != shape:
        return ""
    cells = [f"{x:.4g}" for x in np.atleast_1d(array[place]).ravel()]
    if len(cells) == 1:
        return cells[0]
    return f"[{', '.join(cells[:3])}{', …' if len(cells) > 3 else ''}]"


def _remarks(loss: keras.losses.Loss, parts: Parts, returned: Array, expected: Any) -> Iterator[str]:
    if getattr(loss, "label_smoothing", 0):
        yield f"label_smoothing={loss.label_smoothing:g} moved the targets before the values were taken."
    for name in ("class_weight", "pos_weight"):
        if getattr(loss, name, None) is not None:
            divides = getattr(loss, "reduction", None) in BY_CLASS
            tail = ", and those of the true classes divide" if divides else ", and no denominator"
            yield f"{name}={getattr(loss, name)} is inside the values: it multiplies terms{tail}."
    yield from _remarks_on_rows(loss, parts)
    if not np.isfinite(parts.contributions).all():
        yield "Some values are not finite: ls.diagnose(loss, y_true, y_pred, sample_weight) says where and why."
    elif returned.shape != np.shape(expected) or not np.allclose(returned, expected, rtol=1e-2, atol=1e-3):
        yield "The loss returned a different number than its values and reduction give: it has its own reduction."


def _remarks_on_rows(loss: keras.losses.Loss, parts: Parts) -> Iterator[str]:
    if isinstance(loss, Loss) and loss.gives is Sums:
        yield "The loss is one number for the whole batch; weights and mask are applied inside it."
    elif isinstance(loss, Loss) and loss.coupled:
        yield "The value of a row depends on the other rows of its batch."
    elif parts.values.ndim == 0:
        yield "The loss gives one number for the batch, so weights only multiply a batch mean: no row has its own."
        yield "Return one value per row (the mean over axis=-1), so that each row gets its own weight."


def _title(e: Explanation) -> str:
    return f"{e.loss} = {_short(e.value)}"


def _head(e: Explanation) -> list[str]:
    return [_title(e), "", *(f"  {name:<12} {text}" for name, text in _facts(e))]


def _facts(e: Explanation) -> list[tuple[str, str]]:
    parts, rows = e.parts, [("values", _counted(e.parts))]
    if parts.kept.any():
        rows.append(("Σ m v", f"{_short(parts.fraction(UNWEIGHTED)[0])}  (m is 1 for values that count)"))
    if parts.weights is not None:
        weights = parts.spread_weights[parts.kept]
        mean = weights.mean() if weights.size else 0.0
        rows.append(("weights", f"Σ m w = {_short(parts.weight_sum)}, mean {_short(mean)}"))
    formula = {**FORMULAS, **BY_CLASS}[e.reduction]
    above, below = [*formula.split(" / "), "1"][:2]
    rows.append(("numerator", f"{above} = {_short(e.numerator)}"))
    rows.append(("denominator", f"{below} = {_short(e.denominator)}" if below != "1" else "1"))
    rows.append(("reduction", f"{e.reduction}: {formula}"))
    if e.is_root:
        rows.append(("last step", "the square root; v are the squares of the values"))
    return rows


def _counted(parts: Parts) -> str:
    """How many values there are, and which of them do not count."""
    added = parts.contributions
    if parts.values.ndim == 0:
        return "one, for the whole batch"
    kind = "rows" if added.ndim == 1 else "(" + " × ".join(map(str, added.shape)) + ")"
    out = int((~parts.kept).sum())
    masked = min(parts.masked_before, out)
    dropped = {
        "masked": masked,
        "left out by the loss (ignore_class, no positive)": out - masked,
        "of weight 0": int((parts.kept & (parts.spread_weights == 0)).sum()),
    }
    words = ", ".join(f"{count} {what}" for what, count in dropped.items() if count)
    return f"{added.size} {kind}" + (f", of which {words}" if words else "")


def _table(e: Explanation) -> list[str]:
    rows = _worst_rows(e)
    return ["", "Rows with the highest loss", *_aligned([WORST, *rows])] if rows else []


def _worst_rows(e: Explanation) -> list[list[str]]:
    return [
        [
            ", ".join(map(str, row.place)), _short(row.value), _short(row.weight), _short(row.contribution),
            "" if row.share is None else f"{row.share:.1%}", row.y_true, row.y_pred,
        ]
        for row in e.worst
    ]  # fmt: skip


def _other_means(e: Explanation) -> list[list[str]]:
    shown = e.means.items() if e.parts.contributions.ndim else ()
    return [["*" if name == e.reduction else "", name, FORMULAS[name], _short(value)] for name, value in shown]


def _comparison(e: Explanation) -> list[str]:
    if not (rows := _other_means(e)):
        return []
    lines = _aligned(rows, left=3)
    return ["", "The same values by other reductions" + (" (* this one)" if e.reduction in e.means else ""), *lines]


def _notes(e: Explanation) -> list[str]:
    return ["", *e.notes] if e.notes else []


def _aligned(rows: list[list[str]], left: int = 0) -> list[str]:
    """Rows of cells as lines: columns without content are left out; the first `left` columns are aligned left."""
    body = rows[1:] if not left else rows
    used = [i for i in range(len(rows[0])) if any(row[i] for row in body) or (left and i == 0)]
    widths = {i: max(len(row[i]) for row in rows) for i in used}
    return [
        "  " + "  ".join(row[i].ljust(widths[i]) if i < left else row[i].rjust(widths[i]) for i in used).rstrip()
        for row in rows
    ]


def _short(x: Any) -> str:
    """A number as a person reads it; of an array the first entries."""
    if isinstance(x, np.ndarray) and x.ndim:
        cells = [f"{v:.6g}" for v in x.ravel()[:4]]
        return f"[{', '.join(cells)}{', …' if x.size > 4 else ''}]"
    return f"{float(x):.6g}"
