"""Deviations: other functions of the error, with a power, a threshold or a band of their own."""

from typing import Annotated, Any

from ..core.forms import Distance
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import nonnegative, number, positive
from ..numerics import ops
from ..numerics.backend import expm1, log1p
from ..numerics.classes import absent
from ..numerics.stable import (
    LARGEST,
    at_least,
    at_most,
    constant,
    expm1_of,
    less_log1p,
    log1p_of_square,
    power,
    root_of,
)


class HalfSquaredError(Distance, aliases=("half_mse",), traits=("convex", "smooth", "symmetric")):
    r"""Half the squared error: its gradient is the error itself, and its minimum that of the squared error.

    Formula: \tfrac12 e^2, with e = y_pred - y_true
    Use: beside losses that are half a square near 0, such as Huber: the same learning rate suits both.
    Beware: it is half of mean_squared_error; "l2 loss" means either, depending on the library.
    Reference: Bishop (2006), Pattern recognition and machine learning, equation 1.2
    Elsewhere:
        optax.losses.l2_loss
        sklearn._loss.HalfSquaredError
        xgboost.reg:squarederror, lightgbm.objective:regression
        statsmodels.robust.norms.LeastSquares
        tf.nn.l2_loss -> reduction="sum", entries=True
        scipy.optimize.least_squares:linear

    >>> half_squared_error([[1.0, 0.0]], [[2.0, 3.0]])
    2.5
    """

    def of(self, e: Tensor) -> Tensor:
        return e * (e / 2)  # of 0.5 * e, TensorFlow would make (e * e) * 0.5, which may be infinite

    def slope(self, e: Tensor) -> Tensor:
        return e


half_squared_error = function(HalfSquaredError)


class PowerError(Distance, aliases=("lq", "lp", "minkowski", "power_loss"), traits=("convex", "smooth", "symmetric")):
    r"""A power of the absolute error: between the median (q = 1) and the mean (q = 2), or beyond it.

    Formula: |e|^q, with e = y_pred - y_true
    Use: tails between those of Laplace and Gaussian errors, with 1 < q < 2; q > 2 approaches the largest error.
    Beware: the gradient grows with the power q - 1 of the error: clip it when q > 2. For 1 < q < 2 the curvature at 0
        is infinite.
    Reference: Gonin and Money (1989), Nonlinear Lp-norm estimation, doi:10.1201/9780203745526
    Elsewhere:
        catboost.Lq(q={1.5, ...}) -> q=q

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
    r"""Linear for small errors, quadratic for large ones: Huber the other way round.

    Formula: |e| if |e| \le \delta else \frac{e^2 + \delta^2}{2\delta}, with e = y_pred - y_true
    Use: depth maps, where large errors must shrink and small ones should keep a gradient of full size.
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
        return size + beyond * (0.5 * beyond / self.delta)

    def slope(self, e: Tensor) -> Tensor:
        return ops.sign(e) * (at_least(ops.abs(e), self.delta) / self.delta)


reverse_huber = function(ReverseHuber)


class EpsilonInsensitive(
    Distance, aliases=("eps_insensitive", "svr", "dead_zone"), traits=("convex", "robust", "symmetric")
):
    r"""Zero for errors up to `epsilon`, then the absolute error minus epsilon.

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
    r"""Zero for errors up to `epsilon`, then the square of the excess.

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


class BalancedL1(Distance, aliases=("balanced_l1_loss",), traits=("convex", "robust", "smooth", "symmetric")):
    r"""Like SmoothL1, with larger gradients for errors below 1; beyond that the gradient is `gamma`.

    Formula: \frac{\alpha}{b} (b |e| + 1) \log(b |e| + 1) - \alpha |e| if |e| < 1 else \gamma |e| + \gamma / b - \alpha,
        with e = y_pred - y_true and b = e^{\gamma / \alpha} - 1
    Use: box regression, where SmoothL1 gives accurate boxes too little gradient.
    Beware: it becomes linear at an error of 1: divide box offsets by their scale. The beta of other libraries is 1
        here.
    Reference: Pang, Chen, Shi, Feng, Ouyang and Lin (2019), Libra R-CNN, arXiv:1904.02701

    >>> balanced_l1([[0.0]], [[0.1]]), balanced_l1([[0.0]], [[3.0]], alpha=1.0, gamma=1.0)
    (0.0313531, 2.58197671)
    """

    alpha: Annotated[float, positive("Small values give small errors larger gradients.", slide=(0.2, 1.5))] = 0.5
    gamma: Annotated[float, positive("The gradient beyond an error of 1.", slide=(0.5, 3.0))] = 1.5

    def of(self, e: Tensor) -> Tensor:
        near, b = at_most(ops.abs(e), 1.0), self.rise()
        z = b * near
        return self.alpha / b * (z * log1p(z) - less_log1p(z)) + self.gamma * (ops.abs(e) - near)

    def slope(self, e: Tensor) -> Tensor:
        size = ops.where(e < 0, -e, e)  # not by the sign of e, which has no slope at 0
        rising = self.alpha * log1p(self.rise() * at_most(size, 1.0))
        return ops.where(e < 0, -rising, rising)

    def rise(self) -> Tensor:
        """b, which makes the gradient gamma at an error of 1."""
        ratio = self.gamma / self.alpha
        return expm1_of(ratio)


balanced_l1 = function(BalancedL1)


class FocalRegression(Distance, aliases=("focal_r", "focal_l1"), traits=("robust", "smooth", "symmetric")):
    r"""The absolute error, with small errors counting less, so that large ones dominate training.

    Formula: |e| \tanh(\beta |e| / 2)^\gamma, with e = y_pred - y_true
    Use: targets with rare ranges that are therefore predicted badly.
    Beware: near 0 it is flat, like the power 1 + gamma of the error. Libraries write the factor as 2 sigmoid(beta |e|)
        - 1, which is the same, or as tanh(beta |e|).
    Reference: Yang, Zha, Chen, Wang and Katabi (2021), Delving into deep imbalanced regression, arXiv:2102.09554

    >>> focal_regression([[0.0]], [[1.0]]), focal_regression([[0.0]], [[3.0]], beta=1.0, gamma=2.0)
    (0.09966799, 2.45788)
    """

    beta: Annotated[float, positive("Large values let smaller errors count in full.", slide=(0.05, 2.0))] = 0.2
    gamma: Annotated[float, nonnegative("How much small errors count less.", slide=(0.5, 3.0))] = 1.0

    def of(self, e: Tensor) -> Tensor:
        return ops.abs(e) * power(self.part(ops.abs(e)), self.gamma)

    def slope(self, e: Tensor) -> Tensor:
        u = ops.clip(self.beta * ops.abs(e), 1e-30, 800.0)
        steeper = -2 * self.gamma * u * ops.exp(-u) / expm1(-2 * u)  # gamma u / sinh(u)
        return ops.sign(e) * power(self.part(ops.abs(e)), self.gamma) * (1 + steeper)

    def part(self, size: Tensor) -> Tensor:
        """tanh(beta size / 2)."""
        u = -self.beta * size
        return -expm1(u) / (1 + ops.exp(u))


focal_regression = function(FocalRegression)


class GeneralizedCharbonnier(Distance, aliases=("robust_charbonnier",), traits=("robust", "symmetric")):
    r"""A power of the rounded absolute error: with `a` below 1/2 large errors count less than in proportion.

    Formula: (e^2 + \epsilon^2)^a, with e = y_pred - y_true
    Use: optical flow and stereo, where errors at occlusions should not dominate.
    Beware: at a perfect fit it is the power 2a of epsilon, not 0. It is convex only for a of 1/2 (Charbonnier) and
        more.
    Reference: Sun, Roth and Black (2014), A quantitative analysis of current practices in optical flow estimation,
        doi:10.1007/s11263-013-0644-x

    >>> generalized_charbonnier([[0.0]], [[3.0]], a=0.5, epsilon=4.0), generalized_charbonnier([[0.0]], [[0.0]])
    (5.0, 0.0019952623)
    """

    a: Annotated[float, positive("The power of the square.", slide=(0.1, 1.0))] = 0.45
    epsilon: Annotated[float, positive("The error within which it is rounded off.", slide=(0.001, 2.0))] = 1e-3

    def of(self, e: Tensor) -> Tensor:
        return power(self.size(e), 2 * self.a)

    def slope(self, e: Tensor) -> Tensor:
        size = self.size(e)
        return 2 * self.a * power(size, 2 * self.a - 1) * (ops.clip(e, -size, size) / size)

    def size(self, e: Tensor) -> Tensor:
        """The root of e^2 + epsilon^2."""
        longer, shorter = at_least(at_most(ops.abs(e), LARGEST), self.epsilon), at_most(ops.abs(e), self.epsilon)
        return longer * ops.sqrt(1 + ops.square(shorter / longer))


generalized_charbonnier = function(GeneralizedCharbonnier)


class ArctangentError(
    Distance, aliases=("arctan_loss",), traits=("bounded", "robust", "redescending", "smooth", "symmetric")
):
    r"""Half the squared error that levels off beyond `c`: the gradient of an outlier falls with its cube.

    Formula: \tfrac12 c^2 \arctan((e / c)^2), with e = y_pred - y_true
    Use: when some targets are badly wrong and should hardly count, with a loss that stays quadratic for longer than
        Cauchy.
    Beware: not convex: standardise the targets and start from a Huber fit.
    Reference: Triggs, McLauchlan, Hartley and Fitzgibbon (2000), Bundle adjustment: a modern synthesis,
        doi:10.1007/3-540-44480-7_21
    Elsewhere:
        scipy.optimize.least_squares:arctan(f_scale=1.0) -> c=f_scale

    >>> arctangent_error([[0.0]], [[1.0]]), arctangent_error([[0.0]], [[4.0]], c=2.0)
    (0.39269908, 2.65163533)
    """

    c: Annotated[float, positive("The error beyond which the loss levels off.", slide=(0.1, 5.0))] = 1.0

    def of(self, e: Tensor) -> Tensor:
        return 0.5 * self.c**2 * ops.arctan(ops.square(ops.clip(e / self.c, -1e15, 1e15)))

    def slope(self, e: Tensor) -> Tensor:
        near, far = ops.clip(e / self.c, -1.0, 1.0), 1 / at_least(ops.abs(e) / self.c, 1.0)
        square, other = ops.square(near), ops.square(far)
        return self.c * near * (far * other) / (ops.square(square) + ops.square(other))  # x / (1 + x^4)


arctangent_error = function(ArctangentError)


class GeneralRobust(Distance, aliases=("barron_fixed", "general_robust_loss"),
                    traits=("convex", "robust", "smooth", "symmetric")):  # fmt: skip
    r"""One loss for many: `alpha` is 2 for squared errors, 1 for pseudo-Huber, 0 for Cauchy, -2 for Geman-McClure.

    Formula: \frac{|\alpha - 2|}{\alpha}((\frac{(e / c)^2}{|\alpha - 2|} + 1)^{\alpha / 2} - 1), its limit at
        \alpha = 0 being \log(1 + (e / c)^2 / 2), with e = y_pred - y_true
    Use: to search for the right robustness as for any other number; AdaptiveRobust learns it.
    Beware: below alpha = 1 it is not convex: begin with a larger alpha, and lower it. Errors are divided by c, unlike
        in Cauchy and similar losses, which are this times c^2.
    Reference: Barron (2019), A general and adaptive robust loss function, doi:10.1109/CVPR.2019.00446

    >>> general_robust([[0.0]], [[2.0]]), general_robust([[0.0]], [[2.0]], alpha=0.0)
    (1.2360680, 1.0986123)
    """

    alpha: Annotated[float, number("The shape: smaller is more robust.", slide=(-1.0, 2.0), high=2.0)] = 1.0
    c: Annotated[float, positive("The error beyond which it is no longer quadratic.", slide=(0.1, 5.0))] = 1.0

    def numbers(self) -> tuple[Any, Any]:
        """alpha and 2 - alpha; while a schedule moves them, both a little beside 0."""
        if isinstance(self.alpha, (int, float)):
            return self.alpha, 2 - self.alpha
        alpha = ops.where(ops.abs(self.alpha) < 1e-6, 1e-6, self.alpha)
        return alpha, at_least(2 - alpha, 1e-6)

    def of(self, e: Tensor) -> Tensor:
        alpha, b = self.numbers()
        if absent(b):
            return (e / self.c) * (e / self.c / 2)
        half = 0.5 * log1p_of_square(e / (self.c * root_of(b)))
        if absent(alpha):
            return b * half
        near = ops.abs(alpha * half) < 1
        close = expm1(alpha * ops.where(near, half, 0.0))
        return b / alpha * ops.where(near, close, self.far(e, b, alpha) - 1)

    def slope(self, e: Tensor) -> Tensor:
        alpha, b = self.numbers()
        if absent(b):
            return e / self.c / self.c
        x = e / (self.c * root_of(b))
        near = ops.abs(x) < 1
        close = ops.where(near, x, 0.0) * ops.exp(-0.5 * b * log1p_of_square(ops.where(near, x, 0.0)))
        far = ops.sign(e) * self.far(e, b, alpha - 1, -b)
        return root_of(b) / self.c * ops.where(near, close, far)

    def far(self, e: Tensor, b: Any, rise: Any, fade: Any = None) -> Tensor:
        """|x|^rise (1 + 1/x^2)^(fade / 2), with x = e / (c sqrt b): (1 + x^2)^(alpha / 2) where both are alpha."""
        x = at_most(at_least(ops.abs(e) / (self.c * root_of(b)), 0.5), LARGEST)
        inverse = 1 / x
        return power(x, rise) * ops.exp(0.5 * (rise if fade is None else fade) * log1p(inverse * inverse))


general_robust = function(GeneralRobust)
