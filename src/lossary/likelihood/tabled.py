"""Rows of counts whose first output alone differs: a table for each count, over what the output is."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..linear.rows import Rows
from .nodes import AT, NODES, SHARES

Array = np.ndarray
WIDTH = 0.3  # of a part of the table, in units of the output
ROWS = 1 << 12  # rows at once: they stay in the cache
MANY, FEW = 1 << 13, 1 << 8  # from so many rows on, and for so many different counts


class TabledRows(Rows):
    """Value, slope and curvature of rows from those at few nodes, as long as all outputs but the first are constant."""

    def __init__(self, function: Any, y: Array, outputs: int, sizes: tuple[int, ...]) -> None:
        super().__init__(function, y, outputs, sizes)
        self.sizes = sizes
        self.counts, self.place = np.unique(y, return_inverse=True)

    @staticmethod
    def suits(y: Array) -> bool:
        """Whether a table has far fewer entries than there are rows."""
        return len(y) >= MANY and len(np.unique(y)) <= FEW

    def values(self, eta: Array) -> Array:
        return self.expand(eta)[0]

    def slopes(self, eta: Array, rows: Array | slice | None = None) -> tuple[Array, Array]:
        value, slope, _ = self.expand(eta, rows)
        return value, slope

    def expand(self, eta: Array, rows: Array | slice | None = None) -> tuple[Array, Array, Array]:
        z, k = eta[:, 0], self.outputs
        low, high = z.min(), z.max()
        if rows is not None or not np.isfinite(high - low) or high - low > 100 or np.ptp(eta[:, 1:], axis=0).any():
            return super().expand(eta, rows)
        parts = max(int(np.ceil((high - low) / WIDTH)), 1)
        far = (z - low) / WIDTH
        part = np.minimum(far.astype(np.int64), parts - 1)
        used, key = np.unique(self.place * parts + part, return_inverse=True)
        at = low + WIDTH * ((used % parts)[:, None] + 0.5 + 0.5 * AT)
        nodes = np.concatenate([at.reshape(-1, 1), np.repeat(eta[:1, 1:], at.size, axis=0)], axis=1)
        y = np.repeat(self.counts[used // parts], NODES)
        value, slope, bend = Rows(self.function, y, k, self.sizes).expand(nodes)
        told = np.concatenate([value[:, None], slope, bend.reshape(len(value), -1)], axis=1)
        table = SHARES @ told.reshape(len(used), NODES, -1)
        found = self._read(table, key, 2 * (far - part) - 1)
        return found[:, 0], found[:, 1 : k + 1], found[:, k + 1 :].reshape(-1, k, k)

    def _read(self, table: Array, key: Array, t: Array) -> Array:
        """The polynomials of the table at each row's place."""
        found = np.empty((len(t), table.shape[2]))
        for first in range(0, len(t), ROWS):
            rows = slice(first, first + ROWS)
            waves = np.polynomial.chebyshev.chebvander(t[rows], NODES - 1)
            found[rows] = np.einsum("nk,nkq->nq", waves, table[key[rows]])
        return found
