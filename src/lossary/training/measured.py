"""A loss, measured in the units in which its constants mean something, on the model's standardised predictions.

The model works on z = (y − center) / spread. Most losses compare z with z. Two kinds do not:

- Losses of relative size (MAPE, MSLE, Poisson) need the true zero: they see y / spread, scaled but not shifted, and
  those that need positive predictions see them through softplus.
- Redescending losses (Tukey, Cauchy) presume residuals in units of their own spread: they see z times a gain.

Parameters that are given, as Huber's delta, count in the target's own units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

import lossary as ls
from lossary.core.errors import LossaryError
from lossary.core.results import RisingSums
from lossary.data.columns import Floats
from lossary.data.network import linked
from lossary.data.problem import Problem
from lossary.linear.rows import Function, Rows, row_function
from lossary.training.candidates import Candidate
from lossary.training.units import in_units


@dataclass(frozen=True)
class Measured:
    """A loss and its units: it compares gain·z + shift; `positive` puts the model's output through softplus."""

    asked: Candidate
    loss: Any
    gain: float = 1.0
    shift: float = 0.0
    positive: bool = False

    def target(self, y: Floats, classes: int) -> np.ndarray:
        """y as the loss reads it: (rows, 1), whole numbers for sparse losses, one column a class for dense ones."""
        if classes <= 2:
            return y[:, None].astype(np.float64)
        if self.loss.contract.shape == "index":
            return y.astype(np.int32)
        return np.eye(classes)[y.astype(int)]

    def training(self, y_true: Any, z: Any) -> Any:
        """The scalar that training minimises, on what the model gives."""
        return self.loss(*self._seen(y_true, z, self._link))

    def rows(self, finished: bool = False) -> Function:
        """The values of rows in float64: of (y, what the model gives), or of finished predictions."""
        values = row_function(self.loss)
        if self._as_it_is:
            return values

        def of_rows(y_true: Any, z: Any) -> Any:
            link = (lambda ready: self.gain * ready + self.shift) if finished else self._link
            return values(*self._seen(y_true, z, link))

        return of_rows

    def evaluate(self, y_true: Any, z: Floats) -> float | None:
        """The loss of finished predictions z, (rows, outputs), in float64; None where it is not defined for them."""
        if self.positive and (self.gain * z + self.shift).min() <= 0:
            return None
        value = float(np.mean(Rows(self.rows(finished=True), y_true, z.shape[1]).values(z)))
        return float(np.sqrt(value)) if getattr(self.loss, "gives", None) is RisingSums else value

    def finished(self, output: Floats) -> Floats:
        """What the model gives, as z: the same except where softplus stands between."""
        return linked(output, self.shift, self.positive)

    def _seen(self, y_true: Any, z: Any, link: Any) -> tuple[Any, Any]:
        if self._as_it_is:
            return y_true, z
        return self.gain * y_true + self.shift, link(z)

    @property
    def _as_it_is(self) -> bool:
        return self.gain == 1.0 and self.shift == 0.0 and not self.positive

    def _link(self, z: Any) -> Any:
        moved = self.gain * z + self.shift
        return keras.ops.softplus(moved) if self.positive else moved


def measure(asked: Candidate, problem: Problem, gain: float = 1.0) -> Measured:
    """The loss in its units for this problem. Raises LossaryError where the target does not fit it."""
    shift = 0.0
    numbers = problem.task == "regression"
    keywords = in_units(asked, problem.scale.spread / gain) if numbers else asked.keywords
    loss = ls.get(asked.function, **keywords)
    values = loss.contract.prediction
    positive = loss.relative and max(values.low, values.floor) >= 0
    if loss.relative:
        _check_sign(asked, problem, loss.divides_by_target, positive)
        shift = problem.scale.center / problem.scale.spread
    return Measured(asked, loss, gain, shift, positive)


def _check_sign(asked: Candidate, problem: Problem, divided: bool, positive: bool) -> None:
    lowest = float(problem.y.min())
    zero = divided and bool(np.any(problem.y == 0))
    if zero or (positive and lowest < 0):
        raise LossaryError(
            f"Cannot use '{asked.label}' for the target '{problem.target}'.",
            arrived="One of its values is 0." if zero else f"One of its values is {lowest:g}.",
            allowed="Expected values other than 0 for percentages, and values >= 0 for logarithms and counts.",
            do="Leave the loss out, or leave those rows out of the file.",
        )
