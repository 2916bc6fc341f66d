"""Laws about what is declared: saving, bounds, names, cards, traits."""

import copy
import pickle

import keras
import numpy as np
import pytest
from keras import ops

from lossary.core import catalogue
from lossary.core.cards import readable
from lossary.core.declaration import snake
from lossary.core.errors import ParameterError
from lossary.core.forms import Distance, Margin
from tests.backends import array, gradient
from tests.laws.cases import LOSSES, every_case, every_loss, unusual

WAYS = {
    "keras": lambda loss: keras.losses.deserialize(keras.losses.serialize(loss)),
    "config": lambda loss: type(loss).from_config(loss.get_config()),
    "pickle": lambda loss: pickle.loads(pickle.dumps(loss)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@every_case
@pytest.mark.parametrize("way", WAYS)
def test_saved_and_loaded_it_gives_the_same_values(case, way, rng):
    """Values, not configurations: two configurations can forget the same field."""
    loss = case(reduction="sum", name="mine")
    again = WAYS[way](loss)
    y, p = case.draw(rng)
    assert array(again(y, p)) == array(loss(y, p))
    assert (again.name, again.reduction, again.dtype) == (loss.name, loss.reduction, loss.dtype)


@every_case
def test_the_type_is_saved_too(case):
    assert WAYS["keras"](case(dtype="bfloat16")).dtype == "bfloat16"


@every_loss
def test_bounds_are_enforced(cls):
    for name, param in cls.params.items():
        bad = {"flag": "yes", "choice": "no such choice", "whole": 1.5, "axes": 1.5}.get(param.kind)
        if bad is None and param.low == -np.inf:
            continue
        bad = [bad] if bad is not None else [param.low if not param.closed else param.low - 1, float("nan"), "text"]
        for value in bad:
            with pytest.raises(ParameterError, match=name) as caught:
                cls(**{name: value})
            assert all((caught.value.asked, caught.value.arrived, caught.value.allowed, caught.value.do))


@every_loss
def test_an_unknown_parameter_is_refused_with_the_known_ones(cls):
    with pytest.raises(ParameterError, match="no_such_parameter"):
        cls(no_such_parameter=1.0)


@every_loss
def test_the_card_is_complete(cls):
    card = catalogue.built_in()[snake(cls.__name__)]
    assert card.summary.endswith(".") and len(card.summary) < 130
    assert not set("\\{}") & set(readable(card.formula)), "a terminal shows signs, not commands"
    assert card.formula and card.use.endswith(".") and card.beware.endswith(".")
    assert any(mark in card.reference for mark in ("doi:", "arXiv:", "(17", "(18", "(19", "(20"))
    assert card.tasks and (*card.traits, "") and card.example
    for param in card.params:
        assert param.text.endswith("."), param.name


@every_loss
def test_every_name_leads_back(cls):
    import lossary as ls

    card = ls.card(cls)
    for name in (card.name, card.function, *card.aliases):
        assert type(ls.get(name)) is cls
        assert getattr(ls, name) is not None
    assert getattr(ls, card.name) is cls
    assert getattr(ls, card.function).cls is cls


def test_no_two_losses_share_a_name():
    seen = {}
    for card in catalogue.built_in().values():
        for name in {card.name, card.function, *card.aliases}:
            assert seen.setdefault(name, card.name) == card.name, name
    loose = {}
    for card in catalogue.built_in().values():
        for name in {card.name, card.function, *card.aliases}:
            assert loose.setdefault(catalogue.plain(name).removesuffix("loss"), card.name) == card.name, name


CURVED = [cls for cls in LOSSES if issubclass(cls, (Distance, Margin)) and cls.__name__ != "RootMeanSquaredError"]
of_one_number = pytest.mark.parametrize("cls", CURVED, ids=lambda cls: cls.__name__)
X = np.linspace(-30, 30, 601, dtype="float32") + np.float32(0.013)


def curve(cls):
    return array(cls().of(ops.convert_to_tensor(X))).astype("float64")


@of_one_number
def test_convex_means_convex(cls):
    bends = np.diff(curve(cls), 2)
    assert ("convex" in cls.traits) == bool((bends > -2e-4).all())


@of_one_number
def test_robust_means_a_bounded_pull(cls):
    far = np.abs(gradient(cls().of, np.float32([-1e4, -1e3, 1e3, 1e4])))
    grows = far[3] > 5 * max(far[2], 1e-3) or far[0] > 5 * max(far[1], 1e-3)
    assert not (grows and "robust" in cls.traits)
    assert grows or "robust" in cls.traits or cls.__name__ == "Hinge"


@of_one_number
def test_symmetric_bounded_and_redescending_are_what_they_say(cls):
    loss = cls(**unusual(cls))
    both = array(loss.of(ops.convert_to_tensor(X))), array(loss.of(ops.convert_to_tensor(-X)))
    assert ("symmetric" in cls.traits) == bool(np.allclose(*both, rtol=1e-6))
    ends = array(loss.of(ops.convert_to_tensor(np.float32([-1e8, -1e7, 1e7, 1e8]))))
    assert ("bounded" in cls.traits) == bool(np.allclose(ends, ends[0]))
    pull = np.abs(gradient(loss.of, np.float32([-1.0, -1e4])))
    assert ("redescending" in cls.traits) == bool(pull[1] < 0.01 * pull[0])


@of_one_number
def test_smooth_means_no_corner(cls):
    x = np.linspace(-6, 6, 24001, dtype="float32")
    jumps = np.abs(np.diff(gradient(cls().of, x)))
    assert ("smooth" in cls.traits) == bool(jumps.max() < 0.05) or cls.__name__ == "TukeyBiweight"
