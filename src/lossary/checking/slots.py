"""A loss of named slots as a case: what changes by row side by side, as one table of targets and one of predictions.

Rules that look at rows, weights and gradients judge these tables as any others; each says so with `slots=True`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from ..core.contract import Contract, Values, checks
from ..core.loss import Loss
from ..core.slots import Inputs
from ..data.arrays import arrays
from .case import Case, make_case
from .known import Array, Subject

SLOT = Values("what the loss takes")


class Table:
    """The slots of some names, by row: their columns side by side, and the way back."""

    def __init__(self, slots: dict[str, Array], rows: int) -> None:
        self.kinds = {name: (x.shape[1:], x.dtype) for name, x in slots.items()}
        columns = [x.reshape(rows, -1).astype("float32" if x.dtype.kind == "f" else "float64") for x in slots.values()]
        self.numbers = np.concatenate(columns, axis=1) if columns else np.zeros((rows, 1))

    def back(self, numbers: Any) -> dict[str, Any]:
        """The slots, from numbers of this table or a tensor of them."""
        found, start = {}, 0
        for name, (shape, dtype) in self.kinds.items():
            stop = start + int(np.prod(shape, dtype=int))
            part = ops.reshape(numbers[:, start:stop], (-1, *shape)) if ops.is_tensor(numbers) else None
            found[name] = numbers[:, start:stop].reshape(-1, *shape).astype(dtype) if part is None else part
            start = stop
        return found


class SlotSubject(Subject):
    """A loss of named slots: `true` and `pred` say what its two tables are, `beside` holds what has no rows."""

    slotted = True

    def __init__(self, loss: Loss, slots: Inputs, true: Table, pred: Table, beside: dict[str, Any]) -> None:
        super().__init__(loss)
        self.slots, self.true, self.pred, self.beside = slots, true, pred, beside

    @property
    def contract(self) -> Contract:
        return Contract(SLOT, SLOT, shape="free")

    def called(self, loss: Any, y: Any, p: Any, weight: Any = None, mask: Any = None) -> Any:
        """The loss on two tables."""
        named = {**self.beside, **self.true.back(y), **self.pred.back(p)}
        true, pred, beside = self.slots.sides(named)
        more = {} if mask is None else {"mask": ops.convert_to_tensor(mask, "bool")}
        return loss(true or None, pred, weight, **beside, **more)

    def value(self, y: Any, p: Any, weight: Any = None, mask: Any = None) -> float:
        return float(np.mean(self.run(lambda: self.called(self.loss, y, p, weight, mask))))

    def _raw(self, y: Any, p: Any) -> Any:
        return self.called(self._unreduced, y, p)


def slot_case(
    subject: Subject, y: Any, p: Any, w: Any = None, mask: Any = None, named: dict[str, Any] | None = None, **more: Any
) -> Case:
    """The case of a loss of named slots. What does not fit its slots raises the loss's own error."""
    loss = subject.loss
    beside = {name: arrays(part, name) for name, part in (named or {}).items()}
    y, p = (None if part is None else arrays(part, name) for part, name in ((y, "y_true"), (p, "y_pred")))
    forms = loss.inputs
    if not any(slots.takes(y, p, beside) for slots in forms.values()) and any(
        slots.takes(None, p, beside) for slots in forms.values()
    ):
        y = None  # a target that stands in for none, as fit asks for one
    _, slots = forms.chosen(y, p, beside)
    found = {name: np.asarray(x) for name, x in slots.named(type(loss).__name__, y, p, beside).items()}
    with checks(False):  # shapes are refused here; what numbers are wrong, rules say
        slots.read(type(loss).__name__, None, None, found, dtype="float32")
    if loss.layer is None and loss.inputs.own():  # the loss itself stays as it is
        loss = type(loss).from_config(loss.get_config())
        loss.build_weights(slots.sizes(type(loss).__name__, y, p, beside))
    held = {**loss.own_slots(), **{name: x for name, x in found.items() if slots.slots[name].axes[0] != "row"}}
    by_row = {name: x for name, x in found.items() if slots.slots[name].axes[0] == "row"}
    rows = len(next(iter(by_row.values())))
    pred = Table({name: x for name, x in by_row.items() if slots.slots[name].side == "pred"}, rows)
    true = Table({name: x for name, x in by_row.items() if slots.slots[name].side != "pred"}, rows)
    packed = SlotSubject(subject.loss, slots, true, pred, held)
    w, mask = (None if part is None else arrays(part, name) for part, name in ((w, "sample_weight"), (mask, "mask")))
    return make_case(packed, true.numbers, pred.numbers.astype("float32"), w, mask, **more)
