"""Which part of a sum sees which output and target, by name; and the logs of the parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops

from ..core import across, moments
from ..core.errors import LossaryError, ShapeError
from ..core.sums import Sum
from ..numerics.keras_private import outputs_structure
from .apart import regularization_of, rows_of
from .sources import Column

Tensor = Any


class Routed:
    """Stands where a compiled model keeps its loss: routes by name, adds up, and keeps a mean of every part.

    The logs of fit then hold, beside "loss" (the whole target), each part's own value, weights that move, what is
    learned, and "regularization".
    """

    name = "compile_loss"
    built = False  # Keras then tries the loss on symbols before it starts, and an error finds the model whole

    def __init__(
        self,
        loss: Sum,
        output_names: list[str] | None = None,
        columns: Iterable[str] = (),
    ) -> None:
        self.loss, self.output_names, self.columns = loss, output_names, set(columns)
        terms = loss.term_names()
        alone = len(terms) == 1 and not loss.parts[0].weights  # then it is the loss itself
        names = [*([] if alone else terms), *loss.logged_values()]
        self.means = {name: keras.metrics.Mean(name=name) for name in [*names, "regularization"]}
        if output_names is not None:
            self._check_names(list(output_names))

    @property
    def metrics(self) -> list[Any]:
        return list(self.means.values())

    @property
    def variables(self) -> list[Any]:
        return [variable for metric in self.metrics for variable in metric.variables]

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Nothing is left to build."""
        self.built = True

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        self.built = True
        terms, total = self.split(y_true, y_pred, sample_weight)
        count = rows_of(y_pred)
        for name, value in (terms | self.loss.logged_values()).items():
            if name in self.means:
                self.means[name].update_state(value, sample_weight=count)
        return ops.cast(total, keras.config.floatx())

    def split(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[dict[str, Tensor], Tensor]:
        """Each part's own value by name, those of inner sums included, and the weighted total."""
        values, total = self.loss.total(*self.route(y_true, y_pred, sample_weight))
        moment = moments.now()
        inner = {} if moment is None else moment.terms
        own = dict(zip((part.name for part in self.loss.parts), map(across.whole, values), strict=True))
        return inner | own, total

    def record_regularization(self, model: keras.Model, y_pred: Any) -> None:
        """Log what layers and weights add to the loss."""
        self.means["regularization"].update_state(regularization_of(model), sample_weight=rows_of(y_pred))

    def route(self, y_true: Any, y_pred: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
        """Targets, predictions and weights as the sum takes them: by name, or the only ones."""
        names = self._names(y_pred)
        y_true, y_pred, sample_weight = _flat(y_true), _flat(y_pred), _flat(sample_weight)
        if not self.loss.outputs:
            return self._only(names, y_true, y_pred, sample_weight)
        self._check_names(names)
        self._check_columns(names, y_true)
        wanted = [name for name in names if name in self.loss.outputs - set(self.loss.left_out)]
        targets, weights = _by_name("y", names, wanted, y_true), _by_name("sample_weight", names, wanted, sample_weight)
        return targets, _by_name("outputs", names, wanted, y_pred), weights

    def _only(self, names: list[str], y_true: Any, y_pred: Any, weight: Any) -> tuple[Any, Any, Any]:
        if self.loss.by_slots(len(names)):  # the slots of the loss know their names
            y_pred = _single(names, y_pred) if len(names) == 1 else y_pred
            y_pred = tuple(y_pred) if isinstance(y_pred, list) else y_pred
            one = isinstance(y_true, (list, tuple)) and len(y_true) == 1
            y_true = y_true[0] if one else y_true
            return None if _is_nothing(y_true) else y_true, y_pred, _of_all(weight)
        if len(names) > 1:
            raise ShapeError(
                f"{self.loss!r} is a loss of one output.",
                arrived=f"The model has {len(names)}: {', '.join(names)}.",
                allowed="Expected one loss per output, by name.",
                do=f"Write ls.MultiLoss({{{', '.join(f'{name!r}: ...' for name in names)}}}); None leaves one out.",
            )
        if isinstance(y_true, dict) and names[0] not in y_true:  # then it is what no term reads
            rest = [name for name in y_true if name not in self.columns]
            names = rest if len(rest) == 1 else names
        self._check_columns(names, y_true)
        return _single(names, y_true), _single(list(y_pred) if isinstance(y_pred, dict) else names, y_pred), weight

    def _names(self, y_pred: Any) -> list[str]:
        flat, known = _flat(y_pred), list(self.output_names or ())
        if isinstance(flat, dict):
            return list(flat)
        count = len(flat) if isinstance(flat, list) else 1
        return known if len(known) == count else [str(place) for place in range(count)]

    def _check_names(self, names: list[str]) -> None:
        """Every output of the model has a loss or None, and no other name has one."""
        if not self.loss.outputs or set(names) == self.loss.outputs:
            return
        missing, unknown = set(names) - self.loss.outputs, self.loss.outputs - set(names)
        told = [f"there is no output {name!r}" for name in sorted(unknown)]
        told += [f"the output {name!r} has no loss" for name in sorted(missing)]
        raise LossaryError(
            f"The loss is for the outputs {', '.join(sorted(self.loss.outputs))}.",
            arrived=f"The model's outputs are {', '.join(names)}: {'; '.join(told)}.",
            allowed="Expected one loss, or None, for each output of the model.",
            do="Correct the names; write None for an output without a loss.",
        )

    def _check_columns(self, names: list[str], y: Any) -> None:
        if not isinstance(y, dict):
            return
        unknown = set(y) - set(names) - self.columns
        if unknown:
            raise LossaryError(
                "Targets belong to the outputs of the model by name.",
                arrived=f"y has {', '.join(sorted(unknown))}; the outputs are {', '.join(names)}.",
                allowed="Expected the names of the outputs, or of columns that a term of the loss reads.",
                do="Correct the name, leave the entry out, or read it with ls.Column.",
            )


def nothing(sample_weight: Any) -> Any:
    """Targets that hold no number: Keras drops the weights of rows that have no targets at all."""
    return np.zeros((len(keras.tree.flatten(sample_weight)[0]), 0), "float32")


def _is_nothing(y_true: Any) -> bool:
    return len(getattr(y_true, "shape", ())) == 2 and y_true.shape[1] == 0


def _of_all(weight: Any) -> Any:
    """The weights of the rows, which Keras has put into the shape of several targets."""
    return keras.tree.flatten(weight)[0] if isinstance(weight, (dict, list, tuple)) and weight else weight


def output_names(model: keras.Model) -> list[str] | None:
    """The names of a model's outputs, where they are known before it runs: the keys of a dictionary, as in Keras."""
    flat = _flat(outputs_structure(model))
    return list(flat) if isinstance(flat, dict) else getattr(model, "output_names", None)


def _flat(given: Any) -> Any:
    """Nested dictionaries as one, with keys such as "a/b"; nested lists as one list; anything else as it is."""
    if isinstance(given, dict):
        return {"/".join(path): leaf for path, leaf in _leaves(given, ())}
    return [leaf for _, leaf in _leaves(given, ())] if isinstance(given, (list, tuple)) else given


def _leaves(given: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(given, (dict, list, tuple)):
        for key, inner in given.items() if isinstance(given, dict) else enumerate(given):
            yield from _leaves(inner, (*path, str(key)))
    else:
        yield path, given


def columns_of(leaves: Iterable[Any]) -> Iterable[str]:
    """The further columns of y that terms read."""
    return (str(leaf.name) for leaf in leaves if isinstance(leaf, Column))


def _single(names: list[str], given: Any) -> Any:
    if isinstance(given, dict):
        return given.get(names[0])
    return given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given


def _by_name(what: str, names: list[str], wanted: list[str], given: Any) -> Any:
    """A dictionary by output; lists follow the outputs, or those outputs that have a loss."""
    if given is None or (what == "sample_weight" and not isinstance(given, (dict, list, tuple))):
        return given
    if isinstance(given, dict):
        missing = [] if what == "sample_weight" else [name for name in wanted if name not in given]
        if not missing:
            return {name: given.get(name) for name in wanted}
        arrived = f"{what} has no {', '.join(missing)}; it has {', '.join(map(str, given))}."
    else:
        leaves = list(given) if isinstance(given, (list, tuple)) else [given]
        order = names if len(leaves) == len(names) else wanted
        if len(leaves) == len(order):
            return dict(zip(order, leaves, strict=True))
        arrived = f"{what} has {len(leaves)} entries for the outputs {', '.join(names)}."
    raise LossaryError(
        "Targets belong to outputs by name or by order.",
        arrived=arrived,
        allowed=f"Expected {', '.join(wanted)}.",
        do=f"Pass {what} as a dictionary with these names as keys.",
    )
