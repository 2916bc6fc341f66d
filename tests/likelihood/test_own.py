"""A likelihood of one's own: whatever is wrong with it is said in words, with what it raised as the cause."""

import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.errors import LossaryError

Y = np.random.default_rng(0).normal(2, 1, 40)


class Own(Exception):
    """An exception of a user."""


def normal(y, p):
    return -0.5 * ops.square((y - p["m"]) / p["s"]) - ops.log(p["s"])


def raises(y, p):
    raise Own("no such table")


def halves(y, p):
    raise Own


def misspelt(y, p):
    return normal(y, {"m": p["mu"], "s": p["s"]})


def one_argument(y):
    return -ops.square(y)


def as_attribute(y, p):
    return -ops.square(y - p.m)


def branches(y, p):
    return normal(y, p) if p["m"] > 0 else -ops.square(y)


def by_float(y, p):
    return -ops.square(y - float(p["m"])) - p["s"]


RAISES = {
    raises: Own, halves: Own, misspelt: KeyError, one_argument: TypeError, as_attribute: AttributeError,
    branches: Exception, by_float: Exception,
}  # fmt: skip


@pytest.mark.parametrize("f", RAISES, ids=lambda f: f.__name__)
def test_what_a_function_raises_is_the_cause_of_the_error(f):
    with pytest.raises(LossaryError) as caught:
        ls.fit_likelihood(f, Y, start={"m": 1.0, "s": 1.0}, positive=("s",))
    error = caught.value
    assert isinstance(error.__cause__, RAISES[f]) and not isinstance(error.__cause__, LossaryError)
    assert type(error.__cause__).__name__ in error.arrived or repr(error.__cause__.args[0]) in error.arrived
    assert "f(data, parameters)" in error.allowed or "f asks for" in error.allowed


def test_an_error_of_this_library_inside_a_function_stays_itself():
    with pytest.raises(LossaryError, match="delta"):
        ls.fit_likelihood(lambda y, p: ls.huber(y, p["m"], delta=-1.0), Y, start={"m": 1.0})


RETURNS = {
    "numbers in two columns": (lambda y, p: ops.stack([normal(y, p)] * 2, axis=-1), "(n, 2)"),
    "one column": (lambda y, p: normal(y, p)[:, None], "(n, 1)"),
    "their sum": (lambda y, p: ops.sum(normal(y, p)), "()"),
    "a list": (lambda y, p: [normal(y, p)], "list"),
    "whole numbers": (lambda y, p: ops.cast(normal(y, p), "int32"), "int32"),
    "truths": (lambda y, p: y > p["m"] + p["s"], "bool"),
    "complex numbers": (lambda y, p: ops.cast(normal(y, p), "complex64"), "complex64"),
    "nothing of a parameter": (lambda y, p: -ops.square(y - p["m"]), "does not change with s"),
    "steps": (lambda y, p: normal(y, {"m": ops.round(p["m"]), "s": p["s"]}), "does not change with m"),
    "no number": (lambda y, p: normal(y, p) + ops.log(p["m"] - 5.0), "row 0"),
    "no slope": (lambda y, p: normal(y, p) + ops.sqrt(p["m"] - 1.0), "derivatives of f by m"),
    "what other rows say": (lambda y, p: normal(y - ops.mean(y), p), "half of the rows"),
}


@pytest.mark.parametrize("case", RETURNS)
def test_what_a_function_returns_is_looked_at(case):
    f, said = RETURNS[case]
    with pytest.raises(LossaryError) as caught:
        ls.fit_likelihood(f, Y, start={"m": 1.0, "s": 1.0}, positive=("s",))
    assert said in caught.value.arrived


ASKED = [
    ({"start": {}}, "start is"), ({"start": [1.0, 1.0]}, "start is"),
    ({"start": {"m": [1.0, 2.0], "s": 1.0}}, "for 'm'"),
    ({"start": {1: 1.0, "s": 1.0}}, "for 1"), ({"start": {"m": 1.0}}, "positive names 's'"),
    ({"start": {"m": 1.0}, "positive": ()}, "parameter 's'"), ({"start": {"m": 1.0, "s": -1.0}}, "for s"),
    ({"positive": None}, "positive is None"), ({"positive": [["s"]]}, "positive names"),
    ({"weights": -np.ones(40)}, "weights holds -1"), ({"weights": np.zeros(40)}, "weight is 0"),
    ({"weights": np.ones(3)}, "3 numbers for 40 rows"), ({"data": 3.0}, "data is 3.0"), ({"data": []}, "shape (0,)"),
    ({"data": [1.0, np.inf]}, "inf in row 1"), ({"data": np.ones((4, 2))}, "f raised"),
]  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize(("wrong", "said"), ASKED)
def test_what_is_asked_for_is_looked_at(wrong, said):
    given = {"data": Y, "start": {"m": 1.0, "s": 1.0}, "positive": ("s",)} | wrong
    with pytest.raises(LossaryError) as caught:
        ls.fit_likelihood(normal, given.pop("data"), **given)
    assert said in caught.value.arrived


@pytest.mark.once
def test_weights_of_nothing_leave_rows_out():
    """Also those that have no likelihood."""
    w = np.r_[0.0, np.ones(40), 2.0]
    fit = ls.fit_likelihood(normal, np.r_[1e308, Y, 1.0], start={"m": 1.0, "s": 1.0}, positive=("s",), weights=w)
    right = np.r_[Y, 1.0, 1.0]
    np.testing.assert_allclose([fit.parameters["m"], fit.parameters["s"]], [right.mean(), right.std()], rtol=1e-9)
    assert fit.success and fit.rows == 42
