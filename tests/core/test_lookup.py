"""A loss by any of its names, and the equal of another library's loss with its parameters translated."""

import keras
import numpy as np
import pytest

import lossary as ls
from tests.backends import array

Y, P = np.float32([[1.0, -2.0]]), np.float32([[4.0, 1.0]])


@pytest.mark.parametrize(
    "name", ["huber", "Huber", "HUBER", "huber_loss", "HuberLoss", "keras.losses.Huber", "tf.keras.losses.Huber"]
)
def test_one_loss_many_names(name):
    assert type(ls.get(name)) is ls.Huber
    assert ls.get(name, delta=2.5).delta == 2.5


def test_parameters_of_peers_are_translated():
    assert ls.get("torch.nn.SmoothL1Loss", beta=2.0).beta == 2.0
    loss = ls.get("torch.nn.CrossEntropyLoss", ignore_index=0, label_smoothing=0.1)
    assert (loss.from_logits, loss.axis, loss.ignore_class, loss.label_smoothing) == (True, 1, 0, 0.1)
    assert ls.get("torch.nn.PoissonNLLLoss").log_rate is True
    assert ls.get("torch.nn.GaussianNLLLoss").full is False
    tversky = ls.get("keras.losses.Tversky", alpha=0.9, beta=0.1)
    assert (tversky.alpha, tversky.beta) == (0.1, 0.9)  # Keras applies them the other way round


def test_entries_may_be_rows():
    loss = ls.MeanSquaredError(reduction="none", entries=True)
    np.testing.assert_array_equal(array(loss(Y, P)), [[9, 9]])
    assert array(ls.MeanSquaredError(reduction="sum", entries=True)(Y, P, [[1.0, 0.5]])) == 13.5
    with pytest.raises(ls.ParameterError, match="entries"):
        ls.CategoricalCrossentropy(entries=True)
    with pytest.raises(ls.ParameterError, match="entries"):
        ls.Huber(entries=2)

    class Ledger(ls.Loss):  # a parameter of that name is a user's own
        entries: int = 5

        def call(self, y_true, y_pred):
            return (y_pred - y_true)[:, 0] * self.entries

    assert array(Ledger()(Y, P)) == 15 and Ledger(entries=2).get_config()["entries"] == 2


def test_a_parameter_that_cannot_be_translated_is_refused():
    with pytest.raises(ls.ParameterError, match="swap"):
        ls.get("torch.nn.SmoothL1Loss", swap=True)


def test_an_unknown_name_answers_with_the_nearest():
    with pytest.raises(ls.UnknownLossError, match="huber"):
        ls.get("hubre")
    with pytest.raises(LookupError, match="binary_focal"):
        ls.get("focl")
    with pytest.raises(AttributeError, match="Huber"):
        _ = ls.Hubre
    with pytest.raises(ls.UnknownLossError, match=r"torch\.nn\.HuberLoss"):
        ls.get("torch.nn.HuberLos")


def test_other_things_become_losses():
    assert ls.get(None) is None
    loss = ls.Huber(delta=2.0)
    assert ls.get(loss) is loss
    assert type(ls.get(ls.Huber, delta=2.0)) is ls.Huber
    assert type(ls.get(ls.huber)) is ls.Huber
    assert type(ls.get(keras.losses.huber, delta=2.0)) is ls.Huber
    assert ls.get(keras.losses.dice).whole_batch  # as Keras's function counts
    assert ls.get(keras.losses.tversky, alpha=0.9).beta == 0.9
    assert array(ls.get(keras.losses.serialize(loss))(Y, P)) == array(loss(Y, P))
    with pytest.raises(ls.LossaryError, match="42"):
        ls.get(42)


def test_losses_are_listed_by_family_task_and_trait():
    assert "huber" in ls.losses() and len(ls.losses()) >= 30
    robust = ls.losses(family="robust")
    assert {"cauchy", "huber", "pseudo_huber", "smooth_l1", "tukey_biweight"} <= set(robust) and robust == sorted(
        robust
    )
    assert "mean_squared_error" not in robust
    assert "mean_squared_error" not in ls.losses(trait="robust")
    assert set(ls.losses(task="multiclass", trait="convex")) >= {"categorical_crossentropy", "categorical_hinge"}
    with pytest.raises(ls.UnknownLossError, match="robust"):
        ls.losses(family="sturdy")


SHORT = "mse MSE mae MAE mape MAPE msle MSLE bce BCE kld KLD logcosh hinge poisson cosine_similarity"


@pytest.mark.parametrize("name", SHORT.split())
def test_the_short_names_of_the_field(name):
    assert callable(getattr(ls, name))
    assert isinstance(ls.get(name), keras.losses.Loss)


def test_the_card_reads_as_a_page():
    page = str(ls.card("huber"))
    for word in ("Huber (huber)", "delta=1.0", "torch.nn.HuberLoss", "doi:"):
        assert word in page
