"""Files that are written whole or not at all, where a regular file is or may be, and nowhere else."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .errors import LossaryError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PART, END = ".lossary-", ".part"
WHOLE = "Expected a regular file, new or to be overwritten, in a folder that you may write to."
KINDS = {
    stat.S_IFDIR: ("It is a directory.", "Name a file in it."),
    stat.S_IFIFO: ("It is a pipe, not a file.", "Name a file."),
    stat.S_IFCHR: ("It is a device, not a file.", "Name a file."),
    stat.S_IFBLK: ("It is a device, not a file.", "Name a file."),
    stat.S_IFSOCK: ("It is a socket, not a file.", "Name a file."),
}
_parts: set[str] = set()  # what this process is writing just now


def refused(path: str | Path, arrived: str, do: str = "Name another file.") -> LossaryError:
    """An output that cannot be written."""
    name = str(path)
    name = name if len(name) <= 120 else f"{name[:119]}…"
    return LossaryError(f"Cannot write '{name}'.", arrived=arrived, allowed=WHOLE, do=do)


def place_of(path: str | Path) -> Path:
    """The file that writing to `path` creates or replaces, links followed. Raises LossaryError where none may be."""
    try:
        place = Path(os.path.realpath(os.fspath(path)))
        known = _status(place)
        if known is None and _status(place.parent) is None:
            folder = place.parent if os.path.islink(path) else Path(path).parent
            raise refused(path, "Its directory does not exist.", f"Create it: mkdir -p {folder}")
        if known is not None and not stat.S_ISREG(known.st_mode):
            raise refused(path, *KINDS.get(stat.S_IFMT(known.st_mode), ("It is not a regular file.", "Name a file.")))
        if known is not None and any(_same(known, number) for number in (1, 2)):
            raise refused(path, "The results are being printed to it.")
        if known is not None and not os.access(place, os.W_OK):
            raise refused(path, "The file exists and is read-only.")
        with _part(place.parent):
            pass
    except (OSError, ValueError) as problem:
        if isinstance(problem, LossaryError):
            raise
        raise refused(path, _why(problem)) from None
    return place


def write_whole(path: str | Path, content: str | bytes) -> None:
    """Write `path` so that a reader, now or after a crash, finds the old content or the new one, never a part.

    A link stays and what it leads to is replaced; a file keeps its mode and owner, a new one gets them as ever. Raises
    LossaryError where there may be no regular file, and where the system refuses; then the old file is as it was.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    place = place_of(path)
    try:
        _sweep(place.parent)
        with _part(place.parent) as part:
            with open(part.handle, "wb", closefd=False) as file:
                file.write(data)
            os.fsync(part.handle)
            _take_after(part.handle, place)
            name = part.named()
            if fcntl is None:
                part.close()  # Windows renames no open file
            os.replace(name, place)
            part.settle()
    except OSError as problem:
        raise refused(path, _why(problem), "Free some space, or name a file elsewhere.") from None


def read_whole(path: str | Path) -> str:
    """The text of a regular file. Raises OSError or ValueError; a pipe would wait, and a device never end."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, "it is not a regular file")
        return file.read().decode("utf-8")


def give_up() -> None:
    """Remove what this process is writing; for a process that ends at once."""
    for name in list(_parts):
        with contextlib.suppress(OSError):
            os.unlink(name)


def _why(problem: Exception) -> str:
    return f"The system refused: {getattr(problem, 'strerror', None) or problem}."


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _same(known: os.stat_result, number: int) -> bool:
    """Whether standard output (1) or error (2) goes into this file."""
    try:
        return os.path.samestat(known, os.fstat(number))
    except OSError:
        return False


def _take_after(handle: int, place: Path) -> None:
    """Mode and owner of the file that is replaced, as far as this user may give them; else what is usual here."""
    known = _status(place)
    if known is None:
        mask = os.umask(0)
        os.umask(mask)
        mode = 0o666 & ~mask
    else:
        mode = stat.S_IMODE(known.st_mode)
        if hasattr(os, "fchown"):
            with contextlib.suppress(OSError):
                os.fchown(handle, known.st_uid, known.st_gid)
    if hasattr(os, "fchmod"):
        os.fchmod(handle, mode)


class _Part:
    """A file that is being written. It has no name where the system allows that, so that a crash leaves nothing.

    It is locked while its process lives, so that others can tell it from one that was left behind.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.name, self.handle = folder, "", -1
        if hasattr(os, "O_TMPFILE") and os.path.isdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                self.handle = os.open(folder, os.O_TMPFILE | os.O_WRONLY, 0o600)
        if self.handle < 0:
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)
            fresh = self._call() + ".new" * (fcntl is not None)  # whoever sweeps must not see it before it is locked
            self.handle = os.open(fresh, flags, 0o600)
            self._lock()
            if fresh != self.name:
                os.rename(fresh, self.name)
        else:
            self._lock()

    def _lock(self) -> None:
        if fcntl is not None:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(self.handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def named(self) -> str:
        """Its name, from which it can be renamed."""
        if not self.name:
            root = os.open("/", os.O_RDONLY)  # only so does Python follow the link
            try:
                os.link(f"/proc/self/fd/{self.handle}", self._call(), src_dir_fd=root, follow_symlinks=True)
            finally:
                os.close(root)
        return self.name

    def close(self) -> None:
        """It is written."""
        if self.handle >= 0:
            os.close(self.handle)
        self.handle = -1

    def settle(self) -> None:
        """It has got its place."""
        _parts.discard(self.name)
        self.name = ""

    def _call(self) -> str:
        self.name = os.path.join(self.folder, f"{PART}{os.urandom(8).hex()}{END}")
        _parts.add(self.name)
        return self.name


@contextlib.contextmanager
def _part(folder: Path) -> Iterator[_Part]:
    part = _Part(folder)
    try:
        yield part
    finally:
        part.close()
        if part.name:
            with contextlib.suppress(OSError):
                os.unlink(part.name)
            part.settle()


def _sweep(folder: Path) -> None:
    """Remove what processes left behind that were killed while they wrote: whatever nobody holds a lock on."""
    if fcntl is None:
        return
    for left in folder.glob(f"{PART}*{END}"):
        with contextlib.suppress(OSError):
            handle = os.open(left, os.O_RDONLY | os.O_NONBLOCK)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()
            finally:
                os.close(handle)
