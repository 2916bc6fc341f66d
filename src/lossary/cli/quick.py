"""`lossary list`, `lossary show` and `lossary --version` in a few milliseconds: what they print needs no library."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LIST: dict[str, Any] = {
    "family": "",
    "task": "",
    "trait": "",
    "library": "",
    "names": False,
    "json": False,
}  # False: a flag, "": takes a value
SHOW: dict[str, Any] = {"json": False}


def answer(words: list[str]) -> Callable[[], int] | None:
    """The command in these words, or None where it is another one, asks for help, or is not written as it should be."""
    if words == ["--version"]:
        return _version
    options = None if not words else LIST if words[0] == "list" else SHOW if words[0] == "show" else None
    given = None if options is None else _read(words[1:], options)
    if given is None:
        return None
    from lossary.cli import texts

    names, how = given
    if words[0] == "list" and len(names) <= 1:
        return lambda: texts.show_list(names[0] if names else None, **how)
    if words[0] == "show" and len(names) == 1:
        return lambda: texts.show_card(names[0], **how)
    return None


def _version() -> int:
    import lossary

    print(f"lossary, version {lossary.__version__}")
    return 0


def _read(words: list[str], options: dict[str, Any]) -> tuple[list[str], dict[str, Any]] | None:
    """Names and options; None where something is left to complain of."""
    names: list[str] = []
    given: dict[str, Any] = {}
    rest = iter(words)
    for word in rest:
        key, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("-"):
            names.append(word)
        elif not word.startswith("--") or key not in options:
            return None
        elif options[key] is False and not equals:
            given[key] = True
        elif options[key] == "" and (equals or (value := next(rest, "-"))[:1] != "-"):
            given[key] = value
        else:
            return None
    return names, given
