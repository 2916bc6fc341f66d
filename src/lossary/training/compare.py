"""The comparison itself: the same model, fitted once per loss on the same rows."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from typing import Any

import keras
import numpy as np

from lossary.data.columns import Floats
from lossary.data.problem import Problem
from lossary.data.results import Fit
from lossary.data.summaries import summarise
from lossary.training.candidates import Candidate, ask
from lossary.training.compared import Compared, table_fit
from lossary.training.findings import findings
from lossary.training.fitting import Trained, build, train, weights
from lossary.training.judge import baselines, judge
from lossary.training.measured import Measured, measure
from lossary.training.settings import Settings
from lossary.training.solved import Solved, solved
from lossary.training.units import lengths

Progress = Callable[[str, int, int], None]  # which loss, epochs done, epochs in all
GRID = 200  # points of a drawn line
FIRST = "mae"  # the fit that redescending losses start from: robust, convex, and without a constant to choose


@dataclass
class _Run:
    """What every fit of one comparison shares."""

    problem: Problem
    settings: Settings
    everyone: list[Measured]
    start: list[Any]
    grid: Floats
    progress: Progress


def compare(
    problem: Problem, asked: list[Candidate], settings: Settings, *, progress: Progress | None = None, command: str = ""
) -> Compared:
    """Fit once per loss, judge every fit by every loss. An interrupt keeps the fits that are finished.

    Raises LossaryError before any fit where a loss cannot be built or does not fit the target.
    """
    began = time.perf_counter()
    settings = settings.settle(problem.train.size)
    everyone = [measure(one, problem) for one in asked]
    found = _blank(problem, asked, settings, command)
    start = [] if settings.solved else weights(build(problem, settings))
    grid = np.array(found.grid)
    run = _Run(problem, settings, everyone, start, grid, progress or (lambda label, done, of: None))
    try:
        _fit_all(run, found)
    except KeyboardInterrupt:
        found.interrupted = True
    order = [one.label for one in asked]
    found.fits.sort(key=lambda fit: order.index(fit.label))
    if found.fits:
        found.baselines = baselines(problem, run.everyone)
    found.findings = findings(found)
    found.seconds = time.perf_counter() - began
    return found


def _fit_all(run: _Run, found: Compared) -> None:
    """Plain losses first; redescending ones start from the fit by absolute errors and borrow its spread."""
    late = [one for one in run.everyone if one.asked.redescending]
    first: Trained | Solved | None = None
    if late:
        name = FIRST
        first = _train(run, measure(ask(name), run.problem), None, f"{name} (start for {late[0].asked.label})")
        gain = _gain(first, run.problem)
        for place, one in enumerate(run.everyone):
            if one.asked.redescending:
                run.everyone[place] = measure(one.asked, run.problem, gain)
    for measured in sorted(run.everyone, key=lambda one: one.asked.redescending):
        again = first if first is not None and measured.asked.function == first.measured.asked.function else None
        trained = again or _train(run, measured, first if measured.asked.redescending else None, measured.asked.label)
        fit = _judged(run, trained, measured)
        found.fits.append(fit)
        if not fit.diverged:
            found.kept[fit.label] = table_fit(trained, fit, run.problem, run.settings, found.versions["lossary"])


def _train(run: _Run, measured: Measured, first: Trained | Solved | None, label: str) -> Trained | Solved:
    """One model, from the fit `first` where there is one. The seconds it takes are kept with it."""
    began = time.perf_counter()
    found: Trained | Solved
    run.progress(label, 0, 1 if run.settings.solved else run.settings.epochs or 1)
    if run.settings.solved:
        found = solved(run.problem, run.settings, measured, first if isinstance(first, Solved) else None)
        run.progress(label, 1, 1)
    else:
        start = run.start if first is None else first.weights
        found = train(run.problem, run.settings, measured, list(start), lambda done, of: run.progress(label, done, of))
    found.seconds = time.perf_counter() - began
    return found


def _gain(first: Trained | Solved, problem: Problem) -> float:
    """Standardised units per robust standard deviation of the residuals of the first fit; 1 where that is 0."""
    rows = problem.train
    residual = problem.y_scaled[rows] - first.predict(problem.x_scaled[rows])[:, 0]
    spread = 1.4826 * float(np.median(np.abs(residual)))
    return 1.0 / spread if np.isfinite(spread) and spread > 1e-6 else 1.0


def _judged(run: _Run, trained: Trained | Solved, measured: Measured) -> Fit:
    asked = measured.asked
    fit = Fit(asked.label, asked.function, dict(asked.params), diverged=trained.diverged, curve=trained.curve)
    fit.seconds = trained.seconds
    fit.notes = _notes(measured, run.problem)
    if not trained.diverged:
        judge(fit, trained, run.problem, run.everyone, run.grid)
    return fit


def _notes(measured: Measured, problem: Problem) -> list[str]:
    label, scale = measured.asked.label, problem.scale
    notes = []
    if measured.asked.redescending:
        notes.append(f"{label} is not convex, so it starts from the fit with {FIRST}.")
    unit = f"{scale.spread / measured.gain:.4g} in {problem.target}"
    given = list(lengths(measured.asked)) if problem.task == "regression" else []
    if given:
        notes.append(
            f"{label}: {' and '.join(given)} as given, in units of {problem.target}; the loss sees 1 for {unit}."
        )
    elif measured.asked.redescending:
        notes.append(f"{label}: its constant counts robust standard deviations of that fit's residuals (1 = {unit}).")
    if measured.shift:
        notes.append(f"{label} needs the true zero: it sees the target divided by {scale.spread:.4g}, not shifted.")
    if measured.positive:
        notes.append(f"{label} needs positive predictions: the model's score is passed through softplus.")
    return notes


def _blank(problem: Problem, asked: list[Candidate], settings: Settings, command: str) -> Compared:
    table = problem.table
    about = table.about
    one = len(problem.inputs) == 1 and len(problem.features) == 1
    x = problem.x[:, 0] if one else np.empty(0)
    grid = np.linspace(x.min(), x.max(), GRID) if one and problem.task == "regression" else np.empty(0)
    held = np.zeros(problem.y.size, dtype=bool)
    held[problem.valid] = True
    told = about is not None and problem.target == about.target
    return Compared(
        title=about.title if about else table.name,
        source=about.source if about else "",
        licence=about.licence if about else "",
        look=about.look if about and told else "",
        task=problem.task,
        target=problem.target,
        inputs=list(problem.inputs),
        features=list(problem.features),
        classes=list(problem.classes),
        rows=problem.y.size,
        train_rows=problem.train.size,
        valid_rows=problem.valid.size,
        notes=list(problem.notes),
        scaling=problem.scale.how,
        model=settings.model,
        settings=asdict(settings),
        command=command,
        versions=versions(),
        x=x.tolist(),
        y=problem.y.tolist(),
        row_numbers=problem.rows.tolist(),
        validation=held.tolist(),
        grid=grid.tolist(),
        asked=[one.label for one in asked],
        columns=summarise(problem),
    )


def versions() -> dict[str, str]:
    """What has to be the same for the same numbers."""
    backend = keras.backend.backend()
    named = {"python": platform.python_version(), "keras": keras.__version__, "numpy": np.__version__}
    for package in ("lossary", "scipy", backend, f"{backend}-cpu"):
        try:
            named[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return named | {"backend": backend}
