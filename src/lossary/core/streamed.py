"""The loss of a stream of rows: one number, whatever the chunks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from keras import ops

from .._calls import checked_call
from ..numerics.backend import double
from . import reduction, results
from .errors import LossaryError, shown
from .lookup import get
from .loss import Loss
from .metrics import own_loss
from .results import Anchors, Partial, Rows, Sums

ASKED = "ls.evaluate_stream(loss, stream) gives one number for all rows, independent of the chunks."


@checked_call
def evaluate_stream(loss: Any, stream: Iterable[Any]) -> float:
    """The loss of all rows of a stream: the same value as for all rows at once, whatever the chunks.

        ls.evaluate_stream("rmse", ((y, model.predict_on_batch(x)) for x, y in batches))

    Only the sums that the loss is made of are kept, in float64: memory does not grow with the rows.

    Args:
        loss: a loss of lossary, its name or class, with any reduction to one number.
        stream: chunks (y_true, y_pred) or (y_true, y_pred, sample_weight), or dictionaries for losses of named inputs.

    Returns: the value, a Python float.

    Raises: LossaryError for a loss that compares rows with one another, and for a stream without rows.
    """
    twin = _in_float64(get(loss) if isinstance(loss, str) else loss)
    whole: Partial | None = None
    if not isinstance(stream, Iterable):
        raise LossaryError(
            ASKED,
            arrived=f"The stream is {shown(stream)}.",
            allowed="Expected an iterable of chunks (y_true, y_pred).",
            do="For rows in memory, pass a list with one chunk: ls.evaluate_stream(loss, [(y_true, y_pred)]).",
        )
    with double():
        for chunk in stream:
            found = _sums(twin, chunk)
            whole = found if whole is None else whole.merge(found)
        if whole is None:
            raise LossaryError(
                ASKED,
                arrived="The stream has no chunks.",
                allowed="Expected at least one chunk (y_true, y_pred).",
                do="A generator can be read only once: make a new one for each call.",
            )
        number = reduction.reduce(whole.value(), None, None, twin.reduction)
        return float(ops.convert_to_numpy(number))


def _in_float64(given: Any) -> Loss:
    loss = own_loss(given)
    if loss is None or issubclass(loss.gives, Anchors) or loss.reduction in (None, "none"):
        raise LossaryError(
            ASKED,
            arrived=f"It was given {shown(given)}.",
            allowed="Expected one loss of lossary that compares no rows with one another, with a reduction.",
            do="Pass the parts of a sum one by one; call a loss that compares rows on all of them at once.",
        )
    return type(loss).from_config(loss.get_config() | {"dtype": "float64"})


def _sums(loss: Loss, chunk: Any) -> Partial:
    """The sums of a chunk. A number that is made of sums for each row is a row's value."""
    if isinstance(chunk, Mapping):
        given: dict[str, Any] = dict(chunk)
    elif isinstance(chunk, (tuple, list)) and len(chunk) in (2, 3):
        given = dict(zip(("y_true", "y_pred", "sample_weight"), chunk, strict=False))
    else:
        raise LossaryError(
            ASKED,
            arrived=f"A chunk is {shown(chunk)}.",
            allowed="Expected (y_true, y_pred) or (y_true, y_pred, sample_weight), or a dictionary of named inputs.",
            do="Let the stream give targets first, then predictions, then weights.",
        )
    true, pred, weight = (given.pop(name, None) for name in ("y_true", "y_pred", "sample_weight"))
    result, weight, mask = loss._result(true, pred, weight, vectors=False, **given)
    found = results.partial(result, weight, mask, str(loss.reduction))
    if isinstance(result, Sums) and 0 not in result.axes():
        return results.partial(Rows(found.value()), None, None, str(loss.reduction))
    return found
