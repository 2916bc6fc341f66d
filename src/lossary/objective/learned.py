"""Losses that learn: their variables train with the model, by the same optimizer, and are saved with it.

UncertaintyWeighted   the weight of each part, from its own uncertainty
GradNorm              the weight of each part, so that all train at one pace
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import keras
from keras import ops

from .._calls import checked_call
from ..core import across, moments
from ..core.errors import LossaryError, ParameterError, shown
from ..core.loss import Learned as Layer
from ..core.params import number
from ..core.sums import Part, Sum
from ..numerics.backend import gradients

Tensor = Any


class Learned(Layer):
    """The variables of a sum, each of which starts at one number."""

    def variable(self, name: str, shape: tuple[int, ...], start: float, trainable: bool = True) -> Any:
        """A float32 variable that starts at one number."""
        initial = keras.initializers.Constant(start)
        return self.add_weight(shape=shape, dtype="float32", initializer=initial, trainable=trainable, name=name)


class _Balanced(Sum):
    """A sum whose weights are learned; in another sum it stays a part of its own."""

    plain = False

    def __init__(self, losses: Any, **more: Any) -> None:
        given = losses if isinstance(losses, (Sum, list, tuple)) else [losses]
        super().__init__(list(given) if isinstance(given, (list, tuple)) else [given], **more)
        if len(self.parts) < 2:
            raise ParameterError(
                f"{type(self).__name__}(losses) balances several losses.",
                arrived=f"It was given {len(self.parts)} loss.",
                allowed="Expected at least two losses: a sum, a list, or a MultiLoss.",
                do='Pass for instance ls.MultiLoss({"price": "mse", "kind": "scce"}).',
            )

    def __mul__(self, weight: Any) -> Sum:
        return Sum([Part(self, (), self.name)]) * weight

    __rmul__ = __mul__


@keras.saving.register_keras_serializable("lossary")
class UncertaintyWeighted(_Balanced):
    r"""Weights each loss by its learned uncertainty: what cannot be predicted well counts less.

    Formula: \sum_i c_i\,e^{-s_i} L_i + \tfrac12 s_i, with c = 1/2 for regression and 1 for classification
    Reference: Kendall, Gal and Cipolla (2018), Multi-task learning using uncertainty to weigh losses, arXiv:1705.07115

    `losses` is a sum, a list, or a MultiLoss. s = log sigma^2, one trained variable per part, starts at 0. The total
    may become negative. Logs hold each part's own value, and exp(-s) as `<part>_precision`.

        target = ls.UncertaintyWeighted(ls.MultiLoss({"depth": "mae", "kind": "scce"}))
    """

    @checked_call
    def __init__(self, losses: Any, name: str | None = None) -> None:
        super().__init__(losses, name=name)
        self._begin()

    def _begin(self) -> None:
        self.layer = Learned(name=self.name)
        self.log_variance = self.layer.variable("log_variance", (len(self.parts),), 0.0)
        self.layer.built = True

    def combine(self, values: Sequence[Tensor]) -> Tensor:
        s = ops.convert_to_tensor(self.log_variance)
        factors = [1.0 if _classifies(part.loss) else 0.5 for part in self.parts]
        total: Any = across.once(0.5 * ops.sum(s))
        for place, (part, value) in enumerate(zip(self.parts, values, strict=True)):
            weighed = ops.cast(value, "float32") * part.weight()
            total = total + factors[place] * ops.exp(-s[place]) * weighed
        return total

    def logged_values(self) -> dict[str, Tensor]:
        precision = ops.exp(-ops.convert_to_tensor(self.log_variance))
        return super().logged_values() | {f"{part.name}_precision": precision[i] for i, part in enumerate(self.parts)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> UncertaintyWeighted:
        made = super().from_config(config)
        assert isinstance(made, cls)
        made._begin()
        return made


@keras.saving.register_keras_serializable("lossary")
class GradNorm(_Balanced):
    r"""Weights the losses so that all train at the same rate: one that lags behind gets a larger gradient.

    Formula: \sum_i w_i L_i, where w follows the slope of \sum_i |w_i g_i - \bar{wg}\, r_i^\alpha|, with g_i the norm of
        the gradient of L_i, r_i = (L_i / L_i(0)) over the mean of these, and \sum_i w_i = n
    Reference: Chen et al. (2018), GradNorm: gradient normalization for adaptive loss balancing, arXiv:1711.02257

    Args:
        losses: a sum, a list, or a MultiLoss.
        alpha: how strongly a loss that lags behind is helped; 0 makes all gradients equally large.
        shared: the name of the layer that all outputs go through; gradients are taken by what it gives (functional
            models; the layers after it are run once more, as in prediction). None takes each loss's gradient by its own
            predictions, which is cheaper and compares outputs, not the shared layer.

    The paper takes gradients by the weights of the shared layer; here it is by its output. Logs hold `<part>_balance`.
    """

    @checked_call
    def __init__(self, losses: Any, alpha: float = 1.5, shared: str | None = None, name: str | None = None) -> None:
        super().__init__(losses, name=name)
        self._begin(alpha, shared)

    def _begin(self, alpha: float, shared: str | None) -> None:
        self.alpha = float(
            number("How strongly a loss that lags behind is favoured.", slide=(0.0, 3.0), low=0.0).check(
                "GradNorm", "alpha", alpha
            )
        )
        self.shared, self.heads = shared, None
        count = len(self.parts)
        self.layer = Learned(name=self.name)
        self.score = self.layer.variable("score", (count,), 0.0)
        self.first = self.layer.variable("first", (count,), -1.0, trainable=False)
        self.layer.built = True

    def bind(self, model: keras.Model) -> None:
        """Remember how the outputs follow from the shared layer."""
        if self.shared is None:
            return
        try:
            self.heads = keras.Model(model.get_layer(self.shared).output, model.output)
        except (ValueError, AttributeError) as error:
            raise LossaryError(
                f"GradNorm(shared={shown(self.shared)}) takes gradients with respect to the output of this layer.",
                arrived=f"The outputs of {model.name} cannot be computed from it: {error}",
                allowed="Expected a functional model with a layer that all of its outputs depend on.",
                do="Name such a layer, or leave `shared` out.",
            ) from error

    def weights(self) -> Tensor:
        """One weight per part; their sum is the number of parts."""
        return len(self.parts) * ops.softmax(ops.convert_to_tensor(self.score))

    def total(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[list[Tensor], Tensor]:
        values = self.values(y_true, y_pred, sample_weight)
        weighed = [ops.cast(v, "float32") * p.weight() for p, v in zip(self.parts, values, strict=True)]
        losses, w = ops.stack(weighed), self.weights()
        seen = ops.stop_gradient(across.whole(losses))
        norms = ops.stop_gradient(ops.stack(self._norms(y_true, y_pred, sample_weight)))
        pace = seen / self._first(seen)
        pace = pace / ops.maximum(ops.mean(pace), 1e-12)
        aim = ops.stop_gradient(ops.mean(w * norms) * ops.power(ops.maximum(pace, 0.0), self.alpha))
        gap = across.once(ops.sum(ops.abs(w * norms - aim)))
        # the gap has a gradient but no value: it moves the weights alone, and the target stays the weighted losses
        return values, ops.sum(ops.stop_gradient(w) * losses) + gap - ops.stop_gradient(gap)

    def _first(self, losses: Tensor) -> Tensor:
        """The losses of the first batch, kept."""
        first = ops.convert_to_tensor(self.first)
        first = ops.where(first < 0, losses, first)
        moment = moments.now()
        if moment is not None and moment.training:
            self.first.assign(first)
        return ops.maximum(first, 1e-12)

    def _norms(self, y_true: Any, y_pred: Any, sample_weight: Any) -> list[Tensor]:
        moment = moments.now()
        if self.heads is None or moment is None:
            return [self._norm(place, y_true, y_pred, sample_weight) for place in range(len(self.parts))]
        heads, trunk, names = self.heads, moment.hidden[self.shared or ""], list(moment.model.output_names)

        def outputs(shared: Tensor) -> Any:
            given = heads(shared, training=False)
            if isinstance(given, (list, tuple)):
                return dict(zip(names, given, strict=True))
            return given

        return [self._norm(i, y_true, trunk, sample_weight, outputs) for i in range(len(self.parts))]

    def _norm(self, place: int, y_true: Any, at: Any, sample_weight: Any, outputs: Any = None) -> Tensor:
        """The length of one part's gradient: by its own predictions, or by the tensor that the outputs follow from."""
        part = self.parts[place]
        own = part.output is not None and outputs is None
        target = y_true[part.output] if part.output is not None else y_true
        weight = sample_weight.get(part.output) if isinstance(sample_weight, dict) else sample_weight

        start = at[part.output] if own else at

        def value(inner: list[Any]) -> Tensor:
            given = keras.tree.pack_sequence_as(start, inner)
            given = given if outputs is None else outputs(given)
            moment = moments.now()
            whole = given if not own else {**at, part.output: given}
            now = contextlib.nullcontext() if moment is None else moments.open_moment(replace(moment, outputs=whole))
            given = given[part.output] if outputs is not None and part.output is not None else given
            with now:  # terms read the outputs there
                return ops.cast(part.loss(target, given, sample_weight=weight), "float32") * part.weight()

        slopes = gradients(value, [ops.stop_gradient(x) for x in keras.tree.flatten(start)])
        return ops.sqrt(across.squares(sum(ops.sum(ops.square(ops.cast(slope, "float32"))) for slope in slopes)))

    def logged_values(self) -> dict[str, Tensor]:
        w = self.weights()
        return super().logged_values() | {f"{part.name}_balance": w[place] for place, part in enumerate(self.parts)}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha, "shared": self.shared}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> GradNorm:
        made = super().from_config(config)
        assert isinstance(made, cls)
        made._begin(config["alpha"], config["shared"])
        return made


def _classifies(loss: Any) -> bool:
    """Whether a loss is the negative log-likelihood of a class, whose scale divides logits, not errors."""
    tasks = getattr(loss, "tasks", ())
    return "regression" not in tasks if tasks else "entropy" in str(getattr(loss, "name", ""))
