"""Which parameters of a loss are lengths of the target: found by asking the loss in units that differ."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import lossary as ls
from lossary.core.errors import LossaryError
from lossary.data.columns import Floats
from lossary.linear.rows import Rows, row_function
from lossary.training.candidates import FIXED, Candidate

OTHER = 3.7  # a unit that no loss knows


def in_units(asked: Candidate, unit: float) -> dict[str, Any]:
    """The loss's arguments where the target is counted in such units: given numbers count in the target's own."""
    given = dict(asked.params)
    return asked.keywords | {name: given[name] / unit**power for name, power in lengths(asked).items()}


def lengths(asked: Candidate) -> dict[str, int]:
    """Given parameters that count in units of the target: 1 for a length, as Huber's delta, -1 for one over a length.

    They are those that have to change with the unit for the loss to stay the same, up to a factor. None of a loss that
    no parameters keep the same.
    """
    given = dict(asked.params)
    params = [p for p in ls.card(asked.function).params if p.name not in FIXED and _is_number(p.default)]
    if not any(p.name in given for p in params):
        return {}
    values = {p.name: p.default for p in params}
    rng = np.random.default_rng(0)
    y, p = np.exp(rng.uniform(-4, 4, size=(2, 200, 1)))
    here = _rows(asked, values, y, p)
    for powers in sorted(itertools.product((0, 1, -1), repeat=len(values)), key=np.count_nonzero):
        moved = {name: value * OTHER**power for (name, value), power in zip(values.items(), powers, strict=True)}
        if _are_alike(here, _rows(asked, moved, OTHER * y, OTHER * p)):
            return {name: power for name, power in zip(values, powers, strict=True) if power and name in given}
    return {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rows(asked: Candidate, values: dict[str, Any], y: Floats, p: Floats) -> Floats | None:
    """The values of rows; None where the loss does not allow such parameters."""
    try:
        loss = ls.get(asked.function, **(asked.keywords | values))
        return Rows(row_function(loss), y, 1).values(p)
    except LossaryError:
        return None


def _are_alike(here: Floats | None, there: Floats | None) -> bool:
    """Whether one is a multiple of the other."""
    if here is None or there is None:
        return False
    seen = np.isfinite(here) & np.isfinite(there)
    here, there = here[seen], there[seen]
    if not here.size or not here @ here > 0:
        return False
    factor = float(np.sum(there)) / float(np.sum(here)) if np.sum(here) else 0.0
    return factor > 0 and bool(np.allclose(there, factor * here, rtol=1e-6, atol=1e-9 * float(np.abs(there).min())))
