"""A user's own loss as a full citizen, from a function of (y_true, y_pred) or from a closure that makes one."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

from .._calls import checked_call
from .errors import DefinitionError, shown
from .functions import function
from .loss import Loss, Tensor
from .params import Param

FIRST = ("y_true", "y_pred")


@checked_call
def loss(
    fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    tasks: tuple[str, ...] = (),
    family: str = "custom",
    package: str = "custom",
) -> Any:
    """Make a loss from a function or a closure: name, parameters, saving, weights, masks, checks and card follow.

        @ls.loss
        def ramp(y_true, y_pred, top=1.0):  # one value per row
            return ops.mean(ops.minimum(ops.abs(y_pred - y_true), top), axis=-1)

        ramp(y_true, y_pred, top=2.0)   # values per row
        ramp.cls(top=2.0)               # the loss for compile; also ls.get("ramp", top=2.0)

    A closure, a function of the parameters that returns a function of (y_true, y_pred), becomes the loss class itself:
    `ramp(top=2.0)` is then the loss for compile.

    Args:
        name: its name, by default the function's. `package` and the name identify it in saved files.
        aliases, tasks, family: how the catalogue lists it.

    Raises: DefinitionError for a lambda without a name, *args, or a name that another loss has.
    """
    if fn is None:
        return lambda f: loss(f, name=name, aliases=aliases, tasks=tasks, family=family, package=package)
    parameters = _parameters(fn)
    name = str(name or getattr(fn, "__name__", type(fn).__name__))
    _check(fn, name, parameters)
    plain = len(parameters) >= 2 and tuple(p.name for p in parameters[:2]) == FIRST
    plain = plain or (len(parameters) >= 2 and all(p.default is p.empty for p in parameters[:2]))
    own = parameters[2:] if plain else parameters
    hints = _hints(fn)
    namespace: dict[str, Any] = {
        "__doc__": fn.__doc__ or f"A loss made from the function {name}.",
        "__module__": fn.__module__,
        "__annotations__": {p.name: _annotation(hints.get(p.name, Any), p) for p in own},
        **{p.name: p.default for p in own if p.default is not p.empty},
        "call": _call(fn, [p.name for p in own], plain),
    }
    options = {"aliases": aliases, "tasks": tasks, "family": family, "package": package}
    made: Any = types.new_class(_camel(name), (Loss,), options, lambda body: body.update(namespace))
    return function(made) if plain else made


def _parameters(fn: Any) -> list[inspect.Parameter]:
    """Those of a function, or of an object that is called like one."""
    try:
        if callable(fn) and not isinstance(fn, type):
            return list(inspect.signature(fn).parameters.values())
    except ValueError:  # some functions written in C do not say theirs
        pass
    raise DefinitionError(
        "lossary.loss makes a loss from a function.",
        arrived=f"It was given {shown(fn)}.",
        allowed="Expected a function of (y_true, y_pred), or a function that returns one.",
        do="Write it as a function; for a class, derive it from ls.Loss.",
    )


def _call(fn: Callable[..., Any], own: list[str], plain: bool) -> Callable[[Any, Tensor, Tensor], Tensor]:
    def call(self: Any, y_true: Tensor, y_pred: Tensor) -> Tensor:
        parameters = {name: getattr(self, name) for name in own}
        return fn(y_true, y_pred, **parameters) if plain else fn(**parameters)(y_true, y_pred)

    return call


def _hints(fn: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(fn, include_extras=True)
    except (NameError, TypeError):
        return {}


def _annotation(hint: Any, parameter: inspect.Parameter) -> Any:
    """The declared bounds where there are any; else the kind of number that the default is."""
    if any(isinstance(extra, Param) for extra in getattr(hint, "__metadata__", ())):
        return hint
    kind = {bool: "flag", float: "number", int: "number"}.get(type(parameter.default), "free")
    return Annotated[hint, Param(f"The parameter {parameter.name} of this loss.", kind=kind)]


def _check(fn: Callable[..., Any], name: str, parameters: list[inspect.Parameter]) -> None:
    loose = [p.name for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if not name.isidentifier() or loose:
        raise DefinitionError(
            "lossary.loss makes a loss that can be saved and found by name.",
            arrived=f"It was given {fn!r}" + (f" with *args or **kwargs: {', '.join(loose)}." if loose else "."),
            allowed="Expected a function with a name and named parameters.",
            do="Give a lambda a name with lossary.loss(fn, name='...'), and write the parameters out.",
        )


def _camel(name: str) -> str:
    """focal_loss -> FocalLoss; a name in capitals already stays."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
