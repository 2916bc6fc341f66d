"""`ls.compare`: the comparison of `lossary compare`, from Python."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from lossary.core.errors import LossaryError, shown
from lossary.data.frames import table_of
from lossary.data.problem import MISSING, TASKS, Question, pose
from lossary.data.reading import reading_of
from lossary.training.candidates import ask_all
from lossary.training.compare import compare as run
from lossary.training.compared import Compared
from lossary.training.settings import OPTIMIZERS, Settings

from .._calls import checked_call


@checked_call
def compare(
    data: Any,
    target: str | None = None,
    *,
    loss: str | Iterable[str] = (),
    features: str | Iterable[str] | None = None,
    ignore: str | Iterable[str] = (),
    missing: str = "drop",
    task: str | None = None,
    validation: float | None = None,
    model: str = "linear",
    l1: float = 0.0,
    l2: float = 0.0,
    optimizer: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    learning_rate: float | None = None,
    seed: int = 0,
    meanings: Mapping[str, str] | None = None,
) -> Compared:
    """Fit the same model once per loss on the same table, as `lossary compare` does; the fits can be kept.

        found = ls.compare(frame, "price", loss=["mse", "huber"])

    Args:
        data: a path, the name of an embedded table, a pandas or polars DataFrame, an Arrow table, or a dictionary of
            columns. Columns may be numbers, dates, or text of few values; docs/data.md says how they are read.
        target: the column to explain; an embedded table has one of its own.
        loss: names, with parameters where wanted: "mse", ["mae", "huber:delta=300"], in units of the target. Default:
            those of the task.
        features, ignore: the columns that explain it (default: all others), and those to leave out.
        missing: "drop" leaves rows with missing cells out, "impute" fills them, "indicator" makes them an input too.
        task: "regression", "binary" or "multiclass"; found out by itself.
        validation: the share of rows held out; 0.2 from 200 rows on.
        model: "linear", which is solved, or "mlp:64,64", which is trained.
        l1, l2, optimizer, epochs, batch_size, learning_rate, seed: as on the command line.
        meanings: what columns mean: {"zip": "text"}; "number", "text", "date", "day-first", "month-first".

    Returns: the comparison. It prints itself; `fit()` gives the best fit or that by a named loss, which predicts;
    `save(path)` keeps it, and `ls.load_fit(path)` brings it back.

    Raises: LossaryError for a table, column, loss or setting that does not fit.
    """
    for name, word, words in (
        ("missing", missing, MISSING),
        ("task", task, TASKS),
        ("optimizer", optimizer, OPTIMIZERS),
    ):
        good = isinstance(word, str) and word in words
        _check(name, word, good or (word is None and name != "missing"), f"one of {', '.join(map(repr, words))}")
    for name, penalty in (("l1", l1), ("l2", l2)):
        _check(name, penalty, _number(penalty) and penalty >= 0, "a finite number >= 0")
    for name, count in (("epochs", epochs), ("batch_size", batch_size)):
        _check(name, count, count is None or (type(count) is int and count > 0), "a whole number >= 1")
    rate = learning_rate
    _check("learning_rate", rate, rate is None or (_number(rate) and rate > 0), "a finite number > 0")
    _check("validation", validation, validation is None or _number(validation), "a number from 0 to 0.9")
    _check("seed", seed, type(seed) is int and 0 <= seed < 2**32, "a whole number from 0 to 2**32 - 1")
    settings = Settings(str(model), l1, l2, epochs, batch_size, optimizer, rate, seed)
    _ = settings.solved
    reading = reading_of(meanings=[f"{name}={meaning}" for name, meaning in (meanings or {}).items()])
    table = table_of(data, reading)
    question = Question(
        None if target is None else str(target), _names(features), _names(ignore) or (), task, validation, seed, missing
    )
    problem = pose(table, question)
    return run(problem, ask_all(_names(loss) or (), problem.task), settings)


def _names(given: Any) -> tuple[str, ...] | None:
    if given is None or isinstance(given, str):
        return given if given is None else (given,)
    return tuple(map(str, given)) if isinstance(given, Iterable) else (str(given),)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _check(name: str, value: Any, good: bool, allowed: str) -> None:
    if not good:
        raise LossaryError(
            f"ls.compare({name}=...) has a wrong value.",
            arrived=f"It was given {shown(value)}.",
            allowed=f"Expected {allowed}.",
            do=f"Pass such a value, or leave {name} out.",
        )
