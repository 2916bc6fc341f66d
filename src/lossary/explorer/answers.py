"""Every question the page may ask, and who answers it. Importing this imports Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lossary.explorer import catalogue, code, curves, fits, likelihoods, network, own, planes

ANSWERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "catalogue": catalogue.answer,
    "curves": curves.answer,
    "reading": curves.reading_answer,
    "fits": fits.answer,
    "planes": planes.answer,
    "likelihoods": likelihoods.answer,
    "network": network.answer,
    "formula": own.formula_answer,
    "rows": own.rows_answer,
    "code": code.answer,
}
