"""Losses by class and by function, their values on small inputs, and each with its gradient.

Every loss has two forms. The class keeps its parameters and reduces a batch to one number; the function gives one
value per row. Their mean is the same number. The figures show value and gradient of the losses for regression and
classification that one meets first.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from pathlib import Path
from typing import Any

import numpy as np
from options import run

import lossary as ls
from lossary.drawing.curves import draw
from lossary.drawing.style import save

NUMBERS, GUESSES = [1.0, 0.0], [2.0, 3.0]
ONE_HOT, LABELS = [[0, 1, 0], [1, 0, 0]], [1, 0]
PROBABILITIES = [[0.15, 0.75, 0.1], [0.75, 0.15, 0.1]]
SIGNS, SCORES = [[1.0], [-1.0]], [[0.4], [0.3]]


def worked_examples() -> dict[str, float]:
    """Values that can be followed by hand."""
    values = {
        # errors of 1 and 3: (1 + 3) / 2
        "mean absolute error": ls.MeanAbsoluteError()(NUMBERS, GUESSES),
        # (1 + 9) / 2: the larger error makes nine tenths of it
        "mean squared error": ls.MeanSquaredError()(NUMBERS, GUESSES),
        # the true class has probability 0.75 in both rows: -log(0.75)
        "categorical cross-entropy": ls.CategoricalCrossentropy()(ONE_HOT, PROBABILITIES),
        "sparse categorical cross-entropy": ls.SparseCategoricalCrossentropy()(LABELS, PROBABILITIES),
    }
    return {name: float(value) for name, value in values.items()}


def class_and_function() -> dict[str, tuple[float, float]]:
    """The usual losses as class and as function, on inputs that suit them; the two numbers of a row are equal."""
    column = [[y] for y in NUMBERS], [[y] for y in GUESSES]
    positive = [[1.0], [4.0]], [[2.0], [3.0]]
    classes = ONE_HOT, PROBABILITIES
    table = {
        "mse": (ls.MeanSquaredError, ls.mse, column),
        "mae": (ls.MeanAbsoluteError, ls.mae, column),
        "mape": (ls.MeanAbsolutePercentageError, ls.mape, positive),
        "huber": (ls.Huber, ls.huber, column),
        "binary_crossentropy": (ls.BinaryCrossentropy, ls.binary_crossentropy, classes),
        "categorical_crossentropy": (ls.CategoricalCrossentropy, ls.categorical_crossentropy, classes),
        "sparse_categorical_crossentropy": (
            ls.SparseCategoricalCrossentropy, ls.sparse_categorical_crossentropy, (LABELS, PROBABILITIES),
        ),
        "hinge": (ls.Hinge, ls.hinge, (SIGNS, SCORES)),
        "kld": (ls.KLDivergence, ls.kld, (PROBABILITIES, PROBABILITIES[::-1])),
        "cosine_similarity": (ls.CosineSimilarity, ls.cosine_similarity, classes),
    }  # fmt: skip
    return {
        name: (float(by_class()(*inputs)), float(np.mean(np.asarray(by_function(*inputs)))))
        for name, (by_class, by_function, inputs) in table.items()
    }


def figures(folder: Path) -> list[Path]:
    """Four losses with their gradients, and several on one axis."""
    drawn = {
        "2_mean_absolute_error": draw("mean_absolute_error", title="Mean absolute error"),
        "2_mean_squared_error": draw("mean_squared_error", title="Mean squared error"),
        "2_categorical_crossentropy": draw("categorical_crossentropy", title="Categorical cross-entropy"),
        "2_huber": draw(ls.Huber(delta=1.0), title="Huber, delta = 1"),
        "2_regression_losses": draw(["mse", "mae", "huber", "log_cosh", "cauchy"], span=(-2.5, 2.5)),
    }
    return [save(figure, folder / f"{name}.png") for name, figure in drawn.items()]


def main(out: str = "out") -> dict[str, Any]:
    values, pairs = worked_examples(), class_and_function()
    for name, value in values.items():
        print(f"{name:34} {value:.7f}")
    print(f"\n{'name':34} {'class':>12} {'function':>12}")
    for name, (by_class, by_function) in pairs.items():
        print(f"{name:34} {by_class:12.7f} {by_function:12.7f}")
    paths = figures(Path(out))
    print("\nfigures:", *paths, sep="\n  ")
    return {"values": values, "pairs": pairs, "figures": paths}


if __name__ == "__main__":
    run(main, __doc__)
