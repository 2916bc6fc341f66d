"""From a path to bytes: what is no file of a table is refused, and what is packed is unpacked, by content."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from lossary.data.errors import DataError

FORM = "Expected a CSV file (with any separator), an Excel or OpenDocument sheet, or a Parquet file."
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
UNPACKED = {b"\x1f\x8b": gzip.decompress, b"BZh": bz2.decompress, b"\xfd7zXZ": lzma.decompress}
FOREIGN = {
    b"%PDF": "It is a PDF document.",
    b"\x28\xb5\x2f\xfd": "It is compressed with zstd.",
    b"SQLite format 3": "It is an SQLite database.",
    b"\x89PNG": "It is an image.",
    b"\x93NUMPY": "It is a NumPy array.",
    b"\x89HDF": "It is an HDF5 file.",
    b"ARROW1": "It is an Arrow (Feather) file.",
    b"Rar!": "It is a RAR archive.",
    b"7z\xbc\xaf": "It is a 7-Zip archive.",
}
KINDS = {
    stat.S_IFDIR: ("It is a directory.", "Name one file in it."),
    stat.S_IFIFO: ("It is a pipe, which can be read only once.", "Write it to a file first."),
    stat.S_IFCHR: ("It is a device, not a file.", "Name a file."),
    stat.S_IFBLK: ("It is a device, not a file.", "Name a file."),
    stat.S_IFSOCK: ("It is a socket, not a file.", "Name a file."),
}


@dataclass(frozen=True)
class Content:
    """The bytes of a table: `kind` is text, sheet or parquet."""

    kind: str
    raw: bytes


def refused(source: object, arrived: str, do: str, allowed: str = FORM) -> DataError:
    """A file that cannot be read as a table."""
    name = str(source)
    name = name if len(name) <= 120 else name[:119] + "…"
    return DataError(f"Cannot read '{name}' as a table.", arrived=arrived, allowed=allowed, do=do)


def read_file(path: Path) -> Content:
    """What a file holds. Raises DataError for whatever is no regular file that can be read and unpacked."""
    try:
        mode = path.stat().st_mode
        raw = path.read_bytes() if stat.S_ISREG(mode) else b""  # a pipe would wait, and a device never end
    except FileNotFoundError:
        raise refused(
            path, "There is no such file.", "Check the spelling, or give the name of an embedded table."
        ) from None
    except (OSError, ValueError, MemoryError) as problem:
        why = getattr(problem, "strerror", None) or str(problem) or "it is too large"
        raise refused(path, f"It cannot be read ({why}).", "Check the file and its permissions.") from None
    if not stat.S_ISREG(mode):
        raise refused(path, *KINDS.get(stat.S_IFMT(mode), ("It is not a regular file.", "Name a file.")))
    return _unpacked(path, raw)


def _unpacked(path: Path, raw: bytes, depth: int = 0) -> Content:
    for mark, unpack in UNPACKED.items():
        if raw.startswith(mark) and depth < 3:
            try:
                return _unpacked(path, unpack(raw), depth + 1)
            except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as problem:
                if isinstance(problem, DataError):
                    raise
                raise refused(
                    path, f"It cannot be decompressed ({problem}).", "Copy or download the file again."
                ) from None
    foreign = next((what for mark, what in FOREIGN.items() if raw.startswith(mark)), None)
    if foreign:
        raise refused(path, foreign, "Export the table as CSV, Excel or Parquet.")
    if raw.startswith(b"PAR1"):
        return Content("parquet", raw)
    if raw.startswith(b"\xd0\xcf\x11\xe0"):  # Excel up to 2003
        return Content("sheet", raw)
    if raw.startswith(b"PK\x03\x04"):
        return _from_zip(path, raw, depth)
    if raw and not depth and path.suffix in (".gz", ".bz2", ".xz", ".parquet", ".xlsx", ".xls", ".ods"):
        raise refused(path, f"It is not a {path.suffix} file, despite its name.", "Check what it contains.")
    return Content("text", raw)


def _from_zip(path: Path, raw: bytes, depth: int) -> Content:
    """A workbook is a zip archive too; any other has to hold one file."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
            if "[Content_Types].xml" in names or "content.xml" in names:
                return Content("sheet", raw)
            if len(names) != 1:
                listed = ", ".join(names[:4]) + (" …" if len(names) > 4 else "")
                raise refused(path, f"It contains {len(names)} files ({listed}).", "Extract the one with the table.")
            return _unpacked(path, archive.read(names[0]), depth + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError) as problem:
        raise refused(path, f"It cannot be decompressed ({problem}).", "Copy or download the file again.") from None
