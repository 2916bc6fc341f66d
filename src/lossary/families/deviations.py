"""Deviations: other functions of the error, with a power, a threshold or a band of their own."""

from typing import Annotated

from ..core.forms import Distance
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import nonnegative, number, positive
from ..numerics import ops
from ..numerics.stable import at_least, constant, power


class HalfSquaredError(Distance, aliases=("half_mse",), traits=("convex", "smooth", "symmetric")):
    r"""Half the squared error: its gradient is the error itself, and its minimum that of the squared error.

    Formula: \tfrac12 e^2, with e = y_pred - y_true
    Use: beside losses that are half a square near 0, such as Huber: the same learning rate suits both.
    Beware: it is half of mean_squared_error; "l2 loss" means either, depending on the library.
    Reference: Bishop (2006), Pattern recognition and machine learning, equation 1.2
    Elsewhere:
        optax.losses.l2_loss

    >>> half_squared_error([[1.0, 0.0]], [[2.0, 3.0]])
    2.5
    """

    def of(self, e: Tensor) -> Tensor:
        return 0.5 * e * e

    def slope(self, e: Tensor) -> Tensor:
        return e


half_squared_error = function(HalfSquaredError)


class PowerError(Distance, aliases=("lq", "lp", "minkowski", "power_loss"), traits=("convex", "smooth", "symmetric")):
    r"""A power of the absolute error: between the median (q = 1) and the mean (q = 2), or beyond it.

    Formula: |e|^q, with e = y_pred - y_true
    Use: tails between those of Laplace and Gaussian errors, with 1 < q < 2; q > 2 approaches the largest error.
    Beware: the gradient grows like |e|^{q - 1}: clip it when q > 2. For 1 < q < 2 the curvature at 0 is infinite.
    Reference: Gonin and Money (1989), Nonlinear Lp-norm estimation, doi:10.1201/9780203745526

    >>> power_error([[0.0]], [[4.0]]), power_error([[0.0]], [[-2.0]], q=3.0)
    (8.0, 8.0)
    """

    q: Annotated[float, number("The power.", slide=(1.0, 3.0), low=1.0)] = 1.5

    def of(self, e: Tensor) -> Tensor:
        return power(ops.abs(e), self.q)

    def slope(self, e: Tensor) -> Tensor:
        return ops.sign(e) * (self.q * power(ops.abs(e), self.q - 1))


power_error = function(PowerError)


class ReverseHuber(Distance, aliases=("berhu", "berhu_loss", "inverse_huber"), traits=("convex", "symmetric")):
    r"""Linear for small errors, quadratic for large ones: the other way round than Huber.

    Formula: |e| if |e| \le \delta else \frac{e^2 + \delta^2}{2\delta}, with e = y_pred - y_true
    Use: maps of depth, where large errors must shrink and small ones should keep a gradient of full size.
    Beware: not robust. For depth, delta is often set anew in each batch, to a fifth of its largest error; here it is
        fixed, or follows a schedule.
    Reference: Laina, Rupprecht, Belagiannis, Tombari and Navab (2016), Deeper depth prediction with fully convolutional
        residual networks, arXiv:1606.00373

    >>> reverse_huber([[0.0]], [[0.5]]), reverse_huber([[0.0]], [[3.0]], delta=2.0)
    (0.5, 3.25)
    """

    delta: Annotated[float, positive("The error at which it changes from linear to quadratic.", slide=(0.1, 5.0))] = 1.0

    def of(self, e: Tensor) -> Tensor:
        size = ops.abs(e)
        beyond = at_least(size - self.delta, 0.0)
        return size + beyond / self.delta * (0.5 * beyond)

    def slope(self, e: Tensor) -> Tensor:
        return ops.sign(e) * (at_least(ops.abs(e), self.delta) / self.delta)


reverse_huber = function(ReverseHuber)


class EpsilonInsensitive(
    Distance, aliases=("eps_insensitive", "svr", "dead_zone"), traits=("convex", "robust", "symmetric")
):
    r"""Nothing for errors up to `epsilon`, then the absolute error less epsilon.

    Formula: \max(|e| - \epsilon, 0), with e = y_pred - y_true
    Use: support vector regression; where errors within a tolerance do not matter.
    Beware: within the band there is no gradient at all. epsilon is in the targets' units.
    Reference: Drucker, Burges, Kaufman, Smola and Vapnik (1996), Support vector regression machines, Advances in Neural
        Information Processing Systems 9:155-161

    >>> epsilon_insensitive([[0.0]], [[0.05]]), epsilon_insensitive([[0.0]], [[3.0]], epsilon=0.5)
    (0.0, 2.5)
    """

    epsilon: Annotated[float, nonnegative("The error up to which nothing is lost.", slide=(0.0, 2.0))] = 0.1

    def of(self, e: Tensor) -> Tensor:
        return at_least(ops.abs(e) - self.epsilon, 0.0)

    def slope(self, e: Tensor) -> Tensor:
        return ops.where(e > self.epsilon, 1.0, ops.where(e < -self.epsilon, constant(-1.0, e), 0.0 * e))


epsilon_insensitive = function(EpsilonInsensitive)


class SquaredEpsilonInsensitive(Distance, aliases=("squared_svr", "l2_svr"), traits=("convex", "smooth", "symmetric")):
    r"""Nothing for errors up to `epsilon`, then the square of what is beyond it.

    Formula: \max(|e| - \epsilon, 0)^2, with e = y_pred - y_true
    Use: a tolerance, as with EpsilonInsensitive, where all first derivatives must exist.
    Beware: large errors dominate, as with the squared error. Within the band there is no gradient.
    Reference: Ho and Lin (2012), Large-scale linear support vector regression, Journal of Machine Learning Research
        13:3323-3348

    >>> squared_epsilon_insensitive([[0.0]], [[0.05]]), squared_epsilon_insensitive([[0.0]], [[3.0]], epsilon=0.5)
    (0.0, 6.25)
    """

    epsilon: Annotated[float, nonnegative("The error up to which nothing is lost.", slide=(0.0, 2.0))] = 0.1

    def of(self, e: Tensor) -> Tensor:
        return ops.square(at_least(ops.abs(e) - self.epsilon, 0.0))

    def slope(self, e: Tensor) -> Tensor:
        return 2 * (e - ops.clip(e, -self.epsilon, self.epsilon))


squared_epsilon_insensitive = function(SquaredEpsilonInsensitive)
