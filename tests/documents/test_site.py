"""The site of `make docs`: its pages before they are built, and, where it has been built, what a reader meets."""

import re
from pathlib import Path

import pytest

import lossary as ls
from lossary.core import catalogue
from tests.explorer.browser import MISSING, chromium, started
from tools import site, site_api, site_links, site_losses

pytestmark = pytest.mark.backendless
UNBUILT = "The site is NOT tested: run `make docs` first."
built = pytest.mark.skipif(not (site.HTML / "index.html").exists(), reason=UNBUILT)
seen = pytest.mark.skipif(chromium() is None, reason=MISSING)
LOOKED_AT = (
    "index.html", "start/index.html", "start/1-what-a-loss-is.html", "start/2-class-function-name.html",
    "which-loss.html", "losses/huber.html", "families/robust.html", "gallery.html", "names.html", "api/train.html",
    "errors.html", "search.html",
)  # fmt: skip


def test_every_public_name_has_one_place_in_the_reference():
    told = [name for topic in site_api.TOPICS for name in topic.names]
    assert sorted(told) == sorted(ls._HOMES)


def test_what_is_public_says_what_it_is():
    for topic in site_api.TOPICS:
        for name in topic.names:
            assert site_api.own_doc(getattr(ls, name)), name


def test_docstrings_become_markup():
    doc = """Adds *two* numbers |a| and `b`.

    add(1, 2)

    add(3, 4)

Args:
    a, b: numbers_of any
        size.

Returns: their sum.

>>> add(1, 2)
3
"""
    text = site_api.markdown(doc)
    assert r"Adds \*two\* numbers \|a\| and `b`." in text
    assert "```python\nadd(1, 2)\n\nadd(3, 4)\n```" in text
    assert "**Args**\n\n- `a`, `b`: numbers\\_of any size." in text
    assert "**Returns:** their sum." in text
    assert "```pycon\n>>> add(1, 2)\n3\n```" in text


def test_every_loss_has_a_page_with_all_that_its_card_says():
    pages = site_losses.pages()
    for card in catalogue.built_in().values():
        page = pages[f"losses/{card.function}.md"]
        assert site_losses.sentence(card.beware) in page and site_losses.sentence(card.use) in page
        assert all(place in page for place in card.elsewhere)
        assert all(f"| `{p.name}` |" in page for p in card.params)
        assert f"losses/{card.function}" in pages[f"families/{card.family}.md"]
        assert card.curve is None or f"losses/{card.function}.html" in pages["gallery.md"]
        for place in card.elsewhere:
            assert f"[{card.name}](losses/{card.function}.md)" in pages["names.md"], place


def test_links_of_the_documents_lead_to_pages_of_the_site():
    pages = {**site.pages(), **site_losses.pages()}
    pages |= dict.fromkeys(f"api/{name}.md" for name in ["index", "heads", *(topic.file for topic in site_api.TOPICS)])
    for place, text in pages.items():
        for link in re.findall(r"(?<!!)\]\((?!https?:|#)([^)#\s]+\.md)", text or ""):
            at = (Path("/site") / place).parent / link
            assert str(at.resolve().relative_to("/site")) in pages, (place, link)


def test_a_dead_link_is_found(tmp_path):
    links = '<a href="b.html#there">b</a> <a href="https://example.org">x</a><img src="c.png">'
    (tmp_path / "a.html").write_text(links)
    (tmp_path / "b.html").write_text('<p id="here"></p><a href="a.html">a</a><script src="//cdn.example.org/x.js">')
    assert site_links.dead(tmp_path) == [
        "a.html: b.html#there",
        "a.html: c.png",
        "b.html loads //cdn.example.org/x.js",
    ]


@built
@pytest.mark.full
def test_the_site_has_no_dead_link_and_loads_nothing_from_elsewhere():
    assert site_links.dead(site.HTML) == []


@pytest.fixture(scope="module")
def browser():
    with started() as browser:
        yield browser


WIDE = """[...document.querySelectorAll("article table:not(:has(th:nth-child(4)))")]
    .filter((one) => one.scrollWidth > one.parentElement.clientWidth + 1).map((one) => one.innerText.slice(0, 60))"""


@built
@seen
@pytest.mark.full
@pytest.mark.parametrize("place", LOOKED_AT)
def test_axe_finds_nothing_serious_and_a_phone_shows_the_whole_width(browser, place):
    from axe_playwright_python.sync_playwright import Axe

    for scheme in ("light", "dark"):
        phone = {"width": 375, "height": 800}
        context = browser.new_context(viewport=phone, color_scheme=scheme, reduced_motion="reduce")
        page = context.new_page()
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto((site.HTML / place).as_uri())
        found = Axe().run(page).response["violations"]
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in serious] == [], (place, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, place
        assert page.evaluate(WIDE) == [], place
        assert all(url.startswith(("file:", "data:")) for url in asked)
        context.close()


@built
@seen
@pytest.mark.full
def test_the_search_finds_a_loss(browser):
    page = browser.new_page()
    page.goto((site.HTML / "search.html").as_uri() + "?q=huber")
    page.locator("#search-results li a").first.wait_for()
    assert any("Huber" in text for text in page.locator("#search-results li a").all_inner_texts())
