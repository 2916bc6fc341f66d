"""Builds the site of the documents: python tools/site.py, as `make docs` does.

The pages are laid into build/docs/source: those of docs/ as they are, with their links led to pages of the site, and
those that are made here from cards and docstrings. Sphinx then builds build/docs/html, and every warning is an error.

python tools/site.py           lays the pages, draws the figures, runs the notebooks, builds
python tools/site.py --stage   only lays the pages and draws
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".pytest_cache" / "jax"))  # as the tests do
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from tools import site_api, site_links, site_losses  # noqa: E402

OUT = ROOT / "build" / "docs"
SOURCE, HTML = OUT / "source", OUT / "html"
COPIED = {  # pages that do not live in docs/, and what they are called on the site
    "CHANGELOG.md": "changelog.md",
    "ARCHITECTURE.md": "architecture.md",
    "CONTRIBUTING.md": "contributing.md",
    "examples/README.md": "examples.md",
}
PLACES = {**COPIED, "README.md": "index.md"}
LOSSES = {card.name.lower(): f"losses/{card.function}.md" for card in site_losses.cards()}  # anchors of docs/losses.md
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\.svg\)")
LINK = re.compile(r"\]\((?!https?:|#|mailto:|[^)\s]*\.svg\))([^)#\s]+)(#[^)\s]*)?\)")


def pages() -> dict[str, str]:
    """Every page that somebody wrote, by its place on the site: docs/ (docs/site lies at the top), and COPIED."""
    found = {}
    for path in sorted((ROOT / "docs").rglob("*.md")):
        place = path.relative_to(ROOT / "docs").as_posix().removeprefix("site/")
        found[place] = at_home(path, place)
    for path, place in COPIED.items():
        found[place] = at_home(ROOT / path, place)
    found["index.md"] = with_all(found["index.md"], [place for place in found if "/" not in place])
    return found


def with_all(index: str, places: list[str]) -> str:
    """The first page, with every page of docs/ in its navigation: those that it does not name stand last."""
    named = set(re.findall(r"^(?:[^<\n]* <)?([\w/-]+)>?$", index, flags=re.M))
    others = [place.removesuffix(".md") for place in places if place.removesuffix(".md") not in {*named, "index"}]
    return index.replace("Backends <backends>\n", "\n".join(["Backends <backends>", *others, ""]))


def at_home(path: Path, place: str) -> str:
    """The text of a page, its links led to where the site has their pages, its figures in both colours."""
    text = path.read_text(encoding="utf-8")

    def led(found: re.Match[str]) -> str:
        target = (path.parent / found[1]).resolve()
        inside = target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else found[1]
        at = PLACES.get(inside) or inside.removeprefix("docs/").removeprefix("site/")
        if at == "losses.md" and (found[2] or "")[1:] in LOSSES:
            return f"]({os.path.relpath(LOSSES[found[2][1:]], os.path.dirname(place) or '.')})"
        if target.is_dir() and (target / "README.md").exists():
            at = PLACES[f"{inside}/README.md"]
        return f"]({os.path.relpath(at, os.path.dirname(place) or '.')}{found[2] or ''})"

    def both(found: re.Match[str]) -> str:
        target = (path.parent / found[2]).resolve().relative_to(ROOT / "docs").as_posix()
        at = os.path.relpath(target, os.path.dirname(place) or ".")
        return "".join(f"![{found[1]}]({at}-{look}.svg){{.only-{look}}}" for look in ("light", "dark"))

    return PICTURE.sub(both, LINK.sub(led, text))


def stage() -> None:
    """Everything that Sphinx reads."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    made = {**pages(), **site_losses.pages(), **site_api.pages()}
    for place, text in made.items():
        (SOURCE / place).parent.mkdir(parents=True, exist_ok=True)
        (SOURCE / place).write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "docs" / "site" / "conf.py", SOURCE)
    (SOURCE / "_static").mkdir()
    style = (ROOT / "docs" / "site" / "lossary.css").read_text(encoding="utf-8")
    (SOURCE / "_static" / "lossary.css").write_text(style + site_losses.dark_style(), encoding="utf-8")
    for figure in sorted((ROOT / "docs" / "figures").glob("*.svg")):
        site_losses.write_both(figure.read_text(encoding="utf-8"), SOURCE / "figures" / figure.stem)
    site_losses.draw_all(SOURCE / "figures", OUT / "figures")


def build() -> int:
    """Sphinx, with warnings as errors."""
    environment = {**os.environ, "LOSSARY_NOTEBOOK_CACHE": str(OUT / "notebooks"), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-j", "2", "-q"]
    command += ["-d", str(OUT / "doctrees"), str(SOURCE), str(HTML)]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr)
    return done.returncode


def main() -> int:
    began = time.perf_counter()
    stage()
    print(f"pages and figures: {time.perf_counter() - began:.0f} s", flush=True)
    if "--stage" in sys.argv:
        return 0
    if failed := build():
        return failed
    if dead := site_links.dead(HTML):
        print("Dead links:", *dead, sep="\n  ")
        return 1
    count = len(list(HTML.rglob("*.html")))
    size = sum(path.stat().st_size for path in HTML.rglob("*") if path.is_file()) / 1e6
    print(f"{HTML / 'index.html'}: {count} pages, {size:.0f} MB, {(time.perf_counter() - began) / 60:.1f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
