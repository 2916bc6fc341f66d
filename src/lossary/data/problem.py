"""From a table to a problem: which column is explained by which, as what task, on which rows, in which units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lossary.data.columns import Column, Floats, written
from lossary.data.errors import DataError, quoted
from lossary.data.features import Input, build_inputs
from lossary.data.tables import Table, listed, typed

Ints = npt.NDArray[np.int64]
TASKS = ("regression", "binary", "multiclass")
MISSING = ("drop", "impute", "indicator")  # what becomes of rows with missing cells among the inputs
FEW = 20  # a whole-number or text target with at most this many values is read as classes
SPLIT_FROM = 200  # smaller tables are not split: a fifth of them says little, and the fits need every row


@dataclass(frozen=True)
class Question:
    """The options for a table. None means: decide, and report the decision."""

    target: str | None = None
    features: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    task: str | None = None
    validation: float | None = None  # share of the rows held out
    seed: int = 0
    missing: str = "drop"


@dataclass(frozen=True)
class Scale:
    """How numbers are standardised: x by mean and standard deviation, y (regression only) by `center` and `spread`."""

    mean: Floats
    std: Floats
    center: float = 0.0
    spread: float = 1.0
    how: str = ""


@dataclass(frozen=True)
class Problem:
    """Complete rows as numbers: x (rows, features) and y (rows,), in the data's own units; y of classes holds 0, 1 …"""

    table: Table
    target: str
    inputs: tuple[str, ...]
    features: tuple[str, ...]
    task: str
    classes: tuple[str, ...]
    x: Floats
    y: Floats
    rows: Ints  # which row of the table each one is, counted from 0
    train: Ints
    valid: Ints
    scale: Scale
    notes: tuple[str, ...]
    recipe: tuple[Input, ...]  # how the inputs were made, to make those of other rows alike
    missing: str

    @property
    def x_scaled(self) -> Floats:
        """The inputs as the model sees them, shape (rows, features)."""
        return (self.x - self.scale.mean) / self.scale.std

    @property
    def y_scaled(self) -> Floats:
        """The target as the model sees it, shape (rows,)."""
        return (self.y - self.scale.center) / self.scale.spread if self.task == "regression" else self.y

    def row_words(self, index: int) -> str:
        """How a person finds a row again: its number, its target, and its first two inputs."""
        row = int(self.rows[index])
        names = [*self.inputs[:2], self.target]
        columns = [column for name in names if (column := self.table.column(name))]
        return f"row {row}: " + ", ".join(f"{column.name} {column.show(row)}" for column in columns)


def pose(table: Table, question: Question) -> Problem:
    """The problem that a question poses to a table. Raises DataError where the table cannot answer it."""
    notes = list(table.notes)
    target, names = _columns(table, question)
    columns = _usable([_named(table, name) for name in names], target, question, notes)
    notes += target.notes
    keep = _kept_rows(target, columns, question.missing, notes)
    task = _task(target, keep, question.task, notes)
    y, classes = _target(target, keep, task)
    train, valid = _split(y, classes, question, notes)
    inputs = build_inputs(columns, keep, train, question.missing, notes)
    x = inputs.matrix()
    return Problem(
        table, target.name, tuple(one.name for one in inputs.used), inputs.features, task, classes, x, y, keep,
        train, valid, _scale(x[train], y[train], task, target.name), tuple(notes), tuple(inputs.used), question.missing,
    )  # fmt: skip


def _usable(columns: Sequence[Column], target: Column, question: Question, notes: list[str]) -> list[Column]:
    """The inputs that hold something. Raises the doubt of a column that is in use."""
    if target.doubt is not None:
        raise target.doubt
    for column in columns:
        if (doubt := column.doubt) is not None:
            do = f"{doubt.do} Or leave the column out: --ignore {typed([column.name])}."
            raise DataError(doubt.asked, arrived=doubt.arrived, allowed=doubt.allowed, do=do)
    empty = [column.name for column in columns if column.missing.all()]
    if empty:
        notes.append(f"Left out, because they are empty in every row: {listed(empty)}.")
    gone = set(empty)
    return [column for column in columns if column.name not in gone]


def _columns(table: Table, question: Question) -> tuple[Column, list[str]]:
    """The target's column, and the names of the inputs."""
    if question.target is None and table.about is None:
        raise DataError(
            f"Choose a target column for {table.name}: --target COLUMN.",
            arrived="No target was given.",
            allowed=f"Expected one of its columns {listed([c.name for c in table.columns])}.",
            do="In Python, the target is the second argument of ls.compare.",
        )
    about = table.about
    target = _named(table, question.target or (about.target if about else ""))
    names = question.features
    if names is None and about and question.target is None and about.features:
        names = about.features
    names = names or tuple(column.name for column in table.columns if column.name != target.name)
    for name in (*names, *question.ignore):
        _named(table, name)
    if target.name in names:
        raise DataError(
            f"Cannot use '{target.name}' as the target.",
            arrived="It is also one of the inputs, which gives the answer away.",
            allowed="Expected columns other than the target as inputs.",
            do="Leave it out of --features.",
        )
    return target, [name for name in names if name not in question.ignore]


def _named(table: Table, name: str) -> Column:
    column = table.column(name)
    if column is None:
        raise DataError(
            f"Cannot find the column {quoted(name)}.",
            arrived=f"'{table.name}' has no such column.",
            allowed=f"Its columns are {listed([c.name for c in table.columns])}.",
            do="Check the spelling (names are case-sensitive); a name that contains a comma needs quotation marks.",
        )
    return column


def _kept_rows(target: Column, inputs: Sequence[Column], missing: str, notes: list[str]) -> Ints:
    """The rows (from 0) with a target, and by "drop" with every input; the others are left out, and counted."""
    without = target.missing
    if without.all():
        raise DataError(
            f"Cannot use '{target.name}' as the target.",
            arrived="All of its cells are missing.",
            allowed="Expected a target with values.",
            do="Choose another --target.",
        )
    holes = {target.name: int(without.sum())}
    for column in inputs if missing == "drop" else ():
        holes[column.name] = int(column.missing.sum())
        without = without | column.missing
    keep = np.flatnonzero(~without).astype(np.int64)
    most = sorted((item for item in holes.items() if item[1]), key=lambda item: -item[1])
    counts = ", ".join(f"{name} {count}" for name, count in most[:FEW]) + (" …" if len(most) > FEW else "")
    others = [name for name, _ in most if name != target.name]
    if keep.size < 3:
        ways = f"--missing impute, or --ignore {typed(others[:3])}" if others else ""
        raise DataError(
            "Cannot fit a model.",
            arrived=f"{keep.size} of {without.size} row(s) are complete; one or two rows cannot tell losses apart."
            + (f" Missing cells: {counts}." if counts else ""),
            allowed="Expected at least 3 rows without missing cells.",
            do=f"Keep the rows, or leave columns out: {ways}." if ways else "Add rows.",
        )
    if without.any():
        way = " (--missing impute or indicator keeps them)" if others else ""
        notes.append(f"{int(without.sum())} of {without.size} rows are left out{way}; missing cells: {counts}.")
    return keep


def _task(target: Column, keep: Ints, wanted: str | None, notes: list[str]) -> str:
    count = len({target.text[i] for i in keep.tolist()} if target.is_text else np.unique(_numbers(target)[keep]))
    if count == 1:
        raise DataError(
            f"Cannot use '{target.name}' as the target.",
            arrived=f"It has the same value, {target.show(int(keep[0]))}, in every complete row.",
            allowed="Expected a target that varies.",
            do="Choose another --target.",
        )
    if wanted is not None:
        _check_task(target, count, wanted)
        return wanted
    recognised = _recognise(target, count, keep)
    kind = "text" if target.is_text else "numbers"
    notes.append(f"Task: {recognised}, because '{target.name}' holds {kind} with {count} distinct values (--task).")
    return recognised


def _recognise(target: Column, count: int, keep: Ints) -> str:
    if count == 2:
        return "binary"
    if target.numbers is None:
        if keep.size < 2 * count or (count > FEW and keep.size < 5 * count):
            raise _no_classes(target, count, keep)
        _check_task(target, count, "multiclass")
        return "multiclass"
    values = target.numbers[keep]
    # 24 rows with 20 different whole numbers are measurements; classes come back several times each
    classes = bool(np.all(values == np.round(values))) and count <= FEW and keep.size >= 5 * count
    return "multiclass" if classes else "regression"


def _no_classes(target: Column, count: int, keep: Ints) -> DataError:
    first = int(keep[0])
    return DataError(
        f"Cannot use '{target.name}' as the target.",
        arrived=f"It holds text with {count} distinct values in {keep.size} rows: {target.place(first)} holds "
        f"{quoted(target.show(first))}.",
        allowed="Expected numbers, or text with few distinct values, most of them repeated.",
        do="Correct its cells if they should be numbers, or treat each value as a class: --task multiclass.",
    )


def _numbers(column: Column) -> Floats:
    assert column.numbers is not None
    return column.numbers


def _check_task(target: Column, count: int, task: str) -> None:
    wrong = {
        "regression": target.is_text and "It holds text.",
        "binary": count != 2 and f"It has {count} distinct values.",
        "multiclass": target.is_text and count > 5 * FEW and f"It holds text with {count} distinct values.",
    }[task]
    if wrong:
        raise DataError(
            f"Cannot use '{target.name}' as a {task} target.",
            arrived=wrong,
            allowed="Expected numbers for regression, two values for binary, few distinct values for multiclass.",
            do="Choose another --target, or another --task.",
        )


def _target(target: Column, keep: Ints, task: str) -> tuple[Floats, tuple[str, ...]]:
    """y and the classes it counts; for a regression the numbers themselves and no classes."""
    if task == "regression":
        assert target.numbers is not None  # _check_task refused text
        return target.numbers[keep], ()
    if target.numbers is None:
        cells = [target.text[i] for i in keep.tolist()]
        names = sorted(set(cells))
        places = {name: float(k) for k, name in enumerate(names)}
        return np.array([places[cell] for cell in cells]), tuple(names)
    values, codes = np.unique(target.numbers[keep], return_inverse=True)
    return codes.astype(np.float64), tuple(written(float(value)) for value in values)


def _split(y: Floats, classes: tuple[str, ...], question: Question, notes: list[str]) -> tuple[Ints, Ints]:
    """Which rows train and which validate, by the seed; every class keeps its share in both."""
    share = question.validation
    if share is None:
        share = 0.2 if y.size >= SPLIT_FROM else 0.0
        if not share:
            notes.append(f"No rows are held out for validation: there are only {y.size} (--validation FRACTION).")
    elif not 0 <= share <= 0.9:
        raise DataError(
            "--validation is the fraction of the rows held out for validation.",
            arrived=f"It was given {share:g}.",
            allowed="Expected a number from 0 to 0.9.",
            do="Choose for example 0.2.",
        )
    rng = np.random.default_rng(question.seed)
    groups = [np.flatnonzero(y == k) for k in range(len(classes))] if classes else [np.arange(y.size)]
    held = [rng.permutation(group)[: round(share * group.size)] for group in groups]
    valid = np.sort(np.concatenate(held)).astype(np.int64)
    train = np.setdiff1d(np.arange(y.size), valid).astype(np.int64)
    if train.size < 2 or (share and not valid.size) or np.unique(y[train]).size < 2:
        raise DataError(
            f"Cannot hold out {share:g} of {y.size} rows for validation.",
            arrived=f"That leaves {train.size} rows to train on and {valid.size} to validate on.",
            allowed="Expected rows in both parts, and a target that varies in the training rows.",
            do="Choose another fraction, or 0 for no validation.",
        )
    if valid.size:
        notes.append(f"{valid.size} rows, drawn with the seed, are held out for validation; {train.size} train.")
    return train, valid


def _scale(x: Floats, y: Floats, task: str, target: str) -> Scale:
    """Mean and standard deviation of the inputs; median and MAD of a regression's target. Training rows only."""
    std = x.std(axis=0)
    mean, std = x.mean(axis=0), np.where(std > 0, std, 1.0)
    if task != "regression":
        return Scale(mean, std)
    center = float(np.median(y))
    spread = 1.4826 * float(np.median(np.abs(y - center)))
    if spread > 0:
        how = f"(value − {center:.4g}) / {spread:.4g}: median and 1.4826 × median absolute deviation"
        return Scale(mean, std, center, spread, how)
    spread = float(y.std())  # more than half of the values are one and the same
    return Scale(mean, std, center, spread, f"(value − {center:.4g}) / {spread:.4g}: median and standard deviation")
