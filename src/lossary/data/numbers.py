"""Numbers as people write them: decimal and thousands signs, currencies, units, percent, brackets for minus.

Every form says for each cell which number it is, or that it is none. No cell is ever read by a form that the whole
column does not follow, so a number cannot become a thousandth of itself beside others that do not.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

GROUPS = "'’\u00a0\u202f\u2009 "  # thousands signs that are never decimal signs
CURRENCIES = (
    r"(?:[A-Z]{1,3}\$|[$€£¥₹₽₩₪₫₱฿₺₴₦₡¢₿]|(?:AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|ILS|INR|JPY|KRW|MXN|NOK|NZD|"
    r"PLN|RUB|SEK|SGD|TRY|TWD|USD|ZAR|Fr\.|Kč|zł|kr\.?|Rs\.?)(?![A-Za-z]))"
)
UNITS = r"(?:[%‰]|°\s?[A-Za-z]?|(?!(?:st|nd|rd|th)$)[^\W\d_]{1,8}[²³23]?(?:\s?/\s?[^\W\d_]{1,5}[²³23]?)?)"
SIGN = r"[-+−–]?"
FAST = re.compile(r"[0-9+\-.eE\n]*")  # then float() reads nothing that is no plain number
EXACT = 2**53  # whole numbers from here on are no longer told apart by float64


def _core(decimal: str, thousands: str) -> str:
    d, t = re.escape(decimal), re.escape(thousands)
    plain = rf"(?:[0-9]+(?:{d}[0-9]*)?|{d}[0-9]+)(?:[eE][-+−]?[0-9]+)?"
    grouped = rf"[1-9][0-9]{{0,2}}(?:{t}[0-9]{{3}})+(?:{d}[0-9]*)?"
    indian = rf"[1-9][0-9]?(?:{t}[0-9]{{2}})+{t}[0-9]{{3}}(?:{d}[0-9]*)?"
    spaced = rf"[1-9][0-9]{{0,2}}(?P<gap>[{GROUPS}])[0-9]{{3}}(?:(?P=gap)[0-9]{{3}})*(?:{d}[0-9]*)?"
    return rf"(?:{indian}|{grouped}|{spaced}|{plain})"


@dataclass(frozen=True)
class Number:
    """One cell as a number, and what stood around it."""

    value: float
    currency: str = ""
    unit: str = ""
    signs: frozenset[str] = frozenset()  # which of "decimal", "thousands", "brackets", "minus" it took

    @property
    def affixes(self) -> tuple[str, str]:
        return self.currency, self.unit


@dataclass(frozen=True)
class Form:
    """One way to write numbers: its decimal sign and its thousands sign."""

    name: str
    decimal: str
    thousands: str

    @property
    def pattern(self) -> re.Pattern[str]:
        return _PATTERNS[self.name]

    def read(self, cell: str) -> Number | None:
        """The number of a cell; None where it is none in this form."""
        inner = cell[1:-1].strip() if cell[:1] == "(" and cell[-1:] == ")" else cell
        found = self.pattern.fullmatch(inner)
        if not found or (inner is not cell and found["sign"]):
            return None
        if (found["sign"] and found["second"]) or (found["before"] and (found["after"] or found["unit"])):
            return None
        core = found["core"]
        bare = core
        for sign in (self.thousands, *GROUPS):
            bare = bare.replace(sign, "")
        signs = {
            name
            for name, there in (
                ("decimal", self.decimal in bare),
                ("thousands", bare != core),
                ("brackets", inner is not cell),
                ("minus", "−" in cell or "–" in cell),
            )
            if there
        }
        value = float(bare.replace(self.decimal, ".").replace("−", "-"))
        minus = inner is not cell or (found["sign"] or found["second"] or "+") != "+"
        currency = (found["before"] or found["after"] or "").strip()
        unit = (found["unit"] or "").replace(" ", "")
        return Number(-value if minus else value, currency, unit, frozenset(signs))


POINT = Form("point", ".", ",")
COMMA = Form("comma", ",", ".")
FORMS = (POINT, COMMA)
_AROUND = (
    rf"(?P<sign>{SIGN})\s*(?P<before>{CURRENCIES})?\s*(?P<second>{SIGN})\s*(?P<core>CORE)"
    rf"\s*(?:(?P<after>{CURRENCIES})|(?P<unit>{UNITS}))?"
)
_PATTERNS = {form.name: re.compile(_AROUND.replace("CORE", _core(form.decimal, form.thousands))) for form in FORMS}


@dataclass(frozen=True)
class Read:
    """A column in one form: a number for each cell, None for those that are none."""

    form: Form
    numbers: tuple[Number | None, ...]

    @property
    def wrong(self) -> list[int]:
        """The cells that do not belong: no numbers, in another currency, or in another unit."""
        currency, unit = self.affixes
        return [
            k
            for k, number in enumerate(self.numbers)
            if number is None
            or number.unit != unit
            or number.currency not in ("", currency)
            or abs(number.value) > 1e308
        ]

    @property
    def signs(self) -> frozenset[str]:
        """What stands in some cell: decimal signs, thousands signs, brackets."""
        return frozenset().union(*(number.signs for number in self.numbers if number is not None))

    @property
    def affixes(self) -> tuple[str, str]:
        """The currency and the unit that most numbers have."""
        there = [number for number in self.numbers if number is not None]
        money = Counter(number.currency for number in there if number.currency).most_common(1)
        units = Counter(number.unit for number in there).most_common(1)
        return (money[0][0] if money else ""), (units[0][0] if units else "")


def read_in(form: Form, cells: Sequence[str]) -> Read:
    """A column in one form."""
    return Read(form, tuple(form.read(cell) for cell in cells))


def plain(cells: Sequence[str]) -> list[float] | None:
    """The numbers of cells which are all plain numbers with a decimal point; None if one is not."""
    if not FAST.fullmatch("\n".join(cells)):
        return None
    try:
        return [float(cell) for cell in cells]
    except ValueError:
        return None
