"""What losses declare says which of them are not exact on several replicas."""

import keras
import pytest

import lossary as ls
from lossary.core.replicas import inexact_on_replicas

EXACT = [
    ls.MeanSquaredError(),
    ls.Dice(),
    ls.Huber() + 0.5 * ls.MeanAbsoluteError(),
    ls.AdaptiveRobust(),
    ls.MeanSquaredError(reduction="sum"),
    ls.Dice(axis=1),
]
INEXACT = {
    "root": ls.RootMeanSquaredError(),
    "sums over the batch": ls.Dice(whole_batch=True),
    "from sums over": ls.Tversky(axis=(0, 1)),
    "rows with one another": ls.Circle(),
    "sum of weights": ls.MeanSquaredError(reduction="mean_with_sample_weight"),
    "labelled rows": ls.SparseCategoricalCrossentropy(ignore_class=255),
    "root_mean_squared_error, which takes": ls.Huber() + ls.RootMeanSquaredError(),
    "circle, which compares": ls.UncertaintyWeighted(["mse", ls.Circle()]) * 2,
}


@pytest.mark.parametrize("loss", EXACT, ids=repr)
def test_means_over_rows_are_exact(loss):
    assert inexact_on_replicas(loss) is None


@pytest.mark.parametrize("words", INEXACT)
def test_others_say_why(words):
    loss = INEXACT[words]
    why = inexact_on_replicas(loss, averaged=words.startswith("circle"))
    assert words.split(",")[0] in why


def test_a_mask_counts_on_each_replica():
    assert "unmasked" in inexact_on_replicas(ls.MeanSquaredError(), masked=True)


def test_averaged_gradients_spoil_a_sum_but_not_the_learned_weights():
    assert "sum" in inexact_on_replicas(ls.MeanSquaredError(reduction="sum"), averaged=True)
    assert inexact_on_replicas(ls.UncertaintyWeighted(["mse", "mae"]), averaged=True) is None


@pytest.mark.parametrize("loss", [loss for words, loss in INEXACT.items() if "circle" not in words], ids=repr)
def test_those_that_know_of_each_other_are_exact(loss):
    assert inexact_on_replicas(loss, alone=False) is None


def test_losses_of_others_are_not():
    keras_loss = keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert "sum of weights" in inexact_on_replicas(keras_loss, alone=False)
