"""Alignments: lengths, blanks, and the transducer beside a plain sum over its ways."""

import numpy as np
import pytest
from keras import ops

import lossary as ls
from tests.backends import array, gradient

SYMBOLS = np.array([[1, 2, 0], [1, 1, 3], [2, 0, 0]])


@pytest.mark.once
def test_frames_beyond_a_length_do_not_exist(rng):
    """They may hold anything, have no gradient, and change nothing."""
    p, lengths = rng.normal(size=(3, 6, 4)).astype("float32"), np.array([4, 6, 2])
    spoilt = p.copy()
    for row, n in enumerate(lengths):
        spoilt[row, n:] = np.nan
    want = [float(array(ls.ctc(SYMBOLS[k : k + 1], p[k : k + 1, :n]))[0]) for k, n in enumerate(lengths)]
    np.testing.assert_allclose(array(ls.ctc(SYMBOLS, spoilt, frame_lengths=lengths)), want, rtol=1e-5)
    np.testing.assert_allclose(float(array(ls.CTC()(SYMBOLS, spoilt, frame_lengths=lengths))), np.mean(want), rtol=1e-5)
    slopes = gradient(lambda q: ls.CTC(reduction="sum")(SYMBOLS, q, frame_lengths=lengths), p)
    for row, n in enumerate(lengths):
        assert not slopes[row, n:].any() and slopes[row, :n].any()


def test_symbols_beyond_a_length_do_not_exist(rng):
    p, lengths = rng.normal(size=(3, 6, 4)).astype("float32"), np.array([1, 2, 0])
    shorter = np.where(np.arange(3) < lengths[:, None], SYMBOLS, 0)
    got = array(ls.ctc(SYMBOLS, p, symbol_lengths=lengths))
    np.testing.assert_allclose(got, array(ls.ctc(shorter, p)), rtol=1e-6)


@pytest.mark.parametrize("blank", [-1, 3, 2])
def test_any_class_may_be_the_blank(blank, rng):
    """The same classes in another order."""
    p = rng.normal(size=(3, 6, 4)).astype("float32")
    order = [blank % 4, *(k for k in range(4) if k != blank % 4)]  # class k of the first is order[k] of the second
    moved = np.empty_like(p)
    moved[..., order] = p
    got = array(ls.ctc(np.array(order)[SYMBOLS], moved, blank=blank))
    np.testing.assert_allclose(got, array(ls.ctc(SYMBOLS, p)), rtol=1e-5)


def test_per_symbol_divides_each_row(rng):
    p = rng.normal(size=(3, 6, 4)).astype("float32")
    got = array(ls.ctc(SYMBOLS, p, per_symbol=True))
    np.testing.assert_allclose(got, array(ls.ctc(SYMBOLS, p)) / [2, 3, 1], rtol=1e-6)


@pytest.mark.once
def test_a_transducer_takes_lengths_by_number_and_by_mask(rng):
    y, z = np.array([[1, 2], [3, 0]]), rng.normal(size=(2, 4, 3, 4)).astype("float32")
    there = np.arange(4) < np.array([[4], [2]])
    by_number, by_mask = ls.rnnt(y, z, frame_lengths=[4, 2]), ls.rnnt(y, z, frames=there)
    np.testing.assert_allclose(array(by_number), array(by_mask))
    alone = ls.rnnt(y[1:, :1], z[1:, :2, :2])
    np.testing.assert_allclose(array(by_mask)[1], array(alone)[0], rtol=1e-6)


@pytest.mark.once
def test_the_chances_of_all_targets_of_a_transducer_sum_to_one(rng):
    """With one frame and at most two symbols in it, all but those that would say more."""
    z = rng.normal(size=(1, 1, 3, 3)).astype("float32") + np.float32([0, 0, 3])  # class 2 is the blank
    targets = [[2, 2], *([a, 2] for a in (0, 1)), *([a, b] for a in (0, 1) for b in (0, 1))]
    chances = [np.exp(-array(ls.rnnt([y], z, blank=2))[0]) for y in targets]
    p = array(ops.softmax(z))[0, 0]
    more = sum(p[0, a] * p[1, b] for a in (0, 1) for b in (0, 1)) * (1 - p[2, 2])
    assert sum(chances) == pytest.approx(1 - more, rel=1e-5)


def test_a_small_gamma_finds_the_best_alignment():
    y, p = np.float32([[[0], [0], [1], [2]]]), np.float32([[[0], [1], [1], [2], [2]]])
    assert float(array(ls.soft_dtw(y, p, gamma=0.001))[0]) == pytest.approx(0.0, abs=1e-2)
    assert float(array(ls.soft_dtw(y, p + 1, gamma=0.001))[0]) == pytest.approx(4.0, abs=1e-2)
