"""Laws of all heads: shapes, order, training with the loss that is paired, saving. No head is named but to be made."""

import keras
import numpy as np
import pytest

import lossary as ls
from tests.backends import array

MADE = {
    "Coral": {"levels": 4},
    "Corn": {"levels": 4},
    "CumulativeLink": {"levels": 4},
    "Quantiles": {"q": (0.2, 0.5, 0.7)},
    "DistributionFocal": {"bins": 5},
}
HEADS = [
    cls
    for cls in vars(ls.heads).values()
    if isinstance(cls, type)
    and issubclass(cls, ls.heads.Head)
    and cls is not ls.heads.Head
    and not hasattr(cls, "predicted")  # test_distributions.py
]
every_head = pytest.mark.parametrize("cls", HEADS, ids=lambda cls: cls.__name__)


def model_of(head, width=2):
    return keras.Sequential([keras.Input((width,)), head])


def spread(model, scale=3.0):
    """Weights as training may leave them."""
    rng = np.random.default_rng(2)
    model.set_weights([rng.normal(scale=scale, size=w.shape) for w in model.get_weights()])


def lawful(head, x):
    """Targets that the head can answer: whole levels, places on the grid, numbers."""
    signal = x[:, 0] - 0.5 * x[:, 1]
    if "levels" in head.settings:
        return np.digitize(signal, [-1, 0, 1]).astype("int32")
    return np.clip(signal + 2, 0, 4).astype("float32")


@every_head
@pytest.mark.parametrize("targets", [None, 3])
def test_outputs_have_the_documented_shape(cls, targets):
    head = cls(**MADE[cls.__name__], targets=targets)
    model = model_of(head)
    want = (7, head.outputs) if targets is None else (7, targets, head.outputs)
    assert model.output_shape == (None, *want[1:]) == head.compute_output_shape((None, 2))
    found = model(np.ones((7, 2), "float32"))
    assert tuple(found.shape) == want and tuple(head.point(found).shape) == want[:-1]


@every_head
def test_outputs_that_rise_do_so_whatever_the_weights_are(cls):
    head = cls(**MADE[cls.__name__])
    model = model_of(head)
    spread(model, 30.0)
    x = np.random.default_rng(0).normal(size=(200, 2)).astype("float32")
    falls = (np.diff(array(model(x)), axis=-1) < 0).any()
    assert cls.rises == (not falls)
    if hasattr(head, "probabilities"):
        p = array(head.probabilities(model(x)))
        np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-5)
        assert p.shape == (200, head.outputs + 1) and (p >= -1e-6).all()


@every_head
def test_it_trains_with_its_loss(cls):
    """The order of the targets is found, and the answers are near them."""
    keras.utils.set_random_seed(1)
    head = cls(**MADE[cls.__name__])
    model, x = model_of(head), np.random.default_rng(3).normal(size=(256, 2)).astype("float32")
    y = lawful(head, x)
    model.compile(keras.optimizers.Adam(0.1), loss=head.loss())
    losses = model.fit(x, y, epochs=30, batch_size=64, verbose=0).history["loss"]
    assert losses[-1] < 0.7 * losses[0]
    answers = array(head.point(model(x))).astype("float64")
    assert np.mean(np.abs(answers - y)) < 0.3


@every_head
def test_saved_and_loaded_it_answers_the_same(cls, tmp_path):
    head = cls(**MADE[cls.__name__], targets=2)
    model, x = model_of(head), np.random.default_rng(4).normal(size=(5, 2)).astype("float32")
    spread(model)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(array(again(x)), array(model(x)))
    assert type(again.layers[-1]) is cls and again.layers[-1].get_config() == head.get_config()
    np.testing.assert_array_equal(array(again.layers[-1].point(again(x))), array(head.point(model(x))))


@every_head
def test_a_setting_that_makes_no_sense_is_refused(cls):
    for name in (*cls.settings, "targets"):
        with pytest.raises(ls.ParameterError, match=name) as caught:
            cls(**{**MADE[cls.__name__], name: 0})
        assert all((caught.value.asked, caught.value.arrived, caught.value.allowed, caught.value.do))
