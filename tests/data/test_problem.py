"""From a table to a problem: tasks, missing rows, one-hot inputs, scales, splits; and what is refused."""

import numpy as np
import pytest

from lossary.data.columns import from_cells
from lossary.data.errors import DataError
from lossary.data.problem import Question, pose
from lossary.data.tables import Table, load

pytestmark = pytest.mark.backendless


def table(**columns):
    return Table("t", tuple(from_cells(name, [str(cell) for cell in cells]) for name, cells in columns.items()))


def ask(target="y", **rest):
    return Question(target=target, **rest)


def test_tasks_are_recognised():
    x = list(range(60))
    cases = {
        "regression": [v / 7 for v in x],
        "binary": ["yes", "no"] * 30,
        "multiclass": ["a", "b", "c"] * 20,
    }
    for task, y in cases.items():
        assert pose(table(x=x, y=y), ask()).task == task
    assert pose(table(x=x, y=[0, 5] * 30), ask()).classes == ("0", "5")
    assert pose(table(x=x, y=[1, 2, 3] * 20), ask()).task == "multiclass"
    assert pose(table(x=x, y=[1, 2, 3] * 20), ask(task="regression")).task == "regression"
    # as many different whole numbers as rows are measurements, not classes
    assert pose(table(x=x[:20], y=x[:20]), ask()).task == "regression"


def test_the_recognised_task_is_said():
    assert any("multiclass" in note and "3 distinct" in note for note in pose(load("penguins"), ask("species")).notes)


def test_rows_with_missing_cells_are_left_out_and_counted():
    problem = pose(table(x=[1, "NA", 3, 4, 5], y=[1.5, 2, "", 4, 7]), ask())
    assert problem.rows.tolist() == [0, 3, 4]
    assert any(note.startswith("2 of 5 rows are left out") for note in problem.notes)


def holed():
    x = [1, "", 3, 4, 100, "", 7, 8]
    return table(x=x, kind=["a", "b", "", "b", "b", "a", "a", "b"], notes=[""] * 8, y=[1.5, 2, 3, 4, "", 6, 7, 8])


def test_holes_are_named_with_their_counts():
    notes = pose(holed(), ask()).notes
    words = "4 of 8 rows are left out (--missing impute or indicator keeps them); missing cells: x 2, y 1, kind 1."
    assert words in notes
    assert any("empty in every row: notes" in note for note in notes)
    with pytest.raises(DataError, match=r"Missing cells: a 5, b 5.*--missing impute, or --ignore a,b"):
        pose(table(x=range(10), a=[1, ""] * 5, b=["", 1] * 5, y=range(10)), ask())


def test_holes_are_filled_from_the_rows_that_train():
    problem = pose(holed(), ask(missing="impute"))
    assert problem.rows.tolist() == [0, 1, 2, 3, 5, 6, 7]  # without a target there is nothing to explain
    assert problem.x[:, 0].tolist() == [1, 4, 3, 4, 4, 7, 8]
    assert problem.x[:, 1].tolist() == [0, 1, 0, 1, 0, 0, 1]  # the commonest value, a tie by the alphabet
    assert any("'x': 2 missing cells are replaced by the median, 4" in note for note in problem.notes)
    held = pose(table(x=[1, "", *range(2, 60)], y=[k / 7 for k in range(60)]), ask(missing="impute", validation=0.5))
    assert held.x[1, 0] == np.median([value for value in held.x[held.train, 0] if value != held.x[1, 0]])


def test_holes_can_be_inputs():
    problem = pose(holed(), ask(missing="indicator"))
    assert problem.features == ("x", "x missing", "kind=b", "kind missing")
    assert problem.x[:, 1].tolist() == [0, 1, 0, 0, 1, 0, 0]
    assert problem.x[:, 2].tolist() == [0, 1, 0, 1, 0, 0, 1]
    assert problem.x[:, 3].tolist() == [0, 0, 1, 0, 0, 0, 0]


def test_text_that_does_not_come_back_is_no_target():
    with pytest.raises(DataError, match=r"40 distinct values in 40 rows: line 2 holds 't0'.*--task multiclass"):
        pose(table(x=range(40), y=[f"t{k}" for k in range(40)]), ask())
    forced = pose(table(x=range(40), y=[f"t{k}" for k in range(40)]), ask(task="multiclass", validation=0))
    assert len(forced.classes) == 40


def test_large_classes_keep_their_digits():
    assert pose(table(x=range(8), y=[1000001, 1000002] * 4), ask()).classes == ("1000001", "1000002")


def test_text_inputs_become_one_column_a_value():
    problem = pose(table(x=["b", "a", "c", "a", "b", "c"], y=[1.5, 2, 3, 4, 5, 6]), ask())
    assert problem.features == ("x=b", "x=c")
    assert problem.x.tolist() == [[1, 0], [0, 0], [0, 1], [0, 0], [1, 0], [0, 1]]
    assert any("baseline a" in note for note in problem.notes)


def test_constant_inputs_are_left_out_and_said():
    problem = pose(table(x=range(6), z=[3] * 6, y=[1.5, 2, 3, 4, 5, 6]), ask())
    assert problem.inputs == ("x",)
    assert any("z" in note and "are constant" in note for note in problem.notes)


def test_labels_are_said():
    notes = pose(table(id=range(6), y=[1.5, 2, 3, 4, 5, 6]), ask()).notes
    assert any("looks like an identifier" in note for note in notes)


def test_the_target_is_scaled_by_median_and_mad():
    phones = pose(load("phones"), Question())
    assert (phones.scale.center, phones.scale.spread) == (pytest.approx(15.5), pytest.approx(1.4826 * 10.2))
    np.testing.assert_allclose(phones.x_scaled.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(phones.x_scaled.std(axis=0), 1)


def test_a_mad_of_zero_falls_back_to_the_standard_deviation():
    problem = pose(table(x=range(10), y=[1.5] * 8 + [2, 9]), ask(task="regression"))
    assert problem.scale.spread == pytest.approx(np.std([1.5] * 8 + [2, 9]))
    assert "standard deviation" in problem.scale.how


def test_splits_follow_the_seed_and_keep_the_classes():
    one, again, other = (pose(load("penguins"), ask("species", seed=seed)) for seed in (1, 1, 2))
    assert one.valid.tolist() == again.valid.tolist() != other.valid.tolist()
    assert not set(one.train) & set(one.valid)
    assert one.train.size + one.valid.size == one.y.size
    shares = np.bincount(one.y[one.valid].astype(int)) / np.bincount(one.y.astype(int))
    np.testing.assert_allclose(shares, 0.2, atol=0.01)


def test_tiny_tables_are_not_split_unless_asked():
    assert pose(load("phones"), Question()).valid.size == 0
    assert pose(load("phones"), Question(validation=0.25)).valid.size == 6


@pytest.mark.parametrize(
    ("columns", "question", "words"),
    [
        ({"x": [1, 2, 3, 4], "y": [1.5, 2, 3, 4]}, Question(), "No target was given"),
        ({"x": [1, 2, 3, 4], "y": [1.5, 2, 3, 4]}, ask("z"), "no such column"),
        ({"x": [1, 2, 3, 4], "y": [1.5, 2, 3, 4]}, ask(features=("x", "y")), "one of the inputs"),
        ({"x": [1, 2, 3, 4], "y": [1.5, 2, 3, 4]}, ask(ignore=("x",)), "No input is left"),
        ({"x": [1, 2, 3, 4], "y": [1.5, 2, 3, 4]}, ask(ignore=("q",)), "no such column"),
        ({"x": [7] * 4, "y": [1.5, 2, 3, 4]}, ask(), "No input is left"),
        ({"x": [1, 2, 3, 4], "y": [5] * 4}, ask(), "same value, 5"),
        ({"x": [1, 2, 3, 4], "y": ["NA"] * 4}, ask(), "All of its cells are missing"),
        ({"x": [1], "y": [2]}, ask(), "1 of 1 row"),
        ({"x": [1, "", 2], "y": ["", 2, 3]}, ask(), "1 of 3 row"),
        ({"x": [1, 2, 3, 4], "y": ["a", "b", "c", "d"]}, ask(task="regression"), "It holds text"),
        ({"x": [1, 2, 3, 4], "y": [1, 2, 3, 4]}, ask(task="binary"), "4 distinct values"),
        ({"x": range(200), "y": [f"t{i}" for i in range(200)]}, ask(), "text with 200 distinct"),
        ({"x": [f"n{i}" for i in range(30)], "y": [i / 7 for i in range(30)]}, ask(), "text with 30 distinct"),
        ({"x": [1, 2, "3 kg", 4], "y": [1.5, 2, 3, 4]}, ask(), "3 of 4 cells are numbers; line 4 holds '3 kg'"),
        (
            {"x": [f"{i + 1:02}/{(i + 3) % 9 + 1:02}/2020" for i in range(9)], "y": [i / 7 for i in range(9)]},
            ask(),
            "day-first",
        ),
        ({"x": range(5), "y": [1.5, 2, 3, 4, 5]}, ask(validation=float("nan")), "It was given nan"),
        ({"x": range(5), "y": [1.5, 2, 3, 4, 5]}, ask(validation=0.05), "leaves 5 rows to train on and 0"),
    ],
)
def test_what_cannot_be_answered_is_refused(columns, question, words):
    with pytest.raises(DataError, match=words):
        pose(table(**columns), question)
