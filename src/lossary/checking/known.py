"""What is known of a loss that may be anything: lossary's, Keras's, a function, a partial, a name."""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import Any

import keras
import numpy as np
from keras import ops

from ..core.contract import LOGIT, PROBABILITY, SOFT_LABEL, Contract
from ..core.errors import LossaryError, shown
from ..core.lookup import get
from ..core.loss import Loss
from ..core.metrics import as_losses
from ..core.reduction import both
from ..core.results import Sums
from ..core.schedules import Moving
from ..core.sums import Sum
from ..families.sequences import SYMBOLS
from ..numerics.backend import gradient
from ..numerics.keras_private import is_bare_function, loss_of_compile, wrapped_function
from ..numerics.masks import mask_of, with_mask

Array = np.ndarray[Any, Any]


class LossFailed(Exception):
    """The loss raised; `cause` is what it raised. Rules that meet it cannot judge."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Subject:
    """A loss as Keras would train with it, and what lossary knows of it.

    `given` is what the user passed, `loss` the Keras loss that compile() makes of it. `twin` is lossary's loss of the
    same meaning and parameters, or None for a loss nobody knows; then only what the numbers show can be judged.
    """

    def __init__(self, given: Any, y_true: Any = None, y_pred: Any = None) -> None:
        self.given = given
        self.loss = _as_keras(given, y_true, y_pred)
        self.fn = function_of(self.loss)
        self.twin = _twin(self.loss, self.fn)

    @property
    def name(self) -> str:
        named = self.loss if self.fn is None else _unwrap(self.fn, {})[0]
        return str(getattr(named, "__name__", None) or type(named).__name__)

    @property
    def known(self) -> bool:
        return self.twin is not None and self.twin.contract.shape != "free"

    @property
    def own(self) -> bool:
        """Whether lossary itself computes it, by its own rules of shapes and weights."""
        return isinstance(self.loss, Loss) or hasattr(self.fn, "cls")

    @property
    def built_in(self) -> bool:
        """Whether it is one of lossary's own losses, or one of Keras's that lossary knows by another name."""
        return type(self.twin).__module__.startswith("lossary.families.")

    @property
    def trusted(self) -> bool:
        """Whether what it does with rows and signs need not be tried out."""
        if isinstance(self.loss, Sum):
            return all(Subject(part.loss).trusted for part in self.loss.parts)
        return self.known or self.built_in

    @property
    def plain(self) -> bool:
        """Whether it is a bare function, which only compile() wraps."""
        return self.fn is not None and not isinstance(self.given, (keras.losses.Loss, str))

    @property
    def contract(self) -> Contract:
        return Contract(shape="free") if self.twin is None else self.twin.contract

    @property
    def coupled(self) -> bool:
        """Whether the loss compares rows by design: `coupled = True` on a loss or a function declares it."""
        if isinstance(self.loss, Sum):
            return any(Subject(part.loss).coupled for part in self.loss.parts)
        declared = any(getattr(part, "coupled", False) for part in (self.loss, self.fn) if part is not None)
        return bool(declared) or (self.twin is not None and self.twin.coupled and not self.overlaps)

    @property
    def overlaps(self) -> bool:
        """Whether it is one of Keras's overlaps, which take one ratio over the batch without being asked."""
        return not self.own and self.twin is not None and "whole_batch" in type(self.twin).params

    @property
    def reduces_itself(self) -> bool:
        """Whether it makes one number of the rows by a rule of its own, as a root mean square does."""
        if isinstance(self.loss, Sum):
            return any(Subject(part.loss).reduces_itself for part in self.loss.parts)
        return self.own and self.twin is not None and issubclass(self.twin.gives, Sums)

    def parameter(self, name: str) -> Any:
        return getattr(self.twin, name, None)

    @property
    def parameters(self) -> Collection[str]:
        """The names of the parameters of lossary's loss of the same meaning."""
        return {} if self.twin is None else type(self.twin).params

    @property
    def from_logits(self) -> bool | None:
        """True or False for losses of probabilities or logits, None for all others."""
        if self.twin is None or "from_logits" not in type(self.twin).params:
            return {PROBABILITY: False, LOGIT: True}.get(self.contract.prediction)
        return bool(self.twin.from_logits)

    @property
    def answers(self) -> str:
        """What the targets say, where they are classes: see `Loss.answers`."""
        return "" if self.twin is None else self.twin.answers

    @property
    def categorical(self) -> bool:
        """Whether each target is one of several classes, or a distribution over them."""
        return self.answers == "a class"

    @property
    def exclusive(self) -> bool:
        """Whether the entries along the class axis are those of one softmax."""
        return self.categorical or self.sequence

    @property
    def sequence(self) -> bool:
        """Whether targets are symbols whose places along the predictions are not known."""
        return self.contract.target is SYMBOLS

    @property
    def one_hot(self) -> bool:
        return self.categorical and self.contract.target is SOFT_LABEL

    # -- numbers ------------------------------------------------------------------------------------------------

    slotted = False  # whether it stands for a loss of named slots (checking.slots)

    @staticmethod
    def run(f: Any) -> Array:
        """The numbers that f gives, with nothing changed by it."""
        return _run(f)

    def value(self, y: Any, p: Any, weight: Any = None, mask: Any = None) -> float:
        """What training would report for this batch."""
        return float(np.mean(_run(lambda: self.loss(y, p if mask is None else masked(p, mask), weight))))

    def raw(self, y: Any, p: Any) -> Array:
        """What the loss gives before any reduction."""
        return _run(lambda: self._raw(y, p))

    def slopes(self, y: Any, p: Array) -> Array:
        """The derivative of the sum of `raw` by every entry of p."""
        return _run(lambda: gradient(lambda v: self._raw(y, v), ops.convert_to_tensor(p)))

    def _raw(self, y: Any, p: Any) -> Any:
        if isinstance(self.loss, Loss):
            return self._unreduced(y, p)
        if type(self.loss).call is keras.losses.Loss.call:  # all is done in a __call__ of its own
            return self.loss(y, p)
        dtype = self.loss.dtype
        return self.loss.call(ops.convert_to_tensor(y, dtype=dtype), ops.convert_to_tensor(p, dtype=dtype))

    @functools.cached_property
    def _unreduced(self) -> Loss:
        return type(self.loss).from_config({**self.loss.get_config(), "reduction": None})


def to_numpy(x: Any) -> Array:
    """A tensor as NumPy; half precision as float32."""
    array = np.asarray(ops.convert_to_numpy(x)) if ops.is_tensor(x) else np.asarray(x)
    return array.astype("float32") if array.dtype.name in ("bfloat16", "float16") else array


def _run(f: Any) -> Array:
    """The numbers that f gives, leaving every Keras variable as it was; whatever it raises becomes LossFailed."""
    try:
        with keras.StatelessScope():
            return to_numpy(f()).astype("float64")
    except Exception as error:  # a user's loss may raise anything
        raise LossFailed(error) from error


def masked(p: Any, mask: Any) -> Any:
    """A copy of p that carries the mask beside its own: the tensor of the caller stays as it is."""
    there = both(mask_of(p), ops.convert_to_tensor(mask, dtype="bool"))
    return with_mask(ops.copy(ops.convert_to_tensor(p)), there)


def _as_keras(given: Any, y_true: Any, y_pred: Any) -> keras.losses.Loss:
    if isinstance(given, type) and issubclass(given, keras.losses.Loss):
        return given()
    try:
        number = isinstance(given, (type, Moving, keras.optimizers.schedules.LearningRateSchedule))
        made = None if number else as_compiled(given, y_true, y_pred)
    except ValueError as error:
        if isinstance(given, str):
            made = get(given)
        else:
            raise _no_loss(given) from error
    if made is None:
        raise _no_loss(given)
    return made


def _no_loss(given: Any) -> LossaryError:
    return LossaryError(
        "check takes a loss or a compiled model.",
        arrived=f"It was given {shown(given)} of type {type(given).__name__}.",
        allowed="Expected a Keras loss, a function of (y_true, y_pred), a name, or a compiled Keras model.",
        do="Pass for instance ls.check('mse', y_true, y_pred), or ls.check(model, x, y).",
    )


def as_compiled(given: Any, y_true: Any = None, y_pred: Any = None) -> keras.losses.Loss | None:
    """The Keras loss that compile() makes of a loss, a function or a name; None of None."""
    return loss_of_compile(as_losses(given), y_true, y_pred)


def function_of(loss: keras.losses.Loss) -> Any:
    """The function that compile() made this loss of, or None."""
    return loss.fn if is_bare_function(loss) else None


def _twin(loss: keras.losses.Loss, fn: Any) -> Loss | None:
    if isinstance(loss, Loss):
        return loss
    wrapped = wrapped_function(loss)
    if wrapped is None or (fn is None and not type(loss).__module__.startswith("keras.")):
        return None
    fn, given = _unwrap(*wrapped)
    if hasattr(fn, "cls"):
        return fn.cls(**given)
    return _peer(fn.__name__, given) if (getattr(fn, "__module__", None) or "").startswith("keras.") else None


def _unwrap(fn: Any, given: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    while isinstance(fn, functools.partial):
        fn, given = fn.func, {**fn.keywords, **given}
    return fn, given


def _peer(name: str, given: dict[str, Any]) -> Loss | None:
    """lossary's equal of one of Keras's own functions, with its parameters translated."""
    try:
        found: Loss = get(f"keras.losses.{name}", **given)
        return found
    except LossaryError:
        return None
