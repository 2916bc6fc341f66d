"""Which backend Keras runs on: decided and checked before Keras is imported, since it cannot change afterwards."""

from __future__ import annotations

import os
import sys
from importlib import util

from lossary.core.errors import LossaryError

BACKENDS = ("tensorflow", "jax", "torch")


def choose_backend(wanted: str | None) -> str:
    """Set the backend for Keras: the one wanted, or else KERAS_BACKEND, or else the first that is installed."""
    installed = [name for name in BACKENDS if util.find_spec(name) is not None]
    asked = wanted or os.environ.get("KERAS_BACKEND") or (installed[0] if installed else BACKENDS[0])
    allowed = (
        f"Installed here: {', '.join(installed)}." if installed else "None of TensorFlow, JAX, torch is installed."
    )
    if asked not in BACKENDS:
        raise LossaryError(
            f"Cannot use the backend '{asked}'.",
            arrived="It is not a backend that lossary supports.",
            allowed=f"Expected one of {', '.join(BACKENDS)}. {allowed}",
            do="Pass one of them as --backend, or set KERAS_BACKEND.",
        )
    if asked not in installed:
        raise LossaryError(
            f"Cannot use the backend '{asked}'.",
            arrived="It is not installed.",
            allowed=allowed,
            do=f"Install it: pip install 'lossary[{asked}]'.",
        )
    _check_unchanged(asked)
    os.environ["KERAS_BACKEND"] = asked
    # TensorFlow's notes about the processor would stand in the middle of the tables
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return asked


def _check_unchanged(asked: str) -> None:
    if "keras" not in sys.modules:
        return
    import keras

    running = keras.backend.backend()
    if running != asked:
        raise LossaryError(
            f"Cannot use the backend '{asked}'.",
            arrived=f"Keras already runs on {running} in this process.",
            allowed="Expected one backend per process.",
            do="Start a new process, or leave --backend out.",
        )
