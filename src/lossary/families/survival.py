"""Survival: times until an event, some of them only known to be longer."""

from typing import Annotated

from keras import ops

from ..core.axes import AXES, Axis
from ..core.contract import REAL
from ..core.functions import function
from ..core.loss import Loss
from ..core.params import choice
from ..core.results import Anchors
from ..core.slots import TIME, YES_NO, Rowset, Slot, declare
from ..numerics.backend import log
from ..numerics.stable import LARGE, constant, largest


class CoxPH(Loss, aliases=("cox", "cox_partial_likelihood", "cox_proportional_hazards"), tasks=("survival",)):
    r"""Cox partial likelihood: at each event, its row should have the highest score of all rows still at risk.

    Formula: -s_i + \log \sum_{j: t_j \geq t_i} e^{s_j} for each event i, with the score s and the time t; tied events
        share the sum among them
    Use: times to failure, churn or death, with censored rows (event 0).
    Beware: every row is compared with those still at risk, so batches should be large; only differences of scores
        matter. Censored rows have no value of their own. With reduction="sum" it is minus the log partial likelihood of
        the batch.
    Reference: Cox (1972), Regression models and life-tables, doi:10.1111/j.2517-6161.1972.tb00899.x; Efron (1977),
        The efficiency of Cox's likelihood function (ties), doi:10.1080/01621459.1977.10480613
    Elsewhere:
        xgboost.survival:cox -> ties="breslow"

    >>> cox_ph([1.0, 2.0], [1, 1], [0.0, 0.0])[0], cox_ph([1.0, 1.0], [1, 1], [0.0, 0.0], ties="breslow")[0]
    (0.69314718, 0.69314718)
    """

    ties: Annotated[str, choice("How tied event times are handled.", "efron", "breslow")] = "efron"

    inputs = declare(time=Slot(TIME, side="true"), event=Slot(YES_NO, side="true"), score=Slot(REAL), stack_true=-1)
    gives = Anchors

    def drawn_over(self) -> list[Axis]:
        return [AXES["event"]]

    def call(self, here: Rowset, others: Rowset) -> Anchors:
        event = ops.logical_and(here.keep, here.event > 0)
        there = ops.logical_and(others.keep, others.event > 0)
        low = constant(-LARGE[self.inner], others.score)
        time, times = ops.expand_dims(here.time, 1), ops.expand_dims(others.time, 0)
        at_risk = ops.logical_and(ops.logical_not(times < time), ops.expand_dims(others.keep, 0))
        tied = ops.logical_and(ops.equal(times, time), ops.expand_dims(there, 0))
        scores = ops.where(at_risk, ops.expand_dims(others.score, 0), low)
        top = ops.stop_gradient(ops.where(here.keep, largest(scores), 0.0))
        risks = ops.where(at_risk, ops.exp(scores - ops.expand_dims(top, 1)), 0.0)
        if others.weight is not None:
            risks = risks * ops.expand_dims(others.weight, 0)
        risk = ops.sum(risks, axis=-1, keepdims=True)
        if self.ties == "breslow":
            logs = log(ops.where(event, ops.squeeze(risk, -1), 1.0))
            return Anchors(logs + (top - here.score), event)
        # events of a tie leave one after another; each has the mean over their places, so that their order is nothing
        count = ops.sum(ops.cast(tied, risks.dtype), axis=-1, keepdims=True)
        place = ops.expand_dims(ops.cast(ops.cumsum(ops.ones_like(others.score)) - 1, risks.dtype), 0)
        used = ops.logical_and(place < count, ops.expand_dims(event, 1))
        count = ops.where(count > 0, count, 1.0)
        left = risk - ops.sum(ops.where(tied, risks, 0.0), axis=-1, keepdims=True) * (place / count)
        logs = ops.where(used, log(ops.where(used, left, 1.0)), 0.0)
        return Anchors(ops.sum(logs / count, axis=-1) + (top - here.score), event)


cox_ph = function(CoxPH)
