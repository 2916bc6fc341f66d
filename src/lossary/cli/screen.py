"""A comparison on the terminal: fits 80 columns, and says everything without colour."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lossary._errors import visible
from lossary.cli.plots import LETTERS, fitted_lines, predicted_against_true
from lossary.data.results import HEADS, OPTIMIZERS, Baseline, Comparison, Fit, strongest

T = TypeVar("T")

WIDEST = 110
SHORT = 9  # longer labels stand in a column's head by their letter
COLUMNS = 6  # of losses side by side
PULLS = 3  # rows named for each fit
ROWS = 12  # coefficients or classes shown; the rest are in --json


def make_console(stderr: bool = False) -> Console:
    """A console that colours only where a person looks, and never wider than is easily read."""
    console = Console(stderr=stderr, highlight=False)
    console.width = min(console.width, WIDEST)
    return console


def shown(text: str) -> str:
    """Text that is not the product's own, such as a name or a cell: neither markup nor what steers a terminal."""
    return escape(visible(text))


class Screen:
    """Prints one comparison."""

    def __init__(self, stderr: bool, quiet: bool) -> None:
        self.console, self.quiet = make_console(stderr), quiet

    def show(self, found: Comparison) -> None:
        """Everything but the end."""
        if not found.fits:
            self.console.print("Interrupted before the first fit was finished; no files were written.")
            return
        if not self.quiet:
            self._introduce(found)
            self._plot(found)
            self._list("What differs, and why", found.findings)
        good = [fit for fit in found.fits if not fit.diverged]
        if good:
            self._coefficients(found, good)
            self._figures(found, good)
            self._every_loss(found, good)
            self._pulls(good)
        self._list("How each loss was used", [note for fit in found.fits for note in fit.notes])
        self._end(found)

    def _introduce(self, found: Comparison) -> None:
        print_ = self.console.print
        print_(f"[bold]{shown(found.title)}[/bold]")
        if found.source:
            print_(f"[dim]{shown(found.source)}; {shown(found.licence)}[/dim]")
        inputs = ", ".join(found.inputs[:4]) + (f" and {len(found.inputs) - 4} more" if len(found.inputs) > 4 else "")
        print_(
            f"\nHow does [bold]{shown(found.target)}[/bold] depend on {shown(inputs)}? "
            f"One {found.model} model is fitted {len(found.asked)} times; only the loss differs."
        )
        if found.look:
            print_(f"Note: {shown(found.look)}")
        self._list("Choices made", found.decided)

    def _plot(self, found: Comparison) -> None:
        good = [fit for fit in found.fits if not fit.diverged]
        if found.task != "regression" or not good:
            return
        width, colour = min(self.console.width, 90), self.console.color_system is not None
        self.console.print()
        if found.has_line:
            drawn, outside = fitted_lines(found, good, width, colour)
        else:
            part = "valid" if found.valid_rows else "train"
            best = min(good, key=lambda fit: float(fit.figures[part]["median |residual|"]))
            self.console.print(f"Smallest median |residual|: {shown(best.label)}")
            drawn, outside = predicted_against_true(found, best, width, colour)
        self.console.print(Text.from_ansi("\n".join(drawn)))
        if outside:
            self.console.print(outside)

    def _coefficients(self, found: Comparison, fits: list[Fit]) -> None:
        first = fits[0].coefficients
        if first is None:
            return
        if len(first.rows) > 1 or len(first.features) > ROWS:
            count = len(first.rows) * (len(first.features) + 1)
            self.console.print(f"\nEach fit has {count} coefficients, too many for the screen: they are in --json.")
            return
        for chunk in _chunks(fits):
            table = self._table(f"Coefficients, in the data's own units ({shown(first.meaning)})")
            table.add_column("change per unit of")
            self._heads(table, [fit.label for fit in chunk], fits)
            for place, feature in enumerate(first.features):
                table.add_row(
                    shown(feature), *(_number(f.coefficients.weights[0][place]) for f in chunk if f.coefficients)
                )
            table.add_row("(intercept)", *(_number(f.coefficients.intercepts[0]) for f in chunk if f.coefficients))
            self.console.print(table)

    def _figures(self, found: Comparison, fits: list[Fit]) -> None:
        for part in fits[0].figures:
            where = {"train": "the training rows", "valid": "the validation rows"}[part]
            if found.task == "regression":
                table = self._table(f"Residuals ({shown(found.target)} − fit) on {where}")
                brief = {"median |residual|": "median |r|"}
                keys = [key for key in fits[0].figures[part] if key != "largest"]
                rows, without = (
                    [[_number(one.figures[part][key]) for key in keys] for one in some]
                    for some in (fits, found.baselines)
                )
                heads = [brief.get(key, key) for key in keys]
            else:
                table = self._table(f"Classification on {where}")
                heads, rows = _decision_rows([fit.figures[part] for fit in fits])
                without = _decision_rows([base.figures[part] for base in found.baselines])[1]
            _name_column(table)
            for head in heads:
                table.add_column(head, justify="right")
            for place, (fit, row) in enumerate(zip(fits, rows, strict=True)):
                table.add_row(f"{LETTERS[place % 26]} {shown(fit.label)}", *row)
            for base, row in zip(found.baselines, without, strict=True):
                table.add_row(_short(base), *row, style="dim")
            self.console.print(table)
        if found.baselines:
            said = ", ".join(f"{_short(base)} {shown(base.value)}" for base in found.baselines)
            self.console.print(f"[dim]Without inputs, for comparison: always {said}.[/dim]")

    def _every_loss(self, found: Comparison, fits: list[Fit]) -> None:
        """Rows are fits, columns are losses: each loss should be smallest on its own fit, marked with a star."""
        for part, where in (("train", "the training rows"), ("valid", "the validation rows")):
            if not getattr(fits[0], part):
                continue
            for labels in _chunks(found.asked):
                table = self._table(f"Every loss on every fit, on {where} (* smallest of its column)")
                _name_column(table)
                self._heads(table, labels, fits)
                for place, fit in enumerate(fits):
                    cells = [_starred(fit, fits, part, label) for label in labels]
                    table.add_row(f"{LETTERS[place % 26]} {shown(fit.label)}", *cells)
                for base in found.baselines:
                    values = [getattr(base, part).get(label) for label in labels]
                    table.add_row(
                        _short(base), *("undefined" if v is None else _number(v) for v in values), style="dim"
                    )
                self.console.print(table)
        self._training(found, fits)

    def _training(self, found: Comparison, fits: list[Fit]) -> None:
        if found.solved:
            self._optima(fits)
            return
        how = found.settings
        table = self._table(
            f"Training: {OPTIMIZERS[how['optimizer']]}, {how['epochs']} epochs, batch size {how['batch_size']}, "
            f"learning rate {how['learning_rate']:g} with cosine decay"
        )
        _name_column(table)
        for head in ("loss", "regularization", "gradient", "seconds"):
            table.add_column(head, justify="right")
        for place, fit in enumerate(fits):
            left = "–" if fit.convergence is None else fit.convergence.words
            cells = (_number(fit.train[fit.label]), _number(fit.regularization), left, f"{fit.seconds:.1f}")
            table.add_row(f"{LETTERS[place % 26]} {shown(fit.label)}", *cells)
        self.console.print(table)

    def _optima(self, fits: list[Fit]) -> None:
        """How good each fit is known to be: the gap says by what share no other coefficients could be better."""
        table = self._table("Where each fit ended (gap: largest possible improvement, as a fraction)")
        _name_column(table)
        for head in ("loss", "penalty", "ended at", "gap", "seconds"):
            table.add_column(head, justify="right")
        for place, fit in enumerate(fits):
            ended = fit.convergence
            cells = (
                _number(fit.train[fit.label]),
                _number(fit.regularization),
                ended.words if ended else "–",
                ended.certified if ended and ended.gap is not None else "–",
                f"{fit.seconds:.1f}",
            )
            table.add_row(f"{LETTERS[place % 26]} {shown(fit.label)}", *cells)
        self.console.print(table)

    def _pulls(self, fits: list[Fit]) -> None:
        table = self._table("Rows with the largest gradients (share of the sum over all rows; rows count from 0)")
        _name_column(table)
        table.add_column("share", justify="right")
        table.add_column("row")
        for place, fit in enumerate(fits):
            for rank, (share, row, gap) in enumerate(strongest(fit, PULLS)):
                name = f"{LETTERS[place % 26]} {shown(fit.label)}" if rank == 0 else ""
                table.add_row(name, f"{share:.1%}", shown(f"{row}: {gap}" if gap else row))
        self.console.print(table)

    def _end(self, found: Comparison) -> None:
        missing = [label for label in found.asked if label not in {fit.label for fit in found.fits}]
        if found.interrupted:
            self.console.print(f"\nInterrupted before fitting {shown(', '.join(missing))}.")
        self.console.print(f"\nBackend {found.versions['backend']}, seed {found.settings['seed']}. Reproduce this run:")
        self.console.print(f"  {shown(found.command)}", soft_wrap=True)

    def close(self, paths: list[Path], found: Comparison, seconds: float) -> None:
        """The last lines: which files were written, and the seconds since the command began."""
        for path in paths:
            self.console.print(f"Written: {shown(str(path))}", soft_wrap=True)
        if not paths and not self.quiet:
            self.console.print("Next: add --report report.html for figures, or pass your own CSV file and --target.")
        until = f" ({found.seconds:.0f} s until the results)" if round(found.seconds) != round(seconds) else ""
        self.console.print(f"{seconds:.0f} s in all, including reading and loading{until}.")

    def _list(self, title: str, items: list[str]) -> None:
        if items:
            self.console.print(f"\n[bold]{title}[/bold]")
            for item in items:
                self.console.print(Padding(f"• {shown(item)}", (0, 0, 0, 1), expand=False))

    def _table(self, title: str) -> Table:
        self.console.print(f"\n[bold]{title}[/bold]")
        return Table(box=None, padding=(0, 2, 0, 0))

    def _heads(self, table: Table, labels: list[str], fits: list[Fit]) -> None:
        """Columns named by label; by letter, as the plot's lines, when a label is long."""
        long = any(len(label) > SHORT for label in labels)
        letters = {fit.label: LETTERS[place % 26] for place, fit in enumerate(fits)}
        for label in labels:
            table.add_column(letters.get(label, label[:SHORT]) if long else shown(label), justify="right")


def _name_column(table: Table) -> None:
    table.add_column("fitted with", no_wrap=True, max_width=30)


def _short(base: Baseline) -> str:
    """A baseline in the first column of a table: what is always answered."""
    return base.label.removeprefix("always ").removeprefix("the ")


def _decision_rows(figures: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    if figures and "auc" in figures[0]:
        heads = [HEADS[key] for key in ("wrong", "missed", "false alarms")]
        return ["accuracy", *heads, "AUC"], [
            [f"{f['accuracy']:.1%}", str(f["wrong"]), str(f["missed"]), str(f["false alarms"]), f"{f['auc']:.3f}"]
            for f in figures
        ]
    return ["accuracy", *(HEADS[key] for key in ("wrong", "weakest class", "most mixed up"))], [
        [f"{f['accuracy']:.1%}", str(f["wrong"]), shown(_weakest(f)), shown(f["most mixed up"])] for f in figures
    ]


def _weakest(figures: dict[str, Any]) -> str:
    """The class that is recognised least, and how many others as little."""
    name, recall = figures["weakest class"], figures["recall"]
    others = sum(share == recall[name] for share in recall.values()) - 1
    return f"{name} ({recall[name]:.0%})" + (f" and {others} more" if others else "")


def _starred(fit: Fit, fits: list[Fit], part: str, label: str) -> str:
    value = getattr(fit, part).get(label)
    others = [other for f in fits if (other := getattr(f, part).get(label)) is not None]
    if value is None:
        return "undefined"
    least = min(others)
    return ("*" if value <= least + 1e-9 * abs(least) else "") + _number(value)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _chunks(items: list[T]) -> list[list[T]]:
    return [items[first : first + COLUMNS] for first in range(0, len(items), COLUMNS)]
