"""Preferences: the chosen one of two answers should become more likely than the rejected one."""

from typing import Annotated

from ..core.axes import AXES, Axis
from ..core.errors import ShapeError
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import fraction, positive
from ..core.slots import LOG_PROBABILITY, Slot, declare
from ..numerics.stable import softplus


class DPO(Loss, aliases=("direct_preference_optimization", "dpo_loss"), tasks=("preference",)):
    r"""Makes the chosen answer more likely than the rejected one, relative to a reference model.

    Formula: -\log \sigma(\beta m), with m = (\log p_c - \log p_r) - (\log q_c - \log q_r): the chosen and the rejected
        answer under the model, p, and under the reference, q
    Use: fine-tuning a language model on pairs of answers, without a reward model.
    Beware: takes log-probabilities of whole answers: sums over their tokens. Without a reference, q is left out, which
        is another loss (as if the reference gave both answers the same probability). Both answers may become less
        likely together.
    Reference: Rafailov et al. (2023), Direct preference optimization, arXiv:2305.18290

    >>> dpo([-1.0], [-3.0], beta=0.5), dpo([-1.0], [-3.0], [-1.0], [-3.0])
    (0.31326169, 0.69314718)
    """

    beta: Annotated[float, positive("How strongly the model is kept near the reference.", slide=(0.01, 1.0))] = 0.1
    label_smoothing: Annotated[
        float, fraction("The assumed fraction of pairs that are the wrong way round.", closed=True, slide=(0.0, 0.5))
    ] = 0.0

    inputs = declare(
        chosen=Slot(LOG_PROBABILITY),
        rejected=Slot(LOG_PROBABILITY),
        reference_chosen=Slot(LOG_PROBABILITY, optional=True),
        reference_rejected=Slot(LOG_PROBABILITY, optional=True),
        stack=-1,
    )

    def drawn_over(self) -> list[Axis]:
        return [AXES["answers"]]

    def call(
        self, chosen: Tensor, rejected: Tensor, reference_chosen: Tensor | None, reference_rejected: Tensor | None
    ) -> Tensor:
        margin = chosen - rejected
        if (reference_chosen is None) != (reference_rejected is None):
            raise ShapeError(
                "DPO takes a reference for both answers.",
                arrived=f"It was given no {'reference_chosen' if reference_chosen is None else 'reference_rejected'}.",
                allowed="Expected both log-probabilities under the reference, or neither.",
                do="Pass both, or leave both out.",
            )
        if reference_chosen is not None:
            margin = margin - (reference_chosen - reference_rejected)
        z = self.beta * margin
        wrong = self.label_smoothing
        return (1 - wrong) * softplus(-z) + wrong * softplus(z)


dpo = function(DPO)
