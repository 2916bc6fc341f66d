"""Regression: how far a predicted number, or vector, is from the true one."""

from typing import Annotated, Any

from ..core import absent
from ..core.axes import Axis
from ..core.contract import REAL, Values
from ..core.forms import Columns, Distance, Pointwise, Vector
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import positive
from ..core.results import Moments, Norm, RisingSums, Sums
from ..core.slots import Slot, declare
from ..numerics import ops
from ..numerics.backend import log1p_near
from ..numerics.pairs import distance
from ..numerics.stable import (
    at_least,
    log_growth,
    minus_cosine,
    root_mean_square,
    share_of,
    squared_log_growth,
    tanh,
    with_slopes,
)
from ..numerics.stable import (
    cosine_distance as one_minus_cosine,
)
from ..numerics.stable import log_cosh as stable_log_cosh

AMOUNTS = Values("an amount >= 0", 0.0, draw=lambda rng, shape, top: rng.gamma(1.0, 3.0, shape))


class MeanSquaredError(
    Distance,
    aliases=("mse", "MSE", "l2", "squared_error", "least_squares", "quadratic"),
    traits=("convex", "smooth", "symmetric"),
    positional="reduction name dtype",
):
    r"""Squares each error: large errors dominate, and the best constant prediction is the mean.

    Formula: e^2, with e = y_pred - y_true
    Use: the default for regression when errors are roughly Gaussian and no target is badly wrong.
    Beware: one error of 100 counts as much as 10,000 errors of 1. In some libraries "l2 loss" is half of it.
    Reference: Legendre (1805), Nouvelles méthodes pour la détermination des orbites des comètes, appendix
    Elsewhere:
        keras.losses.MeanSquaredError
        torch.nn.MSELoss, torch.nn.functional.mse_loss
        optax.losses.squared_error
        sklearn.metrics.mean_squared_error
        sklearn.metrics.mean_tweedie_deviance(power=0) -> reduction="mean"
        sklearn.metrics.brier_score_loss
    Unlike:
        tf.nn.l2_loss: half of its sum over all entries

    >>> mean_squared_error([[1.0, 0.0]], [[2.0, 3.0]])
    5.0
    """

    def of(self, e: Tensor) -> Tensor:
        return ops.square(e)

    def slope(self, e: Tensor) -> Tensor:
        return 2 * e


mean_squared_error = function(MeanSquaredError)


class MeanAbsoluteError(
    Distance,
    aliases=("mae", "MAE", "l1", "absolute_error", "lad"),
    traits=("convex", "robust", "symmetric"),
    positional="reduction name dtype",
):
    r"""The absolute error: gradients of equal size for all errors, and the best constant prediction is the median.

    Formula: |e|, with e = y_pred - y_true
    Use: when some targets are wrong or the errors have long tails, and the median is what you want.
    Beware: the gradient does not shrink near the optimum; lower the learning rate towards the end.
    Reference: Laplace (1774), Mémoire sur la probabilité des causes par les événements
    Elsewhere:
        keras.losses.MeanAbsoluteError
        torch.nn.L1Loss, torch.nn.functional.l1_loss
        sklearn.metrics.mean_absolute_error
        sklearn._loss.AbsoluteError
        xgboost.reg:absoluteerror, lightgbm.objective:regression_l1
        catboost.MAE

    >>> mean_absolute_error([[1.0, 0.0]], [[2.0, 3.0]])
    2.0
    """

    def of(self, e: Tensor) -> Tensor:
        return ops.abs(e)

    def slope(self, e: Tensor) -> Tensor:
        return ops.sign(e)


mean_absolute_error = function(MeanAbsoluteError)


class RootMeanSquaredError(Distance, aliases=("rmse", "RMSE"), traits=("symmetric",)):
    r"""The root of the mean squared error: the same minimum, in the target's units.

    Formula: \sqrt{\mathrm{mean}(e^2)} over the whole (weighted) batch, with e = y_pred - y_true
    Use: when the reported value should be in the target's units. Its gradient is that of the mean squared error divided
        by twice the root, so steps grow as the fit improves.
    Beware: the root is taken of the mean over the batch: the function too returns one number, and the metric one over
        all batches. The loss reported by fit is the mean of the batches' roots, which is a different number. With
        reduction="none" each row gets its own root: with one output that is the absolute error.
    Reference: Gauss (1809), Theoria motus corporum coelestium, liber II, sectio III
    Elsewhere:
        keras.metrics.RootMeanSquaredError
        catboost.RMSE

    >>> root_mean_squared_error([[1.0, 0.0]], [[2.0, 8.0]])
    5.7008771
    """

    entrywise = False

    def of(self, e: Tensor) -> Tensor:
        return ops.square(e)

    def slope(self, e: Tensor) -> Tensor:
        return 2 * e

    @property
    def gives(self) -> type[RisingSums]:
        return RisingSums

    def call(self, y_true: Tensor, y_pred: Tensor) -> RisingSums:
        e = y_pred - y_true
        if self.missing is not None:
            found = absent.there(y_true, self.contract)
            e = ops.where(found, e, 0.0) * ops.sqrt(absent.shares(found, y_pred))
        rows = Norm(root_mean_square(e, self.dtype))
        return RisingSums({"squares": rows}, lambda sums, count: sums["squares"].root(count))


root_mean_squared_error = function(RootMeanSquaredError)


class LogCosh(
    Distance,
    aliases=("logcosh", "log_cosh_error"),
    traits=("convex", "robust", "smooth", "symmetric"),
    positional="reduction name dtype",
):
    r"""About half the squared error for small errors, the absolute error minus log 2 for large ones, smooth throughout.

    Formula: \log\cosh e, with e = y_pred - y_true
    Use: like Huber without a threshold to choose, and with second derivatives everywhere.
    Beware: it changes from quadratic to linear at errors of about 1, so the scale of the targets matters.
    Reference: Green (1990), Bayesian reconstructions from emission tomography data, doi:10.1109/42.52985
    Elsewhere:
        keras.losses.LogCosh
        optax.losses.log_cosh
        catboost.LogCosh

    >>> log_cosh([[0.0]], [[0.0001]]), log_cosh([[0.0]], [[2.0]])
    (5e-09, 1.3250027)
    """

    def of(self, e: Tensor) -> Tensor:
        return stable_log_cosh(e)

    def slope(self, e: Tensor) -> Tensor:
        return tanh(e)

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        e = y_pred - y_true
        t = ops.tanh(e)  # with t = tanh |e|: |e| - log(1 + t), or where that cancels, -log(1 - t^2) / 2
        size, square = ops.abs(t), ops.square(t)
        far = square > 0.5
        log = log1p_near(ops.where(far, size, -square))
        return ops.where(far, ops.abs(e) - log, -0.5 * log), t


log_cosh = function(LogCosh)


class MeanAbsolutePercentageError(
    Pointwise,
    aliases=("mape", "MAPE"),
    traits=("convex",),
    positional="reduction name dtype",
):
    r"""Each error as a percentage of the true value: an error of 10 counts more at 20 than at 200.

    Formula: 100\,|e| / \max(|y|, \epsilon), with e = y_pred - y_true and y = y_true
    Use: for positive targets of very different sizes that are all far from 0.
    Beware: it explodes for targets near 0 (the divisor is at least `epsilon`), and favours predictions that are too
        low.
    Reference: Makridakis (1993), Accuracy measures, doi:10.1016/0169-2070(93)90079-3
    Elsewhere:
        keras.losses.MeanAbsolutePercentageError
        sklearn.metrics.mean_absolute_percentage_error -> times=0.01, epsilon=2.0**-52
        lightgbm.objective:mape -> times=0.01, epsilon=1.0
        catboost.MAPE -> times=0.01, epsilon=1.0

    >>> mean_absolute_percentage_error([[100.0, 50.0]], [[110.0, 45.0]])
    10.0
    """

    epsilon: Annotated[float, positive("The smallest number to divide by, for targets near 0.", slide=(0.01, 1.0))] = (
        1e-7
    )
    divides_by_target = True

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        return 100 * (ops.abs(p - y) / at_least(ops.abs(y), self.epsilon))

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        return 100 * ops.sign(p - y) / at_least(ops.abs(y), self.epsilon)


mean_absolute_percentage_error = function(MeanAbsolutePercentageError)


class MeanSquaredLogarithmicError(
    Pointwise,
    aliases=("msle", "MSLE"),
    traits=("smooth",),
    positional="reduction name dtype",
):
    r"""Squared error of log(1 + value): predicting twice the target costs about as much at 10 as at 10,000.

    Formula: (\log(1 + p) - \log(1 + y))^2, with y = y_true and p = y_pred
    Use: for targets that are counts or amounts >= 0 over several orders of magnitude.
    Beware: values below 0 are read as 0, in y_true and in y_pred (whose gradient is then that at 0).
    Reference: Tofallis (2015), A better measure of relative prediction accuracy, doi:10.1057/jors.2014.103
    Elsewhere:
        keras.losses.MeanSquaredLogarithmicError
        sklearn.metrics.mean_squared_log_error
        xgboost.reg:squaredlogerror -> times=0.5

    >>> mean_squared_logarithmic_error([[0.0, 3.0]], [[1.0, 1.0]])
    0.48045301
    """

    prediction = Values("a number >= 0; negative ones are read as 0", floor=0.0)
    target = Values("a number >= 0; negative ones are read as 0", floor=0.0)

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        return squared_log_growth(y, p)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        p = at_least(p, 0.0)
        return 2 * log_growth(at_least(y, 0.0), p) / (1 + p)

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        p = at_least(y_pred, 0.0)
        grown = log_growth(at_least(y_true, 0.0), p)
        return ops.square(grown), 2 * grown / (1 + p)


mean_squared_logarithmic_error = function(MeanSquaredLogarithmicError)


class CosineSimilarity(
    Vector,
    aliases=("cosine", "cosine_proximity", "cosine_loss"),
    tasks=("regression", "retrieval"),
    traits=("bounded",),
    positional="axis reduction name dtype",
):
    r"""Minus the cosine of the angle between two vectors: -1 in the same direction, 1 in the opposite one.

    Formula: -\frac{y \cdot p}{\|y\|\,\|p\|} along the axis
    Use: when only the direction of a vector matters: embeddings, retrieval.
    Beware: it is minus the similarity, so that minimising it aligns the vectors. If one vector is zero, value and
        gradient are 0.
    Reference: Salton, Wong and Yang (1975), A vector space model for automatic indexing, doi:10.1145/361219.361220
    Elsewhere:
        keras.losses.CosineSimilarity(axis=-1)
        optax.losses.cosine_similarity(axis=-1) -> times=-1, axis=axis
        torch.nn.CosineSimilarity, torch.nn.functional.cosine_similarity(dim=1, eps=1e-08) -> times=-1,
            axis=dim, reduction="none"
    Unlike:
        torch.nn.CosineEmbeddingLoss, torch.nn.functional.cosine_embedding_loss: with labels of pairs

    >>> cosine_similarity([[3.0, 4.0]], [[3.0, 4.0]]), cosine_similarity([[3.0, 4.0]], [[4.0, -3.0]])
    (-1.0, 0.0)
    """

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        return minus_cosine(y_pred, y_true)


cosine_similarity = function(CosineSimilarity)


class ConcordanceCorrelation(Columns, aliases=("ccc", "concordance_correlation_coefficient")):
    r"""One minus the concordance correlation: rewards correlation, equal means and equal variances.

    Formula: 1 - \frac{2 s_{yp}}{s_y^2 + s_p^2 + (\mu_y - \mu_p)^2}, over all rows, for each column; then their mean
    Use: ratings, two methods of measurement, emotion from speech: wherever agreement is reported as this number.
    Beware: one number for the whole batch, so small batches are noisy. Between 0 and 2; where targets and predictions
        are constant and equal it is 0.
    Reference: Lin (1989), A concordance correlation coefficient to evaluate reproducibility, doi:10.2307/2532051

    >>> concordance_correlation([[1.0], [2.0], [3.0]], [[1.0], [2.0], [4.0]])[0]
    0.14285714
    """

    def parts(self, y: Tensor, p: Tensor) -> dict[str, Any]:
        # 1 less the coefficient is a sum of squared errors: written so, nothing cancels
        return {"errors": ops.square(p - y), "both": Moments((y, p))}

    def of(self, sums: dict[str, Any]) -> Tensor:
        """The sum of squared errors as a share of what it would be without any correlation."""
        both = sums["both"]
        spread = both.products[0, 0] + both.products[1, 1] + both.n * ops.square(both.means[0] - both.means[1])
        return share_of(sums["errors"], spread)


concordance_correlation = function(ConcordanceCorrelation)


class CosineDistance(
    Vector, aliases=("cosine_dissimilarity", "one_minus_cosine"), traits=("bounded", "robust", "smooth")
):
    r"""One minus the cosine of the angle between two vectors: 0 in the same direction, 2 in opposite directions.

    Formula: 1 - \frac{y \cdot p}{\|y\|\,\|p\|}, with the vectors y = y_true and p = y_pred
    Use: as CosineSimilarity, where the loss should be 0 at its best: in sums with other losses.
    Beware: lengths do not matter. A vector of zeros has no direction, and the distance 1.
    Reference: Salton and McGill (1983), Introduction to modern information retrieval, McGraw-Hill
    Elsewhere:
        optax.losses.cosine_distance(epsilon=0.0, axis=-1) -> axis=axis

    >>> cosine_distance([[1.0, 0.0]], [[3.0, 4.0]]), cosine_distance([[1.0, 0.0]], [[2.0, 0.0]])
    (0.4, 0.0)
    """

    def kernel(self, y_pred: Tensor, y_true: Tensor) -> tuple[Tensor, Tensor]:
        return one_minus_cosine(y_pred, y_true)


cosine_distance = function(CosineDistance)


class ColumnRootMeanSquaredError(Columns, aliases=("columnwise_rmse", "mcrmse", "MCRMSE")):
    r"""The root of the mean squared error of each column, and the mean of these roots: each column in its own units.

    Formula: \sqrt{\frac1N \sum (p - y)^2} over all rows, for each column; then their mean
    Use: several targets, where one that is far off should not hide the others.
    Beware: one number for the whole batch: roots of small batches are smaller on average. RootMeanSquaredError takes
        one root of all entries.
    Reference: Hyndman and Koehler (2006), Another look at measures of forecast accuracy,
        doi:10.1016/j.ijforecast.2006.03.001
    Elsewhere:
        sklearn.metrics.root_mean_squared_error

    >>> column_root_mean_squared_error([[0.0], [0.0]], [[1.0], [7.0]])[0]
    5.0
    """

    def parts(self, y: Tensor, p: Tensor) -> dict[str, Any]:
        return {"squares": Norm(ops.abs(p - y)), "count": ops.ones_like(p)}

    def of(self, sums: dict[str, Any]) -> Tensor:
        return sums["squares"].root(at_least(sums["count"], 1.0))


column_root_mean_squared_error = function(ColumnRootMeanSquaredError)


def _root_of(rows: Tensor) -> Sums:
    """The root of the mean of the squares of one number for each row."""
    parts = {"squares": Norm(rows), "rows": ops.ones_like(rows)}
    return Sums(parts, lambda sums, count: sums["squares"].root(ops.where(sums["rows"] > 0, sums["rows"], 1.0)), (0,))


class MultiTargetRMSE(Loss, aliases=("multi_rmse", "MultiRMSE"), tasks=("regression",), traits=("symmetric",)):
    r"""The root of the mean squared length of the error of a row: several targets, whose errors are added up.

    Formula: \sqrt{\frac1n \sum_i \sum_d (y_{id} - p_{id})^2} over the n rows of the batch
    Use: several targets in one unit, such as coordinates, where the value should be in that unit.
    Beware: one number for the batch. RootMeanSquaredError divides by the number of targets too.
    Reference: Gauss (1809), Theoria motus corporum coelestium, liber II, sectio III
    Elsewhere:
        catboost.MultiRMSE

    >>> multi_target_rmse([[0.0, 0.0]], [[3.0, 4.0]])
    5.0
    """

    inputs = declare(y_true=Slot(REAL, ("row", "feature"), "true"), y_pred=Slot(REAL, ("row", "feature")))
    gives = Sums
    undrawn = "It is one number for all rows together, so there is no value per row to draw."

    def call(self, y_true: Tensor, y_pred: Tensor) -> Sums:
        return _root_of(distance(y_pred, y_true))


multi_target_rmse = function(MultiTargetRMSE)


class RootMeanSquaredLogarithmicError(Loss, aliases=("rmsle", "RMSLE"), tasks=("regression",)):
    r"""The root of the mean squared error of log(1 + value): about the typical relative error.

    Formula: \sqrt{\mathrm{mean}((\log(1 + p) - \log(1 + y))^2)} over the whole (weighted) batch, with y = y_true and
        p = y_pred
    Use: amounts over several orders of magnitude, where the reported value should be read as a relative error.
    Beware: one number for the batch. Its minimum is that of MeanSquaredLogarithmicError, whose steps are steadier.
    Reference: Tofallis (2015), A better measure of relative prediction accuracy, doi:10.1057/jors.2014.103
    Unlike:
        sklearn.metrics.root_mean_squared_log_error: of several columns, the mean of their roots

    >>> root_mean_squared_logarithmic_error([[0.0, 3.0]], [[1.0, 1.0]])
    0.69314718
    """

    inputs = declare(y_true=Slot(AMOUNTS, ("row", "feature"), "true"), y_pred=Slot(AMOUNTS, ("row", "feature")))
    gives = Sums
    undrawn = "It is one number for all rows together, so there is no value per row to draw."

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, y_true: Tensor, y_pred: Tensor) -> Sums:
        grown = with_slopes(log_growth, lambda y, p: (-1 / (1 + y), 1 / (1 + p)))(y_true, y_pred)
        return _root_of(root_mean_square(grown, self.inner))


root_mean_squared_logarithmic_error = function(RootMeanSquaredLogarithmicError)
