"""Parts of a table in Parquet files, and what is asked of them: answers of blocks add up to the answer of a part."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from operator import add
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ..core.errors import LossaryError
from ..data.rowfiles import columns_in, opened
from . import asking
from .data import ArrayData, Near, Sums
from .design import Design, Moments
from .pieces import Pieces
from .rows import Array, Programs, Rows, block_of, row_function

OWNER = "fit_linear(path, y)"
READ = 2**16  # rows that are read together
PIECE = block_of(1)  # rows that are computed together
PART = 2**20  # rows of a part, where the row groups of a file allow it
LABELS = 3  # distinct targets that are told apart


@dataclass(frozen=True)
class Columns:
    """Which columns are what. Targets, a weight and an offset have names of columns; so have the inputs."""

    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    weight: str | None = None
    offset: str | None = None

    @property
    def names(self) -> list[str]:
        extra = [name for name in (self.weight, self.offset) if name]
        return list(dict.fromkeys([*self.inputs, *self.targets, *extra]))


@dataclass(frozen=True)
class Block:
    """Rows as they are stored, by column; `first` is the number of the first one in the table."""

    columns: dict[str, Array]
    first: int

    def pieces(self) -> Iterator[Block]:
        """Of so few rows that they stay in the cache."""
        count = len(next(iter(self.columns.values())))
        for at in range(0, count, PIECE):
            rows = slice(at, at + PIECE)
            yield Block({name: column[rows] for name, column in self.columns.items()}, self.first + at)


@dataclass(frozen=True)
class Part:
    """Row groups of one file. It is read anew for each question, unless an engine keeps its `blocks`."""

    file: Path
    groups: tuple[int, ...]
    first: int
    rows: int
    names: tuple[str, ...]
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of columns of text

    def blocks(self) -> Iterator[Block]:
        first = self.first
        with opened(OWNER, self.file) as parquet:
            for batch in parquet.iter_batches(READ, row_groups=list(self.groups), columns=list(self.names)):
                yield Block(columns_in(batch, self.values), first)
                first += batch.num_rows


def parts_of(
    files: list[Path], names: list[str], values: dict[str, tuple[str, ...]] | None = None, most: int | None = None
) -> list[Part]:
    """The row groups of all files, some together: parts of about `most` rows of these columns."""
    found: list[Part] = []
    first, most = 0, most or PART
    for file in files:
        with opened(OWNER, file) as parquet:
            sizes = [parquet.metadata.row_group(k).num_rows for k in range(parquet.metadata.num_row_groups)]
        groups: list[int] = []
        for k, size in enumerate([*sizes, most]):
            rows = sum(sizes[g] for g in groups)
            if rows and (k == len(sizes) or rows + size > most):
                found.append(Part(file, tuple(groups), first, rows, tuple(names), values or {}))
                first, groups = first + rows, []
            groups.append(k)
    return found


@dataclass(frozen=True)
class Numbers:
    """Rows that count: inputs by column, as they are stored; targets, weights and offsets; the number of outputs."""

    columns: list[Array]
    y: Array
    weight: Array
    offset: Array
    outputs: int

    @property
    def x(self) -> Array:
        """(n, p), in float64."""
        return np.stack(self.columns, axis=1, dtype=np.float64)


@dataclass(frozen=True)
class Recipe:
    """How stored rows become rows of a linear problem. `key` tells recipes apart; a program is made once for each."""

    key: str
    loss: Any
    columns: Columns
    outputs: int | None = None
    design: Design | None = None
    drop: bool = False  # whether rows with a missing cell are left out

    @property
    def programs(self) -> Programs:
        return _programs(self)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recipe) and other.key == self.key

    def numbers(self, block: Block) -> Numbers | None:
        """The rows that count; refused where a number of them is wrong. None where none counts."""
        known, columns = block.columns, self.columns
        n = len(known[columns.names[0]])
        y = (
            known[columns.targets[0]]
            if len(columns.targets) == 1
            else np.column_stack([known[t] for t in columns.targets])
        )
        if self.drop and y.dtype.kind == "f":
            y = np.where(np.isnan(y), 0.0, y)
        target, outputs = asking.targets(y, n, self.loss, self.outputs)
        weight = np.ones(n) if columns.weight is None else _weights(known[columns.weight], block)
        keep: Array = (weight > 0) & ~asking.ignored(self.loss, target)
        if self.drop:
            for name in columns.names:
                keep &= ~np.isnan(known[name])
        offset = np.zeros(n) if columns.offset is None else known[columns.offset].astype(np.float64, copy=False)
        inputs = [known[name] for name in columns.inputs]
        if keep.all():
            return Numbers(inputs, target, weight, offset, outputs)
        if not keep.any():
            return None
        return Numbers([column[keep] for column in inputs], target[keep], weight[keep], offset[keep], outputs)

    def rows_of(self, block: Block) -> ArrayData | None:
        """The rows of a block as a solver asks them; None where none counts."""
        assert self.design is not None and self.outputs is not None
        found = self.numbers(block)
        if found is None:
            return None
        rows = Rows(self.programs, found.y, self.outputs)
        offset = np.repeat(found.offset[:, None], self.outputs, axis=1)
        return ArrayData(self.design.of(found.columns, len(found.y)), rows, found.weight, offset)


@lru_cache(maxsize=16)
def _programs(recipe: Recipe) -> Programs:
    return row_function(recipe.loss)


def _weights(found: Array, block: Block) -> Array:
    found = found.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(found) | (found < 0))
    if bad.size:
        raise asking.wrong_weights(f"sample_weight holds {found[bad[0]]:g} in row {block.first + bad[0]}.")
    return found


class Question(Protocol):
    """What is asked of every part: of each of its blocks, whose answers add up. None adds nothing."""

    def of(self, recipe: Recipe, block: Block) -> Any: ...


@dataclass(frozen=True)
class Seen:
    """What a first look at all rows tells. `sample`: every so manieth row, as x, y, weight, offset."""

    rows: int
    moments: Moments
    outputs: int
    labels: frozenset[float]
    sample: tuple[tuple[Array, ...], ...] = field(repr=False)

    def __add__(self, other: Seen) -> Seen:
        labels = frozenset(sorted(self.labels | other.labels)[:LABELS])
        outputs = max(self.outputs, other.outputs)
        return Seen(self.rows + other.rows, self.moments + other.moments, outputs, labels, self.sample + other.sample)


@dataclass(frozen=True)
class Look:
    """The first question: whether all numbers are good, and what their columns are like."""

    shift: Array
    stride: int
    names: tuple[str, ...]

    def of(self, recipe: Recipe, block: Block) -> Seen | None:
        found = recipe.numbers(block)
        if found is None:
            return None
        x, y, weight, offset = found.x, found.y, found.weight, found.offset
        for part, what, where in ((x, "x", self.names), (y, "y", ()), (offset, "offset", ())):
            asking.finite(part, what, where, block.first)
        asking.check_values(recipe.programs, y, found.outputs)
        every = slice((-block.first) % self.stride, None, self.stride)
        labels = frozenset(np.unique(y.reshape(len(y), -1)[:, 0])[:LABELS].tolist())
        sample = tuple(part[every].copy() for part in (x, y, weight, offset))
        return Seen(len(x), Moments.of(x, weight, self.shift), found.outputs, labels, (sample,))


@dataclass(frozen=True)
class AskSums:
    """Sums at coefficients (p, k)."""

    c: Array
    width: float
    curvature: bool

    def of(self, recipe: Recipe, block: Block) -> Sums | None:
        data = recipe.rows_of(block)
        return None if data is None else data.sums(self.c, curvature=self.curvature, width=self.width)


@dataclass(frozen=True)
class AskNear:
    """Sums with corners rounded off, and lines below the rows."""

    c: Array
    width: float

    def of(self, recipe: Recipe, block: Block) -> Near | None:
        data = recipe.rows_of(block)
        return None if data is None else data.near(self.c, self.width)


@dataclass(frozen=True)
class AskPieces:
    """Rows with the corners near by; `Curved` where they are no lines."""

    c: Array
    reach: float

    def of(self, recipe: Recipe, block: Block) -> Pieces | Curved | None:
        data = recipe.rows_of(block)
        return None if data is None else Pieces.of(data, self.c, self.reach) or Curved()


@dataclass(frozen=True)
class AskValues:
    """Σ w v for each recipe and each of several coefficients, in a row, and Σ w at the end."""

    recipes: tuple[Recipe, ...]
    at: tuple[Array, ...]

    def of(self, recipe: Recipe, block: Block) -> Array | None:
        found, count = [], 0.0
        for one in self.recipes:
            data = one.rows_of(block)
            if data is None:
                return None
            found += [data.value(c) for c in self.at]
            count = float(data.weight.sum())
        return np.array([*found, count])


@dataclass(frozen=True)
class Curved:
    """The answer where some rows are no lines."""

    def __add__(self, other: Any) -> Curved:
        return self

    __radd__ = __add__


@dataclass(frozen=True)
class Refused:
    """The answer where a row is wrong: an error that travels."""

    error: LossaryError

    def __add__(self, other: Any) -> Refused:
        return self

    __radd__ = __add__


def merged(answers: Iterator[Any]) -> Any:
    """The sum of the answers that are some, in their order; None where none is."""
    some = (answer for answer in answers if answer is not None)
    first = next(some, None)
    return None if first is None else reduce(add, itertools.chain([first], some))


def answer(recipe: Recipe, question: Question, blocks: Iterator[Block]) -> Any:
    """What a part says; the same wherever it is asked."""
    try:
        return merged(question.of(recipe, piece) for block in blocks for piece in block.pieces())
    except LossaryError as error:
        return Refused(error)
