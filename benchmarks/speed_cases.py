"""What is timed: every loss in the ways that cost differently, and inputs for it. Needs no test library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lossary import _saving
from lossary.core import contract as c
from lossary.core.forms import Binary, Categorical, Sparse, Vector
from lossary.core.loss import CLASSES

Shape = tuple[int, ...]
TINY, LARGE, FLAT, WIDE, WIDEST = (64, 10), (4096, 1000), (1_000_000,), (4096, 10_000), (512, 50_257)
SHAPES: tuple[Shape, ...] = (TINY, LARGE, FLAT, WIDE, WIDEST)
FOR_CLASSES = (WIDE, WIDEST)
QUICK = ("MeanSquaredError", "BinaryCrossentropy", "SparseCategoricalCrossentropy")
EACH = "one for each class"


@dataclass(frozen=True)
class Case:
    """A loss with parameters; `weighted` gives every row a weight."""

    cls: Any
    parameters: dict[str, Any] = field(default_factory=dict)
    weighted: bool = False

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
        return f"({', '.join(given)})" if given else ""

    def fits(self, shape: Shape) -> bool:
        """Whether the loss is asked for at this shape: the largest are for classes."""
        classes = issubclass(self.cls, Categorical)
        if shape in FOR_CLASSES:
            return classes
        rows_of_several = classes or issubclass(self.cls, Vector) or bool(self.cls.tasks == ("distribution",))
        return len(shape) > 1 or not (rows_of_several or self.cls.__name__ == "CategoricalHinge")


def losses() -> list[Any]:
    """lossary's own losses of one y_true and one y_pred, in the order of their files."""
    _saving.register_all()
    own = [cls for key, cls in CLASSES.items() if key.startswith("lossary>") and not cls.inputs]
    return sorted(own, key=lambda cls: cls.__module__)


def cases(only: list[str]) -> list[Case]:
    """Every loss, or those that are named: a whole name, or the beginning of a name with its parameters."""
    every = [case for cls in losses() for case in variants(cls)]
    return [case for case in every if not only or case.cls.__name__ in only or any(map(str(case).startswith, only))]


def variants(cls: Any) -> list[Case]:
    """The ways that differ in cost: of probabilities and of logits, smoothed, with weights of classes and of rows."""
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
    if "spread" in own:
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


def inputs(case: Case, shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    """y_true and y_pred in float32; class numbers are int32."""
    loss, name = case.cls(**case.sized(shape[-1]).parameters), case.cls.__name__
    rules = loss.contract
    rng = np.random.default_rng(1)
    if rules.rank == 3:  # rows, steps, symbols: of a row's entries, as many symbols as there are decimals
        steps, symbols = max(shape[-1] // 10, 4), 10
        y = rng.integers(1, symbols, (shape[0], max(steps // 4, 2))).astype("int32")
        return y, rng.standard_normal((shape[0], steps, symbols), "float32")
    if rules.shape == "parameters":
        p = normal((*shape, rules.parameters), 3)
        spread = getattr(loss, "spread", "log_variance") != "log_variance"
        return normal(shape, 4), np.abs(p) + np.float32(0.5) if spread else p
    classes = issubclass(case.cls, Categorical) or not case.fits((1,))
    p = predictions(rules.prediction, shape, classes and not issubclass(case.cls, Vector))
    if issubclass(case.cls, Sparse):
        return rng.integers(0, shape[-1], shape[:-1]).astype("int32"), p
    if (rules.target is c.SOFT_LABEL and classes) or name == "CategoricalHinge":
        if case.cls.tasks == ("distribution",):
            return predictions(c.PROBABILITY, shape, True, seed=5), p
        y = np.zeros(shape, "float32")
        y[np.arange(shape[0]), rng.integers(0, shape[-1], shape[0])] = 1
        return y, p
    y = targets(rules.target, shape, rng)
    if "Logarithmic" in name:
        y, p = np.abs(y), np.abs(p)
    return y, p


def predictions(values: Any, shape: Shape, classes: bool, seed: int = 3) -> np.ndarray:
    z = normal(shape, seed)
    if values is c.PROBABILITY:
        if not classes:
            return 1 / (1 + np.exp(-z))
        e = np.exp(z)
        return e / e.sum(-1, keepdims=True)
    return np.abs(z) + np.float32(0.1) if values.low >= 0 else 2 * z


def targets(values: Any, shape: Shape, rng: np.random.Generator) -> np.ndarray:
    if values.allowed:
        return np.where(normal(shape, 4) > 0, 1, -1).astype("float32")
    if values is c.SOFT_LABEL:
        return (normal(shape, 4) > 0).astype("float32")
    if values is c.COUNT:
        return np.floor(3 * np.abs(normal(shape, 4)))
    return 2 * normal(shape, 4)
