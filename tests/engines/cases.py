"""Losses as they are trained on several devices: plain, weighted, masked, of sums, of rows that are compared."""

from dataclasses import dataclass
from typing import Any

import numpy as np

import lossary as ls

BATCH = 16
ROWS = {"even": 64, "uneven": 61, "one row": 49}  # the last batch has 16 rows, 13, and 1


@dataclass(frozen=True)
class Case:
    """A loss, made for a type; its targets; how many outputs it reads, by which activation; whether rows weigh."""

    make: Any
    targets: str = "real"
    outputs: int = 1
    activation: str | None = None
    weighted: bool = False


def _sum(d):
    return ls.Huber(**d) + 0.5 * ls.RootMeanSquaredError(**d)


CASES = {
    "mean": Case(lambda d: ls.MeanSquaredError(**d)),
    "mean, weighted": Case(lambda d: ls.Huber(**d), weighted=True),
    "sum": Case(lambda d: ls.MeanAbsoluteError(reduction="sum", **d), weighted=True),
    "mean by weight": Case(lambda d: ls.Huber(reduction="mean_with_sample_weight", **d), weighted=True),
    "mean by weight, unweighted": Case(lambda d: ls.Huber(reduction="mean_with_sample_weight", **d)),
    "entries": Case(
        lambda d: ls.MeanSquaredError(entries=True, reduction="mean_with_sample_weight", **d), weighted=True
    ),
    "classes": Case(lambda d: ls.SparseCategoricalCrossentropy(from_logits=True, **d), "class", 4),
    "ignored": Case(lambda d: ls.SparseCategoricalCrossentropy(from_logits=True, ignore_class=3, **d), "class", 4),
    "ignored, weighted": Case(
        lambda d: ls.SparseCategoricalCrossentropy(from_logits=True, ignore_class=3, **d), "class", 4, weighted=True
    ),
    "class weights": Case(
        lambda d: ls.SparseCategoricalCrossentropy(
            from_logits=True, class_weight=(1.0, 2.0, 0.5, 3.0), reduction="mean_with_class_weight", **d
        ),
        "class", 4,
    ),
    "root": Case(lambda d: ls.RootMeanSquaredError(**d)),
    "root, weighted": Case(lambda d: ls.RootMeanSquaredError(**d), weighted=True),
    "overlap by row": Case(lambda d: ls.Dice(smooth=1.0, **d), "mask", 8, "sigmoid", weighted=True),
    "overlap": Case(lambda d: ls.Dice(whole_batch=True, smooth=1.0, **d), "mask", 8, "sigmoid"),
    "overlap, weighted": Case(lambda d: ls.Tversky(whole_batch=True, smooth=1.0, **d), "mask", 8, "sigmoid", True),
    "correlation": Case(lambda d: ls.ConcordanceCorrelation(**d), weighted=True),
    "pairs": Case(lambda d: ls.Circle(gamma=2.0, **d), "class", 8),
    "pairs, weighted": Case(lambda d: ls.NTXent(**d), "class", 8, weighted=True),
    "triplets": Case(lambda d: ls.TripletMargin(mining="hard", **d), "class", 8),
    "likelihood": Case(lambda d: ls.GaussianNLL(**d), "real", 2, weighted=True),
    "parts": Case(_sum, weighted=True),
    "learned": Case(lambda d: ls.UncertaintyWeighted([ls.MeanSquaredError(**d), ls.MeanAbsoluteError(**d)])),
    "paced": Case(lambda d: ls.GradNorm([ls.MeanSquaredError(**d), ls.MeanAbsoluteError(**d)])),
    "moving": Case(lambda d: ls.LinearSchedule(1.0, 0.5, steps=5) * ls.Huber(**d)),
}  # fmt: skip


def data(rows, dtype):
    """Inputs, weights that differ widely (some are 0), and targets by their kind."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 3)).astype(dtype)
    w = np.exp(rng.normal(size=rows)).astype(dtype)
    w[rng.uniform(size=rows) < 0.2] = 0
    targets = {
        "real": (x[:, :1] * 2 + 1 + rng.normal(size=(rows, 1))).astype(dtype),
        "class": rng.integers(0, 4, rows),
        "mask": (rng.uniform(size=(rows, 8)) > 0.6).astype(dtype),
    }
    return x, w, targets
