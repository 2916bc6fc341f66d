"""Rotated boxes, such as ships and cars seen from above: how well one covers the other, as two Gaussian blobs."""

from typing import Annotated

import numpy as np

from ..core.contract import Values
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import choice
from ..core.results import Rows
from ..core.slots import VALID, Slot, declare
from ..numerics import ops
from ..numerics.backend import expm1, log1p
from ..numerics.stable import square_root


def _draw(rng: np.random.Generator, shape: tuple[int, ...], top: int) -> np.ndarray:
    centre, side = rng.uniform(0, 3, (*shape[:-1], 2)), rng.uniform(0.5, 4, (*shape[:-1], 2))
    return np.concatenate([centre, side, rng.uniform(-1.5, 1.5, (*shape[:-1], 1))], -1)


ROTATED_BOX = Values("a box (centre x, centre y, width, height, angle in radians)", neutral=1.0, draw=_draw)
FAR = 1e3


class ProbIoU(Loss, family="boxes", aliases=("prob_iou", "probiou_loss", "gaussian_iou", "rotated_iou"),
              tasks=("detection",), traits=("bounded",)):  # fmt: skip
    r"""How far apart two rotated boxes are as Gaussian distributions: a gradient at any distance, for the angle too.

    Formula: \sqrt{1 - e^{-B}}, or B for mode="log", with B = \frac14 d^T (S + T)^{-1} d + \frac12 \log \frac{|S +
        T|}{4 \sqrt{|S| |T|}}, the way d between the centres, and S and T = R \mathrm{diag}(w^2, h^2) R^T / 12 for the
        rotation R by the angle
    Use: boxes at any angle, in pictures from above; mode="log" at first, where boxes are still far off.
    Beware: angles in radians. A square looks the same at any angle, and a box turned by half a turn is the same box.
        Not the IoU of the boxes, but of the same order. Widths and heights are above 0.
    Reference: Murrugarra-Llerena, Kirsten, Zeni and Jung (2021), Gaussian bounding boxes and probabilistic
        intersection-over-union for object detection, arXiv:2106.06072

    >>> prob_iou([[0.0, 0.0, 2.0, 2.0, 0.0]], [[0.0, 0.0, 2.0, 1.0, 0.0]])
    0.32491970
    """

    mode: Annotated[str, choice("The distance in [0, 1], or B itself.", "distance", "log")] = "distance"

    inputs = declare(
        y_true=Slot(ROTATED_BOX, ("row", "...", "5"), "true", valid="valid"),
        y_pred=Slot(ROTATED_BOX, ("row", "...", "5"), valid="valid"),
        valid=Slot(VALID, ("row", "..."), "any", optional=True),
    )
    undrawn = "It takes five numbers for each box: there is no single number to move."

    def call(self, y_true: Tensor, y_pred: Tensor, valid: Tensor | None) -> Rows:
        (x, y, w, h, a), (u, v, p, q, b) = ([box[..., k] for k in range(5)] for box in (y_true, y_pred))
        # the excess of |S + T| over 4 sqrt(|S| |T|), as a sum of terms of one sign: one box is turned if need be
        longer = (w - h) * (w + h) / (2 * w * h), (p - q) * (p + q) / (2 * p * q)
        crossed = longer[0] * longer[1] < 0
        turn = ops.where(crossed, ops.cos(a - b), ops.sin(a - b))
        wide, high = _gap(w, ops.where(crossed, q, p)), _gap(h, ops.where(crossed, p, q))
        excess = wide + high + wide * high + ops.square(turn) * ops.abs(longer[0] * longer[1])
        far = _spread(u - x, v - y, a, w, h, p * q) + _spread(u - x, v - y, b, p, q, w * h)
        apart = 0.75 * far / (1 + excess) + 0.5 * log1p(excess)
        if self.mode == "log":
            return Rows(apart, valid)
        beyond = apart > FAR
        return Rows(ops.where(beyond, 1.0, square_root(-expm1(-ops.where(beyond, 1.0, apart)))), valid)


def _gap(a: Tensor, b: Tensor) -> Tensor:
    """(a^2 + b^2) / (2 a b) - 1."""
    return (a - b) / a * ((a - b) / b) / 2


def _spread(dx: Tensor, dy: Tensor, angle: Tensor, w: Tensor, h: Tensor, area: Tensor) -> Tensor:
    """The squared way, along and across a box, relative to its sides and to the area of the other one."""
    along, across = dx * ops.cos(angle) + dy * ops.sin(angle), dy * ops.cos(angle) - dx * ops.sin(angle)
    return (h / w * ops.square(along) + w / h * ops.square(across)) / area


prob_iou = function(ProbIoU)
