"""Landmarks: losses for points and heatmaps, where errors of a few pixels matter most."""

from typing import Annotated

from ..core.axes import Axis
from ..core.contract import REAL, SOFT_LABEL, Values
from ..core.errors import ParameterError
from ..core.forms import Distance, Images, Pointwise
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import Param, nonnegative, numbers, positive, whole
from ..core.results import Rows, Sums
from ..core.slots import POSITIVE, VALID, Slot, declare
from ..numerics import ops
from ..numerics.backend import expm1, log1p, total
from ..numerics.pairs import distance
from ..numerics.stable import at_least, at_most, constant, mean, power, share_of, with_slope

PLACE = Values("a coordinate of a point", draw=lambda rng, shape, top: rng.uniform(0, 0.3, shape))


class Wing(Distance, aliases=("wing_loss",), traits=("robust", "symmetric")):
    r"""Logarithmic for small errors, linear for large ones: errors of a few pixels have the largest gradients.

    Formula: w \log(1 + |e| / \epsilon) if |e| < w else |e| - w + w \log(1 + w / \epsilon), with e = y_pred - y_true and
        w = width
    Use: landmarks of faces and bodies in pixels.
    Beware: not convex, and the gradient near 0 is w / epsilon: use a small learning rate. Libraries differ in the
        defaults (5 and 0.5 beside 10 and 2), and some sum over the landmarks.
    Reference: Feng, Kittler, Awais, Huber and Wu (2018), Wing loss for robust facial landmark localisation with
        convolutional neural networks, arXiv:1711.06753

    >>> wing([[0.0]], [[2.0]]), wing([[0.0]], [[14.0]])
    (6.9314718, 21.9175947)
    """

    width: Annotated[float, positive("The error w at which it becomes linear.", slide=(1.0, 15.0))] = 10.0
    epsilon: Annotated[float, positive("Small values make small errors count more.", slide=(0.2, 4.0))] = 2.0

    def of(self, e: Tensor) -> Tensor:
        near = at_most(ops.abs(e), self.width)
        return (ops.abs(e) - near) + self.width * log1p(near / self.epsilon)

    def slope(self, e: Tensor) -> Tensor:
        near = self.width / (self.epsilon + at_most(ops.abs(e), self.width))
        return ops.sign(e) * ops.where(ops.abs(e) < self.width, near, constant(1.0, e))


wing = function(Wing)


class SoftWing(Distance, aliases=("soft_wing_loss",), traits=("robust", "redescending", "symmetric")):
    r"""The absolute error up to `omega1`, then logarithmic: medium errors have the largest gradients.

    Formula: |e| if |e| < a else a + b \log\frac{1 + |e| / \epsilon}{1 + a / \epsilon}, with e = y_pred - y_true,
        a = omega1 and b = omega2
    Use: landmarks in pixels whose labels are noisy: errors within `omega1` are not blown up.
    Beware: not convex; the gradient jumps from 1 to b / (\epsilon + a) at `omega1`, which is 8 by default.
    Reference: Lin, Zhu, Wang, Liao, Qian, Lu and Zhou (2021), Structure-coherent deep feature learning for robust face
        alignment, IEEE Transactions on Image Processing 30:5313-5326

    >>> soft_wing([[0.0]], [[1.0]]), soft_wing([[0.0]], [[4.5]], omega2=4.0)
    (1.0, 4.7725887)
    """

    omega1: Annotated[float, positive("The error a up to which it is the absolute error.", slide=(0.5, 5.0))] = 2.0
    omega2: Annotated[float, positive("The factor b of the logarithm.", slide=(1.0, 30.0))] = 20.0
    epsilon: Annotated[float, positive("Small values make medium errors count more.", slide=(0.2, 2.0))] = 0.5

    def of(self, e: Tensor) -> Tensor:
        size = ops.abs(e)
        beyond = at_least(size - self.omega1, 0.0)
        return at_most(size, self.omega1) + self.omega2 * log1p(beyond / (self.omega1 + self.epsilon))

    def slope(self, e: Tensor) -> Tensor:
        far = self.omega2 / (self.epsilon + ops.abs(e))
        return ops.sign(e) * ops.where(ops.abs(e) < self.omega1, constant(1.0, e), far)


soft_wing = function(SoftWing)


class AdaptiveWing(Pointwise, aliases=("awing", "adaptive_wing_loss")):
    r"""A wing loss whose bend depends on the target: errors where a heatmap is bright count most.

    Formula: \omega \log(1 + |e / \epsilon|^{\alpha - y}) if |e| < \theta else A |e| - C, with e = p - y and A, C such
        that value and slope meet at \theta
    Use: heatmaps of landmarks, with targets from 0 to 1.
    Beware: `alpha` has to be above 1 + y, so that the loss is smooth at 0. The paper weighs the pixels around a
        landmark by 10: pass that as sample_weight.
    Reference: Wang, Bo and Fuxin (2019), Adaptive wing loss for robust face alignment via heatmap regression,
        arXiv:1904.07399

    >>> adaptive_wing([[0.0]], [[1.0]]), adaptive_wing([[1.0]], [[0.75]])
    (8.4959450, 2.7567766)
    """

    omega: Annotated[float, positive("The size of the logarithm.", slide=(1.0, 20.0))] = 14.0
    epsilon: Annotated[float, positive("Small values make small errors count more.", slide=(0.2, 2.0))] = 1.0
    theta: Annotated[float, positive("The error beyond which it is linear.", slide=(0.1, 1.0))] = 0.5
    alpha: Annotated[float, positive("The power of an error where the target is 0.", slide=(2.05, 4.0))] = 2.1

    target = SOFT_LABEL

    def parts(self, y: Tensor, p: Tensor) -> tuple[Tensor, Tensor]:
        """The power of the error within theta, as a share of epsilon; and that divided by the share."""
        x = at_most(ops.abs(p - y), self.theta) / self.epsilon
        safe = ops.where(x > 0, x, 1.0)
        less = ops.where(x > 0, power(safe, self.alpha - 1) * ops.power(safe, -y), 0.0)
        return less * x, less

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        ratio, less = self.parts(y, p)
        steep = self.omega * (self.alpha - y) * less / (1 + ratio) / self.epsilon
        return self.omega * log1p(ratio) + steep * at_least(ops.abs(p - y) - self.theta, 0.0)

    def slope(self, y: Tensor, p: Tensor) -> Tensor:
        ratio, less = self.parts(y, p)
        return ops.sign(p - y) * (self.omega * (self.alpha - y) * less / (1 + ratio) / self.epsilon)


adaptive_wing = function(AdaptiveWing)


class OKS(Loss, aliases=("oks_loss", "object_keypoint_similarity"), tasks=("detection",)):
    r"""One minus the similarity of keypoints: errors count relative to the size of the object.

    Formula: 1 - \mathrm{mean}_k e^{-d_k^2 / (2 A (2 s_k)^2)}, with the distance d_k of point k, the area A of the
        object and s_k = sigmas
    Use: poses of people and animals that are evaluated by this number.
    Beware: far points have hardly any gradient: begin with another loss, or add one. `valid` says which points are
        labelled; the mean is over these. The constants of COCO are its own: pass them as sigmas.
    Reference: Maji, Nagori, Mathew and Poddar (2022), YOLO-Pose: enhancing YOLO for multi person pose estimation using
        object keypoint similarity loss, arXiv:2204.06806

    >>> oks([[[0.0, 0.0]]], [4.0], [[[0.0, 0.0]]]), oks([[[0.0, 0.0]]], [4.0], [[[0.4, 0.0]]], sigmas=0.1)
    (0.0, 0.39346934)
    """

    sigmas: Annotated[
        float | tuple[float, ...],
        numbers("How much annotators vary in placing a point: one number, or one per point.", low=0.0, closed=False,
                unusual=(0.3, 0.5, 0.4), optional=False),
    ] = 0.05  # fmt: skip

    inputs = declare(
        target=Slot(PLACE, ("row", "point", "coordinate"), "true", valid="valid"),
        area=Slot(POSITIVE, ("row",), "true"),
        prediction=Slot(PLACE, ("row", "point", "coordinate"), valid="valid"),
        valid=Slot(VALID, ("row", "point"), "any", optional=True),
    )
    undrawn = "It compares several points: there is no single number to move."

    def call(self, target: Tensor, area: Tensor, prediction: Tensor, valid: Tensor | None) -> Rows:
        count = prediction.shape[1]
        if isinstance(self.sigmas, tuple) and count is not None and len(self.sigmas) not in (1, count):
            raise ParameterError(
                "OKS(sigmas=...) says how far people set each point apart.",
                arrived=f"It was given {len(self.sigmas)} numbers for {count} points.",
                allowed="Expected one number, or one for each point.",
                do="Pass as many numbers as there are points, those that are not labelled included.",
            )
        near = 2 * ops.convert_to_tensor(self.sigmas, prediction.dtype)
        off = distance(prediction, target) / near / ops.expand_dims(ops.sqrt(2 * area), -1)
        missed = with_slope(lambda x: -expm1(-x), lambda x: ops.exp(-x))(ops.square(at_most(off, 1e3)))
        if valid is None:
            return Rows(mean(missed))
        counted = ops.cast(valid, missed.dtype)
        return Rows(share_of(total(ops.where(valid, missed, 0.0), -1), total(counted, -1)), ops.any(valid, axis=-1))


oks = function(OKS)


class PointDistance(Loss, aliases=("mpjpe", "mean_per_joint_position_error"), tasks=("detection",)):
    r"""The mean distance between points and where they should be.

    Formula: \frac1K \sum_k \|p_k - y_k\|, over the K points of a row
    Use: joints of a pose in space, optical flow, corners: a point counts by how far off it is, in any direction.
    Beware: the gradient of a nearly right point is as large as that of a wrong one. Absolute errors of each coordinate
        prefer the directions of the axes; this does not.
    Reference: Ionescu, Papava, Olaru and Sminchisescu (2014), Human3.6M: large scale datasets and predictive methods
        for 3D human sensing in natural environments, doi:10.1109/TPAMI.2013.248

    >>> point_distance([[[0.0, 0.0], [1.0, 1.0]]], [[[3.0, 4.0], [1.0, 1.0]]])
    2.5
    """

    inputs = declare(
        y_true=Slot(REAL, ("row", "point", "coordinate"), "true"), y_pred=Slot(REAL, ("row", "point", "coordinate"))
    )
    undrawn = OKS.undrawn

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return mean(distance(y_pred, y_true))


point_distance = function(PointDistance)


class BoneLength(Loss, aliases=("bone_loss",), tasks=("detection",)):
    r"""The mean lengths of bones in the batch should be the true ones: a skeleton keeps its proportions.

    Formula: \frac1K \sum_k |E[l_k] - E[m_k]|, with the lengths l_k = \|p_k - p_j\| of the predicted and m_k of the true
        bones from a point j to the point k, their means E over the rows, and the number K of bones
    Use: poses in space, beside PointDistance.
    Beware: one number for the batch, which says nothing of where a bone is. `parents` has a number for each point, the
        point's own for the root; without it, each point's parent is the one before it.
    Reference: Sun, Shang, Liang and Wei (2017), Compositional human pose regression, arXiv:1704.00159

    >>> bone_length([[[0.0, 0.0], [0.0, 1.0]]], [[[0.0, 0.0], [3.0, 4.0]]])
    4.0
    """

    parents: Annotated[
        tuple[int, ...] | None,
        Param("For each point, the point that its bone comes from.", kind="axes", optional=True, unusual=(1, 1, 0)),
    ] = None

    inputs = PointDistance.inputs
    gives = Sums
    undrawn = "It is one number for all rows together, so there is no value per row to draw."

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, y_true: Tensor, y_pred: Tensor) -> Sums:
        count = y_pred.shape[1] or 1
        parents = [max(k - 1, 0) for k in range(count)] if self.parents is None else self.parents
        ends = [k for k, parent in enumerate(parents) if k != parent]
        if len(parents) != count or not ends or not all(0 <= parent < count for parent in parents):
            raise ParameterError(
                "BoneLength(parents=...) says for each point where its bone comes from.",
                arrived=f"It was given parents={self.parents} for {count} points.",
                allowed="Expected one point for each point, counted from 0, and at least one that is not the root.",
                do="Pass as many numbers as there are points; the root has its own.",
            )
        rows = ops.ones_like(y_pred[:, :1, 0])
        bones = [distance(ops.take(x, ends, axis=1), ops.take(x, [parents[k] for k in ends], axis=1))
                 for x in (y_pred, y_true)]  # fmt: skip

        def value(sums: dict[str, Tensor], count: Tensor) -> Tensor:
            return mean(ops.abs(share_of(sums["apart"], sums["rows"])))

        return Sums({"apart": bones[0] - bones[1], "rows": rows}, value, (0,))


bone_length = function(BoneLength)


OBJECT = Values("the number of an object", whole=True, draw=lambda rng, shape, top: rng.integers(0, 2, shape))
TAG = Values("a tag of a point", draw=lambda rng, shape, top: rng.normal(size=shape))


class AssociativeEmbedding(Loss, aliases=("associative_embedding_loss", "ae_loss"), tasks=("detection",)):
    r"""Tags of points of one object should be equal, and the mean tags of two objects apart.

    Formula: \frac1N \sum_n \mathrm{mean}_{i \in n} (h_i - \bar h_n)^2 + \frac{\alpha}{N (N - 1)} \sum_{n \neq m}
        e^{-(\bar h_n - \bar h_m)^2 / (2 \sigma^2)}, with the tags h of points, their mean \bar h_n over object n, and N
        objects
    Use: poses of several people, or corners of several boxes, in one image: points of one object are found by tags.
    Beware: tags are real numbers without a right value. Libraries divide by N^2, take margins, or weigh both parts.
    Reference: Newell, Huang and Deng (2017), Associative embedding: end-to-end learning for joint detection and
        grouping, arXiv:1611.05424

    >>> associative_embedding([[0, 0, 1]], [[0.0, 2.0, 1.0]]), associative_embedding([[0, 1]], [[0.0, 9.0]])
    (1.5, 2.5767571e-18)
    """

    sigma: Annotated[float, positive("How far apart the tags of two objects should be.", slide=(0.2, 3.0))] = 1.0
    alpha: Annotated[float, nonnegative("The weight of keeping objects apart.", slide=(0.0, 3.0))] = 1.0

    inputs = declare(
        y_true=Slot(OBJECT, ("row", "point"), "true", valid="valid"), y_pred=Slot(TAG, ("row", "point"), valid="valid"),
        valid=Slot(VALID, ("row", "point"), "any", optional=True),
    )  # fmt: skip
    undrawn = "It compares tags with one another: there is no single number to move."

    def drawn_over(self) -> list[Axis]:
        return []

    def call(self, y_true: Tensor, y_pred: Tensor, valid: Tensor | None) -> Rows:
        there = ops.ones_like(y_pred) if valid is None else ops.cast(valid, y_pred.dtype)
        both = ops.expand_dims(there, 1) * ops.expand_dims(there, 2)
        same = both * ops.cast(ops.equal(ops.expand_dims(y_true, 1), ops.expand_dims(y_true, 2)), y_pred.dtype)
        share = there * share_of(ops.ones_like(y_pred), total(same, -1))  # of its object
        # the mean by differences, which keeps the digits of tags that are nearly equal
        away = share * total(same * (ops.expand_dims(y_pred, 1) - ops.expand_dims(y_pred, 2)), -1)
        mean_tag, objects = y_pred + away, total(share, -1)
        pull = share_of(total(share * ops.square(away), -1), objects)
        apart = (ops.expand_dims(mean_tag, 1) - ops.expand_dims(mean_tag, 2)) / self.sigma
        pairs = (both - same) * ops.expand_dims(share, 1) * ops.expand_dims(share, 2) * ops.exp(-ops.square(apart) / 2)
        push = share_of(total(pairs, (1, 2)), objects * (objects - 1))
        return Rows(pull + self.alpha * push, objects > 0)


associative_embedding = function(AssociativeEmbedding)


class HardestHeatmaps(Images, family="landmarks", aliases=("keypoint_heatmap_ohkm", "ohkm"), positional=""):
    r"""The mean squared error of the worst heatmaps of an image: only points that are hard to find get a gradient.

    Formula: \frac1k \sum_{c \in K} \mathrm{mean}_{ij}(y_{ijc} - p_{ijc})^2, with the k channels K of the largest errors
    Use: poses by heatmaps, one channel for each point, after some epochs of a plain squared error.
    Beware: if an image has fewer channels, all of them count. The choice of channels is a constant in the gradient.
    Reference: Chen, Wang, Peng, Zhang, Yu and Sun (2018), Cascaded pyramid network for multi-person pose estimation,
        arXiv:1711.07319

    >>> hardest_heatmaps([[[[0.0, 0.0]]]], [[[[1.0, 3.0]]]], top=1)
    9.0
    """

    top: Annotated[int, whole("How many channels count.", low=1, unusual=2)] = 8

    def of(self, y: Tensor, p: Tensor) -> Tensor:
        each = mean(mean(ops.square(p - y), 1), 1)
        worst, _ = ops.top_k(each, min(self.top, each.shape[-1]))
        return mean(worst)


hardest_heatmaps = function(HardestHeatmaps)
