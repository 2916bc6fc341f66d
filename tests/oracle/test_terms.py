"""The oracle of exact sums holds: it has the textbook's values, and its slopes are the derivatives of its values."""

import numpy as np
import pytest

from tests.laws.cases import PAIRED, twin
from tests.oracle import alignments, classes, divergences, margins, multilabel, noisy  # noqa: F401  (they enter their losses)
from tests.oracle.formulas import ORACLE
from tests.oracle.grid import GRID
from tests.oracle.sums import FLOATS, Kind, mp, mpf
from tests.oracle.terms import COUPLED, TERMS
from tests.oracle.truths import exact, options

pytestmark = pytest.mark.backendless
F32 = FLOATS["float32"]
every_case = pytest.mark.parametrize("case", GRID, ids=str)


def sums(case, y, p):
    """Values and slopes of a small batch, coupled or not; y and p are exact."""
    name = twin(case.cls).__name__
    if name in COUPLED and (name not in TERMS or case.parameters.get("whole_batch")):
        return COUPLED[name](y, p, F32, **options(case))
    rows = [TERMS[name](a, b, F32, **options(case)) for a, b in zip(y, p, strict=True)]
    slopes = [slopes for _, slopes in rows]
    return [v for v, _ in rows], slopes


def test_every_loss_of_two_tensors_has_exact_sums():
    """Those of named slots: tests/oracle/named.py."""
    assert {twin(cls).__name__ for cls in PAIRED} == set(TERMS) | set(COUPLED)


@every_case
def test_the_values_are_those_of_the_textbook(case, rng):
    y, p = case.draw(rng)
    want = [float(v) for v in ORACLE[twin(case.cls).__name__](y, p, **case.parameters)]
    got = [float(v.value()) for v in sums(case, exact(y), exact(p))[0]]
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-25)


@pytest.mark.parametrize("case", [case for case in GRID if not case.cls.holds_fixed], ids=str)
def test_the_slopes_are_the_derivatives(case, rng):
    """By central differences of 100-digit values; where a parameter is read as another, that has a slope alone."""
    y, p = case.draw(rng, rows=2)
    y, p, step = exact(y), exact(p), mpf(10) ** -30
    ruled = getattr(TERMS.get(twin(case.cls).__name__), "read_as_another", None)
    _, slopes = sums(case, y, p)
    for row, place, k in flat_places(p):
        if ruled is not None and ruled(k, place, **options(case)):
            continue
        start, ends = place[k], []
        for sign in (1, -1):
            place[k] = start + sign * step
            ends.append(mp.fsum(v.value() for v in sums(case, y, p)[0]))
        place[k] = start
        slope = slopes[row][flat_index(p[row], place, k)]
        assert float(slope.value()) == pytest.approx(float((ends[0] - ends[1]) / (2 * step)), rel=1e-15, abs=1e-25)


def flat_places(p):
    """(row, the innermost list, index) of every prediction; CTC has frames inside its rows."""
    for row, entries in enumerate(p):
        for inner in entries if isinstance(entries[0], list) else [entries]:
            for k in range(len(inner)):
                yield row, inner, k


def flat_index(entries, inner, k):
    if not isinstance(entries[0], list):
        return k
    before = 0
    for part in entries:
        if part is inner:
            return before + k
        before += len(part)
    raise AssertionError


@pytest.mark.parametrize(
    ("name", "y", "p", "low", "high"),
    [
        ("mean_absolute_error", [1], [1], -1, 1),
        ("quantile", [1], [1], -0.5, 0.5),
        ("hinge", [1], [1], -1, 0),
        ("hinge", [0], [-1], 0, 1),
        ("root_mean_squared_error", [1], [1], -1, 1),
        ("categorical_hinge", [1, 0], [1, 0], -1, 0),
    ],
)
def test_a_kink_allows_all_slopes_between_its_sides(name, y, p, low, high):
    _, slopes = TERMS[name]([mpf(v) for v in y], [mpf(v) for v in p], F32)
    assert slopes[0].kind == Kind.INTERVAL
    assert (float(slopes[0].value()), float(slopes[0].value() + slopes[0].width)) == (low, high)


def test_an_exact_zero_costs_what_the_smallest_positive_number_does():
    for name, y, p in (
        ("binary_crossentropy", [1], [0]),
        ("categorical_crossentropy", [1, 0], [0, 1]),
        ("kl_divergence", [1, 0], [0, 1]),
        ("poisson", [1], [0]),
    ):
        value, slopes = TERMS[name]([mpf(v) for v in y], [mpf(v) for v in p], F32)
        assert value.kind == slopes[0].kind == Kind.BOUNDARY
        assert float(value.value()) == pytest.approx(149 * np.log(2))
        assert float(slopes[0].value()) == pytest.approx(-(2.0**96))
