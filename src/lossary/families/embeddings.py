"""Embeddings: vectors of the same class close together, of other classes apart."""

from typing import Annotated, Any

from keras import ops

from ..core.axes import AXES, DISTANCES, Axis, Plane
from ..core.contract import CLASS_INDEX
from ..core.errors import ShapeError
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import choice, flag, number, positive, whole
from ..core.results import Anchors, LogSumExp, Rows, Sums
from ..core.slots import GROUP, UNIT, VECTOR, Rowset, Slot, declare, either, own
from ..numerics.classes import nll_of_one_logit, one_hot
from ..numerics.pairs import both_views, cosines, distance, distances, largest_of, log_sum_exp, relations, sines
from ..numerics.stable import at_least, at_most, cosine_of, sine_of, softplus

Classes = Annotated[int | None, whole("The number of classes.", optional=True, unusual=4)]
Features = Annotated[
    int | None, whole("The size of the embeddings; None takes that of the model's output.", optional=True, unusual=3)
]
LABELLED = declare(label=Slot(GROUP, side="true"), embedding=Slot(VECTOR, ("row", "feature")))


class Circle(
    Loss,
    aliases=("circle_loss",),
    tasks=("retrieval",),
    positional="gamma margin remove_diagonal reduction name dtype",
):
    r"""Raises similarities within a class and lowers those between classes; the worst pairs count most.

    Formula: \log(1 + \sum_n e^{\gamma\,\alpha_n (s_n - m)} \sum_p e^{-\gamma\,\alpha_p (s_p - 1 + m)}), with
        similarities s_p within and s_n between classes, \alpha_n = \max(s_n + m, 0) and \alpha_p = \max(1 + m - s_p, 0)
    Use: learning embeddings for retrieval and verification from labelled batches.
    Beware: embeddings must be unit vectors (end the model in UnitNormalization). A row with no positive or no negative
        in the batch is left out of the mean. The weights \alpha are constants in the gradient, as in the paper; Keras
        differentiates them too.
    Reference: Sun et al. (2020), Circle loss, arXiv:2002.10857
    Elsewhere:
        keras.losses.Circle(gamma=80.0, margin=0.4, remove_diagonal=True)

    >>> circle([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], gamma=1.0)[0]
    0.54589295
    """

    gamma: Annotated[
        float, positive("The scale: large values put the weight on the hardest pairs.", slide=(1.0, 128.0))
    ] = 80.0
    margin: Annotated[
        float,
        number(
            "The slack m: similarities should exceed 1 - m within a class, and stay below m between.",
            low=0.0,
            high=1.0,
            slide=(0.0, 1.0),
        ),
    ] = 0.4
    remove_diagonal: Annotated[bool, flag("Whether to leave out the pair of a row with itself.", unusual=False)] = True

    inputs = declare(
        label=Slot(GROUP, side="true"),
        embedding=Slot(UNIT, ("row", "feature")),
        ref_labels=Slot(GROUP, ("reference",), "any", optional=True),
        ref_embeddings=Slot(UNIT, ("reference", "feature"), "any", optional=True),
    )
    holds_fixed = True
    gives = Anchors

    def drawn_over(self) -> list[Axis]:
        return [AXES["pair"]]

    def call(self, here: Rowset, others: Rowset, ref_labels: Tensor | None, ref_embeddings: Tensor | None) -> Anchors:
        """Rows against all rows, or against reference embeddings with their labels."""
        if (ref_labels is None) != (ref_embeddings is None):
            raise _half_of_the_references(ref_labels is None)
        if ref_labels is None:
            same, strange = relations(here, others, itself=not self.remove_diagonal)
            vectors = others.embedding
        else:
            same = ops.equal(ops.expand_dims(here.label, 1), ops.cast(ops.expand_dims(ref_labels, 0), here.label.dtype))
            strange, vectors = ops.logical_not(same), ref_embeddings
            if self.remove_diagonal:
                rows, columns = (ops.arange(size) for size in ops.shape(same))
                same = ops.logical_and(same, ops.expand_dims(rows, -1) != columns)
        similar = at_most(here.embedding @ ops.transpose(vectors), 1.0)
        near = ops.stop_gradient(at_least(1 + self.margin - similar, 0.0))
        far = ops.stop_gradient(at_least(similar + self.margin, 0.0))
        pull = log_sum_exp(-self.gamma * near * (similar - 1 + self.margin), same)
        push = log_sum_exp(self.gamma * far * (similar - self.margin), strange)
        paired = ops.logical_and(ops.any(same, axis=1), ops.any(strange, axis=1))
        return Anchors(softplus(ops.where(paired, pull + push, 0.0)), paired)


circle = function(Circle, positional="remove_diagonal gamma margin")


class TripletMargin(Loss, aliases=("triplet", "triplet_loss"), tasks=("retrieval",)):
    r"""Keeps each anchor closer to its positive than to its negative, by at least `margin`.

    Formula: \max(d(a, p) - d(a, n) + m, 0), with the Euclidean distance d and m = margin
    Use: metric learning from triplets (anchor, positive, negative), or from labels, with triplets mined in the batch.
    Beware: triplets that satisfy the margin have gradient 0, and soon these are nearly all: use mining="semi-hard" or
        "hard" with labels, and many rows of each class in a batch. Hard mining may collapse all embeddings to one
        point.
    Reference: Schroff, Kalenichenko and Philbin (2015), FaceNet, arXiv:1503.03832; Hermans, Beyer and Leibe (2017),
        In defense of the triplet loss (mining in the batch), arXiv:1703.07737
    Elsewhere:
        torch.nn.TripletMarginLoss, torch.nn.functional.triplet_margin_loss(margin=1.0, p=2.0, eps=1e-06,
            swap=False) -> margin=margin
        torch.nn.TripletMarginWithDistanceLoss, torch.nn.functional.triplet_margin_with_distance_loss(margin=1.0,
            swap=False) -> margin=margin
        optax.losses.triplet_margin_loss(axis=-1, norm_degree=2.0, margin=1.0, eps=1e-06) -> margin=margin
    Unlike:
        tensorflow_addons.losses.TripletHardLoss: a row without another of its class counts in the mean
        tensorflow_addons.losses.TripletSemiHardLoss: the nearest of the farther negatives alone
    Unlike:
        torch.nn.TripletMarginLoss, torch.nn.functional.triplet_margin_loss: adds 1e-6 to every difference
        optax.losses.triplet_margin_loss: adds 1e-6 to the squared distances
        triplet_margin_loss: in torch and optax, of distances to which 1e-6 is added

    >>> triplet_margin([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 1.0]]), triplet_margin([0, 0, 1], [[0.0], [1.0], [1.5]])[0]
    (5.0, 0.5)
    """

    margin: Annotated[float, positive("How much farther away the negative should be.", slide=(0.05, 3.0))] = 1.0
    mining: Annotated[
        str,
        choice(
            "With labels: which triples count for an anchor: all, the farthest positive with the nearest negative, or "
            "those whose negative is farther than the positive by less than the margin.",
            "all",
            "hard",
            "semi-hard",
        ),
    ] = "all"

    inputs = either(
        call=declare(
            anchor=Slot(VECTOR, ("row", "feature")),
            positive=Slot(VECTOR, ("row", "feature")),
            negative=Slot(VECTOR, ("row", "feature")),
            stack=1,
        ),
        mined=LABELLED,
    )
    gives = Anchors

    def drawn_over(self) -> list[Axis]:
        return [AXES["distance"]]

    def mapped_over(self) -> Plane | None:
        return DISTANCES

    def call(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Rows:
        return Rows(self.of(distance(anchor, positive), distance(anchor, negative)))

    def of(self, near: Tensor, far: Tensor) -> Tensor:
        """The value for the distances to a positive and to a negative."""
        gap = near - far + self.margin
        return ops.where(gap <= 0, 0.0, gap)

    def mined(self, here: Rowset, others: Rowset) -> Anchors:
        """The mean over the triples of each anchor; an anchor without a triple does not count."""
        same, strange = relations(here, others)
        d = distances(here.embedding, others.embedding)
        if self.mining == "hard":
            values = self.of(largest_of(d, same), -largest_of(-d, strange))
            return Anchors(values, ops.logical_and(ops.any(same, axis=-1), ops.any(strange, axis=-1)))
        near, far = ops.expand_dims(d, 2), ops.expand_dims(d, 1)
        each = ops.logical_and(ops.expand_dims(same, 2), ops.expand_dims(strange, 1))
        if self.mining == "semi-hard":
            easy = ops.logical_or(far <= near, far >= near + self.margin)  # of distances that are no number, neither
            each = ops.logical_and(each, ops.logical_not(easy))
        count = ops.sum(ops.cast(each, d.dtype), axis=(1, 2))
        values = ops.sum(ops.where(each, self.of(near, far), 0.0), axis=(1, 2))
        return Anchors(values / ops.where(count > 0, count, 1.0), count > 0)


triplet_margin = function(TripletMargin)


class NTXent(Loss, aliases=("ntxent", "normalized_temperature_cross_entropy"), tasks=("retrieval",)):
    r"""Cross-entropy of finding each row's positive among all rows of the batch, by cosine similarity.

    Formula: -\log \frac{e^{s_p / \tau}}{e^{s_p / \tau} + \sum_n e^{s_n / \tau}}, with the cosine s_p to the positive,
        s_n to the other rows (with labels: to the rows of other classes), and \tau = temperature
    Use: self-supervised learning from two views of each row (SimCLR); with labels, rows of the same class are
        positives.
    Beware: the other rows of the batch are the negatives, so small batches teach little, and the value depends on the
        batch size. With labels, an anchor's value is the mean over its positives; an anchor without any is left out.
    Reference: Chen, Kornblith, Norouzi and Hinton (2020), A simple framework for contrastive learning,
        arXiv:2002.05709
    Elsewhere:
        monai.losses.ContrastiveLoss(temperature=0.5) -> temperature=temperature
        optax.losses.ntxent(temperature=0.07, reduction="mean") -> temperature=temperature

    >>> nt_xent(label=[0, 0, 1], embedding=[[1.0, 0.0], [0.0, 1.0], [0.0, -1.0]], temperature=1.0)[0]
    0.69314718
    """

    temperature: Annotated[
        float, positive("Small values put the weight on the nearest negatives.", slide=(0.02, 2.0))
    ] = 0.5

    inputs = either(
        call=declare(first=Slot(VECTOR, ("row", "feature")), second=Slot(VECTOR, ("row", "feature")), stack=1),
        labelled=LABELLED,
    )
    gives = Anchors

    def drawn_over(self) -> list[Axis]:
        return [AXES["pair"]]

    def call(self, here: Rowset, others: Rowset) -> Anchors:
        found = self.labelled(both_views(here), both_views(others))
        values, valid = (ops.transpose(ops.reshape(x, (2, -1))) for x in (found.values, found.valid))
        return Anchors(values, valid)

    def labelled(self, here: Rowset, others: Rowset) -> Anchors:
        same, strange = relations(here, others)
        s = cosines(here.embedding, others.embedding) / self.temperature
        gap = log_sum_exp(s, strange, keepdims=True) - s
        count = ops.sum(ops.cast(same, s.dtype), axis=-1)
        values = ops.sum(ops.where(same, softplus(ops.where(same, gap, 0.0)), 0.0), axis=-1)
        return Anchors(values / ops.where(count > 0, count, 1.0), count > 0)


nt_xent = function(NTXent)


class ArcFace(Loss, aliases=("arcface", "additive_angular_margin"), tasks=("multiclass", "retrieval")):
    r"""Softmax cross-entropy over the angles to one learned centre per class, with a margin for the true class.

    Formula: -\log \frac{e^{s \cos(\theta_t + m)}}{e^{s \cos(\theta_t + m)} + \sum_{c \neq t} e^{s \cos \theta_c}}, with
        the angle \theta_c between the embedding and the centre of class c, s = scale and m = margin
    Use: face and product recognition: embeddings that separate classes, including classes not seen in training.
    Beware: the centres are weights of the loss: they train and are saved with the model that is compiled with it. Where
        \theta_t + m exceeds \pi, its cosine is replaced by \cos \theta_t - (1 - \cos m), so that the loss keeps rising.
    Reference: Deng, Guo, Xue and Zafeiriou (2019), ArcFace, arXiv:1801.07698

    >>> arc_face([0], [[2.0, 0.0]], [[1.0, 0.0], [0.0, 3.0]], margin=0.0, scale=1.0)
    0.31326169
    """

    classes: Classes = None
    features: Features = None
    margin: Annotated[float, number("The angular margin, in radians.", low=0.0, high=1.5, slide=(0.0, 1.0))] = 0.5
    scale: Annotated[float, positive("Multiplies the cosines.", slide=(1.0, 64.0))] = 64.0

    inputs = declare(
        label=Slot(CLASS_INDEX, side="true"),
        embedding=Slot(VECTOR, ("row", "feature")),
        centres=own(VECTOR, ("class", "feature"), ("classes", "features")),
    )

    def drawn_over(self) -> list[Axis]:
        return [AXES["centre"]]

    def call(self, label: Tensor, embedding: Tensor, centres: Tensor) -> Tensor:
        cosine = cosines(embedding, centres)
        true = one_hot(label, cosine)
        known = ops.any(true, axis=-1)  # compiled code cannot refuse a label, and must not learn from it
        centre = ops.take(centres, ops.where(known, label, 0), axis=0)
        sine = ops.expand_dims(sines(embedding, centre), -1)
        turn = cosine_of(self.margin)
        turned = cosine * turn - sine * sine_of(self.margin)
        turned = ops.where(cosine > -turn, turned, cosine - (1 - turn))
        logits = self.scale * ops.where(true, turned, cosine)
        return ops.where(known, nll_of_one_logit(logits, ops.where(known, label, 0)), float("nan"))


arc_face = function(ArcFace)


class ProxyAnchor(Loss, aliases=("proxy_anchor_loss",), tasks=("retrieval",)):
    r"""A learned proxy per class attracts the embeddings of its class and repels the others; hard ones count most.

    Formula: \frac{1}{|P^+|} \sum_{p \in P^+} \log(1 + \sum_{x \in X_p^+} e^{-\alpha(s_{xp} - \delta)}) +
        \frac{1}{|P|} \sum_p \log(1 + \sum_{x \in X_p^-} e^{\alpha(s_{xp} + \delta)}), with the cosine s, P the proxies,
        P^+ those with a row in the batch, \alpha = scale and \delta = margin
    Use: retrieval with many classes and few rows of each in a batch; it converges faster than pair or triplet losses.
    Beware: one number for the whole batch. The proxies are weights of the loss: they train and are saved with the model
        that is compiled with it, and need a larger learning rate than the network.
    Reference: Kim, Kim, Cho and Kwak (2020), Proxy anchor loss for deep metric learning, arXiv:2003.13911

    >>> proxy_anchor([0], [[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], margin=0.0, scale=1.0)
    0.65983528
    """

    classes: Classes = None
    features: Features = None
    margin: Annotated[
        float,
        number(
            "Cosines should exceed it within a class, and be below minus it otherwise.",
            low=0.0,
            high=1.0,
            slide=(0.0, 0.5),
        ),
    ] = 0.1
    scale: Annotated[
        float, positive("The scale: large values put the weight on the hardest rows.", slide=(1.0, 64.0))
    ] = 32.0

    inputs = declare(
        label=Slot(CLASS_INDEX, side="true"),
        embedding=Slot(VECTOR, ("row", "feature")),
        proxies=own(VECTOR, ("class", "feature"), ("classes", "features"), start="he_normal"),
    )
    gives = Sums

    def drawn_over(self) -> list[Axis]:
        return [AXES["proxy"]]

    def call(self, label: Tensor, embedding: Tensor, proxies: Tensor) -> Sums:
        s = cosines(embedding, proxies)
        same = one_hot(label, s)
        parts = {
            "pull": LogSumExp(-self.scale * (s - self.margin), same),
            "push": LogSumExp(self.scale * (s + self.margin), ops.logical_not(same)),
            "rows": ops.cast(same, s.dtype),
        }
        return Sums(parts, self.finished, (0,))

    def finished(self, sums: dict[str, Any], count: Tensor) -> Tensor:
        """The mean over the proxies with a row of their class, and the mean over all proxies."""
        met = ops.cast(sums["rows"] > 0, sums["rows"].dtype)
        pull = ops.sum(met * softplus(sums["pull"].log())) / at_least(ops.sum(met), 1.0)
        return pull + ops.mean(softplus(sums["push"].log()))


proxy_anchor = function(ProxyAnchor)


def _half_of_the_references(labels: bool) -> ShapeError:
    return ShapeError(
        "Circle takes reference embeddings together with their labels.",
        arrived=f"It was given no {'ref_labels' if labels else 'ref_embeddings'}.",
        allowed="Expected ref_embeddings (reference, feature) and ref_labels (reference,).",
        do="Pass both or neither.",
    )
