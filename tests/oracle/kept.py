"""Truths are computed once and kept in files: one for each loss and batch, named by all that it depends on.

Another formula of one loss makes another file for that loss alone: however many losses there are, a change costs what
the changed loss costs.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from tests.oracle import sums
from tests.oracle.sums import mpf

KEPT = Path(__file__).resolve().parents[2] / ".pytest_cache" / "truths"
COMMON = Path(sums.__file__).read_bytes()


def fingerprint(*parts: Any) -> str:
    """Of functions, with every function and constant of the oracles that they use, arrays, and anything else."""
    digest = hashlib.sha256(COMMON)
    for part in parts:
        if isinstance(part, FunctionType):
            for text in sorted(read(part, {})):
                digest.update(text.encode())
        else:
            digest.update(part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
    return digest.hexdigest()[:16]


def read(function: FunctionType, seen: dict[int, str]) -> list[str]:
    """What the function and all that it uses compute, as texts."""
    if id(function) in seen:
        return []
    seen[id(function)] = "seen"
    codes = list(nested(function.__code__))
    texts = [repr((code.co_code, *filter(plain, code.co_consts), *code.co_names)) for code in codes]
    used = [function.__globals__[name] for code in codes for name in code.co_names if name in function.__globals__]
    used += [cell.cell_contents for cell in function.__closure__ or ()]
    used += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for one in used:
        one = getattr(one, "__wrapped__", one)
        if isinstance(one, FunctionType) and one.__module__.startswith("tests."):
            texts += read(one, seen)
        elif isinstance(one, np.ndarray) or plain(one):
            texts.append(repr(one.tolist() if isinstance(one, np.ndarray) else one))
    return texts


def plain(one: Any) -> bool:
    """Whether its text says all of it."""
    return isinstance(one, (int, float, str, bytes, mpf)) or (isinstance(one, tuple) and all(map(plain, one)))


def nested(code: CodeType) -> Iterator[CodeType]:
    """The code, and that of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def kept(name: str, key: str, compute: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays from the file, if it is there; else they are computed and kept."""
    file = KEPT / f"{name}-{key}.npz".replace(" ", "_")
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(f".{os.getpid()}.npz")  # another worker may be writing the same
        np.savez_compressed(draft, **compute())
        draft.replace(file)
    with np.load(file) as found:
        return dict(found)
