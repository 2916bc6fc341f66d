"""The functional twin of a loss: `huber(y_true, y_pred, delta=2.0)` gives one value per row."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from inspect import Parameter, Signature
from typing import Any, Concatenate, ParamSpec

import keras

from . import inputs
from .absent import MISSING as MISSING_
from .declaration import COMMON_NAMES, ENTRIES, snake
from .engines import say_if_inexact
from .errors import ParameterError
from .loss import Loss, Tensor
from .places import bound, ordered, warn_of_moved_places
from .results import Rows
from .slots import Forms, Inputs

P = ParamSpec("P")


@lru_cache(maxsize=256)
def _cached(
    cls: type[Loss], dtype: str, args: tuple[Any, ...], kwargs: tuple[tuple[str, Any], ...], written: str
) -> Loss:
    """`written` tells apart what Python takes for equal: True and 1, 1 and 1.0, 0.0 and -0.0."""
    return cls(*args, **dict(kwargs), reduction=None, dtype=dtype)


def build(cls: type[Loss], dtype: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Loss:
    """An unreduced loss with these parameters; the same one again for the same parameters."""
    try:
        return _cached(cls, dtype, args, tuple(kwargs.items()), _written(args, kwargs))  # type: ignore[arg-type]
    except TypeError:  # a parameter that cannot be hashed, such as a list of class weights, or written
        return cls(*args, **kwargs, reduction=None, dtype=dtype)


def _written(args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    try:
        return repr((args, kwargs))
    except Exception:  # an object's own repr, or an integer of more digits than Python writes
        raise TypeError from None


MISSING: Any = Parameter.empty
PAIR = ("y_true", "y_pred")


def function(
    cls: Callable[P, Loss], *, positional: str | None = None
) -> Callable[Concatenate[Tensor, Tensor, P], Tensor]:
    """The functional twin: `huber(y_true, y_pred, delta=2.0)` returns one value per row, in the dtype of y_pred.

    A loss with slots of its own has a function of these: `triplet_margin(anchor, positive, negative, margin=0.5)`.
    `positional` orders the parameters where Keras's function has another order than its class.
    """
    loss_class: Any = cls
    forms = _forms(loss_class)
    slots = [*dict.fromkeys(name for form in forms for name, slot in form.slots.items())] or [
        *PAIR,
        *loss_class.beside,
    ]
    needed = set(PAIR) if not forms else {name for form in forms for name in form.needed}
    needed |= {name for form in forms for name, slot in form.own().items() if slot.when is None}
    declared = loss_class.signature.parameters.values()
    own = ordered([p for p in declared if p.name not in COMMON_NAMES and p not in (ENTRIES, MISSING_)], positional)
    several = len(forms) > 1
    fields = {name: p.default for name, p in own.parameters.items() if name in slots}
    first = [
        Parameter(name, Parameter.POSITIONAL_OR_KEYWORD,
                  default=fields.get(name, MISSING if name in needed and not several else None))
        for name in slots if name not in loss_class.beside
    ]  # fmt: skip
    rest = [p for name, p in own.parameters.items() if name not in slots]
    if several:  # which slots are meant by place depends on how many there are
        rest = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in rest]
    beside = [Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in loss_class.beside]
    signature = Signature([*first, *rest, *beside])

    def twin(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        if not args and kwargs.keys().isdisjoint({*slots, *PAIR, *loss_class.heads} - set(own.parameters)):
            return loss_class(**kwargs)  # ls.MSE() can only mean the loss itself
        if loss_class.heads:
            args, kwargs = _with_heads(loss_class.heads, args, kwargs)  # type: ignore[assignment]
        named, given = _sorted(twin, forms, slots, signature, args, kwargs)
        if len(args) > len(slots):
            warn_of_moved_places(twin.__name__, loss_class.params, own, args[len(slots) :])
        if not given.keys().isdisjoint(COMMON_NAMES):
            raise ParameterError(
                f"{twin.__name__} returns one value per row, in the dtype of y_pred.",
                arrived=f"It was given {', '.join(sorted(given.keys() & set(COMMON_NAMES)))}.",
                allowed=f"Expected {', '.join(signature.parameters)}.",
                do=f"Use the class: {loss_class.__name__}(reduction=...).",
            )
        for name, default in fields.items():
            x = named.get(name, default)
            named[name] = [x] if isinstance(x, (int, float)) else x
        dtype, predicted = str(keras.config.floatx()), _predicted(forms, named)
        if predicted is not None and not isinstance(named[predicted], (list, tuple, dict, int, float)):
            named[predicted] = inputs.arrived(loss_class.__name__, predicted, named[predicted])
            dtype = inputs.real_type(named[predicted])
        loss = build(loss_class, dtype, (), given)
        if loss.gives is not Rows:
            say_if_inexact(loss)
        return loss.as_function(**named)

    twin.__name__ = twin.__qualname__ = snake(loss_class.__name__)
    twin.__module__, twin.__doc__ = loss_class.__module__, loss_class.__doc__
    twin.__signature__ = signature  # type: ignore[attr-defined]
    twin.cls = loss_class  # type: ignore[attr-defined]
    package = keras.saving.get_registered_name(loss_class).partition(">")[0]
    keras.saving.register_keras_serializable(package)(twin)
    return twin


def _with_heads(heads: tuple[str, ...], args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Outputs that came by name, as y_pred. A name that is a parameter's too is an output where it is no text."""
    named = {name: kwargs[name] for name in heads if name in kwargs and not isinstance(kwargs[name], str)}
    if not named or len(args) > 1 or "y_pred" in kwargs:
        return args, kwargs
    rest = {name: value for name, value in kwargs.items() if name not in named}
    return args, {**rest, "y_pred": named}


def _forms(cls: Any) -> list[Inputs]:
    """The slots of each of a class's formulas, with the parameters at their defaults."""
    declared: Forms = cls.inputs if isinstance(cls.inputs, Forms) else cls().inputs
    return declared.values()


def _sorted(
    twin: Any, forms: list[Inputs], slots: list[str], signature: Signature, args: Any, kwargs: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What was given, apart: tensors by the names of slots, and parameters."""
    if not forms and len(args) == 2 and kwargs.keys().isdisjoint(slots):  # as nearly every call
        return dict(zip(PAIR, args, strict=True)), kwargs
    if forms and not kwargs.keys().isdisjoint(PAIR):  # as Keras calls a loss
        named = {name: kwargs[name] for name in kwargs if name in slots or name in PAIR}
        if args:
            named = {**dict(zip(PAIR, args, strict=False)), **named}
        return named, {name: value for name, value in kwargs.items() if name not in named}
    if len(forms) > 1:
        named = {name: kwargs[name] for name in kwargs if name in slots}
        fitting = [form for form in forms if form.fits(len(args), named)]
        if len(fitting) != 1:
            raise ParameterError(
                f"{twin.__name__} takes {' or '.join(', '.join(form.needed) for form in forms)}.",
                arrived=f"It was given {len(args)} by position, and {', '.join(named) or 'none'} by name.",
                allowed=f"Expected {'; or '.join(map(str, forms))}.",
                do="Pass them by name.",
            )
        places = [name for name in fitting[0].slots if name not in named]
        named = {**dict(zip(places, args, strict=False)), **named}
        return named, {name: value for name, value in kwargs.items() if name not in named}
    missing = [p.name for p in signature.parameters.values() if p.name in slots and p.default is MISSING]
    missing = [name for place, name in enumerate(missing) if place >= len(args) and name not in kwargs]
    if missing:
        wanted = ", ".join(name for name in slots if signature.parameters[name].default is MISSING)
        raise ParameterError(
            f"{twin.__name__} is a function of {wanted}.",
            arrived=f"It was called without {', '.join(missing)}.",
            allowed="Expected all of these, or no argument, which returns the loss itself.",
            do=f"Pass them; for compile, write {twin.cls.__name__}().",
        )
    given: dict[str, Any] = dict(kwargs)
    if args:
        given = dict(bound(twin.__name__, signature, args, kwargs).arguments)
    named = {name: given.pop(name) for name in slots if name in given}
    return named, given


def _predicted(forms: list[Inputs], named: dict[str, Any]) -> str | None:
    """The first prediction that arrived: the result has its type."""
    if not forms or "y_pred" in named:
        return "y_pred"
    return next((n for form in forms for n in form.side("pred") if named.get(n) is not None), None)
