"""Small tables whose optima are known, and optima computed here by other means than the solver's."""

import io

import numpy as np
import scipy.optimize

# J. W. Longley (1967), An appraisal of least squares programs for the electronic computer from the point of view of the
# user, JASA 62:819-841. Employment, then deflator, product, unemployed, armed forces, population, year.
LONGLEY = np.loadtxt(
    io.StringIO("""60323 83.0 234289 2356 1590 107608 1947
61122 88.5 259426 2325 1456 108632 1948
60171 88.2 258054 3682 1616 109773 1949
61187 89.5 284599 3351 1650 110929 1950
63221 96.2 328975 2099 3099 112075 1951
63639 98.1 346999 1932 3594 113270 1952
64989 99.0 365385 1870 3547 115094 1953
63761 100.0 363112 3578 3350 116219 1954
66019 101.2 397469 2904 3048 117388 1955
67857 104.6 419180 2822 2857 118734 1956
68169 108.4 442769 2936 2798 120445 1957
66513 110.8 444546 4681 2637 121950 1958
68655 112.6 482704 3813 2552 123366 1959
69564 114.2 502601 3931 2514 125368 1960
69331 115.7 518173 4806 2572 127852 1961
70551 116.9 554894 4007 2827 130081 1962""")
)
# The certified values of the Statistical Reference Datasets of the National Institute of Standards and Technology.
LONGLEY_CERTIFIED = [
    15.0618722713733, -0.358191792925910e-01, -2.02022980381683, -1.03322686717359, -0.511041056535807e-01,
    1829.15146461355, -3482258.63459582,
]  # fmt: skip

# K. A. Brownlee (1965), Statistical theory and methodology in science and engineering, p. 454: stack loss, then air
# flow, water temperature, acid concentration.
STACKLOSS = np.loadtxt(
    io.StringIO("""42 80 27 89
37 80 27 88
37 75 25 90
28 62 24 87
18 62 22 87
18 62 23 87
19 62 24 93
20 62 24 93
15 58 23 87
14 58 18 80
14 58 18 89
13 58 17 88
11 58 18 82
12 58 19 93
8 50 18 89
7 50 18 86
8 50 19 72
8 50 19 79
9 50 20 80
15 56 20 82
15 70 20 91""")
)


def with_ones(x):
    return np.column_stack([x, np.ones(len(x))])


def pinball(x, y, q, weight=None):
    """The quantile fit by the primal linear programme: y = x b + up - down."""
    design, n = with_ones(x), len(y)
    weight = np.ones(n) if weight is None else weight
    cost = np.r_[np.zeros(design.shape[1]), q * weight, (1 - q) * weight]
    equal = np.hstack([design, np.eye(n), -np.eye(n)])
    bounds = [(None, None)] * design.shape[1] + [(0, None)] * (2 * n)
    found = scipy.optimize.linprog(cost, A_eq=equal, b_eq=y, bounds=bounds, method="highs")
    return found.x[: design.shape[1]], found.fun / weight.sum()


def huber(x, y, delta):
    """Iteratively reweighted least squares."""
    design = with_ones(x)
    scale = np.abs(design).max(axis=0)
    b = np.linalg.lstsq(design / scale, y, rcond=None)[0]
    for _ in range(20_000):
        weight = np.sqrt(np.minimum(1, delta / np.maximum(np.abs(y - design / scale @ b), 1e-300)))
        before, b = b, np.linalg.lstsq(weight[:, None] * design / scale, weight * y, rcond=None)[0]
        if np.abs(b - before).max() <= 1e-14 * np.abs(b).max():
            break
    return b / scale


def mixed(rng, n=60, p=3):
    """Columns of very different sizes, far from 0, and heavy-tailed targets."""
    x = rng.normal(size=(n, p)) * 10.0 ** np.arange(p) + 5 * 10.0 ** np.arange(p)
    return x, x @ (1 / 10.0 ** np.arange(p)) + rng.standard_t(2, size=n)
