"""What only JAX can answer."""

from typing import Any

import jax


def concrete(x: Any) -> bool:
    """Whether the numbers of an array can be looked at now, not only traced."""
    return not isinstance(x, jax.core.Tracer)


def replicas() -> int:
    """JAX programs see the global batch: nothing to divide by."""
    return 1
