"""The error of every room: what was asked, what arrived, what is expected, what to do. Imports nothing of lossary."""

import re
from collections.abc import Iterable
from typing import Any

# Controls, marks that turn the direction of writing, and halves of characters: they steer a terminal, or break it.
UNSEEN = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")


def visible(text: str) -> str:
    """The text with every control character written out, such as \\x1b."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class LossaryError(ValueError):
    """A mistake that lossary can name. `str()` joins the four parts into one readable text.

    Names, cells and paths stand in errors; what would steer a terminal is written out.
    """

    def __init__(self, asked: str, *, arrived: str = "", allowed: str = "", do: str = "") -> None:
        """Keras builds an error anew from its text alone, to add where it happened; then the text is all in `asked`."""
        whole = not (arrived or allowed or do)
        self.asked = "\n".join(map(visible, asked.split("\n"))) if whole else visible(asked)
        self.arrived, self.allowed, self.do = map(visible, (arrived, allowed, do))
        super().__init__(" ".join(filter(None, (self.asked, self.arrived, self.allowed, self.do))))

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows: the line of the user's own that led here, and the sentence."""
        return [*_own_line(self.__traceback__), f"{type(self).__name__}: {self}"]

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.asked, self.arrived, self.allowed, self.do)


def _own_line(trace: Any) -> list[str]:
    """The last line before lossary that belongs to no library."""
    import traceback
    from pathlib import Path

    found: list[str] = []
    for frame in traceback.extract_tb(trace):
        file = Path(frame.filename)
        if file.is_relative_to(Path(__file__).parent):
            break
        if not {"site-packages", "dist-packages"} & set(file.parts):
            where = "" if "ipykernel" in frame.filename or frame.filename.startswith("<") else f"{file.name}, "
            found = [f"{where}line {frame.lineno}: {frame.line}"]
    return found


def _rebuild(cls: type[LossaryError], asked: str, arrived: str, allowed: str, do: str) -> LossaryError:
    return cls(asked, arrived=arrived, allowed=allowed, do=do)


def shown(value: object, most: int = 200) -> str:
    """Anything in an error's text: what Python writes for it, cut where it grows long."""
    try:
        text = repr(value)
    except Exception:  # an object's own repr, or an integer of more digits than Python writes
        text = f"a {type(value).__name__} that cannot be written out"
    return text if len(text) <= most else f"{text[:most]}…"


def did_you_mean(given: Iterable[str], known: Iterable[str]) -> str:
    """'Did you mean delta?' for the first name that is not known and near to one that is; else nothing."""
    import difflib

    names = list(known)
    for name in given:
        near = [] if name in names else difflib.get_close_matches(name.lower(), names, n=1)
        near = near or [one for one in names if name not in names and len(name) > 2 and one.startswith(name.lower())]
        if near:
            return f"Did you mean {near[0]}?"
    return ""
