"""How things show themselves in a notebook: HTML without scripts, styles of the page or anything from elsewhere.

Words take the notebook's own colour and lines a share of it, so that all is legible on light and dark paper. What comes
from users (names, messages, numbers of their data) is escaped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from . import catalogue
from .cards import Card, Curve, ParamCard, PartCard, readable
from .mathml import mathml, split

FAINT = "color-mix(in srgb, currentColor 22%, transparent)"
BLUE, ORANGE, RED = "#3d8fd1", "#d9782d", "#d1503d"  # a contrast of 3 and more with white and with black
SHOWN = 12  # rows of a table; the middle of longer ones is left out


def box(title: str, *body: str, mark: str = BLUE) -> str:
    """A block with a heading (HTML) and a coloured edge."""
    style = f"border-left:3px solid {mark};padding:.1em 0 .1em .9em;margin:.3em 0;max-width:60em;line-height:1.45"
    heading = f'<div style="font-weight:600;font-size:1.05em;overflow-wrap:anywhere">{title}</div>'
    return f'<div style="{style}">{heading}{"".join(body)}</div>'


def text(words: str, *, quiet: bool = False) -> str:
    style = "margin:.25em 0;overflow-wrap:anywhere" + (";opacity:.75" if quiet else "")
    return f'<p style="{style}">{marked(words)}</p>' if words else ""


def marked(words: str) -> str:
    """Prose, with what stands in backticks as code."""
    return "".join(code(part) if i % 2 else escape(part) for i, part in enumerate(words.split("`")))


def code(words: str) -> str:
    return f'<code style="background:none;color:inherit">{escape(words)}</code>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1, caption: str = "") -> str:
    """A table that scrolls by itself where it is wider than its cell; the first `left` columns are words."""

    def cell(tag: str, words: str, place: int) -> str:
        align = "left" if place < left else "right"
        look = f"text-align:{align};padding:.15em .7em .15em 0;border-bottom:1px solid {FAINT};background:none"
        return f'<{tag} style="{look}">{marked(words)}</{tag}>'

    def line(tag: str, cells: Sequence[str]) -> str:
        return f"<tr>{''.join(cell(tag, words, i) for i, words in enumerate(cells))}</tr>"

    head = f"<thead>{line('th', heads)}</thead>" if any(heads) else ""
    said = (
        f'<caption style="text-align:left;caption-side:top;color:inherit">{escape(caption)}</caption>'
        if caption
        else ""
    )
    look = "border-collapse:collapse;color:inherit;font-size:inherit;font-variant-numeric:tabular-nums;margin:.3em 0"
    body = "".join(line("td", row) for row in rows)
    return f'<div style="overflow-x:auto"><table style="{look}">{said}{head}<tbody>{body}</tbody></table></div>'


def formula(written: str) -> str:
    """A formula of a card, with the words that explain it."""
    head, words = split(written)
    said = raised(text(f"with {readable(words)}", quiet=True)) if words else ""
    shown = mathml(head).replace('display="block"', 'display="inline" displaystyle="true"', 1)  # at the left
    return f'<div style="overflow-x:auto;margin:.4em 0">{shown}</div>{said}' if head else ""


SCRIPT = re.compile(r"(?<=[^\W\d_]|\))(?<![^\W_]{2})([_^])(\w(?!\w)|\([^()]*\))")


def raised(words: str) -> str:
    """c_1 and e^(x) with their indices and powers below and above the line; y_pred and other names stay as they are."""
    tags = {"_": "sub", "^": "sup"}
    return SCRIPT.sub(lambda at: f"<{tags[at[1]]}>{raised(at[2].strip('()'))}</{tags[at[1]]}>", words)


def lines(series: Sequence[tuple[str, Sequence[float], Sequence[float]]], label: str, colors: Sequence[str]) -> str:
    """A small picture of lines (name, x, y), as wide as its cell allows; what is not finite leaves a gap."""
    wide, high, edge = 360.0, 130.0, 8.0
    points = [(x, y) for _, xs, ys in series for x, y in zip(xs, ys, strict=True) if math.isfinite(y)]
    if len(points) < 2:
        return ""
    (left, right), (low, top) = ((min(side), max(side)) for side in zip(*points, strict=True))
    scale_x, scale_y = (wide - 2 * edge) / (right - left or 1.0), (high - 2 * edge) / (top - low or 1.0)

    def place(x: float, y: float) -> str:
        return f"{edge + (x - left) * scale_x:.1f} {high - edge - (y - low) * scale_y:.1f}"

    drawn = []
    for (name, xs, ys), color, dash in zip(series, colors, ("", "5 3"), strict=False):
        path, pen = "", "M"
        for x, y in zip(xs, ys, strict=True):
            path, pen = (path + pen + place(x, y), "L") if math.isfinite(y) else (path, "M")
        look = f'fill="none" stroke="{color}" stroke-width="2"' + (f' stroke-dasharray="{dash}"' if dash else "")
        drawn.append(f'<path d="{path}" {look}><title>{escape(name)}</title></path>')
    base = f'<path d="M{edge} {high - edge}H{wide - edge}" stroke="currentColor" stroke-opacity=".3"/>'
    names = " · ".join(
        f'<span style="color:{color}">{mark}</span> {escape(name)}'
        for (name, _, _), color, mark in zip(series, colors, ("━", "╍"), strict=False)
    )
    ends = f"{names}; x from {left:.4g} to {right:.4g}, y from {low:.4g} to {top:.4g}"
    return (
        f'<svg viewBox="0 0 {wide:g} {high:g}" width="{wide:g}" role="img" aria-label="{escape(label)}" '
        f'style="max-width:100%;height:auto;display:block">{base}{"".join(drawn)}</svg>'
        f'<div style="font-size:.85em;opacity:.85">{ends}</div>'
    )


def curve_picture(curve: Curve | None, name: str) -> str:
    """Value and slope of a loss over its natural argument."""
    if curve is None:
        return ""
    most = 4 * max((abs(v) for v in curve.value), default=1.0) or 1.0  # a pole of the slope is cut, not all flattened
    slope = [s if abs(s) <= most else math.nan for s in curve.slope]
    both = [("value", curve.x, curve.value), ("gradient", curve.x, slope)]
    return lines(both, f"Value and gradient of {name} over the {curve.axis}", (BLUE, ORANGE)) + text(
        f"over the {curve.axis}", quiet=True
    )


def card(shown: Card) -> str:
    """Everything that a card says."""
    body = [text(shown.summary), formula(shown.formula), curve_picture(shown.curve, shown.name)]
    body += [_titled("Inputs", shown.inputs), _titled("Not drawn", shown.undrawn)]
    body += [_titled(title, readable(getattr(shown, title.lower()))) for title in ("Use", "Beware", "Reference")]
    body.append(_parameters(shown.params))
    body.append(_titled("Also called", ", ".join(shown.aliases)))
    body += [_titled("Elsewhere", "; ".join(f"`{place}`" for place in shown.elsewhere))]
    return box(f"{escape(shown.name)} {code(f'ls.{shown.function}')}", *body)


def part(shown: PartCard) -> str:
    """What the card of a part of a target says."""
    body = [text(shown.summary), _titled("Make it with", f"`{shown.call}`"), formula(shown.formula)]
    body.append(_titled("Reference", shown.reference))
    if shown.text:
        look = "white-space:pre;overflow-x:auto;background:none;color:inherit;margin:.5em 0;font-size:.92em"
        body.append(f'<pre style="{look}">{escape(shown.text)}</pre>')
    return box(f"{escape(shown.name)} {code('ls.' + shown.name)}", *body)


def _titled(title: str, words: str) -> str:
    return f'<p style="margin:.25em 0;overflow-wrap:anywhere"><b>{title}</b> {marked(words)}</p>' if words else ""


def _parameters(params: Sequence[ParamCard], now: dict[str, Any] | None = None) -> str:
    rows = [[p.name, repr(p.default if now is None else now.get(p.name, p.default)), p.text, p.allowed] for p in params]
    return (
        table(["parameter", "default" if now is None else "value", "what it does", "allowed"], rows, left=4)
        if rows
        else ""
    )


def sum_of(kind: str, parts: Sequence[tuple[str, str, Sequence[str], str]]) -> str:
    """A sum of losses: for each part the name of its column in the logs, its output, its weights, its loss."""
    routed = any(output for _, output, _, _ in parts)
    heads = ["part", *(["output"] if routed else []), "weight", "loss"]
    rows = [
        [name, *([output] if routed else []), " · ".join(weights) or "1", loss] for name, output, weights, loss in parts
    ]
    about = catalogue.parts().get(kind)
    return box(escape(kind), text(about.summary if about else ""), table(heads, cut(rows), left=len(heads)))


def term(name: str, doc: str, sources: dict[str, str]) -> str:
    """A loss of other tensors: where each argument of its function comes from."""
    rows = [[argument, source] for argument, source in sources.items()]
    return box(f"Term {code(name)}", text(doc.strip().partition("\n\n")[0]), table(["argument", "from"], rows, left=2))


def moving(name: str, kind: str, steps: Sequence[float], values: Sequence[float]) -> str:
    """A number that moves: over the steps, or as it stands."""
    about = catalogue.parts().get(kind)
    now = "" if steps else text(f"Now {values[0]:.6g}.")
    picture = lines([("value", steps, values)], f"{name} over the step", (BLUE,)) if steps else ""
    return box(escape(name), text(about.summary if about else ""), picture, now)


def loss(shown: Any, about: Card) -> str:
    """A loss with its parameters."""
    name = escape(repr(shown))
    now = {p.name: getattr(shown, p.name, p.default) for p in about.params}
    usual = all(now[p.name] == p.default for p in about.params)
    curve = curve_picture(about.curve, about.name) if usual else ""
    return box(name, text(about.summary), formula(about.formula), curve, _parameters(about.params, now))


def cut(rows: Sequence[Sequence[str]], most: int = SHOWN) -> list[Sequence[str]]:
    """The first rows and the last three of many, with a line that says how many lie between."""
    if len(rows) <= most:
        return list(rows)
    between = [f"… {len(rows) - most + 1} more", *[""] * (len(rows[0]) - 1)]
    return [*rows[: most - 4], between, *rows[-3:]]
