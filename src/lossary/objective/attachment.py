"""What a compiled model needs besides its loss: a step that counts, variables that train and are saved, and ears.

Keras hands a loss nothing but y_true and y_pred, and on JAX holds every variable that is not the model's at its first
value. So `compile` is followed by `attach`: the variables of the loss become the model's own, and while compute_loss
runs, a Moment is open from which losses read the step, the inputs, hidden layers and the other targets.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import keras
from keras import ops

from ..core.errors import LossaryError, shown
from ..core.loss import Loss
from ..core.metrics import LossMetric, as_losses, as_metrics
from ..core.moments import Moment, open_moment
from ..core.schedules import Dial, Moving
from ..core.slots import size_fields, sized
from ..core.sums import MultiLoss, Sum, by_path
from ..numerics.backend import processes
from ..numerics.joined import joined
from ..numerics.keras_private import (
    LOSS_TAKES_TRAINING,
    compiled_loss,
    layers_of,
    loss_takes_training,
    loss_weights,
    set_compiled_loss,
    strategy_of,
    track,
    untrack,
    variable_lists,
)
from .apart import PLACE as APART
from .apart import Apart, Tie, speaks
from .held import losses_in, refuse_untracked
from .routing import Routed, columns_of, nothing, output_names
from .sources import Hidden, Output, Teacher
from .term import Term

PLACE = "loss_state"  # the attribute of the model, and the place in saved files


class LossState(keras.layers.Layer):
    """The variables of a loss: the number of training batches seen, what is learned, what a Dial holds."""

    def __init__(self, carried: list[keras.layers.Layer], counts: bool) -> None:
        super().__init__(name=PLACE)
        self.carried = carried
        self.step: Any = None
        if counts:
            self.step = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="step")
        self.built = True


class Attachment(Tie):
    """The tie between one model and its loss, from one `compile` to the next."""

    def __init__(self, model: keras.Model, losses: list[tuple[Any, str | None]]) -> None:
        super().__init__(model)
        self.losses = [loss for loss, _ in losses]
        leaves = [leaf for loss in self.losses for leaf in leaves_of(loss)]
        for loss, output in losses:
            for leaf, term, name in owners_of(loss, output):
                _build(leaf, model, term, name)
        self.named = any(isinstance(leaf, Loss) and by_name(leaf, 2) for leaf in leaves)
        carried = {id(layer): layer for leaf in leaves for layer in carried_by(leaf)}
        self.state = LossState(list(carried.values()), any(isinstance(leaf, Moving) for leaf in leaves))
        self.heard: dict[str, Any] = {}
        self.ears = {name for leaf in leaves if (name := _ear(leaf)) is not None}
        self.learners = [leaf for leaf in leaves if hasattr(leaf, "bind")]
        self.dials = [leaf for leaf in leaves if isinstance(leaf, Dial)]

    def attach(self) -> None:
        """Make the variables the model's own, listen to the layers that are read, and run compute_loss in a Moment."""
        model, state = self.model, self.state
        strategy = made_elsewhere(model, state.variables)
        if strategy:
            raise LossaryError(
                "A loss with trainable variables must be created under the strategy scope of the model.",
                arrived=f"The model was created under {strategy}, and variables of the loss were not.",
                allowed="Expected variables created under the same strategy scope.",
                do="Create the loss inside strategy.scope(), and compile there.",
            )
        for variable in state.variables:
            self._tracked(variable)
        own = {id(variable) for variable in state.variables}
        for name in (
            "save_own_variables",
            "load_own_variables",
        ):  # they are saved at PLACE, so that compile=False loads
            self.replace(model, name, _without(model, own, getattr(model, name)))
        self.replace(model, PLACE, state)
        self.replace(model, "_lossary", self)
        for name in self.ears:
            self._listen(name)
        for dial in self.dials:
            dial.model = model
        for learner in self.learners:
            learner.bind(model)
        self.replace(model, "compute_loss", self._in_a_moment(model.compute_loss, loss_takes_training(model)))
        self.replace(model, LOSS_TAKES_TRAINING, True)
        for name in ("fit", "evaluate") if self.named else ():
            self.replace(model, name, _with_targets(getattr(model, name)))

    @contextlib.contextmanager
    def moment(self, x: Any, y: Any, y_pred: Any, training: bool) -> Iterator[Moment]:
        """The present moment of this model."""
        step = 0 if self.state.step is None else ops.convert_to_tensor(self.state.step)
        with open_moment(Moment(step, training, self.model, x, y, y_pred, dict(self.heard))) as moment:
            yield moment

    def _in_a_moment(self, inner: Callable[..., Any], tells: bool) -> Callable[..., Any]:
        @functools.wraps(inner)
        def compute_loss(
            x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            more = {"training": training} if tells else {}
            with self.moment(x, y, y_pred, training):
                total = inner(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **more)
                if isinstance(routed := compiled_loss(self.model), Routed):
                    routed.record_regularization(self.model, y_pred)
            self.heard.clear()
            self.look()
            if training and self.state.step is not None:
                self.state.step.assign(self.state.step + 1)
            return total

        return compute_loss

    def _tracked(self, variable: Any) -> None:
        track(self.model, variable)
        self.undo.append(lambda: untrack(self.model, variable))

    def _listen(self, name: str) -> None:
        layer = next((layer for layer in layers_of(self.model, itself=False) if layer.name == name), None)
        if layer is None:
            known = ", ".join(layer.name for layer in layers_of(self.model, itself=False))
            raise LossaryError(
                f"The loss reads the layer '{name}'.",
                arrived=f"The model's layers are {known}.",
                allowed="Expected the name of one of these layers.",
                do=f'Name the layer, for instance Dense(8, name="{name}").',
            )
        call = layer.call

        @functools.wraps(call)
        def heard(*args: Any, **kwargs: Any) -> Any:
            outputs = call(*args, **kwargs)
            if not any(isinstance(leaf, keras.KerasTensor) for leaf in keras.tree.flatten(outputs)):
                self.heard[name] = outputs
            return outputs

        self.replace(layer, "call", heard)


def _with_targets(inner: Callable[..., Any]) -> Callable[..., Any]:
    """fit or evaluate, which would drop the sample_weight of rows without targets."""
    signature = inspect.signature(inner)

    @functools.wraps(inner)
    def weighed(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        given = bound.arguments
        if given.get("y") is None and given.get("sample_weight") is not None:
            given["y"] = nothing(given["sample_weight"])
        held = given.get("validation_data")
        if isinstance(held, tuple) and len(held) == 3 and held[1] is None and held[2] is not None:
            given["validation_data"] = (held[0], nothing(held[2]), held[2])
        return inner(*bound.args, **bound.kwargs)

    return weighed


def owners_of(loss: Any, output: str | None = None) -> Iterator[tuple[Loss, Term | None, str | None]]:
    """The losses that own weights, with the term, or else the name of the output, that they read from."""
    if isinstance(loss, Sum):
        for part in loss.parts:
            yield from owners_of(part.loss, part.output or output)
    elif isinstance(loss, Term):
        yield from ((leaf, loss, None) for leaf, _, _ in owners_of(loss.of))
    elif isinstance(loss, Loss) and loss.inputs.own():
        yield loss, None, output


def _shapes(loss: Loss, model: keras.Model, term: Term | None, output: str | None) -> dict[str, Any]:
    """The shapes of what a loss reads, by the names of its slots, as far as they are known before the model runs."""
    outputs = keras.tree.flatten(getattr(model, "outputs", None) or [])
    by_output = dict(zip(output_names(model) or (), outputs, strict=False))
    if term is None:
        slots = loss.inputs.values()[0]
        read = [by_output[output]] if output in by_output else outputs
        found = {name: by_output[name] for name in slots.slots if name in by_output}
        return {**dict(zip(slots.side("pred"), read, strict=False)), **found}
    shapes = {}
    for name, source in term.sources.items():
        if isinstance(source, Output) and (source.name in by_output or len(outputs) == 1):
            shapes[name] = by_output.get(str(source.name), outputs[0] if outputs else None)
        elif isinstance(source, Hidden):
            layers = {layer.name: layer for layer in layers_of(model, itself=False)}
            with contextlib.suppress(AttributeError, KeyError, ValueError):  # not built, or called several times
                shapes[name] = layers[source.name].output
    return shapes


def _build(loss: Loss, model: keras.Model, term: Term | None, output: str | None) -> None:
    """Make the weights that a loss owns, of the size of what it reads."""
    shapes = _shapes(loss, model, term, output)
    slots = next((form for form in loss.inputs.values() if set(shapes) <= set(form.slots)), loss.inputs.values()[0])
    found = [sized(slots.slots[n].axes, x.shape) for n, x in shapes.items() if n in slots.slots and x is not None]
    sizes = {axis: size for one in found for axis, size in one.items()}
    if not loss.build_weights(sizes):
        fields = size_fields(slots.own())
        raise LossaryError(
            f"compile was given {loss!r}, which owns weights.",
            arrived="Their sizes are not known: the model has no outputs yet, or a parameter is missing.",
            allowed=f"Expected a loss with {fields}, or a model whose outputs have known sizes.",
            do=f"Pass {fields} to the loss, and begin the model with keras.Input.",
        )


def made_elsewhere(model: Any, variables: list[Any]) -> str:
    """The strategy of tf.distribute that the model was made under, where some variables that train were not."""
    strategy = strategy_of(model)
    learned = [one.value for one in variables if one.trainable]
    if strategy is None or all(map(strategy.extended.variable_created_in_scope, learned)):
        return ""
    return f"a {type(strategy).__name__}"


def _without(model: Any, own: set[int], inner: Callable[..., Any]) -> Callable[..., Any]:
    """Saving or loading the model's own variables as if those of the loss were not among them."""

    @functools.wraps(inner)
    def bare(store: Any) -> Any:
        lists = variable_lists(model)
        before = [list(variables) for variables in lists]
        try:
            for variables in lists:
                variables[:] = [variable for variable in variables if id(variable) not in own]
            return inner(store)
        finally:
            for variables, whole in zip(lists, before, strict=True):
                variables[:] = whole

    return bare


def leaves_of(loss: Any) -> Iterator[Any]:
    """Everything a loss is made of: losses, weights and parameters that move, sources."""
    yield loss
    if isinstance(loss, Sum):
        for part in loss.parts:
            yield from leaves_of(part.loss)
            yield from (weight for weight in part.weights if isinstance(weight, Moving))
    elif isinstance(loss, Loss):
        yield from loss._moving.values()
    elif isinstance(loss, Term):
        yield from loss.sources.values()
        if isinstance(loss.of, Loss):
            yield from leaves_of(loss.of)


def _ear(leaf: Any) -> str | None:
    """The layer inside the model whose output is read."""
    return leaf.name if isinstance(leaf, Hidden) else getattr(leaf, "shared", None)


def carried_by(leaf: Any) -> list[keras.layers.Layer]:
    """The layers whose variables belong to the loss."""
    if isinstance(leaf, Teacher):
        return [leaf.model]
    layer = getattr(leaf, "layer", None) if isinstance(leaf, (Moving, keras.losses.Loss)) else None
    return [layer] if isinstance(layer, keras.layers.Layer) else []


def needs_attachment(loss: Any, outputs: int) -> bool:
    """Whether compile alone would not do: the loss is a sum, moves, learns, or reads more than (y_true, y_pred)."""
    return any(
        isinstance(leaf, (Sum, Moving, Term)) or carried_by(leaf) or (isinstance(leaf, Loss) and by_name(leaf, outputs))
        for leaf in leaves_of(loss)
    )


def by_name(loss: Loss, outputs: int) -> bool:
    """Whether a loss owns weights, or reads several targets, or so many outputs, by their names."""
    if outputs > 1 and loss.heads:
        return True
    return bool(loss.inputs) and (loss.inputs.several or bool(loss.inputs.own()))


def attach(model: keras.Model, loss: Any, loss_weights: Any = None) -> None:
    """After compile: tie model and loss together, and log the regularization beside a loss of lossary."""
    detach(model)
    _tie(model, loss, loss_weights)
    if speaks(model, loss) and not isinstance(compiled_loss(model), Routed):
        Apart(model).attach()
    try:
        refuse_untracked(model, losses_in(model, loss))
    except LossaryError:
        detach(model)
        raise


def _tie(model: keras.Model, loss: Any, loss_weights: Any) -> None:
    """Does nothing for losses that need nothing."""
    losses = [one for one in keras.tree.flatten(loss) if one is not None and not isinstance(one, str)]
    outputs = 1 if keras.tree.is_nested(loss) else len(output_names(model) or "ab")
    if not any(needs_attachment(one, outputs) for one in losses):
        return
    by_name = loss_weights is None or isinstance(loss_weights, dict)
    if isinstance(loss, dict) and by_name and any(isinstance(one, Sum) for one in losses):
        loss, loss_weights = MultiLoss(loss, loss_weights), None
        losses = [loss]
    if any(isinstance(one, Sum) and (one is not loss or loss_weights is not None) for one in losses):
        raise LossaryError(
            "compile was given a sum of losses inside a list, or with loss_weights.",
            arrived=f"The losses are {'; '.join(map(repr, losses))}"
            + ("." if loss_weights is None else f", and loss_weights={shown(loss_weights)}."),
            allowed="Expected a single loss, which holds the weights and the loss of each output.",
            do='Write loss=ls.MultiLoss({"a": ls.Huber() + 0.1 * ls.MeanAbsoluteError(), "b": ...}).',
        )
    attachment = Attachment(model, _with_outputs(model, loss))
    if not keras.tree.is_nested(loss):
        columns = {name for one in losses for name in columns_of(leaves_of(one))}
        whole = loss if isinstance(loss, Sum) else Sum([loss])
        routed = Routed(whole, output_names=output_names(model), columns=columns)
        routed.built = bool(attachment.ears)  # what is heard in one symbolic pass is nothing in another
        set_compiled_loss(model, routed)
    try:
        attachment.attach()
    except LossaryError:
        attachment.detach()
        raise


def _with_outputs(model: keras.Model, loss: Any) -> list[tuple[Any, str | None]]:
    """The losses of compile, each with the name of the output that it is for, where it has one of its own."""
    names = output_names(model) or []
    if isinstance(loss, dict):
        found: list[tuple[Any, str | None]] = [(one, name) for name, one in by_path(loss)]
    elif isinstance(loss, (list, tuple)) and len(loss) == len(names):
        found = list(zip(loss, names, strict=True))
    else:
        found = [(one, None) for one in keras.tree.flatten(loss)]
    return [(one, name) for one, name in found if one is not None and not isinstance(one, str)]


def attachment_of(model: keras.Model) -> Any:
    """The attachment that `attach` made, or None."""
    return model.__dict__.get("_lossary")


def detach(model: keras.Model) -> None:
    """Undo an earlier `attach`."""
    for before in (model.__dict__.get(APART), attachment_of(model)):
        if before is not None:
            before.detach()


CHANGED = {"loss": as_losses, "metrics": as_metrics, "weighted_metrics": as_metrics}


def _refuse_trained(model: Any, metrics: Any) -> None:
    """On JAX, raise for a metric that reads weights which the model trains: Keras hides them while metrics run."""
    known = {id(variable) for variable in model.trainable_variables} if keras.backend.backend() == "jax" else ()
    for metric in keras.tree.flatten(metrics):
        layer = metric.loss.layer if isinstance(metric, LossMetric) else None
        if layer is not None and any(id(variable) in known for variable in layer.variables):
            raise LossaryError(
                f"compile was given {metric.loss!r} among the metrics.",
                arrived="It owns weights that train with this model, which metrics cannot read on JAX.",
                allowed="Expected a metric of the predictions alone, or of a loss with weights of its own.",
                do="Leave it out: its value is logged as the loss.",
            )


def compile(inner: Callable[..., None], self: Any, *args: Any, **kwargs: Any) -> None:
    """Keras's `compile`, which reads lossary's functions as losses, and is followed by `attach`."""
    given = inspect.signature(inner).bind(self, *args, **kwargs)
    for name, change in CHANGED.items():
        if name in given.arguments:
            given.arguments[name] = change(given.arguments[name])
    inner(*given.args, **given.kwargs)
    attach(self, self.loss, loss_weights(self))
    _refuse_trained(self, [given.arguments.get(name) for name in ("metrics", "weighted_metrics")])


def unsynchronised(model: Any) -> str:
    """What says that fit would train this process's model alone, or not at all: in processes of torch."""
    if keras.backend.backend() != "torch":
        return ""
    if any(type(one).__name__ == "DTensor" for one in model.parameters()):
        return "fully_shard has replaced its parameters, which Keras does not notice: they would not be trained."
    count = processes() if joined() is None else 1
    return f"This is one of {count} processes of torch, and fit does not average their gradients." if count > 1 else ""


def fit(inner: Callable[..., Any], self: Any, *args: Any, **kwargs: Any) -> Any:
    """Keras's `fit`; what it would do wrong without a word in several processes of torch is refused."""
    losses = keras.tree.flatten(getattr(self, "loss", None))
    wrong = unsynchronised(self) if any(isinstance(one, (Loss, Sum)) for one in losses) else ""
    if wrong:
        raise LossaryError(
            f"fit trains {self.name} in this process.",
            arrived=wrong,
            allowed="Expected one process; a model of torch, for fully_shard.",
            do="Wrap the model in DistributedDataParallel, and train it in a loop of your own inside "
            "`with ls.across():`.",
        )
    return inner(self, *args, **kwargs)
