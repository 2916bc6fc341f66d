"""The files that a command writes, checked before the work that fills them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import util
from pathlib import Path

from lossary.core.errors import LossaryError
from lossary.core.files import place_of, refused


def check_outputs(paths: Sequence[tuple[str, Path]], data: str = "") -> None:
    """Raise LossaryError unless every (option, path) can be written and none is the data or another output."""
    taken = {os.path.realpath(data): "the data"} if data and os.path.exists(data) else {}
    for option, path in paths:
        if str(path) == "-":
            raise refused(path, "Standard output is used for the results.", f"Name a file after {option}.")
        place = str(place_of(path))
        if place in taken:
            raise refused(path, f"It is also {taken[place]}.")
        taken[place] = option


def check_packages(option: str, path: Path, packages: Sequence[str], otherwise: str) -> None:
    """Raise LossaryError unless the packages that write this output are installed."""
    missing = [name for name in packages if util.find_spec(name) is None]
    if missing:
        raise LossaryError(
            f"Cannot write '{path}' ({option}).",
            arrived=f"Not installed: {', '.join(missing)}.",
            allowed=otherwise,
            do="Install them: pip install 'lossary[cli]'.",
        )
