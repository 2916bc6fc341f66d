"""What differs between fits and why, in plain sentences: the screen and the report print the same ones."""

from __future__ import annotations

import math

import numpy as np

import lossary as ls
from lossary.data.results import Comparison, Fit

FAR = 4.0  # robust standard deviations from the bulk's fit: about 1 row in 16,000 if errors were normal
SAME = 0.1  # slopes within this share of one another are called the same


def findings(found: Comparison) -> list[str]:
    """The sentences, most telling first. Fits that diverged say so and are left out of the rest."""
    fits = [fit for fit in found.fits if not fit.diverged]
    said = [f"{fit.label} diverged: try a smaller --learning-rate." for fit in found.fits if fit.diverged]
    if len(fits) > 1:
        said += _slopes(found, fits) + (_wild_rows(found, fits) if found.task == "regression" else [])
        said += _misses(found, fits) if found.task == "regression" else _decisions(found, fits)
    return said + _endings(fits)


def _endings(fits: list[Fit]) -> list[str]:
    """What has to be known of the ends of fits that are not at the one optimum of their loss."""
    told: dict[str, list[str]] = {}
    for fit in fits:
        if fit.convergence is not None and fit.convergence.words not in ("optimum", "settled"):
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
    per = f"a step of 1 in {found.inputs[0]} changes {found.target} by"
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
        return [f"No row lies more than {FAR:g} robust standard deviations from the fit by {bulk.label}."]
    held = {fit.label: sum(fit.pull_shares[row] for row in wild) for fit in fits}
    most, least = max(held, key=lambda k: held[k]), min(held, key=lambda k: held[k])
    count = f"{len(wild)} of {numbers.size} rows ({_row_list(wild)})"
    said = [f"{count} lie far from the line that most rows follow (more than {FAR:g} robust standard deviations)."]
    if held[most] - held[least] > 0.05:
        said.append(f"Together they hold {held[most]:.0%} of all pull on {most}, and {held[least]:.0%} on {least}.")
        said += [reason for label in (most, least) if (reason := _why(label, fits))]
    return said


def _why(label: str, fits: list[Fit]) -> str:
    """What a loss's traits say about large errors."""
    function = next(fit.function for fit in fits if fit.label == label)
    traits = ls.card(function).traits
    if "redescending" in traits:
        return f"Why: the pull of a row on {label} falls again once its error is large, as if it were not there."
    if "robust" in traits or "bounded" in traits:
        return f"Why: the pull of a row on {label} is limited, however large its error."
    return f"Why: the pull of a row on {label} grows with its error, so a few large errors outweigh many small ones."


def _row_list(rows: list[int], most: int = 8) -> str:
    """Row numbers with runs drawn together: 15–20, 24."""
    runs: list[list[int]] = []
    for row in rows:
        if runs and row == runs[-1][-1] + 1:
            runs[-1].append(row)
        else:
            runs.append([row])
    words = [f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    return "rows " * (len(rows) > 1) + ", ".join(words[:most]) + (" …" if len(words) > most else "")


def _misses(found: Comparison, fits: list[Fit]) -> list[str]:
    """Which fit comes nearest on rows it has not seen, or on all rows when none were held back."""
    part = "valid" if found.valid_rows else "train"
    where = "On the rows held back" if found.valid_rows else "On the rows it was fitted to"
    median = {fit.label: fit.figures[part]["median |residual|"] for fit in fits}
    rms = {fit.label: fit.figures[part]["rms"] for fit in fits}
    near, square = min(median, key=lambda k: median[k]), min(rms, key=lambda k: rms[k])
    text = f"{where}, half of the residuals of {near} are below {median[near]:.4g}"
    far = max(median, key=lambda k: median[k])
    if median[far] > (1 + SAME) * median[near]:
        text += f" (of {far}: {median[far]:.4g})"
    if square != near:
        return [f"{text}; {square} has the smallest root mean square, {rms[square]:.4g}."]
    return [f"{text}; its root mean square, {rms[square]:.4g}, is the smallest too."]


def _decisions(found: Comparison, fits: list[Fit]) -> list[str]:
    part, rows = ("valid", found.valid_rows) if found.valid_rows else ("train", found.train_rows)
    where = "rows held back" if found.valid_rows else "rows they were fitted to"
    right = {fit.label: fit.figures[part]["accuracy"] for fit in fits}
    best, worst = max(right, key=lambda k: right[k]), min(right, key=lambda k: right[k])
    error = math.sqrt(max(right[best] * (1 - right[best]), right[worst] * (1 - right[worst]), 1e-9) / rows)
    span = f"Right on the {rows} {where}: {right[worst]:.1%} ({worst}) to {right[best]:.1%} ({best})"
    if right[best] == right[worst]:
        return [f"All are right on {right[best]:.1%} of the {rows} {where}: this data does not tell the losses apart."]
    if right[best] - right[worst] < 2 * error:
        return [f"{span}. With so few rows that difference may be chance (standard error {error:.1%})."]
    return [f"{span}. That is more than chance (standard error {error:.1%})."]
