"""Forms of images, and what is looked at in them: neighbours, windows, scales."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated

from ...numerics import ops
from ...numerics.backend import min_max, total
from ...numerics.stable import mean
from ..axes import Axis
from ..contract import Values, looks
from ..errors import TargetError
from ..loss import Loss, Tensor
from ..params import flag
from ..scenes import NOISE, NOISE_ALONE
from ..slots import Slot, declare

PIXEL = Values("the brightness of a pixel", draw=lambda rng, shape, top: rng.uniform(size=shape))
IMAGE = ("row", "height", "width", "channel")
ChannelsFirst = Annotated[bool, flag("Whether the channels are the second axis, as torch has them, and not the last.")]


class Images(Loss, abstract=True, tasks=("images",)):
    """A loss of two images each: y_true and y_pred are (row, height, width, channel), or have their channels first."""

    channels_first: ChannelsFirst = False

    inputs = declare(y_true=Slot(PIXEL, IMAGE, "true"), y_pred=Slot(PIXEL, IMAGE))

    def drawn_over(self) -> list[Axis]:
        return [NOISE]

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        """The value of each pair of images, channels last."""
        raise NotImplementedError

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        peak = getattr(self, "peak", None)
        if peak is not None:
            _check_peak(type(self).__name__, y_true, peak)
        return self.of(channels_last(y_true, self.channels_first), channels_last(y_pred, self.channels_first))


class OneImage(Loss, abstract=True, tasks=("images",)):
    """A penalty of images alone, without targets: (row, height, width, channel), or channels first."""

    channels_first: ChannelsFirst = False

    inputs = declare(y_pred=Slot(PIXEL, IMAGE))

    def drawn_over(self) -> list[Axis]:
        return [NOISE_ALONE]

    def of(self, p: Tensor) -> Tensor:
        """The value of each image, channels last."""
        raise NotImplementedError

    def call(self, y_pred: Tensor) -> Tensor:
        return self.of(channels_last(y_pred, self.channels_first))


def _check_peak(owner: str, y_true: Tensor, peak: float) -> None:
    """Refuse eager images that are brighter than the range that constants are made of."""
    if not looks(owner, "peak", y_true):
        return
    high = min_max(y_true)[1]
    if high > 1.001 * peak:
        raise TargetError(
            f"{owner} reads images from 0 to peak={peak:g}.",
            arrived=f"y_true holds values up to {high:g}.",
            allowed=f"Expected values up to {peak:g}.",
            do="Pass peak=255 for images of 8 bits, or divide both images by 255.",
        )


def channels_last(x: Tensor, first: bool) -> Tensor:
    return ops.moveaxis(x, 1, -1) if first else x


def part(x: Tensor, axis: int, start: int, less: int) -> Tensor:
    """Along an axis, `less` entries fewer than there are, from `start` on."""
    return x[(slice(None),) * axis + (slice(start, (start - less) or None),)]


def steps(x: Tensor, axis: int) -> Tensor:
    """The differences of neighbours along an axis."""
    return part(x, axis, 1, 1) - part(x, axis, 0, 1)


def image_mean(x: Tensor) -> Tensor:
    """The mean over height, width and channels."""
    return mean(mean(mean(x)))


def bell(size: int, sigma: float) -> list[float]:
    """Weights of a normal density at `size` pixels, which sum to 1."""
    heights = [math.exp(-0.5 * ((k - (size - 1) / 2) / sigma) ** 2) for k in range(size)]
    return [height / sum(heights) for height in heights]


def even(size: int) -> list[float]:
    """Equal weights, which sum to 1."""
    return [1 / size] * size


def windows(x: Tensor, axis: int, size: int) -> Tensor:
    """What lies in each window along an axis, as one more axis before it: (row, size, height - size + 1, …)."""
    shape = [*ops.shape(x)]
    n = shape[axis]
    padded = ops.concatenate([x, part(x, axis, 0, n - 1)], axis=axis)  # each copy begins one place later
    copies = ops.repeat(ops.expand_dims(padded, axis), size, axis=axis)
    flat = ops.reshape(copies, (*shape[:axis], size * (n + 1), *shape[axis + 1 :]))
    late = ops.reshape(part(flat, axis, 0, size), (*shape[:axis], size, n, *shape[axis + 1 :]))
    return part(late, axis + 1, size - 1, size - 1)


def local(
    a: Tensor, b: Tensor, window: int, weights: Callable[[int], Sequence[float]]
) -> tuple[Tensor, Tensor, Tensor]:
    """In each window that lies inside the image: the weighted means of a and of b, and their covariance.

    One axis after the other: the covariance in a window is that inside its lines and that of their means, both sums
    of products of distances from a mean. Differences of means of squares would lose the digits of flat windows.
    """
    covariance: Tensor = None
    for axis in (1, 2):
        size = min(window, a.shape[axis] or window)  # no larger than the image
        share = ops.reshape(ops.convert_to_tensor(weights(size), a.dtype), (-1, *[1] * (4 - axis)))

        def mixed(x: Tensor, axis: int = axis, share: Tensor = share) -> Tensor:
            return total(share * x, axis)

        own = windows(a, axis, size)
        other = own if b is a else windows(b, axis, size)
        mean_a = mixed(own)
        mean_b = mean_a if b is a else mixed(other)
        apart = own - ops.expand_dims(mean_a, axis)
        apart = apart * (apart if b is a else other - ops.expand_dims(mean_b, axis))
        covariance = mixed(apart if covariance is None else apart + windows(covariance, axis, size))
        a, b = mean_a, mean_a if b is a else mean_b
    return a, b, covariance


def halved(x: Tensor) -> Tensor:
    """Half the size: the means of two by two pixels; a last line without a partner stays as it is."""
    for axis in (1, 2):
        size = x.shape[axis]
        if size % 2:
            x = ops.concatenate([x, part(x, axis, size - 1, size - 1)], axis=axis)
        index: tuple[slice, ...] = (slice(None),) * axis
        x = (x[(*index, slice(0, None, 2))] + x[(*index, slice(1, None, 2))]) / 2
    return x
