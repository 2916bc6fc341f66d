"""Rules about what surrounds a loss: saving, Variables, routing, the start of training."""

from __future__ import annotations

import inspect
import itertools
import math
import types
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from .case import Array, Case, by_row
from .findings import WARNING
from .known import LossFailed, Subject
from .rule import Sign, rule
from .saving import from_file, rebuilt, same

EDGE = 1e-3  # from here on libraries clip probabilities, each in its own way
SHARED = {"self", "name", "reduction", "dtype", "args", "kwargs"}


@rule("L009", "lost-on-save")
def lost_on_save(case: Case) -> Iterator[Sign]:
    """A saved model loads with a different loss, or not at all.

    Fires: a loss rebuilt from its own configuration gives another value, has a different parameter, or cannot be
        rebuilt; (WARNING, since Keras itself complains when loading) the loss is a lambda, a partial, or a function
        that reads values from around it.
    Quiet: losses whose configuration is complete, and plain functions.
    Seen: https://github.com/keras-team/keras/issues/5916, https://github.com/tensorflow/tensorflow/issues/25938
    Bad:
        class Mine(keras.losses.Loss):
            def __init__(self, power=2.0, **kwargs):
                super().__init__(**kwargs)
                self.power = power
            def call(self, y_true, y_pred):
                return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** self.power, axis=-1)
        y, p = np.array([[0.0], [3.0]]), np.array([[0.5], [1.0]])
        ls.check(Mine(power=4.0), y, p)
    Good:
        class Mine(keras.losses.Loss):
            def __init__(self, power=2.0, **kwargs):
                super().__init__(**kwargs)
                self.power = power
            def call(self, y_true, y_pred):
                return keras.ops.mean(keras.ops.abs(y_true - y_pred) ** self.power, axis=-1)
            def get_config(self):
                return {**super().get_config(), "power": self.power}
        y, p = np.array([[0.0], [3.0]]), np.array([[0.5], [1.0]])
        ls.check(Mine(power=4.0), y, p)
    """
    if case.subject.fn is not None:
        yield from _function_lost(case.subject.fn)
    elif not case.subject.built_in:
        yield from _changed(case)


def _function_lost(fn: Any) -> Iterator[Sign]:
    caught = _caught(fn)
    name = getattr(fn, "__name__", type(fn).__name__)
    if name == "<lambda>":
        what = "The loss is a lambda"
    elif type(fn).__name__ == "partial":
        what = f"The loss is a partial of {getattr(fn.func, '__name__', fn.func)}"
    elif caught:
        what = f"The loss {name} reads {', '.join(caught)} from its closure"
    else:
        return
    yield Sign(
        f"{what}: it cannot be saved with the model.",
        "Make it a loss with parameters: @ls.loss on a function, or a class with get_config().",
        {},
        WARNING,
    )


def _caught(fn: Any) -> list[str]:
    """The names of plain values that a function takes from the function around it."""
    code, cells = getattr(fn, "__code__", None), getattr(fn, "__closure__", None) or ()
    if code is None or hasattr(fn, "cls"):
        return []
    filled = [(name, cell.cell_contents) for name, cell in zip(code.co_freevars, cells, strict=True) if _filled(cell)]
    return [name for name, held in filled if not isinstance(held, (types.ModuleType, types.FunctionType, type))]


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _changed(case: Case) -> Iterator[Sign]:
    loss = case.subject.loss
    try:
        again = rebuilt(loss)
    except LossFailed as failed:
        yield Sign(
            f"{case.subject.name} cannot be rebuilt from its configuration: {type(failed.cause).__name__}: {failed}.",
            "Let get_config() give every argument of __init__.",
        )
        return
    lost = _lost(loss, again)
    before, after = _value_of(case, case.subject), _value_of(case, Subject(again))
    changed = _apart(before, after) and not _apart(before, _value_of(case, case.subject))  # it draws no random numbers
    if lost or changed:
        words = "; ".join(
            f"{n}={_short(getattr(again, n, None))}, you have {n}={_short(getattr(loss, n))}" for n in lost
        )
        values = f" (loss {after:.4g} instead of {before:.4g})" if changed else ""
        yield Sign(
            f"Reloading changes {case.subject.name}{values}{': ' + words if lost else ''}: get_config() omits "
            f"{', '.join(lost) or 'a parameter'}.",
            "Add it: return {**super().get_config(), 'parameter': self.parameter}. lossary's losses remember by "
            "themselves.",
            {"before": before or 0.0, "after": after or 0.0},
        )
    elif not case.subject.own:
        yield from _unread(case, before)


def _unread(case: Case, before: float | None) -> Iterator[Sign]:
    """What a file gives back where from_config takes dictionaries for the losses and arrays they stand for."""
    loss = case.subject.loss
    try:
        read = from_file(loss)
    except LossFailed as failed:
        lost, why = [], f" ({type(failed.cause).__name__}: {failed})"
    else:
        if read is None:
            return
        lost, why = _lost(loss, read), ""
        if not lost and (before is None or _value_of(case, Subject(read)) is not None):
            return
    named = ", ".join(lost) or "a part of its configuration"
    yield Sign(
        f"A saved model loads {case.subject.name} with {named} as Keras writes losses, arrays and functions: "
        f"dictionaries{why}.",
        "Write plain numbers and lists in get_config() (array.tolist(), keras.saving.serialize_keras_object(loss)), "
        "and read them in from_config() (keras.saving.deserialize_keras_object).",
        {},
        WARNING,
    )


def _lost(loss: Any, again: Any) -> list[str]:
    """The arguments that another loss holds otherwise."""
    named = (name for name in inspect.signature(type(loss).__init__).parameters if name not in SHARED)
    return [name for name in named if hasattr(loss, name) and not same(getattr(loss, name), getattr(again, name, None))]


def _short(value: Any) -> str:
    shown = " ".join(repr(value).split())
    return shown if len(shown) <= 60 else shown[:60] + " …"


def _apart(a: float | None, b: float | None) -> bool:
    return a is not None and b is not None and not np.isclose(a, b, rtol=1e-5, atol=1e-8, equal_nan=True)


def _value_of(case: Case, subject: Subject) -> float | None:
    try:
        return subject.value(case.y, case.p)
    except LossFailed:
        return None


@rule("L010", "frozen-variable", slots=True)
def frozen_variable(case: Case) -> Iterator[Sign]:
    """A Variable that should train, or be changed during training, has no effect.

    Fires: a trainable Variable held by the loss is not among the model's trainable variables; or changing a Variable of
        the loss or of `loss_weights` changes the loss when called but not when compiled as the backend's trainer does
        (on JAX it is baked in).
    Quiet: Variables that the model knows, or that compile() makes known to it, as it does for lossary's; without a
        model, Variables that take effect.
    Seen: https://github.com/keras-team/keras/issues/12503, https://github.com/keras-team/keras/issues/6446
    Bad:
        class Mine(keras.losses.Loss):
            def __init__(self):
                super().__init__()
                self.scale = keras.Variable(1.0, trainable=True)
            def call(self, y_true, y_pred):
                return keras.ops.mean((y_true - y_pred) ** 2, axis=-1) / self.scale + keras.ops.log(self.scale)
            def get_config(self):
                return {}
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", loss=Mine())
        ls.check(model, np.linspace(0, 1, 8)[:, None], np.linspace(1, 3, 8)[:, None])
    Good:
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", loss=ls.MeanSquaredError())
        ls.check(model, np.linspace(0, 1, 8)[:, None], np.linspace(1, 3, 8)[:, None])
    """
    from ..objective.held import variables_of
    from .variables import attached, baked_in, weights_baked_in

    if case.failure is not None:
        return
    if case.subject.slotted:
        yield from _untrained(case)
        return
    model = case.setup.model
    known = {id(variable) for variable in getattr(model, "variables", [])} | attached(case.subject.loss)
    for path, variable in variables_of(case.subject.loss):
        if id(variable) in known:
            continue
        if model is not None and variable.trainable:
            yield Sign(
                f"{path} is marked trainable but is not among the model's trainable variables: the optimizer does not "
                "know "
                "it, and it never changes.",
                "Hold it in a layer of the model that adds the loss (ls.LossLayer, or add_loss in a layer).",
            )
        elif baked_in(case, variable):
            yield Sign(
                f"Multiplying {path} by ten changes the loss when called, but not once training is compiled: its "
                "value was "
                "baked in when the step was traced.",
                "Compile again after a change (model.compile), or hold it in a layer of the model.",
            )
    yield from (
        Sign(
            f"loss_weights holds a Variable{name}, whose value is baked in when training is compiled: assigning to it "
            "has no "
            "effect.",
            "Compile again after a change, or multiply inside a layer of the model that adds the loss.",
        )
        for name in weights_baked_in(case)
    )


def _untrained(case: Case) -> Iterator[Sign]:
    """Weights that a loss owns, where the compiled model beside it does not train them."""
    from ..objective.held import variables_of

    model = case.setup.model
    if model is None or not model.compiled:
        return
    known = {id(variable) for variable in model.variables}
    for path, variable in variables_of(case.subject.loss):
        if variable.trainable and id(variable) not in known:
            yield Sign(
                f"{path} is a weight of the loss, but not among the model's variables: no optimizer knows it, and it "
                "never changes.",
                "Compile the model with this very loss: model.compile(loss=loss).",
            )


@rule("L011", "wrong-output")
def wrong_output(case: Case) -> Iterator[Sign]:
    """A model with several outputs applies a loss to a different output than it was given for.

    Fires: the total that the model computes is not the sum over outputs of weight times loss, but is that sum for
        another order of the losses.
    Quiet: models with one output, and totals with terms of their own.
    Seen: https://github.com/keras-team/keras/issues/20596
    Bad:
        class Sorted(keras.Model):
            def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
                losses = [keras.losses.get(self.loss[name]) for name in sorted(self.loss)]
                return sum(keras.ops.mean(f(t, p)) for f, t, p in zip(losses, y, y_pred))
        x = keras.Input((2,))
        b, a = keras.layers.Dense(1, name="b")(x), keras.layers.Dense(1, name="a")(x)
        model = Sorted(x, [b, a])
        model.compile("sgd", loss={"b": "mse", "a": "mae"})
        data = np.linspace(0, 1, 16).reshape(8, 2)
        ls.check(model, data, [data[:, :1] + 3, data[:, 1:] - 5])
    Good:
        x = keras.Input((2,))
        b, a = keras.layers.Dense(1, name="b")(x), keras.layers.Dense(1, name="a")(x)
        model = keras.Model(x, [b, a])
        model.compile("sgd", loss={"b": "mse", "a": "mae"})
        data = np.linspace(0, 1, 16).reshape(8, 2)
        ls.check(model, data, [data[:, :1] + 0.3, data[:, 1:] - 0.5])
    """
    routes, total = case.setup.routes, case.setup.total
    if len(routes) < 2 or total is None or case.output != routes[0].output or any(r.value is None for r in routes):
        return
    meant = sum(r.weight * (r.value or 0.0) for r in routes)
    if _near(total(), meant) or len(routes) > 4:
        return
    got = total()
    for order in itertools.permutations(range(len(routes))):
        if list(order) != list(range(len(routes))) and _near(got, _reordered(case, order)):
            names = ", ".join(f"{routes[k].loss} → {routes[place].output}" for place, k in enumerate(order))
            yield Sign(
                f"The model's loss is {got:.4g}; by name it would be {meant:.4g}. That value results from {names}.",
                "Name the outputs, and pass loss= and y= as dictionaries with these names.",
                {"got": got, "meant": meant},
                whole=True,
            )
            return


def _reordered(case: Case, order: tuple[int, ...]) -> float:
    """The total if the losses met the outputs in this order."""
    cases = case.setup.cases
    total = 0.0
    for place, other in enumerate(order):
        try:
            value = cases[other].subject.value(cases[place].y, cases[place].p)
        except LossFailed:
            return math.nan
        total += case.setup.routes[place].weight * value
    return total


def _near(a: float, b: float) -> bool:
    return bool(np.isclose(a, b, rtol=1e-4, atol=1e-7))


@rule("L013", "not-the-base-loss", WARNING, parts=True)
def not_the_base_loss(case: Case) -> Iterator[Sign]:
    """A focal or smoothed loss is a multiple of the cross-entropy it should reduce to.

    Fires: with gamma = 0 (or label smoothing 0) every row is the same multiple, other than 1, of the cross-entropy.
    Quiet: losses without such a parameter; class weights, which are not a common factor; lossary's losses, whose cards
        say what alpha does.
    Seen: https://github.com/tensorflow/addons/issues/2431, https://github.com/kornia/kornia/issues/2371
    Bad:
        y = np.arange(8) % 3
        p = np.random.default_rng(0).dirichlet(np.ones(3), size=8)
        ls.check(keras.losses.CategoricalFocalCrossentropy(), np.eye(3)[y], p)
    Good:
        y = np.arange(8) % 3
        p = np.random.default_rng(0).dirichlet(np.ones(3), size=8)
        ls.check(keras.losses.CategoricalFocalCrossentropy(alpha=1.0), np.eye(3)[y], p)
    """
    if case.failure is not None or case.n < 2 or not case.live.all() or (case.subject.own and case.subject.built_in):
        return
    case = _away_from_edges(case)
    plain = _switched_off(case)
    rows = None if plain is None else by_row(plain[1], case.n)
    if plain is None or rows is None:
        return
    for base in _bases(case):
        ratio = rows / np.where(base == 0, np.nan, base)
        seen = ratio[np.isfinite(ratio) & (base > 1e-4)]
        if seen.size < 2 or np.ptp(base[np.isfinite(base)]) < 1e-3:
            continue
        factor = float(np.median(seen))
        if factor > 0 and np.allclose(seen, factor, rtol=1e-3):
            if abs(factor - 1) > 1e-2:
                yield Sign(
                    f"With {plain[0]} = 0 {case.subject.name} is {factor:.3g} times the cross-entropy: every class is "
                    f"multiplied alike, so that the loss and each step are {factor:.3g} times as large.",
                    "Take alpha=1 (or one alpha per class), and the mean instead of a sum over entries.",
                    {"factor": factor},
                )
            return


def _away_from_edges(case: Case) -> Case:
    """The same rows with probabilities that no library clips."""
    logits = case.subject.from_logits
    if logits or (logits is None and not (np.isfinite(case.p).all() and case.p.min() >= 0 and case.p.max() <= 1)):
        return case
    p = np.clip(case.p, EDGE, 1 - EDGE)
    if case.subject.categorical or case.p.shape[-1] > 1:
        axis = case.subject.contract.axis if case.subject.known else -1
        p = p / p.sum(axis=axis, keepdims=True) if np.allclose(case.p.sum(axis=axis), 1, atol=1e-3) else p
    return replace(case, p=p.astype(case.p.dtype))


def _switched_off(case: Case) -> tuple[str, Array] | None:
    """The name of the parameter, and the values with it at 0."""
    names = ("gamma", "label_smoothing", "smoothing")
    subject = case.subject
    try:
        if subject.fn is not None:
            taken = inspect.signature(subject.fn).parameters
            name = next((n for n in names if n in taken), None)
            return None if name is None else (name, _call_with(case, name))
        config = subject.loss.get_config()
        name = next((n for n in names if isinstance(config.get(n), (int, float))), None)
        if name is None or not _is_entropy(subject):
            return None
        off = {n: 0.0 for n in names if n in config}
        return name, Subject(type(subject.loss).from_config({**config, **off})).raw(case.y, case.p)
    except (TypeError, ValueError):
        return None


def _is_entropy(subject: Subject) -> bool:
    return not subject.known or subject.from_logits is not None


def _call_with(case: Case, name: str) -> Array:
    def off(y_true: Any, y_pred: Any) -> Any:
        return case.subject.fn(y_true, y_pred, **{name: 0.0})

    return Subject(off).raw(case.y, case.p)


def _bases(case: Case) -> Iterator[Array]:
    """The cross-entropies that it could be, row by row."""
    from ..core.lookup import get

    logits = case.subject.from_logits
    options = [logits] if logits is not None else [False, True]
    names = ("sparse_categorical_crossentropy",) if not case.same_shape else ("bce", "categorical_crossentropy")
    if case.subject.known:
        names = (_base_of(case),)
    for name in names:
        for from_logits in options:
            try:
                base = by_row(Subject(get(name, from_logits=from_logits)).raw(case.y, case.p), case.n)
            except LossFailed:
                continue
            if base is not None and np.isfinite(base).all():
                yield base


def _base_of(case: Case) -> str:
    if case.sparse:
        return "sparse_categorical_crossentropy"
    return "categorical_crossentropy" if case.subject.categorical else "binary_crossentropy"


@rule("L014", "far-start", WARNING, after=("L001", "L002", "L003", "L005", "L015"))
def far_start(case: Case) -> Iterator[Sign]:
    """An untrained model starts far above the loss of a constant guess.

    Fires: before the first step, a cross-entropy above three times log K (log 2 for binary labels) plus 1, or a mean
        squared error above a hundred times the variance of the targets.
    Quiet: trained models, starts below these, losses without a known baseline, and a loss without a model.
    Seen: https://gowda.ai/posts/2026/06/dropout-overfit-sanity-check/
    Bad:
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", loss="mse")
        ls.check(model, np.linspace(-1, 1, 8)[:, None], 1000 + np.linspace(0, 1, 8)[:, None])
    Good:
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
        model.compile("sgd", loss="mse")
        ls.check(model, np.linspace(-1, 1, 8)[:, None], np.linspace(-1, 1, 8)[:, None])
    """
    if not case.setup.untrained or case.failure is not None or not case.subject.known or not case.live.all():
        return
    name = type(case.subject.twin).__name__
    rows = case.row_values
    if rows is None or not np.isfinite(rows).all():
        return
    start = float(rows.mean())
    if name in ("CategoricalCrossentropy", "SparseCategoricalCrossentropy", "BinaryCrossentropy"):
        classes = 2 if name.startswith("Binary") else case.classes
        nothing, most, words = math.log(classes), 3 * math.log(classes) + 1, f"log {classes}"
    elif name == "MeanSquaredError":
        nothing = float(case.y.astype("float64").var(axis=0).mean())
        most, words = 100 * nothing, "the variance of the targets"
    else:
        return
    if nothing > 0 and start > most:
        yield Sign(
            f"The untrained model starts at a loss of {start:.4g}; a constant guess has {nothing:.4g} ({words}).",
            "Standardise the inputs (and, for regression, the targets), or initialise the last bias to the mean.",
            {"start": start, "nothing": nothing},
        )
