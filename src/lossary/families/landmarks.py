"""Landmarks: losses for points and heatmaps, where errors of a few pixels matter most."""

from typing import Annotated

from ..core.forms import Distance
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import positive
from ..numerics import ops
from ..numerics.backend import log1p
from ..numerics.stable import at_least, at_most, constant


class Wing(Distance, aliases=("wing_loss",), traits=("robust", "symmetric")):
    r"""Logarithmic for small errors, linear for large ones: errors of a few pixels have the largest gradients.

    Formula: w \log(1 + |e| / \epsilon) if |e| < w else |e| - w + w \log(1 + w / \epsilon), with e = y_pred - y_true and
        w = width
    Use: landmarks of faces and bodies in pixels.
    Beware: not convex, and the gradient near 0 is w / epsilon: use a small learning rate. Libraries differ in the
        defaults (5 and 0.5 beside 10 and 2), and some sum over the landmarks.
    Reference: Feng, Kittler, Awais, Huber and Wu (2018), Wing loss for robust facial landmark localisation with
        convolutional neural networks, arXiv:1711.06753

    >>> wing([[0.0]], [[2.0]]), wing([[0.0]], [[14.0]])
    (6.9314718, 21.9175947)
    """

    width: Annotated[float, positive("The error w at which it becomes linear.", slide=(1.0, 15.0))] = 10.0
    epsilon: Annotated[float, positive("Small values make small errors count more.", slide=(0.2, 4.0))] = 2.0

    def of(self, e: Tensor) -> Tensor:
        near = at_most(ops.abs(e), self.width)
        return (ops.abs(e) - near) + self.width * log1p(near / self.epsilon)

    def slope(self, e: Tensor) -> Tensor:
        near = self.width / (self.epsilon + at_most(ops.abs(e), self.width))
        return ops.sign(e) * ops.where(ops.abs(e) < self.width, near, constant(1.0, e))


wing = function(Wing)


class SoftWing(Distance, aliases=("soft_wing_loss",), traits=("robust", "redescending", "symmetric")):
    r"""The absolute error up to `omega1`, then logarithmic: medium errors have the largest gradients.

    Formula: |e| if |e| < a else a + b \log\frac{1 + |e| / \epsilon}{1 + a / \epsilon}, with e = y_pred - y_true,
        a = omega1 and b = omega2
    Use: landmarks in pixels whose labels are noisy: errors within `omega1` are not blown up.
    Beware: not convex; the gradient jumps from 1 to b / (\epsilon + a) at `omega1`, which is 8 by default.
    Reference: Lin, Zhu, Wang, Liao, Qian, Lu and Zhou (2021), Structure-coherent deep feature learning for robust face
        alignment, IEEE Transactions on Image Processing 30:5313-5326

    >>> soft_wing([[0.0]], [[1.0]]), soft_wing([[0.0]], [[4.5]], omega2=4.0)
    (1.0, 4.7725887)
    """

    omega1: Annotated[float, positive("The error a up to which it is the absolute error.", slide=(0.5, 5.0))] = 2.0
    omega2: Annotated[float, positive("The factor b of the logarithm.", slide=(1.0, 30.0))] = 20.0
    epsilon: Annotated[float, positive("Small values make medium errors count more.", slide=(0.2, 2.0))] = 0.5

    def of(self, e: Tensor) -> Tensor:
        size = ops.abs(e)
        beyond = at_least(size - self.omega1, 0.0)
        return at_most(size, self.omega1) + self.omega2 * log1p(beyond / (self.omega1 + self.epsilon))

    def slope(self, e: Tensor) -> Tensor:
        far = self.omega2 / (self.epsilon + ops.abs(e))
        return ops.sign(e) * ops.where(ops.abs(e) < self.omega1, constant(1.0, e), far)


soft_wing = function(SoftWing)
