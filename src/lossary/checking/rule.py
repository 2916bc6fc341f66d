"""One declaration per rule; documents, `ignore`, command and tests follow from `RULES`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from inspect import cleandoc
from typing import TYPE_CHECKING

from ..core.errors import ParameterError, shown
from .findings import ERROR, WARNING, Finding

if TYPE_CHECKING:
    from .case import Case

PAGE = "docs/checks.md"
MODULES = ("rules_values", "rules_probabilities", "rules_weights", "rules_slopes", "rules_setup", "rules_data")
ANY = "any"  # in `after`: whatever rule
SECTIONS = ("Fires", "Quiet", "Seen", "Bad", "Good")


@dataclass(frozen=True)
class Sign:
    """What a rule saw: the message with the numbers of this case, what to do, and the numbers for programs."""

    message: str
    do: str
    numbers: dict[str, float] = field(default_factory=dict)
    severity: str = ""  # that of the rule
    whole: bool = False  # about the model, not about one output


@dataclass(frozen=True)
class Rule:
    """A mistake that can be seen in one batch.

    `reason` is one line; `fires` and `quiet` say when it speaks and when not; `seen` is where it happened; `bad` and
    `good` are code that ends in a check, which the rule fires on and is quiet on.
    """

    id: str
    name: str
    severity: str
    reason: str
    fires: str
    quiet: str
    seen: str
    bad: str
    good: str
    judge: Callable[[Case], Iterator[Sign]]
    after: tuple[str, ...] = ()  # rules whose ERROR explains what this one sees; then it says nothing
    parts: bool = False  # of a sum of losses each part is looked at, and not the sum
    slots: bool = False  # whether it can judge losses of named slots, whose slots stand side by side

    @property
    def link(self) -> str:
        return f"{PAGE}#{self.id.lower()}-{self.name}"

    def look(self, case: Case) -> list[Finding]:
        """The findings of this rule on one case."""
        return [self._finding(sign, "" if sign.whole else case.output) for sign in self.judge(case)]

    def _finding(self, sign: Sign, output: str) -> Finding:
        severity = sign.severity or self.severity
        return Finding(self.name, self.id, severity, sign.message, sign.do, self.link, sign.numbers, output)


RULES: dict[str, Rule] = {}  # by id, in the order of their ids once `rules()` was called


def rule(
    id: str, name: str, severity: str = ERROR, *, after: tuple[str, ...] = (), parts: bool = False, slots: bool = False
) -> Callable[[Callable[[Case], Iterator[Sign]]], Callable[[Case], Iterator[Sign]]]:
    """Declare a rule: `id`, a short `name`, its usual severity, what explains it away, whether it looks at the parts of
    a sum, and losses of named slots; the docstring holds the rest."""
    assert severity in (ERROR, WARNING)

    def declare(judge: Callable[[Case], Iterator[Sign]]) -> Callable[[Case], Iterator[Sign]]:
        assert id not in RULES, id
        RULES[id] = Rule(
            id, name, severity, judge=judge, after=after, parts=parts, slots=slots, **_sections(judge.__doc__ or "")
        )
        return judge

    return declare


def _sections(doc: str) -> dict[str, str]:
    parts = re.split(rf"^({'|'.join(SECTIONS)}):[ \n]", cleandoc(doc), flags=re.M)
    found = {title.lower(): body for title, body in zip(parts[1::2], parts[2::2], strict=True)}
    prose = {title: " ".join(found[title].split()) for title in ("fires", "quiet", "seen")}
    return {
        "reason": " ".join(parts[0].split()),
        **prose,
        "bad": cleandoc(found["bad"]),
        "good": cleandoc(found["good"]),
    }


def rules() -> dict[str, Rule]:
    """All rules by id, in the order of the ids."""
    for module in MODULES:
        import_module(f"{__package__}.{module}")
    return dict(sorted(RULES.items()))


def first_causes(found: list[Finding]) -> list[Finding]:
    """The findings less those that an ERROR of another rule explains."""
    errors = {finding.id for finding in found if finding.severity == ERROR}

    def explained(finding: Finding) -> bool:
        after = RULES[finding.id].after
        return bool(errors - {finding.id} if ANY in after else errors & set(after))

    return [finding for finding in found if not explained(finding)]


def chosen(ignore: Iterable[str] = ()) -> list[Rule]:
    """The rules less those to ignore. Raises ParameterError for an id that no rule has."""
    every = rules()
    try:
        ignored: list[object] = [ignore] if isinstance(ignore, str) else list(ignore)
    except Exception:  # nothing to go through, or a symbolic tensor
        ignored = [ignore]
    unknown = [shown(id) for id in ignored if not isinstance(id, str) or id not in every]
    if unknown:
        raise ParameterError(
            "ignore=[...] lists the ids of rules.",
            arrived=f"There is no rule {', '.join(unknown)}.",
            allowed=f"Expected {', '.join(every)}.",
            do=f"Look the ids up in {PAGE} or with `lossary check --rules`.",
        )
    return [rule for id, rule in every.items() if id not in ignored]
