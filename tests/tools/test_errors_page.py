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


SMALL = {  # words that say nothing by themselves
    *[
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "each",
        "for",
        "from",
        "give",
        "given",
        "gives",
        "if",
        "in",
        "is",
        "it",
        "its",
        "need",
        "needs",
        "no",
        "not",
        "of",
        "on",
        "one",
        "ones",
    ],
    *[
        "or",
        "pass",
        "so",
        "take",
        "takes",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "they",
        "this",
        "to",
        "use",
        "what",
        "where",
        "which",
        "with",
        "write",
        "you",
        "your",
    ],
}
CODE = re.compile(r"[\w.]*\w[(=\[]\S*|--\w[\w-]*|\b\w+_\w+|\b(?:ls|np|keras|ops|tf|torch)\.\w[\w.]*")


def repeats(fix, message):
    """Whether a fix says what the message says: two thirds of its words, compared by their beginnings, and no code."""
    known, own = ({word[:5] for word in re.findall(r"[^\W_]+", text.lower())} - SMALL for text in (message, fix))
    fresh = [code for code in CODE.findall(fix) if code.rstrip(".,;:)`'\"") not in message]
    return not fresh and 3 * len(own & known) >= 2 * len(own)


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.fix], ids=lambda example: example.title)
def test_a_fix_says_more_than_its_message(example):
    """A fix shows what to type, or what the message cannot know. One that repeats the message is left out."""
    seen = SEEN.get(example.title) or run(example)
    assert not repeats(example.fix, seen.text), f"Leave it out, or say what the message does not: {example.fix}"


@pytest.mark.backendless
def test_what_repeats_is_recognised():
    message = (
        "train reads the data row by row. There are 4 rows in x, 5 in y. Expected equal numbers. Pass whole arrays."
    )
    assert repeats("Pass whole arrays.", message) and repeats("Pass arrays of equal numbers of rows.", message)
    assert not repeats("Pass whole arrays: y.reshape(-1, 1).", message) and not repeats("Look for a filter.", message)


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
