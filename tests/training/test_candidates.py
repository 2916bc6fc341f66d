"""Which losses and settings may be asked for, before Keras is needed."""

import pytest

from lossary.core.errors import LossaryError
from lossary.training.candidates import DEFAULTS, ask, ask_all, fitting
from lossary.training.settings import Settings

pytestmark = pytest.mark.backendless


@pytest.mark.parametrize("task", DEFAULTS)
def test_the_defaults_fit_their_task(task):
    assert [one.label for one in ask_all((), task)] == list(DEFAULTS[task])
    assert {one.function for one in ask_all((), task)} <= set(fitting(task))


def test_names_parameters_and_labels():
    one = ask("huber:delta=2.5")
    assert (one.label, one.function, one.params) == ("huber:delta=2.5", "huber", (("delta", 2.5),))
    assert [a.label for a in ask_all(("mse,mae", "mse,huber"), "regression")] == ["mse", "mae", "huber"]
    assert ask("tukey").redescending
    assert not ask("huber").redescending
    assert ask("bce").keywords == {"from_logits": True}


def test_names_of_other_libraries_take_their_parameters():
    assert ask("torch.nn.HuberLoss:delta=2").params == (("delta", 2),)
    assert ask("keras.losses.Tversky:alpha=0.9").params == (("beta", 0.9), ("whole_batch", True))
    with pytest.raises(LossaryError, match="'reduction=sum' does not set a parameter"):
        ask("torch.nn.HuberLoss:reduction=sum")
    with pytest.raises(LossaryError, match="optax"):
        ask("sigmoid_focal_loss")


@pytest.mark.parametrize(
    ("losses", "task", "words"),
    [
        ("hubr", "regression", "huber"),
        ("huber:delta=-1", "regression", "delta is -1"),
        ("huber:delta=big", "regression", "delta is 'big'"),
        ("huber:detla=1", "regression", "Its parameters are delta"),
        ("huber:2", "regression", "NAME:PARAMETER=VALUE"),
        ("mse:delta=1", "regression", "mse has no parameters"),
        ("bce:from_logits=False", "binary", "does not set a parameter of bce"),
        ("bce", "regression", "loss for binary.*mean_squared_error"),
        ("mse", "multiclass", "Expected for multiclass: .*sparse_categorical_crossentropy"),
        ("cosine_similarity", "regression", "no direction"),
        ("gaussian_nll", "regression", "second prediction"),
        (",", "regression", "empty"),
    ],
)
def test_what_is_refused(losses, task, words):
    with pytest.raises(LossaryError, match=words):
        ask_all((losses,), task)


def test_models():
    assert Settings(model="linear").hidden == ()
    assert Settings(model="mlp:64,32").hidden == (64, 32)
    for wrong in ("mlp", "mlp:", "mlp:0", "mlp:a", "tree", "mlp:8,"):
        with pytest.raises(LossaryError, match="mlp:64"):
            _ = Settings(model=wrong).hidden


def test_settings_follow_the_size_of_the_data():
    small, large = (Settings(optimizer="adam").settle(rows) for rows in (24, 100_000))
    assert (small.batch_size, small.epochs) == (24, 400)
    assert (large.batch_size, large.epochs) == (256, 6)
    assert Settings(model="mlp:4", epochs=3, batch_size=500).settle(24).batch_size == 24


def test_a_linear_model_is_solved_unless_an_optimizer_is_named():
    assert Settings().settle(24) == Settings()
    assert not Settings(optimizer="sgd").solved and not Settings(model="mlp:4").solved
    for given in ({"epochs": 3}, {"batch_size": 8}, {"learning_rate": 0.1}):
        with pytest.raises(LossaryError, match=r"solved.*--optimizer adam"):
            _ = Settings(**given).solved
