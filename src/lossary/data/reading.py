"""How a file is written and what its columns mean, where the user says so instead of leaving it to be found out."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lossary.data.errors import DataError

MEANINGS = ("number", "text", "date", "day-first", "month-first")
KEYS = ("separator", "decimal", "encoding", "names", "missing", "sheet")
SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " "}


@dataclass(frozen=True)
class Reading:
    """What the user says about a file. None and empty mean: find out, and say what was found."""

    separator: str | None = None
    decimal: str | None = None  # "point" or "comma"
    encoding: str | None = None
    names: bool | None = None  # whether the first line holds the names of the columns
    missing: tuple[str, ...] = ()  # cells that mean: nothing is known
    sheet: str | None = None
    meanings: Mapping[str, str] = field(default_factory=dict)  # by column
    most_columns: int | None = None  # a table of more is refused before its cells are read
    expected: Mapping[str, str] = field(default_factory=dict)  # by column, where it is there and nothing else is said
    decimals: Mapping[str, str] = field(default_factory=dict)  # by column: "point" or "comma", where no cell shows it

    def meaning(self, column: str) -> str:
        """What a column is to mean; "" to find out."""
        return self.meanings.get(column) or self.expected.get(column, "")


def reading_of(settings: Iterable[str] = (), meanings: Iterable[str] = ()) -> Reading:
    """A Reading from KEY=VALUE words and COLUMN=MEANING words. Raises DataError for what is neither."""
    given: dict[str, str] = {}
    missing: list[str] = []
    for word in settings:
        key, equals, value = word.partition("=")
        key = key.strip().lower()
        if not equals or key not in KEYS:
            raise _refused(word, f"'{key}' is not one of its keys." if equals else "It has no '='.")
        if key == "missing":
            missing.append(value.strip())
        else:
            given[key] = value
    names = _choice(given, "names", {"yes": True, "no": False})
    decimal = _choice(given, "decimal", {"point": "point", ".": "point", "comma": "comma", ",": "comma"})
    return Reading(
        separator=_separator(given.get("separator")),
        decimal=str(decimal) if decimal is not None else None,
        encoding=_encoding(given.get("encoding")),
        names=bool(names) if names is not None else None,
        missing=tuple(missing),
        sheet=given.get("sheet"),
        meanings=dict(_meaning(word) for word in meanings),
    )


def _refused(word: str, arrived: str) -> DataError:
    return DataError(
        f"Cannot apply --read {word}.",
        arrived=arrived,
        allowed="Expected separator=comma, semicolon, tab, pipe, space or one character; decimal=point or comma; "
        "encoding=NAME; names=yes or no; missing=CELL (may be repeated); sheet=NAME.",
        do="Write --read KEY=VALUE, for example --read decimal=comma.",
    )


def _choice(given: Mapping[str, str], key: str, values: Mapping[str, object]) -> object:
    if key not in given:
        return None
    value = given[key].strip().lower()
    if value not in values:
        raise _refused(f"{key}={given[key]}", f"'{given[key]}' is not a value of {key}.")
    return values[value]


def _separator(value: str | None) -> str | None:
    if value is None:
        return None
    sign = SEPARATORS.get(value.strip().lower(), value)
    if len(sign) != 1 or not sign.isascii() or sign.isalnum() or sign in "\"'\n\r.+-\0":
        raise _refused(f"separator={value}", f"'{value}' cannot be a separator.")
    return sign


def _encoding(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        name = codecs.lookup(value.strip()).name
        b"a".decode(name, "ignore")  # Python also knows codecs that give no text
    except (LookupError, ValueError, AssertionError):
        raise _refused(f"encoding={value}", f"'{value}' is not a text encoding that Python knows.") from None
    return name


def _meaning(word: str) -> tuple[str, str]:
    column, equals, meaning = word.rpartition("=")
    if not equals or meaning not in MEANINGS:
        raise DataError(
            f"Cannot apply --as {word}.",
            arrived=f"'{meaning}' is not one of the meanings." if equals else "It has no '='.",
            allowed=f"Expected COLUMN=MEANING, with one of the meanings {', '.join(MEANINGS)}.",
            do="Write for example --as zip=text.",
        )
    return column.strip(), meaning
