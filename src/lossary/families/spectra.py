"""Spectra: errors of a Fourier transform, where a plain error sees one step or one pixel at a time."""

import math
from typing import Annotated

import numpy as np

from ..core.axes import Axis
from ..core.contract import REAL
from ..core.errors import ShapeError
from ..core.forms import Images
from ..core.forms.images import image_mean
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import fraction, nonnegative
from ..core.scenes import SERIES
from ..core.slots import Slot, declare
from ..numerics import ops
from ..numerics.pairs import distance
from ..numerics.stable import by_matrix, largest, mean, power


def _waves(owner: str, x: Tensor, axis: int, count: int | None = None) -> tuple[Tensor, Tensor]:
    """The first waves along an axis, by default all: cosines and sines, one column for each wave."""
    n = x.shape[axis]
    if n is None:
        raise ShapeError(
            f"{owner} compares Fourier coefficients along axis {axis}.",
            arrived=f"y_pred has shape {tuple(x.shape)}.",
            allowed="Expected a length that is known.",
            do="Set the shape where the rows come from, or pad them to one length.",
        )
    turns = np.outer(np.arange(n), np.arange(count or n)) % n * (2 * math.pi / n)
    return ops.convert_to_tensor(np.cos(turns), x.dtype), ops.convert_to_tensor(np.sin(turns), x.dtype)


def _amplitude(real: Tensor, other: Tensor) -> Tensor:
    both = ops.stack([real, other], axis=-1)
    return distance(both, ops.zeros_like(both))


def _spectrum(owner: str, x: Tensor) -> Tensor:
    """How much of each wave there is in an image (row, height, width, channel), for each channel."""
    real, other = ops.moveaxis(x, -1, 1), None
    for _ in range(2):  # along the width, then along the height, in its place
        cosine, sine = (wave / math.sqrt(real.shape[3] or 1) for wave in _waves(owner, real, 3))
        real, other = (
            (by_matrix(real, cosine), -by_matrix(real, sine))
            if other is None
            else (
                by_matrix(real, cosine) + by_matrix(other, sine),
                by_matrix(other, cosine) - by_matrix(real, sine),
            )
        )
        real, other = ops.moveaxis(real, 2, 3), ops.moveaxis(other, 2, 3)
    return _amplitude(real, other)


class FreDF(Loss, aliases=("frequency_enhanced_forecast",), tasks=("regression",)):
    r"""The squared error of a forecast, mixed with absolute errors of its Fourier coefficients, which join all steps.

    Formula: (1 - \alpha)\,\mathrm{mean}(e^2) + \alpha\,\mathrm{mean}_k |F_k|, with e = y_pred - y_true, and
        F_k = \sum_t e_t e^{-2 \pi i k t / H} for k from 0 to half of the H steps
    Use: forecasts of several steps of a series whose steps depend on one another.
    Beware: Fourier coefficients grow with the number of steps, so \alpha is not their share of the value.
    Reference: Wang, Pan, Shen, Chen, Yang, Yang, Zhang, Liu, Li and Tao (2025), FreDF: learning to forecast in the
        frequency domain, arXiv:2402.02399

    >>> fre_df([[[0.0], [0.0]]], [[[1.0], [0.0]]])
    0.75
    """

    alpha: Annotated[float, fraction("The weight of the Fourier coefficients.", closed=True, slide=(0.0, 1.0))] = 0.5

    inputs = declare(
        y_true=Slot(REAL, ("row", "step", "feature"), "true"), y_pred=Slot(REAL, ("row", "step", "feature"))
    )

    def drawn_over(self) -> list[Axis]:
        return [SERIES]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        e = ops.moveaxis(y_pred - y_true, 1, 2)
        cosine, sine = _waves(type(self).__name__, e, 2, (e.shape[2] or 0) // 2 + 1)
        waves = mean(mean(_amplitude(by_matrix(e, cosine), by_matrix(e, sine))))
        return (1 - self.alpha) * mean(mean(ops.square(e))) + self.alpha * waves


fre_df = function(FreDF)


class SpectralAmplitude(Images, aliases=("jukebox_spectral", "jukebox_loss", "spectral_loss"), positional=""):
    r"""The mean squared error of the Fourier amplitudes of an image, whatever their phases.

    Formula: \mathrm{mean}_{kl} (|Y_{kl}| - |P_{kl}|)^2, with the unitary Fourier transforms Y and P of each channel
    Use: autoencoders and generators, beside an error of the pixels: texture should be as rough as it is in the target.
    Beware: it ignores where things are: an image that is shifted, and wraps around at its edges, costs nothing. MONAI
        transforms along the channels too.
    Reference: Dhariwal, Jun, Payne, Kim, Radford and Sutskever (2020), Jukebox: a generative model for music,
        arXiv:2005.00341
    Unlike:
        monai.losses.JukeboxLoss: transforms along the channels too

    >>> spectral_amplitude([[[[0.0]], [[1.0]]]], [[[[1.0]], [[0.0]]]]), spectral_amplitude([[[[1.0]]]], [[[[3.0]]]])
    (0.0, 4.0)
    """

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        name = type(self).__name__
        return image_mean(ops.square(_spectrum(name, p) - _spectrum(name, y)))


spectral_amplitude = function(SpectralAmplitude)


class FocalFrequency(Images, aliases=("focal_frequency_loss", "ffl"), positional=""):
    r"""The squared errors of the Fourier coefficients of an image; those that are farthest off count most.

    Formula: \mathrm{mean}_{kl} w_{kl} |Y_{kl} - P_{kl}|^2, with the unitary Fourier transforms Y and P of each channel,
        and w = |Y - P|^\alpha divided by the largest of its channel, held fixed
    Use: generators and autoencoders that leave out fine structure, beside an error of the pixels.
    Beware: with alpha = 0 it is the mean squared error of the pixels. The weights are fixed in the gradient.
    Reference: Jiang, Dai, Wu and Loy (2021), Focal frequency loss for image reconstruction and synthesis,
        arXiv:2012.12821

    >>> focal_frequency([[[[0.0]]]], [[[[2.0]]]])
    4.0
    """

    alpha: Annotated[float, nonnegative("How strongly coefficients that are far off dominate.", slide=(0.0, 3.0))] = 1.0

    holds_fixed = True

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        apart = _spectrum(type(self).__name__, p - y)
        held = ops.stop_gradient(apart)
        most = largest(held, axis=(2, 3), keepdims=True)
        weight = power(held / ops.where(most > 0, most, 1.0), self.alpha)
        return image_mean(weight * ops.square(apart))


focal_frequency = function(FocalFrequency)
