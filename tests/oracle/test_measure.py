"""The instrument itself: what it calls exact, inexact, broken, wrong or flushed."""

import numpy as np
import pytest

from tests.oracle.kept import fingerprint
from tests.oracle.measure import judge, spacing
from tests.oracle.sums import FLOATS, Kind, between, exactly, mpf
from tests.oracle.terms import TERMS, error
from tests.oracle.truths import as_truth

pytestmark = pytest.mark.backendless
NEAR = np.array([False])


def verdict(out, number, dtype="float32", subnormal=False, stated=True):
    """The verdict on one result, as plain numbers."""
    truth, small = as_truth([number], (1,)), np.array([subnormal])
    found = judge(np.array([float(out)]), truth, FLOATS[dtype], small, NEAR, 1, stated)
    return {name: getattr(found, name).item() for name in ("ulp", "of_scale", "broken", "gross", "flushed")}


@pytest.mark.parametrize(("dtype", "digits"), [("float16", 11), ("bfloat16", 8), ("float32", 24), ("float64", 53)])
def test_the_spacing_is_that_of_the_type(dtype, digits):
    kind = FLOATS[dtype]
    numbers = np.array([1.0, 1.5, 3.0, 1000.0], dtype=kind.numpy)
    after = np.nextafter(numbers, np.array(np.inf, dtype=kind.numpy)).astype("float64")
    np.testing.assert_array_equal(spacing(numbers.astype("float64"), kind), after - numbers.astype("float64"))
    assert spacing(np.array(1.0), kind) == 2.0 ** (1 - digits)
    smallest = float(kind.info.smallest_normal)
    assert spacing(np.array(0.0), kind) == spacing(np.array(smallest), kind) == smallest * 2.0 ** (1 - digits)


def test_a_neighbouring_number_is_one_ulp_off():
    assert verdict(1 + 2.0**-23, exactly(mpf(1)))["ulp"] == 1
    assert verdict(1, exactly(mpf(1) + mpf(2) ** -24))["ulp"] == 0.5


def test_a_difference_beyond_float64_is_seen():
    assert verdict(1.0, exactly(mpf(1) + mpf(2) ** -60), "float64")["ulp"] == 2.0**-8


def test_where_the_truth_is_nothing_something_is_wrong():
    assert not verdict(0, exactly(mpf(0)))["gross"] and verdict(1e-30, exactly(mpf(0)))["gross"]


def test_where_terms_cancel_the_scale_counts():
    seen = verdict(2.0**-22, exactly(mpf(1000), mpf(-1000)))
    assert seen["ulp"] > 1e30 and seen["of_scale"] < 1e-2 and not seen["gross"]


def test_a_wrong_number_is_gross_and_a_rounded_one_is_not():
    assert verdict(1.002, exactly(mpf(1)))["gross"]
    assert not verdict(1.0005, exactly(mpf(1)))["gross"]
    assert not verdict(1 + 2.0**-8, exactly(mpf(1)), "bfloat16")["gross"]


@pytest.mark.parametrize("out", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_broken_where_the_truth_is(out):
    edges = [exactly(mpf(1), kind=kind) for kind in (Kind.FINITE, Kind.BOUNDARY, Kind.UNDEFINED)]
    for number in (*edges, between(-1, 1)):
        assert verdict(out, number)["broken"]
        assert verdict(out, number, subnormal=True)["broken"]


def test_beyond_the_largest_number_infinity_is_right_and_nan_is_not():
    huge = exactly(mpf(10) ** 39)
    for out in (np.inf, np.finfo("float32").max):
        assert verdict(out, huge) == {"ulp": 0, "of_scale": 0, "broken": False, "gross": False, "flushed": False}
    assert verdict(np.nan, huge)["broken"]
    assert verdict(-np.inf, huge)["gross"] and verdict(1.0, huge)["gross"]


def test_at_a_kink_only_what_lies_outside_is_off():
    assert [verdict(x, between(-1, 1))["ulp"] for x in (-1, -0.3, 0, 1)] == [0, 0, 0, 0]
    assert verdict(1.5, between(-1, 1))["gross"] and verdict(-1.5, between(-1, 1))["gross"]
    turned = between(-1, 2).times(mpf(-1))
    assert (float(turned.value()), float(turned.width)) == (-2, 3)


def test_at_a_boundary_the_rule_binds_lossary_alone():
    edge = exactly(mpf(87), kind=Kind.BOUNDARY)
    assert verdict(16, edge)["gross"] and not verdict(16, edge, stated=False)["gross"]
    assert not verdict(5, exactly(mpf(0), kind=Kind.UNDEFINED))["gross"]


def test_subnormals_are_counted_apart_but_not_in_float16():
    small = exactly(mpf(10) ** -40)
    assert not verdict(0, exactly(mpf(10) ** -400), "float64")["gross"]
    assert verdict(0, small)["flushed"] and not verdict(0, small)["gross"]
    assert verdict(1.0, small)["gross"]
    assert verdict(2.0, exactly(mpf(1)), subnormal=True)["flushed"]
    assert verdict(0, exactly(mpf(10) ** -6), "float16")["gross"]


def test_where_a_difference_is_beyond_the_largest_number_nan_is_still_wrong():
    truth, near = as_truth([exactly(mpf(5))], (1,)), np.array([False])
    for out, broken in ((np.inf, False), (np.nan, True)):
        found = judge(np.array([out]), truth, FLOATS["float32"], near, np.array([True]), 1)
        assert found.broken.item() == broken and not found.gross.item()


def test_what_half_an_ulp_of_the_inputs_changes_counts_where_it_is_more():
    near = [[exactly(1 + mpf(2) ** -18)], [exactly(1 - mpf(2) ** -18)]]
    truth = as_truth([exactly(mpf(1))], (1,), near)
    assert truth.move.item() == 2.0**-17
    for out, units in ((1 + 2.0**-16, 2), (1 + 2.0**-13, 16)):
        found = judge(np.array([out]), truth, FLOATS["float32"], NEAR, NEAR, 1)
        assert found.error().item() == units < found.ulp.item()
    alone = as_truth([exactly(mpf(1))], (1,))
    assert judge(np.array([1 + 2.0**-20]), alone, FLOATS["float32"], NEAR, NEAR, 1).error().item() == 8


def test_a_truth_is_kept_for_one_loss_and_all_that_it_is_made_of():
    one, other = (fingerprint(TERMS[name]) for name in ("huber", "smooth_l1"))
    assert one != other and one == fingerprint(TERMS["huber"])
    assert fingerprint(TERMS["huber"], {"delta": 2.0}) != one != fingerprint(TERMS["huber"], np.zeros(2))

    def mended(e, delta=1.0):
        return (e * e / 2 + 1, e)

    assert fingerprint(error(mended)) not in (one, fingerprint(error(lambda e, delta=1.0: (e * e / 2, e))))
