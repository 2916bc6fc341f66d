"""What fits, what is squeezed by the one rule, and what is refused with the four parts of a good message."""

from collections import Counter

import keras
import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core import contract
from tests.backends import BACKEND, array, compiled, gradient


def refused(kind, loss, y, p, **more):
    with pytest.raises(kind) as caught:
        loss(y, p, **more)
    error = caught.value
    assert all((error.asked, error.arrived, error.allowed, error.do))
    assert str(error) == " ".join((error.asked, error.arrived, error.allowed, error.do))
    return str(error)


@pytest.mark.parametrize(
    ("true", "pred", "rows"),
    [((5,), (5, 1), (5,)), ((5, 1), (5,), (5,)), ((5, 3), (5, 3), (5,)), ((5, 3), (5, 3, 1), (5,)), ((5,), (5,), (5,))],
)
def test_the_one_squeeze_rule(true, pred, rows):
    loss = ls.MeanSquaredError(reduction="none")
    got = array(loss(np.zeros(true, "float32"), np.ones(pred, "float32")))
    assert got.shape == rows
    assert (got == 1).all()


@pytest.mark.parametrize(
    ("true", "pred"), [((5, 3), (5, 1)), ((5, 1), (5, 3)), ((5,), (5, 5)), ((5, 3), (3,)), ((4, 1), (5, 1)), ((), (5,))]
)
@pytest.mark.parametrize("name", ["mse", "huber", "hinge", "bce", "cosine", "dice", "kld", "poisson"])
def test_what_would_broadcast_is_refused(name, true, pred):
    text = refused(ls.ShapeError, ls.get(name), np.zeros(true, "float32"), np.full(pred, 0.5, "float32"))
    assert str(true) in text and str(pred) in text


def test_functions_and_compiled_calls_refuse_shapes_too():
    y, p = np.zeros((5, 3), "float32"), np.ones((5, 1), "float32")
    refused(ls.ShapeError, ls.mse, y, p)
    with pytest.raises(Exception, match="same shape"):
        compiled(ls.MeanSquaredError(), whole=False)(ops.convert_to_tensor(y), ops.convert_to_tensor(p))


def test_the_numbers_the_issue_names():
    """(5,) against (5, 1), where Keras broadcasts when a user writes the loss."""
    y = np.arange(5, dtype="float32")
    np.testing.assert_allclose(array(ls.MeanSquaredError()(y, y[:, None] + 0.1)), 0.01, rtol=1e-4)


@pytest.mark.parametrize("label", [3, -1, 0.5])
def test_a_label_out_of_range_is_refused(label):
    text = refused(ls.TargetError, ls.SparseCategoricalCrossentropy(), np.array([0, label]), np.full((2, 3), 1 / 3))
    assert "0 to 2" in text


def test_labels_counted_from_one_are_recognised():
    text = refused(ls.TargetError, ls.SparseCategoricalCrossentropy(), np.array([1, 2, 3]), np.full((3, 3), 1 / 3))
    assert "subtract 1" in text


def test_a_label_out_of_range_is_never_learned_from_in_compiled_code():
    y, p = ops.convert_to_tensor(np.int32([0, 5])), ops.convert_to_tensor(np.full((2, 3), 1 / 3, "float32"))
    assert np.isnan(array(compiled(ls.SparseCategoricalCrossentropy())(y, p)))
    with ls.checks(False):
        assert np.isnan(array(ls.SparseCategoricalCrossentropy()(y, p)))


def test_an_ignored_label_may_lie_outside():
    p = np.full((3, 3), 1 / 3, "float32")
    got = array(ls.SparseCategoricalCrossentropy(ignore_class=-1)(np.array([0, -1, -1]), p))
    np.testing.assert_allclose(got, np.log(3), rtol=1e-6)
    refused(ls.TargetError, ls.SparseCategoricalCrossentropy(ignore_class=255), np.array([0, -1, 255]), p)


@pytest.mark.parametrize(("name", "bad"), [("bce", 1.5), ("bce", -3.0), ("cce", 4.0), ("dice", 7.0), ("kld", -1.0)])
def test_logits_taken_for_probabilities_are_refused(name, bad):
    y = np.float32([[1, 0]])
    text = refused(ls.PredictionError, ls.get(name), y, np.float32([[bad, 0.5]]))
    assert ("from_logits" in text) == ("from_logits" in ls.get(name).params)  # advice names what there is


@pytest.mark.parametrize("labels", [[[3.0, 5.0]], [[-1.0, 1.0]]])
def test_labels_that_no_probability_can_have_are_refused(labels):
    refused(ls.TargetError, ls.BinaryCrossentropy(), np.float32(labels), np.float32([[0.5, 0.5]]))


def test_hinge_reads_signs_only():
    refused(ls.TargetError, ls.Hinge(), np.float32([[0.9, 1.0]]), np.float32([[0.5, 0.5]]))
    zero, minus = ls.Hinge()([[0.0, 1.0]], [[0.6, 0.4]]), ls.Hinge()([[-1.0, 1.0]], [[0.6, 0.4]])
    assert array(zero) == array(minus)


def test_a_negative_rate_is_refused():
    refused(ls.PredictionError, ls.Poisson(), np.float32([[1.0]]), np.float32([[-1.0]]))
    refused(ls.TargetError, ls.Poisson(), np.float32([[-2.0]]), np.float32([[1.0]]))


def test_rows_that_do_not_count_are_not_checked():
    y, p = np.float32([[1], [7]]), np.float32([[0.5], [np.nan]])
    np.testing.assert_allclose(array(ls.BinaryCrossentropy(reduction="sum")(y, p, [1, 0])), np.log(2), rtol=1e-6)


def test_checks_can_be_switched_off():
    with ls.checks(False):
        ls.BinaryCrossentropy()(np.float32([[1.0]]), np.float32([[1.5]]))
    refused(ls.PredictionError, ls.BinaryCrossentropy(), np.float32([[1.0]]), np.float32([[1.5]]))


def test_what_is_no_number_is_refused():
    refused(ls.LossaryError, ls.MeanSquaredError(), np.array([["a"]]), np.float32([[1.0]]))
    refused(ls.LossaryError, ls.MeanSquaredError(), [[1.0, 2.0], [3.0]], np.float32([[1.0, 2.0], [3.0, 4.0]]))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("label", [257, 2049])
def test_integer_labels_stay_integers_in_every_type(dtype, label):
    """Class 257 is no bfloat16 number, 2049 no float16 one; Keras 3.15 reads their neighbours."""
    z = np.zeros((1, 3000), "float32")
    z[0, label] = 30
    assert array(ls.SparseCategoricalCrossentropy(from_logits=True, dtype=dtype)(np.array([label]), z)) < 1e-6


def test_errors_survive_pickling():
    import pickle

    with pytest.raises(ls.ParameterError) as caught:
        ls.Huber(delta=-1)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_gradients_flow_through_a_checked_call():
    p = np.float32([[0.2, 0.9]])
    got = gradient(lambda v: ls.BinaryCrossentropy()(np.float32([[1, 0]]), v), p)
    np.testing.assert_allclose(got, [[-0.5 / 0.2, 0.5 / 0.1]], rtol=1e-5)


@pytest.mark.skipif(BACKEND != "torch", reason="only torch gives tensors that warn when they are looked at")
def test_looking_at_the_numbers_warns_about_nothing(recwarn):
    gradient(lambda v: ls.BinaryCrossentropy()(np.float32([[1, 0]]), v), np.float32([[0.2, 0.9]]))
    assert not [w for w in recwarn if "requires_grad" in str(w.message)]


class TestOffTheCpu:
    """Looking at numbers waits for a device: on a GPU only the first calls are checked."""

    @pytest.fixture(autouse=True)
    def _gpu(self, monkeypatch):
        monkeypatch.setattr(contract, "on_cpu", lambda x: False)
        monkeypatch.setattr(contract, "_LOOKS", Counter())

    def test_the_first_calls_are_checked(self):
        with pytest.raises(ls.PredictionError):
            ls.BinaryCrossentropy()(np.float32([[1.0]]), np.float32([[7.0]]))

    def test_later_calls_look_at_nothing(self, monkeypatch):
        looks = []
        monkeypatch.setattr(contract, "min_max", lambda x: looks.append(1) or (0.0, 1.0))
        loss, y = ls.BinaryCrossentropy(), np.float32([[1.0]])
        for _ in range(contract.FIRST + 5):
            loss(y, y)
        assert len(looks) == 2 * contract.FIRST  # y_true and y_pred

    @pytest.mark.parametrize("loss", [ls.SparseCategoricalCrossentropy(from_logits=True), ls.LinearCrossEntropy()])
    def test_a_label_out_of_range_gives_nan_then(self, loss, monkeypatch):
        monkeypatch.setattr(contract, "FIRST", 0)
        label, logits = np.array([0, 9]), np.float32([[1.0, 2.0], [3.0, 4.0]])
        given = {"label": label, "hidden": logits, "kernel": logits} if loss.inputs else {}
        value = loss(**given) if given else loss(label, logits)
        assert np.isnan(float(keras.ops.convert_to_numpy(value)))


def test_one_number_for_each_row_asks_for_a_loss_of_two_classes():
    for loss in (ls.SparseCategoricalCrossentropy(), ls.get("sklearn.metrics.log_loss")):
        with pytest.raises(ls.ShapeError, match="BinaryCrossentropy") as caught:
            loss([0, 1, 1], [0.2, 0.7, 0.9])
        assert "np.array([y_true])" not in str(caught.value)
    with pytest.raises(ls.ShapeError, match=r"np\.array\(\[y_true\]\)"):
        ls.MeanSquaredError()(1.0, 2.0)


def test_rows_of_probabilities_are_sent_to_the_loss_that_reads_them():
    with pytest.raises(ls.ShapeError, match=r"of probabilities, take ls[.]CategoricalCrossentropy"):
        ls.get("torch.nn.CrossEntropyLoss")([[0.2, 0.8]], [[1.0, 2.0]])


def test_a_label_between_two_classes_is_told_from_one_out_of_range():
    for label, said in ((0.5, "whole numbers; a loss for soft labels"), (3.0, "one output per class")):
        with pytest.raises(ls.core.errors.TargetError, match=said):
            ls.SparseCategoricalCrossentropy()([0.0, label], np.full((2, 3), 1 / 3))
