"""Losses that hold the last layer of the model themselves: large vocabularies."""

from __future__ import annotations

import math
from typing import Annotated, Any

from ..core.contract import CLASS_INDEX, certain
from ..core.forms.labels import ClassWeights, Ignored, Smoothing, weights_of_classes
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import Param, flag, number
from ..core.results import Fused
from ..core.slots import VECTOR, Slot, declare, own
from ..numerics import ops, projections
from .embeddings import Classes, Features


class Projected(Fused):
    """Rows of the cross-entropy of hidden states and a kernel, whose logits are made block by block."""

    def __init__(self, terms: projections.Terms, weights: Tensor | None, known: Tensor | None, *given: Any) -> None:
        self.terms, self.weights, self.known, self.given = terms, weights, known, given
        hidden, *_, held = given
        super().__init__(terms.kernel(weights), hidden, *held, rowwise=True)

    @property
    def values(self) -> Tensor:
        values = projections.values(self.terms, self.weights, *self.given)
        return values if self.known is None else ops.where(self.known, values, math.nan)

    def summed(self, weight: Tensor | None, divisor: Any) -> Tensor:
        hidden, kernel, bias, held = self.given
        scale = (ops.ones_like(self.like) if weight is None else weight) / divisor
        wrong = None if self.known is None else ops.logical_not(self.known)
        if wrong is not None:  # nothing is learned from them
            wrong = ops.logical_and(wrong, ops.not_equal(scale, 0))
            scale = ops.where(wrong, 0.0, scale)
        flat = [ops.reshape(x, (-1,)) for x in (*held, scale)]
        rows = ops.reshape(hidden, (-1, hidden.shape[-1]))
        found = projections.summed(self.terms, self.weights, rows, kernel, bias, tuple(flat[:-1]), flat[-1])
        if found is None:
            found = ops.sum(projections.values(self.terms, self.weights, *self.given) * scale)
        return found if wrong is None else found + ops.where(ops.any(wrong), math.nan, 0.0)


class LinearCrossEntropy(
    Loss,
    aliases=("linear_softmax_cross_entropy", "fused_linear_cross_entropy", "chunked_cross_entropy"),
    tasks=("multiclass",),
):
    r"""A last layer without activation and its softmax cross-entropy in one: the logits are never all in memory.

    Formula: -\log \frac{e^{z_t}}{\sum_c e^{z_c}} + \lambda\,(\log \sum_c e^{z_c})^2, with z = W h + b, t = label and
        \lambda = z_loss; with soft_cap, z is soft_cap \tanh(z / soft_cap)
    Use: language models and other tasks of many classes, where the logits of a batch would fill the memory.
    Beware: the kernel is a weight of the loss, and the model ends with the hidden states: it trains and is saved with
        the model that is compiled with the loss. To predict, call `loss.logits(hidden)`.
    Reference: Wijmans, Huval, Hertzberg, Koltun and Krähenbühl (2024), Cut your losses in large-vocabulary language
        models, arXiv:2411.09009
    Unlike:
        linear_cross_entropy_loss: in torch, a module with weights of its own: torch.nn.LinearCrossEntropyLoss
        torch.nn.functional.linear_cross_entropy: its arguments come in another order

    >>> linear_cross_entropy([0], [[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]])
    0.31326169
    """

    classes: Classes = None
    features: Features = None
    use_bias: Annotated[bool, flag("Whether there is a bias, one number for each class.")] = False
    label_smoothing: Smoothing = 0.0
    class_weight: ClassWeights = None
    ignore_class: Ignored = None
    z_loss: Annotated[
        float,
        number("The weight of the squared log-sum-exp, which keeps logits from drifting.", low=0.0, slide=(0.0, 0.1)),
    ] = 0.0
    soft_cap: Annotated[
        float | None, Param("Bounds the logits smoothly, so that none exceeds it.", low=0.0, optional=True, unusual=3.0)
    ] = None

    inputs = declare(
        label=Slot(CLASS_INDEX, ("row", "..."), "true", ignored="ignore_class"),
        hidden=Slot(VECTOR, ("row", "...", "feature")),
        kernel=own(VECTOR, ("class", "feature"), ("classes", "features")),
        bias=own(VECTOR, ("class",), ("classes",), start="zeros", when="use_bias"),
    )

    undrawn = "Its curve over the logits is that of SparseCategoricalCrossentropy."

    def call(self, label: Tensor, hidden: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Projected:
        kernel, bias = ops.cast(kernel, hidden.dtype), None if bias is None else ops.cast(bias, hidden.dtype)
        index, known = ops.cast(label, "int32"), None
        if not certain(index):  # compiled code cannot refuse a label
            known = ops.logical_and(index >= 0, index < kernel.shape[0])
            index = ops.where(known, index, 0)
        index = ops.whole(index)
        weights = weights_of_classes(self, kernel[:, 0], "row of the kernel")
        held = (index,) if weights is None else (index, ops.take(weights, index))
        terms = projections.Terms(self.label_smoothing, self.z_loss, self.soft_cap)
        return Projected(terms, weights, known, hidden, kernel, bias, held)

    def logits(self, hidden: Any) -> Tensor:
        """The logits of hidden states (..., features), with the kernel that the loss has learned: (..., classes)."""
        own = self.own_slots()
        hidden = ops.cast(ops.convert_to_tensor(hidden), own["kernel"].dtype)
        z = projections.logits(hidden, own["kernel"], own.get("bias"))
        return z if self.soft_cap is None else self.soft_cap * ops.tanh(z / self.soft_cap)


linear_cross_entropy = function(LinearCrossEntropy)
