"""A comparison on the terminal: fits 80 columns, and says everything without colour."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lossary.cli.plots import LETTERS, fitted_lines, predicted_against_true
from lossary.data.results import Comparison, Fit

T = TypeVar("T")

WIDEST = 110
SHORT = 9  # longer labels stand in a column's head by their letter
COLUMNS = 6  # of losses side by side
ROWS = 12  # coefficients or classes shown; the rest are in --json


def make_console(stderr: bool = False) -> Console:
    """A console that colours only where a person looks, and never wider than is easily read."""
    console = Console(stderr=stderr, highlight=False)
    console.width = min(console.width, WIDEST)
    return console


class Screen:
    """Prints one comparison."""

    def __init__(self, stderr: bool, quiet: bool) -> None:
        self.console, self.quiet = make_console(stderr), quiet

    def show(self, found: Comparison, written: list[Path]) -> None:
        if not found.fits:
            self.console.print("Interrupted before the first fit was finished; nothing is written.")
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
        self._end(found, written)

    def _introduce(self, found: Comparison) -> None:
        print_ = self.console.print
        print_(f"[bold]{escape(found.title)}[/bold]")
        if found.source:
            print_(f"[dim]{escape(found.source)}; {escape(found.licence)}[/dim]")
        inputs = ", ".join(found.inputs[:4]) + (f" and {len(found.inputs) - 4} more" if len(found.inputs) > 4 else "")
        print_(
            f"\nHow does [bold]{escape(found.target)}[/bold] depend on {escape(inputs)}? "
            f"One {found.model} model is fitted {len(found.asked)} times; only the loss differs."
        )
        if found.look:
            print_(f"Look at this: {escape(found.look)}")
        self._list("Decided", found.decided)

    def _plot(self, found: Comparison) -> None:
        good = [fit for fit in found.fits if not fit.diverged]
        if found.task != "regression" or not good:
            return
        width, colour = min(self.console.width, 90), self.console.color_system is not None
        self.console.print()
        if found.has_line:
            drawn = fitted_lines(found, good, width, colour)
        else:
            part = "valid" if found.valid_rows else "train"
            best = min(good, key=lambda fit: float(fit.figures[part]["median |residual|"]))
            self.console.print(f"Nearest to most rows: {escape(best.label)}")
            drawn = predicted_against_true(found, best, width, colour)
        self.console.print(Text.from_ansi(drawn))

    def _coefficients(self, found: Comparison, fits: list[Fit]) -> None:
        first = fits[0].coefficients
        if first is None:
            return
        if len(first.rows) > 1 or len(first.features) > ROWS:
            count = len(first.rows) * (len(first.features) + 1)
            self.console.print(f"\nEach fit has {count} coefficients, too many for the screen: they are in --json.")
            return
        for chunk in _chunks(fits):
            table = self._table(f"Coefficients, in the data's own units ({escape(first.meaning)})")
            table.add_column("a step of 1 in")
            self._heads(table, [fit.label for fit in chunk], fits)
            for place, feature in enumerate(first.features):
                table.add_row(
                    escape(feature), *(_number(f.coefficients.weights[0][place]) for f in chunk if f.coefficients)
                )
            table.add_row("(all inputs 0)", *(_number(f.coefficients.intercepts[0]) for f in chunk if f.coefficients))
            self.console.print(table)

    def _figures(self, found: Comparison, fits: list[Fit]) -> None:
        for part in fits[0].figures:
            where = {"train": "the rows fitted", "valid": "the rows held back"}[part]
            if found.task == "regression":
                table = self._table(f"Residuals ({escape(found.target)} − fit) on {where}")
                shown = {"median |residual|": "median |r|"}
                keys = [key for key in fits[0].figures[part] if key != "largest"]
                rows = [[_number(fit.figures[part][key]) for key in keys] for fit in fits]
                heads = [shown.get(key, key) for key in keys]
            else:
                table = self._table(f"Decisions on {where}")
                heads, rows = _decision_rows(fits, part)
            _name_column(table)
            for head in heads:
                table.add_column(head, justify="right")
            for place, (fit, row) in enumerate(zip(fits, rows, strict=True)):
                table.add_row(f"{LETTERS[place % 26]} {escape(fit.label)}", *row)
            self.console.print(table)

    def _every_loss(self, found: Comparison, fits: list[Fit]) -> None:
        """Rows are fits, columns are losses: each loss should be smallest on its own fit, marked with a star."""
        for part, where in (("train", "the rows fitted"), ("valid", "the rows held back")):
            if not getattr(fits[0], part):
                continue
            for labels in _chunks(found.asked):
                table = self._table(f"Every loss on every fit, on {where} (* smallest of its column)")
                _name_column(table)
                self._heads(table, labels, fits)
                for place, fit in enumerate(fits):
                    cells = [_starred(fit, fits, part, label) for label in labels]
                    table.add_row(f"{LETTERS[place % 26]} {escape(fit.label)}", *cells)
                self.console.print(table)
        self._training(found, fits)

    def _training(self, found: Comparison, fits: list[Fit]) -> None:
        if found.solved:
            self._optima(fits)
            return
        how = found.settings
        table = self._table(
            f"Training: {how['optimizer']}, {how['epochs']} epochs, batches of {how['batch_size']}, "
            f"rate {how['learning_rate']:g} falling along a cosine"
        )
        _name_column(table)
        for head in ("loss", "regularization", "gradient", "seconds"):
            table.add_column(head, justify="right")
        for place, fit in enumerate(fits):
            left = "–" if fit.convergence is None else fit.convergence.words
            cells = (_number(fit.train[fit.label]), _number(fit.regularization), left, f"{fit.seconds:.1f}")
            table.add_row(f"{LETTERS[place % 26]} {escape(fit.label)}", *cells)
        self.console.print(table)

    def _optima(self, fits: list[Fit]) -> None:
        """How good each fit is known to be: the gap says by what share no other coefficients could be better."""
        table = self._table("Where each fit ended (gap: by what share another could be better)")
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
            table.add_row(f"{LETTERS[place % 26]} {escape(fit.label)}", *cells)
        self.console.print(table)

    def _pulls(self, fits: list[Fit]) -> None:
        table = self._table("The three rows that pull hardest on each fit (share of all pull)")
        _name_column(table)
        table.add_column("share", justify="right")
        table.add_column("row")
        for place, fit in enumerate(fits):
            shares = fit.pull_shares.values()
            even = max(shares) - min(shares) < 1e-6
            for rank, pull in enumerate(fit.pulls[: 1 if even else 3]):
                name = f"{LETTERS[place % 26]} {escape(fit.label)}" if rank == 0 else ""
                words = "every row pulls alike" if even else escape(f"{pull.words}: {pull.gap}")
                table.add_row(name, f"{pull.share:.1%}", words)
        self.console.print(table)

    def _end(self, found: Comparison, written: list[Path]) -> None:
        missing = [label for label in found.asked if label not in {fit.label for fit in found.fits}]
        if found.interrupted:
            self.console.print(f"\nInterrupted: not fitted are {escape(', '.join(missing))}.")
        backend = found.versions["backend"]
        self.console.print(f"\n{found.seconds:.0f} s on {backend}, seed {found.settings['seed']}. The same again:")
        self.console.print(f"  {escape(found.command)}", soft_wrap=True)
        for path in written:
            self.console.print(f"Written: {escape(str(path))}", soft_wrap=True)
        if not written and not self.quiet:
            self.console.print("Next: add --report report.html for figures, or name your own CSV file and --target.")

    def _list(self, title: str, items: list[str]) -> None:
        if items:
            self.console.print(f"\n[bold]{title}[/bold]")
            for item in items:
                self.console.print(Padding(f"• {escape(item)}", (0, 0, 0, 1), expand=False))

    def _table(self, title: str) -> Table:
        self.console.print(f"\n[bold]{title}[/bold]")
        return Table(box=None, padding=(0, 2, 0, 0))

    def _heads(self, table: Table, labels: list[str], fits: list[Fit]) -> None:
        """Columns named by label; by letter, as the plot's lines, when a label is long."""
        long = any(len(label) > SHORT for label in labels)
        letters = {fit.label: LETTERS[place % 26] for place, fit in enumerate(fits)}
        for label in labels:
            table.add_column(letters.get(label, label[:SHORT]) if long else escape(label), justify="right")


def _name_column(table: Table) -> None:
    table.add_column("fitted by", no_wrap=True, max_width=30)


def _decision_rows(fits: list[Fit], part: str) -> tuple[list[str], list[list[str]]]:
    figures = [fit.figures[part] for fit in fits]
    if "auc" in figures[0]:
        heads = ["accuracy", "wrong", "missed", "false alarms", "AUC"]
        return heads, [
            [f"{f['accuracy']:.1%}", str(f["wrong"]), str(f["missed"]), str(f["false alarms"]), f"{f['auc']:.3f}"]
            for f in figures
        ]
    heads = ["accuracy", "wrong", "weakest class", "most mixed up"]
    return heads, [
        [
            f"{f['accuracy']:.1%}",
            str(f["wrong"]),
            escape(f"{f['weakest class']} ({f['recall'][f['weakest class']]:.0%})"),
            escape(f["most mixed up"]),
        ]
        for f in figures
    ]


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
