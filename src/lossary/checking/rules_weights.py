"""Rules about how rows become one number: weights, masks, splits of the batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..core.errors import ShapeError
from ..core.replicas import inexact_on_replicas
from ..core.results import Sums
from .case import Case
from .findings import ERROR, WARNING
from .known import LossFailed, Subject
from .rule import Sign, rule

ALONE = 64  # rows that are also computed one by one


@rule("L004", "weights-ignored", after=("L001", "L016"), slots=True)
def weights_ignored(case: Case) -> Iterator[Sign]:
    """Sample weights or masks do not have the effect they seem to have.

    Fires: the loss gives one number for several rows while weights or a mask are given, or the weights do not fit the
        rows (ERROR); the weighted value equals none of sum(w v)/N, sum(w v)/sum(w), sum(w v) of the unweighted rows
        (WARNING); the mean weight differs from 1 by more than 0.05 and by more than chance explains, with a mean over
        the batch (WARNING).
    Quiet: weights with mean 1; losses that apply weights inside by design (lossary's overlaps over the batch).
    Seen: https://github.com/keras-team/keras/issues/19740, https://github.com/tensorflow/tensorflow/issues/42446
    Bad:
        def mine(y_true, y_pred):
            return keras.ops.mean((y_true - y_pred) ** 2)
        y, p = np.array([[0.0], [1.0], [2.0], [3.0]]), np.zeros((4, 1))
        ls.check(mine, y, p, sample_weight=np.array([1.5, 1.5, 0.5, 0.5]))
    Good:
        def mine(y_true, y_pred):
            return keras.ops.mean((y_true - y_pred) ** 2, axis=-1)
        y, p = np.array([[0.0], [1.0], [2.0], [3.0]]), np.zeros((4, 1))
        ls.check(mine, y, p, sample_weight=np.array([1.5, 1.5, 0.5, 0.5]))
    """
    error = case.failure or (case.weighted_failure if case.weighs else None)
    if isinstance(error, ShapeError) and (case.failure is None or not case.subject.built_in):
        yield Sign(f"{error.asked} {error.arrived} {error.allowed}", error.do)
        return
    if not case.weighs or case.failure is not None or case.weighted_failure is not None or _weighs_inside(case):
        return
    if case.scalar:
        yield _one_number(case)
        return
    if case.w is not None and case.mask is None and not case.subject.coupled and not case.subject.reduces_itself:
        yield from _other_formula(case)
    yield from _mean_weight(case)


def _weighs_inside(case: Case) -> bool:
    loss = case.subject.twin
    return bool(case.subject.own and loss is not None and loss.gives is Sums)


def _one_number(case: Case) -> Sign:
    numbers, right = {"weighted": case.weighted}, ""
    if case.n <= ALONE:
        rows = [case.subject.value(case.y[r : r + 1], case.p[r : r + 1]) for r in range(case.n)]
        numbers["right"] = float(np.mean(np.asarray(rows) * _per_row(case)))
        right = f"; rows weighed one by one give {numbers['right']:.4g}"
    return Sign(
        f"{case.subject.name} returns one number per batch, so weights and masks only multiply the batch's value "
        f"({case.weighted:.4g}){right}.",
        "Count the overlap per image: ls.Dice() and ls.Tversky() do."
        if case.subject.overlaps
        else "Return one value per row: take the mean over axis=-1, not over everything.",
        numbers,
    )


def _per_row(case: Case) -> Any:
    weights = np.ones(case.n)
    for part in (case.w, case.mask):
        if part is not None:
            weights = weights * np.broadcast_to(np.asarray(part, "float64"), part.shape).reshape(case.n, -1).mean(
                axis=1
            )
    return weights


def _other_formula(case: Case) -> Iterator[Sign]:
    """The weighted value against the three ways in which a weighted mean can be meant."""
    values, w = case.raw, np.asarray(case.w, "float64")
    while w.ndim > values.ndim and w.shape[-1] == 1:
        w = w[..., 0]
    w = w.reshape(w.shape + (1,) * (values.ndim - w.ndim))
    if case.reduction == "none" or values.ndim == 0 or not np.isfinite(values).all():
        return
    try:
        total = float((values * w).sum())
    except ValueError:
        return
    weight = float(np.broadcast_to(w, values.shape).sum())
    counted = float(case.counts(values.shape).sum())
    meant = [total, *(total / part for part in (values.size, counted, weight) if part)]
    scale = 1e-4 * max(abs(case.weighted), float(np.abs(values * w).mean()), 1e-12)
    if case.subject.parameter("ignore_class") is None and min(abs(m - case.weighted) for m in meant) > scale:
        yield Sign(
            f"The weighted value is {case.weighted:.4g}. From the rows it would be {meant[1]:.4g} (sum(w v)/N), "
            f"{meant[-1]:.4g} (sum(w v)/sum(w)) or {total:.4g} (sum(w v)).",
            "Leave weighting to the base class: let call() give one value per row.",
            {"weighted": case.weighted, "over_rows": meant[1], "over_weights": meant[-1], "sum": total},
            WARNING,
        )


def _mean_weight(case: Case) -> Iterator[Sign]:
    off = abs(case.mean_weight - 1)
    if case.w is None or case.reduction not in ("sum_over_batch_size", "mean"):
        return
    if off <= max(0.05, 3 * case.spread_weight) or case.mean_weight == 0:
        return
    yield Sign(
        f"mean(sample_weight) = {case.mean_weight:.3g}: Keras divides by the number of rows, not by the sum of "
        "weights, so "
        f"the loss is {case.weighted:.4g} where the weighted mean is {case.weighted / case.mean_weight:.4g}, and every "
        f"step is {case.mean_weight:.3g} times as large.",
        "Divide the weights by their mean, or use reduction='mean_with_sample_weight'.",
        {"mean": case.mean_weight, "weighted": case.weighted},
        WARNING,
    )


@rule("L008", "depends-on-batch", WARNING, after=("L001", "L016"))
def depends_on_batch(case: Case) -> Iterator[Sign]:
    """The loss is not a mean over rows: another batch size gives another loss.

    Fires: the value of the batch differs by more than 0.01 % from the mean over its halves, or quarters; ERROR where
        sample weights are given or the batch is split over devices or accumulation steps.
    Quiet: losses that declare `coupled = True` (lossary's Circle and overlaps over the batch do), and sums (see
        L012).
    Seen: https://github.com/keras-team/keras/issues/19637, https://github.com/keras-team/keras/issues/19891
    Bad:
        y = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        ls.check(keras.losses.Dice(), y, np.full((4, 2), 0.4))
    Good:
        y = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        ls.check(ls.Dice(smooth=1.0), y, np.full((4, 2), 0.4))
    """
    subject = case.subject
    if (
        case.failure is not None
        or subject.coupled
        or subject.reduces_itself
        or (subject.trusted and not subject.overlaps)
    ):
        return
    whole, parts = _split(case)
    if not parts or not _apart(whole, [sum(part) / len(part) for part in parts]):
        return
    if not _apart(whole, [sum(part) for part in parts]):
        return
    finest = parts[-1]
    weighed = case.weighs or case.split
    yield Sign(
        f"{subject.name} is not a mean over rows: {whole:.4g} for {4 * (case.n // 4)} rows, "
        f"{sum(finest) / len(finest):.4g} on average over {len(finest)} parts of them. evaluate(), sample_weight, "
        "gradient accumulation and several devices will give other numbers.",
        "Count the overlap per image: ls.Dice() and ls.Tversky() do."
        if subject.overlaps
        else "Return one value per row. If rows are meant to depend on one another, set `coupled = True` on the loss.",
        {"whole": whole, "parts": sum(finest) / len(finest)},
        ERROR if weighed else WARNING,
    )


def _split(case: Case) -> tuple[float, list[list[float]]]:
    """The value of the largest multiple of four rows, and of its halves and quarters."""
    rows = 4 * (case.n // 4)
    if rows == 0 or not np.isfinite(case.value):
        return case.value, []
    whole = case.subject.value(case.y[:rows], case.p[:rows])
    parts = []
    for count in (2, 4):
        size = rows // count
        edges = [slice(k * size, (k + 1) * size) for k in range(count)]
        parts.append([case.subject.value(case.y[edge], case.p[edge]) for edge in edges])
    return whole, parts


def _apart(whole: float, others: list[float], tolerance: float = 1e-4) -> bool:
    scale = max(abs(whole), *(abs(other) for other in others))
    return any(not abs(whole - other) <= tolerance * scale + 1e-9 for other in others)


@rule("L012", "grows-with-batch", WARNING, after=("L001", "L016"), slots=True)
def grows_with_batch(case: Case) -> Iterator[Sign]:
    """The size of the loss depends on how many rows, devices or accumulation steps share a batch.

    Fires: an unknown loss returns the sum over the batch; or the model splits batches over accumulation steps and the
        mean of the parts is not the value of the whole; or it runs in a torch process group outside
        `ls.across`, or with a loss of another library under tf.distribute, and the loss is not a mean over independent
        rows: roots, ratios over the batch, rows compared with one another, weighted means, masks and ignored labels.
    Quiet: `reduction="sum"` chosen on a loss whose model does not split batches.
    Seen: https://github.com/keras-team/keras/issues/16285, https://github.com/huggingface/transformers/pull/34191
    Bad:
        def mine(y_true, y_pred):
            return keras.ops.sum((y_true - y_pred) ** 2)
        y, p = np.array([[0.0], [1.0], [2.0], [3.0]]), np.zeros((4, 1))
        ls.check(mine, y, p)
    Good:
        def mine(y_true, y_pred):
            return keras.ops.sum((y_true - y_pred) ** 2, axis=-1)
        y, p = np.array([[0.0], [1.0], [2.0], [3.0]]), np.zeros((4, 1))
        ls.check(mine, y, p)
    """
    if case.failure is not None or case.weighted_failure is not None:
        return
    if case.setup.replicas > 1:
        yield from _over_replicas(case)
    if case.setup.steps > 1 and not case.subject.coupled:
        yield from _over_steps(case)
    if not case.split and not case.subject.trusted and not case.subject.coupled and case.scalar:
        whole, parts = _split(case)
        if parts and _apart(whole, [sum(part) / len(part) for part in parts]) and not _apart(whole, [*map(sum, parts)]):
            yield Sign(
                f"{case.subject.name} returns the sum over the batch: {whole:.4g} for {4 * (case.n // 4)} rows, "
                f"{parts[0][0]:.4g} and {parts[0][1]:.4g} for its halves. Another batch size, and the last short "
                "batch, change the size of a step.",
                "Return one value per row and let Keras take the mean.",
                {"whole": whole, "half": parts[0][0]},
            )


def _pieces(case: Case, subject: Subject, count: int) -> tuple[float, list[float]]:
    """The value of the rows that `count` parts share alike, and those of the parts, as the devices scale them."""
    size = case.n // count

    def of(first: int, last: int) -> float:
        w, mask = (None if part is None or part.ndim == 0 else part[first:last] for part in (case.w, case.mask))
        return subject.value(case.y[first:last], case.p[first:last], w, mask)

    whole = of(0, size * count)
    with case.setup.scope():
        return whole, [of(k * size, (k + 1) * size) for k in range(count)]


def _over_steps(case: Case) -> Iterator[Sign]:
    count = min(case.setup.steps, 8)
    if case.n < count or not np.isfinite(case.weighted):
        return
    whole, values = _pieces(case, case.subject, count)
    scale = case.setup.replicas if not case.setup.averaged else 1  # the devices have divided by their number already
    parts = scale * float(np.mean(values))
    if _apart(whole, [parts], 1e-3):
        yield Sign(
            f"The model averages the gradients of {case.setup.steps} batches: their mean loss is {parts:.4g}, where "
            f"the rows as one batch give {whole:.4g}.",
            "Use a mean over the batch in which every part counts alike: reduction='sum_over_batch_size', with weights "
            "divided by their mean over the whole data.",
            {"whole": whole, "parts": parts},
        )


def _over_replicas(case: Case) -> Iterator[Sign]:
    """Why the loss is not on several devices what it is on one, and by how much on these rows."""
    setup, count = case.setup, case.setup.replicas
    single = setup.whole is not None and len(setup.cases) < 2
    subject = Subject(setup.whole) if single else case.subject
    why = _reason(case, subject)
    if why is None and not single and setup.whole is not None and case is setup.cases[0]:
        why = _reason(case, Subject(setup.whole))
    if why is None and _own(subject) and not setup.averaged:
        return
    numbers: dict[str, float] = {}
    if case.n >= count and np.isfinite(case.weighted):
        try:
            whole, values = _pieces(case, subject, count)
            numbers = {"whole": whole, "parts": float(np.mean(values) if setup.averaged else np.sum(values))}
        except LossFailed:  # a term of more than targets and predictions
            numbers = {}
    if why is None and not (numbers and _apart(numbers["whole"], [numbers["parts"]], 1e-3)):
        return
    reason = "" if why is None else f": it {why}"
    seen = ""
    if numbers:
        whole, parts = numbers["whole"], numbers["parts"]
        off = f", {parts / whole - 1:+.2%}" if whole else ""
        seen = f" These rows give {parts:.6g} there, and {whole:.6g} on one device{off}."
    yield Sign(
        f"{subject.name} is not on {count} devices what it is on one{reason}.{seen}",
        "Compute it inside `with ls.across():`, which makes it that of all processes."
        if _own(subject) and setup.averaged
        else "Use lossary's loss of this name, which is exact there; or a mean over rows: one value per row, and "
        "weights divided by their mean over the whole data.",
        numbers,
    )


def _own(subject: Subject) -> bool:
    """Whether lossary computes it, in all its parts."""
    parts = getattr(subject.loss, "parts", None)
    return subject.own if parts is None else all(_own(Subject(part.loss)) for part in parts)


def _reason(case: Case, subject: Subject) -> str | None:
    """What the loss, or lossary's loss of the same meaning, declares."""
    averaged = case.setup.averaged
    how: dict[str, bool] = {"averaged": averaged, "masked": case.mask is not None, "weighted": case.w is not None}
    for loss in (subject.loss, subject.twin):
        why = inexact_on_replicas(loss, alone=averaged or not _own(subject), **how)
        if why is not None:
            return why
    return None
