"""Typed formulas: the parser reads what mathematics means, and nothing else."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossary.core.errors import LossaryError
from lossary.explorer.formulas import DEEPEST, FUNCTIONS, LONGEST, parse

Y, P = np.float32([0.0, 1.0, 0.3]), np.float32([0.5, 0.2, 2.0])
ORACLE = {"abs": np.abs, "tanh": np.tanh, "sin": np.sin, "min": np.minimum, "max": np.maximum, "square": np.square}


def value(text, **values):
    return keras.ops.convert_to_numpy(
        parse(text).of(keras.ops.convert_to_tensor(Y), keras.ops.convert_to_tensor(P), values)
    )


def expressions():
    """Formulas that Python reads the same way, for an oracle that shares no code."""
    leaves = st.sampled_from(["y", "p", "e", "2", "0.5", "k", "pi"])

    def grow(inner):
        return st.one_of(
            st.tuples(inner, st.sampled_from("+-*"), inner).map(lambda t: f"{t[0]} {t[1]} {t[2]}"),
            inner.map(lambda t: f"({t})"),
            inner.map(lambda t: f"-({t})"),
            inner.map(lambda t: f"({t})**2"),
            st.tuples(st.sampled_from(["abs", "tanh", "sin", "square"]), inner).map(lambda t: f"{t[0]}({t[1]})"),
            st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(lambda t: f"{t[0]}({t[1]}, {t[2]})"),
        )

    return st.recursive(leaves, grow, max_leaves=8)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(expressions())
def test_a_formula_means_what_python_makes_of_it(text):
    names = {**ORACLE, "y": Y.astype(float), "p": P.astype(float), "e": (P - Y).astype(float), "k": 1.5, "pi": np.pi}
    expected = eval(text, {"__builtins__": {}}, names)
    np.testing.assert_allclose(value(text, k=1.5), np.broadcast_to(expected, 3), rtol=2e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-2^2", -4.0),
        ("2^3^2", 512.0),
        ("1 - 2 - 3", -4.0),
        ("8/4/2", 1.0),
        ("|1 - 3|*2", 4.0),
        ("2e1 + .5", 20.5),
        ("3 ≤ 3", 1.0),
        ("3 < 3", 0.0),
        ("where(1 > 2, 5, 6)", 6.0),
        ("2·3 − 1", 5.0),
        ("2²", 4.0),
        ("(0 - 3)^3", -27.0),
        ("--2", 2.0),
        ("log1p(expm1(0.5))", 0.5),
    ],
)
def test_precedence_and_signs(text, expected):
    np.testing.assert_allclose(value(text), expected, rtol=1e-5)


def test_names():
    formula = parse("where(|e| <= d, e²/2, d*(|e| - d/2)) + y*a")
    assert formula.parameters == ("d", "a") and formula.variables == {"e", "y"}
    assert parse("γ * e").parameters == ("γ",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "__import__('os').system('true')",
        "().__class__.__bases__",
        "e.__class__",
        "open(1)",
        "exec(e)",
        "lambda: 0",
        "lambda(e)",
        "e; y",
        "e[0]",
        "e = 2",
        "{e}",
        "e if e else y",
        "e @ y",
        "e\0y",
        "1 2",
        "2e",
        "e +",
        "abs",
        "abs()",
        "abs(e, y)",
        "where(e, y)",
        "(e",
        "e)",
        "|e",
        "1 < 2 < 3",
        "a" * 17,
        "1" * 40,
        "a+b+c+d+f+g+h",
        "e+" * LONGEST + "e",
        "(" * (DEEPEST + 1) + "e" + ")" * (DEEPEST + 1),
        "abs(" * (DEEPEST + 1) + "e" + ")" * (DEEPEST + 1),
        "2^" * 100 + "2",
        "|" * 100,
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(LossaryError) as caught:
        parse(text)
    assert caught.value.arrived and caught.value.do


def test_the_longest_formula_is_computed():
    text = "+".join(["e"] * (LONGEST // 2))
    np.testing.assert_allclose(value(text), (LONGEST // 2) * (P - Y), rtol=1e-4)


def test_every_function_can_be_called():
    for name, (count, _) in FUNCTIONS.items():
        arguments = ", ".join(["0.5"] * count)
        assert np.isfinite(value(f"{name}({arguments})")).all()
