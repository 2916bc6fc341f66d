"""Value and gradients on JAX: a pure function of the variables' values is differentiated."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import keras


def value_and_gradients(objective: Callable[[], Any], variables: Sequence[Any]) -> tuple[float, list[Any]]:
    """The number that `objective()` returns, and its derivative by each variable."""

    def at(values: list[Any]) -> Any:
        # Inside the scope each variable stands for the value given here, so `objective` depends on nothing hidden.
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return objective()

    value, gradients = jax.value_and_grad(at)([variable.value for variable in variables])
    return float(value), gradients
