"""Every loss at several parameters, with lawful inputs. A loss that is declared is under every law at once.

`make test` has to stay quick however many losses there are, so a law says whose it is:
- a law of forms (`every_case`): what a form, the reading of inputs or the reduction does for all its losses. Each kind
  of case runs for one loss of each form; the others are marked `full`, for `make test-all`.
- a law of losses (`every_loss_case`): what one declaration can get wrong. Each loss runs once, away from its defaults.
  Where a form could get it wrong on another backend, and a declaration on none alone, `each_loss_somewhere` is enough.
What else is asked of each loss outside of this folder is asked on one backend only (`once`; tests/conftest.py).
"""

import importlib
import os
from dataclasses import dataclass, field

import numpy as np
import pytest

from lossary import _saving
from lossary.core import contract as c
from lossary.core.declaration import snake
from lossary.core.forms import Binary, Categorical, Censorable, Divergence, Outputs, Overlap, VectorLikelihood
from lossary.core.forms.censored import CENSORING
from lossary.core.functions import build
from lossary.core.inputs import real_type
from lossary.core.loss import CLASSES, Loss
from tests.backends import BACKEND

_saving.register_all()
LOSSES = sorted(
    (cls for key, cls in CLASSES.items() if key.startswith("lossary>")),
    key=lambda cls: ("keras.losses." not in cls.__doc__, cls.__name__),  # a law of forms takes the first of each form
)


def twin(cls):
    """The loss's function."""
    return getattr(importlib.import_module(cls.__module__), snake(cls.__name__))


PAIRED = [cls for cls in LOSSES if not cls.inputs]  # of one y_true and one y_pred; the others: tests/laws/slots.py


def by_row(cls):
    """As the loss's function, but one value per row of a root mean square too, whose function gives one number."""

    def rows(y, p, **parameters):
        return build(cls, real_type(p), (), parameters).rows(y, p)

    return rows


def unusual(cls):
    """Parameters with none at its default: defaults hide lost settings. Those of shape are left to the variants."""
    chosen = {}
    for name, param in cls.params.items():
        default = cls.signature.parameters[name].default
        if name in (
            "axis",
            "whole_batch",
            "ignore_class",
            "class_weight",
            "epsilon",
            "class_axis",
            "exclusive",
            *CENSORING,
        ):
            continue
        value = param.unusual if param.slide is None else 0.37 * param.slide[0] + 0.63 * param.slide[1]
        assert value != default, f"{cls.__name__}.{name} needs an unusual value"
        chosen[name] = value
    return chosen


@dataclass(frozen=True)
class Case:
    """One loss with parameters; `draw` gives lawful y_true and y_pred for n rows."""

    cls: type[Loss]
    parameters: dict = field(default_factory=dict)
    label: str = ""

    def __call__(self, **more):
        return self.cls(**{**self.parameters, **more})

    def draw(self, rng, rows=6):
        return draw(self(), rng, rows)

    def __str__(self):
        return f"{self.cls.__name__}-{self.label}" if self.label else self.cls.__name__


def cases():
    for cls in PAIRED:
        yield Case(cls)
        odd = unusual(cls)
        if odd:
            yield Case(cls, odd, "unusual")
        if "from_logits" in cls.params:
            yield Case(cls, {**odd, "from_logits": False}, "probabilities")
            yield Case(cls, {"from_logits": True}, "logits")
        if issubclass(cls, Binary):
            yield Case(cls, {"class_weight": (0.5, 2.0), "ignore_class": -1, "from_logits": True}, "weighed")
        if issubclass(cls, Categorical):
            yield Case(
                cls, {"class_weight": (0.5, 2.0, 1.0, 3.0), "label_smoothing": 0.2, "ignore_class": 2}, "weighed"
            )
        if issubclass(cls, Overlap):
            yield Case(cls, {"ignore_class": -1, "from_logits": True}, "ignoring")
        if "whole_batch" in cls.params:
            yield Case(cls, {"whole_batch": True}, "whole batch")
        if issubclass(cls, Censorable):
            yield Case(cls, {"censored": True}, "censored")
            yield Case(cls, {"censored": True, "above": 0.1, "below": 40.0, "link": "softplus"}, "truncated")


CASES = list(cases())


def one_of(cls):
    """The case with the most intricate arithmetic, away from the defaults."""
    wanted = ("unusual", "logits", "")
    return min((k for k in CASES if k.cls is cls and k.label in wanted), key=lambda k: wanted.index(k.label))


def form(cls):
    """The form that a loss is a member of, itself where it stands alone; and whether what it gives is its own."""
    return cls if cls.__mro__[1] is Loss else cls.__mro__[1], "gives" in vars(cls)


def law(names, given, quick, elsewhere=None):
    """Parameters of a test, one or a tuple each. Those for which `quick(*parameters)` is false only run in full; those
    for which `elsewhere` is false run on one backend only."""

    def marks(row):
        if not quick(*row):
            return pytest.mark.full
        return () if elsewhere is None or elsewhere(*row) else pytest.mark.once

    rows = [one if isinstance(one, tuple) else (one,) for one in given]
    if os.environ.get("LOSSARY_LAWS") != "full":
        rows = [row for row in rows if quick(*row)] or rows
    marked = [pytest.param(*row, marks=marks(row)) for row in rows]
    return pytest.mark.parametrize(names, marked, ids=lambda one: getattr(one, "__name__", str(one)))


def among(cases):
    """Whether a tuple of parameters begins with one of the cases."""
    return lambda case, *_: case in cases


def firsts(cases, key):
    """The first case of each kind."""
    return list({key(case): case for case in reversed(cases)}.values())[::-1]


ONE_EACH = [one_of(cls) for cls in PAIRED]
OF_FORMS = firsts(CASES, lambda case: (form(case.cls), case.label))
ONE_OF_FORMS = firsts(ONE_EACH, lambda case: form(case.cls))
every_loss = pytest.mark.parametrize("cls", LOSSES, ids=lambda cls: cls.__name__)
# Where each operation is compiled, or slow to call, one case of a form is enough; its numbers: test_exactness.py.
FEW = OF_FORMS if BACKEND == "torch" else [*ONE_OF_FORMS, *(case for case in OF_FORMS if case().coupled)]
every_case = law("case", CASES, among(FEW))  # a law of forms
one_case_each = law("case", ONE_EACH, among(ONE_OF_FORMS))  # a law of forms that takes its time
every_loss_case = law("case", CASES, among(ONE_EACH))  # a law of losses
each_loss_somewhere = law("case", CASES, among(ONE_EACH), among(ONE_OF_FORMS))  # on one backend; each form on all


def _entries(values, shape, rng):
    """Lawful entries of one kind."""
    if values.allowed:
        return rng.choice([-1.0, 1.0], size=shape)
    if values is c.SOFT_LABEL:
        return rng.integers(0, 2, size=shape).astype("float64")
    if values is c.PROBABILITY:
        return rng.uniform(0.05, 0.95, size=shape)
    if values is c.COUNT:
        return rng.poisson(3.0, size=shape).astype("float64")
    if values.low >= 0:
        return rng.uniform(0.2, 4.0, size=shape)
    if values.high <= 0:
        return -rng.uniform(0.1, 5.0, size=shape)
    return rng.normal(scale=2.0, size=shape)


def targets(values, shape, rng):
    """Lawful targets of a likelihood."""
    y = _entries(values, shape, rng) if values.draw is None else values.draw(rng, shape, 0)
    return np.asarray(y).astype("float32")


def draw(loss, rng, rows=6, width=4):
    """Lawful y_true and y_pred: float32, or integers for labels."""
    rules = loss.contract
    name = type(loss).__name__
    if loss.inputs:  # one tensor on each side
        true, pred, _ = loss.inputs.values()[0].sides(loss.inputs.values()[0].sample(rng, rows))
        ((y,), (p,)) = true.values(), pred.values()
        return y, p.astype("float32")
    if name == "CTC":
        return np.tile([1, 2, 0], (rows, 1)).astype("int32"), rng.normal(size=(rows, 5, 4)).astype("float32")
    if isinstance(loss, Outputs):
        return targets(rules.target, (rows,) if rules.ends else (rows, 1), rng), rng.normal(
            size=(rows, rules.parameters)
        ).astype("float32")
    if isinstance(loss, VectorLikelihood):
        return targets(rules.target, (rows, width), rng), rng.normal(size=(rows, width)).astype("float32")
    if rules.shape == "parameters":
        y = rng.normal(size=(rows, 1)).astype("float32")
        p = rng.normal(size=(rows, rules.parameters))
        return y, (np.abs(p) + 0.5 if getattr(loss, "spread", "log_variance") != "log_variance" else p).astype(
            "float32"
        )
    p = _entries(rules.prediction, (rows, width), rng)
    if isinstance(loss, (Categorical, Divergence)) or rules.shape == "index" or name == "CategoricalHinge":
        index = rng.integers(0, width, size=rows)
        if rules.prediction is c.PROBABILITY:
            p = p / p.sum(axis=1, keepdims=True)
        if rules.shape == "index":
            return index.astype("int32"), p.astype("float32")
        y = np.eye(width)[index]
        if isinstance(loss, Divergence):
            y = rng.uniform(0.1, 1.0, size=(rows, width))
            y = y / y.sum(axis=1, keepdims=True)
        return y.astype("float32"), p.astype("float32")
    y = _entries(rules.target, (rows, width), rng)
    if "Logarithmic" in name:
        y, p = np.abs(y), np.abs(p)
    if getattr(loss, "ignore_class", None) is not None:
        y[0, 1] = loss.ignore_class
    return y.astype("float32"), p.astype("float32")
