"""docs/errors.md: each example raises what the page shows, and each place that raises has an example."""

import re
from pathlib import Path

import pytest

from tools.errors_foreign import FOREIGN
from tools.errors_misuses import MISUSES
from tools.errors_page import EXAMPLES, KINDS, run, sites, without_example

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")
SEEN = {}


def joined(text):
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_an_example_raises_what_the_page_shows(example):
    seen = SEEN[example.title] = run(example)
    assert joined(f"{seen.kind}: {seen.text}") in joined(PAGE)
    assert seen.kind in KINDS and example.code in PAGE


def test_common_mistakes_are_told_as_the_page_says():
    assert len(MISUSES) == 10
    for example in MISUSES:
        assert f"| {example.title} | `{example.code}` | {run(example).text} |" in PAGE


@pytest.mark.once  # alone, it runs all examples again
def test_every_place_that_raises_has_an_example():
    seen = [SEEN.get(example.title) or run(example) for example in EXAMPLES]
    assert without_example(seen) == []
    assert len(without_example(seen[1:])) == 1  # the first is the only one of its place
    assert len(without_example([])) == len(sites()) > 70


@pytest.mark.backendless
def test_texts_of_other_libraries_are_found():
    for foreign in FOREIGN:
        assert all(text in PAGE for text in foreign.texts)
        assert foreign.here in PAGE


@pytest.mark.backendless
def test_titles_are_told_apart():
    titles = [example.title for example in EXAMPLES]
    assert len(set(titles)) == len(titles)
