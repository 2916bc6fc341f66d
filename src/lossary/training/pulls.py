"""Which rows pull a fit: the derivative of each row's loss by its prediction, from the backend itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossary.data.columns import Floats
from lossary.linear.rows import Rows
from lossary.training.measured import Measured


def pulls(measured: Measured, y_true: Any, outputs: Floats) -> Floats:
    """|d loss of the row / d its outputs|, shape (rows,), for what the model gave, (rows, outputs)."""
    _, slopes = Rows(measured.rows(), y_true, outputs.shape[1]).slopes(outputs)
    return np.asarray(np.linalg.norm(slopes, axis=1))
