"""Summaries of columns: quartiles of the rows that are used, counts of what is no number, holes of all rows."""

import numpy as np
import pytest

from lossary.data.columns import Column
from lossary.data.problem import Question, pose
from lossary.data.summaries import summarise
from lossary.data.tables import Table, load

pytestmark = pytest.mark.backendless


def test_numbers_texts_and_holes():
    x = Column("x", np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan]))
    town = Column("town", text=("Rome", "Oslo", "Rome", "Rome", "Oslo", "Rome"))
    y = Column("y", np.array([0.5, 2.5, 1.5, 7.5, 4.5, 9.5]))
    table = Table("t", (x, town, y))
    target, first, second = summarise(pose(table, Question(target="y", task="regression")))
    assert (target.name, target.quantiles) == ("y", [0.5, 1.5, 2.5, 4.5, 7.5])  # the sixth row has a hole
    assert (first.quantiles, first.missing) == ([1.0, 2.0, 3.0, 4.0, 5.0], 1)
    assert (second.values, second.quantiles) == ("Rome (3), Oslo (2)", [])


def test_classes_are_counted_also_when_they_are_numbers():
    target = summarise(pose(load("penguins"), Question(target="year")))[0]
    assert target.quantiles == [] and target.values.startswith("20")
    many = summarise(pose(load("penguins"), Question(target="species")))
    assert sum(int(part.rstrip(")").split("(")[1]) for part in many[0].values.split(", ")) == 333
