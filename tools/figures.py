"""docs/pictures.md and docs/figures/: every figure of the documents, made by running the code that the page shows.

python tools/figures.py           draws all
python tools/figures.py NAME...   draws these
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tools.site_losses import title_of  # noqa: E402

PAGE, FOLDER = ROOT / "docs" / "pictures.md", ROOT / "docs" / "figures"


@dataclass(frozen=True)
class Shown:
    """One figure: the name of its file, a heading, what to see in it, and code whose last line is the figure."""

    name: str
    heading: str
    words: str
    code: str


TRAINED = """\
ways = []
for loss in ("mse", "huber"):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(0.1), loss=ls.get(loss))
    way = ls.WeightPath()
    model.fit(x, y, epochs=60, batch_size=60, shuffle=False, verbose=0, callbacks=[way])
    ways.append(way)
"""
LINE = """\
rng = np.random.default_rng(0)
x = rng.normal(size=(60, 1)).astype("float32")
y = 1.5 * x + 0.5 + 0.2 * rng.normal(size=(60, 1)).astype("float32")
y[:6] -= 8  # a tenth of the rows is wrong
"""
NET = """\
keras.utils.set_random_seed(1)
x = np.random.default_rng(1).normal(size=(200, 2)).astype("float32")
y = (x[:, :1] * x[:, 1:] > 0).astype("float32")  # an exclusive or
layers = [keras.Input((2,)), keras.layers.Dense(16, "tanh"), keras.layers.Dense(1, "sigmoid")]
model = keras.Sequential(layers)
model.compile(keras.optimizers.Adam(0.01), loss=ls.BinaryCrossentropy())
way = ls.WeightPath()
model.fit(x, y, epochs=40, batch_size=50, verbose=0, callbacks=[way])
"""

PICTURES = [
    Shown(
        "outliers",
        "What an outlier may do",
        "The gradient of squared errors grows without limit; Huber's stays at delta; Cauchy's and Tukey's fall back to "
        "0, as if the row were not there. The price is a negative curvature: the problem is no longer convex. Rings "
        "and diamonds mark where a loss is not smooth.",
        'ls.draw(["mse", "mae", "huber", "cauchy", "tukey"], theme="auto")',
    ),
    Shown(
        "values",
        "One loss at several values of a parameter",
        "Huber's loss turns from quadratic to linear at ±delta. Any parameter can be varied, in the shell too: "
        "`lossary draw huber:delta=0.5,1,2 -o huber.svg`.",
        'ls.draw("huber", delta=[0.5, 1, 2], theme="auto")',
    ),
    Shown(
        "focal",
        "Easy rows count less",
        "Over the logit of the true class: the focal loss has almost no gradient for rows that are already right; its "
        "gradient is largest where the model is wrong, but not by far.",
        'ls.draw("focal:from_logits=True", gamma=[0, 1, 2, 5], theme="auto")',
    ),
    Shown(
        "triangles",
        "Three classes",
        "Each corner is a certain prediction, the cross is equal probabilities. Cross-entropy depends on the "
        "true class alone; with smoothed labels its minimum moves inside; the hinge compares the two best classes.",
        'ls.draw(["cce", "cce:label_smoothing=0.4", "categorical_hinge"], kind="triangle", theme="auto")',
    ),
    Shown(
        "maps",
        "Two arguments",
        "Left, mean and spread of a predicted normal: far from the target, a larger spread lowers the loss. "
        "In the middle and on the right, prediction against target: percentages penalise predictions above the target "
        "more than those below, logarithms compare by factors. On the dashed line the prediction is exact.",
        'ls.draw(["gaussian_nll", "mape", "msle"], kind="map", theme="auto")',
    ),
    Shown(
        "landscape-line",
        "The landscape of a line, by two losses",
        "A line has two weights, so this is the whole landscape. Six wrong rows move the minimum of the squared error "
        "away from the slope of 1.5 and intercept of 0.5 that the other rows have; Huber's minimum stays there.",
        LINE + TRAINED + 'ls.landscape(model, x, y, ["mse", "huber"], path=ways, points=41, theme="auto")',
    ),
    Shown(
        "landscape-net",
        "The landscape of a small network",
        'The plane that contains most of an optimiser\'s path. Others: `directions="random"`, filter-normalised.',
        NET + 'ls.landscape(model, x, y, ["bce", "focal"], path=way, theme="auto")',
    ),
    Shown(
        "predictions",
        "Predicted against true",
        "Belgian telephone calls, some of them recorded in minutes: least squares fits the wrong years at "
        "the expense of the good ones. Rings mark the rows with the highest Huber loss, with their numbers.",
        'table = load("phones")\n'
        'year, calls = (table.column(name).numbers for name in ("year", "calls"))\n'
        "by_squares = np.polyval(np.polyfit(year, calls, 1), year)\n"
        "by_good_years = np.polyval(np.polyfit(year[calls < 60], calls[calls < 60], 1), year)\n"
        'fits = {"least squares": by_squares, "without the wrong years": by_good_years}\n'
        'ls.draw_predictions(calls, fits, loss="huber", name="calls", theme="auto")',
    ),
    Shown(
        "likelihood",
        "A likelihood and its uncertainty",
        "The log-likelihood of 40 numbers over their mean. The interval ends half the quantile of chi-squared "
        "below the peak: it contains the true mean in 95 of 100 samples.",
        'sample = np.random.default_rng(2).normal(2.0, 1.0, size=(40, 1)).astype("float32")\n'
        "means = np.linspace(1.2, 2.8, 161)\n"
        "parts = [np.tile(np.float32([mean, 0.0]), (40, 1)) for mean in means]\n"
        'total = [-float(ls.GaussianNLL(reduction="sum")(sample, part)) for part in parts]\n'
        'likelihood_curve(means, total, truth=2.0, level=0.95, theme="auto")',
    ),
]
INTRODUCTION = """\
# Pictures

Made by `make figures`, which runs the code below; so can you. `ls.draw` takes names, losses and functions of your own,
`loss.plot()` draws one, `lossary draw NAME... -o FILE` writes a file without Python. A figure's `save` writes SVG, PNG,
PDF or HTML; `theme="dark"` is for dark backgrounds, and with `theme="auto"` SVG and HTML follow the reader's system.
Gradients are those of the backend; curvatures are differences of these.
"""
BY_FAMILY = """\
Every loss of the catalogue at its defaults, drawn by `ls.draw(ls.losses(family=...), show=["value", "gradient"])` where
it can be drawn over one number; [losses.md](losses.md) says what each is for, and over what it is drawn.\
"""


def families() -> list[Shown]:
    """All losses of each family on one axis; families of one loss share a figure."""
    import lossary as ls

    cards = [ls.card(name) for name in ls.losses()]
    found: dict[str, list[Any]] = {}
    for card in cards:
        if card.module.startswith("lossary.") and card.curve is not None:
            found.setdefault(card.family, []).append(card)
    alone = [own[0] for own in found.values() if len(own) == 1]
    shown = [
        Shown(f"family-{family}", title_of(family), "", _code(own)) for family, own in found.items() if len(own) > 1
    ]
    return [*shown, Shown("families-of-one", "Families of one loss", "", _code(alone))]


def _code(cards: list[Any]) -> str:
    """Losses over few axes share these; those over many have a panel each."""
    names = [card.function for card in cards]
    if len({card.curve.axis for card in cards}) > 2:
        return f'ls.draw({names}, show="value", together=False, theme="auto")'
    return f'ls.draw({names}, show=["value", "gradient"], theme="auto")'


def page_text(shown: list[Shown], by_family: list[Shown]) -> str:
    """docs/pictures.md."""
    lines = [INTRODUCTION]
    for one in shown:
        lines += [f"## {one.heading}", "", one.words, "", f"![{one.heading}](figures/{one.name}.svg)", ""]
        lines += ["```python", one.code, "```", ""]
    lines += ["## By family", "", BY_FAMILY, ""]
    for one in by_family:
        lines += [f"### {one.heading}", "", f"![{one.heading}](figures/{one.name}.svg)", ""]
    return "\n".join(lines)


def draw(one: Shown) -> bytes:
    """The bytes of a figure's file."""
    import keras
    import numpy as np

    import lossary as ls
    from lossary.data.tables import load
    from lossary.drawing.files import content
    from lossary.drawing.likelihood import likelihood_curve

    names = {"keras": keras, "np": np, "ls": ls, "load": load, "likelihood_curve": likelihood_curve}
    before, _, last = one.code.rpartition("\n")
    exec(before, names)
    return content(eval(last, names), ".svg")


def main(names: list[str]) -> int:
    by_family = families()
    for one in [*PICTURES, *by_family]:
        if not names or one.name in names:
            data = draw(one)
            (FOLDER / f"{one.name}.svg").write_bytes(data)
            print(f"{one.name}: {len(data):,} bytes")
    PAGE.write_text(page_text(PICTURES, by_family), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
