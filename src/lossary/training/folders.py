"""The comparison of losses over files that need not fit memory: the same linear model, solved for each loss."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import lossary as ls
from lossary.data.results import plain
from lossary.data.rowfiles import Files
from lossary.linear.table import Asked, Session
from lossary.training.candidates import Candidate

Progress = Callable[[str, int, int], None]  # which loss, parts done, parts in all


def compare_files(
    files: Files, asked: list[Candidate], penalties: tuple[float, float], engine: tuple[str, int | None], told: Progress
) -> dict[str, Any]:
    """One fit for each loss, and the mean of each loss for each fit. Rows with a missing cell are left out.

    Losses see the target in its own units. All losses are checked before the first is fitted.
    """
    label, passes = "", 0

    def seen(number: int, done: int, of: int) -> None:
        nonlocal passes
        passes += done == of
        told(label, done, of)

    losses = [ls.get(one.function, **_keywords(one)) for one in asked]
    given = Asked(
        files.files[0].parent if len(files.files) > 1 else files.files[0], files.targets, inputs=list(files.inputs),
        engine=engine[0], workers=engine[1], progress=seen, drop=True,
        texts=True,
    )  # fmt: skip
    found: list[dict[str, Any]] = []
    fits = []
    with Session(given) as session:
        for one, loss in zip(asked, losses, strict=True):
            label, passes, began = one.label, 0, time.perf_counter()
            fit = session.fit(loss, *penalties, True, False, None)
            fits.append(fit)
            known = fit.certificate
            found.append(
                {"label": label, "value": fit.loss, "penalty": fit.penalty, "ended": known.words, "gap": known.gap,
                 "said": known.sentence(), "coefficients": plain(fit.coefficients), "intercept": plain(fit.intercept),
                 "passes": passes, "seconds": time.perf_counter() - began}
            )  # fmt: skip
        label = "every loss"
        values = session.values(losses, fits)
    rows, names = fits[0].rows, list(fits[0].names)
    return {"rows": rows, "names": names, "fits": found, "values": np.asarray(values).tolist()}


def _keywords(one: Candidate) -> dict[str, Any]:
    """Linear models give any number: logits, and logarithms of rates."""
    known = {param.name for param in ls.card(one.function).params}
    return one.keywords | ({"log_rate": True} if "log_rate" in known else {})
