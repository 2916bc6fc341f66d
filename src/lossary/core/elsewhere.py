"""Losses of other libraries: what a line of a card's "Elsewhere" says, and each library's own conventions. No Keras.

A line names a loss of a library, its parameters with their defaults, and after an arrow what they are here:

    torch.nn.SmoothL1Loss, torch.nn.functional.smooth_l1_loss(beta=1.0)           the same names
    scipy.optimize.least_squares:huber(f_scale=1.0) -> delta=f_scale              other names
    kornia.losses.WelschLoss -> c=2**0.5                                          numbers, and + - * / ** of both
    timm.loss.DistributionBalancedLoss(…) -> frequency=class_counts/num_samples   and of each number of a list
    sklearn.metrics.mean_absolute_percentage_error -> times=0.01                  a factor of the value
    tf.nn.l2_loss -> reduction="sum"                                              the only way it makes a number
    kornia.losses.total_variation(reduction="sum")                                the way where none is asked for
    torch.nn.KLDivLoss(reduction={"batchmean"}) -> reduction="mean"               for this way alone
    monai.losses.DiceLoss(jaccard={True}) -> class_axis=1                         one of these has to be given
    monai.losses.DiceCELoss -> times=2, beside=hinge(times=3)                     a sum with another loss, by its name
    sklearn.metrics.mean_tweedie_deviance(power={1.5, ...}) -> power=power        something, such as 1.5

A parameter of theirs that nothing here follows from has no equal away from the value that the line gives it. Where
several lines have a name, the first that takes the given parameters is meant; one that names their values goes first.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NoReturn

from .cards import Card
from .errors import ParameterError, did_you_mean, shown

COMMON = ("reduction", "name", "dtype")
MEAN = ("sum_over_batch_size", "mean")
KERAS = {word: word for word in (*MEAN, "sum", "mean_with_sample_weight", "none", None)}


@dataclass(frozen=True)
class Library:
    """How a library makes a number of a batch: its words for the reductions, and what it does by default.

    `entries` says that it sums, and lists, entries where Keras has one value per row. A mean over entries is that over
    rows. `legacy` names parameters that once chose the reduction. `idle`: parameters of its losses that no line names,
    with the values that change nothing.
    """

    start: str
    default: str = "sum_over_batch_size"
    entries: bool = True
    reductions: Mapping[Any, Any] = field(default_factory=lambda: KERAS)
    legacy: tuple[str, ...] = ()
    idle: Mapping[str, Any] = field(default_factory=dict)


TORCH = {"mean": "sum_over_batch_size", "sum": "sum", "none": "none"}
SKLEARN = {"multioutput": "uniform_average", "normalize": True, "scale_by_half": "auto"}
LIBRARIES = (
    Library("torch.", reductions=TORCH, legacy=("size_average", "reduce"), idle={"zero_infinity": False}),
    Library("torchvision.", default="none", reductions=TORCH),
    Library("kornia.", default="none", reductions=TORCH),
    Library("monai.", reductions=TORCH),
    Library("segmentation_models_pytorch.", reductions=TORCH),
    Library("timm.", reductions=TORCH),
    Library("dlordinal.", reductions=TORCH),
    Library("entmax.", default="none"),
    Library("optax.", default="none", idle={"epsilon": 0.0, "log_epsilon": -1e5, "ignore_background": False}),
    Library("tf.nn.", default="none"),
    Library("statsmodels.", default="none"),
    Library("scipy.", default="sum"),
    Library("sklearn.", entries=False, idle=SKLEARN),
    Library("", entries=False),  # Keras, and what means a batch as Keras does
)
# never meant by a bare name
WHOLE = ("monai.", "kornia.", "segmentation_models_pytorch.", "timm.", "dlordinal.", "entmax.", "sklearn._loss.",
         "optax.losses.ntxent", "catboost.", "torch.nn.AdaptiveLogSoftmaxWithLoss")  # fmt: skip
SAME = (  # the start of a name, and what else it is known by
    ("tensorflow.", "tf."),
    ("tf.keras.", "keras."),
    ("tf.losses.", "keras.losses."),
    ("scikit-learn.", "sklearn."),
    ("torch.nn.modules.loss.", "torch.nn."),
    ("nn.", "torch.nn."),
    ("F.", "torch.nn.functional."),
    ("optax.losses.", "optax."),
    ("optax.", "optax.losses."),
    ("tfa.", "tensorflow_addons."),
    ("smp.", "segmentation_models_pytorch."),
    ("xgboost:", "xgboost."),
    ("catboost:", "catboost."),
    ("lightgbm:", "lightgbm.objective:"),
)


def library(name: str) -> Library:
    """The library that a qualified name belongs to."""
    return next(one for one in LIBRARIES if name.startswith(one.start))


def qualified(name: str) -> str:
    """A qualified name as the lines have it: tf.losses.Huber is keras.losses.Huber."""
    for start, other in SAME:
        name = other + name.removeprefix(start) if name.startswith(start) else name
    return name


def home(name: str) -> str:
    """The package of a qualified name, or of a short one: smp is segmentation_models_pytorch."""
    return qualified(f"{name}.").partition(".")[0]


def peer_names(place: str) -> tuple[str, ...]:
    """The qualified names in a line such as 'torch.nn.L1Loss, torch.nn.functional.l1_loss(...) -> ...'."""
    return tuple(name.strip() for name in re.split(r"[(]|->", place, maxsplit=1)[0].split(","))


def peer_name(place: str) -> str:
    """The first of them."""
    return peer_names(place)[0]


def bare(name: str) -> str:
    """The last part of a qualified name."""
    return name.rpartition(".")[2]


@dataclass(frozen=True)
class Line:
    """A line as read: the library's parameters with their defaults, and what each of ours is made of."""

    theirs: dict[str, Any]
    ours: dict[str, ast.expr]
    default: str | None  # its default reduction, if it is not the library's

    def used(self) -> set[str]:
        """Their parameters that ours follow from."""
        return {node.id for expr in self.ours.values() for node in _walk(expr) if isinstance(node, ast.Name)}

    def renamed(self) -> dict[str, str]:
        """Those of ours that are one of theirs as it is."""
        return {key: expr.id for key, expr in self.ours.items() if isinstance(expr, ast.Name)}

    def asked(self) -> dict[str, Any]:
        """What has to be given, with a value that can be."""
        sets = {key: sorted(value - {...}) for key, value in self.theirs.items() if isinstance(value, set)}
        return {key: value[0] for key, value in sets.items()}

    def unequal(self, given: Mapping[str, Any]) -> list[str]:
        """Their parameters with another value than those that have an equal."""
        used = self.used()
        return [
            k for k, v in self.theirs.items() if not _allowed(k in used, v, given.get(k, None if k in given else v))
        ]

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Our parameters for theirs."""
        theirs = {**self.theirs, **{k: v for k, v in given.items() if k in self.theirs}}
        return {key: _value(expr, theirs) for key, expr in self.ours.items()}


def _allowed(free: bool, default: Any, given: Any) -> bool:
    """Whether a value has an equal: what `default` says of a parameter that ours follow from (`free`) or not."""
    if isinstance(default, set):
        return given is not default and (... in default or any(_same(given, one) for one in default))
    return free or _same(given, default)


@cache
def read(place: str) -> Line:
    """A line that is written as above."""
    left, _, right = place.partition("->")
    theirs = {k: ast.literal_eval(v) for k, v in _keywords(left[left.find("(") :] if "(" in left else "()").items()}
    default = None if isinstance(theirs.get("reduction"), set) else theirs.pop("reduction", None)
    ours = _keywords(f"({right.strip()})")
    same: dict[str, ast.expr] = {name: ast.Name(name) for name, value in theirs.items() if not isinstance(value, set)}
    line = Line(theirs, ours if right else same, default)
    assert line.used() <= set(theirs), f"{place}: {line.used() - set(theirs)}"
    line.values(line.asked())
    return line


def _keywords(arguments: str) -> dict[str, ast.expr]:
    """The keywords of a call."""
    call = ast.parse("f" + arguments.strip(), mode="eval").body
    assert isinstance(call, ast.Call) and not call.args, arguments
    return {str(keyword.arg): keyword.value for keyword in call.keywords}


OPERATORS: dict[type, Any] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def _walk(expr: ast.expr) -> Iterator[ast.AST]:
    """The parts of an expression, without the name of another loss."""
    parts = [keyword.value for keyword in expr.keywords] if isinstance(expr, ast.Call) else [expr]
    return (node for part in parts for node in ast.walk(part))


def _value(expr: ast.expr, theirs: Mapping[str, Any]) -> Any:
    """What an expression of their parameters is; another loss is its name and its parameters."""
    if isinstance(expr, ast.Call):
        return ast.unparse(expr.func), {str(k.arg): _value(k.value, theirs) for k in expr.keywords}
    if isinstance(expr, ast.Name):
        return theirs[expr.id]
    if isinstance(expr, ast.BinOp) and type(expr.op) in OPERATORS:
        combined, left, right = OPERATORS[type(expr.op)], _value(expr.left, theirs), _value(expr.right, theirs)
        return tuple(combined(x, right) for x in left) if isinstance(left, (tuple, list)) else combined(left, right)
    return ast.literal_eval(expr)


def misfits(place: str, given: Mapping[str, Any]) -> tuple[int, int]:
    """How many of these parameters the line does not know, or has no equal for; and how many it takes as they come."""
    given, line = _set(given), read(place)
    at = library(peer_name(place))
    known = {*line.theirs, *COMMON, *at.legacy, *at.idle}
    taken = sum(isinstance(value, set) and ... in value for value in line.theirs.values())
    return len(set(given) - known) + len(line.unequal(given)) + len(_busy(line, at, given)), taken


def _busy(line: Line, at: Library, given: Mapping[str, Any]) -> list[str]:
    """Parameters that no line names, with a value that would change something."""
    return [key for key in at.idle if key in given and key not in line.theirs and not _same(given[key], at.idle[key])]


def translate(card: Card, place: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """lossary's parameters for those that the library of this line was given, its reduction among them, and `times`
    where the value is to be multiplied."""
    line, name = read(place), peer_name(place)
    at, given = library(name), _set(given)
    unknown = sorted(set(given) - {*line.theirs, *COMMON, *at.legacy, *at.idle})
    if unknown:
        known = (*line.theirs, *COMMON)
        _refuse(card, name, given, ", ".join(unknown), f"{', '.join(known)}", did_you_mean(unknown, known))
    for key in line.unequal(given):
        only = line.theirs[key]
        allowed = " or ".join(repr(v) for v in only if v is not ...) if isinstance(only, set) else repr(only)
        what = f"{key}={shown(given[key])}" if key in given else f"{key} where it is left out"
        _refuse(card, name, given, what, f"{key}={allowed or 'a value'}")
    for key in _busy(line, at, given):
        _refuse(card, name, given, f"{key}={shown(given[key])}", f"{key}={at.idle[key]!r}")
    try:
        found = line.values(given)
    except (TypeError, ArithmeticError):
        said = ", ".join(f"{key}={shown(value)}" for key, value in given.items())
        _refuse(card, name, given, said, "numbers that can be calculated with")
    reduction = found.get("reduction") or _reduction(card, name, at, line.default or at.default, given, found)
    if "reduction" in found and "reduction" not in line.theirs and given.get("reduction", reduction) != reduction:
        _refuse(card, name, given, f"reduction={shown(given['reduction'])}", f"reduction={reduction!r}")
    return found | {k: v for k, v in given.items() if k in COMMON} | {"reduction": reduction}


def _set(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given: None is how other libraries leave a parameter out, but no reduction is a reduction."""
    return {key: value for key, value in given.items() if value is not None or key == "reduction"}


def _same(given: Any, default: Any) -> bool:
    """Whether these are equal; what compares entry by entry, or not at all, is not."""
    try:
        return bool(given == default)
    except Exception:
        return False


def _reduction(
    card: Card, name: str, at: Library, default: str, given: Mapping[str, Any], found: Mapping[str, Any]
) -> Any:
    asked = given.get("reduction", default)
    for old in ("reduce", "size_average"):
        if not isinstance(given.get(old, True), bool):
            _refuse(card, name, given, f"{old}={shown(given[old])}", "True or False")
    if given.get("reduce", True) is False:
        asked = "none"
    elif "reduce" in given or "size_average" in given:
        asked = "mean" if given.get("size_average", True) else "sum"
    words = {**KERAS, **at.reductions}
    if not isinstance(asked, str | None) or asked not in words:
        _refuse(card, name, given, f"reduction={shown(asked)}", f"one of {', '.join(map(repr, words))}")
    reduction = words[asked]
    if found.get("class_weight") is not None and reduction in MEAN:
        return "mean_with_class_weight"
    return reduction


def _refuse(card: Card, name: str, given: Mapping[str, Any], what: str, allowed: str, meant: str = "") -> NoReturn:
    said = ", ".join(f"{k}={shown(v)}" for k, v in given.items())
    raise ParameterError(
        f"Cannot find the equivalent of {name}{' with ' if said else ''}{said}.",
        arrived=f"lossary cannot translate {what}.",
        allowed=f"Expected {allowed}.",
        do=meant
        or f"Use {card.name} and its own parameters: {', '.join(p.name for p in card.params) or 'none'}. "
        "Weights of rows or entries are passed to each call, as sample_weight.",
    )


def value_of(text: str) -> Any:
    """A parameter that was written as text: a number, a flag, a tuple; else the text itself."""
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text.strip()
