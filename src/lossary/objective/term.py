"""A loss of anything in the model, not only of y_true and y_pred."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import keras
from keras import ops

from .._calls import checked_call
from ..core import compiling, moments, notebook, reduction
from ..core.errors import DefinitionError, LossaryError, shown
from ..core.inputs import read
from ..core.loss import Loss
from ..core.metrics import own_loss
from ..core.sums import Sum, added
from ..numerics.masks import mask_of
from .sources import Source

Tensor = Any
PAIR = ("y_true", "y_pred")


@keras.saving.register_keras_serializable("lossary")
class Term(keras.losses.Loss):
    """A loss that reads more than (y_true, y_pred): inputs, hidden layers, other columns, a teacher, a prior.

        @keras.saving.register_keras_serializable("mine")
        def kl(mean, log_var):  # one value per row
            return 0.5 * ops.sum(ops.exp(log_var) + mean**2 - 1 - log_var, axis=-1)

        target = ls.BinaryCrossentropy() + 0.1 * ls.Term(kl, mean=ls.Hidden("mean"), log_var=ls.Hidden("log_var"))
        model.compile("adam", loss=target)

    A loss takes its tensors by their names, from wherever they are:

        ls.Term(ls.TripletMargin(), anchor=ls.Output("a"), positive=ls.Hidden("b"), negative=ls.Hidden("c"))

    Args:
        of: a function of named tensors that gives one value per row of the batch, or one number; or a loss, its class
            or its function. Arguments called y_true and y_pred are filled by themselves; every other one without a
            default needs a source. Of a loss, what has no source comes from y_true or y_pred as in compile.
        reduction: "sum_over_batch_size" (default), "sum" or "mean_with_sample_weight", as for every loss; by default
            that of the loss.
        name: for logs; by default the name of the loss or function.
        **sources: where each argument comes from: ls.Input, ls.Column, ls.Output, ls.Hidden, ls.Teacher, ls.Fixed,
            ls.Itself.

    Works in compile with fit and ls.train on every backend. To be loaded again, `of` has to be registered with
    keras.saving.register_keras_serializable. Raises DefinitionError when arguments and sources do not match.
    """

    @checked_call
    def __init__(
        self,
        of: Callable[..., Tensor] | Loss,
        *,
        reduction: str | None = None,
        name: str | None = None,
        **sources: Source,
    ) -> None:
        compiling.needed()
        loss = own_loss(of)
        if loss is not None and reduction not in (None, loss.reduction):
            loss = type(loss).from_config({**loss.get_config(), "reduction": reduction})
        whole = loss.reduction if loss is not None else reduction or "sum_over_batch_size"
        own = str(loss.name if loss is not None else getattr(of, "__name__", "term"))
        super().__init__(name=name or own.strip("<>"), reduction=whole if whole != "mean_with_class_weight" else "sum")
        self.of, self.sources, self.reduction = loss or of, sources, whole
        wanted = _check(self.of, sources)
        found = filled(loss, sources) if loss is not None else PAIR
        self.pair = [side for side in found if loss is not None or (side in wanted and side not in sources)]

    @property
    def reads_by_name(self) -> bool:
        """Whether all that it reads comes from sources, so that the model may have any outputs."""
        return not self.pair

    @property
    def gives(self) -> Any:
        """The type of the loss's result (core.results)."""
        return getattr(self.of, "gives", object)

    @property
    def tasks(self) -> tuple[str, ...]:
        """What the loss is for."""
        return tuple(getattr(self.of, "tasks", ()))

    def logged_values(self) -> dict[str, Tensor]:
        """What changes while training, by name: what the loss has of its own."""
        return self.of.logged_values() if isinstance(self.of, Loss) else {}

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        moment = moments.now()
        if moment is None:
            raise LossaryError(
                f"The term {self.name} reads {', '.join(map(repr, self.sources.values()))}.",
                arrived="It was called with y_true and y_pred only.",
                allowed="Expected to be the loss of a model: model.compile(loss=...), then fit, evaluate, or ls.train.",
                do="Compile a model with it, or call its function with tensors of your own.",
            )
        given = {argument: _tensors(source.read(moment)) for argument, source in self.sources.items()}
        pair = {"y_true": y_true, "y_pred": y_pred}
        if isinstance(self.of, Loss):
            return self.of(**given, **{side: pair[side] for side in self.pair}, sample_weight=sample_weight)
        values = ops.convert_to_tensor(
            self.of(**given, **{argument: _tensors(pair[argument]) for argument in self.pair})
        )
        values = ops.cast(values, self.dtype)
        weight, mask = None, mask_of(y_pred) if len(values.shape) > 0 else None
        if sample_weight is not None and len(values.shape) > 0:
            weight = read(self.name, "sample_weight", sample_weight, self.dtype)
            weight = reduction.align_weight(self.name, "sample_weight", weight, tuple(values.shape))
        mask = None if mask is None else ops.cast(reduction.align(mask, len(values.shape)), "bool")
        if mask is not None and len(mask.shape) > len(values.shape):  # a mask of time steps says nothing about rows
            mask = None
        return reduction.reduce(values, weight, mask, self.reduction)

    def __add__(self, other: Any) -> Sum:
        return added(self, other)

    def __radd__(self, other: Any) -> Sum:
        return added(other, self)

    def __mul__(self, weight: Any) -> Sum:
        return added(self, 0) * weight

    __rmul__ = __mul__

    def _repr_html_(self) -> str:
        pair = dict.fromkeys(self.pair, "of each row, as for every loss")
        sources = pair | {name: repr(source) for name, source in self.sources.items()}
        return notebook.term(self.name, str(getattr(self.of, "__doc__", "") or ""), sources)

    def __repr__(self) -> str:
        return f"Term({self.name}, {', '.join(f'{name}={source!r}' for name, source in self.sources.items())})"

    def get_config(self) -> dict[str, Any]:
        sources = {name: keras.saving.serialize_keras_object(source) for name, source in self.sources.items()}
        of = keras.saving.serialize_keras_object(self.of)
        return {"of": of, "sources": sources, "name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Term:
        sources = {n: keras.saving.deserialize_keras_object(source) for n, source in config["sources"].items()}
        of = keras.saving.deserialize_keras_object(config["of"])
        return cls(of, name=config["name"], reduction=config["reduction"], **sources)


def _tensors(given: Any) -> Any:
    return given if isinstance(given, keras.Model) else keras.tree.map_structure(ops.convert_to_tensor, given)


def filled(loss: Loss, given: Iterable[str]) -> list[str]:
    """Which of y_true and y_pred a loss still needs beside tensors of these names; DefinitionError where none fit."""
    names = set(given)
    for true, pred, known in _layouts(loss):
        sides = {"y_true": true, "y_pred": pred}
        open_sides = [side for side, needed in sides.items() if side not in names and not names.issuperset(needed)]
        if names <= {*known, *PAIR} and all(names.isdisjoint(sides[side]) for side in open_sides):
            return open_sides
    allowed = "; or ".join(", ".join([*true, *pred]) for true, pred, _ in _layouts(loss))
    raise DefinitionError(
        f"{loss!r} takes its tensors by name.",
        arrived=f"It was given {', '.join(sorted(names)) or 'none'}.",
        allowed=f"Expected {allowed}; those of y_true, or of y_pred, may all be left out, and then come as in compile.",
        do="Name each tensor as the loss names it.",
    )


def _layouts(loss: Loss) -> list[tuple[list[str], list[str], set[str]]]:
    """What a loss needs of the targets and of the outputs, and all that it knows: for each of its formulas."""
    if not loss.inputs:
        heads = [(["y_true"], list(loss.heads), {"y_true", *loss.heads})] if loss.heads else []
        return [(["y_true"], ["y_pred"], set(PAIR)), *heads]
    forms = loss.inputs.values()
    return [
        ([n for n in form.needed if n in form.side("true")], [n for n in form.needed if n in form.side("pred")],
         set(form.slots))
        for form in forms
    ]  # fmt: skip


def _check(of: Any, sources: dict[str, Any]) -> list[str]:
    """The arguments of the function, all of which have somewhere to come from."""
    arguments = inspect.signature(of).parameters if callable(of) else {}
    takes_all = any(p.kind is p.VAR_KEYWORD for p in arguments.values())
    if isinstance(of, Loss):  # `filled` compares the names
        takes_all, arguments = True, {}
    missing = [n for n, p in arguments.items() if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    missing = [n for n in missing if n not in sources and n not in PAIR]
    unknown = [n for n in sources if n not in arguments and not takes_all]
    wrong = [n for n, source in sources.items() if not isinstance(source, Source)]
    if not callable(of) or missing or unknown or wrong:
        says = {"has no source for": missing, "does not take": unknown, "is given no source but a value for": wrong}
        told = [f"it {words} {', '.join(names)}" for words, names in says.items() if names]
        called = repr(of) if isinstance(of, Loss) else getattr(of, "__name__", shown(of))
        raise DefinitionError(
            "Term(of, **sources) calls a function with tensors from the model.",
            arrived=f"The function is {called}; {'; '.join(told) or 'it cannot be called'}.",
            allowed="Expected one source (ls.Input, ls.Column, ls.Output, ls.Hidden, ls.Teacher, ls.Fixed) for every "
            "argument other than y_true and y_pred.",
            do='Name each, for instance mean=ls.Hidden("mean"); a constant is ls.Fixed(value).',
        )
    return list(arguments)
