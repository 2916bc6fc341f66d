"""What a linear fit is: coefficients in the data's own units, and how good they are known to be."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ..core import notebook
from ..core.errors import LossaryError, ShapeError
from ..core.files import read_whole, write_whole
from ..data.results import plain

FORMAT = 1
Array = np.ndarray


@dataclass(frozen=True)
class Certificate:
    """What is known of the end of a fit.

    Attributes:
        kind: "optimum"; "stationary" (the loss is not convex: a local minimum, perhaps not the lowest);
            "no finite optimum" (the objective decreases without bound in one direction); "not converged".
        unique: whether no other coefficients are as good; None where it is not known.
        gap: no coefficients up to the size of these lower the target by more than this share of it; for piecewise
            linear losses no coefficients at all. None where nothing is known.
        gradient: the largest entry of the smallest (sub)gradient, as a share of the parts that cancel in it; None for
            linear programmes, where `gap` says it all.
        collinear: the columns that say the same together; their coefficients are the smallest of the equally good.
        direction: for "no finite optimum", the columns along which the target falls, first the strongest.
        start: where the fit started, for a loss that is not convex.
        method, iterations: how it was found.
    """

    kind: str
    unique: bool | None = None
    gap: float | None = None
    gradient: float | None = None
    collinear: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()
    start: str = ""
    method: str = ""
    iterations: int = 0

    @property
    def good(self) -> bool:
        """Whether the fit ended where one can: at the optimum, or at a stationary point of a loss that has several."""
        return self.kind in ("optimum", "stationary")

    @property
    def words(self) -> str:
        """In a few words, for a table: "optimum", "optimum, not unique", "no finite optimum" …"""
        if self.kind == "optimum" and self.collinear:
            return "optimum, collinear"
        return "optimum, not unique" if self.kind == "optimum" and self.unique is False else self.kind

    def sentence(self) -> str:
        """What a reader has to know before using the coefficients."""
        said = {
            "optimum": "The coefficients are at the optimum",
            "stationary": "The loss is not convex: this is a stationary point, not known to be the lowest",
            "no finite optimum": "There is no finite optimum",
            "not converged": "The fit has not converged: do not use the coefficients as an optimum",
        }[self.kind]
        if self.kind == "optimum" and self.gap is not None:
            said += f" (relative gap at most {max(self.gap, 1e-16):.0e})"
        if self.kind == "stationary" and self.start:
            said += f"; it started from {self.start}"
        if self.direction:
            said += f": the objective decreases without bound along {', '.join(self.direction[:4])}"
            said += " …" if len(self.direction) > 4 else ""
            said += "; the coefficients are those where this was detected. Separable classes cause it: add l2"
        said += "."
        if self.collinear:
            said += (
                f" {', '.join(self.collinear)} are collinear: of the equally good coefficients, these are the smallest."
            )
        elif self.unique is False:
            said += " It is not unique: other coefficients are just as good."
        return said


@dataclass(frozen=True)
class LinearFit:
    """A linear model fitted by `ls.fit_linear`: predictions are offset + x @ coefficients + intercept.

    Attributes:
        coefficients: in the data's own units: (p,), or (p, k) for k outputs.
        intercept: a number, or (k,); 0 where none was asked for.
        loss: the weighted mean of the loss over the rows. penalty: l1 Σ|b| + l2 Σb². target: their sum.
        certificate: how good the coefficients are known to be.
        names: the columns.
        rows, weight: how many rows counted, and the sum of their weights.
        settings: the loss as text, l1, l2, and which columns a penalty meets as they are or standardised.
        values: the target along the way, first that of the start.
    """

    coefficients: Array
    intercept: Any
    loss: float
    penalty: float
    certificate: Certificate
    names: tuple[str, ...]
    rows: int
    weight: float
    settings: dict[str, Any] = field(default_factory=dict)
    values: tuple[float, ...] = ()

    @property
    def target(self) -> float:
        """What was minimised: loss + penalty."""
        return self.loss + self.penalty

    @property
    def converged(self) -> bool:
        """Whether the certificate is good."""
        return self.certificate.good

    def predict(self, x: Any, offset: Any = None) -> Array:
        """offset + x @ coefficients + intercept, (n,) or (n, k), in float64: scores where the loss reads logits."""
        from .asking import matrix

        numbers, names = matrix(x)
        if numbers.shape[1] != len(self.names):
            raise ShapeError(
                "A linear fit predicts from the columns it was fitted to.",
                arrived=f"x has {numbers.shape[1]} column(s): {', '.join(names[:6])}.",
                allowed=f"Expected {len(self.names)} column(s): {', '.join(self.names[:6])}.",
                do="Pass the same columns in the same order.",
            )
        predicted = numbers @ self.coefficients + self.intercept
        return np.asarray(predicted if offset is None else predicted + np.asarray(offset, dtype=float))

    def save(self, path: str | Path) -> Path:
        """Write everything as JSON, with all digits; `LinearFit.load` reads it."""
        path = Path(path)
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        found["certificate"] = asdict(self.certificate)
        text = json.dumps({"format": FORMAT, "kind": "lossary linear fit", **plain(found)}, indent=1, allow_nan=False)
        write_whole(path, text + "\n")
        return path

    @classmethod
    def load(cls, path: str | Path) -> LinearFit:
        """The fit that `save` wrote."""
        try:
            found = json.loads(read_whole(path))
            if (found.pop("kind"), found.pop("format")) != ("lossary linear fit", FORMAT):
                found = {}
            told = found.pop("certificate")
            of_tuples: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in told.items()}
            certificate = Certificate(**of_tuples)
            found |= {key: tuple(found[key]) for key in ("names", "values")}
            found |= {"coefficients": np.array(found["coefficients"], dtype=float), "certificate": certificate}
            outputs = found["coefficients"].shape[1:]
            found["coefficients"] = found["coefficients"].reshape(len(found["names"]), *outputs)  # or a ValueError
            intercept = np.array(found["intercept"], dtype=float).reshape(outputs)
            found["intercept"] = intercept if outputs else float(intercept)
            return cls(**found)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            why = getattr(error, "strerror", None)
            raise LossaryError(
                f"Cannot load a linear fit from {str(path)!r}.",
                arrived=f"It cannot be read: {why}." if why else f"It does not hold one ({type(error).__name__}).",
                allowed="Expected a file written by LinearFit.save.",
                do="Fit again with ls.fit_linear, and save.",
            ) from error

    def _repr_html_(self) -> str:
        """The same in a notebook."""
        columns = np.atleast_2d(np.asarray(self.coefficients).T)
        heads = ["column", *([f"output {k}" for k in range(len(columns))] if len(columns) > 1 else ["coefficient"])]
        lines: list[Any] = [[name, *(f"{column[k]:.8g}" for column in columns)] for k, name in enumerate(self.names)]
        lines = [*notebook.cut(lines), ["intercept", *(f"{one:.8g}" for one in np.atleast_1d(self.intercept))]]
        penalty = f" + penalty {self.penalty:.10g}" if self.penalty else ""
        title = f"{escape(str(self.settings.get('loss', 'loss')))}: {self.loss:.10g}{penalty}"
        told = f"{self.certificate.sentence()} {self.rows:,} rows."
        mark = notebook.BLUE if self.converged else notebook.ORANGE
        return notebook.box(title, notebook.table(heads, lines), notebook.text(told), mark=mark)

    def __str__(self) -> str:
        """A table of the coefficients, and what is known of them."""
        columns = np.atleast_2d(np.asarray(self.coefficients).T)
        intercepts = np.atleast_1d(self.intercept)
        width = max([len("intercept"), *map(len, self.names)])
        lines = [f"{self.settings.get('loss', 'loss')}: {self.loss:.10g}"]
        if self.penalty:
            lines[0] += f" + penalty {self.penalty:.10g}"
        for place, name in enumerate(self.names):
            lines.append(f"  {name:{width}}  " + "  ".join(f"{column[place]:>14.8g}" for column in columns))
        lines.append(f"  {'intercept':{width}}  " + "  ".join(f"{one:>14.8g}" for one in intercepts))
        return "\n".join([*lines, self.certificate.sentence()])
