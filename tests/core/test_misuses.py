"""Ten common mistakes: each is named at the earliest moment, and the table of docs/contracts.md says where."""

import re
from pathlib import Path

import numpy as np
import pytest

import lossary as ls

RNG = np.random.default_rng(0)
THIRDS, PAGE = np.full((3, 3), 1 / 3), Path(__file__).resolve().parents[2] / "docs" / "contracts.md"
MISTAKES = {
    "boxes with a width and a height, read as corners": (
        lambda: ls.GIoU()([[50.0, 50.0, 20.0, 10.0]], [[52.0, 48.0, 20.0, 10.0]]), "TargetError", 'coding="size"',
    ),
    "masks as 0 and 255": (
        lambda: ls.Dice()(np.float32([[0, 255]]), np.full((1, 2), 0.5)), "TargetError", "y / 255",
    ),
    "one-hot labels where class indices are read": (
        lambda: ls.SparseCategoricalCrossentropy()(np.eye(3), THIRDS), "ShapeError", "argmax",
    ),
    "class indices where one-hot labels are read": (
        lambda: ls.CategoricalCrossentropy()(np.array([0, 1, 2]), THIRDS), "ShapeError", "to_categorical",
    ),
    "class indices counted from 1": (
        lambda: ls.SparseCategoricalCrossentropy()([1, 2, 3], THIRDS), "TargetError", "subtract 1",
    ),
    "quantiles out of order": (lambda: ls.MultiQuantile(q=(0.9, 0.1)), "ParameterError", "Sort them"),
    "logits where probabilities are read": (
        lambda: ls.BinaryCrossentropy()([[1.0]], [[3.2]]), "PredictionError", "from_logits=True",
    ),
    "probabilities where logits are read": (
        lambda: ls.check(
            ls.BinaryCrossentropy(from_logits=True), RNG.integers(0, 2, (200, 1)), RNG.uniform(0, 1, (200, 1))
        ),
        "L002", "from_logits=False",
    ),
    "probabilities where log-probabilities are read": (
        lambda: ls.NLL()([0, 1], [[0.6, 0.4], [0.5, 0.5]]), "PredictionError", "logarithm",
    ),
    "targets that are NaN": (
        lambda: ls.check(ls.MeanSquaredError(), np.float32([[1], [np.nan]] * 20), RNG.normal(size=(40, 1))),
        "L003", "sample_weight 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_it_is_named_with_what_to_do(mistake):
    make, by, words = MISTAKES[mistake]
    if by.startswith("L"):
        assert by in str(make()) and words in str(make())
        return
    with pytest.raises(getattr(ls, by)) as caught:
        make()
    assert words in caught.value.do


@pytest.mark.backendless
def test_the_table_says_the_same():
    rows = dict(re.findall(r"^\| (.+?) \| (\w+)[^|]*\|$", PAGE.read_text(encoding="utf-8"), flags=re.M))
    assert {mistake: rows.get(mistake) for mistake in MISTAKES} == {m: by for m, (_, by, _) in MISTAKES.items()}
