"""Forecasts: scores of intervals and of samples, smallest in the mean for the true distribution."""

import math
from typing import Annotated

from ..core import axes
from ..core.contract import LOGIT, REAL
from ..core.errors import ShapeError
from ..core.forms import Parameters
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import Param, choice, flag, fraction, number
from ..core.scenes import LEVELS
from ..core.slots import CHANCE, POSITIVE, SHARE, VECTOR, Slot, declare
from ..numerics import ops
from ..numerics.backend import total
from ..numerics.classes import nll_of_logits
from ..numerics.pairs import distance
from ..numerics.stable import SMALLEST, at_least, length, mean, read_at_least, share, share_of, wide, with_slopes
from .likelihoods import SPREADS


class IntervalScore(Parameters, aliases=("winkler", "winkler_score", "interval_loss"), traits=("convex", "robust")):
    r"""The width of a predicted interval, plus 2 / `alpha` times the distance of a target that lies outside.

    Formula: (u - l) + \tfrac{2}{\alpha} \max(l - y, 0) + \tfrac{2}{\alpha} \max(y - u, 0), with y_pred = (l, u) along
        the last axis, or as two tensors named lower and upper
    Use: prediction intervals that contain a share 1 - \alpha of the targets: the best ends are the quantiles \alpha / 2
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


class GaussianCRPS(Parameters, aliases=("crps_gaussian", "normal_crps", "gaussian_crps_score")):
    r"""The continuous ranked probability score of a normal distribution whose mean and spread are both predicted.

    Formula: \sigma\,(z\,(2 F(z) - 1) + 2 f(z) - 1 / \sqrt\pi), with z = (y - \mu) / \sigma, F and f the distribution
        function and density of a standard normal variable, y_pred = (\mu, spread) along the last axis, or as two
        tensors named mean and spread, and \sigma the standard deviation that the spread stands for
    Use: forecasts with error bars where a few targets may be far off: outliers count in proportion, as with the
        absolute error, which it is for \sigma = 0.
    Beware: the default of `spread` is the logarithm of the variance, as for GaussianNLL. A standard deviation below 0
        is read as the smallest number with all its digits.
    Reference: Gneiting, Raftery, Westveld and Goldman (2005), Calibrated probabilistic forecasting using ensemble model
        output statistics and minimum CRPS estimation, doi:10.1175/MWR2904.1

    >>> gaussian_crps([[0.0]], [[0.0, 0.0]]), gaussian_crps([[1.0]], [[0.0, 2.0]], spread="std")
    (0.23369498, 0.66280622)
    """

    spread: Annotated[str, choice("What the second output is.", "log_variance", "std")] = "log_variance"
    prediction = SPREADS
    heads = ("mean", "spread")
    unfit = "it needs a second prediction, the spread"

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.mean_and_spread(self.spread)]

    def mapped_over(self) -> axes.Plane | None:
        second = (-2.0, 3.0) if self.spread == "log_variance" else (0.1, 4.0)
        return axes.parameters(("mean (target: 0)", self.spread.replace("_", " ")), second)

    def of(self, y: Tensor, parts: Tensor) -> Tensor:
        second = parts[..., 1]
        std = ops.exp(0.5 * second) if self.spread == "log_variance" else second
        std = read_at_least(std, SMALLEST[wide(self.dtype)])

        def slopes(gap: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
            z = ops.clip(gap / std, -40.0, 40.0)
            density = math.sqrt(2 / math.pi) * ops.exp(-0.5 * ops.square(z))
            return ops.erf(math.sqrt(0.5) * z), density - 1 / math.sqrt(math.pi)

        def value(gap: Tensor, std: Tensor) -> Tensor:
            by_gap, by_std = slopes(gap, std)
            return gap * by_gap + std * by_std

        return with_slopes(value, slopes)(y - parts[..., 0], std)


gaussian_crps = function(GaussianCRPS)


class EnergyScore(Loss, aliases=("energy_score_loss",), tasks=("regression",)):
    r"""Several equally likely predictions of one vector should be near it, and as far apart as they are wrong.

    Formula: \frac1m \sum_i \|x_i - y\| - \frac{1}{2 m^2} \sum_i \sum_j \|x_i - x_j\|, with the members x_1 to x_m, and
        y = y_true
    Use: samples of a path, a map or several quantities at once, whose dependence should be right too.
    Beware: it sees dependence weakly: with many features, compare by another score too. The second term is too small
        for few members; fair=True divides it by m (m - 1) in place of m^2.
    Reference: Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation,
        doi:10.1198/016214506000001437

    >>> energy_score([[0.0, 0.0]], [[[3.0, 4.0], [3.0, 4.0]]]), energy_score([[0.0]], [[[1.0], [3.0]]], fair=True)
    (5.0, 1.0)
    """

    fair: Annotated[bool, flag("Whether the spread is that of distinct members.")] = False

    inputs = declare(
        y_true=Slot(VECTOR, ("row", "feature"), "true"),
        y_pred=Slot(VECTOR, ("row", "member", "feature")),
    )

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.ensemble(2)]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        m = length(y_pred, 1)
        off = distance(y_pred, ops.expand_dims(y_true, 1))
        apart = distance(ops.expand_dims(y_pred, 1), ops.expand_dims(y_pred, 2))
        others = m if not self.fair else max(m - 1, 1) if isinstance(m, int) else m - 1
        return total(off, -1) / m - total(apart, (1, 2)) / (2 * m * others)


energy_score = function(EnergyScore)


class MeanAbsoluteScaledError(Loss, aliases=("mase", "MASE"), tasks=("regression",)):
    r"""The absolute error, relative to that of repeating the value of one `season` ago in the series so far.

    Formula: \frac{\mathrm{mean}_t |p_t - y_t|}{\mathrm{mean}_t |h_t - h_{t - k}|}, with the target y, the forecast p,
        the history h and k = season
    Use: many series of different sizes, also with zeros: below 1 a forecast beats the naive one.
    Beware: the history is that before the forecast; some libraries include the targets. A series that repeats itself
        exactly has no scale: value and gradient are 0.
    Reference: Hyndman and Koehler (2006), Another look at measures of forecast accuracy,
        doi:10.1016/j.ijforecast.2006.03.001

    >>> mean_absolute_scaled_error([[5.0, 6.0]], [[1.0, 2.0, 4.0]], [[6.0, 8.0]])
    1.0
    """

    season: Annotated[
        int, Param("After how many steps the series repeats itself.", kind="whole", low=1, closed=True, unusual=2)
    ] = 1

    inputs = declare(
        target=Slot(REAL, ("row", "step"), "true"),
        history=Slot(REAL, ("row", "past"), "true"),
        forecast=Slot(REAL, ("row", "step")),
    )

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.error_beside(("target", "forecast"), history=[0.0] * self.season + [1.0] * self.season)]

    def call(self, target: Tensor, history: Tensor, forecast: Tensor) -> Tensor:
        past = history.shape[1]
        if past is not None and past <= self.season:
            raise ShapeError(
                "MeanAbsoluteScaledError compares the history with itself, one season ago.",
                arrived=f"The history has {past} steps, and a season {self.season}.",
                allowed="Expected a history that is longer than a season.",
                do="Pass more of the series, or a shorter season.",
            )
        scale = mean(ops.abs(history[:, self.season :] - history[:, : -self.season]))
        return share_of(mean(ops.abs(forecast - target)), scale)


mean_absolute_scaled_error = function(MeanAbsoluteScaledError)


class ImplicitQuantile(
    Loss, aliases=("iqn", "iqn_loss", "quantile_at_level"), tasks=("regression",), traits=("convex",)
):
    r"""The quantile loss with a separate level for each row, which the network takes as an input.

    Formula: \max(\tau (y - p), (\tau - 1) (y - p)), with the levels \tau = level
    Use: a network with the level among its inputs, drawn at random for each row: it learns all quantiles at once.
    Beware: the levels must be those that the network was given. pytorch-forecasting doubles it.
    Reference: Dabney, Ostrovski, Silver and Munos (2018), Implicit quantile networks for distributional reinforcement
        learning, arXiv:1806.06923

    >>> implicit_quantile([1.0], [0.1], [0.0]), implicit_quantile([1.0], [0.9], [0.0])
    (0.1, 0.9)
    """

    inputs = declare(
        target=Slot(REAL, ("row", "..."), "true"),
        level=Slot(SHARE, ("row", "..."), "true"),
        prediction=Slot(REAL, ("row", "...")),
    )

    def drawn_over(self) -> list[axes.Axis]:
        return [LEVELS]

    def call(self, target: Tensor, level: Tensor, prediction: Tensor) -> Tensor:
        e = prediction - target
        values = ops.where(e > 0, (1 - level) * e, -level * e)
        return mean(values) if len(values.shape) > 1 else values


implicit_quantile = function(ImplicitQuantile)


class CategoricalDistributional(Loss, aliases=("c51", "categorical_td", "distributional_crossentropy"),
                                tasks=("distribution",), traits=("convex",)):  # fmt: skip
    r"""The cross-entropy to a distribution over values, the mass of each split between the two nearest bins.

    Formula: -\sum_a q_a ((1 - f_a) \log p_{i_a} + f_a \log p_{i_a + 1}), with the mass q_a at the place v_a, which
        lies f_a of a bin above bin i_a, and p = softmax(y_pred) over bins from `low` to `high`
    Use: distributional reinforcement learning: v are the rewards plus the discounted values of the next state.
    Beware: takes logits. Values beyond the ends are moved to the ends: choose `low` and `high` wide enough.
    Reference: Bellemare, Dabney and Munos (2017), A distributional perspective on reinforcement learning,
        arXiv:1707.06887

    >>> categorical_distributional([[0.0]], [[1.0]], [[0.0, 0.0]])
    0.69314718
    """

    low: Annotated[float, number("The value of the first bin.", slide=(-20.0, 0.0))] = -10.0
    high: Annotated[float, number("The value of the last bin.", slide=(1.0, 20.0))] = 10.0

    inputs = declare(
        place=Slot(REAL, ("row", "member"), "true"),
        mass=Slot(CHANCE, ("row", "member"), "true"),
        y_pred=Slot(LOGIT, ("row", "bin")),
    )
    undrawn = "It compares two distributions of several places: there is no single number to move."

    def call(self, place: Tensor, mass: Tensor, y_pred: Tensor) -> Tensor:
        last = ops.shape(y_pred)[-1] - 1
        at = ops.clip((place - self.low) * (last / (self.high - self.low)), 0.0, last)
        below = ops.clip(ops.cast(ops.floor(at), "int32"), 0, last - 1)
        part = at - ops.cast(below, at.dtype)
        cost = nll_of_logits(y_pred)
        near, far = (ops.take_along_axis(cost, below + k, axis=-1) for k in (0, 1))
        return total(mass * ((1 - part) * near + part * far), -1)


categorical_distributional = function(CategoricalDistributional)


class SplineCRPS(Loss, aliases=("spline_quantile", "piecewise_linear_crps", "isqf"), tasks=("regression",),
                 traits=("robust",)):  # fmt: skip
    r"""The continuous ranked probability score of a quantile function that is predicted as piecewise linear.

    Formula: 2 \int_0^1 (1[y < q(a)] - a)(q(a) - y)\,da, with q(0) = low and q rising by rise_k over the width_k of the
        levels
    Use: probabilistic forecasts without a family of distributions: the model predicts where quantiles lie.
    Beware: width must sum to 1 along its axis (use a softmax), and rise must be above 0 (use a softplus). There are no
        tails beyond the first and the last quantile, where libraries have exponential ones.
    Reference: Gasthaus, Benidis, Wang, Rangapuram, Salinas, Flunkert and Januschowski (2019), Probabilistic forecasting
        with spline quantile function RNNs, Proceedings of Machine Learning Research 89:1901-1910

    >>> spline_crps([0.0], [0.0], [[1.0]], [[1.0]]), spline_crps([0.5], [0.0], [[1.0]], [[1.0]])
    (0.33333333, 0.083333333)
    """

    inputs = declare(
        target=Slot(REAL, side="true"), low=Slot(REAL), rise=Slot(POSITIVE, ("row", "piece")),
        width=Slot(CHANCE, ("row", "piece")),
    )  # fmt: skip
    undrawn = "It takes a whole quantile function for each target: there is no single number to move."

    def drawn_over(self) -> list[axes.Axis]:
        return []

    def call(self, target: Tensor, low: Tensor, rise: Tensor, width: Tensor) -> Tensor:
        end = ops.cumsum(width, axis=-1)
        last = ops.expand_dims(low - target, -1) + ops.cumsum(rise, axis=-1)
        first = last - rise
        under, over = at_least(-first, 0.0), at_least(last, 0.0)
        below, above = share(under, over) * width, share(over, under) * width  # the levels whose quantile is too low
        begin = end - width
        middle = begin + below
        low_end, high_start = at_least(-last, 0.0), at_least(first, 0.0)
        missed = below * (2 * begin * under + 2 * middle * low_end + begin * low_end + middle * under)
        rest, left = 1 - middle, 1 - end
        return (
            total(missed + above * (2 * rest * high_start + 2 * left * over + rest * over + left * high_start), -1) / 3
        )


spline_crps = function(SplineCRPS)
