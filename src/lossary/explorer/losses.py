"""The catalogue as the page shows it: cards, formulas as MathML, and the controls that the parameters declare."""

from __future__ import annotations

from typing import Any

import keras

import lossary
from lossary.core import catalogue
from lossary.core.cards import Card, readable
from lossary.core.lookup import loss_class
from lossary.core.mathml import definitions, mathml, split, symbol
from lossary.core.params import Param
from lossary.explorer import densities, likelihoods, scenes
from lossary.explorer.curves import axis_of
from lossary.explorer.question import has_control


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Every loss with its card, its controls, and the panels that can use it."""
    losses = [_entry(card) for card in catalogue.built_in().values()]
    knobs = {name: [vars(knob) for knob in d.knobs] for name, d in likelihoods.DISTRIBUTIONS.items()}
    return {
        "losses": losses,
        "distributions": knobs,
        "version": lossary.__version__,
        "backend": keras.backend.backend(),
    }


def _entry(card: Card) -> dict[str, Any]:
    cls = loss_class(card)
    formula, words = split(card.formula)
    defaults = {name: parameter.default for name, parameter in cls.signature.parameters.items()}
    loss = cls()
    axis = axis_of(loss)
    controls = [_control(name, param, defaults[name]) for name, param in cls.params.items()]
    return {
        "name": card.name,
        "function": card.function,
        "family": card.family,
        "tasks": card.tasks,
        "traits": card.traits,
        "aliases": card.aliases,
        "elsewhere": card.elsewhere,
        "summary": card.summary,
        "formula": mathml(formula),
        "definitions": definitions(words),
        "words": readable(words),
        "use": readable(card.use),
        "beware": readable(card.beware),
        "reference": card.reference,
        "params": [control for control in controls if control],
        "inputs": card.inputs,
        "axis": axis and axis.name,
        "undrawn": card.undrawn,
        "line": cls.of_errors,
        "plane": cls.two_classes is not None,
        "scenes": scenes.shown(loss),
        "distribution": densities.shown(loss),
    }


def _control(name: str, param: Param, default: Any) -> dict[str, Any] | None:
    """A slider, a switch, a choice or a field of numbers; None for parameters that no picture can show."""
    common = {"name": name, "text": param.text, "allowed": param.allowed(), "default": default}
    if not has_control(name, param):
        return None
    if param.kind == "number" and param.slide is not None:
        low, high = param.slide
        return {**common, "kind": "number", "low": low, "high": high, "symbol": symbol(name)}
    return {**common, "kind": param.kind, **({"choices": param.choices} if param.kind == "choice" else {})}
