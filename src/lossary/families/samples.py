"""Samples: how far apart the distributions are that two samples came from, and what a batch of predictions says."""

from typing import Annotated

from keras import ops

from ..core.axes import Axis
from ..core.contract import LOGIT, Values
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import numbers, positive, whole
from ..core.results import Anchors, Sums
from ..core.scenes import MOVED
from ..core.slots import Rowset, Slot, declare
from ..numerics import transport
from ..numerics.backend import total
from ..numerics.classes import nll_of_logits, probabilities_of_logits
from ..numerics.pairs import distances
from ..numerics.stable import at_least, share_of, square_root

SAMPLE = Values("a feature of a row of a sample", draw=lambda rng, shape, top: rng.normal(size=shape))
TWO = declare(y_true=Slot(SAMPLE, ("row", "feature"), "true"), y_pred=Slot(SAMPLE, ("row", "feature")))


def _counts(others: Rowset) -> Tensor:
    """What each of the other rows counts."""
    there = ops.cast(others.keep, others.y_pred.dtype)
    return there if others.weight is None else there * others.weight


def _weights(others: Rowset) -> Tensor:
    """The same as a share of all of them."""
    w = _counts(others)
    every = total(w)
    return w / ops.where(every > 0, every, 1.0)


def _mean(x: Tensor, w: Tensor) -> Tensor:
    """The mean over the other rows; what those that do not count hold is nothing."""
    return total(ops.where(w > 0, x, 0.0) * w, -1)


class MMD(Loss, aliases=("maximum_mean_discrepancy", "mmd_loss"), tasks=("distribution",)):
    r"""The squared maximum mean discrepancy: two samples should look alike to a kernel.

    Formula: \mathrm{mean}_{ij}(k(y_i, y_j) + k(p_i, p_j) - 2 k(y_i, p_j)), with k(a, b) the mean over the bandwidths h
        of e^{-\|a - b\|^2 / (2 h^2)}
    Use: features of two domains, codes of an autoencoder against draws from a prior, samples of a generator.
    Beware: the rows are two samples, not pairs; both have the same number of rows. Pairs of a row with itself count: it
        is biased for few rows. The bandwidths should be near the distances of the rows. The value of a single row has
        no meaning: take the mean.
    Reference: Gretton, Borgwardt, Rasch, Schölkopf and Smola (2012), A kernel two-sample test, Journal of Machine
        Learning Research 13:723-773

    >>> mmd([[0.0]], [[0.0]]), mmd([[0.0]], [[2.0]])
    (0.0, 1.7293294)
    """

    bandwidths: Annotated[
        tuple[float, ...],
        numbers(
            "The widths of the kernels, whose mean is taken.", low=0.0, closed=False, unusual=(0.5, 1.5), optional=False
        ),
    ] = (1.0,)

    inputs = TWO
    gives = Anchors

    def drawn_over(self) -> list[Axis]:
        return [MOVED]

    def call(self, here: Rowset, others: Rowset) -> Anchors:
        widths = self.bandwidths if isinstance(self.bandwidths, tuple) else (self.bandwidths,)

        def alike(a: Tensor, b: Tensor) -> Tensor:
            d = distances(a, b)
            return sum(ops.exp(-0.5 * ops.square(d / h)) for h in widths) / len(widths)

        within = alike(here.y_true, others.y_true) + alike(here.y_pred, others.y_pred)
        between = alike(here.y_true, others.y_pred) + alike(here.y_pred, others.y_true)
        return Anchors(_mean(within - between, _weights(others)))


mmd = function(MMD)


class EnergyDistance(Loss, aliases=("cramer_distance_of_samples", "szekely"), tasks=("distribution",)):
    r"""Compares the distances between two samples with those within each.

    Formula: \mathrm{mean}_{ij}(2 \|y_i - p_j\| - \|y_i - y_j\| - \|p_i - p_j\|)
    Use: as MMD, without a bandwidth to choose.
    Beware: the rows are two samples, not pairs; both have the same number of rows. Pairs of a row with itself count.
        geomloss returns half of it. EnergyScore is the score of a forecast of one row.
    Reference: Székely and Rizzo (2013), Energy statistics: a class of statistics based on distances,
        doi:10.1016/j.jspi.2013.03.018

    >>> energy_distance([[0.0]], [[3.0]])
    6.0
    """

    inputs = TWO
    gives = Anchors

    def drawn_over(self) -> list[Axis]:
        return [MOVED]

    def call(self, here: Rowset, others: Rowset) -> Anchors:
        between = distances(here.y_true, others.y_pred) + distances(here.y_pred, others.y_true)
        within = distances(here.y_true, others.y_true) + distances(here.y_pred, others.y_pred)
        return Anchors(_mean(between - within, _weights(others)))


energy_distance = function(EnergyDistance)


class DomainCoral(Loss, aliases=("deep_coral", "coral_domain", "correlation_alignment"), tasks=("distribution",)):
    r"""Two samples should have the same covariances: the squared difference of the two matrices.

    Formula: \frac{1}{4 d^2} \|C_y - C_p\|_F^2, with the covariances C of the d features, n - 1 in their divisor
    Use: features of a source and of a target domain, beside the loss of the source.
    Beware: the rows are two samples, not pairs; both have the same number of rows. Means may differ. Coral is a loss of
        levels.
    Reference: Sun and Saenko (2016), Deep CORAL: correlation alignment for deep domain adaptation, arXiv:1607.01719

    >>> domain_coral([[0.0], [2.0]], [[0.0], [0.0]])[0]
    1.0
    """

    inputs = TWO
    gives = Anchors
    undrawn = "It compares covariances of two samples: there is no single number to move."

    def call(self, here: Rowset, others: Rowset) -> Anchors:
        w = _weights(others)
        n = total(_counts(others))

        def apart(rows: Rowset, name: str) -> Tensor:
            mean = total(ops.expand_dims(w, -1) * getattr(others, name), 0)
            return ops.where(ops.expand_dims(rows.keep, -1), getattr(rows, name) - mean, 0.0)

        ours = [apart(here, name) for name in ("y_true", "y_pred")]
        theirs = [ops.transpose(apart(others, name)) for name in ("y_true", "y_pred")]
        (tt, tp), (pt, pp) = ([ops.square(a @ b) for b in theirs] for a in ours)
        scale = share_of(ops.square(n), ops.square(at_least(n - 1, 0.0))) / (4 * here.y_pred.shape[-1] ** 2)
        return Anchors(scale * _mean((tt + pp) - (tp + pt), w))


domain_coral = function(DomainCoral)


class ClassConfusion(Loss, aliases=("minimum_class_confusion", "mcc_of_domains"), tasks=("multiclass",)):
    r"""Classes should not be predicted together: how much a batch mixes each class with the others.

    Formula: \frac1C \sum_c \frac{\sum_{d \neq c} M_{cd}}{\sum_d M_{cd}}, with M = \sum_i w_i p_i p_i^T,
        p = softmax(z / T), T = temperature, and w_i = 1 + e^{-H(p_i)} of the entropy H
    Use: rows of a new domain without labels, beside the loss of the rows with labels.
    Beware: takes logits only, without targets. One number for the batch. The weights w are fixed in the gradient, as in
        the authors' code. Not the correlation MCC.
    Reference: Jin, Wang, Long and Wang (2020), Minimum class confusion for versatile domain adaptation,
        arXiv:1912.03699

    >>> class_confusion([[0.0, 0.0]])
    0.5
    """

    temperature: Annotated[float, positive("Larger values make predictions softer.", slide=(0.5, 5.0))] = 2.5

    inputs = declare(y_pred=Slot(LOGIT, ("row", "class")))
    gives = Sums
    holds_fixed = True
    undrawn = "It is one number for all rows together, so there is no value per row to draw."

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, y_pred: Tensor) -> Sums:
        z = y_pred / self.temperature
        p, _ = probabilities_of_logits(z)
        w = 1 + ops.exp(-total(p * nll_of_logits(z), -1))
        mixed = ops.expand_dims(ops.expand_dims(ops.stop_gradient(w), -1) * p, 1) * ops.expand_dims(p, 2)

        def finish(sums: dict[str, Tensor], count: Tensor) -> Tensor:
            m = sums["mixed"]
            off = total(m * (1 - ops.eye(m.shape[-1], dtype=m.dtype)), -1)
            return total(share_of(off, total(m, -1))) / m.shape[-1]

        return Sums({"mixed": mixed}, finish, (0,))


class_confusion = function(ClassConfusion)


class SinkhornDivergence(Loss, aliases=("sinkhorn", "samples_loss_sinkhorn", "entropic_ot"), tasks=("distribution",)):
    r"""What it costs to move one sample onto the other, with a blur, less what it costs to move each onto itself.

    Formula: OT(y, p) - \tfrac12 OT(y, y) - \tfrac12 OT(p, p), with OT(a, b) = \min_\pi \sum_{ij} \pi_{ij} \tfrac12
        \|a_i - b_j\|^2 + \epsilon\,KL(\pi \,|\, w \otimes w) over plans \pi whose sums are the weights w, and \epsilon
        the square of the blur
    Use: samples of a generator or codes of an autoencoder: each row gets a useful gradient even where the samples do
        not overlap, unlike with MMD.
    Beware: the rows are two samples, not pairs; both have the same number of rows. After `steps` steps of Sinkhorn's
        algorithm: far samples and a small blur need more. The gradient holds the potentials fixed, as is right at the
        end of the steps. The value of a single row has no meaning: take the mean.
    Reference: Feydy, Séjourné, Vialard, Amari, Trouvé and Peyré (2019), Interpolating between optimal transport and MMD
        using Sinkhorn divergences, arXiv:1810.08278

    >>> sinkhorn_divergence([[0.0]], [[2.0]])
    2.0
    """

    blur: Annotated[float, positive("Distances below it do not count.", slide=(0.1, 1.5))] = 0.5
    steps: Annotated[int, whole("The number of steps of Sinkhorn's algorithm.", low=1, unusual=30)] = 50

    inputs = TWO
    gives = Anchors
    holds_fixed = True

    def drawn_over(self) -> list[Axis]:
        return [MOVED]

    def call(self, here: Rowset, others: Rowset) -> Anchors:
        y, p = ops.stop_gradient(others.y_true), ops.stop_gradient(others.y_pred)
        pairs = ((here.y_true, p), (here.y_pred, y), (here.y_true, y), (here.y_pred, p))
        moved = transport.moved(pairs, (y, p), _weights(others), self.blur, self.steps)
        return Anchors(self.blur * self.blur * ((moved[0] - moved[2]) + (moved[1] - moved[3])))


sinkhorn_divergence = function(SinkhornDivergence)


class BatchNuclearNorm(Loss, aliases=("bnm", "batch_nuclear_norm_maximization"), tasks=("multiclass",)):
    r"""Minus the nuclear norm of a batch of predictions: it rewards confident rows, and batches with many classes.

    Formula: -\frac1n \sum_j \sigma_j(P), with the singular values of the matrix P, whose n rows are softmax(y_pred)
    Use: rows of a new domain without labels, beside the loss of the rows with labels: unlike EntropyPenalty, it does
        not reward predicting one class for all rows.
    Beware: takes logits only, without targets. The value depends on the batch, which should be larger than the number
        of classes. A row's value is its part of the norm.
    Reference: Cui, Wang, Zhuo, Li, Huang and Tian (2020), Towards discriminability and diversity: batch nuclear-norm
        maximization under label insufficient situations, arXiv:2003.12237

    >>> batch_nuclear_norm([[0.0, 0.0]])
    -0.70710678
    """

    inputs = declare(y_pred=Slot(LOGIT, ("row", "class")))
    gives = Anchors
    undrawn = "It looks at the predictions of a whole batch: there is no single number to move."

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, here: Rowset, others: Rowset) -> Anchors:
        weight = ops.expand_dims(square_root(_counts(others)), -1)
        _, sizes, ways = ops.svd(ops.stop_gradient(weight * probabilities_of_logits(others.y_pred)[0]), False)
        seen = sizes > 1e-6 * sizes[:1]
        part = ops.square(probabilities_of_logits(here.y_pred)[0] @ ops.transpose(ways))
        own = total(part * ops.where(seen, 1 / ops.where(seen, sizes, 1.0), 0.0), -1)  # NaN times nothing is NaN
        return Anchors(-0.5 * (own + ops.stop_gradient(own)))  # half of the slope comes from the other factor


batch_nuclear_norm = function(BatchNuclearNorm)
