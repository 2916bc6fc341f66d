"""Every loss is exact: over a grid of hard inputs, against the truth in 100 digits (tests/oracle).

The bar is 8 in float32 and float64, 2 in half precision, which is computed in float32 and rounded once: units in the
last place of the result; or of the scale of its terms, where they cancel; or what half a unit in the last place of each
input would change, where that is more. Nothing is NaN or infinite where the truth is a number, and nothing is simply
wrong. At an edge the stated rule is the truth (docs/contracts.md). There is no exception. `python
benchmarks/exactness.py` shows the same over the whole grid.
"""

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from keras import ops

import lossary as ls
from lossary.core import contract as c
from lossary.core.forms import Categorical, Outputs, VectorLikelihood
from lossary.numerics.backend import double
from tests.backends import MODES, USUAL, value_and_gradient
from tests.laws.cases import OF_FORMS, ONE_EACH, ONE_OF_FORMS, Case, among, by_row, firsts, form, law, one_of, targets
from tests.oracle.grid import GRID, THIN, WIDTH, Block, lengths, long_rows, rounded
from tests.oracle.sums import FLOATS
from tests.oracle.trial import Trial, judged, line, offenders, trial, trials
from tests.oracle.truths import truth_of, truths

BARS = {"float16": 2.0, "bfloat16": 2.0, "float32": 8.0, "float64": 8.0}


def check(case: Case, dtype: str, done: list[Trial]) -> None:
    """Raise with the worst entries where a bar is missed."""
    missed = []
    for half, what in enumerate(("value", "gradient")):
        limit = BARS[dtype]
        bad = [(t.verdicts[half].broken | t.verdicts[half].gross | (t.verdicts[half].error() > limit)) for t in done]
        count = sum(int(b.sum()) for b in bad)
        if count:
            missed.append(f"{what}: {count} entries miss the bar of {limit:g} ulp")
            missed += ["    " + line for line in offenders(done, half, 3)]
    assert not missed, "\n" + "\n".join(missed)


def measured(case: Case, dtype: str, mode: str) -> list[Trial]:
    function = by_row(case.cls)
    with ls.checks(False):
        return list(trials(lambda y, p: function(y, p, **case.parameters), case, dtype, mode, thin=True))


def quick(case, dtype):
    """Each loss in float32, each way of its form (labels, logits) too; and each form in half precision."""
    return case in ([*OF_FORMS, *ONE_EACH] if dtype == "float32" else ONE_OF_FORMS)


@law(
    "case, dtype",
    [(case, "float32") for case in GRID] + [(case, dtype) for case in ONE_EACH for dtype in ("float16", "bfloat16")],
    quick,
)
def test_every_loss_is_exact(case, dtype):
    check(case, dtype, measured(case, dtype, USUAL))


FINE = [case for case in GRID if isinstance(case(), (Outputs, VectorLikelihood))]
KEPT = firsts(FINE, lambda case: (form(case.cls), case.label))


@pytest.mark.once
@law("case", FINE, among(KEPT))
def test_distributions_are_exact_in_float64(case):
    """To 1e-12, as fits need them: of 1, of the scale of the terms, or 8 times the conditioning."""
    with double():
        done = measured(case, "float64", USUAL)
    for half in (0, 1):
        for t in done:
            out, truth, broken = t.outs[half], t.truth[half], t.verdicts[half].broken
            within = 1e-12 * np.maximum(np.minimum(truth.scale, 1e300), 1.0) + 8 * np.nan_to_num(truth.move)
            wrong = broken | (np.abs((out - truth.high) - truth.low) > within + truth.width)
            wrong &= np.isfinite(truth.high) & (truth.kind == 0)
            assert not wrong.any(), "\n".join(line(t, half, tuple(at)) for at in np.argwhere(wrong)[:3])


# A vocabulary in full once for each form: 50,000 classes in 100 digits take a minute.
LONG = [(case, n) for case in ONE_EACH for n in lengths(case) if n <= 10_000 or case in ONE_OF_FORMS]


@law("case, length", LONG, lambda case, length: case in ONE_OF_FORMS and length <= 10_000)
def test_long_rows_are_exact(case, length):
    """Sums over thousands of classes or entries; a vocabulary in full."""
    function, kind = by_row(case.cls), FLOATS["float32"]
    block = long_rows(case, kind, length)
    (truth,) = truths(case, kind, [block])
    with ls.checks(False):
        done = judged(lambda y, p: function(y, p, **case.parameters), kind, block, truth, USUAL, True)
    check(case, "float32", [done])


# XLA takes its time, and is JAX's compiler too: on TensorFlow every third loss is enough.
OTHERS = [mode for mode in MODES if mode != USUAL]
OTHERWISE = [(case, mode) for k, case in enumerate(ONE_EACH) for mode in OTHERS if mode != "xla" or k % 3 == 0]


@law("case, mode", OTHERWISE, among(ONE_OF_FORMS))
def test_compiled_or_not_they_are_as_exact(case, mode):
    """Compilers reorder and fuse; tricks that undo a rounding error are the first to go."""
    check(case, "float32", measured(case, "float32", mode))


# -- random rows ------------------------------------------------------------------------------------------------------

DRAWN = [case for case in ONE_EACH if case().contract.shape != "free" and not case().coupled]
numbers = st.lists(
    st.one_of(st.floats(width=32, allow_nan=False, allow_infinity=False), st.floats(-30, 30), st.floats(0, 1)),
    min_size=2 * WIDTH,
    max_size=2 * WIDTH,
)


def lawful(case: Case, drawn: list[float]) -> Block:
    """One row that the contract allows, made of any numbers."""
    loss, (y, p) = case(), np.array(drawn).reshape(2, WIDTH)
    rules = loss.contract
    if isinstance(loss, Outputs):
        y, p = (
            targets(rules.target, (1,), np.random.default_rng(int(abs(drawn[0])) % 1000)),
            np.clip(np.resize(drawn, rules.parameters), -4, 4),
        )
    elif isinstance(loss, VectorLikelihood):
        y, p = targets(rules.target, (WIDTH,), np.random.default_rng(int(abs(drawn[0])) % 1000)), np.clip(p, -4, 4)
    elif rules.shape == "parameters":
        y, p = y[:1], p[: rules.parameters]
        if getattr(loss, "spread", "log_variance") != "log_variance":
            p[1] = abs(p[1])
    if isinstance(loss, Categorical) or rules.shape == "index" or case.cls.__name__ == "CategoricalHinge":
        true = int(abs(y[0])) % WIDTH
        y = np.array(true) if rules.shape == "index" else np.eye(WIDTH)[true]
    elif rules.target is c.SIGN:
        y = np.where(y < 0, -1.0, 1.0)
    elif rules.target is c.COUNT:
        y = np.floor(np.abs(y))
    elif not isinstance(loss, (Outputs, VectorLikelihood)):
        y = into_range(y, rules.target)
    p = into_range(p, rules.prediction)
    kind = FLOATS["float32"]
    y = y if y.dtype.kind == "i" else rounded(y, kind)
    return Block(np.stack([y] * THIN), np.stack([rounded(p, kind)] * THIN))


def into_range(x: np.ndarray, values: c.Values) -> np.ndarray:
    """Any numbers as those that there may be."""
    size = np.abs(x)
    if values.low == 0 and values.high == 1:
        return np.where(size > 1, 1 / np.maximum(size, 1), size)
    return size if values.low == 0 else -size if values.high == 0 else x


@law("case", DRAWN, among(ONE_OF_FORMS))
@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate])
@given(drawn=numbers)
def test_random_rows_are_exact(case, drawn):
    function = by_row(case.cls)
    with ls.checks(False):
        done = trial(lambda y, p: function(y, p, **case.parameters), case, FLOATS["float32"], lawful(case, drawn))
    check(case, "float32", [done])


# -- sums over a batch -----------------------------------------------------------------------------------------------


@law("rows", [1_000_000, 10_000_000], lambda rows: rows == 1_000_000)
@pytest.mark.parametrize("cls", [ls.MeanSquaredError, ls.Huber, ls.BinaryCrossentropy], ids=lambda cls: cls.__name__)
def test_millions_of_rows_keep_their_mean(cls, rows):
    """1,000 rows again and again: the mean is theirs, and each gradient is theirs by the number of rows. A running sum
    in float32 would stop growing long before."""
    case, kind = one_of(cls), FLOATS["float32"]
    y, p = case.draw(np.random.default_rng(3), 250)
    y, p = y.reshape(-1, 1), p.reshape(-1, 1)
    values, slopes = truth_of(case, kind, Block(y.astype("float64"), p.astype("float64")))
    many = [ops.convert_to_tensor(np.tile(part, (rows // 1000, 1))) for part in (y, p)]
    value, slope = value_and_gradient(case(), *many, USUAL)
    assert abs(float(value) - values.high.mean()) <= 8 * np.spacing(np.float32(np.abs(values.high).mean()))
    for part in (slope[:1000], slope[-1000:]):
        bar = 8 * np.spacing(np.float32(slopes.scale / rows)).astype("float64") + slopes.move / rows
        assert (np.abs(part - slopes.high / rows) <= bar).all()
