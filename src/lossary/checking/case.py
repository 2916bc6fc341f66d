"""The evidence of one loss on one batch, measured once and read by the rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..core.contract import CLASS_INDEX, Values
from ..core.sums import Sum
from .findings import Route
from .known import Array, LossFailed, Subject, to_numpy

ROWS = 256  # looked at, at most


@dataclass
class Setup:
    """What surrounds a loss in a model: the model, the activation that made these predictions, training's settings."""

    model: Any = None
    activation: str | None = None
    reach: tuple[float, float] | None = None  # what that activation can give
    rests: tuple[float, ...] = ()  # the edges of that, where it stays for many inputs, as a relu does at 0
    inputs: Any = None  # those of the model, all rows
    one_batch: bool = False  # only one batch was seen, not the data
    untrained: bool = False
    steps_back: bool = False  # Keras's own losses undo a last softmax or sigmoid, as they do on TensorFlow
    steps: int = 1  # gradients of so many batches are averaged
    replicas: int = 1  # so many devices have a part of the batch each
    averaged: bool = False  # whether these average their gradients, as torch's processes do, and do not add them up
    scope: Callable[[], Any] = nullcontext  # in which a loss is scaled as on these devices
    weights: Any = None  # loss_weights as given to compile()
    whole: Any = None  # the sum that the model was compiled with
    total: Callable[[], float] | None = None  # the loss that the model itself computes over all outputs
    routes: Sequence[Route] = ()
    cases: Sequence[Case] = ()  # those of all outputs


@dataclass
class Case:
    """One loss with at most 256 rows of targets and predictions.

    `y` and `p` are NumPy arrays, floating-point numbers in `p`; `w` and `mask` may be None. `mean_weight` and
    `spread_weight` are the mean of all weights given and how far it may be off by chance.
    """

    subject: Subject
    y: Array
    p: Array
    w: Array | None = None
    mask: Array | None = None
    setup: Setup = field(default_factory=Setup)
    output: str = ""
    place: str = ""  # the name of the output, also where there is only one
    mean_weight: float = 1.0
    spread_weight: float = 0.0
    predicted: bool = False  # the model made y_pred: it was not passed in
    whole_predictions: bool = False  # y_pred came as integers or booleans
    every: Case | None = None  # targets and weights of all rows, where there are more; with predictions, or none

    def rows_before(self, stop: int) -> Case:
        """The targets and weights of the first rows."""
        w = self.w if self.w is None or np.ndim(self.w) == 0 else self.w[:stop]
        return replace(self, y=self.y[:stop], p=self.p[:stop], w=w, every=None)

    @property
    def all_rows(self) -> Case:
        """The case of all rows, where their predictions are known; else this one."""
        return self.every if self.every is not None and self.every.n else self

    def of_parts(self) -> list[Case]:
        """The same rows for each part of a sum of losses; for any other loss this case itself."""
        loss = self.subject.loss
        if not isinstance(loss, Sum):
            return [self]
        cases = [replace(self, subject=Subject(part.loss, self.y, self.p), every=None) for part in loss.parts]
        for case in cases:
            case.every = None if self.every is None else replace(self.every, subject=case.subject)
        return [inner for case in cases for inner in case.of_parts()]

    @property
    def split(self) -> bool:
        """Whether the model splits batches over devices or steps."""
        return self.setup.steps * self.setup.replicas > 1

    # -- the rows that count ------------------------------------------------------------------------------------

    @property
    def n(self) -> int:
        return int(self.p.shape[0]) if self.p.ndim else 0

    def counts(self, shape: tuple[int, ...]) -> Array:
        """Which entries of an array of this shape count: weight not 0, not masked, not an ignored label."""
        axis = self.subject.contract.axis
        if -len(shape) <= axis < len(shape) == self.p.ndim:  # weights and labels have no axis of classes
            return np.moveaxis(self._counts((*tuple(np.delete(shape, axis)), shape[axis])), -1, axis)
        return self._counts(shape)

    def _counts(self, shape: tuple[int, ...]) -> Array:
        labelled = self._labelled
        return self._given(shape) if labelled is None else self._given(shape) & _spread(labelled, shape)

    @cached_property
    def _labelled(self) -> Array | None:
        ignored = self.subject.parameter("ignore_class")
        if ignored is None:
            return None
        contract = self.subject.contract
        if self.subject.one_hot:
            one_hot = np.moveaxis(self.y, contract.axis, -1)
            inside = 0 <= ignored < one_hot.shape[-1]
            return np.asarray(one_hot.argmax(-1) != ignored if inside else (one_hot != 0).any(-1))
        return np.asarray(self.y != ignored)

    @cached_property
    def live(self) -> Array:
        """Which rows count, shape (n,)."""
        return np.asarray(self.counts(self.p.shape).reshape(self.n, -1).any(axis=1))

    @cached_property
    def labels(self) -> Array:
        """The entries of y_true that count, flat."""
        return self.y.astype("float64")[self.counts(self.y.shape)]

    @cached_property
    def predictions(self) -> Array:
        """The entries of y_pred that count, flat."""
        return self.p.astype("float64")[self.counts(self.p.shape)]

    @cached_property
    def classes(self) -> int:
        """The length of the class axis of y_pred."""
        return int(self.p.shape[self.subject.contract.axis]) if self.p.ndim > 1 else 1

    @property
    def sparse(self) -> bool:
        return self.subject.contract.target is CLASS_INDEX

    @property
    def same_shape(self) -> bool:
        return self.y.shape == self.p.shape

    @cached_property
    def fits(self) -> bool:
        """Whether the shapes fit by the one documented rule, where the loss is known."""
        return expected_shape(self) is None

    def sums(self, x: Array, axis: int) -> Array:
        """Sums over one axis of the rows that count (those whose every entry counts)."""
        kept = self.counts(x.shape).all(axis=axis)
        return np.asarray(x.astype("float64").sum(axis=axis)[kept])

    # -- what the loss gives ------------------------------------------------------------------------------------

    @cached_property
    def failure(self) -> Exception | None:
        """What the loss raises on this batch without weights, if anything."""
        return _failure(lambda: self.value)

    @cached_property
    def weighted_failure(self) -> Exception | None:
        """What the loss raises once weights and mask come in, if anything."""
        return _failure(lambda: self.weighted)

    @cached_property
    def filled(self) -> tuple[Array, Array]:
        """Targets and predictions with lawful numbers where an entry does not count: padding may hold anything."""
        rules = self.subject.contract
        return self._lawful(self.y, rules.target), self._lawful(self.p, rules.prediction)

    def _lawful(self, x: Array, values: Values) -> Array:
        given = self._given(x.shape)
        outside = ~np.isfinite(x) | (x < values.low) | (x > values.high)
        if values.whole and self.classes > 1 and self.subject.known:
            outside |= x >= self.classes
        return np.where(outside & ~given, x.dtype.type(values.neutral), x)

    def _given(self, shape: tuple[int, ...]) -> Array:
        """Which entries of an array of this shape weights and mask let count."""
        keep = np.ones(shape, bool)
        for part in (self.w, self.mask):
            if part is not None:
                keep &= _spread(np.asarray(part) != 0, shape)
        return keep

    @property
    def weighs(self) -> bool:
        return self.w is not None or self.mask is not None

    @cached_property
    def value(self) -> float:
        return self.subject.value(*self.filled)

    @cached_property
    def weighted(self) -> float:
        return self.subject.value(self.y, self.p, self.w, self.mask) if self.weighs else self.value

    @cached_property
    def raw(self) -> Array:
        return self.subject.raw(*self.filled)

    @cached_property
    def slopes(self) -> Array:
        return self.subject.slopes(*self.filled)

    def rows(self, y: Array, p: Array) -> Array | None:
        """One value per row, or None where the loss gives one number for all."""
        return by_row(self.subject.raw(y, p), len(p))

    @cached_property
    def row_values(self) -> Array | None:
        return by_row(self.raw, self.n)

    @property
    def scalar(self) -> bool:
        """Whether the loss gives one number for several rows."""
        return self.n > 1 and self.raw.ndim == 0

    @property
    def reduction(self) -> str:
        return str(self.subject.loss.reduction or "none")


def by_row(raw: Array, n: int) -> Array | None:
    """The mean of each row's values, or None where the first axis is not that of the rows."""
    if raw.ndim == 0 or raw.shape[0] != n:
        return None
    return raw.reshape(n, -1).mean(axis=1)


def expected_shape(case: Case) -> str | None:
    """None where the shapes fit or nothing is known of the loss; else what y_true should look like."""
    contract, y, p = case.subject.contract, case.y.shape, case.p.shape
    if contract.shape == "same":
        if y == p or (y[:-1] == p and y[-1:] == (1,)) or (p[:-1] == y and p[-1:] == (1,)):
            return None
        return str(p)
    if contract.shape == "index" and p:
        axis = contract.axis % len(p)
        want = p[:axis] + p[axis + 1 :]
        squeezed = (*p[:axis], 1, *p[axis + 1 :])
        return None if y in (want, squeezed) else str(want)
    if contract.ends:
        return None if y == (*p[:-1], 2) else str((*p[:-1], 2))
    if contract.shape == "parameters":
        return None if y in (p[:-1], (*p[:-1], 1)) else str(p[:-1])
    return None


def make_case(subject: Subject, y: Any, p: Any, w: Any = None, mask: Any = None, **more: Any) -> Case:
    """Cut to the rows looked at, as NumPy. Two flat vectors are read as columns, which is what a model gives."""
    first = [None if x is None else to_numpy(x[:ROWS] if np.ndim(x) else x) for x in (y, p, w, mask)]
    targets, predictions, weights, kept = first
    assert targets is not None and predictions is not None
    whole = predictions.dtype.kind in "iub"
    if targets.ndim == predictions.ndim == 1:
        targets, predictions = targets[:, None], predictions[:, None]
    predictions = predictions.astype("float32") if whole else predictions
    case = Case(subject, targets, predictions, weights, kept, whole_predictions=whole, **more)
    if w is not None:
        every = to_numpy(w).astype("float64")
        case.mean_weight = float(every.mean())
        case.spread_weight = float(every.std() / np.sqrt(max(every.size, 1)))
    return case


def as_columns(y: Any, case: Case) -> Array:
    """Targets of other rows in the rank that those of a case have."""
    targets = to_numpy(y)
    return targets[:, None] if targets.ndim == 1 and case.y.ndim == 2 and case.y.shape[1] == 1 else targets


def _failure(run: Callable[[], Any]) -> Exception | None:
    try:
        run()
    except LossFailed as failed:
        return failed.cause
    return None


def _spread(part: Array, shape: tuple[int, ...]) -> Array:
    """A weight, mask or label filter over an array of this shape: leading axes equal; else everything counts."""
    while part.ndim > len(shape) and part.shape[-1] == 1:
        part = part[..., 0]
    part = part.reshape(part.shape + (1,) * (len(shape) - part.ndim))
    try:
        return np.broadcast_to(part, shape)
    except ValueError:
        return np.ones(shape, bool)
