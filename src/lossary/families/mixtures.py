"""Mixtures: several distributions of one kind, of which each target comes from one."""

from typing import Annotated

from ..core import axes
from ..core.contract import Values
from ..core.forms import Likelihood
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import choice, whole
from ..numerics import ops
from ..numerics.special import log_sum_of_exp
from ..numerics.stable import largest
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
        each = -self.part.nll(ops.expand_dims(y, -1) + ops.zeros_like(logit), *self.part.parameters(rest))
        top = ops.stop_gradient(largest(each, keepdims=True))
        value = log_sum_of_exp(logit) - log_sum_of_exp(logit + (each - top)) - ops.squeeze(top, -1)
        return value + self.part.rest(y) if self.full else value


mixture_nll = function(MixtureNLL)
