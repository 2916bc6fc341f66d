"""Losses of named slots against the textbook in 80 digits: values, reductions and gradients. No loss is named here.

The batches hold what laws cannot tell: ties, a class without a partner, equal distances, empty lists, padded items,
boxes that touch or are empty, angles near pi, a masked row, weights; and numbers of very different sizes.
"""

from functools import cache
from inspect import signature

import numpy as np
import pytest

from lossary.core import slots as s
from lossary.core.contract import CLASS_INDEX, REAL
from lossary.families.rotated import ROTATED_BOX
from lossary.numerics.backend import double
from tests.backends import array, with_gradients
from tests.laws.cases import among, firsts, law, twin
from tests.laws.slots import OF_RESULTS, SLOT_CASES, every_slot_loss
from tests.oracle import images, sequences, sets, structures, vocabularies  # noqa: F401 - they enter their formulas
from tests.oracle.kept import fingerprint, kept
from tests.oracle.named import NAMED_ORACLE, mp, mpf

WEIGHT = np.array([0.5, 2, 1.25, 1, 1.5, 3, 0.7, 0])
MASK = np.arange(8) != 6  # and the last row has weight 0
KEEP = MASK & (WEIGHT != 0)
STEP = mpf(10) ** -15
HALF_ULP = 2.0**-24
BAR = 8  # ulp, of the result and of its conditioning
FORMULAS = firsts(SLOT_CASES[::-1], lambda case: (case.cls, case.form))  # with parameters away from their defaults
one_of_each_form = law("case", FORMULAS, among(OF_RESULTS))

TIMES, EVENTS = [1, 2, 2, 2, 3, 3, 2, 2], [1, 1, 1, 0, 1, 1, 1, 1]
GROUPS, CLASSES = [0, 0, 1, 1, 0, 2, 1, 1], [0, 0, 1, 3, 1, 0, 3, 2]
TRUE_BOX = (1, 1, 3, 2)
BOXES = [  # overlapping; inside; touching along a side; at a corner; apart; empty; ending before it begins; the same
    (2, 1.5, 5, 4), (1.25, 1.25, 2, 1.75), (3, 1, 4, 2), (3, 2, 5, 7), (4, 3, 6, 5), (2, 1, 2, 2), (2.5, 1.5, 2, 1),
    TRUE_BOX,
]  # fmt: skip
ALL_FAR = {  # what far rows are multiplied by
    "vectors": [1e-20, 1, 1e20, 1, 0, 1e10, 1, 1],
    "vectors compared with all rows": [1e-20, 1, 1, 1, 1, 1e20, 1, 1],
    "log-probabilities": [1e4, 1e-6, 30, 1, 1e4, 300, 1, 1],
    "scores": [3e3, 1, 40, 1e-5, 1e4, 100, 1, 1],
    "boxes": [2.0**70, 2.0**-70, 2.0**20, 2.0**-30, 1, 16, 1, 1],
}


def hard(case, far):
    """Lawful arrays with hard rows, by the kinds of the slots; `far` ones have hard numbers too."""
    arrays = held(case.draw(), "float64")
    kinds = {name: case.slots.slots[name].kind for name in arrays}

    def sized(x, what):
        return x * np.array(ALL_FAR[what]).reshape(-1, *[1] * (x.ndim - 1)) if far else x

    for name, kind in kinds.items():
        x = arrays[name]
        if kind is s.GROUP or kind is CLASS_INDEX:
            x = np.broadcast_to(np.reshape(GROUPS if kind is s.GROUP else CLASSES, (-1, *[1] * (x.ndim - 1))), x.shape)
        elif kind is s.TIME or kind is s.YES_NO:
            x = np.array(TIMES if kind is s.TIME else EVENTS, "float64")
        elif kind is s.AMOUNT:
            x[3], x[4], x[5, 1:] = 0, [0, 0, 0, 0, 1.5], 0
        elif kind is s.VALID and x.ndim > 1:
            x[0], x[2], x[4], x[5] = True, False, np.arange(x.shape[1]) < x.shape[1] - 1, np.arange(x.shape[1]) < 1
        elif kind is ROTATED_BOX and name in case.floats:  # the same; moved, turned or stretched alone; by very little
            true = arrays["y_true"]
            x[1], x[2], x[3], x[4] = true[1], true[2], true[3], true[4] * (1 + 1e-5)
            x[2, ..., :2] += [1, 0.5]
            x[3, ..., 4] += 0.5 * np.pi  # of the longer side, the shorter one
        elif kind is s.BOX:
            x = coded(case, sized(boxes(BOXES if name in case.floats else [TRUE_BOX] * 8, x.ndim), "boxes"))
        elif kind is s.LOG_PROBABILITY:
            x = sized(x if far else np.round(x), "log-probabilities")
        elif kind is REAL:
            x = sized(x, "scores")
        elif kind is s.VECTOR and name in case.floats:
            alone = name == case.floats[0] and len(case.floats) == 1
            x = np.round(x * 8) / 8
            if alone:  # equal rows, and two rows at one distance from a third
                x[1], x[5] = x[0], 2 * x[0] - x[3]
            else:  # the same vector in all slots
                x[1] = np.round(case.draw()[case.floats[0]][1] * 8) / 8
            x = sized(x, "vectors compared with all rows" if s.GROUP in kinds.values() else "vectors")
        elif kind is s.UNIT:
            x[1], x[5] = x[0], -x[3]
        arrays[name] = x
    of_classes = [name for name in case.own if CLASS_INDEX in kinds.values() and arrays[name].ndim == 2]
    for name in () if case.rest else of_classes:  # along the vector of its class, against it, and nearly so
        label, vectors = (arrays[n] for n in case.by_row)
        vectors[0] = 3 * arrays[name][label[0]] + [1e-4, -1e-4, 2e-4]
        vectors[2], vectors[3] = -3 * arrays[name][label[2]], -2.5 * arrays[name][label[3]] + 0.01
        vectors[4] = 2 * arrays[name][label[4]] * (1e20 if far else 1)
        arrays[name][0] *= 1e-20 if far else 1
    return held(held(arrays, "float32"), "float64")


def boxes(corners, rank):
    """Boxes by their corners, one for each row, or two."""
    corners = np.array(corners, "float64")
    return np.stack([corners, corners[::-1] + 0.25], 1) if rank == 3 else corners


def coded(case, corners):
    """The same in the coding of the loss."""
    begin, end = corners[..., :2], corners[..., 2:]
    codings = {"corners": (begin, end), "centre": ((begin + end) / 2, end - begin), "size": (begin, end - begin)}
    return np.concatenate(codings[case.how.get("coding", "corners")], -1)


def exact(x):
    """An array as lists of mpmath numbers, integers or truth values."""
    if x.ndim:
        return [exact(part) for part in x]
    return mpf(float(x)) if x.dtype.kind == "f" else x.item()


def flat(values):
    """Values of rows, nested or not, as one list."""
    return [v for part in values for v in flat(part)] if isinstance(values, list) else [values]


def textbook(case, slots, weight=None, keep=(True,) * 8, **more):
    """The values in 80 digits, one for each entry of a row, None for those that do not count; or one number."""
    weight = None if weight is None else [mpf(float(w)) for w in weight]
    return flat(NAMED_ORACLE[twin(case.cls).__name__](slots, weight, list(keep), case.form, **case.how, **more))


def weighted(values):
    """m w v of each entry; the number itself where there is one for the batch."""
    weight = np.repeat(WEIGHT, len(values) // 8) if len(values) > 1 else [1]
    return [mpf(0) if v is None else mpf(float(w)) * v for w, v in zip(weight, values, strict=True)]


def moved(case, arrays):
    """The slots that have a gradient: predictions, and weights that the loss owns."""
    return [name for name in arrays if name in case.floats or name in case.own]


def places(rows):
    """(the innermost list, index) of every number."""
    for row in rows if isinstance(rows[0], list) else [rows]:
        if isinstance(row[0], list):
            yield from places(row)
        else:
            yield from ((row, j) for j in range(len(row)))


def slopes_of(case, arrays, sides=(1, -1)):
    """m w v of each entry, and its differences by every number that has a gradient, to each side: (side, entry, k)."""
    slots = {name: exact(x) for name, x in arrays.items()}
    more = {"held": {name: exact(x) for name, x in arrays.items()}} if case.cls.holds_fixed else {}

    def values(keep=KEEP):
        return weighted(textbook(case, slots, WEIGHT, keep, **more))

    start, found, apart = values(), {}, not case().coupled
    for name in moved(case, arrays):
        columns = []
        by_itself = apart and name in case.by_row and isinstance(slots[name][0], list)
        every = [(r, place) for r, part in enumerate(slots[name]) for place in places([part])] if by_itself else []
        for r, (row, j) in every or [(None, place) for place in places(slots[name])]:
            kept = row[j]
            step = STEP * (max(map(abs, row)) or 1)
            columns.append([])
            for sign in sides:
                row[j] = kept + sign * step
                now = values() if r is None else values(KEEP & (np.arange(8) == r))  # no other row changes
                own = range(len(now)) if r is None else range(r * (len(now) // 8), (r + 1) * (len(now) // 8))
                moves = [v - v0 if k in own else mpf(0) for k, (v, v0) in enumerate(zip(now, start, strict=True))]
                # a vector of length 0 has no direction: there the value jumps, and has no slope
                jumps = not any(row[:j] + row[j + 1 :]) and not kept and abs(mp.fsum(moves)) > 1e-6
                columns[-1].append([np.nan if jumps else float(sign * d / step) for d in moves])
            row[j] = kept
        found[name] = np.moveaxis(np.array(columns), 0, -1)
    return np.array([float(v) for v in start]), found


def nearly(case, arrays, rng):
    """The same numbers, each moved by up to half a unit in the last place of float32."""
    more = {n: arrays[n] * (1 + HALF_ULP * rng.uniform(-1, 1, arrays[n].shape)) for n in moved(case, arrays)}
    return {**arrays, **more}


def computed(case, far):
    """The values with weights and mask and the slopes of their sum to either side; and by how much each of them moves
    where the inputs move by half a unit in the last place of float32."""
    arrays, rng = hard(case, far), np.random.default_rng(5)
    values, found = slopes_of(case, arrays)
    near = [slopes_of(case, nearly(case, arrays, rng), (1,))[1] for _ in range(2)]
    sizes = {name: np.abs(arrays[name]).reshape(-1) for name in found}
    move = sum((np.nan_to_num(np.abs(s).max(0)) * sizes[name]).sum(-1) for name, s in found.items()) * HALF_ULP
    truth = {"values": values, "move values": move}
    for name, slopes in found.items():
        total = slopes.sum(1)
        truth[name], truth[f"move {name}"] = total, sum(np.abs(other[name][0].sum(0) - total[0]) for other in near)
    return truth


@cache
def truth(case, far):
    """The same from a file, if it is there."""
    arrays = hard(case, far)
    key = fingerprint(
        computed, NAMED_ORACLE[twin(case.cls).__name__], case.form, case.how, sorted(arrays), *arrays.values()
    )
    return kept(f"{case}-{'far' if far else 'near'}", key, lambda: computed(case, far))


def held(arrays, dtype):
    return {name: x.astype(dtype) if x.dtype.kind == "f" else x for name, x in arrays.items()}


@cache
def program(case, dtype):
    """A function of the arrays that are moved and the others: values with weights and mask, and the gradients."""
    loss, weight, names = case(reduction=None, dtype=dtype), WEIGHT.astype(dtype), moved(case, case.draw())

    def values(xs, rest):
        return case.value(loss, {**rest, **dict(zip(names, xs, strict=True))}, weight, mask=MASK)

    return with_gradients(values)


def outcome(case, far, dtype):
    """The loss's values with weights and mask, and the gradients of their sum."""
    arrays = held(hard(case, far), dtype)
    xs = [arrays.pop(name) for name in moved(case, arrays)]
    return [np.asarray(x, "float64").reshape(-1) for x in program(case, dtype)(xs, arrays)]


def ulp(x):
    return np.spacing(np.abs(np.asarray(x, "float32"))).astype("float64")


def excess(got, low, high, move):
    """How far numbers lie outside [low, high], in units of the last place of the result and of its conditioning."""
    with np.errstate(invalid="ignore"):
        away = np.maximum(np.maximum(low - got, got - high), 0)
        size = np.where(np.isfinite(low + high), np.maximum(np.abs(low), np.abs(high)), 1)
        away = np.where(away <= 1e-37, 0, away) / (ulp(size) + move)
    return np.where(np.isfinite(got), away, np.inf)


def of_vector(move, slopes, shape):
    """Entries of one vector, or pixels of one image, cancel against one another: the conditioning of the worst one."""
    whole = (move + ulp(np.nan_to_num(slopes))).reshape(shape)
    axes = (-3, -2, -1) if len(shape) > 3 else -1
    return np.broadcast_to(whole.max(axes, keepdims=True), shape).reshape(-1) if len(shape) > 1 else move


def asked(case, far):
    """(what, the lowest right number, the highest one, its conditioning) of the values and of each gradient."""
    found, arrays = truth(case, far), hard(case, far)
    yield "values", found["values"], found["values"], found["move values"]
    for name in moved(case, arrays):
        either, both = np.isnan(found[name]).any(0), np.isnan(found[name]).all(0)
        low = np.where(both, 0, np.where(either, -np.inf, found[name].min(0)))  # without a direction: gradient 0
        high = np.where(both, 0, np.where(either, np.inf, found[name].max(0)))
        shape = arrays[name].shape if name not in case.own else (1, *arrays[name].shape)  # sums over rows cancel
        yield name, low, high, of_vector(np.nan_to_num(found[f"move {name}"]), found[name][0], shape)


@every_slot_loss
def test_values_and_gradients_are_those_of_the_textbook(case):
    """Both batches by one compiled program."""
    for far in (False, True):
        for (name, low, high, move), got in zip(asked(case, far), outcome(case, far, "float32"), strict=True):
            off = excess(got, low, high, move)
            assert (off <= BAR).all(), f"{name}, far: {far}, {off.max():.3g} ulp:\n{got}\n{low}\n{high}\n{off}"


@one_of_each_form
def test_in_float64_they_have_its_digits(case):
    for far in (False, True):
        with double():
            found = outcome(case, far, "float64")
        for (name, low, high, move), got in zip(asked(case, far), found, strict=True):
            slack = 1e-10 * np.maximum(np.abs(low), np.abs(high)) + move * 2.0**-26 + 1e-300
            assert ((got >= low - slack) & (got <= high + slack)).all(), f"{name}, far: {far}:\n{got}\n{low}\n{high}"


@pytest.mark.parametrize("optional", [True, False], ids=["all slots", "needed slots"])
@one_of_each_form
def test_the_function_gives_the_textbook_values(case, optional):
    arrays = hard(case, False)
    if not optional:
        arrays = {name: x for name, x in arrays.items() if not case.slots.slots[name].optional}
    fields = {n: v for n, v in case.how.items() if n not in ("classes", "features", *arrays)}
    want = textbook(case, {name: exact(x) for name, x in arrays.items()})
    got = array(twin(case.cls)(**held(arrays, "float32"), **fields)).reshape(-1)
    np.testing.assert_allclose(got, [float(v or 0) for v in want], rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("reduction", ["sum", "sum_over_batch_size", "mean_with_sample_weight"])
@one_of_each_form
def test_weights_and_mask_meet_the_textbook_values(case, reduction):
    """A row of weight 0 counts in a plain mean; a loss that compares rows leaves it out of all comparisons."""
    loss, arrays = case(reduction=reduction), held(hard(case, False), "float32")
    values, count = truth(case, False)["values"], 1
    if len(values) > 1 and reduction != "sum":
        coupled = "here" in signature(getattr(case.cls, case.form)).parameters
        weight = np.repeat(WEIGHT if reduction == "mean_with_sample_weight" else np.ones(8), len(values) // 8)
        slots = {name: exact(x) for name, x in hard(case, False).items()}
        there = [v is not None for v in textbook(case, slots, WEIGHT, KEEP if coupled else MASK)]
        count = weight[there].sum()
    got = array(case.value(loss, arrays, WEIGHT.astype("float32"), mask=MASK))
    assert float(got) == pytest.approx(values.sum() / count, rel=2e-5)
