"""The search itself, on functions whose values are rounded: it ends soon, and says what it found."""

import numpy as np
import pytest

from lossary.likelihood.engine import minimise

FREE, LINKS = np.array([True, True]), np.array([True, False])


class Rounded:
    """A valley around (1, -2) of 100 rows, with values and slopes that are off by up to so much."""

    total = 100.0

    def __init__(self, off_value, off_slope, seed=0):
        self.off, self.rng, self.asked = (off_value, off_slope), np.random.default_rng(seed), 0
        self.h = np.array([[3.0, 1.0], [1.0, 2.0]]) * self.total

    def true(self, c):
        e = c - [1.0, -2.0]
        return 1e3 + e @ self.h @ e / 2 + self.total * (e**4).sum() / 100

    def value(self, c):
        self.asked += 1
        return self.true(c) + self.off[0] * self.rng.uniform(-1, 1)

    def expand(self, c):
        e = c - [1.0, -2.0]
        g = self.h @ e + self.total * e**3 / 25 + self.off[1] * self.rng.uniform(-1, 1, 2)
        return self.value(c), g, self.h + self.total * np.diag(3 * e**2 / 25)


@pytest.mark.once
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("off_slope", [0.0, 1e-9, 1e-5])
@pytest.mark.parametrize("off_value", [0.0, 1e-12, 1e-9, 1e-6, 1e-3, 1e-1])
def test_a_search_ends_in_the_rounding_of_its_values(off_value, off_slope, seed):
    problem = Rounded(off_value, off_slope, seed)
    end = minimise(problem, np.zeros(2), FREE, LINKS)
    assert problem.asked < 120
    off = problem.true(end.c) - 1e3
    if end.converged:
        assert off < 1e-8 * problem.total and not end.coarse
    elif off_value <= 1e-6:
        raise AssertionError(f"It gave up {off:.3g} above the end.")


@pytest.mark.once
def test_coarse_values_and_slopes_are_said_to_be_so():
    ends = [minimise(Rounded(1.0, 0.5, seed), np.zeros(2), FREE, LINKS) for seed in range(20)]
    assert any(end.coarse for end in ends) and not any(end.coarse and end.converged for end in ends)
