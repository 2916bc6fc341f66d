"""The card of a loss: all that a catalogue, a document, a plot or a slider shows of it. Needs no backend."""

from __future__ import annotations

import inspect
import re
from dataclasses import asdict, dataclass, field
from inspect import cleandoc
from typing import Any

SECTIONS = ("Formula", "Use", "Beware", "Reference", "Elsewhere", "Unlike")


@dataclass(frozen=True)
class ParamCard:
    """One parameter: name, type in words, default, what it does, bounds, and the range a slider may show."""

    name: str
    type: str
    default: Any
    text: str
    allowed: str
    low: float | None = None
    high: float | None = None
    closed: bool = False
    slide: tuple[float, float] | None = None


@dataclass(frozen=True)
class Curve:
    """Value and slope of the loss at its default parameters over its natural argument (`axis` names it)."""

    axis: str
    x: tuple[float, ...]
    value: tuple[float, ...]
    slope: tuple[float, ...]


@dataclass(frozen=True)
class Card:
    """What lossary knows of one loss. `str()` gives a page of plain text."""

    name: str
    function: str
    module: str
    family: str
    tasks: tuple[str, ...]
    traits: tuple[str, ...]
    aliases: tuple[str, ...]
    params: tuple[ParamCard, ...]
    summary: str
    formula: str = ""
    use: str = ""
    beware: str = ""
    reference: str = ""
    elsewhere: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()  # names that mean something else in other libraries, and what
    example: str = ""
    inputs: str = ""  # what it takes, in words
    undrawn: str = ""  # why it has no curve, where it has none
    unfit: str = ""  # why one column of predictions (a column for each class) cannot be trained with it, if so
    curve: Curve | None = field(default=None, repr=False)

    def __str__(self) -> str:
        lines = [f"{self.name} ({self.function})", self.summary, ""]
        lines += [f"Inputs: {self.inputs}."] if self.inputs else []
        for title in ("formula", "use", "beware", "reference"):
            if text := readable(self.formula) if title == "formula" else getattr(self, title):
                lines.append(f"{title.capitalize()}: {text}")
        for p in self.params:
            lines.append(f"  {p.name}={p.default!r}  {p.text} Allowed: {p.allowed}.")
        if self.aliases:
            lines.append("Also called: " + ", ".join(self.aliases))
        lines += [f"Elsewhere: {place}" for place in self.elsewhere]
        lines += [f"Unlike: {line}" for line in self.unlike]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from . import notebook

        return notebook.card(self)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Card:
        fixed: dict[str, Any] = {k: _tuple(v) for k, v in data.items()}
        fixed["params"] = tuple(ParamCard(**{k: _tuple(v) for k, v in p.items()}) for p in data["params"])
        if data.get("curve"):
            fixed["curve"] = Curve(**{k: _tuple(v) for k, v in data["curve"].items()})
        return cls(**fixed)


@dataclass(frozen=True)
class PartCard:
    """What lossary knows of something that a target is made of: sums, weights, schedules, terms. `str()` is a page.

    `call` is how it is made; `builds`: whether that needs no argument and gives a loss.
    """

    name: str
    module: str
    group: str
    call: str
    builds: bool
    summary: str
    formula: str = ""
    reference: str = ""
    text: str = ""
    family: str = "parts"

    def __str__(self) -> str:
        lines = [f"{self.name} (part of a target: {self.group})", self.summary, "", f"Make it with {self.call}"]
        lines += [f"Formula: {readable(self.formula)}"] if self.formula else []
        lines += [f"Reference: {self.reference}"] if self.reference else []
        return "\n".join([*lines, *(["", self.text] if self.text else [])])

    def _repr_html_(self) -> str:
        from . import notebook

        return notebook.part(self)

    @classmethod
    def of(cls, made: Any, name: str, group: str, builds: bool) -> PartCard:
        """From a class or function: its docstring and its signature."""
        text = cleandoc(made.__doc__ or "")
        found = {}
        for title in ("Formula", "Reference"):
            at = re.search(rf"^{title}: (.*(?:\n {{4}}.*)*)\n?", text, flags=re.M)
            found[title.lower()] = " ".join(at[1].split()) if at else ""
            text = text.replace(at[0], "") if at else text
        summary, _, rest = text.partition("\n\n")
        summary = " ".join(summary.split())
        return cls(name, made.__module__, group, _call(made, name), builds, summary, text=rest.strip(), **found)


def _call(made: Any, name: str) -> str:
    """How something is called, without types and without what every layer and loss takes."""
    shown: list[str] = []
    by_name = False
    for one in inspect.signature(made).parameters.values():
        if one.name in ("kwargs", "dtype", "entries", "missing"):
            continue
        if one.kind is one.KEYWORD_ONLY and not by_name:
            shown, by_name = [*shown, "*"], True
        mark = "**" if one.kind is one.VAR_KEYWORD else ""
        shown.append(mark + one.name + ("" if one.default is one.empty else f"={one.default!r}"))
    return f"ls.{name}({', '.join(shown)})"


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


SIGNS = {
    r"\tfrac12": "½", r"\le": "≤", r"\ge": "≥", r"\neq": "≠", r"\ne": "≠", r"\cdot": "·", r"\sum": "Σ",
    r"\prod": "Π", r"\pi": "π", r"\delta": "δ", r"\beta": "β", r"\gamma": "γ", r"\alpha": "α",
    r"\epsilon": "ε", r"\mu": "μ", r"\theta": "θ", r"\sigma": "σ", r"\lambda": "λ", r"\tau": "τ",
    r"\xi": "ξ", r"\kappa": "κ", r"\nu": "ν", r"\Gamma": "Γ", r"\Phi": "Φ",
    r"\rho": "ρ", r"\int": "∫", r"\|": "‖", r"\,": " ", "^2": "²", "^3": "³", "_{t": "_(t",
}  # fmt: skip


def readable(formula: str) -> str:
    """A formula as plain text for a terminal: signs for commands, brackets for fractions and roots."""
    text = formula.replace(r"\tfrac12", "½")
    for _ in range(3):  # innermost first
        text = re.sub(r"(\\[a-z]+ )?\\t?frac\{([^{}]*)\}\{([^{}]*)\}", _quotient, text)
        text = re.sub(r"\\sqrt\{([^{}]*)\}", r"√(\1)", text)
        text = re.sub(r"\\math(?:rm|cal)\{([^{}]*)\}", r"\1", text)
        text = re.sub(r"([\^_])\{([^{}]*)\}", r"\1(\2)", text)
    text = re.sub(r"\\frac(\w)(\w)", r"\1/\2", text)
    for command, sign in SIGNS.items():
        text = re.sub(re.escape(command) + (r"(?![a-z])" if command[-1].isalpha() else ""), sign, text)
    text = re.sub(r"\\([a-z]+)", r"\1 ", text)
    return re.sub(r"\b(log|max|cosh) (?=[(_])", r"\1", " ".join(text.split()))


FUNCTIONS = (r"\log ", r"\exp ", r"\cos ", r"\sin ", r"\tanh ", r"\cosh ", r"\arctan ", r"\max ", r"\min ")


def _quotient(found: re.Match[str]) -> str:
    """A fraction on one line; all of it in brackets where a function is taken of it."""
    before, quotient = found[1] or "", f"{_part(found[2])} / {_part(found[3])}"
    return f"{before}({quotient})" if before in FUNCTIONS else before + quotient


def _part(text: str) -> str:
    """One side of a fraction, in brackets where it is more than one word."""
    return text if re.fullmatch(r"[\w^]+", text) else f"({text})"


def read_docstring(doc: str | None) -> dict[str, Any]:
    """The parts of a loss's docstring: summary, the titled sections, the example."""
    text = cleandoc(doc or "")
    prose, _, example = text.partition(">>> ")
    parts = re.split(rf"^({'|'.join(SECTIONS)}):", prose, flags=re.M)
    found = {title.lower(): body for title, body in zip(parts[1::2], parts[2::2], strict=True)}
    places, unlike = _lines(found.pop("elsewhere", "")), _lines(found.pop("unlike", ""))
    return {
        "summary": " ".join(parts[0].split()),
        **{title: _prose(title, " ".join(body.split())) for title, body in found.items()},
        "elsewhere": places,
        "unlike": unlike,
        "example": (">>> " + example).strip() if example else "",
    }


def _prose(title: str, text: str) -> str:
    """Only formulas are typeset; elsewhere a formula is read as it stands."""
    return readable(text) if title != "formula" and "\\" in text else text


def _lines(text: str) -> tuple[str, ...]:
    """One entry a line; it goes on in lines that are further in, or after a comma, bracket or arrow."""
    joined = re.sub(r"(?<=[,(>])\s*\n\s*", " ", text)
    lines = [line for line in joined.splitlines() if line.strip()]
    edge = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    whole = re.sub(rf"\n {{{edge + 1},}}", " ", "\n".join(lines))
    return tuple(line.strip() for line in whole.splitlines())
