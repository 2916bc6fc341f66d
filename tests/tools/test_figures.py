"""docs/pictures.md shows the code that made its figures, and the files are there, small and no others."""

import re

import pytest

from tools.figures import FOLDER, PAGE, PICTURES, draw, families, page_text

pytestmark = pytest.mark.backendless


def test_the_page_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == page_text(PICTURES, families())


def test_every_figure_has_its_file_and_they_are_small():
    files = {file.stem: file for file in FOLDER.iterdir()}
    assert files.keys() == {one.name for one in [*PICTURES, *families()]}
    for file in files.values():
        assert file.stat().st_size < 120_000, file
        text = file.read_text(encoding="utf-8")
        assert "prefers-color-scheme" in text and "<title>" in text
        assert not re.search(r"20\d\d-\d\d-\d\d", text)


def test_a_figure_is_what_its_code_draws():
    """Words only: coordinates may differ in a last digit with another version of matplotlib."""
    (one,) = [one for one in PICTURES if one.name == "values"]
    old, new = ((FOLDER / "values.svg").read_text(encoding="utf-8"), draw(one).decode())
    assert re.findall(r">([^<>\n]+)</t", old) == re.findall(r">([^<>\n]+)</t", new)
