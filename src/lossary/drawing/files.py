"""Figures as files: the same figure gives the same bytes; SVG and HTML may follow the reader's light or dark screen."""

from __future__ import annotations

import hashlib
import io
import re
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from .._errors import visible
from ..core.errors import LossaryError
from .style import DARK, LIGHT, Theme

ENDINGS = (".png", ".svg", ".pdf", ".html")
SETTINGS = {"svg.fonttype": "none", "svg.hashsalt": "lossary", "pdf.fonttype": 42}
FONTS = "'DejaVu Sans', Verdana, sans-serif"
STILL: dict[str, Any] = {"Date": None, "Creator": None}


def check_ending(path: Path) -> None:
    """Raise LossaryError unless the name ends in a format that is written."""
    if path.suffix.lower() not in ENDINGS:
        raise LossaryError(
            "The format of a figure follows from the ending of the file name.",
            arrived=f"The file is called {path.name!r}.",
            allowed=f"Expected one of the endings {', '.join(ENDINGS)}.",
            do=f"Call it {path.stem or 'figure'}.png, for instance.",
        )


def content(figure: Figure, ending: str) -> bytes:
    """The bytes of a file with this ending."""
    if ending == ".svg":
        return svg_text(figure).encode()
    if ending == ".html":
        return page_text(figure).encode()
    out = io.BytesIO()
    metadata = {"Software": None} if ending == ".png" else {"CreationDate": None, "Creator": None, "Producer": None}
    with rc_context(SETTINGS):
        figure.savefig(out, format=ending[1:], metadata=metadata, facecolor=figure.get_facecolor())
    return out.getvalue()


def svg_text(figure: Figure) -> str:
    """The figure as SVG with a title for screen readers, and dark colours for dark screens where its theme adapts."""
    out = io.StringIO()
    with rc_context(SETTINGS):
        figure.savefig(out, format="svg", metadata=STILL, facecolor=figure.get_facecolor())
    svg = _short(re.sub(r"\s*<metadata>.*?</metadata>", "", out.getvalue(), flags=re.S))
    words = escape(visible(getattr(figure, "words", "") or "A figure of lossary"))
    rules = f"\n  <style>{dark_rules()}</style>" if getattr(figure, "theme", LIGHT).adapts else ""
    head = re.search(r"<svg [^>]*>", svg, flags=re.S)
    assert head is not None
    opening = head[0].replace("<svg ", f'<svg role="img" style="font-family: {FONTS}" ', 1)
    return svg[: head.start()] + f"{opening}\n  <title>{words}</title>{rules}" + svg[head.end() :]


def inline(figure: Figure, name: str) -> str:
    """The figure as an <svg> inside a page, its ids beginning with `name`; the page holds `dark_rules` if it adapts."""
    return _named(svg_text(figure), name)


def _named(svg: str, name: str) -> str:
    svg = re.sub(r"\s*<style>@media.*?</style>", "", svg[svg.index("<svg") :], flags=re.S)
    svg = re.sub(r'\bid="([^"]+)"', rf'id="{name}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", svg)
    return re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', svg)


def fitting(figure: Figure) -> str:
    """The figure as SVG that is as wide as its place allows, with ids that no other figure of the page has."""
    text = svg_text(figure)
    svg = _named(text, f"f{hashlib.sha256(text.encode()).hexdigest()[:10]}")
    svg = re.sub(r"\s*<style type=\"text/css\">\*\{([^}]*)\}</style>", "", svg)  # which would rule the whole page
    rules = f"<style>{dark_rules()}</style>" if getattr(figure, "theme", LIGHT).adapts else ""
    opening = svg[: svg.index(">") + 1]
    own = "max-width: 100%; height: auto; stroke-linejoin: round; stroke-linecap: butt; "
    fits = opening.replace('style="', f'style="{own}', 1)
    return f"{fits}{rules}{svg[len(opening) :]}"


def dark_rules() -> str:
    """CSS that paints the light theme's colours dark on dark screens; whatever cannot read it shows the light ones."""
    pairs = [(getattr(LIGHT, part), getattr(DARK, part)) for part in ("paper", "ink", "quiet", "faint")]
    pairs += zip(LIGHT.series, DARK.series, strict=True)
    rules = [
        f'[style*="{how}: {light}"]{{{how}:{dark}!important}}' for light, dark in pairs for how in ("fill", "stroke")
    ]
    return f"@media screen and (prefers-color-scheme:dark){{{''.join(rules)}}}"


def _short(svg: str) -> str:
    """The same picture in a few bytes: points that are seen, with two decimals, short names of fonts, ids in use."""

    def rounded(number: re.Match[str]) -> str:
        text = f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text

    def tag(found: re.Match[str]) -> str:
        return found[0] if "base64" in found[0] else re.sub(r"-?\d+\.\d{3,}", rounded, found[0])

    svg = re.sub(r' d="(M [^C"Q]*)"', lambda found: f' d="{_thin(found[1])}"', svg)
    svg = re.sub(r"<(?:path|use|g|text|image|rect|clipPath)\b[^>]*>", tag, svg)
    svg = re.sub(r" font-family: 'DejaVu Sans',[^;]*sans-serif;", "", svg)  # the root has it
    svg = re.sub(r"'DejaVu Sans',[^;\"]*sans-serif", FONTS, svg)
    svg = re.sub(r' transform="rotate\(-?0 [^"]*"', "", svg)
    used = set(re.findall(r"#([\w-]+)[\")]", svg))
    svg = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in used else "", svg)
    return _without_bare_groups(re.sub(r"\s*\n\s*", "\n", svg))


def _without_bare_groups(svg: str) -> str:
    """No <g> without an attribute: it groups nothing that is meant."""
    kept: list[bool] = []

    def judge(found: re.Match[str]) -> str:
        if found[0].startswith("</"):
            return found[0] if kept.pop() else ""
        kept.append(bool(found[1]))
        return found[0] if kept[-1] else ""

    return re.sub(r"\n+", "\n", re.sub(r"</?g( [^>]*)?>", judge, svg))


def _thin(path: str) -> str:
    """A path of straight lines without the points that are not seen."""
    parts = []
    for piece in re.split(r"\s*(?=M )", path):
        numbers = np.array(re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", piece), dtype=float).reshape(-1, 2)
        kept = numbers[needed(numbers)] if len(numbers) > 2 else numbers
        words = "L".join(f"{x:.2f} {y:.2f}" for x, y in kept)
        parts.append(f"M{words}{'z' if piece.rstrip().endswith('z') else ''}" if len(kept) else "")
    return re.sub(r"\.?0+(?=[ LMz]|$)", "", "".join(parts))  # all have two decimals


def needed(points: np.ndarray, tolerance: float = 0.08) -> np.ndarray:
    """The positions of a polyline (n, 2) that it needs, so that no point is farther from the rest than `tolerance`."""
    keep, waiting = [0, len(points) - 1], [(0, len(points) - 1)]
    while waiting:
        a, b = waiting.pop()
        if b - a < 2:
            continue
        inside, along = points[a + 1 : b] - points[a], points[b] - points[a]
        length = float(np.hypot(*along))
        across = inside[:, 0] * along[1] - inside[:, 1] * along[0]
        off = np.abs(across) / length if length > 1e-9 else np.hypot(*inside.T)
        far = int(np.argmax(off)) + a + 1
        if off[far - a - 1] > tolerance:
            keep.append(far)
            waiting += [(a, far), (far, b)]
    return np.unique(keep)


def page_text(figure: Figure) -> str:
    """The figure as a page that stands alone: no script, nothing from elsewhere."""
    theme: Theme = getattr(figure, "theme", LIGHT)
    words = visible(getattr(figure, "words", "") or "A figure of lossary")
    heading, _, rest = words.partition(". ")
    told = "".join(f"<h2>{escape(head)}</h2>\n<p>{escape(text)}</p>\n" for head, text in getattr(figure, "told", []))
    page = (files("lossary.drawing") / "templates" / "figure.html").read_text(encoding="utf-8")
    parts = {
        "title": escape(heading.removesuffix(".")),
        "scheme": "light dark" if theme.adapts else theme.name,
        "colours": _colours(theme),
        "dark": f"@media screen and (prefers-color-scheme:dark){{:root{{{_colours(DARK)}}}}}\n{dark_rules()}"
        if theme.adapts
        else "",
        "figure": inline(figure, "figure"),
        "told": (f"<p>{escape(rest)}</p>\n" if rest else "") + told + _table(figure),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], page)


def _colours(theme: Theme) -> str:
    return f"--paper:{theme.paper};--ink:{theme.ink};--quiet:{theme.quiet};--faint:{theme.faint}"


def _table(figure: Figure) -> str:
    heads, rows = getattr(figure, "numbers", ((), ()))
    if not rows:
        return ""
    head = "".join(f'<th scope="col">{escape(word)}</th>' for word in heads)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    return (
        f"<h2>In numbers</h2>\n<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
