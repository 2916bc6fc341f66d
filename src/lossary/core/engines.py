"""Said once: which loss is not on several replicas, or in several processes, what it is on one device."""

from __future__ import annotations

import warnings
from typing import Any

from ..numerics.backend import together
from ..numerics.joined import joined
from .replicas import inexact_on_replicas

_SAID: set[str] = set()


def say_if_inexact(loss: Any, *, masked: bool = False, weighted: bool = False) -> None:
    """Warn, once for each class, where a training step is shared out and this loss is not exact then."""
    count, averaged = together()
    name = type(loss).__name__
    if count == 1 or name in _SAID:
        return
    alone = averaged and joined() is None
    why = inexact_on_replicas(loss, alone=alone, averaged=averaged, masked=masked, weighted=weighted)
    if why is None:
        return
    _SAID.add(name)
    do = "Compute it inside `with ls.across():`." if alone else "Train on one device."
    several = "processes" if averaged else "replicas"
    warnings.warn(f"{name} {why}. On {count} {several} its value differs from that on one device. {do}", stacklevel=3)
