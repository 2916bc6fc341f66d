"""The operations that formulas are written in: those of keras.ops, by the same names.

On torch the common ones are the backend's own calls, without the steps that keras.ops takes for other inputs than
tensors, and they take blocks too (numerics.calls.torch). Elsewhere a formula is compiled, and they are those of Keras.
"""

from importlib import import_module
from typing import Any

import keras

OWN = f"{__package__}.calls.{'torch' if keras.backend.backend() == 'torch' else 'compiled'}"


def __getattr__(name: str) -> Any:
    found: Any = getattr(import_module(OWN), name, None)
    if found is None:
        found = getattr(keras.ops, name)
    globals()[name] = found
    return found
