"""The HTML report of a comparison: one file, no scripts, nothing from elsewhere; for screen, dark screen and paper."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from lossary.data.results import Comparison, Fit
from lossary.drawing import charts

# Okabe and Ito's palette, made a little darker on white and lighter on black; people with colour blindness tell it.
LIGHT = ("#c2410c", "#0072b2", "#00795a", "#a05a00", "#6a3d9a", "#b0417a", "#1f78a4", "#555555")
DARK = ("#ff9a5c", "#6cbcf5", "#3fd0a4", "#f0c04a", "#c7a6f5", "#f29cc8", "#8fd3f5", "#bbbbbb")


def render(found: Comparison) -> str:
    """The whole page as text. The same comparison gives the same bytes."""
    fits = [fit for fit in found.fits if not fit.diverged]
    environment = Environment(
        loader=PackageLoader("lossary.drawing", "templates"),
        autoescape=select_autoescape(["html", "j2"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    environment.filters["percent"] = lambda share: f"{share:.1%}"
    template = environment.get_template("report.html.j2")
    return template.render(
        found=found, fits=fits, figures=_figures(found, fits), light=LIGHT, dark=DARK, best=_smallest
    )


def number(value: float | None) -> str:
    """Four figures that count, and a dash for what is not defined."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def _figures(found: Comparison, fits: list[Fit]) -> list[dict[str, Any]]:
    if not fits:
        return []
    shown = []
    if found.has_line:
        said = "Every mark is a row. All lines come from the same model; only the loss differs."
        shown.append(("Fitted lines", said, charts.fitted_lines(found, fits)))
    elif found.task == "regression":
        said = "Every mark is a row; on the thin line the prediction is right."
        shown.append(("Predicted against true", said, charts.predicted_against_true(found, fits)))
    else:
        said = "How much of each class is recognised, on rows held back where there are any."
        shown.append(("Right decisions by class", said, charts.recalls(found, fits)))
    said = (
        f"What each fit gets wrong: {found.target} minus the fit, over all rows. The outer bars hold all beyond."
        if found.task == "regression"
        else "How far the right class is ahead: right of the line the decision is right. Units differ by loss."
    )
    shown.append(("Residuals" if found.task == "regression" else "Margins", said, charts.gap_histograms(found, fits)))
    said = "Each panel has its own scale, since losses are measured in their own units. A flat end means settled."
    shown.append(("Training", said, charts.loss_curves(found, fits)))
    # the drawings are made here from numbers and escaped labels, so they may stand as they are
    return [{"title": title, "said": said, "svg": Markup(svg)} for title, said, svg in shown]


def _smallest(fits: list[Fit], part: str, label: str) -> float | None:
    values = [value for fit in fits if (value := getattr(fit, part).get(label)) is not None]
    return min(values, default=None)
