"""What is wrong with a table or with data, in four parts. This room lies below `core`, whose errors speak of losses."""

from __future__ import annotations

from lossary._errors import LossaryError
from lossary._errors import visible as visible

LONGEST = 60


def quoted(cell: str) -> str:
    """A cell as a sentence names it: in quotation marks, visible, and not too long."""
    short = cell if len(cell) <= LONGEST else cell[: LONGEST - 1] + "…"
    return f"'{visible(short)}'"


class DataError(LossaryError):
    """Data that cannot be used as asked."""
