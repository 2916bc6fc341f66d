"""Sequences: targets whose places along the time axis are not known."""

from keras import ops

from ..core.axes import AXES, Axis
from ..core.contract import LOGIT, Contract, Values, looks
from ..core.errors import ShapeError, TargetError
from ..core.functions import function
from ..core.loss import Loss, Tensor

SYMBOLS = Values("a symbol, 1 or more; 0 is padding", low=0.0, whole=True)
BLANK = 0


class CTC(
    Loss,
    aliases=("connectionist_temporal_classification",),
    tasks=("sequence",),
    positional="reduction name dtype",
):
    r"""Minus the log-probability of the target: the sum over all its alignments with the frames.

    Formula: -\log \sum_\pi \prod_t p_{t,\pi_t} over the paths \pi that spell y_true once repeats and blanks are dropped
    Use: speech and handwriting recognition without a label for each frame: frames in, text out.
    Beware: class 0 is the blank and pads the targets; every frame of y_pred is used. A target that is too long for its
        frames is an error in eager calls and NaN in compiled code.
    Reference: Graves, Fernández, Gomez and Schmidhuber (2006), Connectionist temporal classification,
        doi:10.1145/1143844.1143891
    Elsewhere:
        keras.losses.CTC
    Unlike:
        torch.nn.CTCLoss, torch.nn.functional.ctc_loss: of log-probabilities (time, batch, class), with lengths
        optax.losses.ctc_loss: with paddings, padded frames left out
        tf.nn.ctc_loss: with lengths, (time, batch, class) by default

    >>> ctc([[1]], [[[0.0, 0.0], [0.0, 0.0]]])
    0.28768207
    """

    @property
    def contract(self) -> Contract:
        return Contract(SYMBOLS, LOGIT, shape="free")

    def takes(self) -> str:
        return f"y_true (row, symbol): {SYMBOLS.words}. y_pred (row, frame, class): {LOGIT.words}"

    def drawn_over(self) -> list[Axis]:
        return [AXES["frames"]]

    def mapped_over(self) -> None:
        return None

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        self._check_shapes(y_true, y_pred)
        if y_pred.shape[0] == 0:  # torch's own refuses a batch without rows
            return ops.sum(y_pred, axis=(1, 2))
        symbols = ops.cast(y_true, "int32")
        batch, frames, classes = ops.shape(y_pred)
        used = ops.not_equal(symbols, BLANK)
        length = ops.sum(ops.cast(used, "int32"), axis=-1)
        repeats = ops.sum(ops.cast(ops.logical_and(symbols[:, 1:] == symbols[:, :-1], used[:, 1:]), "int32"), axis=-1)
        known = ops.all(ops.logical_and(symbols >= 0, symbols < classes), axis=-1)
        fits = ops.logical_and(length + repeats <= frames, known)
        self._check_fit(fits, symbols, y_pred)
        # rows that cannot be spelled go through as empty targets: the backends differ on them, and on their gradient
        safe = ops.where(ops.expand_dims(fits, -1), symbols, BLANK)
        safe_length = ops.where(fits, length, 0)
        frames_each = ops.broadcast_to(ops.cast(frames, "int32"), (batch,))
        values = ops.ctc_loss(safe, y_pred, safe_length, frames_each, mask_index=BLANK)
        return ops.where(fits, values, float("nan"))

    @staticmethod
    def _check_shapes(y_true: Tensor, y_pred: Tensor) -> None:
        rows = {tuple(y_true.shape[:1]), tuple(y_pred.shape[:1])} - {(None,)}
        if len(y_true.shape) != 2 or len(y_pred.shape) != 3 or len(rows) > 1 or 0 in y_pred.shape[1:]:
            raise ShapeError(
                "CTC aligns targets (batch, symbols) with outputs (batch, frames, classes).",
                arrived=f"y_true has shape {tuple(y_true.shape)} and y_pred has shape {tuple(y_pred.shape)}.",
                allowed="Expected a matrix of symbols, padded with 0, and one row of logits per frame.",
                do="Pad the targets to one length with 0, and keep class 0 for the blank.",
            )

    @staticmethod
    def _check_fit(fits: Tensor, symbols: Tensor, y_pred: Tensor) -> None:
        if looks("CTC", "fit", fits) and not bool(ops.convert_to_numpy(ops.all(fits))):
            row = int(ops.convert_to_numpy(ops.argmin(ops.cast(fits, "int32"))))
            raise TargetError(
                "CTC needs at least one frame per symbol, one more for each repeated symbol, and a class per symbol.",
                arrived=f"Row {row} spells {ops.convert_to_numpy(symbols[row]).tolist()} in {y_pred.shape[1]} frames "
                f"and {y_pred.shape[2]} classes.",
                allowed="Expected symbols from 1 to the last class, and no more of them than fit into the frames.",
                do="Shorten the target, give the model more frames, or give the row sample_weight 0.",
            )


ctc = function(CTC)
