"""The running Keras backend, asked through one small module each."""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import keras


@cache
def _backend() -> ModuleType:
    return import_module(f"{__package__}.{keras.backend.backend()}")


def concrete(x: Any) -> bool:
    """Whether the numbers of this tensor can be looked at now (eager), not only traced."""
    return not isinstance(x, keras.KerasTensor) and bool(_backend().concrete(x))


def replicas() -> int:
    """How many replicas of this program add up their gradients."""
    return int(_backend().replicas())
