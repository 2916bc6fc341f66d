"""`fit_linear` over Parquet files: the same optimum, found by passes over the rows."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..core.errors import ParameterError, shown
from ..core.results import RisingSums
from ..data.rowfiles import Files
from . import asking
from .data import ArrayData, Near, Sums
from .design import Design, arrange_moments
from .engines import Engine, ask, engine_of
from .fit import (
    FIRST,
    INTERCEPT,
    OUTPUTS,
    STANDARDISE,
    Found,
    LinearProblem,
    fitted,
    inwards,
    outwards,
    rooted,
    sees_differences,
    solve,
    target_of,
    try_out,
)
from .parts import OWNER, AskNear, AskPieces, AskSums, AskValues, Columns, Look, Question, Recipe, Seen, parts_of
from .pieces import Pieces
from .result import LinearFit
from .rows import Array, Rows, row_function
from .solver import Ending, looks_convex, minimise_by_sums, natural_scale
from .target import Target

SAMPLE = 2**13  # rows that tell what a loss is like, and where to start

Progress = Callable[[int, int, int], None]  # pass, parts done, parts in all


@dataclass(frozen=True)
class Asked:
    """Files, which columns of them are what, and who reads them."""

    path: str | Path
    y: Any
    weight: Any = None
    offset: Any = None
    inputs: Any = None
    engine: str = "local"
    workers: int | None = None
    progress: Progress | None = None
    drop: bool = False  # whether rows with a missing cell are left out
    texts: bool = False  # whether inputs may hold text

    def files(self) -> Files:
        chosen = None if self.inputs is None else _names(self.inputs)
        beside = [
            _name(one, what)
            for one, what in ((self.weight, "sample_weight"), (self.offset, "offset"))
            if one is not None
        ]
        return Files.at(OWNER, self.path, self.y, chosen, beside, texts=self.texts)


class TableData:
    """Rows that an engine asks, as a solver wants them. The last answers are kept: a pass costs more than memory."""

    def __init__(self, engine: Engine, parts: int, progress: Progress | None, counted: Any = None) -> None:
        self.engine, self.parts, self.progress = engine, parts, progress
        self.counted = counted or itertools.count(1)  # passes of all recipes
        self.recipe: Recipe | None = None
        self.known: dict[tuple[bytes, float], Sums] = {}

    def with_recipe(self, recipe: Recipe) -> TableData:
        """The same rows by another recipe."""
        other = TableData(self.engine, self.parts, self.progress, self.counted)
        other.recipe = recipe
        return other

    @property
    def columns(self) -> int:
        assert self.recipe is not None and self.recipe.design is not None
        return self.recipe.design.columns

    @property
    def outputs(self) -> int:
        assert self.recipe is not None and self.recipe.outputs is not None
        return self.recipe.outputs

    def ask(self, question: Question, recipe: Recipe | None = None) -> Any:
        """One pass."""
        progress, number = self.progress, next(self.counted)
        told = None if progress is None else lambda done, of: progress(number, done, of)
        used = recipe or self.recipe
        assert used is not None
        return ask(self.engine, self.parts, used, question, told)

    def sums(self, coefficients: Array, *, curvature: bool = True, width: float = 0.0) -> Sums:
        """As the contract says. A walk asks for a value first and for the curvature at the same place next: with one
        output both come from one pass."""
        key = (coefficients.tobytes(), width)
        found = self.known.get(key)
        if found is None or (curvature and found.curvature is None):
            found = self.ask(AskSums(coefficients, width, curvature or self.outputs == 1))
            self.known[key] = found
            while len(self.known) > 8:
                del self.known[next(iter(self.known))]
        return found

    def near(self, coefficients: Array, width: float) -> Near:
        found: Near = self.ask(AskNear(coefficients, width))
        return found

    def pieces(self, coefficients: Array, reach: float) -> Pieces | None:
        found = self.ask(AskPieces(coefficients, reach))
        return found if isinstance(found, Pieces) else None


class Session:
    """Files that an engine reads; several fits of the same columns share it."""

    def __init__(self, asked: Asked) -> None:
        self.files, self.drop = asked.files(), asked.drop
        files = self.files
        self.columns = Columns(tuple(files.wide), tuple(files.targets), asked.weight, asked.offset)
        stored = Columns(tuple(files.inputs), tuple(files.targets), asked.weight, asked.offset)
        parts = parts_of(files.files, stored.names, files.values)
        self.first = next(parts[0].blocks())
        self.engine = engine_of(asked.engine, parts, asked.workers)
        self.data = TableData(self.engine, len(parts), asked.progress)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *ended: object) -> None:
        self.engine.close()

    def fit(
        self, loss: Any, l1: float, l2: float, intercept: bool, standardise: bool, outputs: int | None
    ) -> LinearFit:
        """One fit."""
        read = asking.loss_of(loss)
        row_function(read)  # refuses losses whose rows are not apart
        if getattr(read, "gives", None) is RisingSums and (l1 or l2):
            raise rooted(read)
        head = np.column_stack([self.first.columns[name][:1000] for name in self.columns.inputs]).astype(np.float64)
        good = np.where(np.isfinite(head), head, 0.0)
        shift = good.mean(axis=0) if intercept else np.zeros(len(self.columns.inputs))
        recipe = Recipe(uuid.uuid4().hex, read, self.columns, outputs, drop=self.drop)
        look = Look(shift, max(1, self.files.rows // SAMPLE), self.columns.inputs)
        seen: Seen | None = self.data.ask(look, recipe)
        if seen is None:
            raise asking.wrong_weights("Every sample_weight is 0.")
        design = arrange_moments(seen.moments, shift, intercept, bool(l1 or l2))
        recipe = replace(recipe, key=uuid.uuid4().hex, outputs=seen.outputs, design=design)
        problem = _sample(seen, recipe, (intercept, l1, l2, standardise))
        try_out(read, recipe.programs, problem.y, seen.outputs)
        found = _solved(self.data.with_recipe(recipe), seen, problem)
        return fitted(found, read, loss, self.columns.inputs, seen.rows, seen.moments.weight, problem)

    def values(self, losses: list[Any], fits: list[LinearFit]) -> Array:
        """The mean of each loss (rows) over all rows, for each fit (columns), in one pass."""
        p, k = len(self.columns.inputs), np.atleast_2d(fits[0].coefficients.T).shape[0]
        plain = Design(np.empty((0, 0)), np.zeros(p), np.ones(p), np.eye(p), True, (), np.zeros(p, dtype=bool))
        recipes = tuple(
            Recipe(uuid.uuid4().hex, asking.loss_of(loss), self.columns, k, plain, self.drop) for loss in losses
        )
        at = tuple(np.concatenate([fit.coefficients.reshape(p, k), np.reshape(fit.intercept, (1, k))]) for fit in fits)
        sums = self.data.ask(AskValues(recipes, at), recipes[0])
        return np.asarray(sums[:-1].reshape(len(losses), len(fits)) / sums[-1])


def fit_table(
    asked: Asked, loss: Any, l1: float, l2: float, intercept: bool, standardise: bool, outputs: int | None
) -> LinearFit:
    """The fit of rows in files."""
    intercept = INTERCEPT.check("fit_linear", "intercept", intercept)
    standardise = STANDARDISE.check("fit_linear", "standardise", standardise)
    outputs = OUTPUTS.check("fit_linear", "outputs", outputs)
    l1, l2 = asking.penalty(l1, "l1"), asking.penalty(l2, "l2")
    with Session(asked) as session:
        return session.fit(loss, l1, l2, intercept, standardise, outputs)


def _sample(seen: Seen, recipe: Recipe, settings: tuple[bool, float, float, bool]) -> LinearProblem:
    """Some of the rows, as a problem in memory."""
    assert recipe.outputs is not None
    x, y, weight, offset = (np.concatenate(parts) for parts in zip(*seen.sample, strict=True))
    wide = np.repeat(offset[:, None], recipe.outputs, axis=1)
    return LinearProblem(x, y, recipe.outputs, recipe.programs, weight, wide, *settings)


def _solved(data: TableData, seen: Seen, problem: LinearProblem) -> Found:
    assert data.recipe is not None and data.recipe.design is not None
    design = data.recipe.design
    rows = Rows(data.recipe.programs, problem.y, data.outputs)
    sample = ArrayData(design.of(problem.x.T, len(problem.x)), rows, problem.weight, problem.offset)
    target = target_of(data, design, problem, sees_differences(rows, problem.offset))
    start = _start(problem, sample, target)
    eta = sample.predictions(start.reshape(target.shape))
    words = ""
    if not looks_convex(rows, eta, natural_scale(sample, eta)):
        start, words = _for_several_minima(data, seen, problem, target)
    return outwards(target, design, minimise_by_sums(target, sample, start), words)


def _start(problem: LinearProblem, sample: ArrayData, target: Target) -> Array:
    """The optimum of the sample, or 0 where it has none."""
    design = target.data.recipe.design  # type: ignore[attr-defined]
    zero = np.zeros(target.l1.size)
    if len(problem.x) <= problem.x.shape[1] + 1:
        return zero
    found = solve(problem)
    if found.ending.kind != "optimum":
        return zero
    return inwards(design, found.coefficients, found.intercepts).ravel()


def _for_several_minima(data: TableData, seen: Seen, problem: LinearProblem, target: Target) -> tuple[Array, str]:
    """As in memory: from the fit with absolute errors, or from 0 where targets are labels."""
    if problem.y.dtype.kind != "f" or problem.y.ndim != 2 or len(seen.labels) <= 2:
        return np.zeros(target.l1.size), "zero coefficients"
    assert data.recipe is not None
    loss = asking.loss_of(FIRST)
    absolute = replace(data.recipe, key=uuid.uuid4().hex, loss=loss)
    rows = Rows(absolute.programs, problem.y, data.outputs)
    first = replace(target, data=data.with_recipe(absolute))
    problem = replace(problem, function=absolute.programs)
    assert absolute.design is not None
    sample = ArrayData(absolute.design.of(problem.x.T, len(problem.x)), rows, problem.weight, problem.offset)
    ending: Ending = minimise_by_sums(first, sample, _start(problem, sample, first))
    return ending.c, f"the fit with {FIRST}"


def _names(given: Any) -> list[str]:
    names = [given] if isinstance(given, str) else list(given) if isinstance(given, (list, tuple)) else []
    return [_name(name, "inputs") for name in names or [given]]


def _name(given: Any, what: str) -> str:
    if isinstance(given, str):
        return given
    raise ParameterError(
        "ls.fit_linear(path, y) reads columns of files by their names.",
        arrived=f"{what} is {shown(given)}.",
        allowed="Expected the name of a column" + (", or a list of names." if what == "inputs" else "."),
        do="Write such numbers into the files as a column.",
    )
