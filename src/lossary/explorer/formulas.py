"""Formulas that a user types: read by a parser of its own, into operations of a short list. Nothing is executed.

    comparison := sum [("<" | "<=" | ">" | ">=") sum]
    sum        := product {("+" | "-") product}
    product    := signed {("*" | "/") signed}
    signed     := "-" signed | power
    power      := atom ["^" signed]
    atom       := number | name | name "(" comparison {"," comparison} ")" | "(" comparison ")" | "|" sum "|"

Names are y (the target), p (the prediction), e = p - y, pi; any other name is a parameter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from keras import ops

from lossary.core.errors import LossaryError
from lossary.numerics.backend import expm1, log, log1p

Tensor = Any
LONGEST, DEEPEST, MOST_PARAMETERS = 400, 30, 6
TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d{1,15}(?:\.\d{0,15})?|\.\d{1,15})(?:[eE][-+]?\d{1,2})?(?![\w.]))"
    r"|(?P<name>[^\W\d]\w{0,15}(?!\w))|(?P<sign>\*\*|<=|>=|[-+*/^(),<>|]))"
)
SIGNS = str.maketrans({"−": "-", "·": "*", "×": "*", "÷": "/", "≤": "<=", "≥": ">=", "²": "^2", "³": "^3", "π": "pi"})
VARIABLES = ("y", "p", "e")
FUNCTIONS: dict[str, tuple[int, Callable[..., Tensor]]] = {
    "abs": (1, ops.abs),
    "sign": (1, ops.sign),
    "sqrt": (1, ops.sqrt),
    "square": (1, ops.square),
    "exp": (1, ops.exp),
    "expm1": (1, expm1),
    "log": (1, log),
    "log1p": (1, log1p),
    "sin": (1, ops.sin),
    "cos": (1, ops.cos),
    "tanh": (1, ops.tanh),
    "sigmoid": (1, ops.sigmoid),
    "softplus": (1, ops.softplus),
    "relu": (1, ops.relu),
    "min": (2, ops.minimum),
    "max": (2, ops.maximum),
    "where": (3, lambda condition, yes, no: ops.where(ops.not_equal(condition, 0.0), yes, no)),
}
OPERATORS: dict[str, Callable[..., Tensor]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": ops.power,
    "<": lambda a, b: ops.cast(a < b, "float32"),
    "<=": lambda a, b: ops.cast(a <= b, "float32"),
    ">": lambda a, b: ops.cast(a > b, "float32"),
    ">=": lambda a, b: ops.cast(a >= b, "float32"),
}


@dataclass(frozen=True)
class Node:
    """A number, a name, or an operation (a sign or a function) on others."""

    kind: str
    value: Any
    inner: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Formula:
    """What was typed, read: its tree, the variables it uses, and its parameters in the order they appear."""

    text: str
    root: Node
    variables: frozenset[str]
    parameters: tuple[str, ...]

    def of(self, y: Tensor, p: Tensor, values: Mapping[str, float]) -> Tensor:
        """The value for each pair of target and prediction."""
        known = {**values, "y": y, "p": p, "e": p - y, "pi": math.pi}
        return evaluate(self.root, known) + ops.zeros_like(p)  # also where no variable occurs

    def as_loss(self, values: Mapping[str, float]) -> Callable[[Tensor, Tensor], Tensor]:
        """A function of (y_true, y_pred) that gives one value per row."""

        def formula(y_true: Tensor, y_pred: Tensor) -> Tensor:
            return ops.mean(self.of(y_true, y_pred, values), axis=-1)

        return formula


def evaluate(node: Node, known: Mapping[str, Any]) -> Tensor:
    """The tree's value."""
    if node.kind == "number":
        return ops.convert_to_tensor(node.value, dtype="float32")
    if node.kind == "name":
        return ops.convert_to_tensor(known[node.value], dtype="float32")
    if node.value == "^" and node.inner[1].kind == "number" and node.inner[1].value in (2, 3, 4):
        base = evaluate(node.inner[0], known)  # also right, with its derivative, for a negative base
        squared = base * base
        return {2: squared, 3: squared * base, 4: squared * squared}[int(node.inner[1].value)]
    operation = OPERATORS[node.value] if node.kind == "sign" else FUNCTIONS[node.value][1]
    return operation(*(evaluate(part, known) for part in node.inner))


def parse(text: str) -> Formula:
    """The formula in `text`. Raises LossaryError with the place where it cannot be read."""
    return Parser(text).formula()


class Parser:
    """Reads one formula from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > LONGEST:
            self.fail(f"It has {len(text):,} characters.")
        self.tokens = list(self.scan(text.translate(SIGNS)))
        self.place, self.depth = 0, 0
        self.names: list[str] = []

    def scan(self, text: str) -> list[tuple[str, str]]:
        tokens, at, text = [], 0, text.rstrip()
        while at < len(text):
            found = TOKEN.match(text, at)
            if found is None:
                self.fail(f"{text[at : at + 12].strip()!r} is not part of a formula.")
            tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            at = found.end()
        return tokens

    def fail(self, arrived: str) -> NoReturn:
        raise LossaryError(
            f"The formula {self.text[:60]!r} cannot be read.",
            arrived=arrived,
            allowed=f"Expected y, p, e = p - y, numbers, + - * / ^ < <= > >= ( ) |…|, {', '.join(FUNCTIONS)}, and "
            f"up to {MOST_PARAMETERS} parameters, in {LONGEST} characters and {DEEPEST} brackets deep.",
            do="Write for instance where(abs(e) <= d, e^2/2, d*(abs(e) - d/2)).",
        )

    def formula(self) -> Formula:
        root = self.comparison()
        if self.place < len(self.tokens):
            self.fail(f"{self.sign()!r} is left over where the formula should end.")
        own = [name for name in dict.fromkeys(self.names) if name not in (*VARIABLES, "pi")]
        if len(own) > MOST_PARAMETERS:
            self.fail(f"It has {len(own)} parameters: {', '.join(own)}.")
        return Formula(self.text, root, frozenset(self.names) & frozenset(VARIABLES), tuple(own))

    def sign(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def take(self, *signs: str) -> str:
        """The next sign if it is one of these, else nothing."""
        if self.place < len(self.tokens) and self.tokens[self.place][0] == "sign" and self.sign() in signs:
            self.place += 1
            return self.tokens[self.place - 1][1]
        return ""

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            self.fail(f"A {sign!r} is missing before {repr(self.sign()) if self.sign() else 'the end'}.")

    def comparison(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(f"It is more than {DEEPEST} brackets deep.")
        node = self.sum()
        if sign := self.take("<", "<=", ">", ">="):
            node = Node("sign", sign, (node, self.sum()))
        self.depth -= 1
        return node

    def sum(self) -> Node:
        node = self.product()
        while sign := self.take("+", "-"):
            node = Node("sign", sign, (node, self.product()))
        return node

    def product(self) -> Node:
        node = self.signed()
        while sign := self.take("*", "/"):
            node = Node("sign", sign, (node, self.signed()))
        return node

    def signed(self) -> Node:
        minus = 0
        while sign := self.take("-", "+"):
            minus += sign == "-"
        node = self.power()
        return Node("sign", "-", (Node("number", 0.0), node)) if minus % 2 else node

    def power(self) -> Node:
        node = self.atom()
        if self.take("^", "**"):
            self.depth += 1
            if self.depth > DEEPEST:
                self.fail(f"It is more than {DEEPEST} brackets deep.")
            node = Node("sign", "^", (node, self.signed()))
            self.depth -= 1
        return node

    def atom(self) -> Node:
        if self.take("("):
            node = self.comparison()
            self.expect(")")
            return node
        if self.take("|"):
            self.depth += 1
            node = Node("function", "abs", (self.comparison(),))
            self.expect("|")
            self.depth -= 1
            return node
        kind, value = self.tokens[self.place] if self.place < len(self.tokens) else ("", "")
        self.place += 1
        if kind == "number":
            return Node("number", float(value))
        if kind == "name":
            return self.call(value) if self.take("(") else self.name(value)
        self.fail(f"A number or a name is missing before {repr(value) if value else 'the end'}.")

    def name(self, name: str) -> Node:
        if name in FUNCTIONS:
            self.fail(f"{name!r} is a function, so it needs brackets: {name}(…).")
        self.names.append(name)
        return Node("name", name)

    def call(self, name: str) -> Node:
        if name not in FUNCTIONS:
            self.fail(f"There is no function named {name!r}.")
        inner = [self.comparison()]
        while self.take(","):
            inner.append(self.comparison())
        self.expect(")")
        if len(inner) != FUNCTIONS[name][0]:
            self.fail(f"{name} takes {FUNCTIONS[name][0]} argument(s); {len(inner)} were given.")
        return Node("function", name, tuple(inner))
