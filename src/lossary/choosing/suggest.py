"""`ls.suggest`: up to three losses for a target, with reasons."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from lossary._errors import LossaryError, shown

from .._calls import checked_call
from . import amounts, labels
from .facts import FEW, Facts, look
from .rule import AMOUNTS, RULES, TASKS, Cost, Suggestion, chosen, number

__all__ = ["RULES", "Suggestions", "suggest"]
DECLARED = (amounts, labels)  # which the rules are in
WORDS = ("mean", "median", "probability", "distribution")
ASKED = {  # the costs that each task accepts; the others accept none
    **dict.fromkeys(AMOUNTS, ("mean", "median", "distribution", "a quantile", "two costs")),
    "binary": ("probability", "two costs"),
    "multiclass": ("probability",),
}


@dataclass(frozen=True)
class Suggestions:
    """What `ls.suggest` says: `seen` of the target, the `task`, up to three `suggestions`, and what it could not see.

    Each of the `questions` says what to pass if the answer is another one than was assumed.
    """

    task: str
    seen: tuple[str, ...]
    suggestions: tuple[Suggestion, ...]
    questions: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Suggestion]:
        return iter(self.suggestions)

    def __len__(self) -> int:
        return len(self.suggestions)

    def __getitem__(self, k: int) -> Suggestion:
        return self.suggestions[k]

    def __str__(self) -> str:
        found = [f"Task: {self.task}. {' '.join(self.seen)}"]
        found += [f"{k}. {suggestion}" for k, suggestion in enumerate(self, 1)]
        found += [f"Not seen: {question}" for question in self.questions]
        return "\n\n".join(found)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("loss", "estimates", "because", "beware", "last layer"))
        rows = "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in (
                f"<code>{escape(each.code)}</code>",
                *map(escape, (each.estimates, each.reason, each.beware, each.output)),
            )) + "</tr>" for each in self
        )  # fmt: skip
        said = escape(f"Task: {self.task}. {' '.join(self.seen)}")
        asked = "".join(f"<p>Not seen: {escape(question)}</p>" for question in self.questions)
        return f"<p>{said}</p><table><tr>{head}</tr>{rows}</table>{asked}"

    def to_dict(self) -> dict[str, Any]:
        """All of it, for programs."""
        found = asdict(self)
        for each, given in zip(found["suggestions"], self, strict=True):
            each["code"] = given.code
        return found


@checked_call
def suggest(y: Any, task: str | None = None, cost: Cost = None) -> Suggestions:
    """Up to three losses for a target, with what each estimates, why it fits, what can go wrong, and the code.

    >>> ls.suggest([0, 1, 3, 0, 2, 9, 0, 1, 14, 0, 0, 2], task="count")[0].code
    'ls.NegativeBinomialNLL()'

    Args:
        y: the target of the training rows: numbers, labels or text, one column or several. Missing entries are counted
            and left out.
        task: what the target is, if it cannot be seen: "regression", "positive" (amounts), "count", "proportion",
            "angle", "binary", "multiclass", "multilabel", "ordinal" or "survival" (a time, and whether the event was
            seen). None decides by the numbers, and says what it could not see.
        cost: what a wrong prediction costs. "mean", "median" or "distribution" name what is wanted, "probability" asks
            for true probabilities of classes; a number between 0 and 1 asks for that quantile; a pair are the costs of
            a unit too low and a unit too high, or of classes, of a missed positive and of a false alarm.

    Raises: LossaryError for a task or a cost that there is not, or a target without numbers.
    """
    facts = look(y)
    _check(task, cost)
    found, questions = (task, []) if task is not None else recognised(facts)
    _check_task(facts, found)
    _check_cost(found, cost)
    rule = chosen(facts, found, cost)
    given = [Suggestion(**{**asdict(each), "rule": rule.name}) for each in rule.gives(facts, cost)[:3]]
    return Suggestions(found, tuple(seen(facts, found)), tuple(given), tuple(questions))


def recognised(facts: Facts) -> tuple[str, list[str]]:
    """The task that a target looks like, and what cannot be seen of it."""
    if facts.columns > 1:
        return _of_columns(facts)
    k = facts.distinct
    if facts.text or facts.yes_no or k <= 2:
        ordered = ['If the classes have an order, pass them as numbers with task="ordinal".'] if k > 2 else []
        return ("binary" if k <= 2 else "multiclass"), ordered
    if facts.whole and k <= FEW and k <= 0.2 * facts.rows:
        return _of_few(facts)
    if facts.low >= 0 and facts.high <= 1:
        return "proportion", ['Numbers between 0 and 1 are read as shares; if they are not, pass task="regression".']
    if facts.whole and facts.low >= 0 and facts.mean < 50:
        return "count", ['Whole numbers >= 0 are read as counts; for other numbers, pass task="regression".']
    if facts.low >= 0 and (facts.zeros > 0.02 or facts.skewed):
        return "positive", ['Amounts are read as such that can be of any size; if sums alone matter, pass cost="mean".']
    return "regression", []


def _of_few(facts: Facts) -> tuple[str, list[str]]:
    """Few whole numbers: labels, levels or counts."""
    values = sorted(set(facts.values.reshape(-1).tolist()))
    without_gaps = values == [values[0] + step for step in range(len(values))]
    falling = facts.counts[-1] < facts.counts.max() / 4 and facts.mean < 5
    if values[0] == 0 and falling and facts.distinct > 3:
        return "count", ['Small whole numbers are read as counts; for names of classes, pass task="multiclass".']
    other = 'task="ordinal" if they are in an order' if without_gaps else 'task="regression" if they are amounts'
    return "multiclass", [f"Few whole numbers are read as names of classes; pass {other}."]


def _of_columns(facts: Facts) -> tuple[str, list[str]]:
    if facts.one_of_each:
        return "multiclass", []
    if facts.binary:
        return "multilabel", []
    if facts.columns == 2 and bool(((facts.values[:, 1] == 0) | (facts.values[:, 1] == 1)).all()) and facts.low >= 0:
        return "survival", [
            'Two columns, the second of 0 and 1, are read as time and event; else pass task="regression".'
        ]
    return "regression", []


def seen(facts: Facts, task: str) -> list[str]:
    """What was seen, in sentences."""
    rows = f"{facts.rows:,} rows" + (f" of {facts.columns} columns" if facts.columns > 1 else "")
    said = [f"{rows}" + (f", {facts.missing:,} more with missing entries, left out." if facts.missing else ".")]
    if task in ("binary", "multiclass", "ordinal") and facts.columns == 1:
        said.append(f"{facts.distinct} classes; the rarest has {facts.rarest:.1%} of the rows.")
    elif task == "multilabel":
        said.append(f"{facts.mean:.1%} of the labels are 1.")
    else:
        said.append(f"From {number(facts.low)} to {number(facts.high)}, mean {number(facts.mean)}.")
        if facts.zeros > 0.02:
            said.append(f"{facts.zeros:.0%} are 0.")
    return said


def _check(task: str | None, cost: Cost) -> None:
    if task is not None and not (isinstance(task, str) and task in TASKS):
        raise LossaryError(
            "ls.suggest(y, task) suggests losses for a target.",
            arrived=f"It was given task={shown(task, 60)}.",
            allowed=f"Expected one of {', '.join(TASKS)}, or None.",
            do="Leave `task` out to have it decided by the numbers; inputs are not needed: ls.suggest(y).",
        )
    pair = (
        isinstance(cost, (tuple, list))
        and len(cost) == 2
        and all(isinstance(c, (int, float)) and 0 < c < math.inf for c in cost)
    )
    share = isinstance(cost, float) and 0 < cost < 1
    if not (cost is None or pair or share or (isinstance(cost, str) and cost in WORDS)):
        raise LossaryError(
            "ls.suggest(cost=...) says what a wrong prediction costs.",
            arrived=f"It was given cost={shown(cost, 60)}.",
            allowed=f"Expected one of {', '.join(WORDS)}, a number between 0 and 1, two costs > 0, or None.",
            do="For a quantile pass for instance cost=0.9; where too low costs four times too high, cost=(4, 1).",
        )


def _check_task(facts: Facts, task: str) -> None:
    """Whether the target can be what it is said to be."""
    low, high = facts.low, facts.high
    wrong = {
        "count": "a whole number >= 0" if not facts.whole or low < 0 else "",
        "positive": "an amount from 0" if low < 0 else "",
        "proportion": "a number between 0 and 1" if low < 0 or high > 1 else "",
        "binary": "one of two values" if facts.columns > 1 or facts.distinct > 2 else "",
        "multilabel": "0 or 1" if not facts.binary else "",
        "survival": "a time, and beside it 0 or 1" if facts.columns != 2 else "",
    }.get(task, "")
    if wrong:
        raise LossaryError(
            f'ls.suggest(task="{task}") expects targets of this kind.',
            arrived=f"y holds {facts.distinct:,} different numbers, {low:g} to {high:g}, in {facts.columns} column(s).",
            allowed=f"Expected {wrong} in each row.",
            do="Leave `task` out to have it decided by the numbers.",
        )


def _check_cost(task: str, cost: Cost) -> None:
    """Whether a target of this task can have such a cost."""
    kind = cost if isinstance(cost, str) else "a quantile" if isinstance(cost, float) else "two costs"
    allowed = ASKED.get(task, ())
    if cost is not None and kind not in allowed:
        raise LossaryError(
            f'ls.suggest takes the target for task="{task}".',
            arrived=f"It was given cost={shown(cost, 60)}.",
            allowed=f"Expected {', '.join(allowed)}, or None." if allowed else "Expected no cost.",
            do="Leave `cost` out, or say with `task` what the target is.",
        )
