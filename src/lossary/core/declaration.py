"""How a class is read: its typed fields become the constructor's signature, bounds, and the card's parameters."""

from __future__ import annotations

import functools
import inspect
import re
import typing
from dataclasses import field
from inspect import Parameter, Signature
from typing import Annotated, Any, ClassVar, dataclass_transform

from .absent import MISSING
from .cards import ParamCard
from .params import INF, Param

COMMON = [
    Parameter(name, Parameter.KEYWORD_ONLY, default=default)
    for name, default in {"reduction": "sum_over_batch_size", "name": None, "dtype": None}.items()
]
ENTRIES = Parameter("entries", Parameter.KEYWORD_ONLY, default=False)


class ClassSignature:
    """The constructor's signature, for the class alone: an instance is called with y_true and y_pred."""

    def __get__(self, instance: Any, owner: Any) -> Signature:
        if instance is not None:
            raise AttributeError("__signature__")
        return owner.signature


@dataclass_transform(field_specifiers=(field,))
class Fields:
    """Tells type checkers that annotated attributes are constructor arguments."""


def declaration(cls: type, positional: list[str] | None) -> tuple[Signature, dict[str, Param]]:
    """Constructor signature and parameters: from an own __init__ where there is one, else from the typed fields.

    `positional` names what may be given by place, in Keras's order; all else is taken by name. Without it, fields may
    be given by place except those of lossary's forms, and those that all losses share.
    """
    if "__init__" in vars(cls):
        written = list(Signature.from_callable(vars(cls)["__init__"]).parameters.values())[1:]
        own = [p for p in written if p.kind is not Parameter.VAR_KEYWORD]
        params = {p.name: Param("A parameter of this loss.", kind="free") for p in own if p.name not in COMMON_NAMES}
        rest = [p for p in COMMON if p.name not in {q.name for q in own}]
        return Signature(sorted([*own, *rest], key=lambda p: p.kind)), params
    params, parameters = {}, {p.name: p for p in COMMON}
    hints, shared = _field_hints(cls), _fields_of_forms(cls)
    for name, hint in hints.items():
        params[name] = next((m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Param)), None) or Param(
            "A parameter of this loss.", kind="free"
        )
        default = getattr(cls, name, Parameter.empty)
        parameters[name] = Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=hint)
    order = [name for name in hints if name not in shared] if positional is None else positional
    first = [parameters[name].replace(kind=Parameter.POSITIONAL_OR_KEYWORD) for name in order]
    rest = [parameters[name] for name in [*hints, *COMMON_NAMES] if name not in order]
    rest += [ENTRIES] if getattr(cls, "entrywise", False) else []
    rest += [MISSING] if getattr(cls, "missable", False) else []
    return Signature([*first, *rest]), params


def _fields_of_forms(cls: type) -> set[str]:
    """The fields that lossary's own forms give to many losses."""
    declared = [base for base in cls.__mro__ if issubclass(base, Fields) and base is not Fields]
    forms = [base for base in declared if base.__module__.startswith(f"{__package__}.forms")]
    own = [base for base in declared if base not in forms and base.__module__ != f"{__package__}.loss"]
    return {n for b in forms for n in inspect.get_annotations(b)} - {n for b in own for n in inspect.get_annotations(b)}


COMMON_NAMES = tuple(p.name for p in COMMON)
_OWN_NAMES = {
    *COMMON_NAMES,
    "params",
    "tasks",
    "traits",
    "aliases",
    "family",
    "signature",
    "inputs",
    "gives",
    "heads",
    "_arguments",
}


def _field_hints(cls: type) -> dict[str, Any]:
    """The typed fields of a class: its own first, then those of its form."""
    order: dict[str, Any] = {}
    bases: tuple[Any, ...] = cls.__mro__
    for base in bases:
        if issubclass(base, Fields) and base.__module__ != f"{__package__}.loss":
            for name, hint in _own_hints(base).items():
                if name[0] != "_" and name not in _OWN_NAMES and typing.get_origin(hint) is not ClassVar:
                    order.setdefault(name, hint)
    return order


@functools.cache
def _own_hints(cls: Any) -> dict[str, Any]:
    """What a class itself annotates. (typing.get_type_hints reads all its bases again, for each loss.)"""
    try:
        return inspect.get_annotations(cls, eval_str=True)
    except NameError:  # a user's annotation that cannot be resolved here; its name is enough
        return dict.fromkeys(inspect.get_annotations(cls), Any)


def param_card(name: str, param: Param, parameter: Parameter) -> ParamCard:
    hint = parameter.annotation
    shown = hint.__origin__ if typing.get_origin(hint) is Annotated else hint
    default = None if parameter.default is Parameter.empty else parameter.default
    return ParamCard(
        name=name,
        type=getattr(shown, "__name__", str(shown)) if "|" not in str(shown) else str(shown),
        default=default,
        text=param.text,
        allowed=param.allowed(),
        low=None if param.low == -INF else param.low,
        high=None if param.high == INF else param.high,
        closed=param.closed,
        slide=param.slide,
    )


def snake(name: str) -> str:
    """HuberLoss -> huber_loss, KLDivergence -> kl_divergence, SmoothL1 -> smooth_l1, GIoU -> giou."""
    name = re.sub(r"[A-Z]?IoU", lambda found: found[0].capitalize(), name)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
