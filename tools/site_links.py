"""Dead links of a built site: files and places that its pages name and that are not there. Nothing is fetched."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page holds: the places in it, what it links to, and what it needs from elsewhere to be shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: set[str] = set()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.places |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.add(found["href"])
        if tag in ("img", "script", "source", "iframe", "video") and "src" in found:
            self.loaded.add(found["src"])
        if tag == "link" and found.get("rel", "") not in ("index", "search", "next", "prev", "canonical"):
            self.loaded.add(found.get("href", ""))


def dead(site: Path) -> list[str]:
    """'page: link' for each link of the site that leads nowhere, and each thing that a page loads from the network."""
    pages = {path.resolve(): Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        name = path.relative_to(site.resolve())
        found += [f"{name}: {link}" for link in sorted(page.links | page.loaded) if _leads_nowhere(link, path, pages)]
        found += [f"{name} loads {link}" for link in sorted(page.loaded) if urlsplit(link).netloc]
    return found


def _leads_nowhere(link: str, path: Path, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:  # mailto:, data:, https:
        return False
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target not in pages:
        return not target.is_file()
    return bool(parts.fragment) and unquote(parts.fragment) not in pages[target].places
