"""Where parts of a table are asked: here, by Ray actors or by Dask workers. Each engine is loaded when it is named."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module, util
from typing import Any, Protocol

from ...core.errors import LossaryError, ParameterError, shown
from ..parts import Part, Question, Recipe, Refused, merged

ENGINES = ("local", "ray", "dask")
AGAIN = 3  # how often a part is asked once more after its worker was lost


class Lost:
    """The answer of a part whose worker is gone."""


class Engine(Protocol):
    """Asks parts, in any order. A part may be asked anew: its answer is the same wherever it is computed."""

    def begin(self, place: int, recipe: Recipe, question: Question) -> None:
        """Have a part asked."""
        ...

    def ended(self) -> tuple[int, Any]:
        """The place of a part that has answered, and the answer; `Lost` where its worker is gone."""
        ...

    def close(self) -> None:
        """Free what the engine holds."""
        ...


Progress = Callable[[int, int], None]  # parts that have answered, of all


def ask(engine: Engine, count: int, recipe: Recipe, question: Question, progress: Progress | None = None) -> Any:
    """The merged answer of all parts, added up in their order, so that it does not depend on who was first."""
    for place in range(count):
        engine.begin(place, recipe, question)
    answers: dict[int, Any] = {}
    asked = dict.fromkeys(range(count), 1)
    while len(answers) < count:
        place, found = engine.ended()
        if isinstance(found, Lost):
            if asked[place] > AGAIN:
                raise _lost(place, asked[place])
            asked[place] += 1
            engine.begin(place, recipe, question)
            continue
        answers[place] = found
        if progress is not None:
            progress(len(answers), count)
    whole = merged(answers[place] for place in range(count))
    if isinstance(whole, Refused):
        raise whole.error
    return whole


def engine_of(name: Any, parts: list[Part], workers: int | None) -> Engine:
    """An engine by its name."""
    if not isinstance(name, str) or name not in ENGINES:
        raise ParameterError(
            "ls.fit_linear(engine=...) says where the rows of files are read.",
            arrived=f"engine is {shown(name)}.",
            allowed=f"Expected one of {', '.join(map(repr, ENGINES))}.",
            do='Leave engine out, or pass engine="ray" for Ray actors.',
        )
    needed = {"ray": "ray", "dask": "distributed"}.get(name)
    if needed and util.find_spec(needed) is None:
        raise LossaryError(
            f"engine={name!r} asks workers of {name.capitalize()} for sums over rows.",
            arrived=f"The package {needed!r} is not installed.",
            allowed='Expected the package, or engine="local".',
            do=f"Install it: pip install 'lossary[{name}]'.",
        )
    made: Engine = import_module(f"{__name__}.by_{name}" if needed else f"{__name__}.local").engine(parts, workers)
    return made


def _lost(place: int, times: int) -> LossaryError:
    return LossaryError(
        "ls.fit_linear asks every part of the table for its sums.",
        arrived=f"The worker of part {place} was lost {times} times.",
        allowed="Expected a worker that survives one pass over its part.",
        do="Find out why workers stop: too little memory is common. Write smaller row groups, or use fewer workers.",
    )
