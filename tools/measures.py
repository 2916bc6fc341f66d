"""What is known of each family of losses, for docs/coverage.md: lines, errors, speed and the seconds of tests.

python tools/measures.py torch=torch.xml tensorflow=tensorflow.xml jax=jax.xml

keeps the seconds that the tests of each loss take, in benchmarks/results/tests.json, from what
`pytest --junitxml=FILE` wrote for each backend. Lines are counted in the sources, errors are read in docs/exactness.md,
speed in benchmarks/results.
"""

from __future__ import annotations

import ast
import json
import re
import statistics
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from lossary.core import catalogue  # noqa: E402
from lossary.core.cards import Card  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results"
TESTS = RESULTS / "tests.json"
BACKENDS = ("torch", "tensorflow", "jax")
HEAD = """
## What each family of losses takes

By the families of this library. **Lines** are those of a declaration, with its documentation, without its names in
other libraries: the median and the most. **Error**: the largest in float32 that [exactness.md](exactness.md) has, of
value or gradient on any backend, in the units that are explained there. **Speed**: the time of the quickest other
library by that of lossary, over all measurements of [speed.md](speed.md): the median and the worst. **Tests**: seconds
that the tests of a loss take, the mean over the family, on torch, TensorFlow and JAX; `python tools/measures.py` keeps
them. A dash is what has not been measured.

| family | losses | lines | error (losses) | speed (losses) | tests |
| --- | ---: | ---: | ---: | ---: | ---: |
"""


@cache
def lines() -> dict[str, int]:
    """The lines of each declaration."""
    found = {}
    for file in (ROOT / "src" / "lossary" / "families").glob("*.py"):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                found[node.name] = size - elsewhere(ast.get_docstring(node) or "")
    return found


def elsewhere(text: str) -> int:
    """How many lines of a documentation are names in other libraries."""
    blocks = re.findall(r"^(?:Elsewhere|Unlike):\n(?:[ ]+.*\n)*", text + "\n", flags=re.M)
    return sum(block.count("\n") for block in blocks)


@cache
def errors() -> dict[str, float]:
    """The largest error of each loss in float32, as docs/exactness.md has it."""
    page = (ROOT / "docs" / "exactness.md").read_text(encoding="utf-8")
    section, found = page.partition("\n## float32\n")[2].partition("\n## ")[0], defaultdict(float)
    for row in re.findall(r"^\| (\w+) \| (?:torch|tensorflow|jax) \| [^|]* \| ([^|]*) \|", section, flags=re.M):
        sizes = [float(cell.rpartition("·")[2]) for cell in row[1].split("/") if "·" in cell]
        found[row[0]] = max([found[row[0]], *sizes])
    return dict(found)


@cache
def speed() -> dict[str, list[float]]:
    """The time of the quickest other library by that of each loss, once for each measurement."""
    found = defaultdict(list)
    for backend in BACKENDS:
        for record in json.loads((RESULTS / f"speed-{backend}.json").read_text(encoding="utf-8"))["records"]:
            if record.get("ratios"):
                found[record["loss"]].append(min(record["ratios"].values()))
    return dict(found)


@cache
def seconds() -> dict[str, dict[str, float]]:
    """The seconds of tests by backend and loss."""
    kept: dict[str, dict[str, float]] = json.loads(TESTS.read_text(encoding="utf-8")) if TESTS.exists() else {}
    return kept


def text() -> str:
    """The table."""
    families: dict[str, list[Card]] = defaultdict(list)
    for card in catalogue.built_in().values():
        families[card.family].append(card)
    return HEAD + "".join(row(family, [card.name for card in own]) for family, own in sorted(families.items()))


def row(family: str, losses: list[str]) -> str:
    size = [lines()[name] for name in losses]
    error = [errors()[name] for name in losses if name in errors()]
    ratios = {name: speed()[name] for name in losses if name in speed()}
    every = [ratio for own in ratios.values() for ratio in own]
    cells = [family, str(len(losses)), f"{statistics.median(size):.0f}, {max(size)}"]
    cells.append(f"{max(error):.1f} ({len(error)})" if error else "–")
    cells.append(f"{statistics.median(every):.2f}, {min(every):.2f} ({len(ratios)})" if every else "–")
    times = [[seconds().get(backend, {}).get(name, 0.0) for name in losses] for backend in BACKENDS]
    cells.append(", ".join(f"{statistics.mean(own):.2f}" for own in times) if seconds() else "–")
    return f"| {' | '.join(cells)} |\n"


def taken(file: Path, names: dict[str, str]) -> dict[str, float]:
    """The seconds of the tests whose parameters begin with a loss, class or function, in a file of JUnit's form."""
    found: dict[str, float] = defaultdict(float)
    for case in ElementTree.parse(file).iter("testcase"):
        first = re.match(r"[^[]*\[(\w+)", case.get("name", ""))
        if first and first[1] in names:
            found[names[first[1]]] += float(case.get("time", 0.0))
    return {name: round(value, 2) for name, value in sorted(found.items())}


def main() -> None:
    cards = catalogue.built_in().values()
    names = {name: card.name for card in cards for name in (card.name, card.function)}
    given = dict(argument.split("=", 1) for argument in sys.argv[1:])
    assert set(given) <= set(BACKENDS), f"BACKEND=FILE, for {', '.join(BACKENDS)}"
    kept = {**seconds(), **{backend: taken(Path(file), names) for backend, file in given.items()}}
    TESTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(", ".join(f"{backend}: {sum(own.values()):.0f} s of {len(own)} losses" for backend, own in kept.items()))


if __name__ == "__main__":
    main()
