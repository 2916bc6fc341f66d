"""Robust regression: losses that a few wrong targets cannot dominate."""

import math
from typing import Annotated

import numpy as np

from ..core import axes
from ..core.contract import REAL, Values
from ..core.errors import ParameterError
from ..core.forms import Distance
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import Param, number, positive
from ..core.slots import POSITIVE, Slot, declare, own
from ..numerics import ops
from ..numerics.backend import expm1, log1p
from ..numerics.stable import LARGE, about_one, at_least, at_most, less_log1p, log1p_of_square, mean


class Huber(
    Distance,
    aliases=("huber_loss", "smooth_mae"),
    traits=("convex", "robust", "smooth", "symmetric"),
    positional="delta reduction name dtype",
):
    r"""Quadratic for small errors, linear for large ones: the gradient of an outlier never exceeds `delta`.

    Formula: \tfrac12 e^2 if |e| \le \delta else \delta\,(|e| - \tfrac12\delta), with e = y_pred - y_true
    Use: the first choice when a few targets may be wrong; set `delta` to about the size of an ordinary error.
    Beware: torch's SmoothL1Loss is this divided by its `beta`. `delta` is in the targets' units: standardise them, or
        adapt it.
    Reference: Huber (1964), Robust estimation of a location parameter, doi:10.1214/aoms/1177703732
    Elsewhere:
        keras.losses.Huber(delta=1.0)
        torch.nn.HuberLoss, torch.nn.functional.huber_loss(delta=1.0)
        optax.losses.huber_loss(delta=1.0)
        scipy.optimize.least_squares:huber(f_scale=1.0) -> delta=f_scale
        statsmodels.robust.norms.HuberT(t=1.345) -> delta=t
        lightgbm.objective:huber(alpha=0.9) -> delta=alpha
        sklearn._loss.HuberLoss(delta={1.0, ...}) -> delta=delta
        catboost.Huber(delta={1.0, ...}) -> delta=delta

    >>> huber([[0.0]], [[0.5]]), huber([[0.0]], [[3.0]], delta=2.0)
    (0.125, 4.0)
    """

    delta: Annotated[float, positive("The error at which it changes from quadratic to linear.", slide=(0.1, 5.0))] = 1.0

    def of(self, e: Tensor) -> Tensor:
        near = ops.clip(e, -self.delta, self.delta)  # never squares a large error, so nothing overflows
        return near * (e - 0.5 * near)

    def slope(self, e: Tensor) -> Tensor:
        return ops.clip(e, -self.delta, self.delta)

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        e = y_pred - y_true
        near = ops.clip(e, -self.delta, self.delta)
        return near * (e - 0.5 * near), near


huber = function(Huber)


class SmoothL1(Distance, aliases=("smooth_l1_loss",), traits=("convex", "robust", "smooth", "symmetric")):
    r"""The absolute error, made quadratic within `beta`: the gradient of large errors is 1, whatever `beta` is.

    Formula: \tfrac12 e^2 / \beta if |e| < \beta else |e| - \tfrac12\beta, with e = y_pred - y_true
    Use: box and keypoint regression, where it is the usual choice.
    Beware: it is Huber(delta=beta) divided by beta; the two agree only at 1.
    Reference: Girshick (2015), Fast R-CNN, arXiv:1504.08083
    Elsewhere:
        torch.nn.SmoothL1Loss, torch.nn.functional.smooth_l1_loss(beta=1.0)

    >>> smooth_l1([[0.0]], [[3.0]], beta=2.0)
    2.0
    """

    beta: Annotated[float, positive("The error below which it is quadratic.", slide=(0.1, 5.0))] = 1.0

    def of(self, e: Tensor) -> Tensor:
        near = ops.clip(e, -self.beta, self.beta)
        return near / self.beta * (e - 0.5 * near)

    def slope(self, e: Tensor) -> Tensor:
        return ops.clip(e / self.beta, -1.0, 1.0)

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        e = y_pred - y_true
        near = ops.clip(e, -self.beta, self.beta)
        slope = near / self.beta
        return slope * (e - 0.5 * near), slope


smooth_l1 = function(SmoothL1)


class PseudoHuber(Distance, aliases=("pseudo_huber_loss",), traits=("convex", "robust", "smooth", "symmetric")):
    r"""A smooth Huber loss: changes gradually from quadratic to linear around `delta`.

    Formula: \delta^2\,(\sqrt{1 + (e/\delta)^2} - 1), with e = y_pred - y_true
    Use: like Huber, where all derivatives must exist: second-order optimisers, gradient boosting.
    Beware: it lies below Huber at the same `delta`: at e = 3, delta = 2 it is 3.211 where Huber is 4.
    Reference: Hartley and Zisserman (2003), Multiple View Geometry, appendix 6, doi:10.1017/CBO9780511811685
    Elsewhere:
        xgboost.reg:pseudohubererror(huber_slope=1.0) -> delta=huber_slope
        scipy.optimize.least_squares:soft_l1(f_scale=1.0) -> delta=f_scale
        kornia.losses.CharbonnierLoss, kornia.losses.charbonnier_loss -> delta=1.0

    >>> pseudo_huber([[0.0]], [[3.0]], delta=2.0)
    3.2111026
    """

    delta: Annotated[
        float, positive("The error around which it changes from quadratic to linear.", slide=(0.1, 5.0))
    ] = 1.0

    def of(self, e: Tensor) -> Tensor:
        large, small = about_one(ops.abs(e) / self.delta)
        root = ops.sqrt(1 + ops.square(small / large))  # sqrt(1 + x^2) / max(x, 1)
        return self.delta * (ops.abs(e) * (small / (1 / large + root)))  # sqrt(1 + x^2) - 1 without cancelling

    def slope(self, e: Tensor) -> Tensor:
        large, _ = about_one(ops.abs(e) / self.delta)
        near = ops.clip(e / self.delta, -1.0, 1.0)  # not by the sign of e, which has no slope at 0
        return self.delta * (near / ops.sqrt(1 + ops.square(near / large)))


pseudo_huber = function(PseudoHuber)


class Cauchy(Distance, aliases=("lorentzian",), traits=("robust", "redescending", "smooth", "symmetric")):
    r"""Logarithmic for large errors: the gradient of an outlier falls back towards 0 as its error grows.

    Formula: \tfrac12 c^2 \log(1 + (e/c)^2), with e = y_pred - y_true
    Use: when many targets are badly wrong; it is the negative log-likelihood of Cauchy errors, times c^2 / 2.
    Beware: not convex: a poor start can end in a poor local minimum. Start from a Huber or absolute-error fit.
    Reference: Barron (2019), A general and adaptive robust loss function, doi:10.1109/CVPR.2019.00446
    Elsewhere:
        scipy.optimize.least_squares:cauchy(f_scale=1.0) -> c=f_scale
        kornia.losses.CauchyLoss, kornia.losses.cauchy_loss -> c=2**0.5
        statsmodels.robust.norms.StudentT(c=2.3849, df=4) -> c=c*df**0.5

    >>> cauchy([[0.0]], [[1.0]]), cauchy([[0.0]], [[2.0]], c=2.0)
    (0.34657359, 1.38629436)
    """

    c: Annotated[float, positive("The error at which the gradient is largest.", slide=(0.1, 5.0))] = 1.0

    def of(self, e: Tensor) -> Tensor:
        return 0.5 * self.c**2 * log1p_of_square(e / self.c)

    def slope(self, e: Tensor) -> Tensor:
        ratio = e / self.c
        size = at_least(ops.abs(ratio), 1.0)  # c x / (1 + x^2), with numerator and denominator scaled down together
        near = ops.clip(ratio, -1.0, 1.0)
        return self.c * near / (1 / size + ops.abs(near * ratio))


cauchy = function(Cauchy)


class TukeyBiweight(
    Distance, aliases=("tukey", "biweight", "bisquare"), traits=("bounded", "robust", "redescending", "symmetric")
):
    r"""Constant for errors beyond `c`: the gradient of an outlier is zero.

    Formula: \tfrac{c^2}{6}\,(1 - (1 - (e/c)^2)^3) if |e| \le c else \tfrac{c^2}{6}, with e = y_pred - y_true
    Use: when some targets are clearly wrong and should not count; c = 4.685 keeps 95 % efficiency for Gaussian errors
        of standard deviation 1.
    Beware: not convex, and rows beyond `c` have no gradient: standardise the targets and start from a Huber fit.
    Reference: Beaton and Tukey (1974), The fitting of power series, doi:10.1080/00401706.1974.10489171
    Elsewhere:
        statsmodels.robust.norms.TukeyBiweight(c=4.685)

    >>> tukey_biweight([[0.0]], [[1.0]], c=2.0), tukey_biweight([[0.0]], [[9.0]], c=2.0)
    (0.38541667, 0.66666667)
    """

    c: Annotated[float, positive("The error beyond which the gradient is zero.", slide=(0.5, 10.0))] = 4.685

    def of(self, e: Tensor) -> Tensor:
        u = ops.square(at_most(ops.abs(e) / self.c, 1.0))
        rest = 1 - u
        return self.c**2 / 6 * (u * (1 + rest * (1 + rest)))  # 1 - (1 - u)^3 without cancelling

    def slope(self, e: Tensor) -> Tensor:
        x = at_most(ops.abs(e) / self.c, 1.0)
        return ops.where(ops.abs(e) < self.c, e, 0.0) * ops.square((1 - x) * (1 + x))


tukey_biweight = function(TukeyBiweight)


class Fair(Distance, aliases=("fair_loss",), traits=("convex", "robust", "smooth", "symmetric")):
    r"""Quadratic for small errors, nearly linear for large ones, with a continuous second derivative.

    Formula: c^2 (|e| / c - \log(1 + |e| / c)), with e = y_pred - y_true
    Use: in place of Huber where second derivatives are needed: Newton steps, gradient boosting.
    Beware: even small errors have smaller gradients than with e^2 / 2; at an error of `c` the gradient is half as
        large.
    Reference: Fair (1974), On the robust estimation of econometric models, Annals of Economic and Social Measurement
        3(4):667-677
    Elsewhere:
        lightgbm.objective:fair(fair_c=1.0) -> c=fair_c

    >>> fair([[0.0]], [[1.0]]), fair([[0.0]], [[-3.0]], c=2.0)
    (0.30685282, 2.3348371)
    """

    c: Annotated[float, positive("The error at which the gradient is half that of e^2 / 2.", slide=(0.1, 5.0))] = 1.0

    def of(self, e: Tensor) -> Tensor:
        size = ops.abs(e)
        far = size > 2 * self.c
        outside, inside = ops.where(far, size, 3 * self.c), ops.where(far, 0.0, size)
        log = log1p(at_most(outside / self.c, LARGE["float32"]))  # where it would be larger, it is nothing beside e
        return ops.where(far, self.c * (outside - self.c * log), self.c * (self.c * less_log1p(inside / self.c)))

    def slope(self, e: Tensor) -> Tensor:
        size = ops.abs(e)
        far = size > self.c
        outside, inside = ops.where(far, size, self.c), ops.where(far, 0.0, e)
        return ops.where(far, ops.sign(e) * self.c / (1 + self.c / outside), inside / (1 + ops.abs(inside) / self.c))


fair = function(Fair)


class Charbonnier(Distance, aliases=("charbonnier_loss",), traits=("convex", "robust", "symmetric")):
    r"""The absolute error with its corner rounded off within `epsilon`: gradients of nearly equal size for all errors.

    Formula: \sqrt{e^2 + \epsilon^2}, with e = y_pred - y_true
    Use: restoring images: sharper results than the squared error, and a gradient everywhere.
    Beware: at a perfect fit it is `epsilon`, not 0. Some libraries add epsilon, not its square, under the root; one
        subtracts 1 at epsilon = 1, which is PseudoHuber().
    Reference: Charbonnier, Blanc-Féraud, Aubert and Barlaud (1994), Two deterministic half-quadratic regularization
        algorithms for computed imaging, doi:10.1109/ICIP.1994.413553

    >>> charbonnier([[0.0]], [[3.0]], epsilon=4.0), charbonnier([[0.0]], [[0.0]])
    (5.0, 0.001)
    """

    epsilon: Annotated[float, positive("The error within which it is rounded off.", slide=(0.001, 2.0))] = 1e-3

    def of(self, e: Tensor) -> Tensor:
        size = ops.abs(e)
        longer, shorter = at_least(size, self.epsilon), at_most(size, self.epsilon)
        return longer * ops.sqrt(1 + ops.square(shorter / longer))

    def slope(self, e: Tensor) -> Tensor:
        near = ops.clip(e / self.epsilon, -1.0, 1.0)
        return near / ops.sqrt(ops.square(near) + ops.square(self.epsilon / at_least(ops.abs(e), self.epsilon)))


charbonnier = function(Charbonnier)


class Welsch(
    Distance,
    aliases=("leclerc", "welsch_loss", "correntropy", "dennis_welsch"),
    traits=("bounded", "robust", "redescending", "smooth", "symmetric"),
):
    r"""Nearly constant for errors beyond a few `c`: the gradient of an outlier falls to 0 like a Gaussian curve.

    Formula: \tfrac12 c^2\,(1 - e^{-(d/c)^2}), with d = y_pred - y_true
    Use: when some targets are clearly wrong; c = 2.985 keeps 95 % efficiency for Gaussian errors of
        standard deviation 1.
    Beware: not convex, and rows far beyond `c` have no gradient: standardise the targets and start from a Huber fit.
        Barron's form has c times the root of 1/2 as its c, and is divided by the square of that.
    Reference: Holland and Welsch (1977), Robust regression using iteratively reweighted least-squares, Communications
        in Statistics 6(9):813-827
    Elsewhere:
        kornia.losses.WelschLoss, kornia.losses.welsch_loss -> c=2**0.5

    >>> welsch([[0.0]], [[1.0]], c=1.0), welsch([[0.0]], [[30.0]], c=2.0)
    (0.31606028, 2.0)
    """

    c: Annotated[float, positive("The error beyond which the loss levels off.", slide=(0.5, 8.0))] = 2.985

    def of(self, e: Tensor) -> Tensor:
        near = ops.clip(e / self.c, -32.0, 32.0)  # e^-1024 is 0 in any type
        return -0.5 * self.c**2 * expm1(-ops.square(near))

    def slope(self, e: Tensor) -> Tensor:
        near = ops.clip(e / self.c, -32.0, 32.0)
        return self.c * near * ops.exp(-ops.square(near))


welsch = function(Welsch)


SHAPE = Values("a number between 0 and 2", 0.001, 1.999, neutral=1.0, slack=1e-6,
               draw=lambda rng, shape, top: rng.uniform(0.3, 1.7, shape))  # fmt: skip
STEP = 0.125  # of the trapezoidal rule below; halving it changes nothing in float32
NODES = np.arange(0.0, 20.0 + STEP / 2, STEP)


class AdaptiveRobust(Loss, aliases=("barron",), tasks=("regression",), traits=("robust", "likelihood")):
    r"""A robust loss with learned shape and scale: from squared errors (alpha = 2) to Cauchy errors (alpha = 0).

    Formula: \rho(e / c, \alpha) + \log c + \log Z(\alpha), with e = y_pred - y_true, c = scale, b = 2 - \alpha,
        Z = \int e^{-\rho(x, \alpha)} dx and \rho(x, \alpha) = \frac{b}{\alpha}((x^2 / b + 1)^{\alpha / 2} - 1)
    Use: regression with an unknown amount of outliers: shape and scale are learned for each column.
    Beware: it is a negative log-likelihood, so it can be negative. Targets are (rows, size) or, for size 1, (rows,).
        alpha and scale are initial values; the function takes them as numbers, or as one of each per column. The logs
        report the means of both.
    Reference: Barron (2019), A general and adaptive robust loss function, doi:10.1109/CVPR.2019.00446

    >>> adaptive_robust([[0.0]], [[0.0]]), adaptive_robust([[0.0]], [[4.0]], alpha=0.5, scale=2.0)
    (1.1854953, 3.1362019)
    """

    size: Annotated[
        int, Param("The number of columns of the targets; 1 is one shape for all.", kind="whole", low=0, unusual=3)
    ] = 1
    alpha: Annotated[float, number("The initial shape.", slide=(0.1, 1.9), low=0.001, high=1.999)] = 1.0
    scale: Annotated[float, positive("The initial scale c.", slide=(0.1, 5.0))] = 1.0

    inputs = declare(
        y_true=Slot(REAL, ("row", "..."), "true"),
        y_pred=Slot(REAL, ("row", "...")),
        alpha=own(
            SHAPE, ("column",), ("size",),
            start=lambda loss: math.log(loss.alpha / (2 - loss.alpha)),
            link=lambda x: ops.clip(2 * ops.sigmoid(x), 0.001, 1.999),
        ),
        scale=own(POSITIVE, ("column",), ("size",), start=lambda loss: math.log(loss.scale), link=ops.exp),
    )  # fmt: skip

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.errors([self.scale])]

    def mapped_over(self) -> axes.Plane | None:
        return axes.predictions()

    def call(self, y_true: Tensor, y_pred: Tensor, alpha: Tensor, scale: Tensor) -> Tensor:
        columns = y_pred.shape[-1] if len(y_pred.shape) > 1 else 1
        if max(alpha.shape[0], scale.shape[0]) > 1 and columns != max(alpha.shape[0], scale.shape[0]):
            raise ParameterError(
                f"{self!r} has a shape and a scale for each column.",
                arrived=f"The predictions have {columns} columns.",
                allowed=f"Expected predictions of shape (rows, {max(alpha.shape[0], scale.shape[0])}).",
                do=f"Build it with size={columns}, or leave `size` out for one shape for all columns.",
            )
        alpha, c = ops.cast(alpha, y_pred.dtype), ops.cast(scale, y_pred.dtype)
        values = general(y_pred / c - y_true / c, alpha) + ops.log(c) + log_partition(alpha)
        return mean(values) if len(values.shape) > 1 else values

    def logged_values(self) -> dict[str, Tensor]:
        return super().logged_values() | {name: ops.mean(value) for name, value in self.own_slots().items()}


def general(x: Tensor, alpha: Tensor) -> Tensor:
    """Barron's rho for 0 < alpha < 2."""
    b = 2 - alpha
    return b / alpha * expm1(alpha / 2 * log1p(ops.square(x) / b))


def log_partition(alpha: Tensor) -> Tensor:
    """log of the integral of exp(-rho(x, alpha)) over all x, for each alpha, with x = sinh t."""
    t = ops.convert_to_tensor(NODES, dtype=alpha.dtype)
    heights = ops.cosh(t) * ops.exp(-general(ops.sinh(t), ops.expand_dims(alpha, -1)))
    return ops.log(2 * STEP * (ops.sum(heights, axis=-1) - 0.5))  # exp(-rho(0)) cosh(0) = 1 counts half


adaptive_robust = function(AdaptiveRobust)
