"""The code that the page gives to be copied is run, and gives the loss's number."""

import numpy as np
import pytest

import lossary as ls
from lossary.explorer.code import LIBRARIES, code, equal
from tests.backends import array
from tests.laws.cases import CASES

EQUALS = [(case, library) for case in CASES for library in LIBRARIES if equal(case(), library)]


def _data(library, y, p):
    if library != "torch":
        return {"y_true": y, "y_pred": p}
    import torch

    y = y.astype("int64") if y.dtype.kind == "i" else y
    return {"y_true": torch.from_numpy(y), "y_pred": torch.from_numpy(p)}


@pytest.mark.parametrize(("case", "library"), EQUALS, ids=str)
def test_code_of_another_library_gives_the_same_number(case, library, rng):
    loss = case()
    y, p = case.draw(rng)
    if library == "sklearn" and (case.cls.__name__ == "Hinge" or case.cls.family == "deviances"):
        y, p = y.ravel(), p.ravel()  # they take one column
    if library == "optax" and case.cls.__name__ == "BinarySparsemax":  # of labels 0 and 1
        y = (y > 0).astype("float32")
    text, known = code(loss, library), _data(library, y, p)
    if library == "keras":  # a comment beside the call of compile
        text = f"import keras\nloss = {text.rpartition('loss=')[2].strip()}(y_true, y_pred)"
    exec(text, known)
    assert float(np.asarray(known["loss"])) == pytest.approx(float(array(loss(y, p))), rel=2e-5)


def test_code_of_named_inputs_passes_them_by_name():
    loss = ls.TripletMargin(margin=0.5)
    known = dict(zip(("anchor", "positive", "negative"), np.eye(3, dtype="float32")[:, None], strict=True))
    text = code(loss, "torch").replace('os.environ["KERAS_BACKEND"]', "_")  # the tests have chosen one
    exec(text, known)
    assert float(known["loss"]) == pytest.approx(0.5)  # all three are as far from one another
    assert "y_pred" not in code(loss, "optax") and "make_scorer" not in code(loss, "sklearn")
