"""What a comparison found, as plain records: training fills them in, the screen and the report show them."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np

FORMAT = 2  # goes up when a field of the JSON document changes its meaning
HEADS = {  # of figures about classes, as they are read on screens
    "wrong": "errors",
    "missed": "false negatives",
    "false alarms": "false positives",
    "weakest class": "lowest recall",
    "most mixed up": "most confused",
}
OPTIMIZERS = {
    "adam": "Adam", "adamw": "AdamW", "nadam": "Nadam", "adamax": "Adamax", "adagrad": "Adagrad",
    "adadelta": "Adadelta", "rmsprop": "RMSprop", "sgd": "SGD", "lion": "Lion", "ftrl": "FTRL", "lamb": "LAMB",
    "adafactor": "Adafactor",
}  # fmt: skip


@dataclass
class LearningCurve:
    """How a fit went: after `epoch` epochs, the loss on both parts and the regularization, apart."""

    epoch: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    valid: list[float] = field(default_factory=list)
    regularization: list[float] = field(default_factory=list)


@dataclass
class Pull:
    """A row, counted from 0, and its share of all pull on a fit: |slope of the row's loss at its prediction|."""

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
    seconds: float = 0.0  # of this fit alone, what another loss needed first not counted
    notes: list[str] = field(default_factory=list)
    diverged: bool = False
    curve: LearningCurve = field(
        default_factory=LearningCurve
    )  # of a model that is trained; empty for one that is solved
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
class Baseline:
    """What is right without looking at the inputs: always the same answer, judged as fits are.

    `value` is that answer, in words; losses that read scores of classes see the shares of the classes.
    """

    label: str
    value: str
    train: dict[str, float | None] = field(default_factory=dict)
    valid: dict[str, float | None] = field(default_factory=dict)
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)


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
    baselines: list[Baseline] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)  # the labels of all losses asked for
    columns: list[Summary] = field(default_factory=list)  # the target first
    interrupted: bool = False
    seconds: float = 0.0  # of the whole command, its start included, until the results were there

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
            return [*self.notes, "Inputs are standardised by mean and standard deviation; the models output scores."]
        return [
            *self.notes,
            "Inputs are standardised by mean and standard deviation. The target becomes "
            f"{self.scaling}, which outliers do not inflate as they would a standard deviation. Losses are in these "
            "units, and so are parameters by default, such as Huber's delta of 1; those that are given count in units "
            f"of {self.target}.",
        ]

    def document(self) -> dict[str, Any]:
        """Everything as JSON takes it: numbers that are not finite become null."""
        return {"format": FORMAT, **plain({one.name: getattr(self, one.name) for one in fields(Comparison)})}


def strongest(fit: Fit, most: int) -> list[tuple[float, str, str]]:
    """The rows that pull hardest: share, which row, what the fit gets wrong there; rows that pull alike are one."""
    found: list[tuple[float, str, str]] = []
    shares = sorted(fit.pull_shares.items(), key=lambda item: (-item[1], item[0]))
    named = {pull.row: pull for pull in fit.pulls}
    first = shown = 0
    while first < len(shares) and shown < most:
        share = shares[first][1]
        last = next((k for k in range(first, len(shares)) if not alike(shares[k][1], share)), len(shares))
        alone = shares[first][0] in named and last - first == 1
        if not share:
            break
        if alone:
            pull = named[shares[first][0]]
            found.append((share, pull.words, pull.gap))
        else:
            found.append((share, f"{last - first} rows alike: {row_list([row for row, _ in shares[first:last]])}", ""))
        shown += last - first
        first = last
    return found


def alike(one: float, other: float) -> bool:
    """Whether two figures are the same but for rounding."""
    return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-15)


def row_list(rows: list[int], most: int = 8) -> str:
    """Row numbers with runs drawn together: 15–20, 24."""
    runs: list[list[int]] = []
    for row in sorted(rows):
        if runs and row == runs[-1][-1] + 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    words = [f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    return "rows " * (len(rows) > 1) + ", ".join(words[:most]) + (" …" if len(words) > most else "")


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
