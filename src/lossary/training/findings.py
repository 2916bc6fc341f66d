"""What differs between fits and why, in plain sentences: the screen and the report print the same ones."""

from __future__ import annotations

import math

import numpy as np

import lossary as ls
from lossary.data.results import Comparison, Fit, alike, row_list

FAR = 4.0  # robust standard deviations from the bulk's fit: about 1 row in 16,000 if errors were normal
SAME = 0.1  # slopes within this share of one another are called the same


def findings(found: Comparison) -> list[str]:
    """The sentences, most telling first. Fits that diverged say so and are left out of the rest."""
    fits = [fit for fit in found.fits if not fit.diverged]
    said = [f"{fit.label} diverged: try a smaller --learning-rate." for fit in found.fits if fit.diverged]
    if len(fits) > 1:
        said += _slopes(found, fits) + (_wild_rows(found, fits) if found.task == "regression" else [])
        said += _misses(found, fits) if found.task == "regression" else _decisions(found, fits)
    if fits and found.baselines:
        said += _beside(found, fits)
    return said + _endings(fits)


def _endings(fits: list[Fit]) -> list[str]:
    """What has to be known of the ends of fits that are not at the one optimum of their loss."""
    told: dict[str, list[str]] = {}
    for fit in fits:
        if fit.convergence is not None and fit.convergence.words not in ("optimum", "converged"):
            told.setdefault(fit.convergence.sentence, []).append(fit.label)
    return [f"{', '.join(labels)}: {sentence}" for sentence, labels in told.items()]


def _slopes(found: Comparison, fits: list[Fit]) -> list[str]:
    """How far the lines differ; only where one number says it."""
    sure = [fit for fit in fits if fit.convergence is None or fit.convergence.unique is not False]
    slopes = {f.label: f.coefficients.weights[0][0] for f in sure if f.coefficients and len(found.features) == 1}
    if found.task != "regression" or len(slopes) < 2:
        return []
    steep = max(slopes, key=lambda label: abs(slopes[label]))
    flat = min(slopes, key=lambda label: abs(slopes[label]))
    per = f"an increase of 1 in {found.inputs[0]} changes {found.target} by"
    if abs(slopes[steep] - slopes[flat]) <= SAME * abs(slopes[steep]):
        return [f"The losses nearly agree: {per} {slopes[flat]:.4g} ({flat}) to {slopes[steep]:.4g} ({steep})."]
    return [f"The losses disagree: {per} {slopes[steep]:.4g} ({steep}), or by {slopes[flat]:.4g} ({flat})."]


def _bulk(found: Comparison, fits: list[Fit]) -> Fit:
    """The fit that is nearest to most training rows: smallest median |residual|."""
    return min(fits, key=lambda fit: float(np.median(np.abs(_train_gaps(found, fit)))))


def _train_gaps(found: Comparison, fit: Fit) -> np.ndarray:
    return np.array(fit.gaps)[~np.array(found.validation)]


def _wild_rows(found: Comparison, fits: list[Fit]) -> list[str]:
    """The rows far from where most rows lie, and how much of all pull they hold in each fit."""
    bulk = _bulk(found, fits)
    gaps = _train_gaps(found, bulk)
    spread = 1.4826 * float(np.median(np.abs(gaps)))
    numbers = np.array(found.row_numbers)[~np.array(found.validation)]
    wild = numbers[np.abs(gaps) > FAR * spread].tolist() if spread > 0 else []
    if not wild:
        return [f"No row lies more than {FAR:g} robust standard deviations from the fit with {bulk.label}."]
    held = {fit.label: sum(fit.pull_shares[row] for row in wild) for fit in fits}
    most, least = max(held, key=lambda k: held[k]), min(held, key=lambda k: held[k])
    count = f"{len(wild)} of {numbers.size} rows ({row_list(wild)})"
    said = [f"{count} are outliers: more than {FAR:g} robust standard deviations from the fit with {bulk.label}."]
    if held[most] - held[least] > 0.05:
        said.append(
            f"They account for {held[most]:.0%} of the gradient of {most}, and {held[least]:.0%} of that of {least}."
        )
        said += [reason for label in (most, least) if (reason := _why(label, fits))]
    return said


def _why(label: str, fits: list[Fit]) -> str:
    """What a loss's traits say about large errors."""
    function = next(fit.function for fit in fits if fit.label == label)
    traits = ls.card(function).traits
    if "redescending" in traits:
        return f"Why: the gradient of {label} falls back to 0 for large errors, as if these rows were not there."
    if "robust" in traits or "bounded" in traits:
        return f"Why: the gradient of {label} is bounded, however large the error."
    return f"Why: the gradient of {label} grows with the error, so a few large errors outweigh many small ones."


def _least(values: dict[str, float]) -> str:
    """The label of the smallest value; of several as small, all of them."""
    least = min(values.values())
    return " and ".join(label for label, value in values.items() if alike(value, least))


def _misses(found: Comparison, fits: list[Fit]) -> list[str]:
    """Which fit comes nearest on rows it has not seen, or on all rows when none were held out."""
    part = "valid" if found.valid_rows else "train"
    where = "On the validation rows" if found.valid_rows else "On the training rows"
    median = {fit.label: fit.figures[part]["median |residual|"] for fit in fits}
    rms = {fit.label: fit.figures[part]["rms"] for fit in fits}
    near, square = _least(median), _least(rms)
    text = f"{where}, half of the residuals of {near} are below {min(median.values()):.4g}"
    far = max(median, key=lambda k: median[k])
    if median[far] > (1 + SAME) * min(median.values()):
        text += f" (of {far}: {median[far]:.4g})"
    least = f"{min(rms.values()):.4g}"
    if square != near:
        return [f"{text}; the smallest root mean square, {least}, is that of {square}."]
    return [f"{text}; its root mean square, {least}, is the smallest too."]


def _decisions(found: Comparison, fits: list[Fit]) -> list[str]:
    part, rows = ("valid", found.valid_rows) if found.valid_rows else ("train", found.train_rows)
    where = "validation rows" if found.valid_rows else "training rows"
    right = {fit.label: fit.figures[part]["accuracy"] for fit in fits}
    most, least = max(right.values()), min(right.values())
    best, worst = _least({label: -value for label, value in right.items()}), _least(right)
    error = math.sqrt(max(most * (1 - most), least * (1 - least), 1e-9) / rows)
    span = f"Accuracy on the {rows} {where}: {least:.1%} ({worst}) to {most:.1%} ({best})"
    if most == least:
        return [f"All have an accuracy of {most:.1%} on the {rows} {where}: these data do not tell the losses apart."]
    if most - least < 2 * error:
        return [f"{span}. With so few rows the difference may be due to chance (standard error {error:.1%})."]
    return [f"{span}. That is more than chance would explain (standard error {error:.1%})."]


def _beside(found: Comparison, fits: list[Fit]) -> list[str]:
    """What is gained over the same answer for every row, by the figures in which the fits are compared."""
    part = "valid" if found.valid_rows else "train"
    where = "validation rows" if found.valid_rows else "training rows"
    if found.task != "regression":
        (base,) = found.baselines
        share = base.figures[part]["accuracy"]
        weak = [fit.label for fit in fits if fit.figures[part]["accuracy"] <= share]
        said = f"Without inputs, always {base.value}, the most common class, is right on {share:.1%} of the {where}"
        return [f"{said}: {', '.join(weak)} {'is' if len(weak) == 1 else 'are'} no better." if weak else f"{said}."]
    sums: list[str] = []
    worse: list[set[str]] = []
    for key, name, place in (("rms", "a root mean square of", 0), ("median |residual|", "a median |residual| of", 1)):
        base = found.baselines[place]
        sums.append(f"{base.label} ({base.value}) has {name} {base.figures[part][key]:.4g}")
        worse.append({fit.label for fit in fits if fit.figures[part][key] >= base.figures[part][key]})
    neither = [fit.label for fit in fits if fit.label in worse[0] & worse[1]]
    said = f"Without inputs, {sums[0]}, and {sums[1]}, on the {where}"
    if neither:
        return [f"{said}: {', '.join(neither)} {'is' if len(neither) == 1 else 'are'} no better than either."]
    return [f"{said}."]
