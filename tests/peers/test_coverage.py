"""What docs/coverage.md counts: the names of libraries, and the losses of the field."""

import pytest

import lossary as ls
from lossary.core import catalogue
from tools import coverage

pytestmark = pytest.mark.backendless


def test_a_name_that_counts_as_equal_gives_a_loss_and_another_is_refused():
    for name in coverage.names():
        if coverage.state(name) == "equal":
            assert ls.card(name).name in {card.name for card in catalogue.built_in().values()}
        else:
            with pytest.raises(ls.UnknownLossError):
                ls.get(name)


def test_of_the_names_whose_loss_is_here_most_give_the_number():
    states = [coverage.state(name) for name in coverage.names()]
    assert states.count("equal") >= 0.95 * (len(states) - states.count("absent")) > 100


def test_each_name_belongs_to_a_library_and_each_row_has_an_answer():
    assert all(any(name.startswith(start) for start in coverage.LIBRARIES) for name in coverage.names())
    assert len(set(coverage.names())) == len(coverage.names())
    parts = set(catalogue.parts())
    for row in coverage.rows():
        assert row.card or row.here in parts or (not row.here and row.reason()), row.name
    assert "| huber | " in coverage.text() and "[Huber](losses.md#huber)" in coverage.text()
