"""What a rule is, and what it suggests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .facts import Facts

Cost = Any  # None, a word, a quantile, or a pair of costs
TASKS: tuple[str, ...] = ("regression", "positive", "count", "proportion", "angle", "survival")
TASKS += ("binary", "multiclass", "multilabel", "ordinal")
MEAN, LINEAR, SHARES = "the mean", "one number, no activation", "one number, no activation (a logit)"


@dataclass(frozen=True)
class Suggestion:
    """One loss.

    `ls.get(loss, **parameters)` makes it, as does its `code`. `estimates` says what its optimum is, `reason` why it
    fits this target, `beware` what can go wrong, `output` what the model's last layer has to give, `criterion` by what
    held-out rows should be judged, and `source` where this is shown.
    """

    loss: str
    parameters: dict[str, Any]
    estimates: str
    reason: str
    beware: str
    output: str
    criterion: str
    source: str
    rule: str = ""

    @property
    def code(self) -> str:
        """What makes it."""
        return f"ls.{self.loss}({', '.join(f'{name}={_short(value)}' for name, value in self.parameters.items())})"

    def told(self) -> dict[str, str]:
        """What is shown of it, by what stands beside."""
        return {
            "estimates": self.estimates,
            "because": self.reason,
            "beware": self.beware,
            "last layer": self.output,
            "source": self.source,
        }

    def __str__(self) -> str:
        return "\n".join([self.code, *(f"  {name:<12}{text}" for name, text in self.told().items())])


@dataclass(frozen=True)
class Rule:
    """One line of the table: for which tasks and targets, and what is suggested."""

    name: str
    tasks: tuple[str, ...]
    when: str  # in words, for the documents
    holds: Callable[[Facts, Cost], bool]
    gives: Callable[[Facts, Cost], list[Suggestion]]


RULES: list[Rule] = []


def rule(tasks: str, when: str, holds: Callable[[Facts, Cost], bool]) -> Callable[[Any], Any]:
    """Declares a rule of one task or several; of a task, the first that holds is taken."""

    def declared(gives: Callable[[Facts, Cost], list[Suggestion]]) -> Callable[[Facts, Cost], list[Suggestion]]:
        RULES.append(Rule(gives.__name__, tuple(tasks.split()), when, holds, gives))
        return gives

    return declared


def chosen(facts: Facts, task: str, cost: Cost) -> Rule:
    """The first rule of the task that holds."""
    return next(each for each in RULES if task in each.tasks and each.holds(facts, cost))


AMOUNTS = ("regression", "positive", "count")


def rounded(x: float) -> float:
    """A parameter, to three places that count."""
    return float(f"{x:.3g}")


def number(x: float) -> str:
    """The same as text."""
    return f"{x:,.0f}" if 1000 <= abs(x) < 1e6 else f"{x:.3g}"


def _short(value: Any) -> str:
    return f"{value[:3]!r}"[:-1] + ", …)" if isinstance(value, tuple) and len(value) > 10 else repr(value)
