"""What a loss says of itself in one word is so. A trait is one of the formula, the same on every backend.

Losses of one number are looked at along it; others on random lawful rows. Whether a gradient jumps: test_curves.py too.
"""

import numpy as np
import pytest
from keras import ops

import lossary as ls
from lossary.core.forms import Binary, Categorical, Distance, Likelihood, Margin, Sparse
from lossary.core.forms.likelihoods import ANGLE_TARGET
from lossary.linear.rows import in_double
from tests.backends import array, gradient
from tests.laws.cases import LOSSES, PAIRED, draw, unusual

pytestmark = pytest.mark.once
CURVED = [cls for cls in LOSSES if issubclass(cls, (Distance, Margin)) and cls.__name__ != "RootMeanSquaredError"]
of_one_number = pytest.mark.parametrize("cls", CURVED, ids=lambda cls: cls.__name__)

X = np.linspace(-30, 30, 601, dtype="float32") + np.float32(0.013)


def curve(cls):
    return array(cls().of(ops.convert_to_tensor(X))).astype("float64")


@of_one_number
def test_convex_means_convex(cls):
    values = curve(cls)
    assert ("convex" in cls.traits) == bool((np.diff(values, 2) > -1e-6 * (1 + np.abs(values[1:-1]))).all())


@of_one_number
def test_robust_means_a_bounded_pull(cls):
    far = np.abs(gradient(cls().of, np.float32([-1e4, -1e3, 1e3, 1e4])))
    grows = far[3] > 5 * max(far[2], 1e-3) or far[0] > 5 * max(far[1], 1e-3) or not np.isfinite(far).all()
    assert not (grows and "robust" in cls.traits)
    assert grows or "robust" in cls.traits or issubclass(cls, Margin) or cls.__name__ == "PowerError"


@of_one_number
def test_symmetric_bounded_and_redescending_are_what_they_say(cls):
    loss = cls(**unusual(cls))
    both = array(loss.of(ops.convert_to_tensor(X))), array(loss.of(ops.convert_to_tensor(-X)))
    assert ("symmetric" in cls.traits) == bool(np.allclose(*both, rtol=1e-6))
    ends = array(loss.of(ops.convert_to_tensor(np.float32([-1e8, -1e7, 1e7, 1e8]))))
    sides = [ends[:2], ends[2:]] if issubclass(cls, Margin) else [ends]
    assert ("bounded" in cls.traits) == all(np.allclose(side, side[0]) and np.isfinite(side).all() for side in sides)
    pull = np.abs(gradient(loss.of, np.float32([-1.0, -1e4])))
    assert ("redescending" in cls.traits) == bool(pull[1] < 0.01 * pull[0])


@of_one_number
def test_smooth_means_no_corner(cls):
    x = np.linspace(-6, 6, 24001, dtype="float32")
    slopes = gradient(cls().of, x)
    jumps = np.abs(np.diff(slopes)) / (1 + 0.1 * np.abs(slopes[1:]))  # an exponential rises fast, but does not jump
    assert ("smooth" in cls.traits) == bool(jumps.max() < 0.05) or cls.__name__ == "TukeyBiweight"


# -- losses of more than one number ------------------------------------------------------------------------------------

OTHERS = [cls for cls in PAIRED if cls not in CURVED and cls.__name__ not in ("CTC", "RootMeanSquaredError")]
OTHERS = [cls for cls in OTHERS if cls().contract.shape != "free" and not cls().coupled]
of_rows = pytest.mark.parametrize("cls", OTHERS, ids=lambda cls: cls.__name__)
MANY = 400


def logits(cls):
    """The loss of unbounded predictions, where it has one: of probabilities, every cross-entropy is convex."""
    return cls(from_logits=True) if "from_logits" in cls.params else cls()


def rows(loss, y, p):
    with ls.checks(False):
        return array(loss.rows(y.astype("float32") if y.dtype.kind == "f" else y, p.astype("float32"))).astype(
            "float64"
        )


@of_rows
def test_convex_means_below_every_chord(cls):
    loss, rng = logits(cls), np.random.default_rng(4)
    (y, p), (_, q) = (draw(loss, rng, MANY) for _ in range(2))
    if loss.contract.prediction.low == -np.inf:
        p, q = 3 * p, 3 * q
    below = []
    for end in (q, np.where(np.arange(p.shape[-1]) == 0, q, p)):  # of all entries, and of the first alone
        chord = (rows(loss, y, p) + rows(loss, y, end)) / 2
        below.append((rows(loss, y, (p + end) / 2) < chord + 1e-5 * (1 + np.abs(chord))).all())
    assert ("convex" in cls.traits) == bool(all(below))


@of_rows
def test_bounded_means_a_largest_value(cls):
    """Predictions as far off as they may be."""
    loss, rng = logits(cls), np.random.default_rng(5)
    y, p = draw(loss, rng, MANY)
    rules = loss.contract.prediction
    if rules.high < np.inf:
        p = rng.choice([rules.low, 1e-30, rules.high], size=p.shape)
    else:
        p = np.abs(p) * 10.0 ** rng.choice([-4, 4], size=p.shape) if rules.low == 0 else p * 1e4
    assert ("bounded" in cls.traits) == bool(rows(loss, y, p).max() < 3)


@pytest.mark.parametrize("cls", [cls for cls in OTHERS if "robust" in cls.traits], ids=lambda cls: cls.__name__)
def test_robust_means_that_no_row_pulls_harder_the_farther_it_lies(cls):
    loss, rng = logits(cls), np.random.default_rng(6)
    y, p = draw(loss, rng, MANY)
    pulls = [np.abs(gradient(lambda v: loss.rows(y, v), (far * p).astype("float32"))).max() for far in (10, 1000)]
    assert pulls[1] <= 1.01 * max(pulls[0], 1)


@pytest.mark.parametrize("cls", [cls for cls in PAIRED if "proper" in cls.traits], ids=lambda cls: cls.__name__)
def test_proper_means_smallest_at_the_true_probabilities(cls):
    """The expected loss, over labels drawn by them, of these probabilities and of others."""
    rng, classes = np.random.default_rng(7), 2 if issubclass(cls, Binary) else 4
    true = rng.dirichlet(np.ones(classes), MANY)
    told = [true, *(rng.dirichlet(np.ones(classes), MANY) for _ in range(5)), np.clip(true * 1.05, 0, 1)]

    def expected(p):
        loss, costs = cls(), 0.0
        for k in range(classes):
            label = np.full(MANY, k) if issubclass(cls, Sparse) else np.tile(np.eye(classes)[k], (MANY, 1))
            if issubclass(cls, Binary):
                label, p = label[:, 1:], p[:, -1:]
            costs = costs + true[:, k] * rows(loss, label, p)
        return costs

    best = expected(true)
    assert all((expected(p) >= best - 1e-6).all() for p in told[1:])
    assert issubclass(cls, (Binary, Categorical))


PLAIN = [cls for cls in LOSSES if "likelihood" in cls.traits and not issubclass(cls, Likelihood)]


@pytest.mark.parametrize("cls", PLAIN, ids=lambda cls: cls.__name__)
def test_a_likelihood_is_minus_the_log_of_a_density(cls):
    """exp(-loss) has the same integral over the target whatever is predicted, which a plain error has not."""
    y = np.linspace(-60, 60, 120_001, dtype="float32")[:, None]
    if cls.inputs:
        losses = [(ls.adaptive_robust, {"alpha": a, "scale": s}, np.zeros_like(y)) for a, s in ((1.5, 0.5), (1.8, 2.0))]
    else:
        losses = [(ls.gaussian_nll, {}, np.tile(np.float32([m, s]), (len(y), 1)))
                  for m, s in ((0.0, 0.0), (3.0, 2.0))]  # fmt: skip
    areas = [
        np.exp(-array(f(y, p, **more)).astype("float64").ravel()).sum() * (y[1, 0] - y[0, 0]) for f, more, p in losses
    ]
    np.testing.assert_allclose(areas, np.mean(areas), rtol=1e-2)


def support(loss):
    """Targets and the weights of a sum or an integral over all there may be."""
    values = loss.contract.target
    if values.words.startswith("a count"):
        y = np.arange(0.0, min(values.high, 100_000) + 1)
        return y, np.ones_like(y)
    t, step = np.linspace(-34, 34, 60_001, retstep=True)  # ends and tails are dense
    if values is ANGLE_TARGET:
        return t * np.pi / 34, np.full(t.shape, step * np.pi / 34)
    if values.high == 1:
        y = 1 / (1 + np.exp(-t))
        return y, step * y * (1 - y)
    if values.low == 0:
        return np.exp(t) + getattr(loss, "minimum", 0.0), step * np.exp(t)
    return np.sinh(t), step * np.cosh(t)


@pytest.mark.parametrize("cls", [cls for cls in LOSSES if issubclass(cls, Likelihood)], ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("link", ["exp", "softplus"])
def test_a_density_integrates_to_one(cls, link):
    rng = np.random.default_rng(8)
    for options in ({}, {name: value for name, value in unusual(cls).items() if name not in ("link", "full")}):
        loss = cls(link=link, dtype="float64", **options)
        y, weight = support(loss)
        p = np.tile(rng.normal(size=loss.contract.parameters) * 0.5 + 0.1, (len(y), 1))
        with in_double():
            found = array(loss.rows(ops.convert_to_tensor(y, "float64"), ops.convert_to_tensor(p, "float64")))
        share = np.exp(-found.astype("float64")) @ weight
        if loss.atom is not None:  # a number that has a probability of its own
            alone = [ops.convert_to_tensor(part, "float64") for part in ([loss.atom], p[:1])]
            with in_double():
                share += np.exp(-array(loss.rows(*alone)).astype("float64"))[0]
        np.testing.assert_allclose(share, 1, atol=2e-4, err_msg=str(options))
