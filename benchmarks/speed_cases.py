"""What is timed: every loss in the ways that cost differently, and inputs for it. Needs no test library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lossary import _saving
from lossary.core import contract as c
from lossary.core.forms import Binary, Categorical, Overlap, Vector
from lossary.core.loss import CLASSES
from lossary.core.slots import GROUP, SIZES

Shape = tuple[int, ...]
TINY, LARGE, FLAT, WIDE, WIDEST = (64, 10), (4096, 1000), (1_000_000,), (4096, 10_000), (512, 50_257)
ROWS_THAT_MEET, IMAGES, STEPS = (256, 1000), (4, 1024, 1024, 4), (32, 400, 100)
SHAPES: tuple[Shape, ...] = (TINY, LARGE, FLAT, WIDE, WIDEST, ROWS_THAT_MEET, IMAGES, STEPS)
FOR_CLASSES = (WIDE, WIDEST)
GROWTH = (*((rows, 1000) for rows in (512, 2048, 8192)), *((1024, classes) for classes in (10, 100, 1000, 10_000)))
GROWING = (
    "SparseCategoricalCrossentropy(from_logits=True)",
    "CategoricalCrossentropy(from_logits=True)",
    "BinaryCrossentropy(from_logits=True)",
    "Huber()",
    "MeanSquaredError()",
)
QUICK = ("MeanSquaredError", "BinaryCrossentropy", "SparseCategoricalCrossentropy")
EACH = "one for each class"


@dataclass(frozen=True)
class Case:
    """A loss with parameters; `weighted` gives every row a weight. Of named slots, `form` says which formula."""

    cls: Any
    parameters: dict[str, Any] = field(default_factory=dict)
    weighted: bool = False
    form: str = ""

    def sized(self, width: int) -> Case:
        """With as many class weights as there are classes."""
        if self.parameters.get("class_weight") != EACH:
            return self
        weights = tuple(np.random.default_rng(2).uniform(0.5, 2.0, width).round(3).tolist())
        return Case(self.cls, {**self.parameters, "class_weight": weights}, self.weighted)

    def __str__(self) -> str:
        return f"{self.cls.__name__}{self.how()}"

    def how(self) -> str:
        """The parameters in words."""
        given = [f"{name}={value}" for name, value in self.parameters.items()]
        given += ["sample_weight"] if self.weighted else []
        given += [f"of {', '.join(self.slots().needed)}"] if self.form else []
        return f"({', '.join(given)})" if given else ""

    def slots(self) -> Any:
        return dict(self.cls().inputs.forms)[self.form]

    def fits(self, shape: Shape) -> bool:
        """Whether the loss is asked for at this shape; any other shape than the named ones is tried."""
        classes, coupled = issubclass(self.cls, Categorical), self.cls(**self.sized(2).parameters).coupled
        if shape == IMAGES:
            return issubclass(self.cls, Overlap) or self.cls.__name__ == "BinaryFocalCrossentropy"
        if self.form:
            slots = self.slots()
            axes = {axis for name in slots.needed for axis in slots.slots[name].axes}
            if len(shape) == 1:
                return axes <= {"row", "..."} and not coupled
            return shape not in (*FOR_CLASSES, STEPS, LARGE if coupled else ROWS_THAT_MEET) and (
                axes != {"row"} or coupled or shape == TINY
            )
        steps = self.cls.tasks == ("sequence",)
        if shape in (ROWS_THAT_MEET, STEPS) or steps:
            return shape == TINY if shape != STEPS else steps
        if shape in FOR_CLASSES:
            return classes
        return len(shape) > 1 or not self.whole_rows()

    def whole_rows(self) -> bool:
        """Whether a row is one thing, so that it needs several numbers."""
        forms = (Categorical, Vector)
        return issubclass(self.cls, forms) or self.cls.tasks == ("distribution",) or self.scores()

    def scores(self) -> bool:
        """Whether classes are chosen by scores that are no logits."""
        return self.cls.family == "margins" and self.cls.tasks == ("multiclass",)

    def function(self) -> Any:
        """The loss of (y, p) or (y, p, weight); y and p are dictionaries where slots have names."""
        loss = self.cls(**self.parameters)
        if not self.form:
            return loss

        def of_slots(y: Any, p: Any, weight: Any = None) -> Any:
            return loss(y["true"] or None, p["pred"], sample_weight=weight, **y["beside"], **p["own"])

        return of_slots


def losses() -> list[Any]:
    """lossary's own losses, in the order of their files."""
    _saving.register_all()
    own = [cls for key, cls in CLASSES.items() if key.startswith("lossary>")]
    return sorted(own, key=lambda cls: cls.__module__)


def cases(only: list[str]) -> list[Case]:
    """Every loss, or those that are named."""
    every = [case for cls in losses() for case in variants(cls)]
    return [case for case in every if not only or any(named(case, word) for word in only)]


def named(case: Case, word: str) -> bool:
    """Whether a word means the case: all ways of a loss by its name, one by its brackets, several by a beginning."""
    exact = {cls.__name__ for cls in losses()}
    if word.endswith(")"):
        return str(case) == word.removesuffix("()")
    return case.cls.__name__ == word if word in exact else str(case).startswith(word)


def variants(cls: Any) -> list[Case]:
    """The ways that differ in cost: of probabilities and of logits, smoothed, with weights of classes and of rows."""
    if cls.inputs:
        return [Case(cls, form=form) for form, _ in cls().inputs.forms]
    own = cls.params
    first = {"from_logits": True} if "from_logits" in own else {}
    ways: list[dict[str, Any]] = [{}, first] if first else [{}]
    if "label_smoothing" in own:
        ways.append({**first, "label_smoothing": 0.1})
    if "class_weight" in own:
        ways.append({**first, "class_weight": (0.5, 2.0) if issubclass(cls, Binary) else EACH})
    if "apply_class_balancing" in own:
        ways.append({**first, "apply_class_balancing": True})
    if "pos_weight" in own:
        ways = [{**way, "pos_weight": 3.0} for way in ways]
    if "log_rate" in own:
        ways.append({"log_rate": True})
    if "spread" in own and "variance" in own["spread"].choices:
        ways.append({"spread": "variance"})
    if "whole_batch" in own:
        ways.append({"whole_batch": True})
    return [*(Case(cls, way) for way in ways), Case(cls, first, weighted=True)]


_KEPT: dict[Any, np.ndarray] = {}


def normal(shape: Shape, seed: int) -> np.ndarray:
    """Normal numbers, kept while the shape stays: they take as long to make as a loss to compute."""
    if any(key[0] != shape for key in _KEPT):
        _KEPT.clear()
    if (shape, seed) not in _KEPT:
        _KEPT[shape, seed] = np.random.default_rng(seed).standard_normal(shape, "float32")
    return _KEPT[shape, seed]


def inputs(case: Case, shape: Shape) -> tuple[Any, Any]:
    """y_true and y_pred in float32; class numbers are int32. Dictionaries of them where slots have names."""
    if case.form:
        return of_slots(case, shape)
    loss, name = case.cls(**case.sized(shape[-1]).parameters), case.cls.__name__
    rules = loss.contract
    rng = np.random.default_rng(1)
    if case.cls.tasks == ("sequence",):  # rows, steps, symbols
        rows, steps, symbols = shape if len(shape) == 3 else (*shape, shape[-1])
        y = rng.integers(1, symbols, (rows, max(steps // 8, 2))).astype("int32")
        return y, rng.standard_normal((rows, steps, symbols), "float32")
    if rules.shape == "parameters":
        p = normal((*shape, rules.parameters), 3)
        spread = getattr(loss, "spread", "log_variance") != "log_variance"
        return targets(rules.target, shape, rng), np.abs(p) + np.float32(0.5) if spread else p
    of_classes = case.whole_rows() and not issubclass(case.cls, Vector)
    p = predictions(rules.prediction, shape, of_classes)
    if case.cls().contract.shape == "index":
        return rng.integers(0, shape[-1], shape[:-1]).astype("int32"), p
    if case.cls.tasks == ("distribution",):
        return predictions(c.PROBABILITY, shape, True, seed=5), p
    if of_classes:
        y = np.zeros(shape, "float32")
        y[np.arange(shape[0]), rng.integers(0, shape[-1], shape[0])] = 1
        return y, p
    y = targets(rules.target, shape, rng)
    if "Logarithmic" in name:
        y, p = np.abs(y), np.abs(p)
    return y, p


def of_slots(case: Case, shape: Shape) -> tuple[Any, Any]:
    """By name: the true side, and what comes beside both; the predictions, and the weights that the loss owns."""
    before, width = dict(SIZES), shape[1] if len(shape) > 1 else 1
    if any("number" in slot.axes for slot in case.slots().slots.values()):  # they grow with the square of the features
        width = min(width, 64)
    SIZES.update(dict.fromkeys(("class", "feature", "item"), width) | {"number": 2 * width + width * (width - 1) // 2})
    try:
        made = case.slots().sample(np.random.default_rng(1), shape[0], shape[1:], optional=False)
    finally:
        SIZES.update(before)
    for name, slot in case.slots().slots.items():
        if slot.kind is GROUP and name in made:
            made[name] = np.arange(shape[0]) // 4  # four rows of each class
    made = {name: x.astype("float32" if x.dtype.kind == "f" else "int32") for name, x in made.items()}
    true, pred, beside = case.slots().sides(made)
    own = {name: beside.pop(name) for name in case.slots().own() if name in beside}
    return {"true": true, "beside": beside}, {"pred": pred, "own": own}


def predictions(values: Any, shape: Shape, classes: bool, seed: int = 3) -> np.ndarray:
    z = normal(shape, seed)
    if values.high == 0:  # log-probabilities
        return -np.abs(normal(shape, seed))
    if values is c.PROBABILITY:
        if not classes:
            return 1 / (1 + np.exp(-z))
        e = np.exp(z)
        return e / e.sum(-1, keepdims=True)
    return np.abs(z) + np.float32(0.1) if values.low >= 0 else 2 * z


def targets(values: Any, shape: Shape, rng: np.random.Generator) -> np.ndarray:
    if values.draw is not None:
        return values.draw(rng, shape, shape[-1]).astype("float32")
    if values.allowed:
        return np.where(normal(shape, 4) > 0, 1, -1).astype("float32")
    if values is c.SOFT_LABEL:
        return (normal(shape, 4) > 0).astype("float32")
    if values is c.COUNT:
        return np.floor(3 * np.abs(normal(shape, 4)))
    return 2 * normal(shape, 4) if values.low < 0 else np.abs(normal(shape, 4)) + np.float32(0.1)
