"""Exact sums of the losses that look at more than one row or frame at a time: Circle and CTC; see terms.py."""

from __future__ import annotations

from itertools import product

from tests.oracle.sums import ZERO, Float, Sum, exactly, mp, mpf
from tests.oracle.terms import COUPLED, TERMS, Number, Row


def circle(
    labels: list[Number],
    vectors: list[list[Number]],
    edge: Float,
    gamma: float = 80.0,
    margin: float = 0.4,
    remove_diagonal: bool = True,
) -> tuple[list[Sum], list[list[Sum]]]:
    """The weights alpha are held fixed in the gradient. The rounding of a similarity is multiplied by gamma."""
    n, g, m = len(vectors), mpf(gamma), mpf(margin)
    values, pull = [], [[mpf(0)] * n for _ in range(n)]  # pull[i][j] = d value_i / d similarity_ij
    wobble = [mpf(0)] * n  # how strongly value_i magnifies the rounding of its similarities
    for i, here in enumerate(vectors):
        logs: dict[bool, dict[int, Number]] = {True: {}, False: {}}
        heat: dict[int, Number] = {}
        for j, there in enumerate(vectors):
            s, size = similarity(here, there)
            same = labels[i] == labels[j]
            if same and i == j and remove_diagonal:
                continue
            alpha = max(1 + m - s, mpf(0)) if same else max(s + m, mpf(0))
            logs[same][j] = -g * alpha * (s - 1 + m) if same else g * alpha * (s - m)
            heat[j] = g * (size + 1 + m) ** 2
            pull[i][j] = (-g if same else g) * alpha * (s < 1)
        if not logs[True] or not logs[False]:
            values.append(ZERO)
            pull[i] = [mpf(0)] * n
            continue
        sums = {same: log_sum(list(logs[same].values())) for same in logs}
        whole = sums[True] + sums[False]
        share = {j: mp.exp(logs[same][j] - sums[same]) for same in logs for j in logs[same]}
        slope = 1 / (1 + mp.exp(-whole))
        wobble[i] = mp.fsum(share[j] * heat[j] for j in share)
        value = mp.log1p(mp.exp(whole)) if whole < 0 else whole + mp.log1p(mp.exp(-whole))
        extra = slope * wobble[i] / 2
        values.append(exactly(value, extra, -extra))
        pull[i] = [pull[i][j] * slope * share.get(j, mpf(0)) for j in range(n)]
    return values, [[moved(vectors, pull, wobble, a, k) for k in range(len(vectors[0]))] for a in range(n)]


def similarity(here: list[Number], there: list[Number]) -> tuple[Number, Number]:
    """The scalar product, at most 1, and the size of its terms."""
    products = [a * b for a, b in zip(here, there, strict=True)]
    return min(mpf(1), mp.fsum(products)), mp.fsum(products, absolute=True)


def log_sum(logs: list[Number]) -> Number:
    top = max(logs)
    return top + mp.log(mp.fsum(mp.exp(v - top) for v in logs))


def moved(vectors: list[list[Number]], pull: list[list[Number]], wobble: list[Number], a: int, k: int) -> Sum:
    """The slope of all values by entry k of vector a; the rounding of the weights counts as terms that cancel."""
    terms = []
    for j, there in enumerate(vectors):
        for row, force in ((a, pull[a][j]), (j, pull[j][a])):
            term = force * there[k]
            extra = term * wobble[row] / 2
            terms += [term, extra, -extra]
    return exactly(*terms)


def ctc(y: list[Number], p: list[list[Number]], edge: Float) -> Row:
    """By enumeration of every path; the slope by a logit is the softmax less the share of paths through it.

    Logarithms of probabilities are differences of logits, whose rounding adds up along the frames: hence the scales.
    """
    wanted = [int(v) for v in y if v != 0]
    frames = [[v - log_sum(frame) for v in frame] for frame in p]
    whole, through = mpf(0), [[mpf(0)] * len(frame) for frame in p]
    wobble = mp.fsum(2 * max(abs(v) for v in frame) for frame in p)
    for path in product(range(len(frames[0])), repeat=len(frames)):
        if [s for k, s in enumerate(path) if s != 0 and (k == 0 or path[k - 1] != s)] != wanted:
            continue
        log = mp.fsum(frames[k][s] for k, s in enumerate(path))
        chance = mp.exp(log)
        whole += chance
        for k, s in enumerate(path):
            through[k][s] += chance
    slopes = [
        wobbly(wobble, mp.exp(log), -part / whole)
        for frame, parts in zip(frames, through, strict=True)
        for log, part in zip(frame, parts, strict=True)
    ]
    return exactly(-mp.log(whole), wobble / 2, -wobble / 2), slopes


def wobbly(wobble: Number, *terms: Number) -> Sum:
    """The sum of terms each of which carries a relative error of `wobble` roundings."""
    extra = [t * wobble / 2 for t in terms]
    return exactly(*terms, *extra, *(-e for e in extra))


COUPLED["circle"] = circle
TERMS["ctc"] = ctc
