"""Quantiles: losses whose best constant is a chosen quantile of the targets."""

from typing import Annotated

from ..core import axes
from ..core.errors import ParameterError
from ..core.forms import Distance, Parameters, Pointwise, absent
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import fraction, nonnegative, numbers
from ..numerics import ops
from ..numerics.backend import total
from ..numerics.stable import at_least, constant, mean, times_exp


class Quantile(Distance, aliases=("pinball", "quantile_loss", "tilted", "check_loss"), traits=("convex", "robust")):
    r"""Costs `q` per unit predicted too low and `1 - q` per unit too high; minimised by the `q` quantile.

    Formula: \max(q\,(y - p), (q - 1)\,(y - p)), with y = y_true and p = y_pred
    Use: predicting a value that the target stays below in a fraction q of cases; q = 0.5 is half the absolute error.
    Beware: some libraries double it, so that q = 0.5 is the absolute error.
    Reference: Koenker and Bassett (1978), Regression quantiles, doi:10.2307/1913643
    Elsewhere:
        tensorflow_addons.losses.PinballLoss(tau=0.5) -> q=tau
        sklearn.metrics.mean_pinball_loss(alpha=0.5) -> q=alpha
        sklearn._loss.PinballLoss(quantile=0.5) -> q=quantile
        xgboost.reg:quantileerror(quantile_alpha={0.5, ...}) -> q=quantile_alpha
        lightgbm.objective:quantile(alpha=0.9) -> q=alpha
        catboost.Quantile(alpha=0.5) -> q=alpha

    >>> quantile([[1.0]], [[0.0]], q=0.9), quantile([[0.0]], [[1.0]], q=0.9)
    (0.9, 0.1)
    """

    q: Annotated[float, fraction("The quantile to predict.")] = 0.5

    def of(self, e: Tensor) -> Tensor:
        return ops.where(e > 0, (1 - self.q) * e, -self.q * e)

    def slope(self, e: Tensor) -> Tensor:
        return ops.where(e > 0, constant(1 - self.q, e), ops.where(e < 0, constant(-self.q, e), 0.0 * e))


quantile = function(Quantile)


class MultiQuantile(Parameters, aliases=("quantiles", "multi_quantile_loss"), traits=("convex", "robust")):
    r"""Several quantiles of the same target at once: the mean of their quantile losses.

    Formula: \frac1k \sum_i \max(q_i\,(y - p_i), (q_i - 1)\,(y - p_i)) + \frac{c}{k} \sum_i \max(p_i - p_{i+1}, 0),
        with c = crossing
    Use: prediction intervals: q = (0.05, 0.5, 0.95) gives a median with a 90 % band; one output per quantile.
    Beware: by default nothing keeps the predicted quantiles in order: end the model in ls.heads.Quantiles, which cannot
        cross, or set `crossing`. Some libraries sum over the quantiles instead.
    Reference: Wen, Torkkola, Narayanaswamy and Madeka (2017), A multi-horizon quantile recurrent forecaster,
        arXiv:1711.11053

    >>> multi_quantile([[1.0]], [[0.0, 2.0]], q=(0.1, 0.9))
    0.1
    """

    q: Annotated[
        tuple[float, ...],
        numbers("The quantiles, one per output.", low=0.0, high=1.0, closed=False, unusual=(0.2, 0.7), optional=False),
    ] = (0.1, 0.5, 0.9)
    crossing: Annotated[float, nonnegative("The penalty per unit by which two quantiles cross.", slide=(0.0, 5.0))] = (
        0.0
    )

    unfit = "it needs one prediction for each quantile; ask for quantile:q=0.1,quantile:q=0.9 instead"

    @property
    def outputs(self) -> int:  # type: ignore[override]
        return len(self.q)

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.quantiles(self.outputs)]

    def mapped_over(self) -> axes.Plane | None:
        first, *rest = (f"prediction of the {q:g} quantile (target: 0)" for q in self.q)
        return axes.parameters((first, rest[0]), axes.THREE) if self.outputs == 2 else None

    def validate(self) -> None:
        if not isinstance(self.q, tuple) or list(self.q) != sorted(set(self.q)):
            raise ParameterError(
                "MultiQuantile(q=...) lists the quantiles of the model's outputs.",
                arrived=f"It was given q={self.q!r}.",
                allowed="Expected increasing numbers in (0, 1).",
                do="Sort them, and the outputs of the model in the same order; for a single quantile use ls.Quantile.",
            )

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        e = parts - ops.expand_dims(y, -1)
        q = ops.convert_to_tensor(self.q, dtype=e.dtype)
        value = mean(ops.where(e > 0, (1 - q) * e, -q * e))
        if absent(self.crossing):
            return value
        crossed = total(at_least(parts[..., :-1] - parts[..., 1:], 0.0), -1)
        return value + self.crossing / self.outputs * crossed


multi_quantile = function(MultiQuantile)


class LogLinQuantile(Pointwise, aliases=("log_linear_quantile",)):
    r"""The quantile loss of e^z: the model predicts the logarithm of a quantile, so that no prediction is negative.

    Formula: \max(q\,(y - e^z), (q - 1)\,(y - e^z)), with y = y_true and z = y_pred
    Use: quantiles of positive amounts, where effects multiply.
    Beware: a prediction is exp(y_pred). A target at or below 0 drives y_pred towards minus infinity.
    Reference: Koenker and Bassett (1978), Regression quantiles, doi:10.2307/1913643
    Elsewhere:
        catboost.LogLinQuantile(alpha=0.5) -> q=alpha

    >>> log_lin_quantile([[3.0]], [[0.0]], q=0.9), log_lin_quantile([[0.0]], [[0.0]], q=0.9)
    (1.8, 0.1)
    """

    q: Annotated[float, fraction("The quantile to predict.")] = 0.5

    relative = False

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["log rate"]]

    def mapped_over(self) -> axes.Plane | None:
        return axes.LOG_RATES

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        high, low = times_exp(0.0 * p + (1 - self.q), p), times_exp(0.0 * p + self.q, p)  # also of a large e^z
        return ops.where(ops.exp(p) > y, high - (1 - self.q) * y, self.q * y - low)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        rate = ops.exp(p)
        high, low = times_exp(0.0 * p + (1 - self.q), p), times_exp(0.0 * p + self.q, p)
        return ops.where(rate > y, high, ops.where(rate < y, -low, 0.0 * p))


log_lin_quantile = function(LogLinQuantile)
