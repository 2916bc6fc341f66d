"""Embeddings: vectors of the same class close together, of other classes apart."""

from typing import Annotated, Any

import keras
from keras import ops

from ..core.contract import REAL, Contract, Values
from ..core.errors import ShapeError
from ..core.inputs import read
from ..core.loss import Loss, Tensor, function
from ..core.params import flag, number, positive
from ..numerics.masks import with_mask
from ..numerics.stable import LARGE, at_least, at_most, constant, softplus

IDENTITY = Values("a class index of any size", whole=True)


class Circle(
    Loss,
    aliases=("circle_loss",),
    tasks=("retrieval",),
    positional="gamma margin remove_diagonal reduction name dtype",
):
    r"""Pulls rows of one class together and pushes others apart; pairs far from where they should be pull hardest.

    Formula: \log(1 + \sum_n e^{\gamma\,\alpha_n (s_n - m)} \sum_p e^{-\gamma\,\alpha_p (s_p - 1 + m)}), with
        similarities s_p within and s_n between classes, \alpha_n = \max(s_n + m, 0) and \alpha_p = \max(1 + m - s_p, 0)
    Use: learning embeddings for retrieval and verification from labelled batches.
    Beware: y_pred must be unit vectors (end the model in UnitNormalization). A row without a partner of its class, or
        without a stranger, in the batch is left out of the mean. The weights \alpha are held fixed in the gradient, as
        in the paper; Keras differentiates them too.
    Reference: Sun et al. (2020), Circle loss, arXiv:2002.10857
    Elsewhere:
        keras.losses.Circle(gamma=80.0, margin=0.4, remove_diagonal=True)

    >>> circle([0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], gamma=1.0)[0]
    0.54589295
    """

    gamma: Annotated[float, positive("How sharply hard pairs stand out.", slide=(1.0, 128.0))] = 80.0
    margin: Annotated[
        float, number("How far apart the two kinds of pairs should be.", low=0.0, high=1.0, slide=(0.0, 1.0))
    ] = 0.4
    remove_diagonal: Annotated[bool, flag("Whether a row is not its own partner.", unusual=False)] = True

    @property
    def contract(self) -> Contract:
        return Contract(IDENTITY, REAL, shape="index", rank=2)

    @property
    def coupled(self) -> bool:
        return True

    def call_coupled(
        self, y_true: Tensor, y_pred: Tensor, keep: Tensor | None, weight: Tensor | None, **extra: Tensor
    ) -> Tensor:
        """Rows against all rows, or against reference embeddings with their labels, given to the function."""
        labels, others = self.references(y_true, y_pred, extra.get("ref_labels"), extra.get("ref_embeddings"))
        similar = at_most(ops.matmul(y_pred, ops.transpose(others)), 1.0)
        same = ops.equal(ops.reshape(y_true, (-1, 1)), ops.reshape(labels, (1, -1)))
        strange = ops.logical_not(same)
        if self.remove_diagonal:
            rows, columns = (ops.arange(size) for size in ops.shape(similar))
            same = ops.logical_and(same, ops.expand_dims(rows, -1) != columns)
        if keep is not None:
            exists = ops.reshape(keep, (1, -1))
            same, strange = ops.logical_and(same, exists), ops.logical_and(strange, exists)
        near = ops.stop_gradient(at_least(1 + self.margin - similar, 0.0))
        far = ops.stop_gradient(at_least(similar + self.margin, 0.0))
        pull = self._log_sum(-self.gamma * near * (similar - 1 + self.margin), same)
        push = self._log_sum(self.gamma * far * (similar - self.margin), strange)
        paired = ops.logical_and(ops.any(same, axis=1), ops.any(strange, axis=1))
        values = softplus(ops.where(paired, pull + push, 0.0))
        return with_mask(ops.where(paired, values, 0.0), paired)

    def references(self, y_true: Tensor, y_pred: Tensor, labels: Any, others: Any) -> tuple[Tensor, Tensor]:
        """Labels and vectors that the rows are compared with: those given, or the batch itself."""
        if labels is None and others is None:
            return y_true, y_pred
        if labels is not None and others is not None:
            dtype = keras.backend.standardize_dtype(y_pred.dtype)
            labels = read("Circle", "ref_labels", labels, dtype, whole=True, bounded=False)
            labels, others = ops.cast(labels, y_true.dtype), read("Circle", "ref_embeddings", others, dtype)
            if len(others.shape) == 2 and others.shape[1] == y_pred.shape[1] and tuple(labels.shape) in (
                (others.shape[0],), (others.shape[0], 1)
            ):  # fmt: skip
                return labels, others
        raise ShapeError(
            "Circle compares rows with reference embeddings and their labels.",
            arrived="It was given "
            + ", ".join(
                f"{name} {'None' if y is None else f'of shape {tuple(y.shape)}'}"
                for name, y in (("ref_labels", labels), ("ref_embeddings", others))
            )
            + ".",
            allowed=f"Allowed are both: vectors (rows, {y_pred.shape[1]}), and one label for each.",
            do="Pass both or neither.",
        )

    def _log_sum(self, terms: Tensor, chosen: Tensor) -> Tensor:
        """log of the sum of e^term over the chosen entries of each row; of no entry: a very small number."""
        terms = ops.where(chosen, terms, constant(-LARGE[self.dtype], terms))
        return ops.logsumexp(terms, axis=1)


circle = function(Circle, extra=("ref_labels", "ref_embeddings"), positional="remove_diagonal gamma margin")
