"""The API reference of the site: everything public, by what one wants to do, from signatures and docstrings."""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from typing import Any

import lossary as ls
from lossary.core import catalogue, notebook

FENCE = "`" * 7


@dataclass(frozen=True)
class Topic:
    """One page: its file, its title, what stands above, and the public names it holds."""

    file: str
    title: str
    words: str
    listed: str
    example: str = ""  # code that runs as it stands

    @property
    def names(self) -> list[str]:
        return self.listed.split()


TRAINED = """\
import keras
import numpy as np

import lossary as ls

x = np.random.default_rng(0).normal(size=(200, 3)).astype("float32")
y = x[:, :1] - 2 * x[:, 1:2]
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_regularizer="l2")])

history = ls.train(
    model, x[40:], y[40:], loss="huber", epochs=100, validation_data=(x[:40], y[:40]), patience=10
)
print(history)  # target, loss, regularization: one row for each epoch
history.best_epoch, history["val_target"][-1], history.stopped
print(ls.target_split(model, x, y))  # the same parts, term by term
"""
CHECKED = """\
import numpy as np

import lossary as ls

labels = np.array([1, 2, 3, 3])  # should be 0, 1, 2
probabilities = np.full((4, 3), 1 / 3)

found = ls.check("sparse_categorical_crossentropy", labels, probabilities)
print(found)  # L003: labels that the loss cannot read
assert found.errors and not ls.check("sparse_categorical_crossentropy", labels - 1, probabilities)

print(ls.explain("huber", [1.0, 2.0], [1.5, 9.0]))  # how the number comes about
"""
DRAWN = """\
import lossary as ls

figure = ls.draw(["mse", "huber", "cauchy"], show=["value", "gradient"])
figure.save("losses.svg")  # or .png, .pdf, .html; in a notebook it shows itself
ls.draw("huber", delta=[0.5, 1, 2])  # a curve for each value
ls.draw("gaussian_nll", kind="map")  # over two arguments
"""

TOPICS = (
    Topic(
        "find",
        "Find a loss",
        "By any name that a library has for it, by task, or by trait. Every loss has [a page](../families/index.md); "
        "[Which loss?](../which-loss.md) helps to choose, as does `ls.suggest`, by [rules](../suggest.md).",
        "suggest Suggestions get losses card Card",
    ),
    Topic(
        "train",
        "Train",
        "`ls.train` runs whole epochs without going back to Python; [Training](../training.md) says what it does on "
        "each backend. The rest of this page is about what training minimised, and how far it got.",
        "train History target_split target_table regularization metric evaluate_stream",
        TRAINED,
    ),
    Topic(
        "check",
        "Check, explain, diagnose",
        "Before training: `ls.check`, whose rules are listed in [Checks](../checks.md). When a number is a surprise: "
        "`ls.explain`. When it is NaN: `ls.diagnose`.",
        "check Check Findings Finding explain diagnose checks",
        CHECKED,
    ),
    Topic(
        "draw",
        "Draw",
        "Figures of losses, landscapes and predictions. [Pictures](../pictures.md) shows what they look like.",
        "draw landscape WeightPath draw_predictions",
        DRAWN,
    ),
    Topic(
        "own",
        "Write your own loss",
        "As a function, a closure or a class; [Step 4](../start/4b-your-own-loss.md) of the path shows all three.",
        "loss Loss number positive nonnegative fraction flag whole Param derivative",
    ),
    Topic(
        "target",
        "Add losses up",
        "Sums, several outputs, schedules and learned weights; [The target](../target.md) has the rules.",
        "Sum Weighted MultiLoss LinearSchedule CosineSchedule StepSchedule Schedule Dial at_step UncertaintyWeighted "
        "GradNorm weights_from",
    ),
    Topic(
        "terms",
        "Losses of more than y_true and y_pred",
        "Hidden layers, inputs, a teacher, a prior: [From add_loss](../from-add-loss.md) has four examples that run.",
        "Term Input Column Output Hidden Teacher Fixed Itself LossLayer TermLayer without_targets",
    ),
    Topic(
        "fit",
        "Fit tables and lines",
        "Without a network, or with a small one: [Fitting](../fitting.md), [Tables](../data.md), "
        "[Large tables](../large-tables.md).",
        "compare Compared load_fit TableFit Predictions fit_linear LinearFit Certificate value_and_gradient",
    ),
    Topic(
        "likelihood",
        "Fit distributions",
        "Maximum likelihood with standard errors: [Likelihood](../likelihood.md).",
        "fit_distribution compare_distributions DistributionFit fit_likelihood LikelihoodFit fit_glm",
    ),
    Topic(
        "devices",
        "Several devices",
        "The same number on one device and on many: [Devices](../devices.md).",
        "across padded",
    ),
    Topic(
        "errors",
        "Errors",
        "Every message, with the code that causes it and the fix, is in [Errors](../errors.md).",
        "LossaryError ShapeError TargetError PredictionError ParameterError DefinitionError UnknownLossError",
    ),
)
SECTIONS = ("Args", "Attributes", "Returns", "Raises", "Reference", "Formula")
MARKUP = re.compile(r"([\\*_<>\[\]|$#{}~])")


def pages() -> dict[str, str]:
    """The text of each page by its place on the site."""
    found = {f"api/{topic.file}.md": page(topic) for topic in TOPICS}
    found["api/heads.md"] = heads_page()
    return {"api/index.md": index(), **found}


def index() -> str:
    """All public names, by what one wants to do."""
    lines = ["# Reference", "", "```{py:module} lossary", "```", "", "Everything public, by what you want to do."]
    lines += ["`import lossary as ls` imports no backend; a name is loaded when it is first used.", ""]
    for topic in TOPICS:
        names = ", ".join(f"{{py:obj}}`~lossary.{name}`" for name in topic.names)
        lines += [f"[{topic.title}]({topic.file}.md)", f": {names}", ""]
    lines += ["[Heads](heads.md)", ": last layers that fit their loss", ""]
    lines += ["[Losses](../families/index.md)", f": {len(catalogue.built_in())}, each as a class and a function", ""]
    return "\n".join([*lines, "```{toctree}", ":hidden:", "", *(t.file for t in TOPICS), "heads", "```", ""])


def page(topic: Topic) -> str:
    example = [f"```python\n{topic.example}```"] if topic.example else []
    parts = [f"# {topic.title}", topic.words, *example, "```{py:currentmodule} lossary\n```"]
    return "\n\n".join([*parts, *(entry(name, getattr(ls, name)) for name in topic.names)]) + "\n"


def heads_page() -> str:
    words = "`ls.heads`: last layers that give what one loss reads. [Heads](../heads.md) shows how they are used."
    shown = {name: made for name, made in vars(ls.heads).items() if isinstance(made, type)}
    parts = ["# Heads", words, "```{py:module} lossary.heads\n```"]
    return "\n\n".join([*parts, *(entry(name, made) for name, made in shown.items())]) + "\n"


def entry(name: str, made: Any) -> str:
    """A function, or a class with its methods."""
    if not isinstance(made, type):
        return directive("function", name, made)
    own = {key: value for key, value in vars(made).items() if not key.startswith("_")}
    methods = [method(key, value) for key, value in own.items()]
    return directive("class", name, made, "\n\n".join(filter(None, methods)))


def method(name: str, made: Any) -> str:
    """What a reader may call; what has no docstring is not theirs to call."""
    if isinstance(made, property):
        return directive("property", name, made) if made.__doc__ else ""
    if isinstance(made, classmethod | staticmethod):
        return directive("classmethod", name, made.__func__) if made.__func__.__doc__ else ""
    return directive("method", name, made) if inspect.isfunction(made) and made.__doc__ else ""


def directive(kind: str, name: str, made: Any, inner: str = "") -> str:
    fence = FENCE if kind in ("function", "class") else FENCE[:-1]
    option = "\n:classmethod:" if kind == "classmethod" else ""
    kind = "method" if option else kind
    head = f"{fence}{{py:{kind}}} {name}{'' if kind == 'property' else signature(made)}{option}"
    return "\n".join([head, "", markdown(own_doc(made)), *(["", inner] if inner else []), fence])


def own_doc(made: Any) -> str:
    """Its docstring; that of a base class is documented there."""
    doc = made.__dict__.get("__doc__") if isinstance(made, type) else made.__doc__
    return inspect.cleandoc(doc or "")


def signature(made: Any) -> str:
    """Names and defaults, without types, and without the self of a method."""
    try:
        found = inspect.signature(made)
    except (TypeError, ValueError):
        return "()"
    kept = [p.replace(annotation=p.empty) for p in found.parameters.values() if p.name not in ("self", "cls")]
    return re.sub(r"<[^>]*>", "...", str(inspect.Signature(kept)))


def markdown(doc: str) -> str:
    """A docstring as MyST: examples are code, sections are lists, all else is prose."""
    lines: list[str] = []
    blocks = re.split(r"\n\s*\n", doc)
    for block in _joined(blocks):
        if block.startswith(">>> "):
            lines += ["```pycon", block.rstrip(), "```", ""]
        elif block.startswith("    "):
            code = inspect.cleandoc("\n" + block)
            lines += [f"```{language(code)}", code, "```", ""]
        else:
            lines += [*_parts(block), ""]
    return "\n".join(lines).strip()


def language(code: str) -> str:
    """Python, or a formula in plain text."""
    try:
        ast.parse(code)
    except SyntaxError:
        return "text"
    return "python"


def _joined(blocks: list[str]) -> list[str]:
    """Blocks, those of one indented example together."""
    found: list[str] = []
    for block in blocks:
        if found and block.startswith("    ") and found[-1].startswith("    "):
            found[-1] += "\n\n" + block
        elif block:
            found.append(block)
    return found


def _parts(block: str) -> list[str]:
    """A paragraph, or sections that follow one another."""
    found: list[str] = []
    for part in re.split(rf"\n(?=(?:{'|'.join(SECTIONS)}):)", block):
        title, colon, rest = part.partition(":")
        if colon and title in SECTIONS:
            found += [*_section(title, rest), ""]
        else:
            found += [prose(part), ""]
    return found


def _section(title: str, rest: str) -> list[str]:
    if title == "Formula":
        return ["````{raw} html", f'<div class="formula">{notebook.formula(" ".join(rest.split()))}</div>', "````"]
    if not rest.startswith("\n"):
        return [f"**{title}:** {prose(' '.join(rest.split()))}"]
    entries = re.split(r"\n {4}(?=\S)", rest)[1:]
    rows = [re.fullmatch(r"([\w*, ]+|\w+(?: or \w+)*): (.*)", " ".join(one.split())) for one in entries]
    if not all(rows):
        return [f"**{title}:** {prose(' '.join(rest.split()))}"]
    return [f"**{title}**", "", *(f"- {_named(row[1])}: {prose(row[2])}" for row in rows if row)]


def _named(words: str) -> str:
    return ", ".join(f"`{word.strip()}`" for word in words.split(","))


def prose(text: str) -> str:
    """Text in which only backticks are markup."""
    parts = text.split("`")
    return "`".join(part if i % 2 else MARKUP.sub(r"\\\1", part) for i, part in enumerate(parts))
