"""Which arguments may be given by place, and what a call by place once meant."""

from __future__ import annotations

import warnings
from inspect import BoundArguments, Parameter, Signature
from typing import Any

from .errors import LossaryError, ParameterError, did_you_mean, shown
from .params import Param


def bound(owner: str, signature: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> BoundArguments:
    """The arguments by name, or a ParameterError with the names that are known."""
    try:
        return signature.bind(*args, **kwargs)
    except TypeError as error:
        by_place = [p.name for p in signature.parameters.values() if p.kind is not Parameter.KEYWORD_ONLY]
        raise ParameterError(
            f"{owner}{_without_types(signature)} is the signature.",
            arrived=f"The arguments do not match: {error}.",
            allowed=f"Expected {', '.join(signature.parameters)}; by position, {', '.join(by_place) or 'none'}.",
            do=did_you_mean(kwargs, signature.parameters) or "Pass the arguments by name.",
        ) from None


def check_name(owner: str, name: Any) -> None:
    """A name is text: a number at its place was meant for a parameter that another release of Keras has there."""
    if name is not None and not isinstance(name, str):
        raise ParameterError(
            f"{owner}(name=...) names the loss in logs.",
            arrived=f"It was given name={shown(name)}.",
            allowed="Expected text, or None for the loss's own name.",
            do="Pass parameters by name, so that none ends up in the position of another.",
        )


def warn_of_moved_places(owner: str, params: dict[str, Param], signature: Signature, args: tuple[Any, ...]) -> None:
    """Places once followed the declaration and now follow Keras: warn where the values could be meant the old way."""
    pairs = list(zip(signature.parameters, params.items(), args, strict=False))
    if len(pairs) < len(args) or not all(_lawful(owner, *before, value) for _, before, value in pairs):
        return
    for name, (before, _), value in pairs:
        if name != before:
            warnings.warn(
                f"{owner} takes {name} at this position, as Keras does; before 0.1.0 it took {before}. "
                f"Write {name}={shown(value)}, or {before}={shown(value)}.",
                stacklevel=3,
            )


def _lawful(owner: str, name: str, param: Param, value: Any) -> bool:
    try:
        param.check(owner, name, value)
    except LossaryError:
        return False
    return True


def _without_types(signature: Signature) -> Signature:
    """A signature as a person reads it: names and defaults."""
    return signature.replace(parameters=[p.replace(annotation=p.empty) for p in signature.parameters.values()])


def ordered(parameters: list[Parameter], positional: str | None) -> Signature:
    """Parameters with the named ones first, by place, and the others by name; as they are where none are named."""
    if positional is None:
        return Signature(parameters)
    by_name, order = {p.name: p for p in parameters}, positional.split()
    rest = [p.replace(kind=Parameter.KEYWORD_ONLY) for p in parameters if p.name not in order]
    return Signature([*(by_name[name] for name in order), *rest])
