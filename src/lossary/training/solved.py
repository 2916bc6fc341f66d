"""A linear model at the optimum of a loss, with what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lossary.data.columns import Floats
from lossary.data.network import Network
from lossary.data.problem import Problem
from lossary.data.results import Convergence, LearningCurve
from lossary.linear.fit import Found, LinearProblem, certificate, solve
from lossary.linear.result import Certificate
from lossary.training.measured import Measured
from lossary.training.settings import Settings


@dataclass
class Solved:
    """A linear model of scaled inputs: kernel (features, outputs) and bias (outputs,)."""

    measured: Measured
    kernel: Floats
    bias: Floats
    penalty: float
    convergence: Convergence
    curve: LearningCurve
    diverged: bool = False
    seconds: float = 0.0

    @property
    def weights(self) -> tuple[Floats, Floats]:
        """Kernel and bias."""
        return self.kernel, self.bias

    @property
    def network(self) -> Network:
        """The model as arrays."""
        return Network.of(self.weights)

    def outputs(self, x: Floats) -> Floats:
        """(rows, features) -> (rows, outputs)"""
        return self.network.outputs(x)

    def predict(self, x: Floats) -> Floats:
        """Scaled predictions, or scores: (rows, features) -> (rows, outputs)."""
        return self.measured.finished(self.outputs(x))


def solved(problem: Problem, settings: Settings, measured: Measured, start: Solved | None) -> Solved:
    """The optimum for the rows to train on; a loss with several minima starts from `start`."""
    rows, classes = problem.train, len(problem.classes)
    found = solve(
        LinearProblem(
            x=problem.x_scaled[rows],
            y=measured.target(problem.y_scaled[rows], classes),
            outputs=classes if problem.task == "multiclass" else 1,
            function=measured.rows(),
            weight=np.ones(rows.size),
            offset=np.zeros((rows.size, classes if problem.task == "multiclass" else 1)),
            l1=settings.l1,
            l2=settings.l2,
            start=None if start is None else start.weights,
            start_words="" if start is None else f"the fit with {start.measured.asked.label}",
        )
    )
    told = _told(found, certificate(found, problem.features))
    return Solved(measured, found.coefficients, found.intercepts, found.penalty, told, LearningCurve())


def _told(found: Found, known: Certificate) -> Convergence:
    return Convergence(
        kind=known.kind,
        words=known.words,
        sentence=known.sentence(),
        unique=known.unique,
        gap=known.gap,
        gradient=known.gradient,
        collinear=list(known.collinear),
        direction=list(known.direction),
        start=known.start,
        method=known.method,
        iterations=known.iterations,
        targets=[float(value) for value in found.ending.values],
    )
