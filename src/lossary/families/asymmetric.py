"""Asymmetric: losses in which predicting too low and too high cost differently."""

from typing import Annotated

from ..core.axes import Axis, error_beside
from ..core.contract import REAL, Values
from ..core.forms import Distance
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import fraction, number, positive
from ..core.slots import Slot, declare
from ..numerics import ops
from ..numerics.backend import expm1, log1p_near
from ..numerics.stable import at_least, exp_less_line, mean, sigmoid


class Expectile(
    Distance,
    aliases=("expectile_loss", "asymmetric_squared_error", "asymmetric_least_squares"),
    traits=("convex", "smooth"),
):
    r"""The squared error, times `q` where the prediction is too low and times `1 - q` where it is too high.

    Formula: |q - [y < p]|\,(p - y)^2, with y = y_true and p = y_pred
    Use: a smooth alternative to quantiles where the size of large errors matters: risk, demand, reinforcement learning.
    Beware: expectiles are not quantiles: q = 0.9 is not exceeded in 10 % of cases. q = 0.5 is half the squared error.
    Reference: Newey and Powell (1987), Asymmetric least squares estimation and testing, doi:10.2307/1911031
    Elsewhere:
        catboost.Expectile(alpha=0.5) -> q=alpha

    >>> expectile([[2.0]], [[0.0]], q=0.9), expectile([[0.0]], [[2.0]], q=0.9)
    (3.6, 0.4)
    """

    q: Annotated[float, fraction("The weight of predictions that are too low.")] = 0.5

    def of(self, e: Tensor) -> Tensor:
        return ops.where(e > 0, (1 - self.q) * e, self.q * e) * e

    def slope(self, e: Tensor) -> Tensor:
        return 2 * ops.where(e > 0, (1 - self.q) * e, self.q * e)


expectile = function(Expectile)


class QuantileHuber(Distance, aliases=("huber_quantile", "quantile_huber_loss"), traits=("convex", "robust", "smooth")):
    r"""A quantile loss whose corner is quadratic within `delta`: the gradient shrinks near the optimum.

    Formula: |q - [y < p]|\,H / \delta, with y = y_true, p = y_pred, e = p - y and H = \tfrac12 e^2 if |e| \le \delta
        else \delta\,(|e| - \tfrac12\delta)
    Use: quantiles, also of returns in reinforcement learning, where the corner of the quantile loss makes training
        restless.
    Beware: the optimum is the quantile only as delta goes to 0. Some libraries do not divide by delta.
    Reference: Dabney, Rowland, Bellemare and Munos (2018), Distributional reinforcement learning with quantile
        regression, arXiv:1710.10044

    >>> quantile_huber([[3.0]], [[0.0]], q=0.9), quantile_huber([[0.0]], [[1.0]], q=0.9, delta=2.0)
    (2.25, 0.025)
    """

    q: Annotated[float, fraction("The quantile to predict.")] = 0.5
    delta: Annotated[float, positive("The error within which it is quadratic.", slide=(0.1, 3.0))] = 1.0

    def of(self, e: Tensor) -> Tensor:
        near = ops.clip(e, -self.delta, self.delta)
        return ops.where(e > 0, (1 - self.q) * near, self.q * near) / self.delta * (e - 0.5 * near)

    def slope(self, e: Tensor) -> Tensor:
        near = ops.clip(e / self.delta, -1.0, 1.0)
        return ops.where(e > 0, (1 - self.q) * near, self.q * near)


quantile_huber = function(QuantileHuber)


class SmoothQuantile(Distance, aliases=("smooth_pinball", "log_cosh_quantile"), traits=("convex", "robust", "smooth")):
    r"""A quantile loss with its corner rounded off by a logistic curve of width `alpha`; all derivatives exist.

    Formula: q\,u + \alpha \log(1 + e^{-u / \alpha}), with u = y_true - y_pred
    Use: quantiles with second-order optimisers and gradient boosting, which need curvature.
    Beware: at a perfect fit it is \alpha \log 2, not 0, and the optimum is the quantile only as alpha goes to 0: choose
        alpha small beside the errors.
    Reference: Zheng (2011), Gradient descent algorithms for quantile regression with smooth approximation,
        doi:10.1007/s13042-011-0031-2

    >>> smooth_quantile([[1.0]], [[1.0]], alpha=1.0), smooth_quantile([[3.0]], [[1.0]], q=0.9, alpha=1.0)
    (0.69314718, 1.926928)
    """

    q: Annotated[float, fraction("The quantile to predict.")] = 0.5
    alpha: Annotated[float, positive("The width of the rounded corner.", slide=(0.05, 2.0))] = 0.2

    def of(self, e: Tensor) -> Tensor:
        below = ops.where(e > 0, -e, e)  # not by the size of e, which has no slope at 0
        corner = self.alpha * log1p_near(ops.exp(below / self.alpha))
        return ops.where(e > 0, (1 - self.q) * e, -self.q * e) + corner

    def slope(self, e: Tensor) -> Tensor:
        small = sigmoid(ops.where(e > 0, -e, e) / self.alpha)
        return ops.where(e > 0, (1 - self.q) - small, small - self.q)


smooth_quantile = function(SmoothQuantile)


class Linex(Distance, aliases=("linex_loss", "linear_exponential"), traits=("convex", "smooth")):
    r"""Exponential on one side, nearly linear on the other: with a > 0, predicting too high costs far more.

    Formula: e^{a d} - a d - 1, with d = y_pred - y_true
    Use: where one kind of error is much worse: peak load, dosage, the height of a dam.
    Beware: it overflows for a d > 88: standardise the targets. With a < 0 predicting too low costs more; near 0 it is
        \tfrac12 (a d)^2.
    Reference: Zellner (1986), Bayesian estimation and prediction using asymmetric loss functions, Journal of the
        American Statistical Association 81(394):446-451

    >>> linex([[0.0]], [[1.0]]), linex([[1.0]], [[0.0]]), linex([[1.0]], [[0.0]], a=-2.0)
    (0.71828183, 0.36787944, 4.3890561)
    """

    a: Annotated[float, number("How fast it grows; its sign says which side is exponential.", slide=(-2.0, 2.0))] = 1.0

    def of(self, e: Tensor) -> Tensor:
        return exp_less_line(self.a * e)

    def slope(self, e: Tensor) -> Tensor:
        return self.a * expm1(self.a * e)


linex = function(Linex)


SIDE = Values(
    "-1, 0 or 1", allowed=(-1.0, 0.0, 1.0), draw=lambda rng, shape, top: rng.integers(-1, 2, shape).astype(float)
)


class CensoredSquaredError(Loss, aliases=("bounded_mse", "one_sided_squared_error"), tasks=("regression", "survival")):
    r"""The squared error, where targets that are only bounds cost nothing on the side that they leave open.

    Formula: \max(y - p, 0)^2 if c = 1, \max(p - y, 0)^2 if c = -1, (p - y)^2 if c = 0, with y = y_true, p = y_pred and
        c = censoring
    Use: measurements beyond the range of an instrument, durations that had not ended, assays reported as "> 10".
    Beware: a censoring of 1 means that the true value is at least the target, -1 that it is at most the target. A
        prediction within its bound has no gradient.
    Reference: Shivaswamy, Chu and Jansche (2007), A support vector approach to censored targets, IEEE International
        Conference on Data Mining, 655-660

    >>> censored_squared_error([[1.0, 1.0]], [[1, -1]], [[3.0, 3.0]]), censored_squared_error([[1.0]], [[0]], [[3.0]])
    (2.0, 4.0)
    """

    inputs = declare(
        target=Slot(REAL, ("row", "..."), "true"),
        censoring=Slot(SIDE, ("row", "..."), "true"),
        prediction=Slot(REAL, ("row", "...")),
    )

    def drawn_over(self) -> list[Axis]:
        return [error_beside(("target", "prediction"), censoring=1.0)]

    def call(self, target: Tensor, censoring: Tensor, prediction: Tensor) -> Tensor:
        e = prediction - target
        kept = ops.where(censoring > 0, -at_least(-e, 0.0), ops.where(censoring < 0, at_least(e, 0.0), e))
        values = ops.square(kept)
        return mean(values) if len(values.shape) > 1 else values


censored_squared_error = function(CensoredSquaredError)
