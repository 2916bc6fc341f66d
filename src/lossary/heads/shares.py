"""Heads of vectors of shares, counts of classes, and classes: one output for each class."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from keras import ops

from .._calls import checked_call
from ..core.errors import LossaryError, TargetError
from ..core.forms.likelihoods import Positive
from ..core.params import Param
from ..families.categorical import SparseCategoricalCrossentropy
from ..families.vector_likelihoods import DirichletMultinomialNLL, DirichletNLL, MultinomialNLL
from .asked import compared, generator, probability, sample_size
from .base import Head, Shape, Tensor

Array = np.ndarray
CLASSES = Param("The number of classes.", kind="whole", low=2, closed=True)
LINK = Param("How an output becomes a parameter above 0.", kind="choice", choices=("exp", "softplus"))


class ByClass(Head):
    """What the heads of this file share: one number for each class, and the mean shares as the answer."""

    settings: ClassVar[dict[str, Param]] = {"classes": CLASSES}
    classes: int
    link: str

    @checked_call
    def __init__(self, classes: int, **kwargs: Any) -> None:
        given = {name: kwargs.pop(name, "exp") for name in self.settings if name != "classes"}
        super().__init__(None, {"classes": classes, **given}, **kwargs)

    @property
    def outputs(self) -> int:
        return self.classes

    def fixed(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.settings if name != "classes"}

    def point(self, outputs: Tensor) -> Tensor:
        """The mean share of each class, (row, classes)."""
        if "link" not in self.settings:
            return ops.softmax(outputs, axis=-1)
        return ops.softmax(Positive(outputs, self.link).log, axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {name: value for name, value in super().get_config().items() if name != "targets"}

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.classes)

    def _numbers(self, outputs: Any) -> Array:
        """In float64: concentrations, or probabilities."""
        z = np.asarray(ops.convert_to_numpy(outputs), dtype=float)
        if "link" in self.settings:
            return np.exp(z) if self.link == "exp" else np.logaddexp(0.0, z)
        share = np.exp(z - z.max(-1, keepdims=True))
        return np.asarray(share / share.sum(-1, keepdims=True))


class Dirichlet(ByClass):
    """Concentrations of shares that sum to 1: `ls.DirichletNLL` reads them.

    >>> head = Dirichlet(classes=2)
    >>> head.predicted(head(np.zeros((1, 3)))).mean()
    [[0.5, 0.5]]
    """

    pairs_with = DirichletNLL
    settings: ClassVar[dict[str, Param]] = {"classes": CLASSES, "link": LINK}

    def predicted(self, outputs: Any) -> PredictedShares:
        """The distributions that outputs of this head stand for."""
        return PredictedShares(self._numbers(outputs))


class Multinomial(ByClass):
    """Probabilities of classes that are counted: `ls.MultinomialNLL` reads them.

    >>> head = Multinomial(classes=2)
    >>> head.predicted(head(np.zeros((1, 3))), trials=4).mean()
    [[2.0, 2.0]]
    """

    pairs_with = MultinomialNLL

    def predicted(self, outputs: Any, trials: Any = 1) -> PredictedCounts:
        """The distributions that outputs of this head stand for, of so many counts in a row."""
        return PredictedCounts(self._numbers(outputs), trials)


class DirichletMultinomial(ByClass):
    """Concentrations of the probabilities of classes that are counted: `ls.DirichletMultinomialNLL` reads them.

    >>> head = DirichletMultinomial(classes=2)
    >>> head.predicted(head(np.zeros((1, 3))), trials=4).mean()
    [[2.0, 2.0]]
    """

    pairs_with = DirichletMultinomialNLL
    settings: ClassVar[dict[str, Param]] = {"classes": CLASSES, "link": LINK}

    def predicted(self, outputs: Any, trials: Any = 1) -> PredictedCounts:
        """The distributions that outputs of this head stand for, of so many counts in a row."""
        return PredictedCounts(self._numbers(outputs), trials, spread=True)


class Categorical(ByClass):
    """Logits of classes, one class per row: `ls.SparseCategoricalCrossentropy` reads them.

    >>> head = Categorical(classes=2)
    >>> head.predicted(head(np.zeros((1, 3)))).mean()
    [[0.5, 0.5]]
    """

    pairs_with = SparseCategoricalCrossentropy

    def fixed(self) -> dict[str, Any]:
        return {"from_logits": True}

    def predicted(self, outputs: Any) -> PredictedClasses:
        """The distributions that outputs of this head stand for."""
        return PredictedClasses(self._numbers(outputs))


class ByMargin:
    """What follows from the distribution of each entry of a vector, which is one of SciPy's."""

    @property
    def margin(self) -> Any:
        raise NotImplementedError

    def mean(self) -> Array:
        """Of each entry, (row, classes)."""
        return np.asarray(self.margin.mean())

    def std(self) -> Array:
        """Of each entry."""
        return np.asarray(self.margin.std())

    def quantile(self, share: float) -> Array:
        """The number that an entry stays below with this probability, each on its own."""
        return np.asarray(self.margin.ppf(probability(share)))

    def interval(self, level: float = 0.9) -> tuple[Array, Array]:
        """The ends of the interval in the middle that holds an entry with this probability."""
        rest = (1 - probability(level)) / 2
        return self.quantile(rest), self.quantile(1 - rest)

    def pit(self, y: Any) -> Array:
        """The distribution function at each entry; of a count, the middle of its step."""
        y, known = compared(y, self.mean().shape), self.margin
        step = known.pmf(y) if hasattr(known.dist, "pmf") else 0.0
        return np.asarray(known.cdf(y) - 0.5 * step)

    def coverage(self, y: Any, level: float = 0.9) -> float:
        """The share of entries inside their interval; near `level` where the predictions are calibrated."""
        low, high = self.interval(level)
        y = compared(y, low.shape)
        return float(np.mean((low <= y) & (y <= high)))


class PredictedShares(ByMargin):
    """One Dirichlet distribution for each row, in float64."""

    def __init__(self, concentrations: Array) -> None:
        self.concentrations = concentrations

    @property
    def margin(self) -> Any:
        from scipy import stats

        a = self.concentrations
        return stats.beta(a, a.sum(-1, keepdims=True) - a)

    def sample(self, size: int, seed: int | None = None) -> Array:
        """Random shares, (size, row, classes)."""
        return _drawn(self.concentrations, sample_size(size), generator(seed))

    def log_prob(self, y: Any) -> Array:
        """The log-density of each row."""
        from scipy.special import gammaln, xlogy

        a = self.concentrations
        y = compared(y, a.shape)
        found = gammaln(a.sum(-1)) - gammaln(a).sum(-1) + xlogy(a - 1, np.maximum(y, 0)).sum(-1)
        never = (y < 0).any(-1) | (abs(y.sum(-1) - 1) > 1e-5)  # shares in float32 sum to 1 up to their rounding
        return np.asarray(np.where(never, -np.inf, found))


def _drawn(concentrations: Array, size: int, rng: np.random.Generator) -> Array:
    """Random shares."""
    drawn = np.maximum(rng.gamma(concentrations, size=(size, *concentrations.shape)), np.finfo(float).tiny)
    return np.asarray(drawn / drawn.sum(-1, keepdims=True))


class PredictedCounts(ByMargin):
    """One distribution of counts of classes for each row, in float64; of a `spread` one, the probabilities vary."""

    def __init__(self, numbers: Array, trials: Any, spread: bool = False) -> None:
        self.trials = np.broadcast_to(np.asarray(trials, dtype=float), numbers.shape[:-1])
        if (self.trials < 0).any() or (self.trials % 1).any():
            raise LossaryError(
                "predicted(outputs, trials=...) says how many counts a row has.",
                arrived=f"trials holds {self.trials[(self.trials < 0) | (self.trials % 1 > 0)].flat[0]:g}.",
                allowed="Expected whole numbers >= 0, one for all rows or one for each.",
                do="Pass the sums of the rows: trials=counts.sum(axis=1).",
            )
        self.numbers, self.spread = numbers, spread

    @property
    def margin(self) -> Any:
        from scipy import stats

        a, n = self.numbers, self.trials[..., None]
        return stats.betabinom(n, a, a.sum(-1, keepdims=True) - a) if self.spread else stats.binom(n, a)

    def sample(self, size: int, seed: int | None = None) -> Array:
        """Random counts, (size, row, classes)."""
        rng = generator(seed)
        shape = (sample_size(size), *self.numbers.shape)
        share = _drawn(self.numbers, shape[0], rng) if self.spread else np.broadcast_to(self.numbers, shape)
        return np.asarray(rng.multinomial(self.trials.astype(int), share))

    def log_prob(self, y: Any) -> Array:
        """The log-probability of each row; -inf where its sum is another one."""
        from scipy.special import gammaln, xlogy

        y, a = compared(y, self.numbers.shape), self.numbers
        never = ((y < 0) | (y % 1 > 0)).any(-1) | (y.sum(-1) != self.trials)
        y = np.maximum(y, 0)
        found = gammaln(self.trials + 1) - gammaln(y + 1).sum(-1)
        if self.spread:
            rise = (gammaln(y + a) - gammaln(a)).sum(-1)
            found += rise + gammaln(a.sum(-1)) - gammaln(a.sum(-1) + self.trials)
        else:
            found += xlogy(y, a).sum(-1)
        return np.where(np.isnan(y).any(-1), np.nan, np.where(never, -np.inf, found))


class PredictedClasses:
    """One distribution over classes for each row, in float64."""

    def __init__(self, probabilities: Array) -> None:
        self.probabilities = probabilities

    def mean(self) -> Array:
        """The probability of each class, (row, classes)."""
        return self.probabilities

    def mode(self) -> Array:
        """The likeliest class of each row."""
        return np.asarray(self.probabilities.argmax(-1))

    def sample(self, size: int, seed: int | None = None) -> Array:
        """Random classes, (size, row)."""
        ends = np.cumsum(self.probabilities, -1)[..., :-1]
        drawn = generator(seed).uniform(size=(sample_size(size), *ends.shape[:-1], 1))
        return np.asarray((drawn > ends).sum(-1))

    def log_prob(self, y: Any) -> Array:
        """The log-probability of each row's class."""
        y = self._labels(y)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(np.take_along_axis(self.probabilities, y[..., None], -1)[..., 0]))

    def set_of(self, level: float = 0.9) -> Array:
        """Whether a class is among the likeliest ones that hold the row's class with this probability."""
        order = np.argsort(-self.probabilities, axis=-1, kind="stable")
        before = np.cumsum(np.take_along_axis(self.probabilities, order, -1), -1)
        before = np.concatenate([np.zeros_like(before[..., :1]), before[..., :-1]], -1)
        inside = np.empty(before.shape, bool)
        np.put_along_axis(inside, order, before < probability(level), -1)
        return inside

    def coverage(self, y: Any, level: float = 0.9) -> float:
        """The share of rows whose class is in this set; at least `level` where the predictions are calibrated."""
        y = self._labels(y)
        return float(np.mean(np.take_along_axis(self.set_of(level), y[..., None], -1)))

    def _labels(self, y: Any) -> Array:
        """The class of each row."""
        y, classes = compared(y, self.probabilities.shape[:-1]), self.probabilities.shape[-1]
        bad = ~((y >= 0) & (y < classes) & (y % 1 == 0))
        if bad.any():
            raise TargetError(
                "Predicted classes are compared with one label for each row.",
                arrived=f"y holds {y[bad][0]:g} (such labels in all: {int(bad.sum())}).",
                allowed=f"Expected whole numbers from 0 to {classes - 1}.",
                do="Count classes from 0, and leave out rows whose label is not known.",
            )
        return y.astype(int)
