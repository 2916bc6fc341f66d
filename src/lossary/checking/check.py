"""`lossary.check`: a loss on predictions, or a compiled model on its data, looked at before training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from .._calls import checked_call
from ..core.errors import LossaryError, shown
from ..core.loss import Loss, unknown_names
from .case import Case, Setup, as_columns, make_case
from .feeds import numbers, refuse_no_rows
from .findings import Finding, Findings, Route
from .known import LossFailed, Subject
from .model import cases_of_model
from .rule import Rule, chosen, first_causes
from .slots import slot_case
from .untouched import untouched


@checked_call
def check(
    loss: Any,
    y_true: Any = None,
    y_pred: Any = None,
    sample_weight: Any = None,
    mask: Any = None,
    model: Any = None,
    ignore: Iterable[str] = (),
    **slots: Any,
) -> Findings:
    """Look at a loss before training and name what would go wrong in silence.

        ls.check("mse", y_true, y_pred)      # any Keras loss, function, name, or loss of lossary
        ls.check(model, x, y)                # a compiled model, with its own loss, output by output
        ls.check(model, batches)             # whatever ls.train reads: loaders, datasets, generators, Parquet files

    At most 256 rows are checked, eagerly; what is cheap (targets, weights, inputs that are not finite) in all rows of
    arrays, and of streams up to 64 MB. Of a generator only the first rows are read, because it cannot be restarted. The
    loss and the model do not change: weights, Variables, and the random numbers of Keras, NumPy, Python and torch stay
    as they were.

    Args:
        loss: a loss or a compiled model.
        y_true, y_pred: targets and predictions; for a model its inputs and its targets (also as `x=`-like dictionaries
            and lists where the model takes these). Where the inputs are a stream of batches (x, y) or (x, y, weights),
            there are no targets beside; where they are the path of Parquet files, the targets are names of columns.
        sample_weight, mask: as in training.
        model: the model that made y_pred, where a loss is checked: its last activation is then known.
        ignore: ids of rules to leave out, such as ["L003"].
        slots: what a loss of named slots takes, by name: ls.check("triplet_margin", anchor=a, positive=p, negative=n).
            Such losses are also checked with tuples, dictionaries or stacked arrays, as they are called.

    Returns: `Findings`, false when there is nothing to say; `.errors`, `.warnings`, `.raise_errors()`.

    Raises: LossaryError where there is nothing to look at, and for what holds no numbers (text, masked arrays);
    ParameterError for an unknown id in `ignore`.
    """
    selected = chosen(ignore)
    if model is not None and not isinstance(model, keras.Model):
        raise LossaryError(
            "check(loss, y_true, y_pred, model=...) takes the model that made y_pred.",
            arrived=f"It was given {shown(model)}.",
            allowed="Expected a Keras model.",
            do="Leave it out, or pass the model first: ls.check(model, x, y).",
        )
    with untouched():
        if isinstance(loss, keras.Model):
            if slots:
                raise LossaryError(
                    "check(model, x, y, sample_weight) checks a compiled model on its data.",
                    arrived=f"It was given {', '.join(slots)}.",
                    allowed="Expected x, y, sample_weight and ignore.",
                    do="Leave it out: how the model is trained does not matter here.",
                )
            cases = cases_of_model(loss, y_true, y_pred, sample_weight)
        else:
            cases = [_case(loss, y_true, y_pred, sample_weight, mask, model, slots)]
        return judge(cases, selected)


def judge(cases: list[Case], selected: list[Rule]) -> Findings:
    """The findings of these rules on these cases."""
    found = [finding for case in cases for finding in first_causes(_seen(case, selected))]
    routes: Iterable[Route] = cases[0].setup.routes if cases else ()
    every = max((len(case.every.y) for case in cases if case.every is not None), default=0)
    return Findings(found, tuple(routes), max((case.n for case in cases), default=0), every)


def _seen(case: Case, selected: list[Rule]) -> list[Finding]:
    """What the rules say: about a sum of losses as a whole, or about each of its parts, each thing once."""
    found = [
        finding
        for rule in selected
        if rule.slots or not case.subject.slotted
        for looked in (case.of_parts() if rule.parts else [case])
        for finding in _look(rule, looked)
    ]
    return list({(finding.id, finding.message): finding for finding in found}.values())


def _look(rule: Rule, case: Case) -> list[Finding]:
    try:
        with np.errstate(all="ignore"):
            return rule.look(case)
    except LossFailed:  # on numbers made up for a probe; what it raises on the batch itself is a finding of its own
        return []


def _case(loss: Any, y: Any, p: Any, w: Any, mask: Any, model: Any, slots: dict[str, Any]) -> Case:
    from .model import setup_of

    subject = Subject(loss, y, p)
    if isinstance(subject.loss, Loss) and subject.loss.inputs:
        return slot_case(subject, y, p, w, mask, slots, setup=Setup() if model is None else setup_of(model, 0))
    if slots:
        raise unknown_names(subject.name, slots)
    if y is None or p is None:
        raise LossaryError(
            "check(loss, y_true, y_pred) compares targets with predictions.",
            arrived=f"{'y_true' if y is None else 'y_pred'} is missing.",
            allowed="Expected an array, list or tensor with one row per example.",
            do="Pass both: ls.check(loss, y_true, y_pred), or ls.check(model, x, y) for a compiled model.",
        )
    for name, given in (("y_true", y), ("y_pred", p)):
        if isinstance(given, dict):
            raise LossaryError(
                "check(loss, y_true, y_pred) takes one array of numbers for each.",
                arrived=f"{name} is a dictionary.",
                allowed="Expected an array, list or tensor of numbers; a model may have several outputs.",
                do="Check the parts one by one, or pass the model: ls.check(model, x, y).",
            )
    y, p, w, mask = (
        _one(numbers(part, name), name)
        for part, name in ((y, "y_true"), (p, "y_pred"), (w, "sample_weight"), (mask, "mask"))
    )
    refuse_no_rows(y_true=y, y_pred=p)
    setup = Setup() if model is None else setup_of(model, 0)
    case = make_case(subject, y, p, w, mask, setup=setup)
    if np.ndim(y) and len(y) > case.n and np.shape(w)[:1] in ((), (len(y),)) and mask is None:
        same = np.ndim(p) > 0 and len(p) == len(y)
        case.every = replace(
            case, y=as_columns(y, case), p=as_columns(p, case) if same else case.p[:0], w=w, every=None
        )
    return case


def _one(given: Any, name: str) -> Any:
    """One array, where several of one shape came as a list."""
    try:
        return np.stack(given) if isinstance(given, (list, tuple)) else given
    except ValueError as error:
        raise LossaryError(
            "check(loss, y_true, y_pred) takes one array of numbers for each.",
            arrived=f"{name} is a list of {len(given)} arrays of different shapes.",
            allowed="Expected an array, list or tensor of numbers; a model may have several outputs.",
            do="Check the parts one by one, or pass the model: ls.check(model, x, y).",
        ) from error
