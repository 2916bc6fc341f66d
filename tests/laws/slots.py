"""Losses of named slots at several parameters, with lawful inputs drawn from the slots. No loss is named here.

As in tests/laws/cases.py, a law of results (`every_slot_case`) runs for one loss of each type of result, and a law of
losses (`every_slot_loss`) once for each formula and each choice of a parameter.
"""

import inspect

import numpy as np
from keras import ops

from lossary.core.slots import GROUP, SIZES, VALID, Forms
from tests.backends import BACKEND, array
from tests.laws.cases import LOSSES, among, firsts, law, unusual

ROWS = 8
NAMED = [cls for cls in LOSSES if cls.inputs]


def variants(cls):
    """The defaults, each choice of a parameter alone, and everything away from its default."""
    owned = cls.inputs.own().values() if isinstance(cls.inputs, Forms) else ()
    sizes = {field: SIZES[axis] for slot in owned for field, axis in zip(slot.sizes, slot.axes, strict=True)}
    odd = {name: value for name, value in unusual(cls).items() if name not in sizes}
    yield sizes
    for name, param in cls.params.items():
        default = cls.signature.parameters[name].default
        for choice in param.choices:
            if choice not in (default, odd[name]):
                yield {**sizes, name: choice}
    if odd:
        yield {**sizes, **odd}


def forms(cls, how):
    """Every formula of the loss, with no further axes and, where the slots allow it, with one."""
    for form, slots in cls(**how).inputs.forms:
        for rest in [(), (2,)] if any("..." in slot.axes for slot in slots.slots.values()) else [()]:
            yield form, rest


class Case:
    """A loss, one of its formulas, and arrays for its slots."""

    def __init__(self, cls, how, form, rest):
        self.cls, self.how, self.form, self.rest = cls, how, form, rest
        self.slots = dict(cls(**how).inputs.forms)[form]
        self.own = [n for n in self.slots.own() if n in cls(**how).inputs.own_of(cls(**how))]
        self.by_row = [name for name, slot in self.slots.slots.items() if slot.axes[0] == "row"]
        self.floats = self.slots.side("pred")

    def __str__(self):
        how = "-".join(f"{value}" for value in self.how.values())
        return f"{self.cls.__name__}-{self.form}-{how}{self.rest or ''}"

    def __call__(self, **more):
        return self.cls(**{**self.how, **more})

    @property
    def coupled(self):
        """Whether this formula compares rows with each other."""
        return "others" in inspect.signature(getattr(self.cls, self.form)).parameters

    def axes(self, name):
        """The names of the axes of a slot, those of the rest included."""
        own = self.slots.slots[name].axes
        at = own.index("...") if "..." in own else len(own)
        return (*own[:at], *(f"rest {k}" for k in range(len(self.rest) if "..." in own else 0)), *own[at + 1 :])

    def padded(self):
        """The name of the slot that says which entries exist, if there is one."""
        return next((name for name, slot in self.slots.slots.items() if slot.kind is VALID), None)

    def draw(self, rows=ROWS):
        """Lawful arrays, the optional ones of the predictions' side too; references beside the batch are left out."""
        arrays = self.slots.sample(np.random.default_rng(3), rows, self.rest)
        return {
            name: x.astype("float32") if x.dtype.kind == "f" else x
            for name, x in arrays.items()
            if name in self.by_row or name in self.own
        }

    def taken(self, arrays, index):
        return {name: x[index] if name in self.by_row else x for name, x in arrays.items()}

    def spoilt(self, arrays, row):
        """The arrays with a row that holds nothing lawful."""
        arrays = {name: np.array(x) for name, x in arrays.items()}
        for name in self.by_row:
            kind = self.slots.slots[name].kind
            arrays[name][row] = np.nan if arrays[name].dtype.kind == "f" else (0 if kind in (VALID, GROUP) else 99)
        return arrays

    def value(self, loss, arrays, weight=None, how="__call__", **more):
        true, pred, beside = self.slots.sides(arrays)
        return getattr(loss, how)(true or None, pred, sample_weight=weight, **beside, **more)

    def gradient(self, loss, arrays, weight=None, **more):
        """By the predictions, and by the weights that the loss owns."""
        names = [name for name in arrays if name in self.floats or name in self.own]
        rest = {name: x for name, x in arrays.items() if name not in names}

        def f(xs):
            return self.value(loss, {**rest, **dict(zip(names, xs, strict=True))}, weight, **more)

        return dict(zip(names, gradients(f, [arrays[name] for name in names]), strict=True))


def gradients(f, arrays):
    xs = [ops.convert_to_tensor(np.asarray(x, "float32")) for x in arrays]
    if BACKEND == "torch":
        import torch

        xs = [x.detach().requires_grad_() for x in xs]
        found = torch.autograd.grad(f(xs), xs, allow_unused=True)
        return [np.zeros(x.shape) if g is None else g.numpy() for g, x in zip(found, xs, strict=True)]
    if BACKEND == "jax":
        import jax

        return [np.asarray(g) for g in jax.jit(jax.grad(f))(xs)]
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(xs)
        value = f(xs)
    found = tape.gradient(value, xs)
    return [np.zeros(x.shape) if g is None else array(g) for g, x in zip(found, xs, strict=True)]


SLOT_CASES = [Case(cls, how, form, rest) for cls in NAMED for how in variants(cls) for form, rest in forms(cls, how)]
ODD_FIRST = SLOT_CASES[::-1]  # the last ones of each loss are those away from the defaults


def choices(case):
    """The parameters of the case that are one of a few."""
    return tuple(getattr(case(), name) for name, param in case.cls.params.items() if param.choices)


OF_RESULTS = firsts(ODD_FIRST, lambda case: (case().gives, bool(case.own), case.rest, case.padded() is None))
OF_CHOICES = firsts(ODD_FIRST, lambda case: (case.cls, case.form, choices(case)))
every_slot_case = law("case", SLOT_CASES, among(OF_RESULTS))  # a law of results
every_slot_loss = law("case", SLOT_CASES, among(OF_CHOICES))  # a law of losses
each_slot_loss_somewhere = law("case", SLOT_CASES, among(OF_CHOICES), among(OF_RESULTS))  # on one backend
