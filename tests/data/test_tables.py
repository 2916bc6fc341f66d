"""The tables by name, with figures that their publications give."""

import numpy as np
import pytest

from lossary.data import tables
from lossary.data.errors import DataError
from lossary.data.problem import Question, pose

pytestmark = pytest.mark.backendless


@pytest.mark.parametrize("name", ["phones", "penguins", "engel"])
def test_embedded_tables_are_what_they_say(name):
    table = tables.load(name)
    assert table.rows == table.about.rows
    problem = pose(table, Question())
    assert (problem.target, problem.inputs) == (table.about.target, table.about.features)
    assert problem.task == table.about.task
    assert table.about.source
    assert table.about.licence


def test_phones_least_squares():
    phones = pose(tables.load("phones"), Question())
    slope, intercept = np.polyfit(phones.x[:, 0], phones.y, 1)
    assert slope == pytest.approx(5.0415, abs=1e-4)
    assert intercept == pytest.approx(-9838.87, abs=0.01)
    assert phones.y.sum() == pytest.approx(1199.8)


def test_penguins_and_engel_figures():
    penguins = pose(tables.load("penguins"), Question())
    assert np.corrcoef(penguins.x[:, 0], penguins.y)[0, 1] == pytest.approx(0.8712, abs=1e-4)
    engel = pose(tables.load("engel"), Question())
    slope, intercept = np.polyfit(engel.x[:, 0], engel.y, 1)
    assert (slope, intercept) == (pytest.approx(0.48518, abs=1e-5), pytest.approx(147.475, abs=1e-3))


@pytest.mark.parametrize(
    ("name", "task", "shape"), [("digits", "multiclass", (1797, 61)), ("breast_cancer", "binary", (569, 30))]
)
def test_tables_of_scikit_learn(name, task, shape):
    pytest.importorskip("sklearn", reason="scikit-learn (extra 'data') is not installed")
    problem = pose(tables.load(name), Question())
    assert problem.task == task
    assert problem.x.shape == shape


def test_malignant_is_the_positive_class():
    pytest.importorskip("sklearn", reason="scikit-learn (extra 'data') is not installed")
    problem = pose(tables.load("breast_cancer"), Question())
    assert problem.classes == ("benign", "malignant")
    assert problem.y.sum() == 212


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(tables.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"lossary\[data\]"):
        tables.load("digits")


def test_an_unknown_name_lists_the_tables():
    with pytest.raises(DataError, match="phones, penguins, engel, digits, breast_cancer"):
        tables.load("pengiuns")
