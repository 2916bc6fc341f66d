"""Sequences: targets whose places along the time axis are not known."""

from typing import Annotated, Any

from keras import ops

from ..core.axes import AXES, Axis
from ..core.contract import CLASS_INDEX, LOGIT, REAL, Contract, Values, looks
from ..core.errors import ShapeError, TargetError
from ..core.functions import function
from ..core.loss import Loss, Tensor
from ..core.params import flag, positive, whole
from ..core.results import Rows
from ..core.scenes import FRAMES, SERIES
from ..core.slots import LENGTH, VALID, Slot, declare
from ..numerics.backend import total
from ..numerics.classes import nll_of_one_logit, one_hot, pick, whole_index
from ..numerics.lattices import FAR, ways

SYMBOLS = Values("a symbol, 1 or more; 0 is padding", low=0.0, whole=True)
BLANK = 0
Blank = Annotated[int, whole("The class of the blank, which pads the targets too; -1 is the last.", unusual=-1)]


class CTC(
    Loss,
    aliases=("connectionist_temporal_classification",),
    tasks=("sequence",),
    positional="reduction name dtype",
):
    r"""Minus the log-probability of the target: the sum over all its alignments with the frames.

    Formula: -\log \sum_\pi \prod_t p_{t,\pi_t} over the paths \pi that spell y_true once repeats and blanks are dropped
    Use: speech and handwriting recognition without a label for each frame: frames in, text out.
    Beware: class 0 is the blank and pads the targets. Every frame of y_pred is used, unless you pass frame_lengths=…,
        the number of frames of each row; symbol_lengths=… does the same for the targets. A target that is too long for
        its frames is an error in eager calls and NaN in compiled code. y_pred is (row, frame, class): other libraries
        have the frames first.
    Reference: Graves, Fernández, Gomez and Schmidhuber (2006), Connectionist temporal classification,
        doi:10.1145/1143844.1143891
    Elsewhere:
        keras.losses.CTC
        torch.nn.CTCLoss, torch.nn.functional.ctc_loss(reduction={"sum", "none"}, blank=0) -> blank=blank
        torch.nn.CTCLoss, torch.nn.functional.ctc_loss(blank=0) -> blank=blank, per_symbol=True
        optax.losses.ctc_loss(blank_id=0) -> blank=blank_id
        tf.nn.ctc_loss(blank_index=0) -> blank=blank_index

    >>> ctc([[1]], [[[0.0, 0.0], [0.0, 0.0]]])
    0.28768207
    """

    blank: Blank = BLANK
    per_symbol: Annotated[
        bool, flag("Whether to divide the value of a row by the number of its symbols, as torch's mean does.")
    ] = False

    beside = ("frame_lengths", "symbol_lengths")

    @property
    def contract(self) -> Contract:
        return Contract(SYMBOLS, LOGIT, shape="free")

    def gathered(self, y_true: Any, y_pred: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Lengths go with the predictions."""
        given = {name: named[name] for name in self.beside if named.get(name) is not None}
        rest = {name: x for name, x in named.items() if name not in self.beside}
        return ({"y_pred": y_pred, **given} if given else y_pred), rest

    def takes(self) -> str:
        return f"y_true (row, symbol): {SYMBOLS.words}. y_pred (row, frame, class): {LOGIT.words}"

    def drawn_over(self) -> list[Axis]:
        return [AXES["frames"]]

    def mapped_over(self) -> None:
        return None

    def call(self, y_true: Tensor, y_pred: Any) -> Tensor:
        given = y_pred if isinstance(y_pred, dict) else {"y_pred": y_pred}
        y_pred = given["y_pred"]
        self._check_shapes(y_true, y_pred)
        if y_pred.shape[0] == 0:  # torch's own refuses a batch without rows
            return ops.sum(y_pred, axis=(1, 2))
        symbols = whole_index(y_true)
        batch, frames, classes = ops.shape(y_pred)
        known_classes = isinstance(classes, int)  # a graph may learn them as it runs
        blank = self.blank % classes if known_classes else self.blank + (classes if self.blank < 0 else 0)
        used = ops.not_equal(symbols, blank)
        if "symbol_lengths" in given:
            used = ops.logical_and(used, _before(given["symbol_lengths"], ops.shape(symbols)[1]))
            symbols = ops.where(used, symbols, blank)
        place = ops.arange(ops.shape(symbols)[1], dtype="int32")
        order = ops.argsort(ops.where(used, place, place + ops.shape(symbols)[1]), axis=1)  # blanks go to the end
        symbols, used = (ops.take_along_axis(x, order, axis=1) for x in (symbols, used))
        frames_each = ops.broadcast_to(ops.cast(frames, "int32"), (batch,))
        if "frame_lengths" in given:
            frames_each = ops.cast(ops.reshape(given["frame_lengths"], (-1,)), "int32")
            y_pred = ops.where(ops.expand_dims(_before(frames_each, frames), -1), y_pred, 0.0)
        length = ops.sum(ops.cast(used, "int32"), axis=-1)
        repeats = ops.sum(ops.cast(ops.logical_and(symbols[:, 1:] == symbols[:, :-1], used[:, 1:]), "int32"), axis=-1)
        known = ops.all(ops.logical_and(symbols >= 0, symbols < classes), axis=-1)
        fits = ops.logical_and(ops.logical_and(length + repeats <= frames_each, frames_each <= frames), known)
        self._check_fit(fits, symbols, y_pred)
        # rows that cannot be spelled go through as empty targets: the backends differ on them, and on their gradient
        safe = ops.where(ops.expand_dims(fits, -1), symbols, blank)
        safe_length = ops.where(fits, length, 0)
        values = ops.ctc_loss(
            safe,
            y_pred,
            safe_length,
            ops.where(fits, frames_each, frames),
            mask_index=blank if known_classes else self.blank,
        )
        if self.per_symbol:
            values = values / ops.cast(ops.maximum(length, 1), values.dtype)
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


def _before(lengths: Tensor, size: Any) -> Tensor:
    """(row, size): whether a place comes before the end of its row."""
    return ops.arange(size, dtype="int32") < ops.expand_dims(ops.cast(ops.reshape(lengths, (-1,)), "int32"), -1)


class RNNT(Loss, aliases=("rnnt_loss", "transducer", "rnn_transducer"), tasks=("sequence",)):
    r"""Minus the log-probability of the target by a transducer: in each frame it emits symbols until it emits a blank.

    Formula: -\log \sum_\pi \prod_i p_{\pi_i}, over all ways through frames and symbols; a blank moves on to the next
        frame, a symbol to the next position
    Use: streaming speech recognition; unlike in CTC, each symbol depends on those before it.
    Beware: y_pred holds logits (row, frame, position, class), with one position more than there are symbols: the first
        is that before any symbol. A target ends at its first blank. Frames that do not exist are skipped. torchaudio
        has the blank last by default: blank=-1.
    Reference: Graves (2012), Sequence transduction with recurrent neural networks, arXiv:1211.3711

    >>> rnnt([[1]], [[[[0.0, 0.0], [0.0, 0.0]]]]), rnnt([[1]], [[[[0.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]]])
    (1.3862944, 1.3862944)
    """

    blank: Blank = BLANK

    inputs = declare(
        y_true=Slot(CLASS_INDEX, ("row", "symbol"), "true"),
        y_pred=Slot(LOGIT, ("row", "frame", "position", "class"), valid="frames"),
        frames=Slot(VALID, ("row", "frame"), "any", optional=True, lengths="frame_lengths"),
        frame_lengths=Slot(LENGTH, ("row",), "any", optional=True),
    )

    def drawn_over(self) -> list[Axis]:
        return [FRAMES]

    def call(self, y_true: Tensor, y_pred: Tensor, frames: Tensor | None) -> Rows:
        _, length, positions, classes = ops.shape(y_pred)
        if y_true.shape[1] is not None and y_pred.shape[2] not in (None, y_true.shape[1] + 1):
            raise ShapeError(
                "RNNT reads logits before the first symbol, and after each one.",
                arrived=f"y_true has {y_true.shape[1]} symbols, and y_pred {y_pred.shape[2]} positions.",
                allowed=f"Expected y_pred of shape (row, frame, {y_true.shape[1] + 1}, class).",
                do="Let the predictor start with a blank, and read all symbols.",
            )
        blank = self.blank % classes
        there = ops.cumsum(ops.cast(ops.equal(y_true, blank), "int32"), axis=1) < 1
        known = ops.all(ops.logical_and(y_true >= 0, y_true < classes), axis=1)
        symbol = ops.where(ops.logical_and(there, ops.expand_dims(known, 1)), y_true, 0)
        skip = nll_of_one_logit(y_pred, ops.full_like(y_pred[..., 0], blank, dtype="int32"))
        say = nll_of_one_logit(y_pred[:, :, :-1], ops.expand_dims(symbol, 1) + ops.zeros_like(skip[:, :, :-1], "int32"))
        say, some = ops.where(ops.expand_dims(there, 1), say, FAR), known
        if frames is not None:
            exists, some = ops.expand_dims(frames, -1), ops.any(frames, axis=1)
            skip, say = ops.where(exists, skip, 0.0), ops.where(exists, say, FAR)
        down = ops.concatenate([FAR + ops.zeros_like(skip[:, :1]), skip[:, :-1]], axis=1)
        right = ops.concatenate([FAR + ops.zeros_like(skip[:, :, :1]), say], axis=2)
        first = ops.reshape(ops.arange(length) < 1, (1, -1, 1)) & ops.reshape(ops.arange(positions) < 1, (1, 1, -1))
        found = ways(down, right, ops.where(first, 0.0, FAR + ops.zeros_like(skip)))
        count = ops.sum(ops.cast(there, "int32"), axis=1)
        end = pick(ops.transpose(found[:, :, -1]), count + length - 1) + pick(skip[:, -1], count)
        return Rows(ops.where(known, end, float("nan")), None if frames is None else some)


rnnt = function(RNNT)


class SoftDTW(Loss, aliases=("sdtw", "soft_dynamic_time_warping"), tasks=("sequence",)):
    r"""The squared error of two series along the best alignments of their steps: being early or late costs little.

    Formula: -\gamma \log \sum_\pi e^{-c_\pi / \gamma}, with the sum c of \|y_i - p_j\|^2 over the pairs (i, j) of an
        alignment \pi, which goes on by one step in one series, or in both
    Use: forecasts and motions whose shape matters more than the exact time; series of different lengths.
    Beware: it can be negative, and equal series do not have the smallest value, above all for a large gamma. Its cost
        grows with the product of both lengths.
    Reference: Cuturi and Blondel (2017), Soft-DTW: a differentiable loss function for time-series, arXiv:1703.01541

    >>> soft_dtw([[[0.0], [1.0]]], [[[2.0]]], gamma=0.5), soft_dtw([[[0.0]]], [[[2.0], [1.0]]])
    (5.0, 5.0)
    """

    gamma: Annotated[
        float, positive("How much alignments are mixed: small is the best one alone.", slide=(0.05, 5.0))
    ] = 1.0

    inputs = declare(
        y_true=Slot(REAL, ("row", "step", "feature"), "true"), y_pred=Slot(REAL, ("row", "frame", "feature"))
    )

    def drawn_over(self) -> list[Axis]:
        return [SERIES]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        apart = ops.expand_dims(y_pred, 1) - ops.expand_dims(y_true, 2)
        price = total(ops.square(apart), -1) / self.gamma
        return self.gamma * ways(price, price, price)[-1][:, -1]


soft_dtw = function(SoftDTW)


class DynamicFineTuning(Loss, aliases=("dft", "dft_loss"), tasks=("multiclass", "sequence")):
    r"""A cross-entropy in which each token is weighted by the probability that the model already gives it.

    Formula: -p_t \log p_t with the first p_t held fixed, p = softmax(y_pred) and t = y_true
    Use: fine-tuning of language models on answers that were written by others: tokens that surprise the model get
        smaller gradients.
    Beware: takes logits. The gradient holds the factor fixed, so the reported value is not what is minimised; new
        facts are hardly learned.
    Reference: Wu et al. (2025), On the generalization of SFT: a reinforcement learning perspective with reward
        rectification, arXiv:2508.05629

    >>> dynamic_fine_tuning([0], [[0.0, 0.0]])
    0.34657359
    """

    holds_fixed = True
    inputs = declare(y_true=Slot(CLASS_INDEX, ("row", "..."), "true"), y_pred=Slot(LOGIT, ("row", "...", "class")))

    def drawn_over(self) -> list[Axis]:
        return [AXES["class index logits"]]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        known = ops.any(one_hot(y_true, y_pred), axis=-1)
        cost = nll_of_one_logit(y_pred, ops.where(known, y_true, 0))
        return ops.where(known, ops.exp(-ops.stop_gradient(cost)) * cost, float("nan"))


dynamic_fine_tuning = function(DynamicFineTuning)
