"""Likelihoods of amounts that are sums of a random number of parts: nothing where there is no part."""

from typing import Annotated, Any

from ..core.forms import Likelihood
from ..core.forms.likelihoods import AMOUNT_TARGET, Positive, named
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import number
from ..numerics import ops
from ..numerics.backend import log
from ..numerics.compound import compound_rest, compound_table
from ..numerics.stable import SMALLEST, at_most, exp_less_line, power, read_at_least, times_exp


class TweedieNLL(Likelihood, aliases=("compound_poisson_gamma_nll",)):
    r"""Negative log-likelihood of a Tweedie distribution of amounts with zeros: mean and dispersion are predicted.

    Formula: \lambda for y = 0, and \lambda + y \mu^{1-p} / (\phi (p - 1)) + \log y - \log \sum_n \frac{z^n}{n! \Gamma(a
        n)} else, with the mean \mu, the dispersion \phi, \lambda = \mu^{2-p} / (\phi (2 - p)), a = (2 - p) / (p - 1)
        and z = y^a / ((p - 1)^a (2 - p) \phi^{1 + a})
    Use: totals of claims, rain or sales, which are 0 on many days: a Poisson number of gamma amounts. The variance is
        \phi \mu^p.
    Beware: `power` is given, not predicted; outside 1.1 to 1.9 the density has peaks, or no known number of terms.
        For the mean alone, TweedieDeviance has the same minimum.
    Reference: Dunn and Smyth (2005), Series evaluation of Tweedie exponential dispersion model densities, Statistics
        and Computing 15:267-280, doi:10.1007/s11222-005-4070-y

    >>> tweedie_nll([[0.0]], [[0.0, 0.0]]), tweedie_nll([[1.0]], [[0.0, 0.0]])
    (2.0, 1.0286152)
    """

    power: Annotated[
        float,
        number(
            "The power of the mean with which the variance grows.", low=1.1, high=1.9, slide=(1.1, 1.9),
            prepared="the terms of the density are prepared",
        ),
    ] = 1.5  # fmt: skip
    target = AMOUNT_TARGET
    heads = named(mean="positive", dispersion="positive")
    atom = 0.0

    def validate(self) -> None:
        self.table = compound_table((2 - self.power) / (self.power - 1), self.inner == "float64")

    def nll(self, y: Tensor, mean: Positive, dispersion: Positive) -> Tensor:
        q, none = 2 - self.power, y <= 0
        shape, above = q / (1 - q), ops.where(none, 1.0, y)
        parts, nothing = power(above, q) / q, ops.exp(q * mean.log) / q
        off = log(above) - mean.log
        far_off = ops.abs(off) >= 1
        x = ops.where(far_off, 0.0, off)
        close = parts * (exp_less_line(-q * x) + shape * exp_less_line((1 - q) * x))
        far = nothing + times_exp(above / (1 - q), (q - 1) * mean.log) - (1 + shape) * parts
        count = read_at_least(at_most(dispersion.under(parts), 1e36), SMALLEST["float32"])
        value = dispersion.under(ops.where(none, nothing, ops.where(far_off, far, close)))
        return value - ops.where(none, 0.0, compound_rest(count, shape, self.table))

    def rest(self, y: Tensor) -> Tensor:
        return log(ops.where(y <= 0, 1.0, y))

    def start(self, data: Any) -> dict[str, float]:
        mean = min(max(data.mean, 1e-100), 1e100)  # whose power is a number
        return {"mean": mean, "dispersion": max(data.std**2, 1e-300) / mean**self.power}


tweedie_nll = function(TweedieNLL)
