"""Tables by name: three that are part of the package, two that scikit-learn holds; and files."""

from __future__ import annotations

import csv
import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources, util
from pathlib import Path
from typing import Any

import numpy as np

from lossary.data.columns import Column
from lossary.data.csvfile import decode, parse
from lossary.data.errors import DataError
from lossary.data.files import ADDRESS, read_file, refused
from lossary.data.meaning import columns_of
from lossary.data.reading import Reading


@dataclass(frozen=True)
class About:
    """What a table by name is, without its rows."""

    name: str
    title: str
    rows: int
    target: str
    features: tuple[str, ...]  # what the target is explained by when the user names neither; empty: all others
    task: str
    source: str
    licence: str
    look: str = ""  # what to look at, for a newcomer
    extra: bool = False  # whether scikit-learn has to be installed


@dataclass(frozen=True)
class Table:
    """Columns of equal length, where they came from, and what was decided on the way."""

    name: str
    columns: tuple[Column, ...]
    about: About | None = None
    notes: tuple[str, ...] = field(default=())
    reading: Reading = field(default_factory=Reading)  # what the user said of it

    @property
    def rows(self) -> int:
        return self.columns[0].rows

    def column(self, name: str) -> Column | None:
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}


PHONES = About(
    name="phones",
    title="Telephone calls in Belgium, in millions a year, 1950 to 1973",
    rows=24,
    target="calls",
    features=("year",),
    task="regression",
    source="Rousseeuw & Leroy (1987), Robust Regression and Outlier Detection, Wiley, p. 26",
    licence="24 published figures, free to use",
    look="The years 1964 to 1969, and part of 1970, were recorded in another unit by mistake. A loss that squares "
    "errors follows these seven rows; a loss that limits or ignores large errors follows the other seventeen.",
)
PENGUINS = About(
    name="penguins",
    title="344 penguins of three species near Palmer Station, Antarctica",
    rows=344,
    target="body_mass_g",
    features=("flipper_length_mm",),
    task="regression",
    source="Gorman, Williams & Fraser (2014), doi:10.1371/journal.pone.0090081; palmerpenguins 0.1.6",
    licence="CC0",
    look="Clean data without outliers: the losses should nearly agree.",
)
ENGEL = About(
    name="engel",
    title="Income and food expenditure of 235 Belgian working-class households, 1857, in francs a year",
    rows=235,
    target="foodexp",
    features=("income",),
    task="regression",
    source="Koenker & Bassett (1982), Econometrica 50, 43–61; Engel (1857)",
    licence="public domain",
    look="The spread grows with income, so quantile losses give lines that fan out: try "
    "--loss quantile:q=0.1,quantile:q=0.5,quantile:q=0.9.",
)
DIGITS = About(
    name="digits",
    title="1,797 handwritten digits of 8 by 8 pixels",
    rows=1797,
    target="digit",
    features=(),
    task="multiclass",
    source="Alpaydin & Kaynak (1998), UCI Optical Recognition of Handwritten Digits; by way of scikit-learn",
    licence="CC BY 4.0",
    extra=True,
)
BREAST_CANCER = About(
    name="breast_cancer",
    title="569 breast tumours with 30 measurements each",
    rows=569,
    target="diagnosis",
    features=(),
    task="binary",
    source="Wolberg, Street & Mangasarian (1995), UCI Breast Cancer Wisconsin (Diagnostic); by way of scikit-learn",
    licence="CC BY 4.0",
    extra=True,
)
ABOUT = {about.name: about for about in (PHONES, PENGUINS, ENGEL, DIGITS, BREAST_CANCER)}


def load(source: str, reading: Reading | None = None) -> Table:
    """A table by its name, or else the file of that path. Raises DataError when there is neither."""
    if source in ABOUT:
        return _by_name(ABOUT[source])
    path = Path(source)
    if re.fullmatch(r"\w{1,80}", source) and not path.exists():
        raise DataError(
            f"Cannot read '{source}' as a table.",
            arrived="There is no file and no embedded table of that name.",
            allowed=f"Expected a path, or one of the embedded tables {', '.join(ABOUT)}.",
            do="Check the spelling.",
        )
    if ADDRESS.match(source):  # a path would lose one of its strokes
        raise refused(
            source, "It is an address, and nothing is fetched from the network.", "Download it: curl -LO URL."
        )
    columns, notes = read_table(path, reading or Reading())
    return Table(path.name, tuple(columns), notes=tuple(notes), reading=reading or Reading())


def read_table(path: Path, reading: Reading) -> tuple[list[Column], list[str]]:
    """The columns of a file, and notes on what was decided about the file as a whole."""
    content = read_file(path)
    _check_packages(path, content.kind)
    if content.kind == "parquet":
        from lossary.data.parquet import read_parquet

        return read_parquet(content.raw, path, reading)
    if content.kind == "sheet":
        from lossary.data.workbook import sheet_grid

        grid = sheet_grid(content.raw, path, reading)
        return columns_of(grid, reading), grid.notes
    notes: list[str] = []
    columns, more = parse(decode(content.raw, path, reading, notes), path, reading)
    return columns, notes + more


NEEDED = {"text": ("pyarrow", "clevercsv", "chardet"), "sheet": ("python_calamine",), "parquet": ("pyarrow",)}


def _check_packages(path: Path, kind: str) -> None:
    missing = [name for name in NEEDED[kind] if util.find_spec(name) is None]
    if missing:
        raise refused(
            path,
            f"Not installed: {', '.join(missing)}.",
            "Install them: pip install 'lossary[cli]'.",
        )


def split_names(text: str, table: Table) -> tuple[str, ...]:
    """Names of columns with commas between; a name with a comma stands in quotation marks, or alone."""
    if table.column(text.strip()) is not None:
        return (text.strip(),)
    try:
        cells = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:  # a line break in a name
        cells = [text]
    return tuple(cell.strip() for cell in cells if cell.strip())


def typed(names: Sequence[str]) -> str:
    """Names as one word of a command line."""
    return shlex.quote(",".join(f'"{name}"' if "," in name and len(names) > 1 else name for name in names))


def listed(names: Sequence[str], most: int = 12) -> str:
    """Names as they can be typed again: those with commas in quotation marks."""
    shown = [f'"{name}"' if "," in name else name for name in names[:most]]
    return ", ".join(shown) + (f" … ({len(names)} in all)" if len(names) > most else "")


def _by_name(about: About) -> Table:
    if about.extra:
        return Table(about.name, tuple(_FROM_SKLEARN[about.name]()), about)
    text = (resources.files("lossary.data") / "embedded" / f"{about.name}.csv").read_text(encoding="utf-8")
    columns, notes = parse(text, Path(about.name), Reading(separator=","))
    return Table(about.name, tuple(columns), about, tuple(notes))


def _sklearn_datasets(name: str) -> Any:
    if util.find_spec("sklearn") is None:
        raise DataError(
            f"Cannot load the table '{name}'.",
            arrived="It comes with scikit-learn, which is not installed.",
            allowed=f"Without it, the tables are {', '.join(a.name for a in ABOUT.values() if not a.extra)}.",
            do="Install it: pip install 'lossary[data]'.",
        )
    import sklearn.datasets

    return sklearn.datasets


def _digits() -> list[Column]:
    data = _sklearn_datasets("digits").load_digits()
    pixels = np.asarray(data.data, dtype=np.float64)
    columns = [Column(f"pixel_{i // 8}_{i % 8}", numbers=pixels[:, i]) for i in range(pixels.shape[1])]
    return [*columns, Column("digit", numbers=np.asarray(data.target, dtype=np.float64))]


def _breast_cancer() -> list[Column]:
    data = _sklearn_datasets("breast_cancer").load_breast_cancer()
    columns = [
        Column(str(name).replace(" ", "_"), numbers=np.asarray(values, dtype=np.float64))
        for name, values in zip(data.feature_names, data.data.T, strict=True)
    ]
    # scikit-learn codes malignant as 0; as text, sorted, malignant becomes the second, the positive class
    words = [str(data.target_names[label]) for label in data.target]
    return [*columns, Column("diagnosis", text=tuple(words))]


_FROM_SKLEARN: dict[str, Callable[[], list[Column]]] = {"digits": _digits, "breast_cancer": _breast_cancer}
