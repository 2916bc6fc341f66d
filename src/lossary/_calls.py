"""Calls that do not fit the signature of a public function: an error in four parts, with an example that does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from ._errors import LossaryError, did_you_mean, shown

Called = TypeVar("Called", bound=Callable[..., Any])


class CallError(LossaryError, TypeError):
    """A function is called with arguments that it does not take."""


def checked_call(f: Called) -> Called:
    """A public function, or the `__init__` of a public class, that says what it takes when it is called wrongly.

    Calls that fit cost nothing but a frame: Python compares the arguments with the signature, as always.
    """

    @wraps(f)
    def called(*args: Any, **kwargs: Any) -> Any:
        try:
            return f(*args, **kwargs)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:  # raised by what f does
                raise
            raise _refused(f, args, kwargs) from None

    if f.__name__ == "__init__":  # Keras looks at the one that it finds, not at the one that is wrapped
        import inspect

        called.__signature__ = inspect.signature(f)  # type: ignore[attr-defined]
    return cast(Called, called)


def _refused(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> CallError:
    import inspect

    owner, name, parameters = f, f.__name__, list(inspect.signature(f).parameters.values())
    if name == "__init__":
        owner, args, parameters = type(args[0]), args[1:], parameters[1:]
        name = owner.__name__
    name = f"ls.heads.{name}" if owner.__module__.startswith("lossary.heads") else f"ls.{name}"
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    by_position = [p.name for p in named if p.kind is not p.KEYWORD_ONLY]
    needed = {p.name: p.name if p.name in by_position else f"{p.name}=..." for p in named if p.default is p.empty}
    known = [p.name for p in named]
    optional = [one for one in known if one not in needed]
    others = ", and its other arguments by name" if len(by_position) < len(parameters) else ""
    expected = [", ".join(needed)] if needed else []
    expected += [("optional: " if needed else "at most ") + ", ".join(optional)] if optional else []
    return CallError(
        f"{name} takes {', '.join(by_position) or 'nothing'} by position{others}.",
        arrived=_arrived(args, kwargs, parameters, by_position, needed),
        allowed=f"Expected {'; '.join(expected) or 'no argument'}.",
        do=did_you_mean(kwargs, known) or f"Write for instance: {_example(name, owner.__doc__ or '', needed)}",
    )


def _arrived(
    args: tuple[Any, ...], kwargs: dict[str, Any], parameters: list[Any], by_position: list[str], needed: Iterable[str]
) -> str:
    if len(args) > len(by_position):
        return f"It was given {len(args)} by position: {', '.join(map(_kind, args))}."
    given, known = by_position[: len(args)], [p.name for p in parameters]
    if twice := [name for name in given if name in kwargs]:
        return f"It was given {', '.join(twice)} both by position and by name."
    missing = [name for name in needed if name not in given and name not in kwargs]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    unknown = [] if takes_any else [name for name in kwargs if name not in known]
    said = [f"called without {', '.join(missing)}"] if missing else []
    said += [f"given {', '.join(unknown)}, which it does not have"] if unknown else []
    return f"It was {', and '.join(said)}."


def _kind(value: Any) -> str:
    """An argument in a word or two: what it is, not what it holds."""
    if value is None or isinstance(value, (str, int, float)):
        return shown(value, 40)
    if isinstance(value, type) or type(value).__name__ == "function":
        return str(getattr(value, "__name__", "a function"))
    kind, shape = type(value).__name__.replace("ndarray", "array"), getattr(value, "shape", None)
    article = "an" if kind[0].lower() in "aeiou" else "a"
    return f"{article} {kind}" + (f" of shape {tuple(shape)}" if isinstance(shape, tuple) else "")


def _example(name: str, text: str, needed: Mapping[str, str]) -> str:
    """The first call in a docstring, in one line; else the shortest call that fits."""
    bare = name.rpartition(".")[2]
    for found in re.finditer(rf"(?<![\w.])(?:ls\.)?{bare}\(", text):
        depth = 0
        for place in range(found.end() - 1, len(text)):
            depth += (text[place] in "([{") - (text[place] in ")]}")
            if not depth:
                inside = re.sub(r"\s*\n[\s.]*", " ", text[found.end() : place])
                if inside and "..." not in inside:
                    return f"{name}({inside})"
                break
    return f"{name}({', '.join(needed.values())})"
