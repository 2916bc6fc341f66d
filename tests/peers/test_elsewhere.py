"""Every name in another library that a card claims: with its parameters translated it gives that library's number."""

import importlib
import inspect

import keras
import numpy as np
import pytest

import lossary as ls
from lossary.core import catalogue
from lossary.core.lookup import read_place
from tests.backends import array
from tests.laws.cases import LOSSES, Case

PLACES = [(cls, place) for cls in LOSSES for place in cls.card().elsewhere]
UNUSUAL = {"delta": 0.7, "beta": 0.6, "q": 0.3, "alpha": 0.3, "gamma": 1.3, "tau": 0.3, "epsilon": 1e-7, "margin": 0.2}
UNUSUAL |= {"label_smoothing": 0.2, "ignore_index": 2, "ignore_class": 2, "from_logits": True, "log_input": False}
UNUSUAL |= {"apply_class_balancing": True, "full": True, "pos_weight": 3.0, "remove_diagonal": False}
# Not among the development packages; their formulas are held by the oracle and by the constants in their documents.
ABSENT = ("optax", "torchvision", "tensorflow_addons", "statsmodels", "xgboost")


def tensors(*arrays):
    import torch

    return [torch.tensor(a) for a in arrays]


def theirs(name, parameters, y, p):
    """The mean (or total) that the other library gives for the same rows."""
    if name.startswith("keras.losses."):
        return float(getattr(keras.losses, name.rpartition(".")[2])(**parameters)(y, p))
    if name.startswith("keras.metrics."):
        return float(getattr(keras.metrics, name.rpartition(".")[2])()(y, p))
    if name.startswith("sklearn.metrics."):
        return float(getattr(importlib.import_module("sklearn.metrics"), name.rpartition(".")[2])(y, p, **parameters))
    if name.startswith("scipy.optimize."):
        from scipy.optimize import least_squares

        scale = parameters["f_scale"]
        costs = [
            least_squares(lambda x, e=e: e + 0 * x, [0.0], loss="cauchy", f_scale=scale).cost for e in (p - y).ravel()
        ]
        return float(np.mean(costs))
    if name.startswith("tf.nn."):
        return with_tensorflow(name, parameters, y, p)
    torch = importlib.import_module("torch")
    loss = getattr(torch.nn, name.rpartition(".")[2])(**parameters)
    if name.endswith("CrossEntropyLoss"):
        return float(loss(torch.tensor(p), torch.tensor(y).long()))
    if name.endswith("GaussianNLLLoss"):
        mean, variance, y = tensors(p[:, :1], p[:, 1:], y)
        return float(loss(mean, y, variance))
    y, p = tensors(y, p)
    return float(loss(p, y))


def with_tensorflow(name, parameters, y, p):
    tf = importlib.import_module("tensorflow")
    function = getattr(tf.nn, name.rpartition(".")[2])
    return float(tf.reduce_mean(function(labels=y, logits=p, **parameters)))


def present(place):
    name = catalogue.peer_name(place)
    return not name.startswith(ABSENT)


@pytest.mark.parametrize(
    ("cls", "place"), [p for p in PLACES if present(p[1])], ids=lambda v: getattr(v, "__name__", v)
)
def test_the_equal_loss_gives_the_equal_number(cls, place, rng):
    name = catalogue.peer_name(place)
    if name == "keras.losses.Tversky":
        pytest.skip("its swap is undone by the translation; the numbers stand in test_differences.py")
    defaults, _ = read_place(place)
    parameters = {key: UNUSUAL.get(key, value) for key, value in defaults.items()}
    parameters = {key: value for key, value in parameters.items() if key not in ("axis",)}
    loss = ls.get(name, **parameters)
    y, p = Case(cls, {k: getattr(loss, k) for k in cls.params if k != "axis"}).draw(rng)
    if getattr(loss, "axis", -1) == 1 and p.ndim == 2:
        loss.axis = -1
    want = theirs(name, parameters, y, p)
    rows = array(ls.get(name, **parameters, reduction="sum_over_batch_size")(y, p))
    np.testing.assert_allclose(float(rows), want, rtol=2e-5, atol=1e-6)


def test_names_of_libraries_that_are_not_here_can_be_read():
    for cls, place in PLACES:
        _, ours = read_place(place)
        known = {*inspect.signature(cls).parameters}
        assert set(ours) <= known, (cls.__name__, place)
        assert isinstance(ls.get(catalogue.peer_name(place)), cls)
