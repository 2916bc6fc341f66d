"""Rules about shapes and numbers: what y_true and y_pred hold."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..core import catalogue
from ..core import contract as c
from ..core.declaration import snake
from ..core.errors import LossaryError, PredictionError, ShapeError, TargetError
from ..families.sequences import BLANK
from .case import Case, by_row, expected_shape
from .findings import WARNING
from .rule import ANY, Sign, rule

ENOUGH = 64  # rows from which values alone tell logits from probabilities
SLACK = 1e-3
ROUGH = 0.02  # of the spread of the targets: where rounding is seen
HALF = {"bfloat16": 2**8, "float16": 2**11, "float32": 2**24}  # whole numbers are exact up to here


@rule("L000", "loss-raises", after=(ANY,), slots=True)
def loss_raises(case: Case) -> Iterator[Sign]:
    """The loss cannot be computed on this batch.

    Fires: the loss raises an error on the first rows, without weights or with them.
    Quiet: when another rule names the cause (shapes, labels, weights).
    Seen: https://github.com/keras-team/keras/issues/19662
    Bad:
        y, p = np.zeros((8, 1)), np.zeros((8, 1))
        ls.check(lambda y_true, y_pred: y_true @ y_pred, y, p)
    Good:
        y, p = np.zeros((8, 1)), np.zeros((8, 1))
        ls.check("mse", y, p)
    """
    error = case.failure or (case.weighted_failure if case.weighs else None)
    if error is None:
        return
    if isinstance(error, LossaryError):
        yield _quoted(error)
        return
    text = " ".join(str(error).split())
    text = text if len(text) <= 300 else text[:300] + " …"
    yield Sign(
        f"{case.subject.name} raises {type(error).__name__} for y_true {case.y.shape} and y_pred {case.p.shape}: "
        f"{text}",
        "Make it run on these rows first.",
    )


@rule("L001", "rows-mix", parts=True)
def rows_mix(case: Case) -> Iterator[Sign]:
    """Predictions are compared with the targets of other rows.

    Fires: for a known loss, y_true and y_pred do not have the same shape (one trailing axis of length 1 may be missing;
        class indices lack the class axis). For any other loss, replacing one row of y_true and y_pred by another row
        changes the values of other rows, or the value of the batch is not the mean of its rows taken one by one while
        the shapes differ. A plain function that mixes rows only when called directly, not in compile(), is a WARNING.
    Quiet: losses that declare `coupled = True`, and predictions of several numbers per row whose shapes agree (a
        contrastive loss: see L008).
    Seen: https://github.com/pytorch/pytorch/issues/16045, https://github.com/keras-team/keras/issues/14627
    Bad:
        class Mine(keras.losses.Loss):
            def call(self, y_true, y_pred):
                return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)
        y, p = np.linspace(0, 1, 8), np.linspace(0, 1, 8)[:, None]
        ls.check(Mine(), y, p)
    Good:
        class Mine(keras.losses.Loss):
            def call(self, y_true, y_pred):
                return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)
        y, p = np.linspace(0, 1, 8)[:, None], np.linspace(0, 1, 8)[:, None]
        ls.check(Mine(), y, p)
    """
    shapes = f"Targets {case.y.shape} and predictions {case.p.shape}"
    if case.subject.known:
        want = expected_shape(case)
        if want is not None:
            reached = f" (value {case.value:.4g})" if case.failure is None else ""
            yield Sign(
                f"{shapes} do not match: {case.subject.name} reads targets of shape {want}; broadcasting "
                f"would compare each prediction with the targets of other rows{reached}.",
                _other_coding(case) or "Give y_true that shape, for instance y_true[:, None] or one column of it.",
                {"y_rank": case.y.ndim, "p_rank": case.p.ndim},
            )
        return
    if isinstance(case.failure, ShapeError) and case.subject.built_in:
        yield _quoted(case.failure)
    if case.failure is not None or case.subject.coupled or case.subject.trusted or case.n < 2:
        return
    yield from _mixing(case, shapes)


def _quoted(error: LossaryError) -> Sign:
    """What lossary's own loss said."""
    return Sign(f"{error.asked} {error.arrived} {error.allowed}", error.do)


def _mixing(case: Case, shapes: str) -> Iterator[Sign]:
    """What a loss that nobody knows does with rows, seen from outside."""
    if case.subject.plain and case.setup.model is None and not case.same_shape:
        yield from _mixing_when_called(case, shapes)
    moved = _moved(case)
    together, alone = _one_by_one(case)
    ragged = case.y.ndim != case.p.ndim and (1 in case.y.shape[-1:] + case.p.shape[-1:] or case.y.ndim == 1)
    apart = abs(together - alone) > 1e-4 * (abs(alone) + 1e-6)
    narrow = case.p.size == case.n
    if (moved is None and ragged and apart and narrow) or (moved is not None and moved and (narrow or ragged)):
        yield Sign(
            f"{shapes} are mixed: one row changes the loss of another. They give {together:.4g} together, "
            f"one by one {alone:.4g} on average.",
            "Give both the same shape, for instance y_true[:, None] or y_pred[:, 0]. If rows are meant to depend on "
            "each other, set `coupled = True` on the loss.",
            {"together": together, "alone": alone},
        )


def _mixing_when_called(case: Case, shapes: str) -> Iterator[Sign]:
    """compile() squeezes before a plain function; a training loop of one's own does not."""
    from .known import to_numpy

    try:
        direct = by_row(to_numpy(case.subject.fn(case.y.astype(case.p.dtype), case.p)).astype("float64"), case.n)
    except Exception:  # called in a way its author did not mean
        return
    inside = case.row_values
    if direct is None or inside is None or np.allclose(direct, inside, rtol=1e-4, atol=1e-6):
        return
    yield Sign(
        f"{shapes} are mixed when {case.subject.name} is called directly: {direct.mean():.4g} instead of "
        f"{inside.mean():.4g}. Inside compile() Keras squeezes first, so that training is right.",
        "Give both the same shape before you call it, for instance y_true[:, None].",
        {"direct": float(direct.mean()), "compiled": float(inside.mean())},
        WARNING,
    )


def _moved(case: Case) -> bool | None:
    """Whether the rows that were left alone change when one row is replaced; None without one value per row."""
    before = case.row_values
    other = _other_row(case)
    if before is None or other is None:
        return None if before is None else False
    y, p = case.y.copy(), case.p.copy()
    y[0], p[0] = y[other], p[other]
    after = case.rows(y, p)
    if after is None:
        return None
    rest = np.isfinite(before[1:]) & np.isfinite(after[1:])
    change = np.abs(after[1:] - before[1:])[rest]
    return bool((change > 1e-5 * (1 + np.abs(before[1:][rest]))).any())


def _other_row(case: Case) -> int | None:
    """A row unlike the first one."""
    for row in range(1, case.n):
        if not (np.array_equal(case.y[row], case.y[0]) and np.array_equal(case.p[row], case.p[0])):
            return row
    return None


def _other_coding(case: Case) -> str:
    """What to do where the labels are those of another loss: one-hot rows for class indices, or the reverse."""
    y, p, axis = case.y, case.p, case.subject.contract.axis
    if not y.size or not np.isfinite(y).all():
        return ""
    if case.sparse and y.shape == p.shape and y.min() >= 0 and _off(y, axis) < SLACK:
        dense = type(case.subject.twin).__name__.removeprefix("Sparse")
        instead = f", or use {snake(dense)}" if dense in {card.name for card in catalogue.names().values()} else ""
        return f"The targets are one-hot rows: pass their indices, y_true.argmax({axis}){instead}."
    rows = y[..., 0] if y.ndim == p.ndim and y.shape[-1] == 1 else y
    if case.sparse or rows.ndim != p.ndim - 1 or not (rows == np.rint(rows)).all() or rows.min() < 0:
        return ""
    if case.subject.one_hot:
        sparse = f"Sparse{type(case.subject.twin).__name__}"
        instead = f"use {snake(sparse)}, or " if sparse in {card.name for card in catalogue.names().values()} else ""
        return f"The targets are class indices: {instead}pass keras.utils.to_categorical(y_true, {case.classes})."
    if case.subject.contract.target is c.SOFT_LABEL and rows.max() < p.shape[-1]:
        return (
            f"The model has {p.shape[-1]} outputs, for one label per row: end it in Dense(1), or, for exclusive "
            "classes, use sparse_categorical_crossentropy."
        )
    return ""


def _one_by_one(case: Case, most: int = 16) -> tuple[float, float]:
    """The value of the first rows together, and the mean of their values when each is alone."""
    y, p = case.y[:most], case.p[:most]
    alone = [case.subject.value(y[r : r + 1], p[r : r + 1]) for r in range(len(p))]
    return case.subject.value(y, p), float(np.mean(alone))


@rule("L003", "impossible-labels", parts=True, slots=True)
def impossible_labels(case: Case) -> Iterator[Sign]:
    """Targets hold values the loss cannot read: out of range, wrongly coded, missing, or too large.

    Fires: NaN or infinity in targets that count; class indices below 0, from C on, or with a fraction; labels of a
        binary loss or overlap outside [0, 1]; one-hot rows or KL distributions that do not add up to 1; hinge labels
        other than -1, 0, 1; negative counts, or rates, for Poisson; negative amounts for a logarithmic error; targets
        at (or a millionth of the median near) 0 for a percentage error; the blank inside a target of CTC; numbers so
        large that the loss's dtype rounds different ones to the same. All rows are checked.
    Quiet: labels that are ignored, masked or of weight 0; soft labels; unknown losses.
    Seen: https://github.com/tensorflow/tensorflow/issues/8484, https://github.com/keras-team/keras/issues/2908,
        https://github.com/ilivans/tf-rnn-attention/issues/10
    Bad:
        y, p = np.array([1, 2, 3, 1]), np.full((4, 3), 1 / 3)
        ls.check(keras.losses.SparseCategoricalCrossentropy(), y, p)
    Good:
        y, p = np.array([0, 1, 2, 0]), np.full((4, 3), 1 / 3)
        ls.check(keras.losses.SparseCategoricalCrossentropy(), y, p)
    """
    if not case.fits:
        yield from _missing(case)
        return
    seen = list(_labels(case))
    if not seen and isinstance(case.failure, (TargetError, PredictionError)):
        in_unit = case.subject.contract.prediction is c.PROBABILITY and isinstance(case.failure, PredictionError)
        seen = [] if in_unit else [_quoted(case.failure)]  # probabilities are L002's
    if seen or case.every is None:
        yield from seen
        return
    every = case.every
    for sign in _labels(every):
        row = _first_row(every)
        yield replace(sign, message=f"{sign.message} Row {row} is the first.", numbers={**sign.numbers, "row": row})


def _first_row(case: Case) -> int:
    """The first row without which the labels before it are lawful."""
    low, high = 0, len(case.y)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if any(_labels(case.rows_before(middle))) else (middle, high)
    return low


def _labels(case: Case) -> Iterator[Sign]:
    """What the targets alone say."""
    missing = list(_missing(case))
    yield from missing
    if missing or not case.labels.size:
        return
    if case.subject.known:
        yield from _coding(case, case.labels)
    elif case.subject.sequence:
        yield from _symbols(case)
    yield from _too_large(case)


def _missing(case: Case) -> Iterator[Sign]:
    lawful = (
        ~np.isnan(case.labels) if case.subject.contract.ends else np.isfinite(case.labels)
    )  # open ends are infinite
    bad = int((~lawful).sum())
    if bad:
        yield Sign(
            f"{bad} of {case.labels.size} targets are NaN or infinite: so are the loss and every gradient.",
            "Fill or drop these rows, or give them sample_weight 0 and a number.",
            {"bad": bad},
        )


def _symbols(case: Case) -> Iterator[Sign]:
    """Targets of an alignment: symbols from 1, with 0 for the blank, which only pads."""
    if case.y.ndim != 2:
        return
    y = case.y[case.counts(case.y.shape).any(axis=1)]
    low, high, classes = float(y.min(initial=0)), float(y.max(initial=0)), case.classes
    followed = np.cumsum((y != BLANK)[:, ::-1], axis=1)[:, ::-1] > 0
    inside = ((y == BLANK) & followed).any(axis=1)
    if low < 0:
        yield Sign(
            f"Targets run {low:g} … {high:g}; symbols run from 1 to {classes - 1}, and {BLANK} pads.",
            f"Pad with {BLANK}, and count symbols from 1: np.where(y < 0, {BLANK}, y + 1) where they count from 0.",
            {"low": low, "high": high},
        )
    elif (y != np.rint(y)).any():
        yield Sign("Targets have fractions; symbols are whole numbers.", "Number the symbols from 1.", {"low": low})
    elif inside.any():
        last = high < classes - 1
        yield Sign(
            f"{inside.mean():.0%} of the targets hold {BLANK} before another symbol. Class {BLANK} is the blank: it "
            "pads the end of a target and names no symbol, so that shorter texts are learned"
            f"{f', and no target holds class {classes - 1}' if last else ''}.",
            "Count the symbols from 1: add 1 to every symbol, and pad with 0. Where another library has the blank "
            "last, its predictions move too: class k becomes k + 1, and the last becomes 0.",
            {"share": float(inside.mean()), "high": high},
        )
    elif high >= classes:
        yield Sign(
            f"Targets run up to {high:g}, but the model has {classes} classes (0 … {classes - 1}, of which 0 is the "
            "blank).",
            "Give the model one class per symbol, and one more for the blank.",
            {"high": high, "classes": classes},
        )


def _coding(case: Case, y: Any) -> Iterator[Sign]:
    target, subject = case.subject.contract.target, case.subject
    if case.sparse:
        yield from _class_indices(case, y)
    elif subject.answers == "shares of classes":
        yield from _row_sums(case, "Target distributions")
    elif target is c.SOFT_LABEL:
        if y.min() < -1e-6 or y.max() > 1 + 1e-6:
            yield _outside_unit(case, y)
        elif subject.one_hot and other_axis(case) is None:
            yield from _row_sums(case, "One-hot targets")
    elif target.allowed and not np.isin(y, target.allowed).all():
        yield Sign(
            f"{subject.name} reads labels as signs, -1 or 1 (or 0 or 1); the targets run from {y.min():g} to "
            f"{y.max():g}"
            f" with {np.unique(y).size} distinct values.",
            "Code the labels as -1 and 1.",
            {"low": float(y.min()), "high": float(y.max())},
        )
    elif y.min() < target.floor:
        yield Sign(
            f"{subject.name} reads targets below {target.floor:g} as {target.floor:g}; {np.mean(y < target.floor):.0%} "
            f"lie there, down to {y.min():g}, and all have the same loss.",
            "Use mean_squared_error or huber, or shift the targets above 0 first.",
            {"low": float(y.min()), "share": float(np.mean(y < target.floor))},
        )
    elif y.min() < target.low - target.slack:
        yield Sign(
            f"{subject.name} reads targets as {target.words}; {np.mean(y < target.low):.0%} lie below, down to "
            f"{y.min():g}.",
            target.advice(case.subject.parameters) or "Look for missing values that are coded as negative numbers.",
            {"low": float(y.min())},
        )
    yield from _rates(case)
    if subject.twin is not None and subject.twin.divides_by_target:
        yield from _zeros(y)


def _class_indices(case: Case, y: Any) -> Iterator[Sign]:
    classes, low, high = case.classes, float(y.min()), float(y.max())
    broken = y != np.rint(y)
    if not (low < 0 or high >= classes or broken.any()):
        return
    seen = f"Labels run {low:g} … {high:g} but the model has {classes} outputs (0 … {classes - 1})"
    if broken.any():
        message = (
            f"{np.mean(broken):.0%} of the class labels have a fraction, such as {y[broken][0]:g}; it is truncated."
        )
        do = "Class indices are whole numbers; a loss for soft labels takes one number per class."
    elif low == 1 and high == classes:
        message, do = (
            f"{seen}: they are counted from 1. Label {high:g} contributes nothing and is never learned.",
            "Subtract 1.",
        )
    else:
        share = float(np.mean((y < 0) | (y >= classes)))
        message = f"{seen}: {share:.1%} of the labels belong to no output. They contribute nothing, or NaN."
        ignore = "ignore_class" in case.subject.parameters
        do = "Give the model one output per class" + (
            ", or pass ignore_class= for labels that mean 'no label'." if ignore else "."
        )
    yield Sign(message, do, {"low": low, "high": high, "classes": classes})


def _outside_unit(case: Case, y: Any) -> Sign:
    values = np.unique(y)
    if set(values) <= {-1.0, 1.0}:
        do = "Code the labels as 0 and 1: (y + 1) / 2."
    elif values.size == 2 and values[0] == 0:
        do = f"Code the labels as 0 and 1: y / {values[1]:g}, or y > 0."
    elif values.min() >= 0 and values.max() == 255:
        do = "These are grey levels: divide by 255; for a mask of yes and no, y > 127."
    elif (values == np.rint(values)).all() and values.min() >= 0:
        do = _classes_advice(case, values)
    else:
        do = "Bring the labels into [0, 1]."
    return Sign(
        f"{case.subject.name} reads labels in [0, 1]; the targets run from {y.min():g} to {y.max():g} with "
        f"{values.size} "
        "distinct values. The loss is unbounded below.",
        do,
        {"low": float(y.min()), "high": float(y.max()), "values": values.size},
    )


def _classes_advice(case: Case, values: Any) -> str:
    count = int(values.max()) + 1
    if case.subject.contract.target is c.SOFT_LABEL and not case.subject.one_hot and not _entropy(case):
        return (
            f"These look like class indices: code them one-hot (keras.utils.to_categorical(y, {count})), one mask each."
        )
    return "These look like class indices: use sparse_categorical_crossentropy with one output per class."


def _entropy(case: Case) -> bool:
    """Whether the loss is of yes/no questions or exclusive classes, for which there is a loss of indices."""
    return case.subject.answers in ("yes or no", "a class")


def _row_sums(case: Case, what: str) -> Iterator[Sign]:
    axis = case.subject.contract.axis
    off = np.abs(case.sums(case.y, axis) - 1)
    wrong = float(np.mean(off > SLACK)) if off.size else 0.0
    if case.y.shape[1:] == case.p.shape[1:] and wrong:
        yield Sign(
            f"{what} have to add up to 1 along axis {axis}; {wrong:.0%} of the rows do not, and are off by up to "
            f"{off.max():.3g}.",
            "Divide each row by its sum. For several yes/no labels per row use binary_crossentropy.",
            {"wrong": wrong, "off": float(off.max())},
        )


def _rates(case: Case) -> Iterator[Sign]:
    allowed, p = case.subject.contract.prediction, case.predictions
    if allowed.low == 0 and allowed is not c.PROBABILITY and p.size and p.min() < -allowed.slack:
        yield Sign(
            f"{case.subject.name} reads predictions as {allowed.words}; {np.mean(p < 0):.0%} are below 0, down to "
            f"{p.min():.3g}: the loss is NaN there.",
            allowed.advice(case.subject.parameters) or "End the model in a softplus or exp.",
            {"low": float(p.min())},
        )


def _zeros(y: Any) -> Iterator[Sign]:
    size = np.abs(y)
    near = (size < 1e-6 * np.median(size)) | (size == 0)
    if near.any():
        yield Sign(
            f"{near.sum()} of {y.size} targets are 0, or next to it: a percentage of 0 is not defined, and these rows "
            "outweigh all others a millionfold.",
            "Use mean_absolute_error or log_cosh, or leave these rows out.",
            {"zeros": int(near.sum())},
        )


def _too_large(case: Case) -> Iterator[Sign]:
    dtype = str(case.subject.loss.dtype)
    limit = HALF.get(dtype)
    if not case.sparse and limit:
        yield from _merging(case, dtype, limit)
    if case.sparse and not case.subject.own and limit and case.labels.max() > limit:
        yield Sign(
            f"Labels run up to {case.labels.max():g}, but {case.subject.loss.dtype} holds whole numbers only up to "
            f"{limit}:"
            " larger labels become other classes.",
            "Compute the loss in float32 (dtype='float32'), or use lossary's, which keeps labels whole.",
            {"high": float(case.labels.max()), "limit": limit},
        )


def _merging(case: Case, dtype: str, limit: int) -> Iterator[Sign]:
    """Targets so far from 0 that the loss's type cannot tell them apart."""
    found = merged(case.labels, limit)
    if found is not None:
        apart, step = found
        yield Sign(
            f"The targets lie about {np.median(case.labels):.9g} and spread by {apart:.3g}, but {dtype} holds numbers "
            f"of that size only in steps of {step:.3g}: they are rounded together.",
            "Before they become small floats, subtract a constant near them, such as the first timestamp, and divide "
            "by their spread.",
            {"spread": apart, "step": step},
        )


def merged(values: Any, limit: int) -> tuple[float, float] | None:
    """Spread and step, where numbers lie so far from 0 that a type with whole numbers up to `limit` merges them."""
    y = np.asarray(values, "float64")
    y = y[np.isfinite(y)]
    size, apart = float(np.abs(y).max(initial=0)), float(y.std()) if y.size else 0.0
    if apart == 0:
        return None
    step = math.ldexp(1 / limit, math.floor(math.log2(size)) + 1)  # between two numbers of this size
    if step < 1e-4 * apart:
        return None
    rounded = np.unique(np.rint(y / step)).size
    return (apart, step) if step > ROUGH * apart or rounded < 0.9 * np.unique(y).size else None


@rule("L015", "wrong-class-axis", parts=True)
def wrong_class_axis(case: Case) -> Iterator[Sign]:
    """Class probabilities are normalised along another axis than the loss reads.

    Fires: for a loss of exclusive classes, the probabilities (or one-hot targets) do not add up to 1 along the loss's
        class axis, but do along another one: channels first, or a softmax over the batch.
    Quiet: logits with class indices (their shapes would not fit), and rows that add up to 1 where they should.
    Seen: https://github.com/google-deepmind/optax/issues/902
    Bad:
        p = np.random.default_rng(0).dirichlet(np.ones(3), size=(8, 5)).transpose(0, 2, 1)
        y = np.eye(3)[p.argmax(1)].transpose(0, 2, 1)
        ls.check(keras.losses.CategoricalCrossentropy(), y, p)
    Good:
        p = np.random.default_rng(0).dirichlet(np.ones(3), size=(8, 5)).transpose(0, 2, 1)
        y = np.eye(3)[p.argmax(1)].transpose(0, 2, 1)
        ls.check(keras.losses.CategoricalCrossentropy(axis=1), y, p)
    """
    if not case.subject.categorical or case.predictions.size == 0:
        return
    found = other_axis(case)
    if found is not None:
        what, axis = found
        own = case.subject.contract.axis
        where = "the batch" if axis == 0 else f"axis {axis}"
        yield Sign(
            f"The {what} add up to 1 along {where} (shape {case.p.shape}), but the loss reads classes along axis "
            f"{own}.",
            f"Pass axis={axis} to the loss." if axis else "Take the softmax over the last axis, not over the batch.",
            {"axis": axis, "read": own},
        )


def other_axis(case: Case) -> tuple[str, int] | None:
    """Which of the two, and along which other axis it adds up to 1; None when all is as the loss reads it."""
    own = case.subject.contract.axis % case.p.ndim
    looked = [("one-hot targets", case.y)] if case.subject.one_hot and case.same_shape else []
    looked += [("predictions", case.p)] if case.subject.from_logits is False else []
    for what, x in looked:
        if _off(x, own) > 1e-2:
            for axis in [*range(1, x.ndim), 0]:
                if axis != own and x.shape[axis] > 1 and _off(x, axis) < SLACK:
                    return what, axis
    return None


def _off(x: Any, axis: int) -> float:
    return float(np.median(np.abs(x.astype("float64").sum(axis=axis) - 1)))
