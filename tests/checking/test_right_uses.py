"""The check finds nothing wrong with what is right: every loss on data that it is for, in models that suit it."""

import ast
import re
from pathlib import Path

import keras
import numpy as np
import pytest

import lossary as ls
from lossary.core import contract as c
from lossary.core.forms import Categorical, Divergence
from lossary.core.slots import LOG_PROBABILITY
from tests.laws.cases import CASES, draw, every_case, one_case_each

N = 24
X = np.random.default_rng(7).normal(size=(N, 3)).astype("float32")


def drawn(case, rows=N):
    """Lawful data; a mask that is empty in a row says nothing there, so none is. Between opposite signs the symmetric
    percentage error is flat, so there are none."""
    y, p = case.draw(np.random.default_rng(5), rows)
    if case.cls is ls.SymmetricMeanAbsolutePercentageError:
        y, p = abs(y), abs(p)
    if "segmentation" in case.cls.tasks and y.ndim > 1:
        y[:, 0] = 1.0
    return y, p


@every_case
def test_every_loss_on_data_that_it_is_for(case):
    found = ls.check(case(), *drawn(case))
    assert not found, str(found)


def ending(case, p):
    """The layers that end a model for this loss."""
    loss = case()
    prediction, last = loss.contract.prediction, keras.layers.Dense(p.shape[-1])
    if case.cls.__name__ == "CTC":
        return [keras.layers.RepeatVector(5), keras.layers.LSTM(3, return_sequences=True), last]
    if case.cls.__name__ == "Circle":
        return [last, keras.layers.UnitNormalization()]
    if loss.contract.shape == "parameters" and getattr(loss, "spread", "log_variance") != "log_variance":
        return [last, keras.layers.Lambda(lambda z: keras.ops.stack([z[:, 0], keras.ops.softplus(z[:, 1])], -1))]
    if prediction is c.PROBABILITY:
        exclusive = isinstance(loss, (Categorical, Divergence)) or loss.contract.shape == "index"
        return [last, keras.layers.Activation("softmax" if exclusive else "sigmoid")]
    if prediction is LOG_PROBABILITY:
        return [last, keras.layers.Activation("log_softmax")]
    positive = prediction.low == 0 or prediction.floor == 0 or isinstance(loss, ls.SymmetricMeanAbsolutePercentageError)
    return [last, keras.layers.Activation("softplus")] if positive else [last]


@one_case_each
def test_every_loss_in_a_model_that_suits_it(case):
    y, p = drawn(case)
    model = keras.Sequential([keras.Input((3,)), *ending(case, p)])
    model.compile("sgd", loss=case())
    found = ls.check(model, X, y)
    assert not found, str(found)


def test_all_cases_are_looked_at():
    assert len(CASES) > 60


def network(units, activation=None, loss="mse", kernel="glorot_uniform", inputs=3, **more):
    model = keras.Sequential(
        [keras.Input((inputs,)), keras.layers.Dense(units, activation=activation, kernel_initializer=kernel)]
    )
    model.compile("sgd", loss=loss, **more)
    return model


RARE = (np.arange(N) == 0).astype("float32")[:, None]  # one in 24
CHOSEN = np.eye(3, dtype="float32")[np.arange(N) % 3]
WEIGHTS = np.where(np.arange(N) % 4 == 0, 0.0, 4 / 3)


def masked_sequences():
    """An LSTM over padded sequences whose padding is masked, targets of padding included."""
    steps = np.random.default_rng(0).integers(1, 5, size=(N, 6))
    steps[:, 4:] = 0
    model = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            keras.layers.Embedding(5, 4, mask_zero=True),
            keras.layers.LSTM(4, return_sequences=True),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("sgd", loss=ls.SparseCategoricalCrossentropy())
    return model, steps, np.where(steps == 0, -1, steps % 3)


def outputs_by_name():
    given = keras.Input((3,))
    outputs = {
        "price": keras.layers.Dense(1, name="price")(given),
        "kind": keras.layers.Dense(3, activation="softmax", name="kind")(given),
    }
    model = keras.Model(given, outputs)
    model.compile("sgd", loss={"price": ls.Huber(), "kind": ls.SparseCategoricalCrossentropy()})
    return model, X, {"price": X[:, :1], "kind": np.arange(N) % 3}


def outputs_weighed_apart():
    model, x, y = outputs_by_name()
    return model, x, y, {"price": np.ones(N), "kind": WEIGHTS}


def half_precision():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = keras.Sequential(
            [keras.Input((3,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(3, dtype="float32")]
        )
        model.compile("sgd", loss=ls.SparseCategoricalCrossentropy(from_logits=True))
    finally:
        keras.config.set_dtype_policy(before)
    return model, X, np.arange(N) % 3


def fitted():
    model = network(1)
    model.set_weights([np.float32([[1.0], [2.0], [3.0]]), np.float32([0.5])])
    return model, X, X @ np.float32([[1.0], [2.0], [3.0]]) + 0.5


def words():
    texts = np.array(["good film", "bad film"] * (N // 2), dtype=object)
    codes = keras.layers.TextVectorization(output_sequence_length=2)
    codes.adapt(["good film", "bad film"])
    model = keras.Sequential(
        [keras.Input((2,), dtype="int64"), keras.layers.Embedding(5, 4), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile("sgd", loss=ls.BinaryCrossentropy(from_logits=True))
    return model, np.asarray(codes(texts)), np.tile([[1], [0]], (N // 2, 1))


ORDINARY = {
    "a rare class": lambda: (network(1, "sigmoid", ls.BinaryCrossentropy()), X, RARE),
    "a rare class with focal": lambda: (network(1, "sigmoid", ls.BinaryFocalCrossentropy(alpha=0.75)), X, RARE),
    "one class in the batch": lambda: (network(3, "softmax", ls.SparseCategoricalCrossentropy()), X, np.ones(N, int)),
    "one row": lambda: (network(1, loss=ls.Huber()), X[:1], X[:1, :1]),
    "two rows": lambda: (network(3, "softmax", "cce"), X[:2], CHOSEN[:2]),
    "flat targets": lambda: (network(1, loss=ls.MeanAbsoluteError()), X, X[:, 0]),
    "targets of whole numbers": lambda: (network(1), X, np.arange(N)),
    "constant targets": lambda: (network(1, loss=ls.Huber()), X, np.ones((N, 1))),
    "a kernel of zeros": lambda: (network(1, kernel="zeros", loss=ls.LogCosh()), X, X[:, :1]),
    "logits of zeros": lambda: (network(3, None, ls.CategoricalCrossentropy(from_logits=True), "zeros"), X, CHOSEN),
    "a fitted model": fitted,
    "weights with zeros": lambda: (network(1, loss=ls.Huber()), X, X[:, :1], WEIGHTS),
    "weights that hide a nan": lambda: (
        network(1, loss=ls.Huber()), X, np.where(WEIGHTS[:, None] == 0, np.nan, X[:, :1]), WEIGHTS),
    "a label to ignore": lambda: (
        network(3, "softmax", ls.SparseCategoricalCrossentropy(ignore_class=255)), X, np.where(WEIGHTS == 0, 255, 1)),
    "a mask of padding": masked_sequences,
    "outputs by name": outputs_by_name,
    "outputs weighed apart": outputs_weighed_apart,
    "mixed precision": half_precision,
    "tokens of text": words,
    "a sum": lambda: (network(1, loss=ls.Huber() + 0.1 * ls.MeanAbsoluteError()), X, X[:, :1]),
    "a learned sum": lambda: (network(1, loss=ls.UncertaintyWeighted(["mse", ls.Huber()])), X, X[:, :1]),
    "a schedule": lambda: (network(1, loss=ls.LinearSchedule(0.1, 1.0, steps=10) * ls.Huber()), X, X[:, :1]),
    "a learned shape": lambda: (network(1, loss=ls.AdaptiveRobust()), X, X[:, :1]),
    "soft labels": lambda: (network(1, "sigmoid", ls.BinaryCrossentropy()), X, 0.2 + 0.6 * RARE),
    "grey images by sigmoid": lambda: (network(3, "sigmoid", "mse"), X, np.clip(X * 0.2 + 0.5, 0, 1)),
    "images from -1 to 1 by tanh": lambda: (network(3, "tanh", ls.MeanAbsoluteError()), X, np.tanh(3 * X)),
    "amounts by relu": lambda: (network(1, "relu", "mse"), X + 1, np.abs(X[:, :1])),
    "logarithms by relu": lambda: (network(1, "relu", "msle"), X, np.abs(X[:, :1])),
    "signs by tanh": lambda: (network(1, "tanh", ls.Hinge()), X, 2 * RARE - 1),
    "a tolerance far below the errors": lambda: (network(1, loss=ls.Huber(delta=5.0)), X, 40 * X[:, :1]),
    "years": lambda: (network(1), X, 1950.0 + np.arange(N)[:, None] % 70 - 1985),
    "large counts": lambda: (network(1, "softplus", ls.Poisson()), X, np.random.default_rng(0).poisson(3, (N, 1))),
    "a quantile": lambda: (network(1, loss=ls.Quantile(q=0.9)), X, 1000 * X[:, :1]),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_trainings_are_no_findings(name):
    found = ls.check(*ORDINARY[name]())
    assert not found.errors, str(found)
    assert not found.warnings, str(found)


@pytest.mark.parametrize("name", ["a rare class", "a mask of padding", "outputs by name", "a learned sum"])
def test_nor_on_the_first_batch_of_a_training(name):
    model, x, y = ORDINARY[name]()
    model.fit(x, y, batch_size=8, verbose=0, callbacks=[watcher := ls.Check(on_error="warn")])
    assert not watcher.findings, str(watcher.findings)


ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *(ROOT / "docs" / name for name in ("target.md", "from-add-loss.md", "training.md"))]


def shown(page):
    """The losses that the code of a page compiles or trains with."""
    for block in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        names = {"ls": ls, "np": np, "keras": keras, "ops": keras.ops}
        for statement in ast.parse(block).body:
            for call in ast.walk(statement):
                if isinstance(call, ast.Call) and getattr(call.func, "attr", "") in ("compile", "train"):
                    given = [keyword.value for keyword in call.keywords if keyword.arg == "loss"]
                    yield from (found for node in given if (found := value(node, names)) is not None)
            if isinstance(statement, (ast.Assign, ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
                value(ast.Module([statement], []), names)


def value(node, names):
    """What an expression gives where its names are there, and what a statement does."""
    try:
        if isinstance(node, ast.Module):
            return exec(compile(node, "<page>", "exec"), names)
        return eval(compile(ast.Expression(node), "<page>", "eval"), names)
    except Exception:  # of a model that is not there
        return None


def parts_of(loss):
    if isinstance(loss, ls.Sum):
        return [inner for part in loss.parts for inner in parts_of(part.loss)]
    return [] if isinstance(loss, ls.Term) else [loss]


@pytest.mark.once
def test_losses_of_the_pages_are_no_findings():
    losses = [loss for page in PAGES for loss in shown(page)]
    assert len(losses) >= 6
    for loss in losses:
        for one in parts_of(loss):
            known = one if isinstance(one, ls.Loss) else getattr(one, "cls", type(None))()
            if isinstance(known, ls.Loss) and known.inputs:
                slots = known.inputs.values()[0]
                drawn = slots.sample(np.random.default_rng(1), N)
                true, pred, _ = slots.sides({name: drawn[name] for name in slots.needed})
                assert not ls.check(one, true or None, pred).errors
            elif isinstance(known, ls.Loss) and known.contract.shape != "free":
                found = ls.check(one, *draw(known, np.random.default_rng(1), N))
                assert not found, str(found)
            else:
                assert not ls.check(one, X, X + 0.1).errors
