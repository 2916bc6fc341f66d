"""`ls.evaluate_stream` gives the loss of all rows, whatever the chunks, to the digits of float64."""

import numpy as np
import pytest

import lossary as ls
from lossary.core.results import Anchors
from lossary.numerics.backend import double
from tests.backends import array
from tests.laws.cases import CASES, FEW, LOSSES, ONE_EACH, among, law

OF_ROWS = [case for case in CASES if not issubclass(case().gives, Anchors) and case.cls.__name__ != "CTC"]
ANCHORED = [cls for cls in LOSSES if isinstance(cls.gives, type) and issubclass(cls.gives, Anchors)]
WEIGHT = np.float32([1.0, 0.5, 0.0, 2.0, 1.5, 0.7])


@law("case", OF_ROWS, lambda case: case in FEW or (case in ONE_EACH and case().coupled), among(FEW))
def test_chunks_give_what_all_rows_give(case, rng):
    y, p = case.draw(rng, rows=6)
    for reduction in ("sum_over_batch_size", "mean_with_sample_weight", "sum"):
        with double():
            want = float(array(case(reduction=reduction, dtype="float64")(y, p, WEIGHT)))
        chunks = [(y[rows], p[rows], WEIGHT[rows]) for rows in (slice(0, 5), slice(5, 6))]
        found = ls.evaluate_stream(case(reduction=reduction), iter(chunks))
        assert found == pytest.approx(want, rel=1e-12, abs=1e-14)
    want = ls.evaluate_stream(case(), [(y, p)])
    assert ls.evaluate_stream(case(), [(y[:5], p[:5]), (y[5:], p[5:])]) == pytest.approx(want, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("cls", ANCHORED[:3], ids=lambda cls: cls.__name__)
def test_rows_that_look_at_one_another_are_refused(cls):
    with pytest.raises(ls.LossaryError, match="compares no rows with one another"):
        ls.evaluate_stream(cls(), [])


def test_sums_keep_float64():
    """In float32 the second chunk would change nothing."""
    chunks = [(np.zeros((1, 1)), np.full((1, 1), 2.0**14)), (np.zeros((1, 1)), np.full((1, 1), 2.0**-6))]
    assert ls.evaluate_stream(ls.MeanSquaredError(reduction="sum"), chunks) == 2.0**28 + 2.0**-12


def test_what_is_no_stream_of_rows_is_refused():
    for stream, said in (([], "no chunks"), ([np.zeros(3)], "A chunk is")):
        with pytest.raises(ls.LossaryError, match=said):
            ls.evaluate_stream("mse", stream)
    with pytest.raises(ls.LossaryError, match="with a reduction"):
        ls.evaluate_stream(ls.Huber(reduction="none"), [])


def test_named_inputs_come_as_dictionaries(rng):
    names = {"target": rng.normal(size=(6, 1)), "censoring": np.zeros((6, 1)), "prediction": rng.normal(size=(6, 1))}
    rows = [{name: x[part] for name, x in names.items()} for part in (slice(0, 4), slice(4, 6))]
    whole = float(array(ls.CensoredSquaredError()(**names)))
    assert ls.evaluate_stream(ls.CensoredSquaredError(), rows) == pytest.approx(whole, rel=1e-6)
