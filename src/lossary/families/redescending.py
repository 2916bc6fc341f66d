"""Redescending: robust losses whose gradient is exactly zero for errors beyond a threshold."""

import math
from typing import Annotated

from ..core.errors import ParameterError
from ..core.forms import Distance
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import positive
from ..numerics import ops
from ..numerics.stable import at_least, at_most


class AndrewsWave(
    Distance,
    aliases=("andrews", "andrew_wave", "sine_wave"),
    traits=("bounded", "robust", "redescending", "smooth", "symmetric"),
):
    r"""A gradient that follows half a sine wave: largest at an error of `c` π/2, zero beyond `c` π.

    Formula: c^2 (1 - \cos(e / c)) if |e| \le \pi c else 2 c^2, with e = y_pred - y_true
    Use: when some targets are clearly wrong and should not count; c = 1.339 keeps 95 % efficiency for Gaussian errors
        of standard deviation 1.
    Beware: not convex, and rows beyond \pi c have no gradient: standardise the targets and start from a Huber fit.
    Reference: Andrews (1974), A robust method for multiple linear regression, doi:10.1080/00401706.1974.10489233
    Elsewhere:
        statsmodels.robust.norms.AndrewWave(a=1.339) -> c=a

    >>> andrews_wave([[0.0]], [[1.0]], c=1.0), andrews_wave([[0.0]], [[9.0]], c=2.0)
    (0.45969769, 8.0)
    """

    c: Annotated[float, positive("The gradient is zero beyond π times this error.", slide=(0.3, 4.0))] = 1.339

    def of(self, e: Tensor) -> Tensor:
        half = ops.sin(0.5 * ops.clip(e / self.c, -math.pi, math.pi))
        return 2 * self.c**2 * ops.square(half)

    def slope(self, e: Tensor) -> Tensor:
        turn = ops.clip(e / self.c, -math.pi, math.pi)
        return ops.where(ops.abs(e) < math.pi * self.c, self.c * ops.sin(turn), 0.0 * turn)


andrews_wave = function(AndrewsWave)


class TruncatedSquaredError(
    Distance,
    aliases=("talwar", "truncated_quadratic", "skipped_mean"),
    traits=("bounded", "robust", "redescending", "symmetric"),
):
    r"""Half the squared error up to `c`, and constant beyond: an outlier has no gradient, all others a full one.

    Formula: \tfrac12 \min(e^2, c^2), with e = y_pred - y_true
    Use: when errors are either ordinary or worthless; c = 2.795 keeps 95 % efficiency for Gaussian errors of standard
        deviation 1.
    Beware: not convex, with a jump of the gradient at `c`: standardise the targets and start from a Huber fit.
    Reference: Hinich and Talwar (1975), A simple method for robust regression, Journal of the American Statistical
        Association 70(349):113-119
    Elsewhere:
        statsmodels.robust.norms.TrimmedMean(c=2.0)

    >>> truncated_squared_error([[0.0]], [[1.0]]), truncated_squared_error([[0.0]], [[9.0]], c=2.0)
    (0.5, 2.0)
    """

    c: Annotated[float, positive("The error beyond which the gradient is zero.", slide=(0.5, 6.0))] = 2.795

    def of(self, e: Tensor) -> Tensor:
        near = ops.clip(e, -self.c, self.c)
        return 0.5 * near * near

    def slope(self, e: Tensor) -> Tensor:
        return ops.where(ops.abs(e) > self.c, 0.0, e)


truncated_squared_error = function(TruncatedSquaredError)


class Hampel(
    Distance,
    aliases=("hampel_loss", "three_part"),
    traits=("bounded", "robust", "redescending", "smooth", "symmetric"),
):
    r"""Huber's loss up to `b`; from there the gradient falls in a straight line, to zero at `c`.

    Formula: \int_0^{|e|} \psi(t)\,dt, where \psi(t) is t up to a, then a up to b, then a\,(c - t) / (c - b) up to c,
        and 0 beyond; e = y_pred - y_true
    Use: when some targets are clearly wrong, and it should be plain which rows count how much.
    Beware: not convex, and rows beyond `c` have no gradient: standardise the targets and start from a Huber fit.
    Reference: Hampel (1974), The influence curve and its role in robust estimation, Journal of the American Statistical
        Association 69(346):383-393
    Elsewhere:
        statsmodels.robust.norms.Hampel(a=2.0, b=4.0, c=8.0)

    >>> hampel([[0.0]], [[3.0]]), hampel([[0.0]], [[6.0]]), hampel([[0.0]], [[30.0]], a=1.0)
    (4.0, 9.0, 5.5)
    """

    a: Annotated[float, positive("The error up to which the gradient grows.", slide=(0.5, 3.0))] = 2.0
    b: Annotated[float, positive("The error beyond which the gradient falls.", slide=(3.0, 6.0))] = 4.0
    c: Annotated[float, positive("The error beyond which the gradient is zero.", slide=(6.5, 12.0))] = 8.0

    def validate(self) -> None:
        told = [x for x in (self.a, self.b, self.c) if isinstance(x, (int, float))]
        if len(told) == 3 and not self.a <= self.b < self.c:
            raise ParameterError(
                "Hampel(a=..., b=..., c=...) names the errors at which the gradient stops growing, falls, and is zero.",
                arrived=f"It was given a={self.a!r}, b={self.b!r}, c={self.c!r}.",
                allowed="Expected a <= b < c.",
                do="Pass them in this order; ls.Hampel() has 2, 4 and 8.",
            )

    def of(self, e: Tensor) -> Tensor:
        size = ops.abs(e)
        first = at_most(size, self.a)
        falling = at_most(size, self.c) - at_most(size, self.b)
        rest = at_most(size, self.b) - first + falling * (1 - 0.5 * (falling / (self.c - self.b)))
        return 0.5 * first * first + self.a * rest

    def slope(self, e: Tensor) -> Tensor:
        near, left = ops.clip(e, -self.a, self.a), at_least(self.c - ops.abs(e), 0.0)
        return near * at_most(left / (self.c - self.b), 1.0)


hampel = function(Hampel)


class GemanMcClure(
    Distance,
    aliases=("geman", "geman_mcclure_loss"),
    traits=("bounded", "robust", "redescending", "smooth", "symmetric"),
):
    r"""Levels off: beyond a few `c` the loss of an error is nearly constant, and its gradient goes to 0.

    Formula: \tfrac12 \frac{e^2}{1 + (e/c)^2}, with e = y_pred - y_true
    Use: when many targets are badly wrong and none of them should have a large loss.
    Beware: not convex: start from a Huber or absolute-error fit. Kornia's is that of c = 2.
    Reference: Geman and McClure (1987), Statistical methods for tomographic image reconstruction, Bulletin of the
        International Statistical Institute 52(4):5-21
    Elsewhere:
        kornia.losses.GemanMcclureLoss, kornia.losses.geman_mcclure_loss -> c=2.0

    >>> geman_mc_clure([[0.0]], [[1.0]]), geman_mc_clure([[0.0]], [[6.0]], c=2.0)
    (0.25, 1.8)
    """

    c: Annotated[float, positive("The error at which half of the largest loss is reached.", slide=(0.1, 5.0))] = 1.0

    def of(self, e: Tensor) -> Tensor:
        far, _, square = self.parts(e)
        return 0.5 * ops.where(far, self.c**2, ops.square(ops.where(far, 0.0, e))) / (1 + square)

    def slope(self, e: Tensor) -> Tensor:
        far, outside, square = self.parts(e)
        return ops.where(far, self.c**4 / outside / outside / outside, e) / ops.square(1 + square)

    def parts(self, e: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Which errors lie beyond c; these; and (e/c)^2, or its inverse beyond c: no square overflows."""
        far = ops.abs(e) > self.c
        outside = ops.where(far, e, 1.0)
        return far, outside, ops.square(ops.where(far, self.c / outside, e / self.c))


geman_mc_clure = function(GemanMcClure)
