"""What a check looks at: the first rows, and targets and weights of all rows, out of whatever `ls.train` takes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import tree

from ..core.errors import LossaryError
from ..data.arrays import array, arrays
from ..data.batches import batches_of, gives_once, on_host
from ..data.rowfiles import Files
from .case import ROWS

PASSED = 2**26  # bytes of a stream that are gone through for the targets of further rows
TAKEN = (
    "Expected arrays, tables or tensors, lists or dictionaries of them, or something that yields batches (x, y): "
    "a dataset, a loader, a generator, a Parquet file."
)


@dataclass(frozen=True)
class Feed:
    """Inputs x, targets y and weights w of the first rows; `every_x`, `every_y` and `every_w` of all that were seen."""

    x: Any
    y: Any
    w: Any
    every_x: Any
    every_y: Any
    every_w: Any


def feed(x: Any, y: Any = None, w: Any = None) -> Feed:
    """Rows for check(model, x, y, w)."""
    if isinstance(x, (str, Path)):
        return _of_parquet(Path(x), y)
    batches = batches_of(x)
    if batches is not None:
        if y is not None or w is not None:
            raise LossaryError(
                "check(model, x) takes targets and weights from the batches of x.",
                arrived=f"x is a {type(x).__name__}, and {'y' if y is not None else 'sample_weight'} is given too.",
                allowed=TAKEN,
                do="Put them into the batches.",
            )
        return _of_batches(iter(batches()), x)
    if x is None or y is None:
        raise LossaryError(
            "check(model, x, y) compares predictions with targets.",
            arrived=f"{'x' if x is None else 'y'} is missing.",
            allowed=TAKEN,
            do="Pass the training data, or some rows of them: ls.check(model, x[:256], y[:256]).",
        )
    x, y, w = inputs(x), numbers(y, "y"), numbers(w, "sample_weight")
    same_rows("check", x=x, y=y, sample_weight=w)
    return Feed(_first(x), _first(y), _first(w), x, y, w)


def inputs(x: Any) -> Any:
    """Inputs as a model takes them: numbers or text; tensors stay, whatever they hold."""
    if isinstance(x, dict):
        return {name: inputs(part) for name, part in x.items()}
    if isinstance(x, (list, tuple)) and any(getattr(part, "shape", ()) for part in x):
        return type(x)(inputs(part) for part in x)
    ragged = hasattr(x, "row_splits") or type(x).__name__ == "RaggedTensor"
    return x if ragged or keras.ops.is_tensor(x) else arrays(x, "x", text=True)


def numbers(y: Any, what: str) -> Any:
    """Targets or weights as NumPy, in their structure; what holds no numbers is refused."""
    if what == "sample_weight" and np.ndim(y) == 0 and y is not None and not isinstance(y, (str, dict)):
        return array(y, what)  # one number for all rows
    for part in tree.flatten(y):
        if type(part).__name__ == "RaggedTensor" or getattr(part, "is_nested", False) is True:
            raise LossaryError(
                "check reads targets and weights row by row.",
                arrived=f"{what} is ragged: its rows have different lengths.",
                allowed=TAKEN,
                do="Pad the rows to one length (to_tensor()), and leave the padding out by a mask or sample_weight=0.",
            )
    return arrays(y, what, int64=True)


def same_rows(who: str, **named: Any) -> None:
    """Refuse data of different numbers of rows, and data of none."""
    counts = {name: {len(part) for part in _leaves(data) if np.ndim(part)} for name, data in named.items()}
    every = set().union(*counts.values())
    if len(every) > 1 or every == {0}:
        shown = ", ".join(f"{min(rows)} rows in {name}" for name, rows in counts.items() if rows)
        raise LossaryError(
            f"{who} reads the data row by row.",
            arrived=f"There are {shown}.",
            allowed="Expected the same number of rows in each, and at least one row.",
            do="Pass whole arrays, rows first.",
        )


def refuse_no_rows(**named: Any) -> None:
    """Refuse arrays without a row."""
    for name, data in named.items():
        if np.ndim(data) and len(data) == 0:
            raise LossaryError(
                "check(loss, y_true, y_pred) needs at least one row.",
                arrived=f"{name} has shape {np.shape(data)}: it has no rows.",
                allowed="Expected an array, list or tensor with one row per example, and at least one row.",
                do="Check how it was made: a filter that keeps nothing, or an empty file.",
            )


def _leaves(data: Any) -> list[Any]:
    return [part for part in tree.flatten(data) if part is not None]


def _first(data: Any, rows: int = ROWS) -> Any:
    return None if data is None else tree.map_structure(lambda part: part[:rows] if np.ndim(part) else part, data)


# -- batch by batch ---------------------------------------------------------------------------------------------


def _of_batches(batches: Iterator[Any], source: Any) -> Feed:
    """The first rows of a stream, and the targets of those after them as long as it ends and is small."""
    whole: list[Any] = []
    count = 0
    for batch in batches:
        whole.append(_split(batch))
        count += len(_leaves(whole[-1])[0])
        if count >= ROWS:
            break
    if not count:
        raise LossaryError(
            "check(model, x) reads the batches of x.",
            arrived=f"This {type(source).__name__} yields none.",
            allowed="Expected a stream of at least one batch with a row.",
            do="Check what x yields, for instance next(iter(x)).",
        )
    if whole[0][1] is None:
        raise LossaryError(
            "check(model, x) takes targets from the batches of x.",
            arrived=f"The batches of this {type(source).__name__} hold only inputs.",
            allowed=TAKEN,
            do="Let each batch be (x, y) or (x, y, sample_weight).",
        )
    further = [] if gives_once(source) else list(_further(batches))  # a generator cannot begin anew
    firsts = [_joined([batch[k] for batch in whole]) for k in range(3)]
    every_y, every_w = (_joined([batch[k] for batch in [*whole, *further]]) for k in (1, 2))
    return Feed(_first(firsts[0]), _first(firsts[1]), _first(firsts[2]), firsts[0], every_y, every_w)


def _further(batches: Iterator[Any]) -> Iterator[Any]:
    passed = 0
    for batch in batches:
        x, y, w = _split(batch)
        passed += sum(getattr(part, "nbytes", 8) for part in _leaves((x, y, w)))
        yield None, y, w
        if passed > PASSED:
            return


def _split(batch: Any) -> tuple[Any, Any, Any]:
    x, y, w = keras.utils.unpack_x_y_sample_weight(on_host(batch))
    return inputs(x), numbers(y, "y"), numbers(w, "sample_weight")


def _joined(parts: list[Any]) -> Any:
    """Batches one below the other, as far as their rows have one shape."""
    parts = [part for part in parts if part is not None]
    if len(parts) < 2:
        return parts[0] if parts else None
    shapes = [[np.shape(leaf)[1:] for leaf in _leaves(part)] for part in parts]
    alike = list(itertools.takewhile(lambda pair: pair[1] == shapes[0], zip(parts, shapes, strict=True)))
    return tree.map_structure(
        lambda *leaves: np.concatenate([np.asarray(on_host(x)) for x in leaves]), *(p for p, _ in alike)
    )


def _of_parquet(path: Path, targets: Any) -> Feed:
    """Inputs of the first rows of Parquet files, and the target columns of all rows."""
    files = Files.at("check(model, path, y)", path, targets)
    x, y = files.head(ROWS).astype(keras.config.floatx()), files.every_target()
    return Feed(x, y[: len(x)], None, x, y, None)
