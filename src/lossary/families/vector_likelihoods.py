"""Likelihoods of vectors: counts of classes, shares that sum to 1, and numbers that vary together."""

import math
from typing import Annotated

import numpy as np

from ..core import axes
from ..core.contract import Values
from ..core.errors import ShapeError
from ..core.forms import VectorLikelihood
from ..core.forms.likelihoods import Full, Link, Positive
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import whole
from ..core.slots import NUMBERS, VECTOR, Slot, declare
from ..numerics import ops
from ..numerics.backend import log, log1p, total
from ..numerics.classes import nll_of_logits
from ..numerics.pairs import distance
from ..numerics.special import log_factorial, log_gamma, log_rise, log_sinhc
from ..numerics.stable import SMALLEST, read_at_least, times_exp, unit, wide

COUNTS = Values("a count >= 0", 0.0, neutral=1.0, draw=lambda rng, shape, top: rng.poisson(2.0, shape))
PARTS = Values(
    "a share between 0 and 1, of shares that sum to 1", 0.0, 1.0, neutral=0.5, slack=1e-3,
    draw=lambda rng, shape, top: rng.dirichlet(np.ones(shape[-1]), shape[:-1]),
)  # fmt: skip


class MultinomialNLL(VectorLikelihood, aliases=("multinomial",), traits=("convex", "likelihood")):
    r"""Negative log-likelihood of counts of classes, whose probabilities are predicted as logits.

    Formula: -\log \frac{n!}{\prod_c y_c!} - \sum_c y_c \log p_c, with p = softmax(y_pred) and n = \sum_c y_c
    Use: how often each class was chosen: votes, words, species.
    Beware: rows of more counts weigh more. Of one count in each row it is the categorical cross-entropy.
    Reference: Johnson, Kotz and Balakrishnan (1997), Discrete multivariate distributions, Wiley

    >>> multinomial_nll([[1.0, 0.0]], [[0.0, 0.0]]), multinomial_nll([[1.0, 1.0]], [[0.0, 0.0]])
    (0.69314718, 0.69314718)
    """

    target = COUNTS

    def nll(self, y: Tensor, z: Tensor) -> Tensor:
        return total(y * nll_of_logits(z), -1)

    def rest(self, y: Tensor) -> Tensor:
        return of_orders(y)


def of_orders(y: Tensor) -> Tensor:
    """Minus the logarithm of in how many orders these counts may come."""
    return total(log_factorial(y), -1) - log_factorial(total(y, -1))


multinomial_nll = function(MultinomialNLL)


class DirichletNLL(VectorLikelihood, aliases=("dirichlet",)):
    r"""Negative log-likelihood of shares that sum to 1, whose concentrations are predicted.

    Formula: \sum_c \log \Gamma(a_c) - \log \Gamma(\sum_c a_c) - \sum_c (a_c - 1) \log y_c, with the concentrations a
    Use: compositions: budgets, mixtures of minerals, shares of time.
    Beware: a share of exactly 0 is read as the smallest number with all its digits, and costs much or nothing. The mean
        is a / \sum_c a_c.
    Reference: Johnson, Kotz and Balakrishnan (2000), Continuous multivariate distributions, volume 1, Wiley

    >>> dirichlet_nll([[0.5, 0.5]], [[0.0, 0.0]]), dirichlet_nll([[0.2, 0.3, 0.5]], [[0.0, 0.0, 0.0]])
    (0.0, -0.69314718)
    """

    link: Link = "exp"
    target = PARTS

    def logs(self, y: Tensor) -> Tensor:
        return log(read_at_least(y, SMALLEST[wide(self.dtype)]))

    def nll(self, y: Tensor, z: Tensor) -> Tensor:
        a = Positive(z, self.link)
        return total(log_gamma(a.value) - a.times(self.logs(y)), -1) - log_gamma(total(a.value, -1))

    def rest(self, y: Tensor) -> Tensor:
        return total(self.logs(y), -1)


dirichlet_nll = function(DirichletNLL)


class DirichletMultinomialNLL(VectorLikelihood, aliases=("dirichlet_multinomial", "polya_nll")):
    r"""Negative log-likelihood of counts of classes that vary more than multinomial ones; concentrations are predicted.

    Formula: -\log \frac{n!}{\prod_c y_c!} - \log \frac{\Gamma(A)}{\Gamma(n + A)} - \sum_c \log
        \frac{\Gamma(y_c + a_c)}{\Gamma(a_c)}, with the concentrations a and A = \sum_c a_c
    Use: counts of classes whose probabilities vary from row to row at random: words of documents, cell types.
    Beware: it approaches a multinomial distribution as the concentrations grow without limit.
    Reference: Mosimann (1962), On the compound multinomial distribution, the multivariate beta-distribution, and
        correlations among proportions, Biometrika 49:65-82

    >>> dirichlet_multinomial_nll([[1.0, 1.0]], [[0.0, 0.0]]), dirichlet_multinomial_nll([[1.0, 0.0]], [[0.0, 0.0]])
    (1.0986123, 0.69314718)
    """

    link: Link = "exp"
    target = COUNTS

    def nll(self, y: Tensor, z: Tensor) -> Tensor:
        a = Positive(z, self.link)
        shares = total(y * nll_of_logits(a.log) - log_rise(a.value, y), -1)
        return shares + log_rise(total(a.value, -1), total(y, -1))

    def rest(self, y: Tensor) -> Tensor:
        return of_orders(y)


dirichlet_multinomial_nll = function(DirichletMultinomialNLL)


class VonMisesFisherNLL(Loss, aliases=("von_mises_fisher", "vmf_nll", "fisher_nll"), tasks=("regression",)):
    r"""Negative log-likelihood of directions in space around a predicted one, with a predicted concentration.

    Formula: -v \cdot u + \log(4 \pi \sinh(k) / k), with v = y_pred, its length k and the direction u = y_true /
        \|y_true\|
    Use: directions in three dimensions: normals of surfaces, gazes, orbits. The length of v is how sure the model is.
    Beware: of three numbers; directions in the plane are angles, for VonMisesNLL. y_true is divided by its length.
    Reference: Mardia and Jupp (2000), Directional statistics, Wiley, doi:10.1002/9780470316979

    >>> von_mises_fisher_nll([[0.0, 0.0, 1.0]], [[0.0, 0.0, 0.0]])
    2.5310242
    """

    inputs = declare(y_true=Slot(VECTOR, ("row", "3"), "true"), y_pred=Slot(VECTOR, ("row", "3")))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        (u, _), (v, _) = unit(y_true), unit(y_pred)
        k = distance(y_pred, ops.zeros_like(y_pred))
        far = k > 1
        some, few = ops.where(far, k, 2.0), ops.where(far, 0.0, k)
        sharp = math.log(2 * math.pi) + log1p(-ops.exp(-2 * some)) - log(some)
        apart = 0.5 * k * total(ops.square(u - v), -1)  # k (1 - cos), where the two are nearly equal too
        blunt = math.log(4 * math.pi) + log_sinhc(few) - total(u * y_pred, -1)
        return ops.where(far, apart + sharp, blunt)


von_mises_fisher_nll = function(VonMisesFisherNLL)


class MultivariateNormalNLL(
    Loss, aliases=("multivariate_normal", "gaussian_full_covariance_nll", "mvn_nll"), tasks=("regression",)
):
    r"""Negative log-likelihood of vectors that are normal with a predicted mean and covariance.

    Formula: \tfrac12 \|L^{-1} (y - \mu)\|^2 + \sum_i \log L_{ii} + \tfrac d2 \log 2\pi, with the covariance
        L L^\top (or D^2 + W W^\top, if `rank` says how many columns W has)
    Use: several targets whose errors go together: positions, returns, joints.
    Beware: y_pred holds the mean (d numbers), the logarithms of the diagonal of L (or of D), and the rest of L row by
        row below the diagonal (or the rows of W): ls.heads.MultivariateNormal has as many outputs.
    Reference: Williams (1996), Using neural networks to model conditional multivariate densities, Neural Computation
        8:843-854

    >>> multivariate_normal_nll([[1.0, 0.0]], [[0.0, 0.0, 0.0, 0.0, 0.5]])
    2.4628771
    """

    rank: Annotated[
        int | None, whole("How many columns W has; None is a full covariance.", optional=True, unusual=1)
    ] = None
    full: Full = True

    inputs = declare(y_true=Slot(VECTOR, ("row", "feature"), "true"), y_pred=Slot(NUMBERS, ("row", "number")))

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.first_of_two(self.numbers(2))]

    def numbers(self, d: int) -> int:
        """How many numbers a mean and a covariance of d features have."""
        return 2 * d + (d * (d - 1) // 2 if self.rank is None else d * self.rank)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        d = int(y_true.shape[-1])
        if y_pred.shape[-1] != self.numbers(d):
            raise ShapeError(
                f"MultivariateNormalNLL reads {self.numbers(d)} numbers for each vector of {d}.",
                arrived=f"y_pred has the shape {tuple(y_pred.shape)}.",
                allowed=f"Expected the mean, the logarithms of the diagonal and the rest: (rows, {self.numbers(d)}).",
                do=f"End the model in ls.heads.MultivariateNormal(features={d}).",
            )
        off, logs, rest = y_true - y_pred[:, :d], y_pred[:, d : 2 * d], y_pred[:, 2 * d :]
        value = self._full(off, logs, rest) if self.rank is None else self._low(off, logs, rest, self.rank)
        value = value + total(logs, -1)
        return value + 0.5 * d * math.log(2 * math.pi) if self.full else value

    @staticmethod
    def _full(off: Tensor, logs: Tensor, rest: Tensor) -> Tensor:
        """Half the square of L^-1 off, by forward substitution."""
        z: list[Tensor] = []
        at = 0
        for i in range(off.shape[-1]):
            left = off[:, i]
            for k in range(i):
                left = left - rest[:, at + k] * z[k]
            at += i
            z.append(times_exp(left, -logs[:, i]))
        return 0.5 * total(ops.square(ops.stack(z, axis=-1)), -1)

    @staticmethod
    def _low(off: Tensor, logs: Tensor, rest: Tensor, rank: int) -> Tensor:
        """Half of |u - U v|^2 + |v|^2 at its least, with u and U in units of D, and the log of the determinant."""
        d = off.shape[-1]
        scale = ops.exp(-logs)
        u, w = off * scale, ops.reshape(rest, (-1, d, rank)) * ops.expand_dims(scale, -1)
        turned = ops.transpose(w, (0, 2, 1))
        factor = ops.cholesky(ops.matmul(turned, w) + ops.eye(rank, dtype=w.dtype))
        v = ops.solve_triangular(factor, ops.matmul(turned, ops.expand_dims(u, -1)), lower=True)
        v = ops.solve_triangular(ops.transpose(factor, (0, 2, 1)), v, lower=False)
        left = u - ops.squeeze(ops.matmul(w, v), -1)
        square = total(ops.square(left), -1) + total(ops.square(ops.squeeze(v, -1)), -1)
        return 0.5 * square + total(log(ops.diagonal(factor, axis1=-2, axis2=-1)), -1)


multivariate_normal_nll = function(MultivariateNormalNLL)
