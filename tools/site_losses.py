"""Pages of the site that are made from the cards: a page for each loss and family, the gallery, the index of names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import partial
from html import escape
from pathlib import Path

from lossary.core import catalogue, elsewhere, notebook
from lossary.core.cards import Card

MARKUP = re.compile(r"([\\*_<>\[\]|$#{}~])")
UNDRAWN = "It is not drawn as a curve. "
LIBRARIES = {
    "keras": "Keras", "torch": "PyTorch", "tf": "tf.nn", "optax": "optax", "sklearn": "scikit-learn",
    "monai": "MONAI", "segmentation_models_pytorch": "segmentation_models_pytorch", "kornia": "Kornia", "timm": "timm",
    "torchvision": "torchvision", "xgboost": "XGBoost", "lightgbm": "LightGBM", "statsmodels": "statsmodels",
    "scipy": "SciPy", "tensorflow_addons": "TensorFlow Addons",
}  # fmt: skip


def cards() -> list[Card]:
    """Of lossary's own losses."""
    return list(catalogue.built_in().values())


def pages() -> dict[str, str]:
    """The text of each page by its place on the site."""
    own = cards()
    found = {f"losses/{card.function}.md": loss_page(card) for card in own}
    for family in dict.fromkeys(card.family for card in own):
        found[f"families/{family}.md"] = family_page(family, [card for card in own if card.family == family])
    found["families/index.md"] = families_page(own)
    found["gallery.md"] = gallery(own)
    found["names.md"] = names_page(own)
    return found


def title_of(family: str) -> str:
    return "CRPS" if family == "crps" else family.replace("_", " ").capitalize()


def prose(text: str) -> str:
    """Text of a card in Markdown: what is no code is no markup either."""
    parts = text.split("`")
    return "".join(f"`{part}`" if i % 2 else MARKUP.sub(r"\\\1", part) for i, part in enumerate(parts))


NAMES = ("alpha", "gamma", "torch", "scikit-learn")  # with which a sentence of a card may begin


def sentence(text: str) -> str:
    """What a card says after a colon, as a sentence of its own."""
    word = re.match(r"(a|[a-z][a-z-]+)(?=[ ,])", text)
    return prose(text if word is None or word[0] in NAMES else text[0].upper() + text[1:])


def table(heads: str, rows: Iterable[str]) -> list[str]:
    """A table; `heads` stand between bars."""
    return [f"| {heads} |", "|" + " --- |" * (heads.count("|") + 1), *rows, ""]


def html(text: str) -> str:
    return f"```{{raw}} html\n{text}\n```"


def loss_page(card: Card) -> str:
    """Everything that the card says, the figure, and code that runs."""
    lines = [f"# {card.name}", "", prose(card.summary), ""]
    lines += [html(f'<div class="formula">{notebook.formula(card.formula)}</div>'), ""]
    lines += picture(f"loss-{card.function}", figure_words(card)) if card.curve else [UNDRAWN + prose(card.undrawn), ""]
    lines += ["**Use it for**", f": {sentence(card.use)}", "", "**Trap**", f": {sentence(card.beware)}", ""]
    lines += ["**Inputs**", f": {prose(card.inputs)}", ""]
    lines += ["## In code", "", "```python", "import lossary as ls", "", *calls(card), "```", ""]
    lines += ["```pycon", f">>> from lossary import {card.function}", card.example, "```", ""]
    lines += parameters(card)
    lines += names(card)
    lines += ["## About", "", f"Reference: {prose(card.reference)}", ""]
    lines += [f"Family: [{title_of(card.family)}](../families/{card.family}.md). Tasks: {', '.join(card.tasks)}."]
    lines[-1] += f" Traits: {', '.join(card.traits)}." if card.traits else ""
    lines += ["", "How exact it is: [exactness](../exactness.md). On one page with all others:"]
    lines += [f"[every loss](../losses.md#{card.name.lower()})."]
    return "\n".join(lines) + "\n"


def calls(card: Card) -> list[str]:
    """By class, by name, and its card."""
    return [
        f"loss = ls.{card.name}()  # for model.compile(loss=loss); called, it gives one number",
        f'loss = ls.get("{card.function}")  # the same by its name',
        f'print(ls.card("{card.function}"))  # what this page says',
    ]


def parameters(card: Card) -> list[str]:
    if not card.params:
        return []
    rows = [f"| `{p.name}` | `{p.default!r}` | {cell(p.allowed)} | {cell(p.text)} |" for p in card.params]
    return ["## Parameters", "", *table("parameter | default | allowed | what it does", rows)]


def cell(text: str) -> str:
    return prose(text).replace("\n", " ")


def names(card: Card) -> list[str]:
    """What it is called here and elsewhere, and which names mean something else."""
    lines = ["## Names", "", f"`ls.{card.name}`, `ls.{card.function}`"]
    lines[-1] += "".join(f", `{alias}`" for alias in card.aliases) + "."
    lines += ["", *(f"- `{place}`" for place in card.elsewhere), ""] if card.elsewhere else [""]
    if card.unlike:
        split = (one.partition(": ") for one in card.unlike)
        lines += ["Not the same:", "", *(f"- `{name}`: {prose(words)}" for name, _, words in split), ""]
    return lines


def picture(name: str, words: str) -> list[str]:
    """A figure for light and one for dark pages."""
    lines = []
    for look in ("light", "dark"):
        lines += [f"```{{image}} /figures/{name}-{look}.svg", f":alt: {words}", f":class: only-{look}", "```", ""]
    return lines


def figure_words(card: Card) -> str:
    assert card.curve is not None
    return f"{card.name}: value, gradient and curvature over the {card.curve.axis}"


def family_page(family: str, own: list[Card]) -> str:
    """The losses of a family side by side."""
    lines = [f"# {title_of(family)}", ""]
    drawn = [card for card in own if card.curve]
    if len(drawn) > 1:
        lines += picture(f"family-{family}", f"Value and gradient of {', '.join(card.name for card in drawn)}")
    elif drawn:
        lines += picture(f"loss-{drawn[0].function}", figure_words(drawn[0]))
    rows = (f"| [{c.name}](../losses/{c.function}.md) | {cell(c.summary)} | {sentence(c.use)} |" for c in own)
    lines += table("loss | what it does | use it for", rows)
    lines += ["```{toctree}", ":hidden:", "", *(f"../losses/{card.function}" for card in own), "```", ""]
    return "\n".join(lines)


def families_page(own: list[Card]) -> str:
    families = dict.fromkeys(card.family for card in own)
    lines = ["# Losses by family", "", f"{len(own)} losses in {len(families)} families. Not sure which? "]
    lines[-1] += "[Which loss?](../which-loss.md) has a table by task, and the [gallery](../gallery.md) has pictures."
    lines += ["", "| family | losses |", "| --- | --- |"]
    for family in families:
        links = [f"[{c.name}](../losses/{c.function}.md)" for c in own if c.family == family]
        lines += [f"| [{title_of(family)}]({family}.md) | {', '.join(links)} |"]
    return "\n".join([*lines, "", "```{toctree}", ":hidden:", "", *families, "```", ""])


def gallery(own: list[Card]) -> str:
    """A thumbnail of each loss that has a curve, by family."""
    words = "Value (solid) and gradient (dashed) of every loss that can be drawn over one number, at its defaults."
    lines = ["# Gallery", "", words, "[Pictures](pictures.md) has larger ones, with the code that draws them."]
    for family in dict.fromkeys(card.family for card in own):
        drawn = [card for card in own if card.family == family and card.curve]
        if drawn:
            thumbs = "\n".join(thumbnail(card) for card in drawn)
            lines += ["", f"## {title_of(family)}", "", html(f'<div class="gallery">\n{thumbs}\n</div>')]
    return "\n".join(lines) + "\n"


def thumbnail(card: Card) -> str:
    drawn = notebook.curve_picture(card.curve, card.name)
    svg = drawn[: drawn.index("</svg>") + 6]
    svg = re.sub(r'role="img" aria-label="[^"]*"', 'aria-hidden="true"', re.sub(r"<title>.*?</title>", "", svg))
    return f'<a href="losses/{card.function}.html">{svg}{escape(card.name)}</a>'


def names_page(own: list[Card]) -> str:
    """Every name of every library, with the loss it is here."""
    known: dict[str, list[tuple[str, str, Card]]] = {}
    ours = {card.function: card for card in own}
    for card in own:
        for place in card.elsewhere:
            for name in elsewhere.peer_names(place):
                known.setdefault(elsewhere.home(name), []).append((name, place, card))
    lines = [
        "# Every name in every library",
        "",
        "`ls.get` takes each of these names, with that library's parameters, and",
    ]
    lines += ["gives its number. The last column says what its parameters are called there, and become here.", ""]
    for library in [*LIBRARIES, *(known.keys() - LIBRARIES.keys())]:
        if found := sorted(known.get(library, []), key=lambda row: row[0].lower()):
            rows = (f"| `{name}` | {link(card)} | {said(place)} |" for name, place, card in found)
            lines += [f"## {LIBRARIES.get(library, library)}", "", *table("name | here | parameters", rows)]
    aliases = sorted((alias, card.function) for card in own for alias in card.aliases)
    rows = (f"| `{alias}` | {link(ours[function])} |" for alias, function in aliases)
    lines += ["## lossary's own short names", "", *table("name | loss", rows)]
    unlike = ((card, *one.partition(": ")) for card in own for one in card.unlike)
    rows = (f"| `{name}` | {link(card)} | {cell(words)} |" for card, name, _, words in unlike)
    lines += ["## Names that mean something else", "", *table("name | here | how it differs", rows)]
    return "\n".join(lines)


def link(card: Card) -> str:
    return f"[{card.name}](losses/{card.function}.md)"


def said(place: str) -> str:
    """What a line says of parameters."""
    at = re.search(r"[(]|->", place)
    return f"`{place[at.start() :]}`".replace("|", "\\|") if at else ""


# Figures


def write_both(svg: str, stem: Path) -> None:
    """A figure that follows the reader's screen as two files, since the site has a switch of its own."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    rules = re.compile(r"<style>@media screen and \(prefers-color-scheme:dark\)\{(.*?)\}</style>", flags=re.S)
    stem.with_name(f"{stem.name}-light.svg").write_text(rules.sub("", svg), encoding="utf-8")
    stem.with_name(f"{stem.name}-dark.svg").write_text(rules.sub(r"<style>\1</style>", svg), encoding="utf-8")


def draw_all(folder: Path, kept: Path) -> None:
    """A figure for each loss with a curve, and one for each family of several; `kept` holds those drawn before."""
    import lossary as ls
    from tools import figures

    makers = {f"loss-{c.function}": partial(_drawn, c.function) for c in cards() if c.curve}
    makers |= {one.name: partial(figures.draw, one) for one in figures.families() if one.name.startswith("family-")}
    home = kept / _state(Path(ls.__file__).parent)
    home.mkdir(parents=True, exist_ok=True)
    for name, make in makers.items():
        file = home / f"{name}.svg"
        if not file.exists():
            file.write_bytes(make())
        write_both(file.read_text(encoding="utf-8"), folder / name)


def _drawn(name: str) -> bytes:
    import lossary as ls
    from lossary.drawing.files import svg_text

    return svg_text(ls.draw(name, theme="auto")).encode()


def _state(package: Path) -> str:
    """What figures follow from: all that computes and draws."""
    rooms = (sorted((package / room).rglob("*.py")) for room in ("core", "drawing", "families", "numerics"))
    texts = (path.read_bytes() for paths in rooms for path in paths)
    return hashlib.sha256(b"".join(texts)).hexdigest()[:16]


def dark_style() -> str:
    """The colours of figures inside notebooks, by the site's own switch."""
    from lossary.drawing.files import dark_rules

    rules = re.search(r"\{(.*)\}$", dark_rules(), flags=re.S)
    assert rules is not None
    dark = [f"{{scope}} svg {rule}}}" for rule in rules[1].split("}") if rule]
    always = "\n".join(rule.replace("{scope}", 'body[data-theme="dark"]') for rule in dark)
    system = "\n".join(rule.replace("{scope}", 'body:not([data-theme="light"])') for rule in dark)
    return f"\n/* Figures in notebooks */\n{always}\n@media (prefers-color-scheme: dark) {{\n{system}\n}}\n"
