"""What docs/coverage.md says of families: lines of declarations, and seconds of tests from files of JUnit's form."""

import inspect

import pytest

import lossary as ls
from lossary.core import catalogue
from tools import measures

pytestmark = pytest.mark.backendless


def test_the_lines_of_a_declaration_are_those_of_its_source_without_other_libraries():
    source = inspect.getsource(ls.FocalFrequency).rstrip().splitlines()
    assert measures.lines()["FocalFrequency"] == len(source)
    assert measures.elsewhere("First.\n\nElsewhere:\n    a -> b\n    c\nUnlike:\n    d: e\n\n>>> f\n") == 5
    assert set(measures.lines()) >= {card.name for card in catalogue.built_in().values()}


def test_seconds_belong_to_the_loss_that_the_parameters_begin_with(tmp_path):
    cases = [("test_a[Huber-unusual]", 0.5), ("test_b[huber]", 0.25), ("test_c[Nobody]", 9.0), ("test_d", 9.0)]
    rows = "".join(f'<testcase name="{name}" time="{time}"/>' for name, time in cases)
    (tmp_path / "torch.xml").write_text(f"<testsuites><testsuite>{rows}</testsuite></testsuites>", encoding="utf-8")
    assert measures.taken(tmp_path / "torch.xml", {"Huber": "Huber", "huber": "Huber"}) == {"Huber": 0.75}


def test_every_family_has_a_row_with_what_is_known():
    table, families = measures.text(), {card.family for card in catalogue.built_in().values()}
    assert all(f"\n| {family} | " in table for family in families)
    assert measures.errors()["Huber"] > 0 and measures.speed()["Huber"]
