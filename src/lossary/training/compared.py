"""The result of a comparison with its models: which is best by which figure, and how it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from lossary.core.errors import LossaryError
from lossary.data.problem import Problem
from lossary.data.reading import Reading
from lossary.data.results import Comparison, Fit
from lossary.training.fitting import Trained
from lossary.training.settings import Settings
from lossary.training.solved import Solved
from lossary.training.tablefit import TableFit

MEDIAN = "median |residual|"


@dataclass(repr=False)
class Compared(Comparison):
    """A comparison as `ls.compare` gives it: the records of all fits, and the fits themselves.

    Attributes:
        fits: the records: coefficients, every loss, residuals, where each ended. findings: what differs, and why.
        kept: the fits that predict, by the label of their loss.
    """

    kept: dict[str, TableFit] = field(default_factory=dict)

    def fit(self, loss: str | None = None) -> TableFit:
        """The fit by a loss, by its label; else the best (`best`). Raises LossaryError where there is none."""
        label = self.best() if loss is None else loss
        if label not in self.kept:
            raise LossaryError(
                "There is no fit to keep." if loss is None else f"There is no fit with the loss {loss!r}.",
                arrived="Every fit diverged." if not self.kept else "It is not among the losses that were compared.",
                allowed=f"Expected one of {', '.join(self.kept)}." if self.kept else "Expected a finite fit.",
                do="Choose a smaller learning rate." if not self.kept else "Pass one of these labels.",
            )
        return self.kept[label]

    def save(self, path: str | Path, loss: str | None = None) -> Path:
        """Keep one fit in a file, with its preprocessing: that by `loss`, else the best. `ls.load_fit` reads it."""
        return self.fit(loss).save(path)

    def best(self) -> str:
        """The label of the fit that is nearest on the rows held out (on those fitted, where none are): by the median
        |residual|, or by the share of right classes; of equals the first. "" where every fit diverged."""
        fits = [fit for fit in self.fits if not fit.diverged]
        if not fits:
            return ""
        return min(fits, key=lambda fit: self._figure(fit) * (1 if self.task == "regression" else -1)).label

    def why(self, label: str) -> str:
        """By which figure a fit was chosen, in one sentence."""
        fit = next(fit for fit in self.fits if fit.label == label)
        if len(self.fits) == 1:
            return f"It is the fit with {label}."
        where = "on the validation rows" if self.valid_rows else "on the training rows (none are held out)"
        figure = self._figure(fit)
        what = (
            f"the smallest {MEDIAN}, {figure:.4g},"
            if self.task == "regression"
            else f"the highest accuracy, {figure:.1%},"
        )
        of = f"It is the fit with {label}, which of {len(self.fits)} has {what} {where}."
        return f"{of} --loss with a single loss saves another."

    def _figure(self, fit: Fit) -> float:
        figures = fit.figures["valid" if self.valid_rows else "train"]
        return float(figures[MEDIAN if self.task == "regression" else "accuracy"])

    def __str__(self) -> str:
        heads, rows = self._rows()
        wide = [max(len(row[k]) for row in [heads, *rows]) for k in range(len(heads))]
        lines = [
            "  ".join(cell.ljust(wide[k]) if not k else cell.rjust(wide[k]) for k, cell in enumerate(row)).rstrip()
            for row in [heads, *rows]
        ]
        return "\n".join([self._title(), "", *lines, "", *self.findings])

    __repr__ = __str__

    def _title(self) -> str:
        inputs = ", ".join(self.inputs[:4]) + (f" and {len(self.inputs) - 4} more" if len(self.inputs) > 4 else "")
        return (
            f"{self.target} by {inputs}: {self.model}, {self.train_rows} training and {self.valid_rows} validation rows"
        )

    def _rows(self) -> tuple[list[str], list[list[str]]]:
        """A line a fit: its loss, the figure that `best` compares, where it ended."""
        figure = MEDIAN if self.task == "regression" else "accuracy"
        one = len(self.features) == 1 and all(fit.coefficients for fit in self.fits if not fit.diverged)
        heads = ["fitted with", figure, "regularization", "ended at"]
        heads += [f"change per unit of {self.features[0]}"] * one
        rows = []
        for fit in self.fits:
            if fit.diverged:
                rows.append([fit.label, "–", "–", "diverged"] + ["–"] * one)
                continue
            value = self._figure(fit)
            cells = [f"{value:.4g}" if self.task == "regression" else f"{value:.1%}", f"{fit.regularization:.4g}"]
            cells.append(fit.convergence.words if fit.convergence else "–")
            rows.append(
                [fit.label, *cells, *([f"{fit.coefficients.weights[0][0]:.4g}"] if one and fit.coefficients else [])]
            )
        return heads, rows

    def _repr_html_(self) -> str:
        from lossary.core import notebook

        heads, rows = self._rows()
        body = [notebook.table(heads, rows), *(notebook.text(said) for said in self.findings)]
        return notebook.box(escape(self._title()), *body)


def table_fit(trained: Trained | Solved, fit: Fit, problem: Problem, settings: Settings, lossary: str) -> TableFit:
    """A fitted model with all that stands between the table and its predictions."""
    asked, measured, scale = trained.measured.asked, trained.measured, problem.scale
    ended = fit.convergence
    facts = {
        "table": problem.table.name, "rows": int(problem.train.size), "held out": int(problem.valid.size),
        "ended": ended.words if ended else "", "sentence": ended.sentence if ended else "", "figures": fit.figures,
        "regularization": fit.regularization, "lossary": lossary,
    }  # fmt: skip
    reading = problem.table.reading
    return TableFit(
        label=fit.label, function=fit.function, params=dict(asked.params), task=problem.task, target=problem.target,
        classes=problem.classes, inputs=problem.recipe, missing=problem.missing, mean=scale.mean, std=scale.std,
        center=scale.center, spread=scale.spread, shift=measured.shift, positive=measured.positive,
        logits=asked.takes_logits and problem.task != "regression", model=settings.model, network=trained.network,
        reading=Reading(missing=reading.missing, decimal=reading.decimal), facts=facts,
    )  # fmt: skip
