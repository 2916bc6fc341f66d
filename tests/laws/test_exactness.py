"""Every loss is exact: over a grid of hard inputs, against the truth in 100 digits (tests/oracle).

The bars, in units in the last place of the result, or of the scale of its terms where they cancel: 2 in half precision
(computed in float32 and rounded once), 4 in float32 and float64, 8 for focal losses. Nothing is NaN or infinite where
the truth is a number, and nothing is simply wrong. At an edge the stated rule is the truth (docs/contracts.md).
`python benchmarks/exactness.py` shows the same over the whole grid.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from keras import ops

import lossary as ls
from lossary.core import contract as c
from lossary.core.forms import Categorical, Sparse
from tests.backends import MODES, array, gradient
from tests.laws.cases import ONE_EACH, Case, by_row
from tests.oracle.grid import GRID, THIN, WIDTH, Block, rounded
from tests.oracle.sums import FLOATS
from tests.oracle.trial import Trial, offenders, trial, trials

USUAL = "jit" if "jit" in MODES else "eager"  # eagerly, JAX compiles every operation by itself
BARS = {"float16": 2.0, "bfloat16": 2.0, "float32": 4.0, "float64": 4.0}


@dataclass(frozen=True)
class Exception_:
    """A measured bound above the bar, and why it is there."""

    loss: str
    what: str  # "value" or "gradient"
    dtypes: tuple[str, ...]
    bound: float
    reason: str


POWER = "1 - p goes in with its power of gamma + 1, and so does its rounding; 1000 classes round it more"
COUNTS = "the product of a count, two shares and the slope of the logistic function, each rounded"
FAINT = "a probability below e^-80, of which only the surprise is left: e^(-q s) magnifies its rounding"
MOVED = "TensorFlow's graphs without XLA move constant factors through products: one rounding more"
EXCEPTIONS = (
    Exception_("Cauchy", "value", ("float32",), 5, MOVED),
    Exception_("GaussianNLL", "gradient", ("float32",), 5, MOVED),
    Exception_("RootMeanSquaredError", "gradient", ("float32",), 5, MOVED),
    Exception_("CosineSimilarity", "gradient", ("float32",), 6, MOVED),
    Exception_("BinaryFocalCrossentropy", "gradient", ("float32",), 10, POWER),
    Exception_("CategoricalFocalCrossentropy", "gradient", ("float32",), 10, POWER),
    Exception_("SparseCategoricalFocalCrossentropy", "gradient", ("float32",), 10, POWER),
    Exception_("Dice", "gradient", ("float32",), 6, COUNTS),
    Exception_("Tversky", "gradient", ("float32",), 6, COUNTS),
    Exception_("CategoricalGeneralizedCrossEntropy", "gradient", ("float32",), 90, FAINT),
)


def bar(case: Case, dtype: str, what: str) -> float:
    name = case.cls.__name__
    usual = BARS[dtype] * (2 if "Focal" in name and dtype in ("float32", "float64") else 1)
    return max([usual, *(e.bound for e in EXCEPTIONS if (e.loss, e.what) == (name, what) and dtype in e.dtypes)])


def check(case: Case, dtype: str, done: list[Trial]) -> None:
    """Raise with the worst entries where a bar is missed."""
    missed = []
    for half, what in enumerate(("value", "gradient")):
        limit = bar(case, dtype, what)
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


@pytest.mark.parametrize(
    ("case", "dtype"),
    [(case, "float32") for case in GRID] + [(case, dtype) for case in ONE_EACH for dtype in ("float16", "bfloat16")],
    ids=str,
)
def test_every_loss_is_exact(case, dtype):
    check(case, dtype, measured(case, dtype, USUAL))


# XLA takes its time, and is JAX's compiler too: on TensorFlow every third loss is enough.
OTHERS = [mode for mode in MODES if mode != USUAL] or MODES
OTHERWISE = [(case, mode) for k, case in enumerate(ONE_EACH) for mode in OTHERS if mode != "xla" or k % 3 == 0]


@pytest.mark.parametrize(("case", "mode"), OTHERWISE, ids=str)
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
    if rules.shape == "parameters":
        y, p = y[:1], p[: rules.parameters]
        if getattr(loss, "spread", "log_variance") != "log_variance":
            p[1] = abs(p[1])
    if isinstance(loss, Categorical) or case.cls.__name__ == "CategoricalHinge":
        true = int(abs(y[0])) % WIDTH
        y = np.array(true) if isinstance(loss, Sparse) else np.eye(WIDTH)[true]
    elif rules.target is c.SIGN:
        y = np.where(y < 0, -1.0, 1.0)
    elif rules.target in (c.SOFT_LABEL, c.COUNT):
        y = into_unit(y) if rules.target is c.SOFT_LABEL else np.floor(np.abs(y))
    if rules.prediction is c.PROBABILITY:
        p = into_unit(p)
    elif rules.prediction is c.RATE:
        p = np.abs(p)
    kind = FLOATS["float32"]
    y = y if y.dtype.kind == "i" else rounded(y, kind)
    return Block(np.stack([y] * THIN), np.stack([rounded(p, kind)] * THIN))


def into_unit(x: np.ndarray) -> np.ndarray:
    size = np.abs(x)
    return np.where(size > 1, 1 / np.maximum(size, 1), size)


@pytest.mark.parametrize("case", DRAWN, ids=str)
@settings(max_examples=12, deadline=None, derandomize=True, phases=[Phase.generate])
@given(drawn=numbers)
def test_random_rows_are_exact(case, drawn):
    function = by_row(case.cls)
    with ls.checks(False):
        done = trial(lambda y, p: function(y, p, **case.parameters), case, FLOATS["float32"], lawful(case, drawn))
    check(case, "float32", [done])


# -- sums over a batch -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "one"), [(ls.MeanSquaredError(), 0.01), (ls.BinaryCrossentropy(), -np.log(np.float32(0.9)))], ids=str
)
def test_ten_million_rows_keep_their_mean(loss, one):
    """A running sum in float32 would stop growing long before."""
    rows = 10_000_000
    y, p = ops.ones((rows, 1)), ops.full((rows, 1), np.float32(0.9))
    assert float(array(loss(y, p))) == pytest.approx(one, rel=1e-6)
    small = gradient(lambda v: loss(y[:8], v), p[:8])
    assert np.isfinite(small).all()
