"""What is asked of predicted distributions is looked at."""

import numpy as np
import pytest

import lossary as ls
from lossary.core.errors import LossaryError

WRONG = {
    "more outputs": lambda head: head.predicted(np.zeros((3, 3))),
    "no outputs": lambda head: head.predicted(None),
    "outputs in words": lambda head: head.predicted([["a", "b"]]),
    "a size below 0": lambda head: head.predicted(np.zeros((3, 2))).sample(-1),
    "half a sample": lambda head: head.predicted(np.zeros((3, 2))).sample(2.5),
    "samples of NaN": lambda head: head.predicted(np.full((3, 2), np.nan)).sample(2),
    "samples of what has run away": lambda head: head.predicted(np.full((3, 2), 800.0)).sample(2),
    "coverage of NaN": lambda head: head.predicted(np.zeros((2, 2))).coverage([1.0, np.nan]),
    "targets in words": lambda head: head.predicted(np.zeros((2, 2))).pit(["a", "b"]),
}


@pytest.mark.once
@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("case", WRONG)
def test_predictions_are_asked_for_in_words(case):
    with pytest.raises(LossaryError, match="Expected"):
        WRONG[case](ls.heads.Gamma())
