"""What y_true and y_pred may be: shapes, ranges, label coding. Refused early, or read by one stated rule."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._calls import checked_call
from ..numerics import ops
from ..numerics.backend import alike, concrete, min_max, on_cpu, type_name, visible
from .errors import LossaryError, PredictionError, ShapeError, TargetError, shown

Tensor = Any
Shape = tuple[int | None, ...]
CHECKS: ContextVar[bool] = ContextVar("lossary_checks", default=True)
FIRST = 8  # looks at the numbers of a loss that lie off the CPU
_LOOKS: Counter[str] = Counter()


@contextlib.contextmanager
@checked_call
def checks(on: bool) -> Iterator[None]:
    """Switch the value checks of eager calls for a block: `with ls.checks(False): ...`. Shapes are always checked."""
    if not isinstance(on, (bool, np.bool_)):
        raise LossaryError(
            "ls.checks(on) switches the value checks of eager calls for a block.",
            arrived=f"It was given {shown(on)}.",
            allowed="Expected True or False.",
            do="Write `with ls.checks(False):`.",
        )
    token = CHECKS.set(bool(on))
    try:
        yield
    finally:
        CHECKS.reset(token)


def certain(x: Tensor) -> bool:
    """Whether the numbers of this tensor are checked in every call: it is eager, on the CPU, and checks are on."""
    return concrete(x) and CHECKS.get() and on_cpu(x)  # in this order: a compiler cannot look into a context variable


def looks(owner: str, what: str, x: Tensor) -> bool:
    """Whether to look at the numbers of this tensor now. Off the CPU the first calls of a loss are checked and no
    more: each look waits for the device."""
    if not concrete(x) or not CHECKS.get() or 0 in x.shape:
        return False
    if not on_cpu(x):
        _LOOKS[f"{owner} {what}"] += 1
        return _LOOKS[f"{owner} {what}"] <= FIRST
    return True


@dataclass(frozen=True)
class Values:
    """What the entries of one argument may be.

    `neutral` stands in for entries that do not count (weight 0, masked, ignored); `slack` forgives rounding.
    `allowed` lists the only values there may be (label codings); `whole` asks for whole numbers. Entries below `floor`
    are read as it. `hint` says what to do; where it speaks of a parameter (`needs`), losses without it say
    `otherwise`. `draw(rng, shape, top)` makes lawful samples for tests and documents.
    """

    words: str
    low: float = -np.inf
    high: float = np.inf
    neutral: float = 0.0
    slack: float = 0.0
    whole: bool = False
    allowed: tuple[float, ...] = ()
    hint: str = ""
    floor: float = -np.inf
    needs: str = ""
    otherwise: str = ""
    draw: Callable[[np.random.Generator, tuple[int, ...], int], np.ndarray] | None = None

    @property
    def any(self) -> bool:
        """Whether there may be any number."""
        return self.low == -np.inf and self.high == np.inf and not self.allowed

    def advice(self, parameters: Collection[str]) -> str:
        """What to do about other values, for a loss with these parameters."""
        return self.hint if not self.needs or self.needs in parameters else self.otherwise


REAL = Values("any real number")
FEATURE = Values("any real number, an entry of a vector", neutral=1.0)
LOGIT = Values("a logit, any real number")
PROBABILITY = Values(
    "a probability in [0, 1]", 0.0, 1.0, neutral=0.5, slack=1e-3,
    hint="If the model's last layer has no sigmoid or softmax, pass from_logits=True.",
    needs="from_logits", otherwise="End the model in a sigmoid or softmax.",
)  # fmt: skip
SOFT_LABEL = Values(
    "a label or a soft label in [0, 1]", 0.0, 1.0, slack=1e-6,
    hint="Labels -1 and 1 become 0 and 1 by (y + 1) / 2, grey levels by y / 255, class indices by "
    "keras.utils.to_categorical(y).",
)  # fmt: skip
SIGN = Values(
    "a label -1 or 1 (or 0 or 1, where 0 is read as -1)", allowed=(-1.0, 0.0, 1.0),
    hint="Hinge losses read signs; round soft labels first.",
    draw=lambda rng, shape, top: rng.choice([-1.0, 1.0], size=shape),
)  # fmt: skip
COUNT = Values("a count or amount >= 0", 0.0, hint="Look for missing values that are coded as negative numbers.")
RATE = Values(
    "a rate >= 0", 0.0, neutral=1.0, slack=1e-6,
    hint="End the model in a softplus or exp, or predict the logarithm with log_rate=True.",
    needs="log_rate", otherwise="End the model in a softplus or exp.",
)  # fmt: skip
CLASS_INDEX = Values("a class index", 0.0, whole=True, hint="")


@dataclass(frozen=True)
class Contract:
    """What one loss accepts. `shape` is the rule that ties y_true to y_pred.

    - "same": equal shapes; one trailing axis of length 1 may be missing on one side.
    - "index": y_true lacks the class axis of y_pred (or has length 1 there).
    - "parameters": y_pred has one axis more, at the end, of length `parameters`; a last axis of length 1 of y_true
      may be missing in y_pred. With `ends`, y_true has a last axis of length 2: both ends of where a target lies.
    - "named": the loss declares slots of its own (core.slots).
    - "free": a user's own loss; nothing is known.

    `absent(y_true)` says which rows the targets themselves take out, such as those of an ignored class; None for none.
    """

    target: Values = REAL
    prediction: Values = REAL
    shape: str = "same"
    axis: int = -1
    parameters: int = 0
    ignored: int | None = None
    rank: int = 0  # how many axes y_pred has; 0 is any number
    absent: Callable[[Tensor], Tensor | None] | None = None
    ends: bool = False

    def text(self) -> str:
        """What it says, in words."""
        if self.shape == "free":
            return "y_true, y_pred: as the loss itself reads them"
        along = {
            "index": f" for each class along axis {self.axis}",
            "parameters": f", {self.parameters} numbers per target along the last axis",
        }
        more = along.get(self.shape, ", of the same shape")
        return f"y_true: {self.target.words}. y_pred: {self.prediction.words}{more}"


def match_shapes(owner: str, contract: Contract, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """y_true and y_pred in shapes that fit, by the one documented rule; anything else is a ShapeError.

    Where a compiler does not know a size yet, the shapes must still have one lawful reading, which the running program
    holds them to.
    """
    if contract.shape == "free":
        return y_true, y_pred
    given = y_true, y_pred
    if len(y_pred.shape) == 0 or len(y_true.shape) == 0:
        raise _mismatch(owner, contract, *given)
    if 0 in y_pred.shape[1:] or contract.rank not in (0, len(y_pred.shape)):
        raise ShapeError(
            f"{owner} reads y_pred as rows of numbers"
            + ("." if contract.axis == -1 else f" along axis {contract.axis}."),
            arrived=f"y_pred has shape {tuple(y_pred.shape)}.",
            allowed="Expected at least one number in each row"
            + (f", and {contract.rank} axes." if contract.rank else "."),
            do="Reshape y_pred: the first axis counts the rows.",
        )
    if contract.shape == "index":
        check_axis(owner, contract.axis, len(y_pred.shape))
        want = _without(tuple(y_pred.shape), contract.axis)
        if len(y_true.shape) == len(y_pred.shape):
            places = contract.axis % len(y_pred.shape), len(y_pred.shape) - 1
            y_true = next((y for y in (_less(y_true, k) for k in places) if _fits(tuple(y.shape), want)), y_true)
        if _fits(tuple(y_true.shape), want):
            return _held(y_true, y_pred, contract.axis, owner, contract), y_pred
    elif contract.ends:
        if len(y_true.shape) == len(y_pred.shape) + 1:
            y_true = _less(y_true, -2)
        if _fits(
            (*y_true.shape[:-1], 2, contract.parameters), (*y_pred.shape[:-1], y_true.shape[-1], y_pred.shape[-1])
        ):
            low, high = (_held(y_true[..., k], y_pred, -1, owner, contract) for k in (0, 1))
            return ops.stack([low, high], axis=-1) if None in y_true.shape[1:] else y_true, y_pred
    elif contract.shape == "parameters":
        if len(y_true.shape) == len(y_pred.shape):
            y_true = _less(y_true, -1)
        if _fits((*y_true.shape, contract.parameters), tuple(y_pred.shape)):
            if y_pred.shape[-1] is None:
                y_pred = ops.reshape(y_pred, (*ops.shape(y_pred)[:-1], contract.parameters))
            return _held(y_true, y_pred, -1, owner, contract), y_pred
    else:
        y_true, y_pred = _one_trailing_axis(y_true, y_pred)
        if _fits(tuple(y_true.shape), tuple(y_pred.shape)):
            return _held(y_true, y_pred, None, owner, contract), y_pred
    raise _mismatch(owner, contract, *given)


def alike_already(contract: Contract, y_true: Tensor, y_pred: Tensor) -> bool:
    """Whether they fit as they are: rows, of sizes that are known, with the numbers along the last axis."""
    shape = tuple(y_pred.shape)
    if contract.axis != -1 or contract.rank or len(shape) < 2 or 0 in shape or None in shape:
        return False
    wanted = {"same": shape, "index": shape[:-1]}.get(contract.shape)
    return wanted == tuple(y_true.shape)


def check_ranks(owner: str, **arguments: Any) -> None:
    """Refuse tensors whose number of axes the compiler does not know: no rule can be applied to them."""
    for name, x in arguments.items():
        if _unknown_rank(x):
            raise ShapeError(
                f"{owner} needs the rank of {name}.",
                arrived=f"{name} is a tensor of unknown rank: the compiled program does not know how many axes it has.",
                allowed="Expected a tensor of known rank; the sizes of its axes may be unknown.",
                do=f"Set the rank where the data come from: {name}.set_shape((None, 1)), or a TensorSpec with a shape.",
            )


def _unknown_rank(x: Any) -> bool:
    """Only TensorFlow makes such tensors."""
    return getattr(getattr(x, "shape", ()), "rank", 0) is None


def check_axis(owner: str, axis: int, rank: int) -> None:
    """Refuse an axis that predictions of so many axes do not have."""
    if not -rank <= axis < rank:
        raise ShapeError(
            f"{owner} works along axis {axis} of y_pred.",
            arrived=f"y_pred has {rank} {'axis' if rank == 1 else 'axes'}.",
            allowed=f"Expected an axis from {-rank} to {rank - 1}.",
            do="Pass the index of the axis you mean: axis=-1 is the last one, axis=1 the first one after the rows.",
        )


def _less(x: Tensor, axis: int) -> Tensor:
    """`x` without this axis if it has length 1, or may have: then the running program makes sure."""
    if x.shape[axis] == 1:
        return ops.squeeze(x, axis=axis)
    return x if x.shape[axis] is not None else ops.reshape(x, _without(tuple(ops.shape(x)), axis))


def _held(y_true: Tensor, y_pred: Tensor, but: int | None, owner: str, contract: Contract) -> Tensor:
    """y_true; where the compiler does not know all sizes, the program compares them with those of y_pred (but for one
    axis), so that nothing broadcasts. The number of rows is compared by what follows."""
    want = tuple(y_pred.shape) if but is None else _without(tuple(y_pred.shape), but)
    if None not in (*y_true.shape[1:], *want[1:]):
        return y_true
    like = y_pred if but is None else ops.take(y_pred, 0, axis=but)
    return alike(y_true, like, str(_mismatch(owner, contract, y_true, y_pred)))


def _one_trailing_axis(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """(n,) against (n, 1) becomes (n, 1) for both; (n, t) against (n, t, 1) becomes (n, t) for both."""
    if len(a.shape) == len(b.shape):
        return a, b
    short, long = (a, b) if len(a.shape) < len(b.shape) else (b, a)
    if len(long.shape) == len(short.shape) + 1 and long.shape[-1] in (1, None):
        if len(short.shape) == 1:
            short = ops.expand_dims(short, -1)
        else:
            long = _less(long, -1)
        return (short, long) if len(a.shape) < len(b.shape) else (long, short)
    return a, b


def _without(shape: Shape, axis: int) -> Shape:
    axis %= len(shape)
    return shape[:axis] + shape[axis + 1 :]


def _fits(a: Shape, b: Shape) -> bool:
    """Equal shapes, as far as both are known."""
    return len(a) == len(b) and all(x == y or x is None or y is None for x, y in zip(a, b, strict=True))


def _mismatch(owner: str, contract: Contract, y_true: Tensor, y_pred: Tensor) -> ShapeError:
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    if not true or not pred or (contract.shape == "index" and len(pred) == 1):
        return ShapeError(
            f"{owner} compares y_true with y_pred, row by row.",
            arrived=f"y_true has shape {true} and y_pred has shape {pred}.",
            allowed="Expected arrays with one row per example as their first axis"
            + (", and the classes along another axis of y_pred." if contract.shape == "index" else "."),
            do="If y_pred holds one number for each row, take a loss of two classes, such as ls.BinaryCrossentropy; "
            "else give it one number for each class."
            if true and pred
            else "Add a row axis where it is missing, for instance np.array([y_true]).",
        )
    rule, do = {
        "same": (
            "They must have the same shape; only a trailing axis of length 1 may be missing on one side.",
            "Broadcasting would compare the wrong pairs: reshape one of them, for instance y_true[:, None].",
        ),
        "index": (
            f"Expected y_true in the shape of y_pred without its class axis ({contract.axis}), here "
            f"{_without(pred, contract.axis) if pred else 'unknown'}.",
            "Pass class indices; of one-hot rows these are y_true.argmax(axis=-1). For rows of probabilities, take "
            "ls.CategoricalCrossentropy.",
        ),
        "parameters": (
            f"Expected y_pred in the shape of y_true with one more, last axis of length {contract.parameters}.",
            "Give the model that many outputs per target.",
        ),
    }[contract.shape]
    if contract.ends:
        rule = f"Expected y_true (..., 2), the ends of each target, and y_pred (..., {contract.parameters})."
        do = "Pass np.stack([lower, upper], axis=-1), equal where the target is known."
    if contract.target is SOFT_LABEL and len(pred) > 1 and true == _without(pred, contract.axis):
        do = "If y_true holds class indices, pass keras.utils.to_categorical(y_true), or take a loss of class indices."
    elif apart := [k for k in range(1, len(pred)) if true == _without(pred, k)]:
        if contract.shape == "index":
            do = f"If the classes lie along axis {apart[0]} of y_pred, pass axis={apart[0]}, or move them to the end."
        elif contract.target is SOFT_LABEL:
            do = f"If y_true holds class indices, pass them one-hot, with the classes along axis {apart[0]}."
    return ShapeError(
        f"{owner} compares y_true with y_pred.",
        arrived=f"y_true has shape {true} and y_pred has shape {pred}.",
        allowed=rule,
        do=do,
    )


def check_values(
    owner: str, contract: Contract, y_true: Tensor, y_pred: Tensor, parameters: Collection[str] = ()
) -> None:
    """Look at the numbers of an eager call; nothing happens under a compiler or with checks off.

    The axis that the loss works along is the last one by now, wherever it was. `parameters` are those of the loss:
    advice names no other.
    """
    target = contract.target
    if target.any and contract.prediction.any:
        return
    if target is CLASS_INDEX:
        _check_classes(owner, contract, y_true, y_pred, parameters)
    else:
        if contract.ignored is not None and concrete(y_true) and CHECKS.get():
            y_true = ops.where(ops.equal(y_true, contract.ignored), target.neutral, y_true)
        _check_range(owner, "y_true", target, y_true, TargetError, parameters)
    _check_range(owner, "y_pred", contract.prediction, y_pred, PredictionError, parameters)


def _check_range(
    owner: str, name: str, values: Values, x: Tensor, kind: type[LossaryError], parameters: Collection[str]
) -> None:
    if values.any or not looks(owner, name, x):
        return
    low, high = min_max(x)
    outside = low < values.low - values.slack or high > values.high + values.slack
    if values.allowed and not outside:
        if values.allowed == (-1.0, 0.0, 1.0):  # of these, and of no others between them, the square is the size
            entries = visible(x)
            low_rest, high_rest = min_max(entries * entries - abs(entries))
            outside = low_rest < 0 or high_rest > 0
        else:
            known = (*values.allowed, np.nan)
            outside = not bool(np.isin(np.asarray(ops.convert_to_numpy(x)).astype("float64"), known).all())
    if outside:
        raise kind(
            f"{owner} reads every entry of {name} as {values.words}.",
            arrived=f"{name} holds values from {low:g} to {high:g}.",
            allowed=f"Expected {values.words}.",
            do=values.advice(parameters) or f"Bring {name} into this range.",
        )


def _check_classes(owner: str, contract: Contract, y_true: Tensor, y_pred: Tensor, parameters: Collection[str]) -> None:
    if not looks(owner, "y_true", y_true):
        return
    if "int" in type_name(y_true) and contract.ignored is None:
        low, high = min_max(y_true)  # found where it lies
        if low >= 0 and high < y_pred.shape[-1]:
            return
    labels = np.asarray(ops.convert_to_numpy(y_true)).astype("float64")
    if contract.ignored is not None:
        labels = labels[labels != contract.ignored]
    if labels.size == 0:
        return
    classes = y_pred.shape[-1]
    low, high = labels.min(), labels.max()
    if low < 0 or high >= classes or (labels != np.rint(labels)).any():
        counted_from_one = low == 1 and high == classes
        between = bool((np.isfinite(labels) & (labels != np.rint(labels))).any())
        raise TargetError(
            f"{owner} reads y_true as class indices, whole numbers from 0 to {classes - 1} for the {classes} classes "
            "of y_pred.",
            arrived=f"y_true holds values from {low:g} to {high:g}.",
            allowed=f"Expected labels from 0 to {classes - 1}"
            + ("." if contract.ignored is None else f", and {contract.ignored} for rows to ignore."),
            do="Class indices are whole numbers; a loss for soft labels takes one number per class."
            if between
            else "Count the classes from 0: subtract 1 from y_true."
            if counted_from_one
            else "Give the model one output per class"
            + (", or pass ignore_class= for labels that mean 'no label'." if "ignore_class" in parameters else "."),
        )


def check_rows(owner: str, values: Tensor, first: Tensor) -> None:
    """A user's loss must give one value per row: a batch mean would make weights and masks meaningless."""
    if len(first.shape) > 1 and (len(values.shape) == 0 or values.shape[0] not in (first.shape[0], None)):
        if first.shape[0] is None and len(values.shape) > 0:
            return
        raise no_rows(owner, first, tuple(values.shape))


def no_rows(owner: str, y_pred: Tensor, shape: tuple[int | None, ...] = ()) -> ShapeError:
    return ShapeError(
        f"{owner} must give one value per row of the batch.",
        arrived=f"For predictions of shape {tuple(y_pred.shape)} it gave values of shape {shape}.",
        allowed="Expected values whose first axis is the batch; only then can rows be weighted or masked.",
        do="Take the mean over axis=-1 inside the loss, not over everything; lossary reduces the rows.",
    )
