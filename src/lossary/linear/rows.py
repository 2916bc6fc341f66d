"""A loss as float64 numbers of its rows: value, slope and curvature by each row's predictions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any

import numpy as np
from keras import ops

from ..core import results
from ..core.contract import checks
from ..core.errors import LossaryError
from ..core.loss import Loss, Tensor
from ..core.results import Fused, RisingSums
from ..core.sums import MultiLoss, Sum
from ..numerics.backend import compiles, double, expanded, gradient, one_shape, quick, unrecorded

Array = np.ndarray
Function = Callable[[Tensor, Tensor], Tensor]  # targets and predictions (n, k) -> values (n,)
BLOCK = 8192  # rows of several outputs at once: memory stays bounded, and JAX compiles for one shape
LONG = 2  # of one output so many times more


def block_of(outputs: int) -> int:
    """How many rows are looked at together."""
    return BLOCK * LONG if outputs == 1 else BLOCK


def filled(count: int) -> int:
    """How many rows are looked at where so many are asked for: few numbers, since each has a program of its own."""
    return 1 << max(count - 1, 7).bit_length()


@contextmanager
def in_double() -> Any:
    """A block in which losses compute in float64, and values are not checked again."""
    with double(), unrecorded(), checks(False):
        yield


class Programs:
    """A function of (targets, predictions), and the programs that are made of it once: with slopes, with curvatures."""

    def __init__(self, function: Function, told: Callable[..., Any] | None = None) -> None:
        """`told` gives values and slopes together, or values alone."""
        self.function, self.told = function, told or function
        self.together = told is not None  # until it is seen that values come alone
        both = lambda y, p: expanded(self.told, y, p)  # noqa: E731
        self.expand, self.sized = quick(both), quick(both, 2)  # for any shapes, and for those of few sizes
        self.slope = self.expand if one_shape() else quick(self._slope)  # one program for one shape

    def _slope(self, y: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        if self.together:
            found = self.told(y, p)
            self.together = isinstance(found, tuple)
            if self.together:
                return found
        values: list[Tensor] = []

        def of(inner: Tensor) -> Tensor:
            values.append(self.function(y, inner))
            return values[-1]

        slope = gradient(of, p)
        return ops.stop_gradient(values[-1]), slope

    def __call__(self, y: Tensor, p: Tensor) -> Tensor:
        return self.function(y, p)


def row_function(loss: Any) -> Programs:
    """The values of a loss's rows, in the type of the predictions. Raises LossaryError for rows that are not apart."""
    if isinstance(loss, Sum):
        return Programs(_of_sum(loss))
    if isinstance(loss, Loss):
        if loss.inputs:
            raise LossaryError(
                "A linear model gives one prediction for each target of a row.",
                arrived=f"{loss!r} reads {', '.join(loss.inputs.values()[0].slots)}.",
                allowed="Expected a loss of one y_true and one y_pred.",
                do="Train such a loss step by step, with ls.train or Keras's fit.",
            )
        if loss.coupled:
            raise coupled(repr(loss))
        if loss.holds_fixed:
            raise LossaryError(
                "A linear fit ends where the gradient of its loss is 0.",
                arrived=f"The gradient of {loss!r} leaves parts of its formula out, by design.",
                allowed="Expected a loss whose gradient is that of its value.",
                do="Train such a loss step by step, with ls.train or Keras's fit.",
            )
        config = loss.get_config()
        plain = all(isinstance(value, (bool, int, float, str, tuple, list, type(None))) for value in config.values())
        if plain and type(loss).__module__.startswith("lossary."):  # nothing in it moves
            kind: Any = type(loss)
            return _of_plain(kind, json.dumps(config))
        return _of_loss(type(loss), config)
    call = getattr(loss, "call", loss)

    def values(y: Tensor, p: Tensor) -> Tensor:
        found = call(y, p)
        if len(found.shape) == 0 or found.shape[0] != p.shape[0]:
            raise coupled(getattr(loss, "name", None) or getattr(loss, "__name__", repr(loss)))
        return ops.mean(ops.reshape(found, (p.shape[0], -1)), axis=1)

    return Programs(values)


@lru_cache(maxsize=64)
def _of_plain(kind: Any, config: str) -> Programs:
    """The same for equal losses, so that a second fit compiles nothing."""
    return _of_loss(kind, json.loads(config))


def _of_loss(kind: type[Loss], config: dict[str, Any]) -> Programs:
    twin = kind.from_config(config | {"dtype": "float64", "reduction": "sum_over_batch_size"})
    if twin.gives is RisingSums:  # the mean of the squares is smallest where its root is
        return Programs(lambda y, p: ops.square(twin.rows(y, p)))
    return Programs(twin.rows, partial(_told, twin))


def _told(loss: Loss, y: Tensor, p: Tensor) -> Any:
    """Values and slopes by the kernel, where it is all that the loss is; else values."""
    result, _, mask = loss._result(y, p, None, vectors=True)
    if isinstance(result, Fused) and mask is None and result.y_pred.shape == p.shape:
        value, slope = result.kernel(result.y_pred, *result.held)
        if result.rowwise:
            return value, slope
        entries = 1 if result.sums else p.shape[-1]
        return ops.sum(value, axis=-1) / entries, slope / entries
    return results.reduce(result, None, mask, None)


def _of_sum(loss: Sum) -> Function:
    if isinstance(loss, MultiLoss) or any(part.output is not None for part in loss.parts):
        raise LossaryError(
            "Cannot fit the linear model.",
            arrived=f"The loss is {loss!r}, with several outputs.",
            allowed="Expected one loss, or a sum of losses, of the same predictions.",
            do="Fit each output on its own.",
        )
    parts = [(float(ops.convert_to_numpy(part.weight())), row_function(part.loss)) for part in loss.parts]

    def values(y: Tensor, p: Tensor) -> Tensor:
        total: Any = 0.0
        for weight, function in parts:
            total = total + weight * function(y, p)
        return total

    return values


def coupled(shown: Any) -> LossaryError:
    """The refusal of a loss that compares rows with each other."""
    return LossaryError(
        "A linear model is fitted to the weighted mean of the values of the rows.",
        arrived=f"{shown} has no value for each row: it is one number for the whole batch.",
        allowed="Expected a loss with one value per row that depends on no other row.",
        do="Train such a loss step by step, with ls.train or Keras's fit.",
    )


STRETCH = 2048  # rows that are taken together


def stretches(rows: int) -> Iterator[slice]:
    """Rows in so small parts that what is made of them stays near the processor, and takes no new memory."""
    return (slice(first, first + STRETCH) for first in range(0, max(rows, 1), STRETCH))


class Rows:
    """A loss with its targets: numbers for predictions (n, outputs), computed in float64 on the running backend."""

    def __init__(self, function: Function, y: Array, outputs: int, sizes: tuple[int, ...] = ()) -> None:
        """`sizes`: numbers of rows at once, of which the smallest that will do is filled up: few programs are made."""
        self.function = function if isinstance(function, Programs) else Programs(function)
        self.y, self.outputs, self.count = y, outputs, len(y)
        self._sized, self._filled = bool(sizes), one_shape() or (bool(sizes) and compiles())
        block = block_of(outputs)
        usual = min(block, filled(self.count)) if self._filled else block
        self._size = next((size for size in sizes if size >= self.count), sizes[-1]) if sizes else usual

    def values(self, eta: Array) -> Array:
        """Values (m,) alone: by a program that there is, or eagerly, for a single look."""
        if self._sized and self._filled:
            return self.expand(eta)[0]
        with in_double():
            return np.asarray(ops.convert_to_numpy(self.function(_tensor(self.y), _tensor(eta))), dtype=float)

    def slopes(self, eta: Array, rows: Any = None) -> tuple[Array, Array]:
        """Values (m,) and slopes (m, k) at predictions (m, k) of the rows chosen (indices; None: all)."""
        program = self.function.sized if self._sized and self._filled else self.function.slope
        value, slope = self._blockwise(program, eta, rows, 2)
        return value, slope

    def expand(self, eta: Array, rows: Any = None) -> tuple[Array, Array, Array]:
        """Values (m,), slopes (m, k) and curvatures (m, k, k)."""
        program = self.function.sized if self._sized else self.function.expand
        value, slope, curvature = self._blockwise(program, eta, rows, 3)
        return value, slope, curvature

    def _blockwise(self, program: Callable[..., Any], eta: Array, rows: Any, wanted: int) -> list[Array]:
        y = self.y if rows is None else self.y[rows]
        size, found = self._size, []
        with in_double():
            for first in range(0, len(eta), size):
                part, target = eta[first : first + size], y[first : first + size]
                short = size - len(part) if self._filled else 0
                if short:
                    part = np.concatenate([part, np.repeat(part[:1], short, axis=0)])
                    target = np.concatenate([target, np.repeat(target[:1], short, axis=0)])
                answers = program(_tensor(target), _tensor(part))
                found.append(
                    [np.asarray(ops.convert_to_numpy(a), dtype=float)[: len(eta) - first] for a in answers[:wanted]]
                )
        return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def _tensor(x: Array) -> Tensor:
    return ops.convert_to_tensor(x, dtype="int32" if x.dtype.kind in "iu" else "float64")
