"""Which losses are not on several replicas what they are on one: under tf.distribute, or in a torch process group.

Losses of lossary are exact under tf.distribute, and in a process group under `ls.across`, except for
those that update a state. Elsewhere every process computes the loss of its own rows, and the gradients are averaged:
that is the loss of the whole batch where the loss is a mean over rows and every process holds as many of them. What a
loss declares says whether it is such a mean.
"""

from __future__ import annotations

from typing import Any

from .results import Anchors, RisingSums, Sums

WHY = {
    RisingSums: "takes the root of each replica's rows, not of all rows",
    Sums: "is computed from sums over the batch: each replica takes those of its own rows",
    Anchors: "compares rows with one another: each replica compares its own rows only",
}


def inexact_on_replicas(
    loss: Any, *, alone: bool = True, averaged: bool = False, masked: bool = False, weighted: bool = True
) -> str | None:
    """Why a loss is not exact on several replicas, as part of a sentence after the loss's name; None where it is.

    Args:
        loss: a loss, or a sum of losses, of which the first part that is not exact speaks.
        alone: the replicas know nothing of each other: in a torch process group, outside `core.across`.
        averaged: the replicas' gradients are averaged, as a torch process group does, and not added up.
        masked: a mask comes with the predictions.
        weighted: sample weights are given.
    """
    forms = getattr(loss, "inputs", None)
    if forms and not all(slot.trainable for slot in forms.own().values()):
        return "updates a state with the rows of each replica"
    gives = getattr(loss, "gives", None)
    if gives is not None and not alone:
        return None
    for kind, reason in WHY.items():
        if gives is not None and issubclass(gives, kind):
            return reason
    for part in getattr(loss, "parts", ()):
        why = inexact_on_replicas(part.loss, alone=alone, averaged=averaged, masked=masked, weighted=weighted)
        if why is not None:
            return why if len(loss.parts) == 1 else f"has the part {part.name}, which {why}"
    return _denominator(loss, averaged, masked, weighted)


def _denominator(loss: Any, averaged: bool, masked: bool, weighted: bool) -> str | None:
    """Whether the replicas divide by different numbers."""
    reduction = getattr(loss, "reduction", None)
    if hasattr(loss, "parts") or reduction in (None, "none"):
        return None
    if reduction == "sum":
        return "is a sum, and the replicas' sums are averaged: one part in as many of it" if averaged else None
    if reduction == "mean_with_sample_weight" and weighted:
        return "divides by the sum of weights, which each replica takes over its own rows"
    if getattr(loss, "ignore_class", None) is not None:
        return "divides by the number of labelled rows, which each replica counts for itself"
    return "divides by the number of unmasked values, which each replica counts for itself" if masked else None
