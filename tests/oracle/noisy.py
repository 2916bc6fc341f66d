"""Exact sums of losses of exclusive classes whose value needs more than the nll of the true one; see terms.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.oracle.classes import Classes, categorical
from tests.oracle.sums import ZERO, Float, Kind, exactly, mp, mpf
from tests.oracle.terms import TERMS, Number, Row

Terms = tuple[Number, ...]
Pulls = list[Terms]  # the derivative by the nll of each class, as terms


def of_all_classes(
    of: Callable[..., tuple[Terms, Pulls]],
    *,
    sparse: bool,
    every: bool = False,
    by_p: bool = False,
    alone: Callable[..., Number] | None = None,
) -> Callable[..., Row]:
    """Rows of exclusive classes; `of(weights, S, p, q, ...)` gives the row's terms, and its pulls.

    `weights` are those of the classes as targets; `every` says that nlls of other classes count too. With `by_p` the
    loss is made of probabilities alone, and the pulls are derivatives by these: nothing is special where one is 0.
    `alone(weight, ...)` is the derivative by a class's p where that is 0 of what is not made of nlls.
    """

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
        if ignore_class is not None and y[ignore_class] == 1:
            return ZERO, [ZERO] * count
        targets = [t * (1 - s) + s / count for t in y]
        factors = [mpf(w) for w in class_weight or [1] * count]
        classes = Classes(p, [not by_p and (every or t != 0) for t in targets], edge, from_logits, True)
        terms, pulls = of(targets, factors, classes.nll, classes.p, classes.q, **parameters)
        if by_p:  # dp_k / dy_k is q_k times what is shared, dp_c / dy_k is -p_c times that
            pulled = [[-share * t for t in pull] for share, pull in zip(classes.p, pulls, strict=True)]
            owns = [[q * t for t in pull] for q, pull in zip(classes.q, pulls, strict=True)]
        else:
            pulled, owns = pulls, [[-j * t for t in pull] for j, pull in zip(classes.joined, pulls, strict=True)]
        signed = [[mp.fsum(t for t in pull if (t > 0) == up) for pull in pulled] for up in (True, False)]
        wholes, slopes = [mp.fsum(side) for side in signed], []
        for k in range(count):
            own = [classes.shared[k] * t for t in owns[k]] if by_p else owns[k]
            if not p[k] and not from_logits and alone is not None:  # nothing of it is in a pull by the nll
                own = [*own, alone(targets[k] * factors[k], **parameters) * classes.moved[k]]
            others = [classes.shared[k] * (whole - side[k]) for side, whole in zip(signed, wholes, strict=True)]
            slopes.append(exactly(*own, *others, kind=Kind.FINITE if from_logits else classes.kinds[k]))
        return exactly(*terms, kind=max(classes.kinds)), slopes

    return row


def symmetric(
    nll: Number, p: Number, q: Number, c: int, alpha: float = 0.1, beta: float = 1.0, log_zero: float = -4.0
) -> tuple[Number, Number, Number]:
    passive = -mpf(beta) * mpf(log_zero)
    return mpf(alpha) * nll + passive * q, mpf(alpha), -passive


def taylor(nll: Number, p: Number, q: Number, c: int, order: int = 2) -> tuple[Number, Number, Number]:
    orders = range(1, order + 1)
    return mp.fsum(q**k / k for k in orders), mpf(0), -mp.fsum(q ** (k - 1) for k in orders)


def poly(nll: Number, p: Number, q: Number, c: int, epsilon_1: float = 2.0) -> tuple[Number, Number, Number]:
    return nll + mpf(epsilon_1) * q, mpf(1), -mpf(epsilon_1)


TERMS["poly_cross_entropy"] = categorical(poly, sparse=True)
TERMS["categorical_poly_cross_entropy"] = categorical(poly, sparse=False)
TERMS["symmetric_cross_entropy"] = categorical(symmetric, sparse=True)
TERMS["taylor_cross_entropy"] = categorical(taylor, sparse=True)
TERMS["class_absolute_error"] = categorical(lambda nll, p, q, c: (2 * q, mpf(0), mpf(-2)), sparse=True)


def active_passive(
    targets: list[Number],
    factors: list[Number],
    nll: list[Number],
    p: list[Number],
    q: list[Number],
    alpha: float = 1.0,
    beta: float = 1.0,
    log_zero: float = -4.0,
) -> tuple[Terms, Pulls]:
    every, passive = mp.fsum(nll), -mpf(beta) * mpf(log_zero)
    weights = [t * w for t, w in zip(targets, factors, strict=True)]
    active = [mpf(alpha) * w * s / every for w, s in zip(weights, nll, strict=True)]
    pulls = [
        (mpf(alpha) * w / every, -mp.fsum(active) / every, passive * w * share)
        for w, share in zip(weights, p, strict=True)
    ]
    return (*active, *(passive * w * rest for w, rest in zip(weights, q, strict=True))), pulls


def brier(
    targets: list[Number], factors: list[Number], nll: list[Number], p: list[Number], q: list[Number]
) -> tuple[Terms, Pulls]:
    terms, pulls = [], []
    for w, t, share, rest in zip(factors, targets, p, q, strict=True):
        gap = (-rest,) if t == 1 else (share, -t)
        terms += [w * a * b for a in gap for b in gap]
        pulls.append(tuple(2 * w * a for a in gap))
    return tuple(terms), pulls


def passive_alone(weight: Number, alpha: float = 1.0, beta: float = 1.0, log_zero: float = -4.0) -> Number:
    return weight * mpf(beta) * mpf(log_zero)


TERMS["active_passive"] = of_all_classes(active_passive, sparse=True, every=True, alone=passive_alone)
TERMS["normalized_cross_entropy"] = of_all_classes(
    lambda *given: active_passive(*given, beta=0.0), sparse=True, every=True
)
TERMS["brier"] = of_all_classes(brier, sparse=False, by_p=True)
