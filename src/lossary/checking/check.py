"""`lossary.check`: a loss on predictions, or a compiled model on its data, looked at before training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from ..core.errors import LossaryError
from ..core.inputs import plain
from .case import Case, Setup, make_case
from .findings import Finding, Findings, Route
from .known import LossFailed, Subject, to_numpy
from .model import cases_of_model
from .rule import Rule, chosen, first_causes
from .untouched import untouched


def check(
    loss: Any,
    y_true: Any = None,
    y_pred: Any = None,
    sample_weight: Any = None,
    mask: Any = None,
    model: Any = None,
    ignore: Iterable[str] = (),
) -> Findings:
    """Look at a loss before training and name what would go wrong in silence.

        ls.check("mse", y_true, y_pred)      # any Keras loss, function, name, or loss of lossary
        ls.check(model, x, y)                # a compiled model, with its own loss, output by output

    At most 256 rows are looked at, eagerly. Nothing of the loss or the model changes: weights, Variables, and the
    random numbers of Keras, NumPy, Python and torch stay as they were.

    Args:
        loss: a loss or a compiled model.
        y_true, y_pred: targets and predictions; for a model its inputs and its targets (also as `x=`-like dictionaries
            and lists where the model takes these).
        sample_weight, mask: as in training.
        model: the model that made y_pred, where a loss is checked: its last activation is then known.
        ignore: ids of rules to leave out, such as ["L003"].

    Returns: `Findings`, false when there is nothing to say; `.errors`, `.warnings`, `.raise_errors()`.

    Raises: LossaryError where there is nothing to look at; ParameterError for an unknown id in `ignore`.
    """
    selected = chosen(ignore)
    with untouched():
        if isinstance(loss, keras.Model):
            cases = cases_of_model(loss, y_true, y_pred, sample_weight)
        else:
            cases = [_case(loss, y_true, y_pred, sample_weight, mask, model)]
        return judge(cases, selected)


def judge(cases: list[Case], selected: list[Rule]) -> Findings:
    """The findings of these rules on these cases."""
    found = [finding for case in cases for finding in first_causes(_seen(case, selected))]
    routes: Iterable[Route] = cases[0].setup.routes if cases else ()
    return Findings(found, tuple(routes), max((case.n for case in cases), default=0))


def _seen(case: Case, selected: list[Rule]) -> list[Finding]:
    return [finding for rule in selected for finding in _look(rule, case)]


def _look(rule: Rule, case: Case) -> list[Finding]:
    try:
        with np.errstate(all="ignore"):
            return rule.look(case)
    except LossFailed:  # on numbers made up for a probe; what it raises on the batch itself is a finding of its own
        return []


def _case(loss: Any, y: Any, p: Any, w: Any, mask: Any, model: Any) -> Case:
    from .model import setup_of

    if y is None or p is None:
        raise LossaryError(
            "check(loss, y_true, y_pred) compares targets with predictions.",
            arrived=f"{'y_true' if y is None else 'y_pred'} is missing.",
            allowed="Allowed are arrays, lists and tensors with one row per example.",
            do="Pass both: ls.check(loss, y_true, y_pred), or ls.check(model, x, y) for a compiled model.",
        )
    y, p = plain("check", "y_true", y), plain("check", "y_pred", p)
    w, mask = (
        None if part is None else to_numpy(plain("check", name, part))
        for name, part in (("sample_weight", w), ("mask", mask))
    )
    setup = Setup() if model is None else setup_of(model, 0)
    return make_case(Subject(loss, y, p), y, p, w, mask, setup=setup)
