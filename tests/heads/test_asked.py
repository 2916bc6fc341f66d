"""What predicted distributions are asked: targets that cannot be, seeds, labels."""

import numpy as np
import pytest
from scipy import stats

import lossary as ls
from lossary.core.errors import LossaryError
from tests.heads.test_distributions import every_head

AWKWARD = np.array([-1e6, -1.0, -0.5, 0.25, 0.5, 1.5, 2.0, 7.0, 1e6])  # 0 and 1 may be ends, which are read both ways
SOME = {"WithZeros": lambda y: y >= 0, "Compound": lambda y: y >= 0, "Kumaraswamy": lambda y: (y > 0) & (y < 1)}


@pytest.mark.once
@every_head
@pytest.mark.parametrize("at", [-0.7, 0.6])
def test_a_number_that_cannot_be_has_no_probability(cls, at):
    """As SciPy says; whole numbers of counts, and supports that end where the parameters say, included."""
    head = cls()
    told = head.predicted(np.full((len(AWKWARD) + 1, head.outputs), at))
    logs = told.log_prob(np.append(AWKWARD, np.nan))
    assert np.isnan(logs[-1])
    known, possible = told.law, np.isfinite(logs[:-1])
    if hasattr(known, "dist"):
        with np.errstate(all="ignore"):
            truth = getattr(known, "logpmf" if hasattr(known.dist, "pmf") else "logpdf")(np.append(AWKWARD, 0.5))[:-1]
        far = abs(AWKWARD) > 1e3  # SciPy's densities may underflow
        np.testing.assert_array_equal(possible[~far], np.isfinite(truth)[~far])
        assert (possible >= np.isfinite(truth)).all()
    elif type(known).__name__ in SOME:
        can = SOME[type(known).__name__](AWKWARD)
        if cls.__name__.endswith(("Poisson", "NegativeBinomial")):
            can &= AWKWARD % 1 == 0
        if cls is ls.heads.ZeroInflatedBeta:
            can &= AWKWARD < 1
        np.testing.assert_array_equal(possible, can)


def test_a_mixture_gives_what_one_of_its_components_gives():
    """Generalized Pareto distributions on 0 to 2 and on 0 to 8."""
    head = ls.heads.Mixture(distribution="generalized_pareto", components=2, link="exp")
    outputs = np.array([0.0, 0.0, 0.0, np.log(4.0), -0.5, -0.5])
    logs = head.predicted(np.tile(outputs, (4, 1))).log_prob([1.0, 5.0, 7.9, 8.1])
    truth = [np.log(np.mean(stats.genpareto(-0.5, scale=[1.0, 4.0]).pdf(y))) for y in (1.0, 5.0, 7.9)]
    np.testing.assert_allclose(logs[:3], truth, rtol=1e-9)
    assert logs[3] == -np.inf


def test_vectors_that_cannot_be_have_no_probability():
    counts = np.array([[1, 2], [-1, 4], [1.5, 1.5], [1, 1], [np.nan, 3]])
    for head in (ls.heads.Multinomial(classes=2), ls.heads.DirichletMultinomial(classes=2)):
        logs = head.predicted(np.zeros((5, 2)), trials=3).log_prob(counts)
        assert np.isfinite(logs[0]) and (logs[1:4] == -np.inf).all() and np.isnan(logs[4])
    logs = ls.heads.Dirichlet(classes=2).predicted(np.ones((4, 2))).log_prob([[0.3, 0.7], [-0.1, 1.1], [3, 7], [1, 1]])
    assert np.isfinite(logs[0]) and (logs[1:] == -np.inf).all()


@pytest.mark.parametrize("label", [-1, 3, 0.5, np.nan])
def test_labels_of_predicted_classes_are_checked(label):
    told = ls.heads.Categorical(classes=3).predicted(np.zeros((2, 3)))
    for ask in (told.log_prob, told.coverage):
        with pytest.raises(LossaryError, match="from 0 to 2"):
            ask([0, label])


@pytest.mark.parametrize("seed", ["a", 1.5, -1, True, [1, 2]], ids=repr)
def test_seeds_are_whole_numbers(seed):
    head = ls.heads.MultivariateNormal(features=2)
    for told in (
        ls.heads.Gamma().predicted(np.zeros((2, 2))),
        head.predicted(np.zeros((2, head.outputs))),
        ls.heads.Categorical(classes=3).predicted(np.zeros((2, 3))),
        ls.heads.Dirichlet(classes=3).predicted(np.zeros((2, 3))),
        ls.heads.DirichletMultinomial(classes=3).predicted(np.zeros((2, 3)), trials=2),
        ls.fit_distribution([1.0, 2.0, 3.0, 6.0], "exponential"),
    ):
        with pytest.raises(LossaryError, match="seed is"):
            told.sample(3, seed=seed)


def test_a_generator_draws_on():
    told, rng = ls.heads.Gamma().predicted(np.zeros((2, 2))), np.random.default_rng(0)
    first, second = told.sample(3, seed=rng), told.sample(3, seed=rng)
    assert (first == told.sample(3, seed=0)).all() and (first != second).all()
