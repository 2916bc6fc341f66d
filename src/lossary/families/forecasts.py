"""Forecasts: scores of intervals and of samples, smallest in the mean for the true distribution."""

from typing import Annotated

from ..core import axes
from ..core.forms import Parameters
from ..core.functions import function
from ..core.loss import Tensor
from ..core.params import Param, flag, fraction
from ..numerics import ops
from ..numerics.backend import total
from ..numerics.stable import at_least, mean


class IntervalScore(Parameters, aliases=("winkler", "winkler_score", "interval_loss"), traits=("convex", "robust")):
    r"""The width of a predicted interval, plus 2 / `alpha` times the distance of a target that lies outside.

    Formula: (u - l) + \tfrac{2}{\alpha} \max(l - y, 0) + \tfrac{2}{\alpha} \max(y - u, 0), with y_pred = (l, u) along
        the last axis, or as two tensors named lower and upper
    Use: prediction intervals that hold a share 1 - \alpha of the targets: the best ends are the quantiles \alpha / 2
        and 1 - \alpha / 2.
    Beware: nothing keeps l below u. It is 2 / \alpha times the sum of the quantile losses of both ends.
    Reference: Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation,
        doi:10.1198/016214506000001437

    >>> interval_score([[1.0]], [[0.0, 3.0]]), interval_score([[4.0]], [[0.0, 3.0]], alpha=0.5)
    (3.0, 7.0)
    """

    alpha: Annotated[float, fraction("The share of targets that may lie outside.", slide=(0.02, 0.6))] = 0.1
    heads = ("lower", "upper")
    unfit = "it needs two predictions, the ends of an interval"

    def mapped_over(self) -> axes.Plane | None:
        return axes.parameters(("lower end (target: 0)", "upper end (target: 0)"), axes.THREE)

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        low, high = parts[..., 0], parts[..., 1]
        outside = at_least(low - y, 0.0) + at_least(y - high, 0.0)
        return (high - low) + 2 / self.alpha * outside


interval_score = function(IntervalScore)


class EnsembleCRPS(Parameters, aliases=("crps_ensemble", "sample_crps", "crps_sample"), traits=("robust",)):
    r"""The continuous ranked probability score of several equally likely predictions of one number.

    Formula: \frac1m \sum_i |x_i - y| - \frac{1}{2 m^2} \sum_i \sum_j |x_i - x_j|, with the predictions x_1 to x_m along
        the last axis
    Use: weather ensembles, networks that draw samples: predictions should be close, and as far apart as they are wrong.
    Beware: the second term is too small for few members, so the spread becomes too narrow; fair=True divides it by
        m (m - 1) in place of m^2.
    Reference: Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation,
        doi:10.1198/016214506000001437

    >>> ensemble_crps([[0.0]], [[1.0, 3.0]], members=2), ensemble_crps([[0.0]], [[1.0, 3.0]], members=2, fair=True)
    (1.5, 1.0)
    """

    members: Annotated[
        int, Param("How many predictions there are for each target.", kind="whole", low=2, closed=True, unusual=4)
    ] = 10
    fair: Annotated[bool, flag("Whether the spread is that of distinct members.")] = False
    unfit = "it needs several predictions for each target"

    @property
    def outputs(self) -> int:  # type: ignore[override]
        return self.members

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.quantiles(self.outputs)]

    def mapped_over(self) -> axes.Plane | None:
        words = ("first member (target: 0)", "second member (target: 0)")
        return axes.parameters(words, axes.THREE) if self.outputs == 2 else None

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        m, x = self.members, ops.sort(parts, axis=-1)
        pairs = [k * (m - k) / (m * (m - 1 if self.fair else m)) for k in range(1, m)]  # that a gap lies between
        gaps = x[..., 1:] - x[..., :-1]
        return mean(ops.abs(parts - ops.expand_dims(y, -1))) - total(
            gaps * ops.convert_to_tensor(pairs, gaps.dtype), -1
        )


ensemble_crps = function(EnsembleCRPS)
