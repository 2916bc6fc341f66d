"""What the benchmark of exactness measures beside lossary means the same: on ordinary input, the values agree."""

import numpy as np
import pytest

from benchmarks.peers import peers
from lossary.core.forms import Binary
from tests.backends import array
from tests.laws.cases import by_row
from tests.oracle.grid import GRID
from tests.oracle.sums import FLOATS
from tests.oracle.trial import tensor

PAIRS = [(case, library) for case in GRID for library in peers(case)]


@pytest.mark.parametrize(("case", "library"), PAIRS, ids=str)
def test_a_peer_agrees_on_ordinary_input(case, library, rng):
    y, p = case.draw(rng)
    if issubclass(case.cls, Binary) and not case().from_logits:
        p = np.clip(p, 0.05, 0.95)
    kind = FLOATS["float32"]
    y, p = tensor(y, kind), tensor(p, kind)
    ours, theirs = by_row(case.cls)(y, p, **case.parameters), peers(case)[library](y, p)
    np.testing.assert_allclose(array(ours), array(theirs), rtol=5e-5, atol=5e-6)
