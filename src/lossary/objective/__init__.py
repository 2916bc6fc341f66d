"""What training minimises: target = loss + regularization.

Names are loaded when they are first touched, because Keras takes seconds to import.
"""

from importlib import import_module
from typing import Any

_HOME = {
    **dict.fromkeys(["LossLayer", "TermLayer", "without_targets"], "layers"),
    **dict.fromkeys(["Target", "regularization", "target_split", "target_table"], "terms"),
    **dict.fromkeys(["UncertaintyWeighted", "GradNorm"], "learned"),
    **dict.fromkeys(["Input", "Column", "Output", "Hidden", "Teacher", "Fixed", "Itself"], "sources"),
    "Term": "term",
    "weights_from": "weights",
}

__all__ = [*_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
