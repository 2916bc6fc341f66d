"""The files that a command writes, checked before the work that fills them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from importlib import util
from pathlib import Path

from lossary.core.errors import LossaryError


def check_outputs(paths: Sequence[tuple[str, Path]], data: str = "") -> None:
    """Raise LossaryError unless every (option, path) can be written and none is the data or another output."""
    taken = {Path(data).resolve(): "the data"} if data and os.path.exists(data) else {}
    for option, path in paths:
        if path.resolve() in taken:
            raise _refused(option, path, f"That is also {taken[path.resolve()]}.", "Name another file.")
        taken[path.resolve()] = option
        if path.is_dir():
            raise _refused(option, path, "It is a directory.", "Name a file in it.")
        if not path.absolute().parent.is_dir():
            raise _refused(option, path, "Its directory does not exist.", f"Create it: mkdir -p {path.parent}")
        if path.exists() and not os.access(path, os.W_OK):
            raise _refused(option, path, "The file is there and may not be changed.", "Name another file.")
        try:
            tempfile.TemporaryFile(dir=path.absolute().parent).close()
        except OSError as problem:
            raise _refused(
                option, path, f"Its directory takes no new file ({problem.strerror}).", "Name another."
            ) from None


def check_packages(option: str, path: Path, packages: Sequence[str], otherwise: str) -> None:
    """Raise LossaryError unless the packages that write this output are installed."""
    missing = [name for name in packages if util.find_spec(name) is None]
    if missing:
        raise LossaryError(
            f"'{path}' was to be written ({option}).",
            arrived=f"It needs {' and '.join(missing)}, not installed here.",
            allowed=otherwise,
            do="Install them: pip install 'lossary[cli]'.",
        )


def _refused(option: str, path: Path, arrived: str, do: str) -> LossaryError:
    return LossaryError(
        f"'{path}' was to be written ({option}).",
        arrived=arrived,
        allowed="Output is a file of its own, in a directory that can be written.",
        do=do,
    )
