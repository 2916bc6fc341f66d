"""Forms of numbers: an error, two entries, columns as a whole, a margin, the parameters of a distribution."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ...numerics import ops
from ...numerics.masks import mask_of, with_mask
from ...numerics.stable import (
    mean,
)
from .. import absent, axes
from ..axes import AXES
from ..contract import (
    REAL,
    SIGN,
    Contract,
    Values,
)
from ..errors import ParameterError, ShapeError
from ..inputs import read
from ..loss import Loss, Tensor
from ..results import Sums


class Distance(Loss, abstract=True, tasks=("regression",)):
    """A loss of the error `e = y_pred - y_true` alone; the mean over the last axis is one row's value."""

    entrywise = True
    missable = True
    of_errors = True
    two_classes = (-1.0, 1.0)

    @property
    def contract(self) -> Contract:
        return Contract(REAL, REAL)

    def drawn_over(self) -> list[axes.Axis]:
        turns = [name for name, param in self.params.items() if param.slide and param.kind == "number"]
        return [axes.errors([abs(float(getattr(self, name))) for name in turns])]

    def mapped_over(self) -> axes.Plane | None:
        return axes.predictions()

    def of(self, e: Tensor) -> Tensor:
        """The value for each error."""
        raise NotImplementedError

    def slope(self, e: Tensor) -> Tensor:
        """The derivative of `of` in closed form."""
        raise NotImplementedError

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        """Value and slope of each entry; a loss may have them share their work."""
        e = y_pred - y_true
        return self.of(e), self.slope(e)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        return absent.fused(self, y_true, y_pred)


class Pointwise(Loss, abstract=True, tasks=("regression",)):
    """A loss of y_true and y_pred entry by entry; the mean over the last axis is one row's value."""

    entrywise = True
    missable = True

    relative = True
    target: ClassVar[Values] = REAL
    prediction: ClassVar[Values] = REAL

    @property
    def contract(self) -> Contract:
        return Contract(type(self).target, type(self).prediction)

    def drawn_over(self) -> list[axes.Axis]:
        return [AXES["log rate" if getattr(self, "log_rate", False) else "prediction"]]

    def mapped_over(self) -> axes.Plane | None:
        return axes.LOG_RATES if getattr(self, "log_rate", False) else axes.predictions((0.05, 4.0))

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        """The value for each pair of entries."""
        raise NotImplementedError

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        """The derivative of `of` by p in closed form."""
        raise NotImplementedError

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        """Value and slope of each entry; a loss may have them share their work."""
        return self.of(y_true, y_pred), self.slope(y_true, y_pred)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        return absent.fused(self, y_true, y_pred)


class Columns(Loss, abstract=True, tasks=("regression",)):
    """A loss of sums over all rows, for each column by itself; their mean is the value."""

    gives = Sums
    missable = True
    unfit = "it is one number for all rows together"
    undrawn = "It is one number for all rows together, so there is no value per row to draw."

    @property
    def contract(self) -> Contract:
        return Contract(REAL, REAL)

    def drawn_over(self) -> list[axes.Axis]:
        return []

    def parts(self, y: Tensor, p: Tensor) -> dict[str, Any]:
        """What is summed, by name: tensors of the shape of y and p, or moments."""
        raise NotImplementedError

    def of(self, sums: dict[str, Any]) -> Tensor:
        """The value of each column from its sums."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Sums:
        if len(y_pred.shape) == 1:  # vectors alone, given to the function, are one column
            y_true, y_pred = ops.expand_dims(y_true, -1), ops.expand_dims(y_pred, -1)
        over, found = tuple(range(len(y_pred.shape) - 1)), None
        if self.missing is not None:
            found = absent.there(y_true, self.contract)
            y_true, y_pred = absent.filled(y_true, self.contract), ops.where(found, y_pred, 0.0)
        return Sums(self.parts(y_true, y_pred), lambda sums, count: self.of(sums), over, found)


class Margin(Loss, abstract=True, tasks=("binary",)):
    """A loss of the margin `m = y * y_pred` with y = -1 or 1 (a label 0 is read as -1)."""

    entrywise = True
    missable = True
    two_classes = (-1.0, 1.0)

    @property
    def contract(self) -> Contract:
        return Contract(SIGN, REAL)

    def drawn_over(self) -> list[axes.Axis]:
        return [AXES["margin"]]

    def of(self, m: Tensor) -> Tensor:
        """The value for each margin."""
        raise NotImplementedError

    def slope(self, m: Tensor) -> Tensor:
        """The derivative of `of` in closed form."""
        raise NotImplementedError

    def margin(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The label's sign times the prediction."""
        return ops.where(ops.equal(y_true, 0), -1.0, y_true) * y_pred

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        """Value and slope of each entry; a loss may have them share their work."""
        sign = y_true - ops.nothing(y_true)
        m = sign * y_pred
        return self.of(m), sign * self.slope(m)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        return absent.fused(self, y_true, y_pred)


class Parameters(Loss, abstract=True, tasks=("regression",)):
    """A loss of the parameters of a distribution (or several quantiles), predicted along one more, last axis.

    For targets (n,) or (n, 1) predictions are (n, k); for targets (n, d) they are (n, d, k).
    """

    entrywise = True
    missable = True

    outputs = 2  # k
    unfit = "it needs more than one prediction for each target"
    target: ClassVar[Values] = REAL
    prediction: ClassVar[Values] = REAL

    @property
    def contract(self) -> Contract:
        return Contract(self.target, self.prediction, shape="parameters", parameters=self.outputs)

    def gathered(self, y_true: Any, y_pred: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Outputs by the names of `heads`, or as a tuple in their order, along one last axis."""
        owner, rest = type(self).__name__, {name: x for name, x in named.items() if name not in self.heads}
        given = {name: x for name, x in named.items() if name in self.heads}
        if isinstance(y_pred, dict):
            given, rest = {**y_pred, **given}, rest
        elif isinstance(y_pred, tuple) and len(y_pred) == self.outputs and all(hasattr(x, "shape") for x in y_pred):
            names = self.heads or tuple(f"y_pred[{place}]" for place in range(self.outputs))
            if all(tuple(x.shape) == (self.outputs,) for x in y_pred):
                raise ShapeError(
                    f"{owner} reads a tuple as its {self.outputs} outputs, each with one number for each target.",
                    arrived=f"y_pred is a tuple of {self.outputs} arrays of {self.outputs} numbers: outputs, or rows.",
                    allowed="Expected a tuple that can be read in one way, or one array.",
                    do="Pass np.stack(y_pred) if they are rows, np.stack(y_pred, axis=-1) if they are outputs.",
                )
            given |= dict(zip(names, y_pred, strict=True))
            return self._stacked(y_true, given, list(names)), rest
        elif not given:
            return y_pred, named
        if set(given) != set(self.heads) or (y_pred is not None and not isinstance(y_pred, dict)):
            arrived = f"It was given {', '.join(map(str, given))}{' beside y_pred' * (y_pred is not None)}."
            raise ParameterError(
                f"{owner} reads {self.outputs} outputs for each target.",
                arrived=arrived if not isinstance(y_pred, dict) else f"It was given {', '.join(map(str, given))}.",
                allowed="Expected one tensor with them along its last axis"
                + (f", or {' and '.join(self.heads)} by name." if self.heads else ", or a tuple of them."),
                do="Give the outputs of the model these names, or stack them: y_pred of shape (rows, outputs).",
            )
        return self._stacked(y_true, given, list(self.heads)), rest

    def _stacked(self, y_true: Any, given: dict[str, Any], names: list[str]) -> Tensor:
        """One tensor (..., k); (rows, 1) is (rows,) where the targets are."""
        owner = type(self).__name__
        mask = next((found for x in given.values() if (found := mask_of(x)) is not None), None)
        parts = [read(owner, name, given[name], self.inner) for name in names]
        if len({tuple(x.shape) for x in parts}) > 1:
            raise ShapeError(
                f"{owner} needs {' and '.join(names)} of the same shape.",
                arrived=f"They have shapes {', '.join(str(tuple(x.shape)) for x in parts)}.",
                allowed="Expected equal shapes, with one number of each per target.",
                do="Give the outputs of the model the same number of units.",
            )
        flat = len(getattr(y_true, "shape", None) or np.shape(y_true)) == 1
        if flat and len(parts[0].shape) == 2 and parts[0].shape[1] == 1:
            parts = [ops.squeeze(x, 1) for x in parts]
        found = ops.stack(parts, axis=-1)
        return found if mask is None else with_mask(found, mask)

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.one_parameter(self.outputs)]

    def mapped_over(self) -> axes.Plane | None:
        return axes.parameters(("mean (target: 0)", "second parameter"), (-2.0, 3.0)) if self.outputs == 2 else None

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        """The value of each target y (...) from its k predicted numbers, parts (..., k)."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        found = None
        if self.missing is not None:
            rules = self.contract
            found = absent.there(y_true, rules)
            y_pred = ops.where(found[..., None], y_pred, ops.cast(rules.prediction.neutral, y_pred.dtype))
            y_true = ops.where(found[..., None] if rules.ends else found, y_true, rules.target.neutral)
        values = self.of(y_true, y_pred)
        if found is not None and len(values.shape) > 1:
            values = values * absent.shares(found, values)
        return mean(values) if len(values.shape) > 1 else values
