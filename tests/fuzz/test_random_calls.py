"""Five hundred random calls of everything public: a right number or a LossaryError, never anything else."""

import pytest

import lossary as ls
from tests.fuzz.calls import Call, call, outcome

SEED = 20261126


@pytest.mark.parametrize("first", range(0, 500, 50))
def test_random_calls_give_a_right_number_or_an_error_of_lossary(first):
    calls = {number: call(SEED, number) for number in range(first, first + 50)}
    found = {number: outcome(one) for number, one in calls.items()}
    wrong = [
        f"benchmarks/fuzz.py --seed {SEED} --only {number}\n{calls[number].code}\n{what}"
        for number, what in found.items()
        if what not in ("right", "refused")
    ]
    assert not wrong, "\n\n".join(wrong)
    assert list(found.values()).count("right") >= 10  # not everything is refused


def test_a_wrong_number_a_foreign_error_and_broadcasting_are_seen():
    assert "right is" in outcome(Call("mse", "ls.mse([1.0], [3.0])", "value", 3.0))
    assert "shape" in outcome(Call("mse", "ls.mse([1.0], [3.0])", "value", [4.0]))
    assert "should take" in outcome(Call("mse", "ls.mse([1.0], ['a'])", "value", 4.0))
    assert "should refuse" in outcome(Call("ones", "np.ones((5, 3)) - np.ones((5, 1))", "refused"))
    assert outcome(Call("int", "int('x')", "any")).startswith("ValueError")
    assert outcome(Call("mse", "ls.mse([1.0], ['a'])", "any")) == "refused"
    assert isinstance(ls.LossaryError("x"), ValueError)
