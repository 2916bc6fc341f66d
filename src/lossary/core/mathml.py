"""The formulas of the cards (a little LaTeX) as MathML, which browsers show by themselves.

Every symbol carries its name in `data-symbol`, so that the page can put numbers in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

TOKEN = re.compile(r"\\[a-zA-Z]+|\\[,|;!]|[a-zA-Z](?:[a-zA-Z_]*[a-zA-Z])|[a-zA-Z]|\d+(?:\.\d+)?|\s+|.")
LETTERS = (
    "alpha=α beta=β gamma=γ delta=δ epsilon=ε zeta=ζ eta=η theta=θ kappa=κ lambda=λ mu=μ nu=ν xi=ξ pi=π rho=ρ sigma=σ "
    "tau=τ phi=φ chi=χ psi=ψ omega=ω Gamma=Γ Delta=Δ Phi=Φ ell=ℓ"
)
SIGNS = (
    "le=≤ ge=≥ ne=≠ leq=≤ geq=≥ neq=≠ cdot=· times=× sum=∑ prod=∏ infty=∞ approx=≈ to=→ int=∫ partial=∂ pm=± ll=≪ gg=≫ "
    "in=∈ odot=⊙ cup=∪ cap=∩ dots=… ldots=… mid=| lvert=| rvert=| lfloor=⌊ rfloor=⌋"
)
GREEK, OPERATORS = (dict(pair.split("=") for pair in pairs.split()) for pairs in (LETTERS, SIGNS))
NAMED = {"log", "exp", "max", "min", "cosh", "sinh", "tanh", "sin", "cos", "arctan", "arccos", "sign", "softplus"}
SPACES = {r"\,", r"\;", r"\!", r"\quad", r"\left", r"\right", r"\limits"}
WORDS = {r"\mathrm", r"\mathcal", r"\text", r"\operatorname", r"\mathit"}


def split(formula: str) -> tuple[str, str]:
    """The formula itself, and the words behind ', with' that explain its symbols."""
    head, _, tail = re.sub(r"\s+", " ", formula).partition(", with ")
    return head, tail


def definitions(words: str) -> dict[str, str]:
    """What the words behind the formula say that its letters are: 'u = y_true - y_pred' as {"u": MathML}."""
    found = {}
    for clause in _clauses(words):
        letter, equals, right = clause.partition(" = ")
        spoken = set(re.findall(r"(?<![\\\w])[a-z]{2}\w*", right)) - {"if", "else", "y_true", "y_pred"}
        one_expression = len(spoken) < 2 and not spoken & {"or", "of", "in", "for", "where"}
        if equals and one_expression and re.fullmatch(r"\\?[a-zA-Z]+(?:_\w)?", letter):
            found[plain(letter)] = f"<mrow>{Reader(right).row()}</mrow>"
    return found


def _clauses(words: str) -> Iterator[str]:
    """What stands between commas, semicolons and 'and', outside brackets."""
    start = 0
    for cut in re.finditer(r"[,;]\s+(?:and\s+)?|\s+and\s+", words):
        clause = words[start : cut.start()]
        if clause.count("(") == clause.count(")") and clause.count("{") == clause.count("}"):
            yield clause
            start = cut.end()
    yield words[start:]


def mathml(formula: str) -> str:
    """A <math> element. What is not known is shown by its name, so every formula can be read."""
    rows = Reader(formula).row()
    return f'<math display="block"><mrow>{rows}</mrow></math>'


class Reader:
    """Reads LaTeX from left to right."""

    def __init__(self, formula: str) -> None:
        words = TOKEN.findall(formula)  # x_t is a letter with an index, y_true a name
        self.tokens = [part for word in words for part in (word if re.fullmatch(r"\w_\w", word) else [word])]
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.place += 1
        return token

    def skip_blanks(self) -> None:
        while self.peek().isspace() or self.peek() in SPACES:
            self.place += 1

    def row(self, end: str = "") -> str:
        """Everything up to `end`."""
        parts = []
        while self.peek() and self.peek() != end:
            if self.peek().isspace() or self.peek() in SPACES:
                self.place += 1
                continue
            parts.append(self.scripted())
        self.place += 1
        return "".join(parts)

    def scripted(self) -> str:
        """One piece with what stands below and above it."""
        start = self.place
        euler = (
            "".join(self.tokens[start : start + 3]) == "e^{"
        )  # e^{-u} is a power of Euler's number, e^2 of the error
        base, below, above = self.piece(), "", ""
        name = "".join(self.tokens[start : self.place])
        while self.peek() in ("_", "^"):
            if self.next() == "_":
                start = self.place
                below = self.group()
                name += "_" + "".join(self.tokens[start : self.place]).strip("{}")
            else:
                above = self.group()
        if euler:
            base = "<mi>e</mi>"
        big = any(sign in base for sign in "∑∏") or ">max<" in base
        if below and not big:
            base = re.sub(r' data-symbol="[^"]*"', "", base)
            base = f'<msub data-symbol="{escape(plain(name))}">{base}{below}</msub>'
        elif below:
            base = f"<munder>{base}{below}</munder>"
        return f"<msup>{base}{above}</msup>" if above else base

    def group(self) -> str:
        """What stands in braces, or one piece."""
        self.skip_blanks()
        if self.peek() == "{":
            self.next()
            return f"<mrow>{self.row('}')}</mrow>"
        token = self.peek()
        if len(token) > 1 and token[0].isalnum():  # \tfrac12 is one half: a digit, or a letter, is a piece
            self.tokens[self.place : self.place + 1] = list(token)
        return self.piece()

    def piece(self) -> str:
        token = self.next()
        if token == "{":
            return f"<mrow>{self.row('}')}</mrow>"
        if token in (r"\frac", r"\tfrac", r"\dfrac"):
            return f"<mfrac>{self.group()}{self.group()}</mfrac>"
        if token == r"\sqrt":
            return f"<msqrt>{self.group()}</msqrt>"
        if token in WORDS:
            return f"<mtext>{escape(self.words())}</mtext>"
        if token in (r"\bar", r"\hat", r"\tilde"):
            mark = {r"\bar": "¯", r"\hat": "^", r"\tilde": "~"}[token]
            return f"<mover>{self.group()}<mo>{mark}</mo></mover>"
        if token == r"\|":
            return "<mo>‖</mo>"
        if token[:1] == "\\":
            return self.command(token[1:])
        return self.sign(token)

    def words(self) -> str:
        self.skip_blanks()
        if self.peek() != "{":
            return self.next()
        self.next()
        start = self.place
        while self.peek() not in ("}", ""):
            self.place += 1
        self.place += 1
        return "".join(self.tokens[start : self.place - 1])

    def command(self, name: str) -> str:
        if name in GREEK:
            return f'<mi data-symbol="{GREEK[name]}">{GREEK[name]}</mi>'
        if name in OPERATORS:
            return f"<mo>{OPERATORS[name]}</mo>"
        apply = '<mo>&#8289;</mo><mspace width="0.15em"/>'
        return f"<mi>{escape(name)}</mi>{apply}" if name in NAMED else f"<mi>{escape(name)}</mi>"

    def sign(self, token: str) -> str:
        if not token:
            return "<mrow></mrow>"
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if len(token) == 1 and token.isalpha():
            return f'<mi data-symbol="{token}">{token}</mi>'
        if token[0].isalpha():
            return self.word(token)
        return f"<mo>{escape({'-': '−', '*': '·'}.get(token, token))}</mo>"

    def word(self, token: str) -> str:
        """Words between the symbols; two capitals are a count such as TP."""
        if token.isupper():
            return f'<mi data-symbol="{token}">{token}</mi>'
        text = f'<mtext data-symbol="{escape(token)}">{escape(token)}</mtext>'
        return text if token in ("y_true", "y_pred") else f"<mspace width='0.4em'/>{text}<mspace width='0.4em'/>"


def plain(name: str) -> str:
    """A symbol as plain text: \\alpha_t is α_t."""
    return re.sub(r"\\([a-zA-Z]+)", lambda m: GREEK.get(m[1], m[1]), name).replace(" ", "")


def symbol(parameter: str) -> str:
    """What a parameter is called in formulas: delta is δ."""
    letter, low, index = parameter.partition("_")  # gamma_pos is γ_pos
    greek = GREEK[letter] + low + index if letter in GREEK else parameter
    return {"pos_weight": "w", "smooth": "s", "margin": "m"}.get(parameter, greek)
