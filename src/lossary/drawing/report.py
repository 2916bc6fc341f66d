"""The HTML report of a comparison: one file, no scripts, nothing from elsewhere; for screen, dark screen and paper."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

import lossary as ls
from lossary._errors import visible
from lossary.core.cards import readable
from lossary.data.results import HEADS, OPTIMIZERS, Comparison, Fit, strongest
from lossary.drawing import charts
from lossary.drawing.files import dark_rules, inline
from lossary.drawing.style import DARK, LIGHT, Picture

WORDS = {  # of the sentences about what differs: what they mean, in the order in which they are first used
    "outliers": "rows far from the fit that is nearest to most rows.",
    "robust standard deviation": "1.4826 times the median size of the residuals: for normal errors the standard "
    "deviation, which a few wild rows hardly change.",
    "gradient": "of a row: how fast its loss changes with its prediction. A fit ends where the gradients of its rows "
    "balance, so the larger a row's share of them, the more it decides where the fit lies.",
    "residual": "the target minus the prediction.",
    "root mean square": "the square root of the mean of the squared residuals; large ones dominate it.",
    "standard error": "how far the accuracy would typically move with other rows of the same kind.",
    "relative gap": "no coefficients of about this size have a loss that is lower by a larger fraction.",
    "not convex": "the loss may have several valleys, so where a fit ends can depend on where it starts.",
    "stationary point": "a place where the gradient of the whole loss is 0.",
    "collinear": "each can be computed from the others, so the data do not tell their coefficients apart.",
    "Without inputs": "the same answer for every row: what a model has to beat.",
}
Shown = tuple[str, str, str, Picture]  # the name of its ids, a heading, words, the figure


def render(found: Comparison) -> str:
    """The whole page as text. The same comparison gives the same bytes."""
    fits = [fit for fit in found.fits if not fit.diverged]
    environment = Environment(
        loader=PackageLoader("lossary.drawing", "templates"),
        autoescape=select_autoescape(["html", "j2"], default=True),
        undefined=StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,  # names and cells of the table
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["gap"] = lambda share: "–" if share is None else f"{max(share, 1e-16):.0e}"
    environment.filters["head"] = lambda key: HEADS.get(key, key)
    environment.filters["optimizer"] = lambda name: OPTIMIZERS[name]
    environment.filters["percent"] = lambda share: f"{share:.1%}"
    template = environment.get_template("report.html.j2")
    # the drawings are made here from numbers and escaped labels, so they may stand as they are
    figures = [
        {"title": title, "said": said, "svg": Markup(inline(figure, name))}
        for name, title, said, figure in _figures(found, fits)
    ]
    return template.render(
        found=found,
        fits=fits,
        figures=figures,
        words={word: text for word, text in WORDS.items() if word in " ".join(found.findings)},
        losses=[_told(fit) for fit in found.fits],
        light=LIGHT,
        dark=DARK,
        dark_rules=Markup(dark_rules()),
        best=_smallest,
        strongest=strongest,
    )


def number(value: float | None) -> str:
    """Four figures that count, and a dash for what is not defined."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _told(fit: Fit) -> dict[str, str]:
    """What the catalogue says of a fit's loss."""
    card = ls.card(fit.function)
    return {
        "label": fit.label,
        "name": card.name,
        "formula": readable(card.formula),
        "summary": card.summary.replace("`", ""),
    }


def _figures(found: Comparison, fits: list[Fit]) -> list[Shown]:
    if not fits:
        return []
    regression = found.task == "regression"
    shown: list[Shown] = []
    if found.has_line:
        said = "Each mark is a row. All lines are fits of the same model; only the loss differs."
        shown.append(("lines", "Fitted lines", said, charts.fitted_lines(found, fits)))
    elif regression:
        said = "Each mark is a row; on the thin line the prediction is exact."
        shown.append(("against", "Predicted against true", said, charts.predicted_against_true(found, fits)))
    else:
        said = "The recall of a class: the share of its rows that the fit gets right, of the validation rows if any."
        shown.append(("recalls", "Recall by class", said, charts.recalls(found, fits)))
    said = (
        f"Residuals, {found.target} minus the prediction, of all rows. The outermost bars hold everything beyond."
        if regression
        else "The margin: the score of the true class minus the highest other score. Right of the line the row is "
        "classified correctly. Units differ by loss."
    )
    shown.append(("gaps", "Residuals" if regression else "Margins", said, charts.gap_histograms(found, fits)))
    said = "The loss of a row (left) and its gradient (right), by its error, in the units of the losses."
    shown.append(("shapes", "The losses themselves", said, charts.loss_shapes(fits)))
    if not found.solved:
        said = "Each panel has its own scale, because losses have different units."
        shown.append(("curves", "Training", said, charts.loss_curves(fits)))
    return shown


def _smallest(fits: list[Fit], part: str, label: str) -> float | None:
    values = [value for fit in fits if (value := getattr(fit, part).get(label)) is not None]
    least = min(values, default=None)
    return None if least is None else least + 1e-9 * abs(least)  # equals are all marked
