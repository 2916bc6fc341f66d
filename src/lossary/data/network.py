"""A model as arrays: what it gives is computed by NumPy, the same on every backend and without any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossary.data.columns import Floats


@dataclass(frozen=True)
class Network:
    """Dense layers with relu between them: kernels (inputs, outputs) and biases (outputs,). One layer is linear."""

    layers: tuple[tuple[Any, Any], ...]

    @classmethod
    def of(cls, weights: Sequence[Any]) -> Network:
        """From kernels and biases in turn."""
        return cls(tuple(zip(weights[::2], weights[1::2], strict=True)))

    def outputs(self, x: Floats) -> Floats:
        """(rows, features) -> (rows, outputs), in float64."""
        for place, (kernel, bias) in enumerate(self.layers):
            x = np.maximum(x, 0.0) if place else x
            x = np.asarray(x, dtype=np.float64) @ np.asarray(kernel, dtype=np.float64) + bias
        return np.asarray(x)


def linked(outputs: Floats, shift: float, positive: bool) -> Floats:
    """What a model gives, as scaled predictions: the same, or softplus of it for a loss of positive numbers."""
    return np.logaddexp(0.0, outputs + shift) - shift if positive else outputs
