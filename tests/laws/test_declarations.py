"""Laws about what is declared: saving, bounds, names, cards, traits."""

import copy
import pickle

import keras
import numpy as np
import pytest

from lossary.core import catalogue
from lossary.core.cards import readable
from lossary.core.declaration import snake
from lossary.core.errors import ParameterError
from tests.backends import array
from tests.laws.cases import CASES, FEW, ONE_EACH, ONE_OF_FORMS, PAIRED, every_case, every_loss, law

# each is held in tests/laws/test_traits.py
TRAITS = {"bounded", "convex", "likelihood", "proper", "redescending", "robust", "smooth", "symmetric"}
WAYS = {
    "keras": lambda loss: keras.losses.deserialize(keras.losses.serialize(loss)),
    "config": lambda loss: type(loss).from_config(loss.get_config()),
    "pickle": lambda loss: pickle.loads(pickle.dumps(loss)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@law(
    "case, way",
    [(case, way) for case in CASES for way in WAYS],
    lambda case, way: case in FEW or (way == "keras" and case in ONE_EACH),
    lambda case, way: case in ONE_OF_FORMS,
)
def test_saved_and_loaded_it_gives_the_same_values(case, way, rng):
    """Values, not configurations: two configurations can forget the same field."""
    loss = case(reduction="sum", name="mine")
    again = WAYS[way](loss)
    y, p = case.draw(rng)
    assert array(again(y, p)) == array(loss(y, p))
    assert (again.name, again.reduction, again.dtype) == (loss.name, loss.reduction, loss.dtype)


@pytest.mark.parametrize("cls", [cls for cls in PAIRED if "axis" in cls.params], ids=lambda cls: cls.__name__)
def test_the_axis_is_saved_too(cls):
    """What it does to values: test_shapes.py."""
    loss = cls(axis=1)
    assert loss.axis != cls().axis
    assert {WAYS[way](loss).axis for way in WAYS} == {loss.axis}


@every_case
def test_the_type_is_saved_too(case):
    assert WAYS["keras"](case(dtype="bfloat16")).dtype == "bfloat16"


@pytest.mark.once  # of the declaration alone
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


@pytest.mark.once  # of the declaration alone
@every_loss
def test_an_unknown_parameter_is_refused_with_the_known_ones(cls):
    with pytest.raises(ParameterError, match="no_such_parameter"):
        cls(no_such_parameter=1.0)


@pytest.mark.once  # of the declaration alone
@every_loss
def test_the_card_is_complete(cls):
    card = catalogue.built_in()[snake(cls.__name__)]
    assert card.summary.endswith(".") and len(card.summary) < 130
    assert not set("\\{}") & set(readable(card.formula)), "a terminal shows signs, not commands"
    assert card.formula and card.use.endswith(".") and card.beware.endswith(".")
    assert any(mark in card.reference for mark in ("doi:", "arXiv:", "(17", "(18", "(19", "(20"))
    assert card.tasks and card.example and set(card.traits) <= TRAITS
    for param in card.params:
        assert param.text.endswith("."), param.name


@pytest.mark.once  # of the declaration alone
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


def test_a_function_is_taken_of_all_of_a_fraction():
    assert readable(r"-\log \frac{a b}{c} + \frac{1}{\log x}") == "-log((a b) / c) + 1 / (log x)"
    assert readable(r"a \neq b") == "a ≠ b"
