"""Relative: errors beside the size or the spread of the targets, so that series of any scale compare."""

from typing import Annotated, Any

from ..core.axes import AXES, Axis, Plane, predictions
from ..core.contract import REAL, Contract
from ..core.forms import Columns, Pointwise
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import fraction
from ..core.results import Fused, Moments
from ..core.slots import POSITIVE
from ..numerics import ops
from ..numerics.backend import total
from ..numerics.stable import (
    SMALLEST,
    at_least,
    larger,
    length,
    log_quotient,
    read_at_least,
    share_of,
    wide,
)


class SymmetricMeanAbsolutePercentageError(Pointwise, aliases=("smape", "SMAPE"), traits=("bounded",)):
    r"""Each error as a share of the mean size of target and prediction: between 0 and 2, whatever the scale.

    Formula: \frac{2\,|p - y|}{|y| + |p|}, with y = y_true and p = y_pred; 0 where both are 0
    Use: series of very different sizes, as in forecasting competitions.
    Beware: a fraction, not a percentage; some libraries leave out the 2. Where target and prediction have different
        signs, or the target is 0, it is 2 and has no gradient. It favours predictions that are too high.
    Reference: Makridakis (1993), Accuracy measures, doi:10.1016/0169-2070(93)90079-3

    >>> symmetric_mean_absolute_percentage_error([[100.0, 0.0]], [[300.0, 0.0]])
    0.5
    """

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        return share_of(ops.abs(0.5 * p - 0.5 * y), 0.25 * ops.abs(y) + 0.25 * ops.abs(p))  # no sum overflows

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        half = at_least(0.5 * ops.abs(y) + 0.5 * ops.abs(p), SMALLEST[wide(self.dtype)])
        one_side = ops.sign(p) * ops.sign(y) > 0
        return ops.where(one_side, ops.sign(p - y) * (ops.abs(y) / half * (1 / half)), 0.0 * ops.sign(p))


symmetric_mean_absolute_percentage_error = function(SymmetricMeanAbsolutePercentageError)


class MeanArctangentAbsolutePercentageError(Pointwise, aliases=("maape", "MAAPE"), traits=("bounded",)):
    r"""The angle whose tangent is the absolute percentage error: small errors count alike, none more than π/2.

    Formula: \arctan\frac{|p - y|}{|y|}, with y = y_true and p = y_pred; 0 where both are 0
    Use: demand with targets of 0 and near 0, for which percentages explode.
    Beware: a target of 0 costs π/2 whatever is predicted, and has no gradient; not convex far from the target.
    Reference: Kim and Kim (2016), A new metric of absolute percentage error for intermittent demand forecasts,
        International Journal of Forecasting 32(3):669-679

    >>> mean_arctangent_absolute_percentage_error([[2.0]], [[4.0]])
    0.78539816
    """

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        gap, size = ops.abs(0.5 * p - 0.5 * y), 0.5 * ops.abs(y)  # no difference overflows
        return ops.arctan(gap / at_least(size, SMALLEST[wide(self.dtype)]))

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        gap, size = ops.abs(0.5 * p - 0.5 * y), 0.5 * ops.abs(y)
        longer = at_least(larger(size, gap), SMALLEST[wide(self.dtype)])
        share = size / longer
        squares = at_least(ops.square(share) + ops.square(gap / longer), 1.0)  # one of them is 1, unless both are 0
        return ops.sign(p - y) * (0.5 * share * (1 / longer) / squares)


mean_arctangent_absolute_percentage_error = function(MeanArctangentAbsolutePercentageError)


class ScaleInvariantLogarithmicError(
    Loss, aliases=("silog", "scale_invariant_log", "eigen_depth"), tasks=("regression",)
):
    r"""Squared errors of the logarithm, with a part `lam` of their common level forgiven: what counts is the shape.

    Formula: \mathrm{mean}(d^2) - \lambda \cdot \mathrm{mean}(d)^2, with d = \log y_pred - \log y_true, over
        all entries of a row, and \lambda = lam
    Use: depth maps, whose absolute scale is ambiguous; spectra.
    Beware: some libraries take the root, or multiply by 10. With lam = 1 the level is free: a map that is twice as far
        costs nothing. Zeros are read as the smallest number with all its digits.
    Reference: Eigen, Puhrsch and Fergus (2014), Depth map prediction from a single image using a multi-scale deep
        network, arXiv:1406.2283

    >>> scale_invariant_logarithmic_error([[1.0, 1.0]], [[1.0, 2.0]])
    0.18016980
    """

    lam: Annotated[float, fraction("How much of the common level is forgiven.", closed=True, slide=(0.0, 1.0))] = 0.5

    @property
    def contract(self) -> Contract:
        return Contract(POSITIVE, POSITIVE)

    def drawn_over(self) -> list[Axis]:
        return [AXES["prediction"]]

    def mapped_over(self) -> Plane | None:
        return predictions((0.05, 4.0))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        d = log_quotient(*(read_at_least(x, SMALLEST[self.inner]) for x in (y_pred, y_true)))
        rank = len(d.shape)
        over = tuple(range(0 if rank == 1 else 1, rank))  # a vector alone, given to the function, is one row
        n = total(ops.ones_like(d), over)
        level = total(d, over) / n
        apart = (
            total(ops.square(d - ops.expand_dims(level, over)), over) / n
        )  # the difference as it stands would cancel
        return apart + (1 - self.lam) * ops.square(level)


scale_invariant_logarithmic_error = function(ScaleInvariantLogarithmicError)


class WeightedMeanAbsolutePercentageError(Columns, aliases=("wmape", "WMAPE", "wape", "WAPE", "mad_mean_ratio")):
    r"""The sum of all absolute errors as a share of the sum of all sizes: single targets near 0 do no harm.

    Formula: \sum |p - y| / \sum |y|, over all rows, for each column; then their mean; y = y_true and p = y_pred
    Use: demand with many zeros, where each unit counts the same.
    Beware: one number for the whole batch: the optimum is that of the absolute error where batches are alike, and the
        step differs with the size of their targets. A column of zeros has value and gradient 0.
    Reference: Kolassa and Schütz (2007), Advantages of the MAD/mean ratio over the MAPE, Foresight 6:40-43

    >>> weighted_mean_absolute_percentage_error([[1.0], [3.0]], [[2.0], [2.0]])[0]
    0.5
    """

    def parts(self, y: Tensor, p: Tensor) -> dict[str, Any]:
        return {"errors": ops.abs(p - y), "sizes": ops.abs(y)}

    def of(self, sums: dict[str, Any]) -> Tensor:
        return share_of(sums["errors"], sums["sizes"])


weighted_mean_absolute_percentage_error = function(WeightedMeanAbsolutePercentageError)


class NormalizedMeanSquaredError(Columns, aliases=("nmse", "NMSE", "relative_squared_error", "unexplained_variance")):
    r"""The squared error as a share of the variance of the targets: 1 is as good as predicting their mean.

    Formula: \sum (p - y)^2 / \sum (y - \mu_y)^2, over all rows, for each column; then their mean
    Use: several targets of different units, which then count alike; it is 1 - R^2.
    Beware: one number for the whole batch, whose own variance is the measure: small batches are noisy. Some libraries
        divide by \sum y^2 instead. A constant target has value and gradient 0.
    Reference: Wright (1921), Correlation and causation, Journal of Agricultural Research 20(7):557-585

    >>> normalized_mean_squared_error([[1.0], [3.0]], [[2.0], [3.0]])[0]
    0.5
    """

    def parts(self, y: Tensor, p: Tensor) -> dict[str, Any]:
        return {"errors": ops.square(p - y), "targets": Moments((y,))}

    def of(self, sums: dict[str, Any]) -> Tensor:
        return share_of(sums["errors"], sums["targets"].products[0, 0])


normalized_mean_squared_error = function(NormalizedMeanSquaredError)


class PearsonCorrelation(Columns, aliases=("pearson", "plcc", "correlation_loss")):
    r"""One minus the correlation of targets and predictions: their scale and level do not matter.

    Formula: 1 - \frac{s_{yp}}{s_y s_p}, over all rows, for each column; then their mean
    Use: scores of quality, signals, returns: wherever only the order and the proportions of predictions are used.
    Beware: one number for the whole batch, between 0 and 2; predictions can drift in scale and level. Some libraries
        halve it. Where targets or predictions are constant it is 1, without a gradient.
    Reference: Pearson (1895), Note on regression and inheritance in the case of two parents, Proceedings of the Royal
        Society of London 58:240-242

    >>> pearson_correlation([[1.0], [2.0], [3.0]], [[1.0], [3.0], [2.0]])[0]
    0.5
    """

    def parts(self, y: Tensor, p: Tensor) -> dict[str, Any]:
        return {"both": Moments((y, p))}

    def of(self, sums: dict[str, Any]) -> Tensor:
        products = sums["both"].products
        nothing = ops.logical_or(products[0, 0] <= 0, products[1, 1] <= 0)
        y, p = (ops.sqrt(ops.where(nothing, 1.0, products[k, k])) for k in (0, 1))
        return 1 - ops.where(nothing, 0.0, products[1, 0] / y / p)


pearson_correlation = function(PearsonCorrelation)


class MeanPairwiseSquaredError(
    Loss, aliases=("mpse", "pairwise_squared_error"), tasks=("regression",), traits=("convex", "smooth")
):
    r"""The squared error of the differences between the entries of a row: an offset of all of them costs nothing.

    Formula: \frac{1}{n (n - 1)} \sum_{i \ne j} ((y_i - y_j) - (p_i - p_j))^2 over the n entries of a row
    Use: depth maps and profiles whose level is unknown or does not matter.
    Beware: nothing fixes the level: add a little of a squared error. A row of one entry has the value 0.
    Reference: Eigen, Puhrsch and Fergus (2014), Depth map prediction from a single image using a multi-scale deep
        network, arXiv:1406.2283

    >>> mean_pairwise_squared_error([[1.0, 2.0]], [[4.0, 7.0]]), mean_pairwise_squared_error([[1.0, 2.0]], [[4.0, 5.0]])
    (4.0, 0.0)
    """

    unfit = "it compares the entries of a row, and one column has no differences"

    @property
    def contract(self) -> Contract:
        return Contract(REAL, REAL)

    def drawn_over(self) -> list[Axis]:
        return [AXES["angle"]]

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        """Value and slopes of each row, from a quarter of the errors: no sum of them is too large."""
        e, n = 0.25 * y_pred - 0.25 * y_true, length(y_pred)
        rest = max(n - 1, 1) if isinstance(n, int) else at_least(n - 1, 1.0)
        apart = e - ops.row_sum(e / n)
        return ops.row_sum(apart * (apart * (32 / rest)))[..., 0], apart * (16 / rest)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Fused:
        return Fused(self.kernel, y_pred, y_true, rowwise=True)


mean_pairwise_squared_error = function(MeanPairwiseSquaredError)
