"""Mixtures: several distributions of one kind; each target comes from one of them."""

from typing import Annotated

from ..core import axes
from ..core.contract import LOGIT, REAL, Values
from ..core.forms import Likelihood
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import choice, whole
from ..core.slots import POSITIVE, Slot, declare
from ..numerics import ops
from ..numerics.backend import derived, total
from ..numerics.classes import probabilities_of_logits
from ..numerics.special import log_sum_of_exp
from ..numerics.stable import LARGEST, at_most, largest, read_at_most
from ..numerics.tails import LOGISTIC
from . import count_likelihoods as counts
from . import positive_likelihoods as amounts
from . import real_likelihoods as reals

KINDS: dict[str, type[Likelihood]] = {
    "normal": reals.NormalNLL,
    "laplace": reals.LaplaceNLL,
    "student_t": reals.StudentTNLL,
    "logistic": reals.LogisticNLL,
    "cauchy": reals.CauchyNLL,
    "gumbel": reals.GumbelNLL,
    "generalized_extreme_value": reals.GeneralizedExtremeValueNLL,
    "generalized_normal": reals.GeneralizedNormalNLL,
    "skew_normal": reals.SkewNormalNLL,
    "exponential": amounts.ExponentialNLL,
    "gamma": amounts.GammaNLL,
    "inverse_gaussian": amounts.InverseGaussianNLL,
    "log_normal": amounts.LogNormalNLL,
    "log_logistic": amounts.LogLogisticNLL,
    "generalized_pareto": amounts.GeneralizedParetoNLL,
    "beta": amounts.BetaDistributionNLL,
    "kumaraswamy": amounts.KumaraswamyNLL,
    "von_mises": amounts.VonMisesNLL,
    "poisson": counts.PoissonNLL,
    "negative_binomial": counts.NegativeBinomialNLL,
    "weibull": amounts.WeibullNLL,
}


NOTHING = 800.0  # a share of e^-800 is 0 in float64 too


def _mixed(logit: Tensor, each: Tensor) -> Tensor:
    """Minus the log-density of a mixture, from the logits of its weights and that of each component."""
    top = ops.stop_gradient(-largest(-each, keepdims=True))
    return log_sum_of_exp(logit) - log_sum_of_exp(logit + (top - each)) + ops.squeeze(top, -1)


def _slopes(logit: Tensor, each: Tensor) -> tuple[Tensor, Tensor]:
    """Of `_mixed`, by both; weight less share does not cancel where both are nearly 1."""
    (weight, other), (share, rest) = probabilities_of_logits(logit), probabilities_of_logits(logit - each)
    return weight * rest - share * other, share


def _along(logit: Tensor, each: Tensor, by_logit: Tensor, by_each: Tensor) -> Tensor:
    slopes = _slopes(logit, each)
    return total(slopes[0] * by_logit + slopes[1] * by_each, -1)


def _back(logit: Tensor, each: Tensor, g: Tensor) -> tuple[Tensor, Tensor]:
    slopes = _slopes(logit, each)
    return slopes[0] * ops.expand_dims(g, -1), slopes[1] * ops.expand_dims(g, -1)


_mixed_exactly = derived(_mixed, _along, _back)


class MixtureNLL(Likelihood, aliases=("mixture_of_distributions_nll",)):
    r"""Negative log-likelihood of a mixture of distributions of one kind: weights and all parameters are predicted.

    Formula: -\log \sum_k w_k f_k, with w the softmax of the first outputs and f_k the density of the k-th parameters
    Use: targets that have several likely values for one input: waiting times of two kinds, counts of two groups.
    Beware: outputs are all logits of the weights, then all first parameters, then all second ones. Components may
        change places, and where a density has no bound, one that closes in on a row makes the value fall without end.
        Shares of components are as exact as their log-densities: far out, these are large.
    Reference: McLachlan and Peel (2000), Finite mixture models, Wiley

    >>> mixture_nll([[1.0]], [[0.0, 0.0, 0.0, 0.0]], distribution="exponential", components=2)
    1.0
    """

    distribution: Annotated[str, choice("The kind of the distributions.", *KINDS)] = "normal"
    components: Annotated[int, whole("How many distributions there are.", low=1, unusual=3)] = 2

    def validate(self) -> None:
        self.part = KINDS[self.distribution](link=self.link, dtype=self.dtype)

    @property
    def target(self) -> Values:  # type: ignore[override]
        return self.part.target

    @property
    def outputs(self) -> int:  # type: ignore[override]
        return self.components * (1 + len(self.part.heads))

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.one_parameter(self.outputs, self.components, self.typical())]  # the first component's first

    def apart(self, parts: Tensor) -> tuple[Tensor, Tensor]:
        """The logits of the weights (..., components), and the outputs (..., components, parameters)."""
        k = self.components
        return parts[..., :k], ops.stack([parts[..., at : at + k] for at in range(k, self.outputs, k)], axis=-1)

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        (logit, rest), y = self.apart(parts), self.part.read(y)
        every = ops.expand_dims(y, -1) + ops.zeros_like(logit)
        far = self._each(ops.stop_gradient(every), ops.stop_gradient(rest))
        far = at_most(far, LARGEST) - ops.stop_gradient(logit)
        # The slopes of components that are not near may be infinite: 0 times that is NaN.
        near = ops.logical_not(far + largest(-far, keepdims=True) >= NOTHING)
        each = self._each(ops.where(near, every, self.target.neutral), ops.where(near[..., None], rest, 0.0))
        value = _mixed(logit, ops.where(near, read_at_most(each, LARGEST), LARGEST))
        return value + self.part.rest(y) if self.full else value

    def _each(self, y: Tensor, rest: Tensor) -> Tensor:
        """Minus the log-density of each component."""
        return self.part.nll(y, *self.part.parameters(rest))


mixture_nll = function(MixtureNLL)


LEVEL_OF_BRIGHTNESS = Values(
    "a whole number from 0 to levels - 1", 0.0, whole=True, draw=lambda rng, shape, top: rng.integers(0, 5, shape)
)
PARTS = ("row", "component")


class DiscretizedLogisticMixture(Loss, aliases=("discretized_mix_logistic", "pixel_cnn_loss"), tasks=("regression",),
                                 traits=("likelihood",)):  # fmt: skip
    r"""Minus the log-probability of a whole number, as the mass of a mixture of logistic distributions around it.

    Formula: -\log \sum_k w_k (\sigma(\tfrac{y + 1/2 - \mu_k}{s_k}) - \sigma(\tfrac{y - 1/2 - \mu_k}{s_k})), with
        w = softmax(logit), s = scale, and all that lies beyond for the first and the last level
    Use: generative models of images of 8 bits, and other whole numbers from 0 to levels - 1, by few parameters.
    Beware: mean and scale are in levels: PixelCNN++ has them between -1 and 1, so that its scale is 127.5 times
        smaller. Each channel is a target of its own here.
    Reference: Salimans, Karpathy, Chen and Kingma (2017), PixelCNN++: improving the PixelCNN with discretized logistic
        mixture likelihood and other modifications, arXiv:1701.05517

    >>> discretized_logistic_mixture([1], [[0.0]], [[1.0]], [[1.0]])
    1.40682911
    """

    levels: Annotated[int, whole("How many levels there are.", low=2, unusual=5)] = 256

    inputs = declare(
        y_true=Slot(LEVEL_OF_BRIGHTNESS, side="true"), logit=Slot(LOGIT, PARTS), mean=Slot(REAL, PARTS),
        scale=Slot(POSITIVE, PARTS),
    )  # fmt: skip
    undrawn = "It takes the parameters of several distributions: there is no single number to move."

    def call(self, y_true: Tensor, logit: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
        y = ops.expand_dims(ops.cast(y_true, mean.dtype), -1)
        gap = 1 / scale
        low, high = (y - 0.5 - mean) / scale, (y + 0.5 - mean) / scale
        ends = ops.where(y > 0, LOGISTIC.above(low), LOGISTIC.below(high))
        inside = ops.logical_and(y > 0, y < self.levels - 1)
        return _mixed_exactly(logit, ops.where(inside, LOGISTIC.between(low, high, gap), ends))


discretized_logistic_mixture = function(DiscretizedLogisticMixture)
