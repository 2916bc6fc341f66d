"""Columns of a regression: told apart by their names, in any order and unit, or refused in words."""

import numpy as np
import pytest

import lossary as ls
from lossary.core.errors import LossaryError

pd = pytest.importorskip("pandas")
RNG = np.random.default_rng(0)
X = RNG.normal(size=(100, 2))
Y = RNG.poisson(np.exp(0.3 + X @ [0.5, -0.4])).astype(float)
TABLE = pd.DataFrame(X, columns=["a", "b"])


def fit(x=TABLE, y=Y, family="poisson", **options):
    return ls.fit_glm(x, y, family=family, **options)


@pytest.mark.once
def test_predictions_read_columns_by_name():
    found, more = fit(), TABLE.assign(c=1.0)[["c", "b", "a"]]
    for x in (X, TABLE, TABLE[["b", "a"]], more):
        np.testing.assert_allclose(found.predict(x), found.predict(TABLE), rtol=1e-14)
    for x in (np.ones((3, 5)), np.ones((3, 1)), TABLE.rename(columns={"a": "z"})):
        with pytest.raises(LossaryError, match="Expected 2 column"):
            found.predict(x)
    with pytest.raises(LossaryError, match="offset has shape"):
        found.predict(X[:3], offset=[1.0, 2.0])


@pytest.mark.once
@pytest.mark.parametrize("names", [["a", "a"], ["intercept", "b"], ["shape", "b"]])
def test_columns_with_one_name_are_refused(names):
    with pytest.raises(LossaryError, match="have the name"):
        fit(pd.DataFrame(X, columns=names), Y + 1, "gamma")


@pytest.mark.once
@pytest.mark.parametrize("unit", [1e-200, 1e-30, 1e30, 1e200])
def test_no_column_is_left_out_for_its_unit(unit):
    if not 1e-100 < unit < 1e100:
        with pytest.raises(LossaryError, match="Change the unit"):
            fit(X * [unit, 1.0])
        return
    found = fit(X * [unit, 1.0])
    if found.success:
        np.testing.assert_allclose(found.parameters["x0"] * unit, fit(X).parameters["x0"], rtol=1e-8)


@pytest.mark.once
@pytest.mark.parametrize("family", ["poisson", "negative_binomial", "zero_inflated_poisson", "tweedie"])
def test_nothing_at_all_is_no_success(family):
    found = fit(y=0 * Y, family=family)
    assert not found.success and "boundary" in found.flags and all(not e > 0 for e in found.standard_errors.values())


@pytest.mark.once
@pytest.mark.parametrize("weight", [1e-200, 1e-12, 1e12])
def test_estimates_do_not_depend_on_the_sum_of_weights(weight):
    found = fit(frequency_weights=np.full(100, weight))
    assert found.success
    np.testing.assert_allclose(list(found.parameters.values()), list(fit().parameters.values()), rtol=1e-8)


@pytest.mark.once
def test_inputs_of_another_length_are_refused_in_words_of_the_regression():
    for options in (
        {"offset": np.zeros(3)}, {"scale_x": X[:5], "family": "normal"}, {"scale_x": X}, {"weights": -np.ones(100)},
        {"frequency_weights": np.ones(3)},
    ):  # fmt: skip
        with pytest.raises(LossaryError, match="fit_glm") as error:
            fit(**options)
        assert next(word for word in options if word != "family") in str(error.value)
