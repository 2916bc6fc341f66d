"""Every question the page may ask, and who answers it. Importing this imports Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lossary.explorer import code, curves, densities, fits, likelihoods, losses, network, own, planes, scenes
from lossary.numerics.backend import forget_programs

Answer = Callable[[dict[str, Any]], Any]
MOST_PROGRAMS = 500  # of a backend that compiles for each size of a table: they take less than a gigabyte


def _bounded(answer: Answer) -> Answer:
    """The same answer; what the backend compiled for sizes that nobody asks for again does not pile up."""

    def answered(question: dict[str, Any]) -> Any:
        try:
            return answer(question)
        finally:
            forget_programs(MOST_PROGRAMS)

    return answered


_ALL: dict[str, Answer] = {
    "catalogue": losses.answer,
    "curves": curves.answer,
    "reading": curves.reading_answer,
    "fits": fits.answer,
    "planes": planes.answer,
    "likelihoods": likelihoods.answer,
    "scenes": scenes.answer,
    "densities": densities.answer,
    "network": network.answer,
    "formula": own.formula_answer,
    "rows": own.rows_answer,
    "code": code.answer,
}
ANSWERS = {name: _bounded(answer) for name, answer in _ALL.items()}
