"""What is wrong with a table or with data, in four parts. This room lies below `core`, whose errors speak of losses."""

from __future__ import annotations

import re

from lossary._errors import LossaryError

# Controls, marks that turn the direction of writing, and halves of characters: they steer a terminal, or break it.
UNSEEN = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")
LONGEST = 60


def visible(text: str) -> str:
    """The text with every control character written out, such as \\x1b."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def quoted(cell: str) -> str:
    """A cell as a sentence names it: in quotation marks, visible, and not too long."""
    short = cell if len(cell) <= LONGEST else cell[: LONGEST - 1] + "…"
    return f"'{visible(short)}'"


class DataError(LossaryError):
    """Data that cannot be used as asked. Cells stand in errors; what steers a terminal is written out."""

    def __init__(self, asked: str, *, arrived: str = "", allowed: str = "", do: str = "") -> None:
        asked, arrived, allowed, do = map(visible, (asked, arrived, allowed, do))
        super().__init__(asked, arrived=arrived, allowed=allowed, do=do)
