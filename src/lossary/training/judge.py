"""What a fit is worth: every loss on it, what it gets right, and its coefficients in the data's own units."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossary.data.columns import Floats
from lossary.data.problem import Ints, Problem
from lossary.data.results import Baseline, Coefficients, Fit, Pull
from lossary.training.fitting import Trained
from lossary.training.measured import Measured
from lossary.training.pulls import pulls
from lossary.training.solved import Solved

QUANTILES = (5, 25, 50, 75, 95)
MOST = 8  # rows named for each fit


def judge(fit: Fit, trained: Trained | Solved, problem: Problem, everyone: list[Measured], grid: Floats) -> None:
    """Fill in a fit's record from its trained model. `everyone` holds all losses asked for."""
    z = trained.predict(problem.x_scaled)
    y = problem.y_scaled
    for part, rows in _parts(problem):
        getattr(fit, part).update(_losses(everyone, problem, y[rows], z[rows]))
    fit.regularization = trained.penalty
    fit.convergence = trained.convergence
    fit.coefficients = coefficients(trained, problem)
    if problem.task == "regression":
        _judge_numbers(fit, problem, z[:, 0])
    else:
        _judge_classes(fit, problem, z)
    if grid.size:
        scaled = (grid[:, None] - problem.scale.mean) / problem.scale.std
        fit.line = (trained.predict(scaled)[:, 0] * problem.scale.spread + problem.scale.center).tolist()
    _name_pulls(fit, trained, problem)


def _losses(everyone: list[Measured], problem: Problem, y: Floats, z: Floats) -> dict[str, float | None]:
    classes = len(problem.classes)
    return {one.asked.label: one.evaluate(one.target(y, classes), z) for one in everyone}


def _judge_numbers(fit: Fit, problem: Problem, z: Floats) -> None:
    predicted = z * problem.scale.spread + problem.scale.center
    residual = problem.y - predicted
    fit.predictions, fit.gaps = predicted.tolist(), residual.tolist()
    for part, rows in _parts(problem):
        fit.figures[part] = _misses(residual[rows])


def _misses(gaps: Floats) -> dict[str, Any]:
    most = float(np.abs(gaps).max())
    found = [float(np.percentile(gaps, q)) for q in QUANTILES]
    quantiles = {f"{q}%": v if abs(v) > 1e-14 * most else 0.0 for q, v in zip(QUANTILES, found, strict=True)}
    misses = {"median |residual|": float(np.median(np.abs(gaps))), "largest": most}
    return {**quantiles, **misses, "rms": float(np.sqrt(np.mean(gaps**2)))}


def _parts(problem: Problem) -> list[tuple[str, Ints]]:
    parts = (("train", problem.train), ("valid", problem.valid))
    return [(part, rows) for part, rows in parts if rows.size]


def baselines(problem: Problem, everyone: list[Measured]) -> list[Baseline]:
    """What is right without the inputs: the mean and the median of the rows fitted, or their commonest class."""
    y = problem.y[problem.train]
    if problem.task == "regression":
        answers = (("mean", float(np.mean(y))), ("median", float(np.median(y))))
        return [_constant(problem, everyone, *answer) for answer in answers]
    counts = np.bincount(y.astype(int), minlength=len(problem.classes))
    shares = np.log(np.maximum(counts, 0.5) / counts.sum())  # a class that is not among them is rare, not impossible
    z = np.tile([shares[1] - shares[0]] if problem.task == "binary" else shares, (problem.y.size, 1))
    best = int(counts.argmax())
    found = Baseline("always the most common class", problem.classes[best])
    right = problem.y.astype(int)
    for part, rows in _parts(problem):
        getattr(found, part).update(_losses(everyone, problem, problem.y_scaled[rows], z[rows]))
        found.figures[part] = _decisions(problem, right[rows], np.full(rows.size, best), z[rows])
    return [found]


def _constant(problem: Problem, everyone: list[Measured], name: str, value: float) -> Baseline:
    found = Baseline(f"always the {name}", f"{value:.6g}")
    for part, rows in _parts(problem):
        z = np.full((rows.size, 1), (value - problem.scale.center) / problem.scale.spread)
        getattr(found, part).update(_losses(everyone, problem, problem.y_scaled[rows], z))
        found.figures[part] = _misses(problem.y[rows] - value)
    return found


def _judge_classes(fit: Fit, problem: Problem, z: Floats) -> None:
    """Accuracy and the errors behind it; a gap is the margin, by which the right class is ahead of the best other."""
    right = problem.y.astype(int)
    if problem.task == "binary":
        margin, chosen = np.where(right == 1, z[:, 0], -z[:, 0]), (z[:, 0] > 0).astype(int)
        fit.predictions = z[:, 0].tolist()
    else:
        own = z[np.arange(right.size), right]
        others = z.copy()
        others[np.arange(right.size), right] = -np.inf
        margin, chosen = own - others.max(axis=1), z.argmax(axis=1)
        fit.predictions = chosen.astype(float).tolist()
    fit.gaps = margin.tolist()
    for part, rows in _parts(problem):
        fit.figures[part] = _decisions(problem, right[rows], chosen[rows], z[rows])


def _decisions(problem: Problem, right: Ints, chosen: Ints, z: Floats) -> dict[str, Any]:
    accuracy = float(np.mean(right == chosen))
    recall = {
        name: float(np.mean(chosen[right == k] == k)) for k, name in enumerate(problem.classes) if (right == k).any()
    }
    figures: dict[str, Any] = {"accuracy": accuracy, "wrong": int(np.sum(right != chosen)), "recall": recall}
    if problem.task == "binary":
        figures["missed"] = int(np.sum((right == 1) & (chosen == 0)))
        figures["false alarms"] = int(np.sum((right == 0) & (chosen == 1)))
        figures["auc"] = _auc(right, z[:, 0])
        return figures
    figures["weakest class"] = min(recall, key=lambda name: recall[name])
    wrong = right != chosen
    pairs, counts = np.unique(np.stack([right[wrong], chosen[wrong]]), axis=1, return_counts=True)
    worst = [[problem.classes[k] for k in pairs[:, place]] for place in np.flatnonzero(counts == counts.max(initial=0))]
    others = f" and {len(worst) - 1} more" if len(worst) > 1 else ""
    figures["most mixed up"] = f"{worst[0][0]} as {worst[0][1]} ({counts.max()}×){others}" if len(worst) else "nothing"
    return figures


def _auc(right: Ints, score: Floats) -> float:
    """The chance that a positive row scores above a negative one; ties count half."""
    positive, negative = np.sum(right == 1), np.sum(right == 0)
    if not positive or not negative:
        return float("nan")
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[right == 1].sum() - positive * (positive + 1) / 2) / (positive * negative))


def coefficients(trained: Trained | Solved, problem: Problem) -> Coefficients | None:
    """A linear model's weights turned back from standardised numbers to the data's own units; None for others."""
    arrays = [np.asarray(w, dtype=np.float64) for w in trained.weights]
    if len(arrays) != 2:
        return None
    kernel, bias = arrays
    scale = problem.scale
    slopes = scale.spread * kernel.T / scale.std
    intercepts = scale.center + scale.spread * bias - slopes @ scale.mean
    positive = trained.measured.positive
    if problem.task == "regression":
        rows = [problem.target]
        meaning = f"{problem.target}, before softplus" if positive else problem.target
    else:
        rows = list(problem.classes) if problem.task == "multiclass" else [problem.classes[1]]
        meaning = f"score of '{rows[0]}'" if problem.task == "binary" else "score of the class"
    return Coefficients(list(problem.features), rows, slopes.tolist(), intercepts.tolist(), meaning)


def _name_pulls(fit: Fit, trained: Trained | Solved, problem: Problem) -> None:
    rows = problem.train
    outputs = trained.outputs(problem.x_scaled[rows])
    true = trained.measured.target(problem.y_scaled[rows], len(problem.classes))
    strength = pulls(trained.measured, true, outputs)
    total = float(strength.sum())
    shares = strength / total if total > 0 else np.zeros_like(strength)
    fit.pull_shares = dict(zip(problem.rows[rows].tolist(), shares.tolist(), strict=True))
    # the stable sort keeps rows of equal pull in the table's order
    for place in np.argsort(-shares, kind="stable")[:MOST]:
        index = int(rows[place])
        words = problem.row_words(index)
        fit.pulls.append(Pull(int(problem.rows[index]), words, float(shares[place]), _gap_words(fit, problem, index)))


def _gap_words(fit: Fit, problem: Problem, index: int) -> str:
    gap = fit.gaps[index]
    if problem.task == "regression":
        return f"{abs(gap):.4g} {'above' if gap > 0 else 'below'} the fit"
    return f"{'correct' if gap > 0 else 'wrong'}, margin {gap:+.3g}"
