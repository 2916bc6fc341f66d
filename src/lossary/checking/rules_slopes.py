"""Rules about gradients: not finite, dead, or in the wrong direction."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from .case import Array, Case, by_row
from .findings import WARNING
from .known import LossFailed
from .rule import Sign, rule

DEAD = 1e-12
FEW = 0.05  # of the rows: more is no exception
DATA = ("L001", "L002", "L003", "L015")
FAR = 1e4  # a logit as large as a diverging model gives


@rule("L005", "not-finite", after=(*DATA, "L016", "L019"), parts=True, slots=True)
def not_finite(case: Case) -> Iterator[Sign]:
    """NaN or infinity in masked rows, in predictions, or in the gradient of a finite loss.

    Fires: rows of weight 0, or masked, hold NaN and the loss is not finite; predictions that count are not finite; the
        loss of a row, or its gradient, is not finite here; or a row's loss is finite but its gradient is not at
        predictions 0 and 1 (for probabilities), at plus and minus 10,000 (for scores), or (WARNING) at predictions
        equal to targets.
    Quiet: losses that leave such rows out, as lossary's do; values that are rightly infinite at the edge.
    Seen: https://github.com/keras-team/keras/issues/6825, https://github.com/jax-ml/jax/issues/347
    Bad:
        y, p = np.array([[1.0], [np.nan], [2.0]]), np.ones((3, 1))
        ls.check("mse", y, p, sample_weight=np.array([1.5, 0.0, 1.5]))
    Good:
        y, p = np.array([[1.0], [np.nan], [2.0]]), np.ones((3, 1))
        ls.check(ls.MeanSquaredError(), y, p, sample_weight=np.array([1.5, 0.0, 1.5]))
    """
    if not case.fits or case.p.size == 0:
        return
    every = case.all_rows
    broken = every.live & ~np.isfinite(every.p.reshape(every.n, -1)).all(axis=1)
    if broken.any():
        row = int(np.argmax(broken))
        yield Sign(
            f"Prediction {row} holds NaN or infinity, as do {int(broken.sum())} of {every.n} rows.",
            "The model gives it before any loss: ls.diagnose(model, x, y) finds the layer that made it.",
            {"row": row},
        )
        return
    poison = _poison(case)
    if poison is not None:
        yield poison
    elif case.failure is None and np.isfinite(case.labels).all():
        yield from _here(case)
        if not (case.subject.own and case.subject.built_in):  # lossary's own are finite at every edge
            yield from _probes(case)


def _poison(case: Case) -> Sign | None:
    """A row that does not count and yet decides."""
    broken = ~np.isfinite(case.p.reshape(case.n, -1)).all(axis=1)
    if case.y.shape[:1] == (case.n,):
        broken |= ~np.isfinite(case.y.reshape(case.n, -1).astype("float64")).all(axis=1)
    hidden = broken & ~case.live
    if not hidden.any() or case.failure is not None or case.weighted_failure is not None or np.isfinite(case.weighted):
        return None
    row = int(np.argmax(hidden))
    return Sign(
        f"Row {row} does not count (weight 0 or masked) but holds NaN or infinity, and the loss is {case.weighted:g}: "
        "0 times NaN is NaN.",
        "Replace what does not count before the loss (where(mask, y, 0)), or use lossary's loss, which leaves it out.",
        {"row": row, "rows": int(hidden.sum())},
    )


def _here(case: Case) -> Iterator[Sign]:
    """The loss and the gradient of the batch itself."""
    rows = case.row_values
    if rows is not None and not np.isfinite(rows[case.live]).all():
        row = int(np.flatnonzero(case.live & ~np.isfinite(rows))[0])
        yield Sign(
            f"The loss of row {row} is {rows[row]:g}, at prediction {_show(case.p[row])} and target "
            f"{_show(case.y[row])}.",
            "Compute it where it is defined: from logits, or from predictions bounded inside the formula.",
            {"row": row},
        )
        return
    bad = ~np.isfinite(case.slopes.reshape(case.n, -1)).all(axis=1) & case.live
    if bad.any() and (rows is not None or np.isfinite(case.raw).all()):
        row = int(np.argmax(bad))
        yield _nan_gradient(f"at prediction {_show(case.p[row])} (row {row})", {"row": row, "share": float(bad.mean())})


def _nan_gradient(where: str, numbers: dict[str, float], severity: str = "") -> Sign:
    return Sign(
        f"The loss is finite but its gradient is not, {where}: a function is differentiated where its slope is "
        "infinite, or "
        "in the branch of where() that is not used.",
        "Bound the argument inside the function and inside the branch, for instance sqrt(maximum(x, 1e-12)).",
        numbers,
        severity,
    )


def _probes(case: Case) -> Iterator[Sign]:
    """The gradient at predictions that a model reaches one day."""
    for words, p, severity in _places(case):
        try:
            rows = case.rows(case.y, p)
            slopes = None if rows is None else case.subject.slopes(case.y, p).reshape(case.n, -1)
        except LossFailed:
            continue
        if rows is None or slopes is None:
            continue
        bad = np.isfinite(rows) & ~np.isfinite(slopes).all(axis=1) & case.live
        if bad.any():
            severity = WARNING if case.subject.trusted else severity  # Keras's own, at an edge not reached yet
            yield _nan_gradient(words, {"share": float(bad.mean())}, severity)
            return


def _places(case: Case) -> Iterator[tuple[str, Array, str]]:
    dtype = case.p.dtype
    real = case.subject.contract.prediction
    if (_in_unit(case.predictions) and case.subject.from_logits is not True and real.low != -np.inf) or _unknown_unit(
        case
    ):
        edge = np.broadcast_to((np.arange(case.p.shape[-1]) % 2).astype(dtype), case.p.shape)
        if case.p.shape[-1] == 1:
            edge = (np.arange(case.n) % 2).astype(dtype).reshape(-1, *[1] * (case.p.ndim - 1)) * np.ones_like(case.p)
        yield "at predictions 0 and 1", np.array(edge), ""
    elif real.low == -np.inf and not case.subject.coupled:
        signs = np.where(np.arange(case.p.size) % 2, FAR, -FAR).reshape(case.p.shape).astype(dtype)
        yield "at predictions of ±10,000", signs, ""
    if case.same_shape and not case.subject.coupled and case.subject.from_logits is not True:
        yield "where a prediction equals its target", case.y.astype(dtype), WARNING


def _unknown_unit(case: Case) -> bool:
    return not case.subject.known and _in_unit(case.predictions)


def _in_unit(x: Array) -> bool:
    return bool(x.size and x.min() >= 0 and x.max() <= 1)


def _show(row: Array) -> str:
    flat = np.asarray(row).reshape(-1)
    return (
        f"{flat[0]:.4g}" if flat.size == 1 else f"({', '.join(f'{v:.3g}' for v in flat[:3])}{', …' * (flat.size > 3)})"
    )


@rule("L006", "dead-gradient", after=(*DATA, "L016", "L019"), slots=True)
def dead_gradient(case: Case) -> Iterator[Sign]:
    """Rows have a loss but no gradient, so they are never learned.

    Fires: more than 5 % of the rows lie above the smallest loss in the batch (and above the loss of a perfect
        prediction) by more than 0.001 while every derivative with respect to their predictions is below 1e-12; or no
        row has a gradient, all have the same loss, and nearby predictions have a lower one, as when embeddings have
        collapsed.
    Quiet: rows without loss, such as hinge rows beyond the margin; rows where a relu at the end of the model gives 0;
        redescending losses, unless no row at all has a gradient.
    Seen: https://github.com/keras-team/keras/issues/6143
    Bad:
        def mine(y_true, y_pred):
            return keras.ops.mean(keras.ops.abs(keras.ops.round(y_pred) - y_true), axis=-1)
        y, p = np.array([[0.0], [1.0], [0.0], [1.0]]), np.array([[0.2], [0.4], [0.7], [0.8]])
        ls.check(mine, y, p)
    Good:
        def mine(y_true, y_pred):
            return keras.ops.mean(keras.ops.abs(y_pred - y_true), axis=-1)
        y, p = np.array([[0.0], [1.0], [0.0], [1.0]]), np.array([[0.2], [0.4], [0.7], [0.8]])
        ls.check(mine, y, p)
    """
    if case.failure is not None or not case.fits or not case.live.any() or not np.isfinite(case.predictions).all():
        return
    steep = np.abs(case.slopes.reshape(case.n, -1)).max(axis=1)
    with_loss = _with_loss(case)
    if with_loss is None or not np.isfinite(steep[case.live]).all():
        return
    at_rest = np.isin(case.p, case.setup.rests).reshape(case.n, -1).all(axis=1)  # there the activation is flat itself
    dead = with_loss & (steep < DEAD) & case.live & ~at_rest
    if not at_rest.any() and not dead.any() and (steep[case.live] < DEAD).all() and _collapsed(case):
        yield Sign(
            f"No prediction has any gradient, and all {case.live.sum()} rows have the same loss, {case.value:.4g}, "
            f"though others are lower: {case.subject.name} is flat where all predictions are alike, or where they "
            "are now.",
            "Start from predictions that differ between rows: lower the learning rate, look for a layer that gives the "
            "same for every input, or choose a margin that some rows do not keep yet.",
            {"value": case.value},
        )
        return
    share = float(dead.sum() / case.live.sum())
    if dead.any() and hasattr(case.subject.twin, "smooth") and case.row_values is not None and not case.y[dead].any():
        if share > FEW:
            yield _empty_masks(case, share)
    elif (steep[case.live] < DEAD).all() and dead.any() and case.subject.trusted:
        yield Sign(
            f"No prediction has any gradient, though {share:.0%} of the rows have a loss: {case.subject.name} is flat "
            f"at predictions such as {_show(case.p[int(np.argmax(dead))])}. Training cannot move.",
            "Start closer to the targets: standardise them, and do not initialise the weights with zeros.",
            {"share": share, "rows": int(dead.sum())},
        )
    elif (steep[case.live] < DEAD).all() and dead.any():
        yield Sign(
            f"No prediction has any gradient, though {share:.0%} of the rows have a loss: {case.subject.name} is "
            "flat, or "
            "not differentiable (round, argmax, comparison, cast), or does not depend on y_pred. Training cannot move.",
            "Use a smooth formula: probabilities or scores instead of decisions.",
            {"share": share, "rows": int(dead.sum())},
        )
    elif share > FEW and case.row_values is not None and not _redescends(case) and not case.subject.coupled:
        row = int(np.argmax(dead))
        yield Sign(
            f"{share:.0%} of the rows have a loss but no gradient, for instance row {row} at prediction "
            f"{_show(case.p[row])}: the loss is clipped or flat there. These rows will never be learned.",
            "Use a loss with a slope there: from logits instead of clipped probabilities, or in another range.",
            {"share": share, "row": row},
        )


def _collapsed(case: Case) -> bool:
    """Whether rows would cost less with other predictions near these, although no slope leads there."""
    now = np.atleast_1d(case.value if case.row_values is None else case.row_values)
    if not np.isfinite(now).all():
        return False
    random, p = np.random.default_rng(0), case.p
    scale = max(1.0, float(np.abs(p).max()))
    for size in (0.01, 0.1, 1.0):
        other = np.asarray(p + size * scale * random.normal(size=p.shape), p.dtype)
        other = np.clip(other, 0, 1) if _in_unit(p) else other
        try:
            then = case.rows(case.filled[0], other)
            then = np.atleast_1d(case.subject.value(case.filled[0], other) if then is None else then)
            if (then < now - 1e-3 * np.maximum(1.0, np.abs(now))).any():
                return True
        except LossFailed:
            continue
    return False


def _empty_masks(case: Case, share: float) -> Sign:
    return Sign(
        f"{share:.0%} of the rows have an empty mask, on which {case.subject.name} is the same for every prediction: "
        "false "
        "positives on such rows add no loss.",
        "Pass smooth=1 to lossary's loss, or add a cross-entropy.",
        {"share": share},
        WARNING,
    )


def _redescends(case: Case) -> bool:
    return case.subject.twin is not None and "redescending" in case.subject.twin.traits


def _with_loss(case: Case) -> Array | None:
    """Which rows have more loss than the best row, and than a perfect prediction of their own target."""
    rows = case.row_values
    if rows is None:
        rows = np.full(case.n, case.value)
        floor: Any = _perfect(case)
        return None if floor is None else rows > floor + 1e-3
    finite = rows[case.live & np.isfinite(rows)]
    if finite.size == 0:
        return None
    perfect = _perfect(case)
    least = finite.min() if perfect is None else np.minimum(perfect, rows)
    if getattr(case.subject.twin, "censored", False):  # minus the logarithm of a probability, at least 0
        interval = (case.y[..., 0] != case.y[..., 1]).reshape(case.n, -1).any(axis=1)
        least = np.where(interval, 0.0, least)
    higher = rows > least + 1e-3
    return higher if perfect is None else higher & (rows > perfect + 1e-3)


def _perfect(case: Case) -> Any:
    """The loss where every prediction equals its target, or None where the two are not of one kind."""
    if not case.same_shape or case.subject.from_logits:
        return None
    try:
        target = case.y.astype(case.p.dtype)
        raw = case.subject.raw(case.y, target)
    except LossFailed:
        return None
    rows = by_row(raw, case.n)
    found: Any = (float(raw.mean()) if raw.ndim == 0 else None) if rows is None else rows
    return found if found is not None and np.isfinite(found).all() else None


PREDICTED = re.compile(r"pred|output|input|logit|prob|hat|score")
WANTED = re.compile(r"true|target|label|truth|^y$|gt")


@rule("L007", "wrong-direction")
def wrong_direction(case: Case) -> Iterator[Sign]:
    """The sign is wrong or the arguments are swapped: better predictions have a higher loss.

    Fires: y_pred holds only whole numbers (at least two distinct ones) while y_true holds fractions; the function's
        parameters are named the other way round, such as (y_pred, y_true) or (input, target); or, for an unknown loss,
        moving predictions a tenth of the way to their targets raises the loss in more than 5 % of the rows while moving
        them far away lowers it.
    Quiet: known losses; targets and predictions in different spaces, such as labels and logits; whole numbers that a
        model itself has predicted.
    Seen: https://github.com/xiph/rnnoise/issues/117, https://github.com/tensorflow/tensorflow/issues/37896
    Bad:
        def similarity(y_true, y_pred):
            return keras.ops.sum(y_true * y_pred, axis=-1)
        y = np.array([[0.6, 0.8], [0.8, -0.6], [-0.6, 0.8], [1.0, 0.0]])
        ls.check(similarity, y, np.array([[0.8, 0.6], [0.6, 0.8], [0.6, 0.8], [0.0, 1.0]]))
    Good:
        def dissimilarity(y_true, y_pred):
            return -keras.ops.sum(y_true * y_pred, axis=-1)
        y = np.array([[0.6, 0.8], [0.8, -0.6], [-0.6, 0.8], [1.0, 0.0]])
        ls.check(dissimilarity, y, np.array([[0.8, 0.6], [0.6, 0.8], [0.6, 0.8], [0.0, 1.0]]))
    """
    yield from _swapped_values(case)
    yield from _swapped_names(case)
    if case.failure is None and not case.subject.trusted and not case.subject.coupled:
        yield from _uphill(case)


def _swapped_values(case: Case) -> Iterator[Sign]:
    y, p = case.labels, case.predictions
    if case.predicted or case.n < 4 or not case.same_shape or not np.isfinite(y).all() or not np.isfinite(p).all():
        return
    fractions = np.unique(y[y != np.rint(y)])
    whole = np.unique(p)
    if fractions.size > 2 and whole.size >= 2 and (whole == np.rint(whole)).all():
        yield Sign(
            f"It looks as if predictions were passed as targets: targets {_show(y)}; predictions {_show(p)}, whole "
            "numbers "
            "only.",
            "Keras calls loss(y_true, y_pred): the labels come first.",
            {"fractions": fractions.size, "whole": whole.size},
        )


def _swapped_names(case: Case) -> Iterator[Sign]:
    if case.subject.trusted:
        return
    function = case.subject.fn if case.subject.fn is not None else case.subject.loss.call
    try:
        names = [name.lower() for name in inspect.signature(function).parameters][:2]
    except (TypeError, ValueError):
        return
    if len(names) < 2 or not PREDICTED.search(names[0]) or not WANTED.search(names[1]):
        return
    if WANTED.search(names[0]) or PREDICTED.search(names[1]):
        return
    yield Sign(
        f"The parameters of {case.subject.name} are named ({names[0]}, {names[1]}), but Keras passes (y_true, y_pred): "
        "the labels come first.",
        "Swap the two parameters, or wrap the function: lambda y_true, y_pred: f(y_pred, y_true).",
    )


def _uphill(case: Case) -> Iterator[Sign]:
    if not case.same_shape or case.n < 2 or not _one_space(case):
        return
    y, p = case.y.astype(case.p.dtype), case.p
    far = _far(y, p)
    now, nearer, away = (case.subject.raw(case.y, at) for at in (p, p + 0.1 * (y - p), far.astype(p.dtype)))
    rows = [by_row(raw, case.n) for raw in (now, nearer, away)]
    a, b, c = (raw.reshape(-1) if row is None else row for raw, row in zip((now, nearer, away), rows, strict=True))
    if not (np.isfinite(a).all() and np.isfinite(b).all() and np.isfinite(c).all()):
        return
    rises = float(np.mean(b > a + 1e-6 * (1 + np.abs(a))))
    if rises > 0.05 and b.mean() > a.mean() and c.mean() < a.mean():
        yield Sign(
            f"The loss rises when predictions get better, in {rises:.0%} of the rows ({a.mean():.4g} → {b.mean():.4g} "
            "a "
            "tenth of the way to the targets).",
            "A similarity or a score was returned as a loss, or the arguments are swapped: negate it, or swap them.",
            {"before": float(a.mean()), "after": float(b.mean()), "share": rises},
        )


def _one_space(case: Case) -> bool:
    """Whether a prediction may be moved to its target: both probabilities, or both real numbers with fractions."""
    y, p = case.labels, case.predictions
    if y.size == 0 or not (np.isfinite(y).all() and np.isfinite(p).all()):
        return False
    if _in_unit(y) and np.unique(y[y != np.rint(y)]).size <= 2:
        return _in_unit(p)
    return bool(np.unique(y[y != np.rint(y)]).size > 2 or np.unique(y).size > 8)


def _far(y: Array, p: Array) -> Array:
    """Predictions far on the other side of their targets."""
    if _in_unit(y) and _in_unit(p):
        return np.asarray(0.9 * (1 - y) + 0.05)
    return np.asarray(p + 3 * (y.std() + 1e-3) * np.where(p >= y, 1.0, -1.0))
