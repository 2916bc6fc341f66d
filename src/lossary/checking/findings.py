"""What a check found: one `Finding` per mistake, `Findings` for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any, overload

from ..core import notebook
from ..core.errors import LossaryError

ERROR, WARNING = "ERROR", "WARNING"


@dataclass(frozen=True)
class Finding:
    """One mistake.

    `rule` and `id` name the rule; `severity` is "ERROR" (training would learn the wrong thing) or "WARNING" (the
    numbers are not what they seem). `message` holds the numbers of this case, `do` what to change, `link` the place in
    the documents, `numbers` the same numbers for programs, `output` the model's output where there are several.
    """

    rule: str
    id: str
    severity: str
    message: str
    do: str
    link: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    output: str = ""

    def __str__(self) -> str:
        where = f" [output {self.output}]" if self.output else ""
        return f"{self.id} {self.severity} {self.rule}{where}: {self.message} {self.do}"

    def _repr_html_(self) -> str:
        where = f" [output {self.output}]" if self.output else ""
        title = escape(f"{self.id} {self.severity} {self.rule}{where}")
        mark = notebook.RED if self.severity == ERROR else notebook.ORANGE
        said = (notebook.text(self.message), notebook.text(self.do), notebook.text(self.link, quiet=True))
        return notebook.box(title, *said, mark=mark)


@dataclass(frozen=True)
class Route:
    """Which loss meets which output and target of a model: name of the output, loss, shapes, weight, value."""

    output: str
    loss: str
    target: tuple[int, ...]
    prediction: tuple[int, ...]
    weight: float = 1.0
    value: float | None = None

    def __str__(self) -> str:
        value = "no value" if self.value is None else f"{self.value:.4g}"
        return f"{self.output} {self.prediction} ← {self.target} by {self.loss}, weight {self.weight:g}: {value}"


class Findings(Sequence[Finding]):
    """All findings of one check, errors first. Empty, and so false, when there is nothing to say.

    `routes` says which loss met which output and target; `str()` shows it for models with several outputs. `rows` were
    looked at whole; of `every` row, where these are more, the targets and weights.
    """

    def __init__(
        self, found: Sequence[Finding] = (), routes: Sequence[Route] = (), rows: int = 0, every: int = 0
    ) -> None:
        self._found = tuple(sorted(found, key=lambda f: (f.severity != ERROR, f.id, f.output)))
        self.routes, self.rows, self.every = tuple(routes), rows, every

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self if finding.severity == ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self if finding.severity == WARNING)

    def raise_errors(self) -> None:
        """Raise a LossaryError that names every error; do nothing where there is none."""
        if not self.errors:
            return
        raise LossaryError(
            f"{self.rows} rows were checked before training.",
            arrived=" ".join(f"{f.id} {f.rule}{_at(f)}: {f.message}" for f in self.errors),
            allowed="Expected a loss without errors, or their rules in ignore=[...].",
            do=" ".join(dict.fromkeys(f.do for f in self.errors)),
        )

    @overload
    def __getitem__(self, place: int) -> Finding: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Finding]: ...
    def __getitem__(self, place: Any) -> Any:
        return self._found[place]

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._found)

    def __str__(self) -> str:
        lines = [f"  {route}" for route in self.routes] if len(self.routes) > 1 else []
        lines += [f"{finding}\n  {finding.link}" for finding in self]
        lines.append(self.summary())
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        heads = ["output", "loss", "prediction", "target", "weight", "value"]
        rows = [
            [
                r.output,
                r.loss,
                str(r.prediction),
                str(r.target),
                f"{r.weight:g}",
                "" if r.value is None else f"{r.value:.4g}",
            ]
            for r in self.routes
        ]
        routes = notebook.table(heads, rows, left=4) if len(rows) > 1 else ""
        return notebook.box(escape(self.summary()), routes, *(finding._repr_html_() for finding in self))

    def summary(self) -> str:
        """The last line: how much was looked at, and how much was found."""
        rows = f"{_counted(self.rows, 'row')} checked"
        if self.every > self.rows:
            rows += f", targets and weights of {self.every}"
        if not self:
            return f"{rows}: nothing found."
        counts = [(len(self.errors), "error"), (len(self.warnings), "warning")]
        return f"{rows}: {', '.join(_counted(n, word) for n, word in counts if n)}."


def _counted(n: int, word: str) -> str:
    return f"{n} {word}{'s' * (n != 1)}"


def _at(finding: Finding) -> str:
    return f" [output {finding.output}]" if finding.output else ""
