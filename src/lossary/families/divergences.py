"""Divergences: how far one distribution is from another."""

from typing import Any

from ..core import axes
from ..core.contract import PROBABILITY, SOFT_LABEL, Contract
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.results import Fused
from ..numerics.stable import log_ratio, reciprocal


class KLDivergence(
    Loss,
    aliases=("kld", "KLD", "kullback_leibler", "kl", "relative_entropy"),
    tasks=("distribution",),
    traits=("convex",),
    positional="reduction name dtype",
):
    r"""The information lost when the distribution y_pred is used in place of y_true.

    Formula: \sum_c y_c \log(y_c / p_c) over the last axis
    Use: targets that are distributions: soft labels, a teacher's output, proportions.
    Beware: not symmetric; non-negative only if both rows sum to 1. torch's KLDivLoss takes log-probabilities, and its
        arguments in the other order.
    Reference: Kullback and Leibler (1951), On information and sufficiency, doi:10.1214/aoms/1177729694
    Elsewhere:
        keras.losses.KLDivergence
    Unlike:
        torch.nn.KLDivLoss, torch.nn.functional.kl_div: of log-probabilities, entry by entry
        optax.losses.kl_divergence: of log-probabilities

    >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]), kl_divergence([[1.0, 0.0]], [[1e-8, 1.0]])
    (0.14384104, 18.420681)
    """

    answers = "shares of classes"

    @property
    def contract(self) -> Contract:
        return Contract(SOFT_LABEL, PROBABILITY)

    def drawn_over(self) -> list[axes.Axis]:
        return [axes.AXES["share"]]

    def mapped_over(self) -> axes.Plane | None:
        return axes.SHARES

    def over_classes(self, p: axes.Array) -> axes.Given | None:
        return axes.three_classes(p, logits=False)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Any:
        return Fused(self.kernel, y_pred, y_true, sums=True)

    def kernel(self, p: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Value and slope of each entry."""
        return y * log_ratio(y, p, self.dtype), -y * reciprocal(p, self.dtype)


kl_divergence = function(KLDivergence)
