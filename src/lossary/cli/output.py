"""Files that are written whole or not at all, and checked before the work that fills them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lossary.core.errors import LossaryError


def check_outputs(paths: Sequence[tuple[str, Path]], data: str) -> None:
    """Raise LossaryError unless every (option, path) can be written and none is the data or another output."""
    taken = {Path(data).resolve(): "the data"} if Path(data).exists() else {}
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


def write_whole(path: Path, text: str) -> None:
    """Write beside the file and rename, so that a reader sees the old text or the new one, never a part."""
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)  # mkstemp makes files that only their owner reads
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _refused(option: str, path: Path, arrived: str, do: str) -> LossaryError:
    return LossaryError(
        f"'{path}' was to be written ({option}).",
        arrived=arrived,
        allowed="Output is a file of its own, in a directory that can be written.",
        do=do,
    )
