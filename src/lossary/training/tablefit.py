"""A fit of a comparison with all that stands between a table and its predictions: kept, and used without Keras."""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
import stat
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from lossary.core.errors import LossaryError
from lossary.core.files import write_whole
from lossary.data.applied import applied, expecting
from lossary.data.columns import Floats, written
from lossary.data.errors import visible
from lossary.data.features import Input
from lossary.data.frames import from_arrays, table_of
from lossary.data.network import Network, linked
from lossary.data.problem import MISSING, TASKS
from lossary.data.reading import Reading
from lossary.data.results import plain
from lossary.linear.result import LinearFit

from .._calls import checked_call

KIND, LINEAR = "lossary fit of a table", "lossary linear fit"
FORMAT = 1  # goes up when a field of the file changes its meaning
KINDS = ("numbers", "dates", "text")


@dataclass(frozen=True, eq=False, repr=False)
class Predictions:
    """What a fit says of each row of a table.

    Attributes:
        target: what is predicted.
        classes: their names; none for a regression.
        values: (rows,): numbers in the target's units, NaN where cells are missing; or the names of classes, and None.
        probabilities: (rows, classes), of a loss that gives some; else None.
        scores: (rows, classes), for two classes (rows, 1): the higher, the surer. None for a regression.
        notes: what was decided about the table, one line each.
    """

    target: str
    classes: tuple[str, ...]
    values: np.ndarray
    probabilities: np.ndarray | None = None
    scores: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def table(self) -> tuple[list[str], list[list[Any]]]:
        """Heads, and a line a row: its number from 1, the prediction, the probabilities or scores of classes."""
        heads = ["row", self.target]
        if self.probabilities is not None:
            sure = self.probabilities.max(axis=1)
            heads += ["probability", *(f"probability of {name}" for name in self.classes)]
            more = np.column_stack([sure, self.probabilities])
        elif self.scores is not None:
            two = self.scores.shape[1] == 1
            heads += [f"score of {name}" for name in (self.classes[1:] if two else self.classes)]
            more = self.scores
        else:
            more = np.empty((len(self), 0))
        return heads, [[k + 1, self.values[k], *more[k]] for k in range(len(self))]

    def csv(self) -> str:
        """The table as CSV; a cell is empty where nothing can be said."""
        heads, rows = self.table()
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        out.writerow(heads)
        out.writerows([_cell(cell) for cell in row] for row in rows)
        return text.getvalue()

    def document(self) -> dict[str, Any]:
        """Everything as JSON takes it."""
        return {
            "target": self.target,
            "classes": list(self.classes),
            "predictions": plain(self.values),
            "probabilities": plain(self.probabilities),
            "scores": plain(self.scores),
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        heads, rows = self.table()
        cells = [heads, *([_short(cell) for cell in row] for row in rows[:20])]
        wide = [max(len(row[k]) for row in cells) for k in range(len(heads))]
        lines = ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, wide, strict=True)) for row in cells]
        more = [f"… {len(rows) - 20} more rows"] if len(rows) > 20 else []
        return "\n".join([*lines, *more, *self.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from lossary.core import notebook

        heads, rows = self.table()
        shown = notebook.cut([[_short(cell) for cell in row] for row in rows])
        body = [notebook.table(heads, shown, left=0), *(notebook.text(note, quiet=True) for note in self.notes)]
        return notebook.box(f"{escape(self.target)}, predicted for {len(self)} rows", *body)


def _cell(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else written(float(value))
    return "" if value is None else str(value)


def _short(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return "–" if np.isnan(value) else f"{value:.6g}"
    return "–" if value is None else str(value)


@dataclass(frozen=True, eq=False, repr=False)
class TableFit:
    """A model that a comparison fitted, with its preprocessing. `ls.load_fit` reads what `save` wrote.

    Attributes:
        label: the loss as it was named. function, params: its name and the parameters that were given.
        task, target, classes: what is predicted.
        inputs: the columns it reads, with what stands for missing cells, the values of text, units, the zero of dates.
        missing: "drop": a row with a missing cell has no prediction; else cells are filled as in the fit.
        facts: rows fitted and held out, how the fit ended, what it got right there, versions.
    """

    label: str
    function: str
    params: dict[str, Any]
    task: str
    target: str
    classes: tuple[str, ...]
    inputs: tuple[Input, ...]
    missing: str
    mean: Floats  # of the columns of the matrix
    std: Floats
    center: float  # of the target
    spread: float
    shift: float
    positive: bool
    logits: bool  # whether the loss reads scores as logits, so that they are probabilities
    model: str
    network: Network
    reading: Reading = field(default_factory=Reading)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def warning(self) -> str:
        """What has to be known before its predictions are used; "" where the fit ended well."""
        poor = ("no finite optimum", "not converged", "not settled")
        return str(self.facts.get("sentence", "")) if self.facts.get("ended") in poor else ""

    def predict(self, data: Any, *, unseen: str = "refuse") -> np.ndarray:
        """Predictions (rows,): numbers in the target's units, or the names of classes.

        Args:
            data: a path, a pandas or polars DataFrame, an Arrow table, a dictionary of columns, with all columns of the
                fit in any order; or an array of its columns in their order.
            unseen: "refuse" a value of text that the fit has not seen, or read it as "missing".

        Raises: LossaryError for a column that is not there, or holds something else than in the fit.
        """
        return self.predictions(data, unseen=unseen).values

    def probabilities(self, data: Any, *, unseen: str = "refuse") -> np.ndarray:
        """(rows, classes), in the order of `classes`. Raises LossaryError where the loss gives none."""
        found = self.predictions(data, unseen=unseen).probabilities
        if found is None:
            what = "a regression" if self.task == "regression" else f"fitted with {self.label}, which gives scores only"
            raise LossaryError(
                "Cannot predict probabilities.",
                arrived=f"The fit is {what}.",
                allowed="Expected a classifier fitted with a loss that reads logits, such as bce or scce.",
                do="Use predictions(data), or fit with --loss bce or scce.",
            )
        return found

    def predictions(self, data: Any, *, unseen: str = "refuse", reading: Reading | None = None) -> Predictions:
        """Predictions with probabilities or scores, and what was decided about the table, one line each."""
        names = tuple(one.name for one in self.inputs)
        if isinstance(data, np.ndarray | list | tuple):
            data = from_arrays(data, names)
        given = reading or Reading()
        merged = replace(
            given,
            missing=(*self.reading.missing, *given.missing),
            decimal=given.decimal or self.reading.decimal,
        )
        table = table_of(data, expecting(merged, self.inputs))
        notes = list(table.notes)
        x = applied(self.inputs, table, self.target, self.missing, unseen, notes)
        with np.errstate(over="ignore", invalid="ignore"):  # far outside what was fitted
            z = linked(self.network.outputs((x - self.mean) / self.std), self.shift, self.positive)
            return self._predictions(z, notes)

    def _predictions(self, z: Floats, notes: list[str]) -> Predictions:
        if self.task == "regression":
            return Predictions(self.target, (), z[:, 0] * self.spread + self.center, notes=tuple(notes))
        bad = np.asarray(np.isnan(z).any(axis=1))
        codes = (z[:, 0] > 0).astype(int) if self.task == "binary" else np.where(bad[:, None], 0.0, z).argmax(axis=1)
        values = np.empty(len(z), dtype=object)
        values[:] = [None if gone else self.classes[k] for k, gone in zip(codes, bad, strict=True)]
        shares = _shares(z) if self.logits else None
        return Predictions(self.target, self.classes, values, shares, z, tuple(notes))

    def save(self, path: str | Path) -> Path:
        """Write all of it as JSON, with all digits and no code; `ls.load_fit` reads it."""
        path = Path(path)
        found = {name: getattr(self, name) for name in ("label", "function", "params", "task", "target", "missing")}
        found |= {name: getattr(self, name) for name in ("center", "spread", "shift", "positive", "logits", "model")}
        found |= {"classes": self.classes, "inputs": [asdict(one) for one in self.inputs]}
        found |= {"reading": {"missing": self.reading.missing, "decimal": self.reading.decimal}}
        found |= {"mean": self.mean, "std": self.std, "facts": self.facts}
        found |= {"layers": [[_packed(array) for array in layer] for layer in self.network.layers]}
        text = json.dumps({"kind": KIND, "format": FORMAT, **plain(found)}, indent=1, allow_nan=False)
        write_whole(path, text + "\n")
        return path

    def __str__(self) -> str:
        return "\n".join([self._title(), *(f"  {name}: {what}" for name, what in self._told())])

    __repr__ = __str__

    def _title(self) -> str:
        return f"{self.target}, fitted with {self.label} ({self.model})"

    def _told(self) -> list[tuple[str, str]]:
        told = [(one.name, _described(one)) for one in self.inputs]
        if self.classes:
            told.append((self.target, f"one of {', '.join(self.classes)}"))
        told.append(("missing cells", "no prediction for their rows" if self.missing == "drop" else "filled as above"))
        if "rows" in self.facts:
            told.append(("fitted", f"{self.facts['rows']} rows; {self.facts.get('ended', '')}".rstrip("; ")))
        return [*told, ("beware", self.warning)] if self.warning else told

    def _repr_html_(self) -> str:
        from lossary.core import notebook

        return notebook.box(escape(self._title()), notebook.table(["column", "how it is read"], self._told(), left=2))


def _described(one: Input) -> str:
    fill = "" if one.fill is None else f", a missing cell is {_short(one.fill)}"
    if one.kind == "text":
        return f"text: {', '.join(one.values)}{fill}"
    unit = f" in {one.affixes[1] or one.affixes[0]}" if any(one.affixes) else ""
    return f"{one.kind}{unit}{fill}"


def _shares(z: Floats) -> Floats:
    """Probabilities of all classes from logits (rows, 1) or (rows, classes)."""
    if z.shape[1] == 1:
        z = np.column_stack([np.zeros(len(z)), z])
    raised = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _packed(array: Any) -> Any:
    """Weights in float32, which may be many, as base64 of their bytes; the few of a solved model as numbers."""
    found = np.asarray(array)
    if found.dtype != np.float32:
        return found.tolist()
    return {"shape": found.shape, "float32": base64.b64encode(found.astype("<f4").tobytes()).decode()}


class Damaged(Exception):
    """A file is not what `save` wrote; caught here."""


@checked_call
def load_fit(path: str | Path) -> TableFit | LinearFit:
    """A fit from a file: of `lossary compare --save`, of a comparison's `save`, or of `ls.fit_linear(...).save`.

        ls.load_fit("fit.json").predict(new_frame)

    The file is JSON: nothing in it is run. Keras is not needed to predict.

    Raises: LossaryError for a file that holds no fit, is damaged, or was written by a newer lossary.
    """
    try:
        found = _document(Path(path))
        return LinearFit.load(path) if found["kind"] == LINEAR else _read(found)
    except LossaryError:
        raise
    except OSError as problem:
        why = f"It cannot be read ({problem.strerror or problem})."
    except Damaged as problem:
        why = str(problem)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, MemoryError) as problem:
        what = f"it has no {problem}" if isinstance(problem, KeyError) else str(problem) or type(problem).__name__
        why = f"It is damaged ({what[:120]})."
    raise LossaryError(
        f"Cannot load a fit from {visible(str(path))!r}.",
        arrived=visible(why),
        allowed="Expected a file written by `lossary compare --save`, or by `save` of a comparison or a linear fit.",
        do="Save the fit again with this version of lossary.",
    )


def _document(path: Path) -> dict[str, Any]:
    """The JSON of a file that says it is a fit."""
    if not stat.S_ISREG(path.stat().st_mode):  # a pipe would wait, and a device never end
        raise Damaged("It is not a file.")
    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Damaged("It is not JSON.") from None
    if not isinstance(found, dict) or found.get("kind") not in (KIND, LINEAR):
        raise Damaged("It is not a fit.")
    if found.get("format") != FORMAT:
        raise Damaged(f"Its format is {found.get('format')!r:.20}; this lossary reads format {FORMAT}.")
    return found


def _no_constant(word: str) -> None:
    raise Damaged(f"It is damaged ({word} is not a JSON number).")


def _read(found: dict[str, Any]) -> TableFit:
    """Every field with its type and size; whatever else raises ValueError, TypeError or KeyError."""
    inputs = tuple(_input(one) for one in _typed(found["inputs"], list))
    classes = tuple(_typed(name, str) for name in _typed(found["classes"], list))
    layers = tuple((_array(kernel, 2), _array(bias, 1)) for kernel, bias in _typed(found["layers"], list))
    task = _one_of(found["task"], TASKS)
    width, counts = (
        sum(len(one.parts) for one in inputs),
        {"regression": 0, "binary": 2}.get(task, max(len(classes), 2)),
    )
    for kernel, bias in layers:
        if kernel.shape != (width, bias.size):
            raise Damaged(f"It is damaged (a layer of shape {kernel.shape} on {width} inputs).")
        width = bias.size
    mean, std = _array(found["mean"], 1), _array(found["std"], 1)
    if not layers or len(classes) != counts or width != (counts if task == "multiclass" else 1):
        raise Damaged(f"It is damaged ({width} outputs for {len(classes)} classes).")
    if not mean.size == std.size == layers[0][0].shape[0] or not (std > 0).all():
        raise Damaged("It is damaged (means and deviations do not match the inputs).")
    reading = _typed(found["reading"], dict)
    missing = tuple(_typed(word, str) for word in _typed(reading["missing"], list))
    decimal = None if reading["decimal"] is None else _one_of(reading["decimal"], ("point", "comma"))
    fields: dict[str, Any] = {name: _typed(found[name], str) for name in ("label", "function", "target", "model")}
    fields |= {name: _number(found[name]) for name in ("center", "spread", "shift")}
    fields |= {name: _typed(found[name], bool) for name in ("positive", "logits")}
    fields |= {name: _typed(found[name], dict) for name in ("params", "facts")}
    fields |= {"task": task, "classes": classes, "inputs": inputs, "missing": _one_of(found["missing"], MISSING)}
    fields |= {"mean": mean, "std": std, "network": Network(layers)}
    return TableFit(**fields, reading=Reading(missing=missing, decimal=decimal))


def _input(found: Any) -> Input:
    kind, fill = _one_of(found["kind"], KINDS), found["fill"]
    currency, unit = (_typed(affix, str) for affix in found["affixes"])
    values = tuple(_typed(value, str) for value in _typed(found["values"], list))
    if kind == "text" and fill is not None and fill not in values:
        raise Damaged(f"It is damaged (a missing cell of {found['name']} becomes a value that it does not have).")
    fields: dict[str, Any] = {name: _typed(found[name], str) for name in ("name", "pattern", "decimal")}
    fields |= {name: _typed(found[name], bool) for name in ("plain", "indicator")}
    fields |= {name: _number(found[name]) for name in ("zero", "low", "high")}
    fill = fill if fill is None or kind == "text" else _number(fill)
    return Input(**fields, kind=kind, values=values, affixes=(currency, unit), fill=fill)


def _typed(value: Any, kind: Callable[..., Any]) -> Any:
    if type(value) is not kind:
        raise Damaged(f"It is damaged ({getattr(kind, '__name__', kind)} was expected, not {type(value).__name__}).")
    return value


def _one_of(value: Any, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise Damaged(f"It is damaged ({value!r} is not one of {', '.join(allowed)}).")
    return str(value)


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not np.isfinite(float(value)):
        raise Damaged("It is damaged (a number was expected).")
    return float(value)


def _array(value: Any, axes: int) -> np.ndarray:
    if isinstance(value, dict):
        shape = tuple(int(size) for size in value["shape"])
        try:
            raw = base64.b64decode(_typed(value["float32"], str), validate=True)
        except binascii.Error:
            raise Damaged("It is damaged (weights that are not base64).") from None
        found = np.frombuffer(raw, dtype="<f4").astype(np.float32).reshape(shape)
    else:
        found = np.array(_typed(value, list), dtype=np.float64)
    if found.ndim != axes or not np.isfinite(found).all():
        raise Damaged(f"It is damaged (an array of {axes} axes of numbers was expected).")
    return found
