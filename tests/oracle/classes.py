"""Exact sums of the losses of yes/no questions and of exclusive classes; see terms.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.oracle.sums import ZERO, Float, Kind, Sum, exactly, mp, mpf, total
from tests.oracle.terms import TERMS, Number, Row, logarithm, sigmoid


class Answer:
    """One predicted probability p, its counterpart q = 1 - p, -log p and -log q, and how they move with y_pred."""

    def __init__(self, p: Number, y: Number, edge: Float, from_logits: bool) -> None:
        self.kind = Kind.FINITE
        if from_logits:
            self.p, self.q = sigmoid(p)
            small = mp.log1p(mp.exp(-abs(p)))
            self.yes, self.no = max(-p, mpf(0)) + small, max(p, mpf(0)) + small
            self.by_yes, self.by_no, self.inner = -self.q, self.p, self.p * self.q
            return
        self.p, self.q, self.inner = p, 1 - p, mpf(1)
        if (p == 0 and y != 0) or (p == 1 and y != 1):
            self.kind = Kind.BOUNDARY
        log, slope, _ = logarithm(p, edge)
        self.yes, self.by_yes = -log, -slope
        self.no = -mp.log1p(-p) if p < 1 else -mp.log(mpf(edge.half))
        self.by_no = 1 / self.q if p < 1 else 1 / mpf(edge.half)


def binary(of: Callable[..., tuple[Sum, Sum]]) -> Callable[..., Row]:
    """Rows of yes/no entries; `of(y, answer, w1, w0, ...)` has y smoothed; ignored entries do not count."""

    def row(
        y: list[Number],
        p: list[Number],
        edge: Float,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        class_weight: tuple[float, float] | None = None,
        ignore_class: int | None = None,
        axis: int = -1,
        **parameters: Any,
    ) -> Row:
        w0, w1 = map(mpf, class_weight or (1, 1))
        s = mpf(label_smoothing)
        values, slopes, kept, found = [ZERO], [], 0, {}
        for t, q in zip(y, p, strict=True):
            if ignore_class is not None and t == ignore_class:
                slopes.append(ZERO)
                continue
            t = t * (1 - s) + s / 2
            if (t, q) not in found:
                answer = Answer(q, t, edge, from_logits)
                parts = of(t, answer, w1, w0, **parameters)
                found[t, q] = [Sum(part.terms, max(part.kind, answer.kind), part.width) for part in parts]
            values.append(found[t, q][0])
            slopes.append(found[t, q][1])
            kept += 1
        share = 1 / mpf(max(kept, 1))
        return total(values).times(share), [v.times(share) for v in slopes]

    return row


@binary
def crossentropy(y: Number, a: Answer, w1: Number, w0: Number, pos_weight: float = 1.0) -> tuple[Sum, Sum]:
    yes, no = w1 * y * mpf(pos_weight), w0 * (1 - y)
    return exactly(yes * a.yes, no * a.no), exactly(yes * a.by_yes, no * a.by_no)


@binary
def focal(
    y: Number,
    a: Answer,
    w1: Number,
    w0: Number,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
) -> tuple[Sum, Sum]:
    """h^gamma times the cross-entropy, h = 1 - p_t."""
    g, balance = mpf(gamma), y * mpf(alpha) + (1 - y) * (1 - mpf(alpha)) if apply_class_balancing else mpf(1)
    hardness = y * a.q + (1 - y) * a.p
    nll, by = (w1 * y * a.yes, w0 * (1 - y) * a.no), (w1 * y * a.by_yes, w0 * (1 - y) * a.by_no)
    if hardness == 0:  # certain and right: only gamma = 0 leaves a slope
        return ZERO, exactly(*(balance * b for b in by)) if g == 0 else ZERO
    power = balance * hardness**g
    bend = balance * g * hardness ** (g - 1) * a.inner  # times dh/dp = (1 - y) - y
    bends = [bend * side * s for side in (1 - y, -y) for s in nll if side]
    return exactly(*(power * s for s in nll)), exactly(*bends, *(power * b for b in by))


TERMS["binary_crossentropy"] = crossentropy
TERMS["weighted_binary_crossentropy"] = crossentropy
TERMS["binary_focal_crossentropy"] = focal


class Classes:
    """Surprises S_c = -log p_c of a row, and dS_c / dy_pred_k: shared_k, and -joined_k for c = k."""

    def __init__(self, z: list[Number], needed: list[bool], edge: Float, from_logits: bool, normalised: bool) -> None:
        self.kinds = [Kind.FINITE] * len(z)
        if from_logits:
            top = max(range(len(z)), key=z.__getitem__)
            small = [mpf(0) if c == top else mp.exp(v - z[top]) for c, v in enumerate(z)]
            others = mp.fsum(small)
            log = mp.log1p(others)
            self.nll = [log + (z[top] - v) for v in z]
            self.p = [(1 if c == top else e) / (1 + others) for c, e in enumerate(small)]
            self.shared = self.p
            self.q = [others / (1 + others) if c == top else 1 - p for c, p in enumerate(self.p)]
            self.joined = self.q
            return
        if normalised and not any(z):
            self.kinds = [Kind.UNDEFINED] * len(z)
            z = [mpf(1)] * len(z)
        for c, v in enumerate(z):
            if v == 0 and needed[c]:
                self.kinds[c] = Kind.BOUNDARY
        whole = mp.fsum(z) if normalised else mpf(1)
        self.p = [v / whole for v in z]
        self.q = [1 - p for p in self.p]
        if normalised:  # of the largest, without subtracting
            top = max(range(len(z)), key=z.__getitem__)
            self.q[top] = mp.fsum(v for k, v in enumerate(z) if k != top) / whole
        logs = [logarithm(v, edge) for v in z]
        self.nll = [
            mp.log(whole) - log if p < mpf("0.9") else -mp.log1p(-q)
            for (log, _, _), p, q in zip(logs, self.p, self.q, strict=True)
        ]
        self.shared = [1 / whole if normalised else mpf(0)] * len(z)
        self.joined = [slope * (q if normalised else 1) for (_, slope, _), q in zip(logs, self.q, strict=True)]
        self.moved = [q / whole if normalised else mpf(1) for q in self.q]  # dp_c / dy_pred_c


def categorical(
    of: Callable[..., tuple[Number, Number, Number]], sparse: bool, normalised: bool = True
) -> Callable[..., Row]:
    """Rows of exclusive classes; `of(S, p, q, c, ...)` is the value were c the true class, a function of S and p, and
    its derivatives by these. One by p that is infinite where p is 0 is that where p is the reciprocal of the slope of
    -log 0."""

    def row(
        y: Any,
        p: list[Number],
        edge: Float,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        class_weight: tuple[float, ...] | None = None,
        ignore_class: int | None = None,
        axis: int = -1,
        **parameters: Any,
    ) -> Row:
        count, s = len(p), mpf(label_smoothing)
        y = [mpf(c == int(y)) for c in range(count)] if sparse else y
        if ignore_class is not None and 0 <= ignore_class < count and y[ignore_class] == 1:
            return ZERO, [ZERO] * count
        weights = [w * (t * (1 - s) + s / count) for w, t in zip(map(mpf, class_weight or [1] * count), y, strict=True)]
        classes = Classes(p, [w != 0 for w in weights], edge, from_logits, normalised)
        found = [
            of(classes.nll[c], classes.p[c], classes.q[c], c, **parameters) if w else (mpf(0), mpf(0), mpf(0))
            for c, w in enumerate(weights)
        ]
        least, alone = 1 / edge.steepest, [mpf(0)] * count  # of a p of 0, the slope by p itself
        for c, (_, by_nll, by_p) in enumerate(found):
            steep = mp.isinf(by_p)
            if classes.kinds[c] is Kind.BOUNDARY and not by_nll and not steep:
                classes.kinds[c] = Kind.FINITE
            if not classes.p[c] and not from_logits:
                by_p = of(classes.nll[c], least, 1 - least, c, **parameters)[2] if steep else by_p
                alone[c] = weights[c] * by_p * classes.moved[c]
        kinds = [kind if w else Kind.FINITE for kind, w in zip(classes.kinds, weights, strict=True)]
        kind = max(kinds) if normalised else Kind.FINITE
        value = Sum(tuple(w * v for w, (v, _, _) in zip(weights, found, strict=True) if w), kind)
        pulls = [
            w * (by_nll - share * by_p if share else by_nll)
            for w, share, (_, by_nll, by_p) in zip(weights, classes.p, found, strict=True)
        ]
        return value, slopes(pulls, alone, classes, from_logits)

    return row


def slopes(pulls: list[Number], alone: list[Number], classes: Classes, from_logits: bool) -> list[Sum]:
    """shared_k * sum of pulls - own_k * pull_k + alone_k. Of soft targets the first two terms cancel.

    Of a single true class they are joined, as one minus its probability: nothing cancels.
    """
    whole, soft = mp.fsum(pulls), sum(1 for pull in pulls if pull) > 1
    every = []
    for k, pull in enumerate(pulls):
        kind = Kind.FINITE if from_logits else classes.kinds[k]
        if soft:
            own = classes.joined[k] + classes.shared[k]
            every.append(exactly(classes.shared[k] * whole, -own * pull, alone[k], kind=kind))
        else:
            joined = classes.q[k] if from_logits else classes.joined[k]
            every.append(exactly(-joined * pull if pull else classes.shared[k] * whole, alone[k], kind=kind))
    return every


def class_focal(
    nll: Number, p: Number, q: Number, c: int, alpha: Any = 0.25, gamma: float = 2.0
) -> tuple[Number, Number, Number]:
    """alpha q^gamma S, with q = 1 - p."""
    a, g = mpf(alpha[c] if isinstance(alpha, (tuple, list)) else alpha), mpf(gamma)
    if q == 0:
        return mpf(0), a if g == 0 else mpf(0), mpf(0)
    return a * q**g * nll, a * q**g, -a * g * q ** (g - 1) * nll


def generalized(nll: Number, p: Number, not_p: Number, c: int, /, q: float = 0.5) -> tuple[Number, Number, Number]:
    """(1 - p^q) / q, which needs no rule where p is 0; only its slope does."""
    if p == 0:
        return 1 / mpf(q), mpf(0), -mp.inf
    return -mp.expm1(-mpf(q) * nll) / mpf(q), mpf(0), -(p ** (mpf(q) - 1))


def plain(nll: Number, p: Number, q: Number, c: int) -> tuple[Number, Number, Number]:
    return nll, mpf(1), mpf(0)


TERMS["categorical_crossentropy"] = categorical(plain, sparse=False)
TERMS["sparse_categorical_crossentropy"] = categorical(plain, sparse=True)
TERMS["categorical_focal_crossentropy"] = categorical(class_focal, sparse=False)
TERMS["sparse_categorical_focal_crossentropy"] = categorical(class_focal, sparse=True)
TERMS["categorical_generalized_cross_entropy"] = categorical(generalized, sparse=True, normalised=False)
