"""Exact sums of the loss that looks at more than one frame at a time, CTC; see terms.py."""

from __future__ import annotations

from itertools import product

from tests.oracle.sums import Float, Sum, exactly, mp, mpf
from tests.oracle.terms import TERMS, Number, Row


def log_sum(logs: list[Number]) -> Number:
    top = max(logs)
    return top + mp.log(mp.fsum(mp.exp(v - top) for v in logs))


def ctc(y: list[Number], p: list[list[Number]], edge: Float, blank: int = 0, per_symbol: bool = False) -> Row:
    """By enumeration of every path; the slope by a logit is the softmax less the share of paths through it.

    Logarithms of probabilities are differences of logits, whose rounding adds up along the frames: hence the scales.
    """
    blank %= len(p[0])
    wanted = [int(v) for v in y if v != blank]
    frames = [[v - log_sum(frame) for v in frame] for frame in p]
    whole, through = mpf(0), [[mpf(0)] * len(frame) for frame in p]
    wobble = mp.fsum(2 * max(abs(v) for v in frame) for frame in p)
    for path in product(range(len(frames[0])), repeat=len(frames)):
        if [s for k, s in enumerate(path) if s != blank and (k == 0 or path[k - 1] != s)] != wanted:
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
    share = 1 / mpf(max(len(wanted), 1)) if per_symbol else mpf(1)
    return exactly(-mp.log(whole), wobble / 2, -wobble / 2).times(share), [one.times(share) for one in slopes]


def wobbly(wobble: Number, *terms: Number) -> Sum:
    """The sum of terms each of which carries a relative error of `wobble` roundings."""
    extra = [t * wobble / 2 for t in terms]
    return exactly(*terms, *extra, *(-e for e in extra))


TERMS["ctc"] = ctc
