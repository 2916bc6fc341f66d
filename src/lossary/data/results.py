"""What a comparison found, as plain records: training fills them in, the screen and the report show them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np

FORMAT = 1  # goes up when a field of the JSON document changes its meaning


@dataclass
class Curve:
    """How a fit went: after `epoch` epochs, the loss on both parts and the regularization, apart."""

    epoch: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    valid: list[float] = field(default_factory=list)
    regularization: list[float] = field(default_factory=list)


@dataclass
class Pull:
    """A row and its share of all pull on a fit: |derivative of the row's loss by its prediction|, over their sum."""

    row: int
    words: str
    share: float
    gap: str  # what the fit gets wrong there, in words


@dataclass
class Coefficients:
    """A linear model in the data's own units: one row a class (regression and binary: one row)."""

    features: list[str]
    rows: list[str]
    weights: list[list[float]]
    intercepts: list[float]
    meaning: str


@dataclass
class Convergence:
    """How good the end of a fit is known to be.

    kind: "optimum", "stationary", "no finite optimum" or "not converged" for a model that is solved; "settled" or
    "not settled" for one that is trained. gap: no coefficients of this size lower the target by more than this share.
    gradient: what is left of the gradient, as a share of its parts; of a trained model, by what share of the target
    weights moved by their own size along it would lower it. targets: loss and regularization along the way.
    """

    kind: str
    words: str
    sentence: str
    unique: bool | None = None
    gap: float | None = None
    gradient: float | None = None
    collinear: list[str] = field(default_factory=list)
    direction: list[str] = field(default_factory=list)
    start: str = ""
    method: str = ""
    iterations: int = 0
    targets: list[float] = field(default_factory=list)

    @property
    def certified(self) -> str:
        """The gap for a table, or what is left of the gradient."""
        if self.gap is not None:
            return f"{max(self.gap, 1e-16):.0e}"
        return "–" if self.gradient is None else f"{self.gradient:.0e}"


@dataclass
class Fit:
    """One model, fitted with one loss."""

    label: str
    function: str
    params: dict[str, Any]
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    diverged: bool = False
    curve: Curve = field(default_factory=Curve)  # of a model that is trained; empty for one that is solved
    convergence: Convergence | None = None
    train: dict[str, float | None] = field(default_factory=dict)  # every loss, by label; None: not defined there
    valid: dict[str, float | None] = field(default_factory=dict)
    regularization: float = 0.0
    coefficients: Coefficients | None = None
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)  # "train" and "valid": what it gets right
    predictions: list[float] = field(default_factory=list)  # a row each: the value, the score, or the class
    gaps: list[float] = field(default_factory=list)  # a row each: residual, or margin of the right class
    line: list[float] = field(default_factory=list)  # along Comparison.grid
    pulls: list[Pull] = field(default_factory=list)  # the strongest, first the hardest
    pull_shares: dict[int, float] = field(default_factory=dict)  # of every training row, by its number


@dataclass
class Summary:
    """What a column holds: least, quartiles and most of its numbers, or how often which value; `missing` cells."""

    name: str
    missing: int
    quantiles: list[float]
    values: str


@dataclass
class Comparison:
    """The same model, fitted once per loss on the same data."""

    title: str
    source: str
    licence: str
    look: str
    task: str
    target: str
    inputs: list[str]
    features: list[str]
    classes: list[str]
    rows: int
    train_rows: int
    valid_rows: int
    notes: list[str]
    scaling: str
    model: str
    settings: dict[str, Any]
    command: str
    versions: dict[str, str]
    x: list[float]  # the one input of each row; empty when there are more
    y: list[float]
    row_numbers: list[int]
    validation: list[bool]
    grid: list[float]
    fits: list[Fit] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # the labels of all losses asked for
    columns: list[Summary] = field(default_factory=list)  # the target first
    interrupted: bool = False
    seconds: float = 0.0

    @property
    def solved(self) -> bool:
        """Whether the models were solved, not trained in steps."""
        return self.settings.get("optimizer", "") is None

    @property
    def has_line(self) -> bool:
        """Whether there is one numeric input to draw the target against."""
        return self.task == "regression" and bool(self.x)

    @property
    def decided(self) -> list[str]:
        """All that was decided about the data, the units and their reason included."""
        if self.task != "regression":
            return [*self.notes, "Inputs are standardised by mean and standard deviation; models give scores."]
        return [
            *self.notes,
            "Inputs are standardised by mean and standard deviation. The target becomes "
            f"{self.scaling}. A constant such as Huber's delta means nothing without a common scale, and an ordinary "
            "standard deviation would itself be dragged by wild values. Losses are in these units.",
        ]

    def document(self) -> dict[str, Any]:
        """Everything as JSON takes it: numbers that are not finite become null."""
        return {"format": FORMAT, **plain({one.name: getattr(self, one.name) for one in fields(Comparison)})}


def plain(value: Any) -> Any:
    """The same in Python's own types, as JSON takes them: numbers that are not finite become None."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
