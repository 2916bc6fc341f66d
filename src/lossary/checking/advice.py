"""What to do about a tensor that is not finite: from where it stands and the numbers about it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..core import catalogue
from ..core.loss import Loss
from .parts import Array, numbers
from .step import Call, NotFinite

HALF = 65504.0  # the largest number of float16
ROOT = 1.8e19  # its square leaves float32
EXPONENT = 88.0  # e to the power of more leaves float32

ARITHMETIC = {  # operations of a functional model, and what they cannot take
    "log": "The logarithm of 0 is -inf, and of less it is nan: keep its input above 0, for instance by adding 1e-6.",
    "divide": "A division by 0: add a small number to the divisor, or divide where it is not 0.",
    "sqrt": "The root of a negative number is nan: clip its input at 0, or add a small number.",
    "exp": f"e^x leaves float32 beyond x = {EXPONENT:g}: clip its input, or use softplus.",
    "truedivide": "A division by 0: add a small number to the divisor, or divide where it is not 0.",
    "power": "A power of a negative number, or a negative power of 0: clip the input, or square the number instead.",
}


def advise(found: NotFinite, row: int | None) -> tuple[str, str]:
    """The term that is to blame where it is another than the finding's kind says (else ""), and what to do."""
    kind, call = found.kind, found.around.get("call")
    if kind in ("value", "slope"):
        if call is None or row is None:
            return "", "The sum overflows, though its rows are finite: look at the scale of loss and weights."
        return _of_value(call, row) if kind == "value" else ("", _of_slope(call, row))
    if kind == "layer":
        return "", _of_layer(found)
    if kind in ("target", "prediction"):
        return "", _of_data(found)
    return "", SIMPLE[kind]


SIMPLE = {
    "input": "Clean the data: drop or fill these rows, for instance x[np.isfinite(x).all(axis=1)]. Look at what "
    "computed them: a division by a standard deviation of 0, a logarithm of 0, a missing cell.",
    "sample weight": "Weights must be finite: look at what computed them, often a division by the count of an empty "
    "class.",
    "weight": "The weights were not finite before this step: an earlier step diverged. Rebuild the model (saved "
    "weights may be affected too), train with a lower learning rate or clipnorm=1.0, and diagnose the first batches.",
    "regularization": "The penalty overflows or has no value there: look at the size of the weights, and at the "
    "regularizer's own formula (a root or norm at 0).",
    "gradient": "Loss and predictions are finite, so a derivative between this weight and the predictions is not: a "
    "root or norm at 0, or where(ok, f(x), 0) around an f that is infinite at x. Make the input of f safe first: "
    "f(where(ok, x, 1)). In float16, train with mixed_bfloat16 instead.",
}


def _of_data(found: NotFinite) -> str:
    if found.place == "y_pred":
        return "Predictions must be finite: ls.diagnose(model, x, y) finds the layer that made them."
    if found.kind == "prediction":
        return "The model's own code makes them, after its last layer: look there for log, division and power."
    return (
        "Targets must be finite. Drop those rows, or fill them with any number and give them weight 0. Under losses of "
        "lossary a row of weight 0 may hold nan; other losses multiply, and 0 · nan is nan."
    )


def _of_layer(found: NotFinite) -> str:
    operation = type(found.around["operation"]).__name__
    if found.dtype == "float16":
        return (
            f"float16 ends at {HALF:g}. Keep this layer in float32 (dtype='float32'), use the policy mixed_bfloat16, "
            "or normalise what it is given."
        )
    if operation.lower() in ARITHMETIC:
        return ARITHMETIC[operation.lower()]
    size = max((_size(numbers(x)) for x in found.around["inputs"]), default=0.0)
    if size > ROOT:
        return (
            f"Its inputs reach {size:.3g}, where products leave float32: normalise the inputs, and lower the learning "
            "rate if this came in training."
        )
    return (
        "Its inputs and weights are finite, so its own arithmetic makes it: look for a logarithm or root of 0 or less, "
        f"a division by 0, or e^x of more than {EXPONENT:g} in {operation}."
    )


def _of_value(call: Call, row: int) -> tuple[str, str]:
    """A loss that is not finite in one row, though targets and predictions are."""
    target, prediction = _row(call.y_true, row), _row(call.y_pred, row)
    if _weightless(call, row):
        return "", f"The row has weight 0, and 0 · inf is nan.{_twin(call)} Or give the row any valid numbers."
    if outside := _class_outside(call, target):
        return "target", outside
    if _reads_probabilities(call) and (prediction < 0).any():
        return "prediction", "The logarithm of a negative number: end the model in a sigmoid, softmax or softplus."
    if edge := _edge(call, prediction):
        return "", (
            f"The prediction is exactly {edge}. Train on logits (from_logits=True, without sigmoid or softmax in the "
            "model), or use a cross-entropy of lossary: it is finite at 0 and 1. Else add a small number to it."
        )
    return "", _of_size(call, max(_size(prediction), _size(target)))


def _edge(call: Call, prediction: Array) -> str:
    """Which edge of the probabilities a prediction sits on, and what has no value there."""
    if (prediction == 0).any() and not getattr(call.loss, "from_logits", False):
        return "0, where its logarithm, and a division by it, have no value"
    if (prediction == 1).any() and _reads_probabilities(call):
        return "1, where log(1 - p) has no value"
    return ""


def _of_size(call: Call, size: float) -> str:
    """What numbers of this size do to a formula."""
    if "float16" in str(call.y_pred.dtype):
        return f"float16 ends at {HALF:g}: end the model in a layer of dtype='float32'."
    if size > ROOT:
        return f"Squares of numbers beyond {ROOT:.2g} leave float32: standardise the targets, lower the learning rate."
    if size > EXPONENT:
        return f"e^x leaves float32 beyond x = {EXPONENT:g}: bound the predictions, or use a loss of logits."
    return (
        "The formula has no value at these numbers: look for a logarithm, root or power of 0 or less, or a division by "
        "0. Add a small number inside, or leave the row out with weight 0 under a loss of lossary."
    )


def _of_slope(call: Call, row: int) -> str:
    if _weightless(call, row):
        return f"The row has weight 0, and 0 · inf is nan in the derivative.{_twin(call)}"
    return (
        "The value is finite and its derivative is not: a root, norm or power at 0, or where(ok, f(p), 0) around an f "
        "that is infinite at p, since the derivative of the branch not taken is 0 · inf. Make the input of f safe "
        "first: f(where(ok, p, 1))."
    )


def _weightless(call: Call, row: int) -> bool:
    return call.weight is not None and not np.any(_row(call.weight, row))


def _size(values: Array) -> float:
    """The largest absolute value among what is finite."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def _row(values: Any, row: int) -> Array:
    array = numbers(values)
    return np.atleast_1d(array[row] if array.ndim and row < len(array) else array).ravel()


def _class_outside(call: Call, target: Array) -> str:
    """A message for class indices that do not exist."""
    shapes = len(call.y_true.shape), len(call.y_pred.shape)
    sparse = shapes[0] < shapes[1] or call.y_true.shape[-1] == 1 != call.y_pred.shape[-1]
    if not sparse or "sparse" not in call.loss.name:
        return ""
    classes = call.y_pred.shape[-1]
    wrong = target[(target < 0) | (target >= classes)]
    if not wrong.size:
        return ""
    return (
        f"Class {wrong[0]:g} does not exist: the model has {classes} outputs, for the classes 0 … {classes - 1}. Count "
        "classes from 0, or pass ignore_class= for labels that mean 'no label'."
    )


def _reads_probabilities(call: Call) -> bool:
    """Whether the name of the loss says that it takes logarithms of predictions."""
    words = ("entropy", "log", "poisson", "divergence", "likelihood", "nll", "bce", "focal")
    name = f"{call.loss.name} {type(call.loss).__name__}".lower()
    return not getattr(call.loss, "from_logits", False) and any(word in name for word in words)


def _twin(call: Call) -> str:
    """Which loss of lossary has the same formula, where this one is foreign."""
    if isinstance(call.loss, Loss):
        return ""
    for name in (type(call.loss).__name__, call.loss.name):
        card = catalogue.names().get(name)
        if card is not None:
            return f" ls.{card.name} leaves rows of weight 0 out."
    return ""
